/* safetensors.c: the reader. All of the header is checked before a caller sees any of it. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "core/tensor.h"
#include "io/checkpoint_digests.h"
#include "io/safetensors.h"
#include "io/tensor_file.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor bytes are mapped as they are");

/* Bytes. The format begins with the header's length as a 64-bit number; of a tensor's name and a
 * path a message shows so much that all of it fits the error buffer. */
enum { LENGTH_BYTES = 8, NAME_SHOWN_BYTES = 200, PATH_SHOWN_BYTES = 400 };

struct ore_safetensors {
    char *path;
    ore_mapping mapping;        /* of the file; empty where the caller gave the bytes */
    ore_chunk_digests *digests; /* of a file of a checkpoint; NULL for any other */
    ore_json *header;           /* owns the entries' names */
    ore_json *metadata;         /* NULL where there is none */
    ore_safetensors_stored *entries;
    int64_t count;
    const uint8_t *data; /* first byte after the header */
    size_t data_bytes;
};

/* The format's names of codings; NULL where it has none. */
static const char *const codes[ORE_CODING_COUNT] = {
    [ORE_CODING_FLOAT32] = "F32", [ORE_CODING_FLOAT64] = "F64", [ORE_CODING_BFLOAT16] = "BF16",
    [ORE_CODING_FLOAT16] = "F16", [ORE_CODING_INT64] = "I64",   [ORE_CODING_INT32] = "I32",
    [ORE_CODING_UINT8] = "U8",    [ORE_CODING_BOOL] = "BOOL",   [ORE_CODING_INT8] = "I8",
    [ORE_CODING_INT16] = "I16",   [ORE_CODING_UINT16] = "U16",  [ORE_CODING_UINT32] = "U32",
    [ORE_CODING_UINT64] = "U64",
};

const char *ore_safetensors_dtype_code(ore_dtype dtype) {
    return codes[dtype];
}

bool ore_safetensors_bytes_of(ore_shape shape, ore_dtype dtype, size_t *bytes) {
    int64_t n = ore_possible_numel(shape);
    *bytes = n < 0 ? 0 : (size_t)n * ore_dtype_size(dtype);
    return n >= 0;
}

/* ---- the header ---- */

static ore_status fail_file(const ore_safetensors *file, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: %s", PATH_SHOWN_BYTES, file->path, problem);
}

static ore_status fail_entry(const ore_safetensors *file, const char *name, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: tensor '%.*s': %s", PATH_SHOWN_BYTES, file->path,
                    NAME_SHOWN_BYTES, name, problem);
}

static ore_status read_dtype(const ore_safetensors *file, ore_json *description,
                             ore_safetensors_stored *stored) {
    const char *code = ore_json_get_string(description, "dtype");
    if (!code)
        return ore_error_status();
    for (int c = 0; c < ORE_CODING_COUNT; c++) {
        if (codes[c] && strcmp(code, codes[c]) == 0) {
            stored->coding = (ore_coding)c;
            stored->entry.dtype = ore_coding_dtype(stored->coding);
            return ORE_OK;
        }
    }
    return ore_fail(ORE_DATA,
                    "%.*s: tensor '%.*s': dtype %.16s, expected one of F32 F64 BF16 F16 I64 I32 "
                    "I16 I8 U64 U32 U16 U8 BOOL",
                    PATH_SHOWN_BYTES, file->path, NAME_SHOWN_BYTES, stored->entry.name, code);
}

static ore_status read_shape(const ore_safetensors *file, ore_json *description,
                             ore_safetensors_stored *stored) {
    ore_safetensors_entry *entry = &stored->entry;
    ore_json *shape = ore_json_get_array(description, "shape");
    int64_t ndim = ore_json_count(shape);
    if (ndim > ORE_MAX_DIMS)
        return ore_fail(ORE_DATA, "%.*s: tensor '%.*s': %lld dims, expected at most %d",
                        PATH_SHOWN_BYTES, file->path, NAME_SHOWN_BYTES, entry->name,
                        (long long)ndim, ORE_MAX_DIMS);
    entry->shape.ndim = (int)ndim;
    for (int d = 0; d < entry->shape.ndim; d++)
        ore_json_at_int(shape, d, &entry->shape.dim[d]);
    if (!ore_ok())
        return ore_error_status();
    if (!ore_safetensors_bytes_of(entry->shape, entry->dtype, &entry->bytes))
        return fail_entry(file, entry->name, "its shape has a negative size or too many elements");
    stored->bytes = entry->bytes / ore_dtype_size(entry->dtype) * ore_coding_bytes(stored->coding);
    return ORE_OK;
}

