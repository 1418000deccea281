/* gguf.c: the header and the metadata of GGUF files. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/gguf.h"

static const char magic[] = "GGUF";
enum { MAGIC_BYTES = 4, SMALLEST_VERSION = 2, LARGEST_VERSION = 3, KEY_SHOWN_BYTES = 64 };

/* Bytes of a value of each type; 0: it tells its own length. */
static const uint8_t type_bytes[ORE_GGUF_TYPES] = {
    [ORE_GGUF_UINT8] = 1,  [ORE_GGUF_INT8] = 1,  [ORE_GGUF_UINT16] = 2, [ORE_GGUF_INT16] = 2,
    [ORE_GGUF_UINT32] = 4, [ORE_GGUF_INT32] = 4, [ORE_GGUF_BOOL] = 1,   [ORE_GGUF_FLOAT32] = 4,
    [ORE_GGUF_UINT64] = 8, [ORE_GGUF_INT64] = 8, [ORE_GGUF_FLOAT64] = 8};
static const char *const type_names[ORE_GGUF_TYPES] = {
    "uint8", "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
    "bool",  "string", "array",  "uint64", "int64",  "float64"};

/* ---- reading ---- */

typedef struct reader {
    const ore_gguf *file;
    const uint8_t *at, *end;
} reader;

static ore_status fail_cut(const reader *r, const char *what) {
    return ore_fail(ORE_DATA, "%s: cut short, or no GGUF file: %s", r->file->path, what);
}

/* The next `bytes` bytes as an unsigned number. */
static ore_status read_number(reader *r, size_t bytes, const char *what, uint64_t *value) {
    *value = 0;
    if ((size_t)(r->end - r->at) < bytes)
        return fail_cut(r, what);
    memcpy(value, r->at, bytes);
    r->at += bytes;
    return ORE_OK;
}

static ore_status read_text(reader *r, const char *what, const char **text, size_t *bytes) {
    uint64_t size;
    if (read_number(r, sizeof size, what, &size) != ORE_OK)
        return ore_error_status();
    if (size > (uint64_t)(r->end - r->at))
        return fail_cut(r, what);
    *text = (const char *)r->at;
    *bytes = (size_t)size;
    r->at += size;
    return ORE_OK;
}

static ore_status fail_value(const reader *r, const ore_gguf_value *value, const char *what) {
    return ore_fail(ORE_DATA, "%s: %.*s: %s", r->file->path,
                    (int)(value->key_bytes < KEY_SHOWN_BYTES ? value->key_bytes : KEY_SHOWN_BYTES),
                    value->key, what);
}

static ore_status read_type(reader *r, const ore_gguf_value *value, ore_gguf_type *type) {
    uint64_t number;
    if (read_number(r, sizeof(uint32_t), "the type of a value", &number) != ORE_OK)
        return ore_error_status();
    if (number >= ORE_GGUF_TYPES)
        return fail_value(r, value, "a value of a type that there is not");
    *type = (ore_gguf_type)number;
    return ORE_OK;
}

