/* to_folder.c: a model as a folder of Hugging Face. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "convert/conversion.h"
#include "models/bert/bert.h"
#include "open/published.h"
#include "open/run_open.h"
#include "tasks/run_tokenizer.h"

/* The files of a folder that go along unchanged. */
static const char *const carried[] = {"tokenizer.json",
                                      "tokenizer_config.json",
                                      "special_tokens_map.json",
                                      "added_tokens.json",
                                      "vocab.json",
                                      "vocab.txt",
                                      "merges.txt",
                                      "tokenizer.model",
                                      "chat_template.jinja",
                                      "generation_config.json",
                                      "modules.json",
                                      "sentence_bert_config.json",
                                      "config_sentence_transformers.json",
                                      "1_Pooling/config.json"};
enum { CARRIED = sizeof carried / sizeof carried[0] };

/* Makes the folder that a file lies in. */
static ore_status make_parent(const char *path) {
    char folder[RUNDIR_PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    return ore_folder_make(folder);
}

static ore_status copy_file(const char *from, const char *to, const char *name) {
    char source[RUNDIR_PATH_BYTES], target[RUNDIR_PATH_BYTES];
    size_t bytes = 0;
    if (!rundir_find(from, name, source) || rundir_path(to, name, target) != ORE_OK)
        return ore_error_status();
    char *data = ore_file_read(source, &bytes);
    if (data && make_parent(target) == ORE_OK)
        ore_file_write(target, data, bytes);
    ore_string_free(data);
    return ore_error_status();
}

static bool has_tokenizer(const char *path) {
    ore_tensor_file *file = ore_tensor_file_open(path);
    ore_json *metadata = file ? ore_tensor_file_settings(file) : NULL;
    bool has = metadata && ore_json_kind_of(metadata, "tokenizer.ggml.model") != ORE_JSON_MISSING;
    ore_tensor_file_close(file);
    return has;
}

/* The tokenizer of a file, and its chat template, which are no files of their own to copy. */
static ore_status write_tokenizer(const char *file, const char *to) {
    char path[RUNDIR_PATH_BYTES];
    bool has = has_tokenizer(file);
    ore_tokenizer *tokenizer = has ? run_tokenizer_read(file) : NULL;
    char *template = tokenizer ? published_template(file) : NULL;
    if (tokenizer && rundir_path(to, RUN_TOKENIZER_FILE, path) == ORE_OK)
        ore_tokenizer_save(tokenizer, path);
    if (template && rundir_path(to, "chat_template.jinja", path) == ORE_OK)
        ore_file_write(path, template, strlen(template));
    if (!has && ore_ok())
        fprintf(stderr, "ore convert: the folder has no tokenizer: the file has none\n");
    free(template);
    ore_tokenizer_free(tokenizer);
    return ore_error_status();
}

/* A visitor that finds out that a folder has an entry. */
static ore_status found(void *user, const char *folder, const char *name) {
    (void)folder, (void)name;
    *(bool *)user = true;
    return ORE_OK;
}

/* ORE_DATA where something would be lost. */
static ore_status check_target(const char *to, bool force) {
    bool any = false;
    ore_path_kind kind = ore_path_kind_of(to);
    if (!ore_ok() || kind == ORE_PATH_MISSING)
        return ore_error_status();
    if (kind != ORE_PATH_FOLDER)
        return ore_fail(ORE_DATA, "%s: is there, and no folder", to);
    if (rundir_is_run(to))
        return ore_fail(ORE_DATA,
                        "%s: holds a run, which the files of a folder would damage; expected "
                        "another place",
                        to);
    if (!force && ore_folder_visit(to, found, &any) == ORE_OK && any)
        return ore_fail(ORE_DATA, "%s: holds files; --force replaces those of the same names", to);
    return ore_error_status();
}

/* The dtype that is asked for; NULL: weights stay as they are, or an error is pending. */
static const ore_dtype *asked_dtype(const convert_config *c, const char *to, ore_dtype *dtype) {
    ore_coding coding;
    if (strcmp(c->type, "auto") == 0 || conversion_type(c->type, to, &coding) != ORE_OK)
        return NULL;
    *dtype = ore_coding_dtype(coding);
    return dtype;
}

static ore_status save(const opened_run *run, const char *to, int64_t shard_bytes,
                       const ore_dtype *dtype) {
    const model_family *family = run->model.family;
    if (!family->published_save)
        return ore_fail(ORE_UNSUPPORTED, "%s: Hugging Face's folders have no place for %s",
                        run->dir, family->name);
    ore_json *marks = run->published ? published_marks(run->dir) : NULL;
    if (ore_ok())
        family->published_save(run->model.module, to, marks, dtype, shard_bytes);
    ore_json_free(marks);
    return ore_error_status();
}

static void save_run(const char *from, const char *to, bool best, int64_t shard_bytes,
                     const ore_dtype *dtype) {
    opened_run run = {0};
    if (opened_run_open_stored(&run, from, best) == ORE_OK)
        save(&run, to, shard_bytes, dtype);
    opened_run_close(&run);
}

/* A BERT, which is no run. */
static void save_encoder(const char *from, const char *to, int64_t shard_bytes,
                         const ore_dtype *dtype) {
    bert encoder;
    if (bert_load(&encoder, from) == ORE_OK) {
        encoder.file_dtype = dtype ? *dtype : encoder.file_dtype;
        bert_save(&encoder, to, shard_bytes);
    }
    bert_free(&encoder);
}

static ore_status convert(const char *from, const char *to, const convert_config *c) {
    char type[PUBLISHED_TYPE_BYTES];
    ore_dtype asked;
    const ore_dtype *dtype = asked_dtype(c, to, &asked);
    int64_t shard_bytes = (int64_t)(c->shard_gb * 1e9);
    if (!ore_ok() || check_target(to, c->force) != ORE_OK)
        return ore_error_status();
    if (published_type(from, type) && bert_reads(type))
        save_encoder(from, to, shard_bytes, dtype);
    else if (ore_ok())
        save_run(from, to, c->best, shard_bytes, dtype);
    if (ore_ok() && ore_path_kind_of(from) == ORE_PATH_FILE)
        return write_tokenizer(from, to);
    for (int i = 0; i < CARRIED && ore_ok(); i++)
        copy_file(from, to, carried[i]);
    return ore_error_status();
}

/* A folder has no name's end of a file. */
static bool takes(const char *from, const char *to) {
    static const char *const ends[] = {".safetensors", ".gguf", ".npz", ".npy", ".pt", ".bin"};
    (void)from;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (path_ends_in(to, ends[i]))
            return false;
    return true;
}

const conversion conversion_to_folder = {takes, convert};