static ore_status read_offsets(const ore_safetensors *file, ore_json *description,
                               ore_safetensors_stored *stored) {
    const char *name = stored->entry.name;
    ore_json *offsets = ore_json_get_array(description, "data_offsets");
    int64_t begin = 0;
    int64_t end = 0;
    ore_json_at_int(offsets, 0, &begin);
    ore_json_at_int(offsets, 1, &end);
    if (!ore_ok())
        return ore_error_status();
    if (ore_json_count(offsets) != 2 || begin < 0 || end < begin)
        return fail_entry(file, name, "data_offsets that are not [begin, end]");
    if ((uint64_t)end > file->data_bytes)
        return ore_fail(
            ORE_DATA, "%.*s: cut short: tensor '%.*s' ends at byte %lld of %zu bytes of data",
            PATH_SHOWN_BYTES, file->path, NAME_SHOWN_BYTES, name, (long long)end, file->data_bytes);
    if ((uint64_t)(end - begin) != stored->bytes)
        return ore_fail(ORE_DATA, "%.*s: tensor '%.*s': %lld byte%s, expected %zu by its shape",
                        PATH_SHOWN_BYTES, file->path, NAME_SHOWN_BYTES, name,
                        (long long)(end - begin), ore_plural(end - begin), stored->bytes);
    stored->data = file->data + begin;
    if ((ore_coding)stored->entry.dtype == stored->coding)
        stored->entry.data = stored->data;
    return ORE_OK;
}

static ore_status read_entry(ore_safetensors *file, const char *name) {
    ore_json *description = ore_json_get_object(file->header, name);
    if (!description)
        return ore_error_status();
    ore_safetensors_stored *stored = &file->entries[file->count++];
    stored->entry.name = name;
    ore_status status = read_dtype(file, description, stored);
    if (status == ORE_OK)
        status = read_shape(file, description, stored);
    if (status == ORE_OK)
        status = read_offsets(file, description, stored);
    return status;
}

static ore_status read_metadata(ore_safetensors *file, const char *key) {
    file->metadata = ore_json_get_object(file->header, key);
    for (int64_t i = 0; i < ore_json_count(file->metadata); i++)
        ore_json_get_string(file->metadata, ore_json_key(file->metadata, i));
    return ore_error_status();
}

static int compare_data(const void *a, const void *b) {
    const ore_safetensors_stored *x = *(const ore_safetensors_stored *const *)a;
    const ore_safetensors_stored *y = *(const ore_safetensors_stored *const *)b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1; /* tensors without elements come first */
    return strcmp(x->entry.name, y->entry.name);
}

/* Checks that each tensor begins where the one before it ends, and that the last one ends with the
 * file: ORE_DATA otherwise. */
static ore_status check_no_gap_or_overlap(const ore_safetensors *file) {
    size_t bytes;
    ore_status status = ore_bytes_of(file->count + 1, sizeof(ore_safetensors_stored *), &bytes);
    const ore_safetensors_stored **sorted = status == ORE_OK ? ore_alloc(bytes) : NULL;
    if (!sorted)
        return ore_error_status();
    for (int64_t i = 0; i < file->count; i++)
        sorted[i] = &file->entries[i];
    qsort(sorted, (size_t)file->count, sizeof *sorted, compare_data);
    const uint8_t *expected = file->data;
    for (int64_t i = 0; i < file->count && status == ORE_OK; i++) {
        const uint8_t *begin = sorted[i]->data;
        if (begin != expected)
            status = fail_entry(file, sorted[i]->entry.name,
                                begin < expected ? "its data overlap another tensor's"
                                                 : "a gap before its data");
        expected = begin + sorted[i]->bytes;
    }
    if (status == ORE_OK && expected != file->data + file->data_bytes)
        status = ore_fail(ORE_DATA, "%.*s: %zu byte%s after the last tensor, expected none",
                          PATH_SHOWN_BYTES, file->path,
                          (size_t)(file->data + file->data_bytes - expected),
                          ore_plural(file->data + file->data_bytes - expected));
    ore_release(sorted);
    return status;
}

static ore_status read_header(ore_safetensors *file) {
    int64_t members = ore_json_count(file->header);
    size_t bytes;
    if (ore_bytes_of(members + 1, sizeof *file->entries, &bytes) != ORE_OK)
        return ore_error_status();
    file->entries = ore_alloc_zero(bytes);
    if (!file->entries)
        return ore_error_status();
    for (int64_t i = 0; i < members; i++) {
        const char *name = ore_json_key(file->header, i);
        ore_status status =
            strcmp(name, "__metadata__") == 0 ? read_metadata(file, name) : read_entry(file, name);
        if (status != ORE_OK)
            return status;
    }
    return check_no_gap_or_overlap(file);
}