/* Goes over `count` values of the type, whose first is value->data. */
static ore_status skip_values(reader *r, ore_gguf_value *value) {
    uint64_t left = (uint64_t)(r->end - r->at), count = (uint64_t)value->count;
    size_t each = type_bytes[value->type];
    if (each > 0) {
        if (count > left / each)
            return fail_value(r, value, "more than the file holds");
        r->at += count * each;
        return ORE_OK;
    }
    if (value->type == ORE_GGUF_ARRAY)
        return fail_value(r, value, "arrays of arrays, which Ore does not read");
    for (uint64_t i = 0; i < count; i++) {
        const char *text;
        size_t bytes;
        if (read_text(r, "a text of the metadata", &text, &bytes) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

static ore_status read_value(reader *r, ore_gguf_value *value) {
    uint64_t count = 1;
    if (read_text(r, "a key of the metadata", &value->key, &value->key_bytes) != ORE_OK ||
        read_type(r, value, &value->type) != ORE_OK)
        return ore_error_status();
    if (value->type == ORE_GGUF_ARRAY) {
        value->array = true;
        if (read_type(r, value, &value->type) != ORE_OK ||
            read_number(r, sizeof count, "the length of an array", &count) != ORE_OK)
            return ore_error_status();
        if (count > (uint64_t)(r->end - r->at))
            return fail_value(r, value, "more than the file holds");
    }
    value->count = (int64_t)count;
    value->data = r->at;
    return skip_values(r, value);
}

static ore_status read_header(reader *r, ore_gguf *file, uint64_t *values) {
    enum { SMALLEST_VALUE_BYTES = 8 + 4 + 1 }; /* an empty key, a type, a byte */
    uint64_t version, tensors;
    if (!ore_gguf_begins(r->at, (size_t)(r->end - r->at)))
        return ore_fail(ORE_DATA, "%s: no GGUF file", r->file->path);
    r->at += MAGIC_BYTES;
    if (read_number(r, sizeof(uint32_t), "the version", &version) != ORE_OK)
        return ore_error_status();
    if (version < SMALLEST_VERSION || version > LARGEST_VERSION)
        return ore_fail(ORE_UNSUPPORTED, "%s: GGUF version %u%s, Ore reads 2 and 3", r->file->path,
                        (unsigned)version, version >> 24 ? " (a big-endian file)" : "");
    if (read_number(r, sizeof tensors, "the number of tensors", &tensors) != ORE_OK ||
        read_number(r, sizeof *values, "the number of values", values) != ORE_OK)
        return ore_error_status();
    uint64_t left = (uint64_t)(r->end - r->at);
    if (*values > left / SMALLEST_VALUE_BYTES || tensors > left)
        return ore_fail(ORE_DATA, "%s: %llu values and %llu tensors, which %llu bytes cannot hold",
                        r->file->path, (unsigned long long)*values, (unsigned long long)tensors,
                        (unsigned long long)left);
    file->version = (uint32_t)version;
    file->tensor_count = (int64_t)tensors;
    return ORE_OK;
}

bool ore_gguf_begins(const void *bytes, size_t size) {
    return size >= MAGIC_BYTES && memcmp(bytes, magic, MAGIC_BYTES) == 0;
}

/* `file` has its path. */
static ore_status open_bytes(ore_gguf *file, const void *bytes, size_t size) {
    file->bytes = bytes;
    file->size = size;
    reader r = {file, bytes, (const uint8_t *)bytes + size};
    uint64_t values = 0;
    if (read_header(&r, file, &values) != ORE_OK)
        goto fail;
    file->values = ore_alloc_zero((size_t)values * sizeof *file->values + 1);
    while (file->values && (uint64_t)file->value_count < values && ore_no_error())
        read_value(&r, &file->values[file->value_count++]);
    file->tensors_at = (size_t)(r.at - (const uint8_t *)bytes);
    if (ore_no_error())
        return ORE_OK;
fail:
    ore_gguf_close(file);
    return ore_error_status();
}

ore_status ore_gguf_open_memory(ore_gguf *file, const void *bytes, size_t size, const char *name) {
    *file = (ore_gguf){.path = ore_copy_text(name)};
    return file->path ? open_bytes(file, bytes, size) : ore_error_status();
}

ore_status ore_gguf_open(ore_gguf *file, const char *path) {
    *file = (ore_gguf){.path = ore_copy_text(path)};
    if (!file->path || ore_mapping_open(&file->mapping, path) != ORE_OK) {
        ore_release(file->path);
        file->path = NULL;
        return ore_error_status();
    }
    return open_bytes(file, file->mapping.bytes, file->mapping.size);
}

void ore_gguf_close(ore_gguf *file) {
    if (file->mapping.guard)
        ore_mapping_close(&file->mapping);
    ore_release(file->values);
    ore_release(file->path);
    *file = (ore_gguf){0};
}

/* ---- values ---- */

const ore_gguf_value *ore_gguf_find(const ore_gguf *file, const char *key) {
    size_t bytes = strlen(key);
    for (int64_t i = 0; i < file->value_count; i++)
        if (file->values[i].key_bytes == bytes && memcmp(file->values[i].key, key, bytes) == 0)
            return &file->values[i];
    return NULL;
}

static ore_status fail_type(const ore_gguf *file, const ore_gguf_value *value, const char *key,
                            const char *expected) {
    return ore_fail(ORE_DATA, "%s: %s: %s%s, expected %s", file->path, key,
                    value->array ? "an array of " : "a value of type ", type_names[value->type],
                    expected);
}

double ore_gguf_number(const ore_gguf_value *array, int64_t i) {
    const uint8_t *at = array->data + (size_t)i * type_bytes[array->type];
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
        float f32;
        double f64;
    } value;
    memcpy(&value, at, type_bytes[array->type]);
    switch (array->type) {
    case ORE_GGUF_UINT8:
    case ORE_GGUF_BOOL:
        return value.u8;
    case ORE_GGUF_INT8:
        return value.i8;
    case ORE_GGUF_UINT16:
        return value.u16;
    case ORE_GGUF_INT16:
        return value.i16;
    case ORE_GGUF_UINT32:
        return value.u32;
    case ORE_GGUF_INT32:
        return value.i32;
    case ORE_GGUF_UINT64:
        return (double)value.u64;
    case ORE_GGUF_INT64:
        return (double)value.i64;
    case ORE_GGUF_FLOAT32:
        return (double)value.f32;
    case ORE_GGUF_FLOAT64:
        return value.f64;
    case ORE_GGUF_STRING:
    case ORE_GGUF_ARRAY:
    case ORE_GGUF_TYPES:
        break;
    }
    return 0;
}

bool ore_gguf_is_integer(ore_gguf_type type) {
    return type <= ORE_GGUF_INT32 || type == ORE_GGUF_UINT64 || type == ORE_GGUF_INT64;
}

ore_status ore_gguf_get_int(const ore_gguf *file, const char *key, int64_t *result) {
    const double largest = 9007199254740992.0; /* 2^53: doubles have all integers up to it */
    const ore_gguf_value *value = ore_gguf_find(file, key);
    if (!value)
        return ORE_OK;
    bool integer = !value->array && ore_gguf_is_integer(value->type);
    double number = integer ? ore_gguf_number(value, 0) : largest;
    if (number >= largest || number <= -largest)
        return fail_type(file, value, key, "an integer below 2^53");
    *result = (int64_t)number;
    return ORE_OK;
}

ore_status ore_gguf_get_bool(const ore_gguf *file, const char *key, bool *result) {
    const ore_gguf_value *value = ore_gguf_find(file, key);
    if (!value)
        return ORE_OK;
    if (value->array || value->type != ORE_GGUF_BOOL)
        return fail_type(file, value, key, "a bool");
    *result = *value->data != 0;
    return ORE_OK;
}

const char *ore_gguf_next_text(const ore_gguf *file, const uint8_t **at, size_t *bytes) {
    reader r = {file, *at, file->bytes + file->size};
    const char *text = NULL;
    if (read_text(&r, "a text of the metadata", &text, bytes) == ORE_OK)
        *at = r.at;
    return text;
}

ore_status ore_gguf_get_text(const ore_gguf *file, const char *key, const char **text,
                             size_t *bytes) {
    const ore_gguf_value *value = ore_gguf_find(file, key);
    if (!value)
        return ORE_OK;
    if (value->array || value->type != ORE_GGUF_STRING)
        return fail_type(file, value, key, "a string");
    const uint8_t *at = value->data;
    *text = ore_gguf_next_text(file, &at, bytes);
    return ore_error_status();
}

const ore_gguf_value *ore_gguf_get_array(const ore_gguf *file, const char *key, ore_gguf_type type,
                                         bool needed) {
    const ore_gguf_value *value = ore_gguf_find(file, key);
    if (!value) {
        if (needed)
            ore_fail(ORE_DATA, "%s: %s: missing, expected an array", file->path, key);
        return NULL;
    }
    if (value->array && value->type == type)
        return value;
    char expected[32];
    snprintf(expected, sizeof expected, "an array of %s", type_names[type]);
    fail_type(file, value, key, expected);
    return NULL;
}
