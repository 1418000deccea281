/* gguf_write.c: GGUF files of version 3. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "io/gguf.h"
#include "io/gguf_tensors.h"
#include "io/json.h"
#include "io/tensor_file.h"

enum { VERSION = 3, KEY_SHOWN_BYTES = 200, SHOWN = ORE_TENSOR_NAME_SHOWN_BYTES };

/* ---- pieces of the header ---- */

static void put_number(ore_text *text, uint64_t number, size_t bytes) {
    ore_text_put(text, (const char *)&number, bytes);
}

static void put_text(ore_text *text, const char *string, size_t bytes) {
    put_number(text, bytes, sizeof(uint64_t));
    ore_text_put(text, string, bytes);
}

static void put_type(ore_text *text, ore_gguf_type type) {
    put_number(text, type, sizeof(uint32_t));
}

static void put_float(ore_text *text, double value) {
    float number = (float)value;
    ore_text_put(text, (const char *)&number, sizeof number);
}

/* ---- values ---- */

/* The type of an array's elements: that of all of them; float32 where integers stand among numbers.
 * ORE_GGUF_TYPES for what GGUF cannot hold. */
static ore_gguf_type type_of_elements(ore_json *array) {
    ore_gguf_type type = ORE_GGUF_INT32;
    for (int64_t i = 0; i < ore_json_count(array); i++) {
        ore_json_kind kind = ore_json_kind_at(array, i);
        int64_t number = 0;
        if (kind == ORE_JSON_INT)
            ore_json_at_int(array, i, &number);
        ore_gguf_type own = kind == ORE_JSON_STRING                            ? ORE_GGUF_STRING
                            : kind == ORE_JSON_DOUBLE || kind == ORE_JSON_NULL ? ORE_GGUF_FLOAT32
                            : kind != ORE_JSON_INT                             ? ORE_GGUF_TYPES
                            : number == (int32_t)number                        ? ORE_GGUF_INT32
                                                                               : ORE_GGUF_INT64;
        bool numbers = type != ORE_GGUF_STRING && own != ORE_GGUF_STRING;
        if (own == ORE_GGUF_TYPES || (i > 0 && own != type && !numbers))
            return ORE_GGUF_TYPES;
        bool floating = own == ORE_GGUF_FLOAT32 || type == ORE_GGUF_FLOAT32;
        if (i == 0 || floating || own == ORE_GGUF_INT64)
            type = i > 0 && floating ? ORE_GGUF_FLOAT32 : own;
    }
    return type;
}

/* An element of a float32 array: null stands for what is not finite. */
static double number_at(ore_json *array, int64_t i) {
    double number = NAN;
    if (ore_json_kind_at(array, i) != ORE_JSON_NULL)
        ore_json_at_double(array, i, &number);
    return number;
}

static ore_status put_array(ore_text *text, ore_json *array, const char *key) {
    ore_gguf_type type = type_of_elements(array);
    if (type == ORE_GGUF_TYPES)
        return ore_fail(ORE_INVALID, "gguf: %.*s: an array that is neither of numbers nor of texts",
                        KEY_SHOWN_BYTES, key);
    put_type(text, ORE_GGUF_ARRAY);
    put_type(text, type);
    put_number(text, (uint64_t)ore_json_count(array), sizeof(uint64_t));
    for (int64_t i = 0; i < ore_json_count(array) && ore_no_error(); i++) {
        int64_t number = 0;
        if (type == ORE_GGUF_STRING) {
            const char *string = ore_json_at_string(array, i);
            put_text(text, string, string ? strlen(string) : 0);
        } else if (type == ORE_GGUF_FLOAT32) {
            put_float(text, number_at(array, i));
        } else {
            ore_json_at_int(array, i, &number);
            put_number(text, (uint64_t)number, type == ORE_GGUF_INT32 ? 4 : 8);
        }
    }
    return ore_error_status();
}

static void put_integer(ore_text *text, int64_t number) {
    bool small = number >= 0 ? number <= UINT32_MAX : number >= INT32_MIN;
    put_type(text, !small ? ORE_GGUF_INT64 : number >= 0 ? ORE_GGUF_UINT32 : ORE_GGUF_INT32);
    put_number(text, (uint64_t)number, small ? 4 : 8);
}

static ore_status put_value(ore_text *text, ore_json *metadata, const char *key) {
    int64_t integer = 0;
    double number = NAN;
    bool is = false;
    const char *string;
    put_text(text, key, strlen(key));
    switch (ore_json_kind_of(metadata, key)) {
    case ORE_JSON_STRING:
        string = ore_json_get_string(metadata, key);
        put_type(text, ORE_GGUF_STRING);
        put_text(text, string, strlen(string));
        return ore_error_status();
    case ORE_JSON_INT:
        ore_json_get_int(metadata, key, &integer);
        put_integer(text, integer);
        return ore_error_status();
    case ORE_JSON_BOOL:
        ore_json_get_bool(metadata, key, &is);
        put_type(text, ORE_GGUF_BOOL);
        put_number(text, is, 1);
        return ore_error_status();
    case ORE_JSON_DOUBLE:
        ore_json_get_double(metadata, key, &number);
        put_type(text, ORE_GGUF_FLOAT32);
        put_float(text, number);
        return ore_error_status();
    case ORE_JSON_ARRAY:
        return put_array(text, ore_json_get_array(metadata, key), key);
    case ORE_JSON_NULL:
    case ORE_JSON_OBJECT:
    case ORE_JSON_MISSING:
        break;
    }
    return ore_fail(ORE_INVALID, "gguf: %.*s: expected a text, a number, a bool or an array",
                    KEY_SHOWN_BYTES, key);
}

