/* sentence_folder.c: what the files of a sentence-transformers folder say. */
#include <stdio.h>
#include <string.h>

#include "models/bert/sentence.h"

/* The JSON file of that name in a folder; NULL, without an error, if there is none. */
static ore_json *optional_file(const char *folder, const char *name) {
    char *path = ore_path_join(folder, name);
    ore_json *json = NULL;
    if (path && ore_path_kind_of(path) != ORE_PATH_MISSING)
        json = ore_json_load(path);
    ore_string_free(path);
    return json;
}

/* Puts the file in front of an error's message, unless it is there. */
static ore_status located(ore_status status, const char *folder, const char *name) {
    char text[512];
    snprintf(text, sizeof text, "%s/%s", folder, name);
    if (status != ORE_OK && strncmp(ore_error_message(), text, strlen(text)) != 0)
        ore_error_locate(text);
    return status;
}

/* A JSON file as above, which must hold an object. */
static ore_json *optional_object(const char *folder, const char *name) {
    ore_json *json = optional_file(folder, name);
    if (!json || ore_json_is_object(json))
        return json;
    located(ore_fail(ORE_DATA, "an array, expected an object"), folder, name);
    ore_json_free(json);
    return NULL;
}

/* ---- pooling ---- */

/* Whether a member is there and true. */
static bool is_true(const ore_json *json, const char *key) {
    char text[64];
    return config_scalar_text(json, key, text, sizeof text) && strcmp(text, "true") == 0;
}

static ore_status set_pooling(sentence_model *m, const char *mode) {
    if (strcmp(mode, "mean") == 0 || strcmp(mode, "mean_tokens") == 0)
        m->pooling = SENTENCE_MEAN;
    else if (strcmp(mode, "cls") == 0 || strcmp(mode, "cls_token") == 0)
        m->pooling = SENTENCE_FIRST;
    else
        return ore_fail(ORE_UNSUPPORTED, "%s: a pooling that Ore has not; it has mean and cls",
                        mode);
    return ORE_OK;
}

/* Either "pooling_mode": "mean", or "pooling_mode_mean_tokens": true among others that are
 * false. */
static ore_status read_pooling(sentence_model *m, ore_json *json) {
    static const char prefix[] = "pooling_mode_";
    const char *mode = NULL;
    if (ore_json_kind_of(json, "pooling_mode") == ORE_JSON_STRING)
        return set_pooling(m, ore_json_get_string(json, "pooling_mode"));
    for (int64_t i = 0; i < ore_json_count(json); i++) {
        const char *key = ore_json_key(json, i);
        if (strncmp(key, prefix, sizeof prefix - 1) != 0 || !is_true(json, key))
            continue;
        if (mode)
            return ore_fail(ORE_UNSUPPORTED, "%s%s and %s: Ore joins no poolings", prefix, mode,
                            key);
        mode = key + sizeof prefix - 1;
    }
    return mode ? set_pooling(m, mode) : ore_fail(ORE_DATA, "pooling_mode: missing");
}

/* ---- modules.json ---- */

/* "sentence_transformers.models.Pooling" -> "Pooling" */
static const char *class_of(const char *type) {
    const char *dot = strrchr(type, '.');
    return dot ? dot + 1 : type;
}

static ore_status read_pooling_folder(sentence_model *m, const char *folder, const char *path) {
    char name[256];
    snprintf(name, sizeof name, "%s/config.json", path);
    ore_json *json = optional_object(folder, name);
    if (json)
        located(read_pooling(m, json), folder, name);
    ore_json_free(json);
    return ore_error_status();
}

/* One entry of the list: the model itself, the pooling, or the normalisation. */
static ore_status read_module(sentence_model *m, const char *folder, const ore_json *module) {
    const char *type = ore_json_get_string(module, "type");
    const char *path = ore_json_get_string(module, "path");
    if (!type || !path)
        return ore_error_status();
    const char *class = class_of(type);
    if (strcmp(class, "Transformer") == 0) {
        if (*path)
            return ore_fail(ORE_UNSUPPORTED,
                            "path %s: a model in a folder of its own; Ore opens those that lie "
                            "beside modules.json",
                            path);
    } else if (strcmp(class, "Pooling") == 0) {
        return read_pooling_folder(m, folder, path);
    } else if (strcmp(class, "Normalize") == 0) {
        m->normalize = 1;
    } else {
        return ore_fail(ORE_UNSUPPORTED, "type %s: a module that Ore has not", type);
    }
    return ORE_OK;
}

