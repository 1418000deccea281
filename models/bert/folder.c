/* folder.c: BERT from and to Hugging Face's folders: config.json and model.safetensors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "models/bert/bert_json.h"
#include "models/tied_head.h"

static bool begins_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* ---- what a file has ---- */

enum { NAME_BYTES = 256 };

/* The name of today for one that older versions wrote, or the name itself, into text. */
static const char *modern_name(const char *name, char *text) {
    static const char *const ends[][2] = {{"LayerNorm.gamma", "LayerNorm.weight"},
                                          {"LayerNorm.beta", "LayerNorm.bias"}};
    snprintf(text, NAME_BYTES, "%s", name);
    for (int i = 0; i < 2; i++)
        if (ends_with(name, ends[i][0]) && strlen(name) < NAME_BYTES - 2)
            snprintf(text + strlen(name) - strlen(ends[i][0]), 32, "%s", ends[i][1]);
    return text;
}

/* Tensors that old versions saved, and that hold nothing that other tensors do not: the numbers 0,
 * 1, .. of places, and a decoder that is tied. */
static bool holds_nothing(const char *name, const bert_config *c) {
    return ends_with(name, "embeddings.position_ids") ||
           (c->tie_word_embeddings && begins_with(name, "cls.predictions.decoder."));
}

static bool has(const ore_tensor_file *file, const char *name) {
    return ore_tensor_file_find(file, name) != NULL;
}

static bert_parts parts_of(const ore_tensor_file *file, const bert_config *c) {
    bert_parts parts = {.decoder_bias =
                            !c->tie_word_embeddings && has(file, "cls.predictions.decoder.bias"),
                        .words = has(file, "cls.predictions.bias"),
                        .next_sentence = has(file, "cls.seq_relationship.weight"),
                        .prefixed = has(file, "bert.embeddings.word_embeddings.weight")};
    parts.pooler = has(file, parts.prefixed ? "bert.pooler.dense.weight" : "pooler.dense.weight");
    return parts;
}

/* The type that all weights of a file have; float32 where they differ. */
static ore_dtype dtype_of(const ore_tensor_file *file, const char *first) {
    ore_dtype dtype = ore_coding_dtype(ore_tensor_file_find(file, first)->coding);
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++) {
        ore_dtype other = ore_coding_dtype(ore_tensor_file_at(file, i)->coding);
        if (ore_dtype_is_floating(other) && other != dtype)
            return ORE_FLOAT32;
    }
    return dtype;
}

/* ---- loading ---- */

static ore_status check_shape(const ore_tensor_file *file, const char *name, ore_shape want) {
    char expected[ORE_SHAPE_TEXT], got[ORE_SHAPE_TEXT];
    const ore_tensor_entry *entry = ore_tensor_file_find(file, name);
    if (!entry)
        return ore_fail(ORE_DATA, "%s: missing", name);
    if (!ore_shape_equal(entry->shape, want))
        return ore_fail(ORE_DATA, "%s: shape %s, expected %s by config.json", name,
                        ore_shape_text(entry->shape, got), ore_shape_text(want, expected));
    return ORE_OK;
}

/* Compares the config's sizes with the file, before memory is taken for them. */
static ore_status check_sizes(const ore_tensor_file *file, const bert_config *c) {
    char name[NAME_BYTES];
    const char *prefix = c->parts.prefixed ? "bert." : "";
    int64_t C = c->hidden_size;
    const struct {
        const char *name;
        ore_shape shape;
    } sizes[] = {
        {"embeddings.word_embeddings.weight", ORE_SHAPE(c->vocab_size, C)},
        {"embeddings.position_embeddings.weight", ORE_SHAPE(c->max_position_embeddings, C)},
        {"embeddings.token_type_embeddings.weight", ORE_SHAPE(c->type_vocab_size, C)},
        {"encoder.layer.0.intermediate.dense.weight", ORE_SHAPE(c->intermediate_size, C)}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && ore_ok(); i++) {
        snprintf(name, sizeof name, "%s%s", prefix, sizes[i].name);
        check_shape(file, name, sizes[i].shape);
    }
    for (int64_t i = 0; i < c->num_hidden_layers && ore_ok(); i++) {
        snprintf(name, sizeof name, "%sencoder.layer.%lld.output.dense.weight", prefix,
                 (long long)i);
        check_shape(file, name, ORE_SHAPE(C, c->intermediate_size));
    }
    return ore_error_status();
}

/* Puts a tensor of the file in place of the model's at a path: as it is mapped, unless it is of
 * another type than float32. */
static ore_status put(bert *model, const char *path, const ore_tensor *now, const char *name) {
    char parent[NAME_BYTES];
    if (check_shape(model->file, name, ore_shape_of(now)) != ORE_OK)
        return ore_error_status();
    ore_tensor *t = ore_to(ore_tensor_file_tensor(model->file, name), ORE_FLOAT32);
    if (!t)
        return ore_error_status();
    snprintf(parent, sizeof parent, "%s", path);
    char *dot = strrchr(parent, '.');
    *dot = '\0';
    return ore_module_set_tensor(ore_module_find(&model->module, parent), dot + 1, t);
}

