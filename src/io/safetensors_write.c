/* safetensors_write.c: the writer. What it writes depends on the names, shapes, values and metadata
 * alone, so equal models give equal files. */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/memory.h"
#include "io/json.h"
#include "io/safetensors.h"

/* Bytes. The format's data begin at a multiple of 8, as the reference implementation pads them; of
 * a tensor's name a message shows so much that the rest fits the error buffer. */
enum { ALIGNMENT = 8, NAME_SHOWN_BYTES = 200 };

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ore_status ore_check_names_differ(const char *what, const char **names, int64_t count) {
    qsort(names, (size_t)count, sizeof *names, compare_names);
    for (int64_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return ore_fail(ORE_INVALID, "%s: tensor '%.*s': its name comes twice", what,
                            NAME_SHOWN_BYTES, names[i]);
    return ORE_OK;
}

static ore_status check_unique(const ore_safetensors_entry *entries, int64_t count) {
    size_t bytes;
    ore_status status = ore_bytes_of(count + 1, sizeof(char *), &bytes);
    const char **names = status == ORE_OK ? ore_alloc(bytes) : NULL;
    if (!names)
        return ore_error_status();
    for (int64_t i = 0; i < count; i++)
        names[i] = entries[i].name;
    status = ore_check_names_differ("safetensors_write", names, count);
    ore_release(names);
    return status;
}

static ore_status check_entries(const ore_safetensors_entry *entries, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const ore_safetensors_entry *entry = &entries[i];
        size_t bytes;
        json_t *utf8 = entry->name ? ore_json_string(entry->name) : NULL;
        json_decref(utf8);
        if (!ore_ok())
            return ore_error_status();
        if (entry->name && !utf8)
            return ore_fail(ORE_INVALID, "safetensors_write: the name of tensor %lld is not UTF-8",
                            (long long)i);
        if (!entry->name || strcmp(entry->name, "__metadata__") == 0)
            return ore_fail(ORE_INVALID, "safetensors_write: tensor %lld has no name of its own",
                            (long long)i);
        if (!ore_safetensors_bytes_of(entry->shape, entry->dtype, &bytes) || bytes != entry->bytes)
            return ore_fail(ORE_INVALID,
                            "safetensors_write: tensor '%.*s': %zu bytes do not fit its shape",
                            NAME_SHOWN_BYTES, entry->name, entry->bytes);
    }
    return check_unique(entries, count);
}

static void put_metadata(ore_text *text, ore_json *metadata) {
    ore_text_format(text, "\"__metadata__\":{");
    for (int64_t i = 0; i < ore_json_count(metadata) && ore_ok(); i++) {
        const char *key = ore_json_key(metadata, i);
        const char *value = ore_json_get_string(metadata, key);
        if (!value)
            return;
        ore_text_put(text, ",", i > 0 ? 1 : 0);
        ore_text_put_json_string(text, key, strlen(key));
        ore_text_put(text, ":", 1);
        ore_text_put_json_string(text, value, strlen(value));
    }
    ore_text_put(text, "}", 1);
}

static void put_entry(ore_text *text, const ore_safetensors_entry *entry, size_t begin) {
    ore_text_put_json_string(text, entry->name, strlen(entry->name));
    ore_text_format(text, ":{\"dtype\":\"%s\",\"shape\":[",
                    ore_safetensors_dtype_code(entry->dtype));
    for (int d = 0; d < entry->shape.ndim; d++)
        ore_text_format(text, "%s%lld", d ? "," : "", (long long)entry->shape.dim[d]);
    ore_text_format(text, "],\"data_offsets\":[%zu,%zu]}", begin, begin + entry->bytes);
}

/* Builds the header's length and the header, which spaces pad so that the data begin at a multiple
 * of ALIGNMENT. */
