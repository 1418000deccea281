/* tensor_file_index.c: which files a path stands for: itself, the shards of an index, or what a
 * folder holds. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/tensor_file.h"

/* What Hugging Face's folders call their weights, in the order in which transformers looks. */
static const char *const names[] = {"model.safetensors", "model.safetensors.index.json",
                                    "pytorch_model.bin", "pytorch_model.bin.index.json"};
enum { NAMES = sizeof names / sizeof *names, SHOWN_BYTES = 300 };

/* ---- an index ---- */

/* A shard lies beside its index: its name is that of a file, not a path. */
static bool is_plain_name(const char *name) {
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The part that is the shard of this path; -1 where it has not been opened. */
static int64_t part_of(const ore_tensor_file *file, const char *path) {
    for (int64_t i = file->part_count - 1; i >= 0; i--)
        if (strcmp(file->parts[i].path, path) == 0)
            return i;
    return -1;
}

/* Whether the file begins as JSON does: an index. */
static bool is_index(const uint8_t *bytes, size_t size) {
    size_t i = 0;
    while (i < size &&
           (bytes[i] == ' ' || bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] == '\t'))
        i++;
    return i < size && bytes[i] == '{';
}

static ore_status open_shard(ore_tensor_file *file, const char *index, const char *name) {
    char *folder = ore_path_parent(index);
    char *path = folder ? ore_path_join(folder, name) : NULL;
    if (path && part_of(file, path) < 0) {
        if (ore_path_kind_of(path) == ORE_PATH_MISSING)
            ore_fail(ORE_DATA, "%.*s: shard '%.*s' is missing", SHOWN_BYTES, index, SHOWN_BYTES,
                     name);
        ore_tensor_file_add_part(file, path);
    }
    ore_string_free(path);
    ore_release(folder);
    return ore_error_status();
}

/* Opens the shards that the index names, in its order. */
static ore_status open_shards(ore_tensor_file *file, ore_json *map, const char *index) {
    const char *before = "";
    for (int64_t i = 0; i < ore_json_count(map) && ore_no_error(); i++) {
        const char *shard = ore_json_get_string(map, ore_json_key(map, i));
        if (!shard || strcmp(shard, before) == 0)
            continue;
        if (!is_plain_name(shard))
            return ore_fail(ORE_DATA, "%.*s: shard '%.*s', expected the name of a file beside it",
                            SHOWN_BYTES, index, SHOWN_BYTES, shard);
        open_shard(file, index, shard);
        before = shard;
    }
    if (ore_no_error() && file->part_count == 0)
        return ore_fail(ORE_DATA, "%.*s: weight_map names no shard", SHOWN_BYTES, index);
    return ore_error_status();
}

/* Whether each tensor is in the shard that the index says. */
static ore_status check_map(const ore_tensor_file *file, ore_json *map, const char *index) {
    for (int64_t i = 0; i < ore_json_count(map); i++) {
        const char *name = ore_json_key(map, i), *shard = ore_json_get_string(map, name);
        const ore_tensor_entry *entry = ore_tensor_file_find(file, name);
        if (!entry || strcmp(ore_path_name(entry->path), shard) != 0)
            return ore_fail(ORE_DATA, "%.*s: tensor '%.*s' is not in shard '%.*s'", SHOWN_BYTES,
                            index, ORE_TENSOR_NAME_SHOWN_BYTES, name, SHOWN_BYTES, shard);
    }
    return ORE_OK;
}

static ore_status open_index(ore_tensor_file *file, const char *path) {
    ore_json *index = ore_json_load(path);
    ore_json *map = index ? ore_json_get_object(index, "weight_map") : NULL;
    if (map && open_shards(file, map, path) == ORE_OK && ore_tensor_file_sort(file) == ORE_OK)
        check_map(file, map, path);
    ore_json_free(index);
    return ore_error_status();
}

/* ---- files and folders ---- */

static ore_status open_file(ore_tensor_file *file, const char *path) {
    ore_mapping mapping;
    if (ore_mapping_open(&mapping, path) != ORE_OK)
        return ore_error_status();
    bool index = is_index(mapping.bytes, mapping.size);
    ore_mapping_close(&mapping);
    return index ? open_index(file, path) : ore_tensor_file_add_part(file, path);
}

ore_status ore_tensor_file_open_path(ore_tensor_file *file, const char *path) {
    ore_path_kind kind = ore_path_kind_of(path);
    if (kind != ORE_PATH_FOLDER)
        return open_file(file, path);
    for (int i = 0; i < NAMES && ore_no_error(); i++) {
        char *inside = ore_path_join(path, names[i]);
        kind = inside ? ore_path_kind_of(inside) : ORE_PATH_MISSING;
        bool found = kind != ORE_PATH_MISSING && kind != ORE_PATH_UNKNOWN;
        if (found)
            open_file(file, inside);
        ore_string_free(inside);
        if (found)
            return ore_error_status();
    }
    return ore_fail(ORE_DATA,
                    "%.*s: the folder has none of model.safetensors, pytorch_model.bin and their "
                    "indexes of shards",
                    SHOWN_BYTES, path);
}