static ore_status check_all_are_there(const bert *model, const ore_tensor_list *state) {
    char text[NAME_BYTES];
    for (int64_t i = 0; i < state->count && ore_ok(); i++) {
        bool found = false;
        for (int64_t k = 0; k < ore_tensor_file_count(model->file) && !found; k++)
            found = strcmp(modern_name(ore_tensor_file_at(model->file, k)->name, text),
                           state->items[i].name) == 0;
        if (!found)
            ore_fail(ORE_DATA, "%s: missing", state->items[i].name);
    }
    return ore_error_status();
}

static ore_status put_tensors(bert *model) {
    char text[NAME_BYTES];
    ore_tensor_list state = ore_module_state(&model->module);
    check_all_are_there(model, &state);
    for (int64_t i = 0; i < ore_tensor_file_count(model->file) && ore_ok(); i++) {
        const char *name = ore_tensor_file_at(model->file, i)->name;
        const ore_tensor *now = ore_tensor_list_find(&state, modern_name(name, text));
        if (now)
            put(model, text, now, name);
        else if (!holds_nothing(name, &model->config))
            ore_fail(ORE_UNSUPPORTED, "%s: a tensor that Ore's BERT has no place for", name);
    }
    if (model->config.parts.words && model->config.tie_word_embeddings &&
        tied_head_check(model->file, "cls.predictions.decoder.weight", model->words.weight) ==
            ORE_OK)
        ore_module_set_tensor(&model->decoder.module, "weight", model->words.weight);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

/* Builds the model of a file, which it takes over. */
static ore_status load_weights(bert *model, bert_config *c, ore_tensor_file *file) {
    c->parts = parts_of(file, c);
    const char *first = c->parts.prefixed ? "bert.embeddings.word_embeddings.weight"
                                          : "embeddings.word_embeddings.weight";
    check_sizes(file, c);
    ore_skip_init_begin();
    bert_init(model, c, NULL);
    ore_skip_init_end();
    if (!ore_ok()) {
        ore_tensor_file_close(file);
        return ore_error_status();
    }
    model->file = file;
    model->file_dtype = dtype_of(file, first);
    ore_scope_begin();
    ore_no_grad_begin();
    put_tensors(model);
    ore_no_grad_end();
    ore_scope_end();
    ore_module_eval(&model->module);
    if (!ore_ok())
        bert_free(model);
    return ore_error_status();
}

bool bert_reads(const char *type) {
    return strcmp(type, "bert") == 0;
}

static ore_status read_config(const char *path, bert_config *c) {
    ore_json *json = ore_json_load(path);
    if (json && bert_config_read(json, c) != ORE_OK)
        ore_error_locate(path);
    ore_json_free(json);
    return ore_error_status();
}

ore_status bert_load(bert *model, const char *folder) {
    bert_config c;
    char *config = ore_path_join(folder, "config.json");
    ore_tensor_file *file = NULL;
    *model = (bert){0};
    if (config && read_config(config, &c) == ORE_OK)
        file = ore_tensor_file_open(folder);
    if (file && load_weights(model, &c, file) != ORE_OK)
        ore_error_locate(folder);
    ore_string_free(config);
    return ore_error_status();
}

/* ---- writing ---- */

static ore_status write_weights(const bert *model, const char *path, int64_t shard_bytes) {
    ore_tensor_list state = ore_module_state(&model->module);
    ore_tensor_item *items = calloc((size_t)state.count + 1, sizeof *items);
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_json_object_new();
    o.shard_bytes = shard_bytes;
    if (!items)
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    for (int64_t i = 0; items && i < state.count; i++)
        items[i] = (ore_tensor_item){state.items[i].name, ore_shape_of(state.items[i].tensor),
                                     (ore_coding)model->file_dtype, state.items[i].tensor};
    ore_json_set_string(o.metadata, "format", "pt"); /* without it, transformers refuses the file */
    if (ore_ok())
        ore_tensor_file_write(path, items, state.count, &o);
    ore_json_free(o.metadata);
    free(items);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

ore_status bert_save(const bert *model, const char *folder, int64_t shard_bytes) {
    char *config = ore_path_join(folder, "config.json");
    char *weights = ore_path_join(folder, "model.safetensors");
    ore_json *json = NULL;
    if (config && weights && ore_folder_make(folder) == ORE_OK)
        json = bert_config_write(model);
    if (json && write_weights(model, weights, shard_bytes) == ORE_OK)
        ore_json_write(json, config);
    ore_json_free(json);
    ore_string_free(weights);
    ore_string_free(config);
    return ore_error_status();
}