static ore_status read_bytes(ore_safetensors *file, const uint8_t *bytes, size_t size) {
    if (size < LENGTH_BYTES)
        return ore_fail(ORE_DATA, "%.*s: cut short: %zu byte%s, expected at least %d",
                        PATH_SHOWN_BYTES, file->path, size, ore_plural((int64_t)size),
                        LENGTH_BYTES);
    uint64_t length;
    memcpy(&length, bytes, sizeof length);
    if (length > ORE_SAFETENSORS_HEADER_LIMIT)
        return ore_fail(
            ORE_DATA, "%.*s: no safetensors file: header of %llu bytes, expected at most %d",
            PATH_SHOWN_BYTES, file->path, (unsigned long long)length, ORE_SAFETENSORS_HEADER_LIMIT);
    if (length > size - LENGTH_BYTES)
        return ore_fail(ORE_DATA, "%.*s: cut short: header of %llu bytes in a file of %zu",
                        PATH_SHOWN_BYTES, file->path, (unsigned long long)length, size);
    const char *header = (const char *)bytes + LENGTH_BYTES;
    if (length == 0 || header[0] != '{')
        return fail_file(file, "no safetensors file: its header does not begin with '{'");
    file->data = bytes + LENGTH_BYTES + length;
    file->data_bytes = size - LENGTH_BYTES - (size_t)length;
    file->header = ore_json_parse(header, (size_t)length, file->path);
    return file->header ? read_header(file) : ore_error_status();
}

/* ---- the interface ---- */

static ore_safetensors *file_new(const char *path) {
    ore_safetensors *file = ore_ok() ? ore_alloc_zero(sizeof *file) : NULL;
    if (!file)
        return NULL;
    file->path = ore_copy_text(path);
    if (file->path)
        return file;
    ore_release(file);
    return NULL;
}

void ore_safetensors_close(ore_safetensors *file) {
    if (!file)
        return;
    ore_release(file->entries);
    ore_json_free(file->header);
    ore_chunk_digests_free(file->digests);
    ore_mapping_close(&file->mapping);
    ore_release(file->path);
    ore_release(file);
}

ore_safetensors *ore_safetensors_open_bytes(const char *name, const uint8_t *bytes, size_t size) {
    ore_safetensors *file = file_new(name);
    if (!file)
        return NULL;
    if (read_bytes(file, bytes, size) == ORE_OK)
        return file;
    ore_safetensors_close(file);
    return NULL;
}

ore_safetensors *ore_safetensors_open(const char *path) {
    ore_safetensors *file = file_new(path);
    if (!file)
        return NULL;
    if (ore_mapping_open(&file->mapping, path) == ORE_OK &&
        read_bytes(file, file->mapping.bytes, file->mapping.size) == ORE_OK)
        return file;
    ore_safetensors_close(file);
    return NULL;
}

/* Compares the bytes that are about to be used with their digests. */
static ore_status check_bytes(const ore_safetensors *file, int64_t from, size_t bytes) {
    return ore_chunk_digests_check(file->digests, &file->mapping, file->path, from, bytes);
}

/* Checks the chunks of the header. Its length can be trusted once the first chunk, which holds it,
 * has been checked. */
static ore_status check_header(const ore_safetensors *file) {
    int64_t size = (int64_t)file->mapping.size, length = 0;
    if (!file->digests)
        return ORE_OK;
    if (ore_chunk_digests_check_size(file->digests, file->path, size) != ORE_OK ||
        size < LENGTH_BYTES || check_bytes(file, 0, LENGTH_BYTES) != ORE_OK)
        return ore_error_status();
    memcpy(&length, file->mapping.bytes, LENGTH_BYTES);
    int64_t max = size - LENGTH_BYTES; /* a longer header is reported when it is read */
    return check_bytes(file, 0,
                       (size_t)(length < 0 || length > max ? size : LENGTH_BYTES + length));
}

ore_safetensors *ore_checkpoint_open_weights(const char *folder, const char *name) {
    char *path = ore_ok() ? ore_path_join(folder, name) : NULL;
    ore_safetensors *file = path ? file_new(path) : NULL;
    ore_release(path);
    if (!file)
        return NULL;
    if (ore_mapping_open(&file->mapping, file->path) == ORE_OK)
        file->digests = ore_chunk_digests_read(folder, name);
    if (ore_ok() && check_header(file) == ORE_OK &&
        read_bytes(file, file->mapping.bytes, file->mapping.size) == ORE_OK)
        return file;
    ore_safetensors_close(file);
    return NULL;
}

int64_t ore_safetensors_count(const ore_safetensors *file) {
    return file ? file->count : 0;
}

const ore_safetensors_entry *ore_safetensors_at(const ore_safetensors *file, int64_t i) {
    if (file && i >= 0 && i < file->count)
        return &file->entries[i].entry;
    ore_fail(ORE_INVALID, "safetensors_at: entry %lld of %lld", (long long)i,
             (long long)ore_safetensors_count(file));
    return NULL;
}

