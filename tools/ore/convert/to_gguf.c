/* to_gguf.c: a model as a GGUF file, with its tokenizer. */
#include <stdio.h>
#include <string.h>

#include "cli/words.h"
#include "convert/conversion.h"
#include "open/published.h"
#include "open/run_open.h"
#include "run/rundir.h"

/* A folder that is no model is a file of tensors, as GGUF files and others are. */
static bool takes(const char *from, const char *to) {
    char config[RUNDIR_PATH_BYTES];
    if (!path_ends_in(to, ".gguf") || ore_path_kind_of(from) != ORE_PATH_FOLDER)
        return false;
    return rundir_find(from, "config.json", config);
}

/* Says what other readers of the file may not read. */
static void tell_of_activation(ore_json *metadata) {
    for (int64_t i = 0; i < ore_json_count(metadata) && ore_ok(); i++) {
        const char *key = ore_json_key(metadata, i);
        if (path_ends_in(key, ".hidden_activation"))
            fprintf(stderr,
                    "ore convert: %s %s: a reader that does not know this key, as llama.cpp of "
                    "this architecture, computes another activation\n",
                    key, ore_json_get_string(metadata, key));
    }
}

static ore_status save(const opened_run *run, const char *to, const convert_config *c) {
    const model_family *family = run->model.family;
    bool as_is = strcmp(c->type, "auto") == 0;
    ore_coding coding = ORE_CODING_FLOAT32;
    if (!family->published_gguf)
        return ore_fail(ORE_UNSUPPORTED, "%s: GGUF has no place for %s", run->dir, family->name);
    if (!as_is && conversion_type(c->type, to, &coding) != ORE_OK)
        return ore_error_status();
    ore_json *marks = run->published ? published_marks(run->dir) : NULL;
    ore_json *metadata = ore_ok() ? ore_json_object_new() : NULL;
    bool typed = marks && ore_json_kind_of(marks, "model_type") == ORE_JSON_STRING;
    const char *type = typed ? ore_json_get_string(marks, "model_type") : NULL;
    if (metadata && conversion_add_tokenizer(run->dir, marks, metadata) == ORE_OK &&
        family->published_gguf(run->model.module, to, type, as_is ? NULL : &coding, metadata) ==
            ORE_OK)
        tell_of_activation(metadata);
    ore_json_free(metadata);
    ore_json_free(marks);
    return ore_error_status();
}

static ore_status convert(const char *from, const char *to, const convert_config *c) {
    opened_run run = {0};
    if (opened_run_open_stored(&run, from, c->best) == ORE_OK)
        save(&run, to, c);
    opened_run_close(&run);
    return ore_error_status();
}

const conversion conversion_to_gguf = {takes, convert};