static ore_status read_modules(sentence_model *m, const char *folder) {
    ore_json *list = optional_file(folder, "modules.json");
    m->pooling = SENTENCE_MEAN;
    m->normalize = 1;
    if (list && ore_json_is_object(list))
        ore_fail(ORE_DATA, "an object, expected an array");
    if (list && ore_ok()) {
        m->normalize = 0;
        for (int64_t i = 0; i < ore_json_count(list) && ore_ok(); i++) {
            ore_json *module = ore_json_at_object(list, i);
            if (module)
                read_module(m, folder, module);
        }
    }
    ore_json_free(list);
    return ore_error_status();
}

/* ---- lengths and prompts ---- */

/* Takes a whole number above 0 of a file as a limit; false where there is none. */
static bool take_limit(const char *folder, const char *name, const char *key, int64_t *limit) {
    int64_t value = 0;
    if (!ore_ok())
        return false;
    ore_json *json = optional_object(folder, name);
    if (ore_error_status() == ORE_DATA) /* a file may write "none" as the integer 1e30 */
        ore_error_clear();
    bool found = json && ore_json_kind_of(json, key) == ORE_JSON_INT &&
                 ore_json_get_int(json, key, &value) == ORE_OK;
    ore_json_free(json);
    if (found && value < 1)
        located(ore_fail(ORE_DATA, "%s: %lld, expected at least 1", key, (long long)value), folder,
                name);
    if (found && ore_ok() && value < *limit)
        *limit = value;
    return found;
}

/* Settings that change every text, of which Ore has none. */
static ore_status refuse_changes(const char *folder) {
    static const char *const names[] = {"sentence_bert_config.json",
                                        "config_sentence_transformers.json"};
    ore_json *json = optional_object(folder, names[0]);
    if (json && is_true(json, "do_lower_case"))
        located(ore_fail(ORE_UNSUPPORTED, "do_lower_case: true is nothing that Ore has"), folder,
                names[0]);
    ore_json_free(json);
    json = ore_ok() ? optional_object(folder, names[1]) : NULL;
    if (json && ore_json_kind_of(json, "default_prompt_name") == ORE_JSON_STRING)
        located(ore_fail(ORE_UNSUPPORTED, "default_prompt_name: %.100s is nothing that Ore has",
                         ore_json_get_string(json, "default_prompt_name")),
                folder, names[1]);
    ore_json_free(json);
    return ore_error_status();
}

/* ---- the whole ---- */

static ore_status open_tokenizer(sentence_model *m, const char *folder) {
    char *path = ore_path_join(folder, "tokenizer.json");
    m->tokenizer = path ? ore_tokenizer_load(path) : NULL;
    if (m->tokenizer && ore_tokenizer_size(m->tokenizer) > m->bert.config.vocab_size)
        ore_fail(ORE_DATA, "%s: %lld tokens, and the model has %lld", path,
                 (long long)ore_tokenizer_size(m->tokenizer), (long long)m->bert.config.vocab_size);
    ore_string_free(path);
    return ore_error_status();
}

ore_status sentence_model_open(sentence_model *m, const char *folder) {
    *m = (sentence_model){0};
    if (bert_load(&m->bert, folder) != ORE_OK)
        return ore_error_status();
    m->max_tokens = m->bert.config.max_position_embeddings;
    open_tokenizer(m, folder);
    located(read_modules(m, folder), folder, "modules.json");
    if (!take_limit(folder, "sentence_bert_config.json", "max_seq_length", &m->max_tokens))
        take_limit(folder, "tokenizer_config.json", "model_max_length", &m->max_tokens);
    refuse_changes(folder);
    if (!ore_ok())
        sentence_model_close(m);
    return ore_error_status();
}

void sentence_model_close(sentence_model *m) {
    ore_tokenizer_free(m->tokenizer);
    m->tokenizer = NULL;
    bert_free(&m->bert);
}
