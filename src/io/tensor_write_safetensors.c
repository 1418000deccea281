/* tensor_write_safetensors.c: one safetensors file, or shards with their index. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/safetensors.h"
#include "io/tensor_file.h"

enum { SHOWN = ORE_TENSOR_NAME_SHOWN_BYTES };

/* ---- metadata: texts alone ---- */

static ore_status put_text(ore_json *texts, ore_json *metadata, const char *key) {
    char number[ORE_NUMBER_TEXT_BYTES];
    int64_t integer = 0;
    double value = 0;
    bool is = false;
    char *text = NULL;
    switch (ore_json_kind_of(metadata, key)) {
    case ORE_JSON_STRING:
        return ore_json_set_string(texts, key, ore_json_get_string(metadata, key));
    case ORE_JSON_INT:
        ore_json_get_int(metadata, key, &integer);
        snprintf(number, sizeof number, "%lld", (long long)integer);
        return ore_json_set_string(texts, key, number);
    case ORE_JSON_DOUBLE:
        ore_json_get_double(metadata, key, &value);
        return ore_json_set_string(texts, key, ore_number_text(value, number));
    case ORE_JSON_BOOL:
        ore_json_get_bool(metadata, key, &is);
        return ore_json_set_string(texts, key, is ? "true" : "false");
    case ORE_JSON_ARRAY:
        text = ore_json_text(ore_json_get_array(metadata, key), false);
        break;
    case ORE_JSON_OBJECT:
        text = ore_json_text(ore_json_get_object(metadata, key), false);
        break;
    case ORE_JSON_NULL:
    case ORE_JSON_MISSING:
        return ore_json_set_string(texts, key, "null");
    }
    if (text)
        ore_json_set_string(texts, key, text);
    ore_string_free(text);
    return ore_error_status();
}

/* NULL without an error where there is none. */
static ore_json *texts_of(ore_json *metadata) {
    ore_json *texts = metadata && ore_json_count(metadata) > 0 ? ore_json_object_new() : NULL;
    for (int64_t i = 0; texts && i < ore_json_count(metadata) && ore_no_error(); i++)
        put_text(texts, metadata, ore_json_key(metadata, i));
    return texts;
}

/* ---- one file ---- */

static ore_status write_entries(const ore_tensor_writing *w, const ore_safetensors_entry *entries,
                                ore_json *metadata) {
    ore_file_writer writer;
    if (ore_safetensors_begin(&writer, w->path, entries, w->count, metadata) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < w->count && ore_no_error(); i++)
        ore_tensor_writing_put(w, i, ore_tensor_put_to_file, &writer);
    return ore_file_writer_commit(&writer);
}

static ore_status check_codings(const ore_tensor_writing *w) {
    for (int64_t i = 0; i < w->count; i++)
        if (!ore_coding_is_dtype(w->items[i].coding))
            return ore_fail(ORE_INVALID, "tensor_file_write: tensor '%.*s': safetensors has no %s",
                            SHOWN, w->items[i].name, ore_coding_name(w->items[i].coding));
    return ORE_OK;
}

static ore_status write_one(const ore_tensor_writing *w) {
    size_t bytes;
    if (ore_bytes_of(w->count + 1, sizeof(ore_safetensors_entry), &bytes) != ORE_OK)
        return ore_error_status();
    ore_safetensors_entry *entries = ore_alloc_zero(bytes);
    ore_json *metadata = entries ? texts_of(w->options->metadata) : NULL;
    for (int64_t i = 0; entries && i < w->count; i++)
        entries[i] = (ore_safetensors_entry){.name = w->items[i].name,
                                             .dtype = (ore_dtype)w->items[i].coding,
                                             .shape = w->items[i].shape,
                                             .bytes = ore_tensor_item_bytes(&w->items[i])};
    if (entries && ore_no_error())
        write_entries(w, entries, metadata);
    ore_json_free(metadata);
    ore_release(entries);
    return ore_error_status();
}

/* ---- shards ---- */

/* The end of the shard that begins at item `first`: one item at least. */
static int64_t shard_end(const ore_tensor_writing *w, int64_t first) {
    uint64_t bytes = 0, most = (uint64_t)w->options->shard_bytes;
    int64_t i = first;
    for (; i < w->count; i++) {
        bytes += ore_tensor_item_bytes(&w->items[i]);
        if (bytes > most && i > first)
            break;
    }
    return i;
}

/* "NAME-00001-of-00002.safetensors"; the path without its ending is `stem_bytes` long. */
static char *shard_path(const char *path, size_t stem_bytes, int64_t number, int64_t shards) {
    enum { NUMBERS = 64 };
    char *text = ore_alloc(stem_bytes + NUMBERS);
    if (text) {
        memcpy(text, path, stem_bytes);
        snprintf(text + stem_bytes, NUMBERS, "-%05lld-of-%05lld.safetensors", (long long)number,
                 (long long)shards);
    }
    return text;
}

static ore_status write_shard(const ore_tensor_writing *w, int64_t first, int64_t end,
                              const char *path, ore_json *map) {
    const char *name = ore_path_name(path);
    ore_tensor_writing shard = *w;
    shard.path = path;
    shard.items = w->items + first;
    shard.count = end - first;
    shard.first = w->first + first;
    for (int64_t i = first; i < end && ore_no_error(); i++)
        ore_json_set_string(map, w->items[i].name, name);
    return ore_no_error() ? write_one(&shard) : ore_error_status();
}

static ore_status write_shards(const ore_tensor_writing *w, int64_t shards) {
    static const char ending[] = ".safetensors", index_ending[] = ".index.json";
    size_t bytes = strlen(w->path), stem = bytes - (sizeof ending - 1);
    int64_t total = 0, number = 0;
    for (int64_t i = 0; i < w->count; i++)
        total += (int64_t)ore_tensor_item_bytes(&w->items[i]);
    ore_json *index = ore_json_object_new();
    ore_json *metadata = index ? ore_json_set_object(index, "metadata") : NULL;
    ore_json *map = metadata ? ore_json_set_object(index, "weight_map") : NULL;
    if (map)
        ore_json_set_int(metadata, "total_size", total);
    for (int64_t first = 0; first < w->count && ore_no_error();) {
        int64_t end = shard_end(w, first);
        char *path = shard_path(w->path, stem, ++number, shards);
        if (path)
            write_shard(w, first, end, path, map);
        ore_release(path);
        first = end;
    }
    char *path = ore_no_error() ? ore_alloc(bytes + sizeof index_ending) : NULL;
    if (path) {
        memcpy(path, w->path, bytes);
        memcpy(path + bytes, index_ending, sizeof index_ending);
        ore_json_write(index, path);
    }
    if (ore_no_error())
        ore_tree_remove(w->path); /* one file from before, which readers look for first */
    ore_release(path);
    ore_json_free(index);
    return ore_error_status();
}

ore_status ore_tensor_write_safetensors(const ore_tensor_writing *w) {
    if (check_codings(w) != ORE_OK)
        return ore_error_status();
    int64_t shards = 0;
    for (int64_t first = 0; w->options->shard_bytes > 0 && first < w->count; shards++)
        first = shard_end(w, first);
    return shards > 1 ? write_shards(w, shards) : write_one(w);
}