/* A value as another file has it, type and bytes. */
static void put_like(ore_text *text, const ore_gguf *file, const ore_gguf_value *value) {
    const uint8_t *end = value + 1 < file->values + file->value_count
                             ? (const uint8_t *)value[1].key - sizeof(uint64_t)
                             : file->bytes + file->tensors_at;
    put_text(text, value->key, value->key_bytes);
    const char *begin = value->key + value->key_bytes;
    ore_text_put(text, begin, (size_t)((const char *)end - begin));
}

/* The GGUF file of `like`, or NULL. */
static const ore_gguf *like_of(const ore_tensor_writing *w) {
    const ore_tensor_file *like = w->options->like;
    return like && like->parts[0].format == &ore_tensor_format_gguf ? like->parts[0].state : NULL;
}

static ore_status put_values(ore_text *text, const ore_tensor_writing *w) {
    const ore_gguf *like = like_of(w);
    ore_json *metadata = w->options->metadata;
    for (int64_t i = 0; i < ore_json_count(metadata) && ore_no_error(); i++) {
        const char *key = ore_json_key(metadata, i);
        const ore_gguf_value *value = like ? ore_gguf_find(like, key) : NULL;
        if (value)
            put_like(text, like, value);
        else
            put_value(text, metadata, key);
    }
    return ore_error_status();
}

/* ---- tensors ---- */

static ore_status put_descriptions(ore_text *text, const ore_tensor_writing *w, size_t alignment) {
    size_t offset = 0;
    for (int64_t i = 0; i < w->count && ore_no_error(); i++) {
        const ore_tensor_item *item = &w->items[i];
        int type = ore_gguf_type_of(item->coding);
        if (type < 0)
            return ore_fail(ORE_INVALID, "gguf: tensor '%.*s': GGUF has no %s", SHOWN, item->name,
                            ore_coding_name(item->coding));
        if (item->shape.ndim > ORE_GGUF_MAX_DIMS)
            return ore_fail(ORE_INVALID, "gguf: tensor '%.*s': %d dims, GGUF has at most %d", SHOWN,
                            item->name, item->shape.ndim, ORE_GGUF_MAX_DIMS);
        put_text(text, item->name, strlen(item->name));
        /* a scalar is a row of one */
        put_number(text, (uint64_t)(item->shape.ndim > 0 ? item->shape.ndim : 1), 4);
        if (item->shape.ndim == 0)
            put_number(text, 1, sizeof(uint64_t));
        for (int d = item->shape.ndim - 1; d >= 0; d--)
            put_number(text, (uint64_t)item->shape.dim[d], sizeof(uint64_t));
        put_number(text, (uint64_t)type, 4);
        put_number(text, offset, sizeof(uint64_t));
        offset += ore_gguf_padded(ore_tensor_item_bytes(item), alignment);
    }
    return ore_error_status();
}

static void put_padding(ore_text *text, size_t alignment) {
    static const char zeros[1];
    while (ore_no_error() && (size_t)text->length % alignment != 0)
        ore_text_put(text, zeros, 1);
}

static ore_status put_tensors(ore_file_writer *writer, const ore_tensor_writing *w,
                              size_t alignment) {
    ore_text zeros = {0};
    put_number(&zeros, 0, 1);
    put_padding(&zeros, alignment);
    for (int64_t i = 0; i < w->count && ore_no_error(); i++) {
        size_t bytes = ore_tensor_item_bytes(&w->items[i]);
        ore_tensor_writing_put(w, i, ore_tensor_put_to_file, writer);
        ore_file_writer_put(writer, zeros.data, ore_gguf_padded(bytes, alignment) - bytes);
    }
    ore_release(zeros.data);
    return ore_error_status();
}

static ore_status find_alignment(ore_json *metadata, size_t *alignment) {
    int64_t number = ORE_GGUF_ALIGNMENT;
    if (ore_json_kind_of(metadata, ORE_GGUF_ALIGNMENT_KEY) != ORE_JSON_MISSING &&
        ore_json_get_int(metadata, ORE_GGUF_ALIGNMENT_KEY, &number) != ORE_OK)
        return ore_error_status();
    if (number < 1 || number > ORE_GGUF_LARGEST_ALIGNMENT)
        return ore_fail(ORE_INVALID, "gguf: %s: %lld, expected 1 .. %d", ORE_GGUF_ALIGNMENT_KEY,
                        (long long)number, ORE_GGUF_LARGEST_ALIGNMENT);
    *alignment = (size_t)number;
    return ORE_OK;
}

ore_status ore_tensor_write_gguf(const ore_tensor_writing *w) {
    size_t alignment = ORE_GGUF_ALIGNMENT;
    ore_text head = {0};
    ore_file_writer writer;
    if (find_alignment(w->options->metadata, &alignment) != ORE_OK)
        return ore_error_status();
    ore_text_put(&head, "GGUF", 4);
    put_number(&head, VERSION, 4);
    put_number(&head, (uint64_t)w->count, sizeof(uint64_t));
    put_number(&head, (uint64_t)ore_json_count(w->options->metadata), sizeof(uint64_t));
    put_values(&head, w);
    put_descriptions(&head, w, alignment);
    put_padding(&head, alignment);
    if (ore_no_error() && ore_file_writer_open(&writer, w->path) == ORE_OK) {
        ore_file_writer_put(&writer, head.data, (size_t)head.length);
        put_tensors(&writer, w, alignment);
        ore_file_writer_commit(&writer);
    }
    ore_release(head.data);
    return ore_error_status();
}