const ore_safetensors_stored *ore_safetensors_stored_at(const ore_safetensors *file, int64_t i) {
    return &file->entries[i];
}

static const ore_safetensors_stored *find(const ore_safetensors *file, const char *name) {
    for (int64_t i = 0; i < ore_safetensors_count(file); i++) {
        if (strcmp(file->entries[i].entry.name, name) == 0)
            return &file->entries[i];
    }
    return NULL;
}

const ore_safetensors_entry *ore_safetensors_find(const ore_safetensors *file, const char *name) {
    const ore_safetensors_stored *stored = find(file, name);
    return stored ? &stored->entry : NULL;
}

const char *ore_safetensors_metadata(const ore_safetensors *file, const char *key) {
    if (!file || ore_json_kind_of(file->metadata, key) != ORE_JSON_STRING)
        return NULL;
    return ore_json_get_string(file->metadata, key);
}

ore_json *ore_safetensors_all_metadata(const ore_safetensors *file) {
    return file ? file->metadata : NULL;
}

/* The entry of that name, its data compared with their digests; NULL with an error. */
static const ore_safetensors_stored *wanted_entry(const ore_safetensors *file, const char *name) {
    if (!ore_ok())
        return NULL;
    if (!file) {
        ore_fail(ORE_INVALID, "safetensors: a NULL file");
        return NULL;
    }
    const ore_safetensors_stored *stored = find(file, name);
    if (!stored) {
        fail_entry(file, name, "missing");
        return NULL;
    }
    const uint8_t *data = stored->data;
    if (file->digests && check_bytes(file, data - file->mapping.bytes, stored->bytes) != ORE_OK)
        return NULL;
    for (size_t i = 0; stored->coding == ORE_CODING_BOOL && i < stored->bytes; i++) {
        if (data[i] > 1) {
            fail_entry(file, name, "a byte that is neither 0 nor 1, expected booleans");
            return NULL;
        }
    }
    return stored;
}

/* The tensor of integers that are no dtype's, in memory of its own. */
static ore_tensor *widened(const ore_safetensors *file, const ore_safetensors_stored *stored) {
    const ore_safetensors_entry *entry = &stored->entry;
    ore_tensor *t = ore_empty(entry->shape, entry->dtype);
    if (t && ore_coding_decode(stored->coding, stored->data, ore_numel(t), ore_tensor_address(t)) !=
                 ORE_OK) {
        ore_tensor_file_locate(file->path, entry->name);
        return NULL;
    }
    return t;
}

ore_status ore_safetensors_load(const ore_safetensors *file, const char *name, ore_tensor *t) {
    const ore_safetensors_stored *stored = wanted_entry(file, name);
    if (!stored)
        return ore_error_status();
    const ore_safetensors_entry *entry = &stored->entry;
    if (!t)
        return ore_fail(ORE_INVALID, "safetensors_load: a NULL tensor for '%.*s'", NAME_SHOWN_BYTES,
                        name);
    ore_shape shape = ore_shape_of(t);
    ore_dtype dtype = ore_tensor_dtype(t);
    if (!ore_shape_equal(shape, entry->shape) || dtype != entry->dtype) {
        char found[ORE_SHAPE_TEXT];
        char expected[ORE_SHAPE_TEXT];
        return ore_fail(ORE_DATA, "%.*s: tensor '%.*s': %s %s in the file, expected %s %s",
                        PATH_SHOWN_BYTES, file->path, NAME_SHOWN_BYTES, name,
                        ore_shape_text(entry->shape, found), ore_dtype_name(entry->dtype),
                        ore_shape_text(shape, expected), ore_dtype_name(dtype));
    }
    ore_no_grad_begin(); /* t may be a leaf that requires a gradient: changing it is not recorded */
    ore_scope_begin();
    ore_tensor *own = entry->data ? NULL : widened(file, stored);
    if (ore_no_error())
        ore_copy_in(t, own ? ore_data(own) : entry->data, entry->bytes);
    ore_scope_end();
    ore_no_grad_end();
    if (!ore_no_error())
        return ore_error_status();
    return ore_mapping_check(&file->mapping, file->path, NULL);
}

ore_tensor *ore_safetensors_tensor(const ore_safetensors *file, const char *name) {
    const ore_safetensors_stored *stored = wanted_entry(file, name);
    ore_tensor *t = !stored ? NULL
                    : stored->entry.data
                        ? ore_from_data(stored->data, stored->entry.shape, stored->entry.dtype)
                        : widened(file, stored);
    return t && ore_mapping_check(&file->mapping, file->path, NULL) == ORE_OK ? t : NULL;
}
