/* run_tokenizer.c: the tokenizer of a run. */
#include <stdio.h>
#include <string.h>

#include <ore/tensor_file.h>

#include "cli/words.h"
#include "tasks/run_tokenizer.h"
#include "tasks/train_data.h"

/* The names of files of tokenizers in a folder, of which the first that is there counts. */
static const char *const files[] = {RUN_TOKENIZER_FILE, "tokenizer.model", "vocab.json"};
enum { FILES = sizeof files / sizeof files[0] };

/* A tokenizer of a file, which a checkpoint of PyTorch is not: then how to name one is told. */
static ore_tokenizer *read_file(const char *path) {
    ore_error error;
    ore_tokenizer *tokenizer = ore_tokenizer_load(path);
    if (tokenizer)
        return tokenizer;
    ore_error_take(&error);
    ore_tensor_file *file = ore_tensor_file_open(path);
    bool torch = file && strcmp(ore_tensor_file_format(file), "PyTorch") == 0;
    ore_tensor_file_close(file);
    ore_error_clear();
    if (torch)
        ore_fail(ORE_DATA,
                 "%s: a checkpoint of PyTorch has no tokenizer: name one with --tokenizer "
                 "(ore train), or put its tokenizer.json into the folder that ore convert makes",
                 path);
    else
        ore_error_raise(&error);
    return NULL;
}

ore_tokenizer *run_tokenizer_read(const char *path) {
    char file[RUNDIR_PATH_BYTES];
    if (ore_path_kind_of(path) != ORE_PATH_FOLDER)
        return read_file(path);
    int i = 0;
    while (i < FILES && rundir_path(path, files[i], file) == ORE_OK &&
           ore_path_kind_of(file) == ORE_PATH_MISSING)
        i++;
    if (i == FILES)
        rundir_path(path, RUN_TOKENIZER_FILE, file); /* whose absence is told */
    return ore_tokenizer_load(file);
}

ore_tokenizer_trainer *run_tokenizer_trainer(const char *tokenizer) {
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    return task_learns_tokenizer(tokenizer, &o.model, &o.vocab_size) ? ore_tokenizer_trainer_new(&o)
                                                                     : NULL;
}

ore_status run_tokenizer_save(const ore_tokenizer *tokenizer, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(dir, RUN_TOKENIZER_FILE, path) == ORE_OK)
        ore_tokenizer_save(tokenizer, path);
    return ore_error_status();
}

ore_status run_tokenizer_settle(const ore_tokenizer *tokenizer, train_options *t) {
    char what[128], count[COUNT_BYTES];
    int64_t size = ore_tokenizer_size(tokenizer);
    snprintf(what, sizeof what, "the tokenizer has %s", counted_text(size, "token", count));
    return train_data_settle_size(t, "vocab_size", size, true, what);
}
