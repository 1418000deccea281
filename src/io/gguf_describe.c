/* gguf_describe.c: the metadata of a GGUF file as JSON. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/gguf.h"

enum { PATH_SHOWN_BYTES = 400 };

/* A copy that ends with a NUL, for JSON; NULL with an error where it has one inside. */
static char *text_of(const ore_gguf *file, const char *text, size_t bytes) {
    if (memchr(text, '\0', bytes)) {
        ore_fail(ORE_DATA, "%.*s: a text of the metadata has a NUL in it", PATH_SHOWN_BYTES,
                 file->path);
        return NULL;
    }
    return ore_copy_bytes(text, bytes);
}

/* text_of the text at *at, which moves behind it. */
static char *next_text(const ore_gguf *file, const uint8_t **at) {
    size_t bytes;
    const char *text = ore_gguf_next_text(file, at, &bytes);
    return text ? text_of(file, text, bytes) : NULL;
}

/* The i-th number as an integer, for which a double has too few bits; false for what int64 lacks.
 */
static bool integer_at(const ore_gguf_value *value, int64_t i, int64_t *number) {
    if (value->type != ORE_GGUF_INT64 && value->type != ORE_GGUF_UINT64) {
        *number = (int64_t)ore_gguf_number(value, i);
        return true;
    }
    memcpy(number, value->data + (size_t)i * sizeof *number, sizeof *number);
    return value->type == ORE_GGUF_INT64 || *number >= 0;
}

static ore_status add_array(const ore_gguf *file, const ore_gguf_value *value, ore_json *array) {
    const uint8_t *at = value->data;
    for (int64_t i = 0; i < value->count && ore_no_error(); i++) {
        int64_t number;
        if (value->type == ORE_GGUF_STRING) {
            char *text = next_text(file, &at);
            if (text)
                ore_json_add_string(array, text);
            ore_release(text);
        } else if (ore_gguf_is_integer(value->type) && integer_at(value, i, &number)) {
            ore_json_add_int(array, number);
        } else {
            ore_json_add_double(array, ore_gguf_number(value, i));
        }
    }
    return ore_error_status();
}

static ore_status set_value(const ore_gguf *file, const ore_gguf_value *value, const char *key,
                            ore_json *metadata) {
    int64_t number;
    if (value->array) {
        ore_json *array = ore_json_set_array(metadata, key);
        return array ? add_array(file, value, array) : ore_error_status();
    }
    if (value->type == ORE_GGUF_STRING) {
        const uint8_t *at = value->data;
        char *text = next_text(file, &at);
        if (text)
            ore_json_set_string(metadata, key, text);
        ore_release(text);
        return ore_error_status();
    }
    if (value->type == ORE_GGUF_BOOL)
        return ore_json_set_bool(metadata, key, *value->data != 0);
    if (ore_gguf_is_integer(value->type) && integer_at(value, 0, &number))
        return ore_json_set_int(metadata, key, number);
    return ore_json_set_double(metadata, key, ore_gguf_number(value, 0));
}

static bool has_tokens(const ore_gguf_value *value) {
    static const char prefix[] = "tokenizer.";
    return value->array && value->key_bytes >= sizeof prefix - 1 &&
           memcmp(value->key, prefix, sizeof prefix - 1) == 0;
}

ore_status ore_gguf_describe(const ore_gguf *file, ore_json *metadata, bool tokens) {
    for (int64_t i = 0; i < file->value_count && ore_no_error(); i++) {
        const ore_gguf_value *value = &file->values[i];
        if (!tokens && has_tokens(value))
            continue;
        char *key = text_of(file, value->key, value->key_bytes);
        if (key && set_value(file, value, key, metadata) != ORE_OK)
            ore_error_locate(file->path);
        ore_release(key);
    }
    return ore_error_status();
}