static ore_status build_header(ore_text *text, const ore_safetensors_entry *entries, int64_t count,
                               ore_json *metadata) {
    uint64_t length = 0;
    ore_text_put(text, (const char *)&length, sizeof length);
    ore_text_put(text, "{", 1);
    if (metadata)
        put_metadata(text, metadata);
    size_t begin = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i > 0 || metadata)
            ore_text_put(text, ",", 1);
        put_entry(text, &entries[i], begin);
        begin += entries[i].bytes;
    }
    ore_text_put(text, "}", 1);
    while (ore_ok() && text->length % ALIGNMENT != 0)
        ore_text_put(text, " ", 1);
    if (!ore_ok())
        return ore_error_status();
    length = (uint64_t)text->length - sizeof length;
    if (length > ORE_SAFETENSORS_HEADER_LIMIT)
        return ore_fail(ORE_INVALID, "safetensors_write: header of %llu bytes, expected at most %d",
                        (unsigned long long)length, ORE_SAFETENSORS_HEADER_LIMIT);
    memcpy(text->data, &length, sizeof length);
    return ORE_OK;
}

/* Writes the elements of t in row-major order; a tensor that does not lie so is copied first. */
static ore_status put_tensor(ore_file_writer *writer, const ore_tensor *t, size_t bytes) {
    if (ore_is_contiguous(t) && ore_tensor_device(t) == ORE_CPU) {
        const void *data = ore_data(t);
        return data ? ore_file_writer_put(writer, data, bytes) : ore_error_status();
    }
    void *copy = ore_alloc(bytes);
    ore_status status = copy ? ore_copy_out(t, copy, bytes) : ore_error_status();
    if (status == ORE_OK)
        status = ore_file_writer_put(writer, copy, bytes);
    ore_release(copy);
    return status;
}

ore_status ore_safetensors_begin(ore_file_writer *writer, const char *path,
                                 const ore_safetensors_entry *entries, int64_t count,
                                 ore_json *metadata) {
    ore_text header = {0};
    ore_status status = check_entries(entries, count);
    if (status == ORE_OK)
        status = build_header(&header, entries, count, metadata);
    if (status == ORE_OK)
        status = ore_file_writer_open(writer, path);
    if (status == ORE_OK)
        ore_file_writer_put(writer, header.data, (size_t)header.length);
    ore_release(header.data);
    return status;
}

/* Writes a file of `count` entries. Their data are those of `items`, one per entry; with NULL
 * items, those that the entries point to. */
static ore_status write_file(const char *path, const ore_safetensors_entry *entries,
                             const ore_safetensors_item *items, int64_t count, ore_json *metadata) {
    ore_file_writer writer;
    ore_status status = ore_safetensors_begin(&writer, path, entries, count, metadata);
    if (status != ORE_OK)
        return status;
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        if (items)
            put_tensor(&writer, items[i].tensor, entries[i].bytes);
        else
            ore_file_writer_put(&writer, entries[i].data, entries[i].bytes);
    }
    return ore_file_writer_commit(&writer);
}

ore_status ore_safetensors_write_entries(const char *path, const ore_safetensors_entry *entries,
                                         int64_t count, ore_json *metadata) {
    for (int64_t i = 0; i < count; i++)
        if (!entries[i].data && entries[i].bytes > 0)
            return ore_fail(ORE_INVALID, "safetensors_write: tensor %lld has no data",
                            (long long)i);
    return ore_ok() ? write_file(path, entries, NULL, count, metadata) : ore_error_status();
}

ore_status ore_safetensors_write(const char *path, const ore_safetensors_item *items, int64_t count,
                                 ore_json *metadata) {
    if (!ore_ok())
        return ore_error_status();
    size_t bytes;
    if (ore_bytes_of(count + 1, sizeof(ore_safetensors_entry), &bytes) != ORE_OK)
        return ore_error_status();
    ore_safetensors_entry *entries = ore_alloc_zero(bytes);
    if (!entries)
        return ore_error_status();
    ore_status status = ORE_OK;
    for (int64_t i = 0; i < count && status == ORE_OK; i++) {
        const ore_tensor *t = items[i].tensor;
        if (!t) {
            status = ore_fail(ORE_INVALID, "safetensors_write: tensor '%.*s' is NULL",
                              NAME_SHOWN_BYTES, items[i].name);
            break;
        }
        entries[i] = (ore_safetensors_entry){
            .name = items[i].name, .dtype = ore_tensor_dtype(t), .shape = ore_shape_of(t)};
        ore_safetensors_bytes_of(entries[i].shape, entries[i].dtype, &entries[i].bytes);
    }
    if (status == ORE_OK)
        status = write_file(path, entries, items, count, metadata);
    ore_release(entries);
    return status;
}
