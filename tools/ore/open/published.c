/* published.c: finds the model that reads a checkpoint. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/tensor_file.h>

#include "models/bert/bert.h"
#include "models/gpt/nanogpt.h"
#include "open/published.h"
#include "run/rundir.h"

/* The model_type of a folder's config.json; a run's has neither it nor the other key that
 * transformers writes into each. */
static bool type_of_folder(const char *dir, char *type) {
    char path[RUNDIR_PATH_BYTES];
    if (!rundir_find(dir, "config.json", path))
        return false;
    ore_json *json = ore_json_load(path);
    bool object = json && ore_json_is_object(json);
    ore_json_kind kind = object ? ore_json_kind_of(json, "model_type") : ORE_JSON_MISSING;
    if (kind == ORE_JSON_STRING)
        snprintf(type, PUBLISHED_TYPE_BYTES, "%s", ore_json_get_string(json, "model_type"));
    else if (object && (kind != ORE_JSON_MISSING ||
                        ore_json_kind_of(json, "architectures") != ORE_JSON_MISSING))
        ore_fail(ORE_DATA, "%s: model_type: %s, expected a string, as \"llama\"", path,
                 kind == ORE_JSON_MISSING ? "missing" : "no string");
    ore_json_free(json);
    return kind == ORE_JSON_STRING;
}

/* The architecture of a GGUF file, or what stands for one. */
static bool type_of_file(const char *path, char *type) {
    ore_tensor_file *file = ore_tensor_file_open(path);
    ore_json *metadata = file ? ore_tensor_file_settings(file) : NULL;
    bool nanogpt = file && nanogpt_is(file);
    bool gguf = metadata && ore_json_kind_of(metadata, "general.architecture") == ORE_JSON_STRING;
    if (nanogpt)
        snprintf(type, PUBLISHED_TYPE_BYTES, "%s", NANOGPT_TYPE);
    else if (gguf)
        snprintf(type, PUBLISHED_TYPE_BYTES, "%s",
                 ore_json_get_string(metadata, "general.architecture"));
    else if (ore_ok())
        ore_fail(ORE_DATA,
                 "%s: expected a run, a folder of Hugging Face, a GGUF file, or nanoGPT's ckpt.pt",
                 path);
    ore_tensor_file_close(file);
    return nanogpt || gguf;
}

bool published_type(const char *path, char *type) {
    ore_path_kind kind = ore_path_kind_of(path);
    return kind == ORE_PATH_FOLDER ? type_of_folder(path, type)
                                   : kind == ORE_PATH_FILE && type_of_file(path, type);
}

/* ---- tokens ---- */

/* GGUF's keys for marks. */
static ore_json *marks_of_file(const char *path) {
    static const char *const keys[][2] = {{"tokenizer.ggml.bos_token_id", "bos_token_id"},
                                          {"tokenizer.ggml.eos_token_id", "eos_token_id"},
                                          {"tokenizer.ggml.padding_token_id", "pad_token_id"}};
    ore_tensor_file *file = ore_tensor_file_open(path);
    ore_json *metadata = file ? ore_tensor_file_settings(file) : NULL;
    ore_json *marks = ore_json_object_new();
    for (size_t i = 0; metadata && i < sizeof keys / sizeof *keys; i++) {
        int64_t id = 0;
        if (ore_json_kind_of(metadata, keys[i][0]) == ORE_JSON_INT &&
            ore_json_get_int(metadata, keys[i][0], &id) == ORE_OK)
            ore_json_set_int(marks, keys[i][1], id);
    }
    ore_tensor_file_close(file);
    return marks;
}

ore_json *published_marks(const char *path) {
    char config[RUNDIR_PATH_BYTES];
    if (ore_path_kind_of(path) != ORE_PATH_FOLDER)
        return marks_of_file(path);
    return rundir_path(path, "config.json", config) == ORE_OK ? ore_json_load(config) : NULL;
}

/* One id, or an array of them. */
static int ids_of(ore_json *json, const char *key, int64_t *ids, int capacity) {
    int count = 0;
    if (capacity > 0 && ore_json_kind_of(json, key) == ORE_JSON_INT)
        return ore_json_get_int(json, key, ids) == ORE_OK;
    ore_json *array =
        ore_json_kind_of(json, key) == ORE_JSON_ARRAY ? ore_json_get_array(json, key) : NULL;
    for (int64_t i = 0; array && i < ore_json_count(array) && count < capacity && ore_ok(); i++)
        count += ore_json_at_int(array, i, &ids[count]) == ORE_OK;
    return count;
}

int published_ends(const char *path, int64_t *ids, int capacity) {
    char generation[RUNDIR_PATH_BYTES];
    ore_json *json = NULL;
    int count = 0;
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER &&
        rundir_find(path, "generation_config.json", generation))
        json = ore_json_load(generation);
    if (json)
        count = ids_of(json, "eos_token_id", ids, capacity);
    ore_json_free(json);
    json = count == 0 ? published_marks(path) : NULL;
    if (json)
        count = ids_of(json, "eos_token_id", ids, capacity);
    ore_json_free(json);
    return count;
}

static char *copied(const char *text) {
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        ore_fail(ORE_MEMORY, "out of memory");
    return copy;
}

/* A copy of a member that is a text; NULL where there is none. */
static char *text_member(const ore_json *json, const char *key) {
    return json && ore_json_kind_of(json, key) == ORE_JSON_STRING
               ? copied(ore_json_get_string(json, key))
               : NULL;
}

static char *template_of_file(const char *path) {
    ore_tensor_file *file = ore_tensor_file_open(path);
    ore_json *metadata = file ? ore_tensor_file_settings(file) : NULL;
    char *text = text_member(metadata, "tokenizer.chat_template");
    ore_tensor_file_close(file);
    return text;
}

char *published_template(const char *path) {
    char file[RUNDIR_PATH_BYTES], *text = NULL;
    if (ore_path_kind_of(path) != ORE_PATH_FOLDER)
        return template_of_file(path);
    if (rundir_find(path, "chat_template.jinja", file)) {
        char *read = ore_file_read(file, NULL);
        text = copied(read);
        ore_string_free(read);
    } else if (rundir_find(path, "tokenizer_config.json", file)) {
        ore_json *json = ore_json_load(file);
        text = text_member(json, "chat_template");
        ore_json_free(json);
    }
    return text;
}

/* ---- models ---- */

/* The first model whose family reads this type. */
static const named_model *reader_of(const char *type) {
    for (int i = 0; i < model_count(); i++)
        if (model_at(i)->family->reads && model_at(i)->family->reads(type))
            return model_at(i);
    return NULL;
}

ore_status published_options(train_options *t, const char *path, const char *type) {
    const named_model *m = reader_of(type);
    *t = (train_options){0};
    if (bert_reads(type) && ore_ok())
        return ore_fail(ORE_UNSUPPORTED,
                        "%s: a BERT is no run: ore embed, ore logits and ore convert take it",
                        path);
    if (!m && ore_ok())
        return ore_fail(ORE_UNSUPPORTED, "%s: no model of Ore reads checkpoints of %s", path, type);
    return m && train_options_init(t, m) == ORE_OK
               ? m->family->published_config(path, t->config.net)
               : ore_error_status();
}
