/* json_text.c: JSON values as text. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "io/json.h"

ore_status ore_text_put(ore_text *text, const char *data, size_t bytes) {
    if (!ore_ok())
        return ore_error_status();
    int64_t needed = text->length + (int64_t)bytes + 1;
    if (needed > text->capacity) {
        /* The capacity doubles, so that n small puts cost O(n). */
        int64_t wanted = needed > 2 * text->capacity ? needed : 2 * text->capacity;
        ore_status status = ore_grow((void **)&text->data, &text->capacity, wanted, 1);
        if (status != ORE_OK)
            return status;
    }
    if (bytes > 0)
        memcpy(text->data + text->length, data, bytes);
    text->length += (int64_t)bytes;
    text->data[text->length] = 0;
    return ORE_OK;
}

ore_status ore_text_format(ore_text *text, const char *format, ...) {
    char piece[128]; /* the longest piece, two offsets of a safetensors entry, has 60 bytes */
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof piece)
        return ore_fail(ORE_INVALID, "json: a formatted piece of %d bytes is too long", length);
    return ore_text_put(text, piece, (size_t)length);
}

ore_status ore_text_put_json_string(ore_text *text, const char *string, size_t bytes) {
    ore_text_put(text, "\"", 1);
    size_t plain = 0; /* start of the current run of bytes that need no escape */
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)string[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        ore_text_put(text, string + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            ore_text_format(text, "\\%c", c);
        else if (c == '\n')
            ore_text_put(text, "\\n", 2);
        else if (c == '\t')
            ore_text_put(text, "\\t", 2);
        else
            ore_text_format(text, "\\u%04x", c);
    }
    ore_text_put(text, string + plain, bytes - plain);
    return ore_text_put(text, "\"", 1);
}

static void put_double(ore_text *text, double value) {
    if (!isfinite(value)) {
        ore_text_put(text, "null", 4);
        return;
    }
    char digits[ORE_NUMBER_TEXT_BYTES];
    bool whole = !strpbrk(ore_number_text(value, digits), ".e");
    ore_text_format(text, "%s%s", digits, whole ? ".0" : "");
}

static void put_line_break(ore_text *text, int depth) {
    ore_text_put(text, "\n", 1);
    for (int i = 0; i < depth; i++)
        ore_text_put(text, "  ", 2);
}

static bool holds_only_scalars(const json_t *array) {
    size_t i;
    json_t *element;
    json_array_foreach(array, i, element) {
        if (json_is_array(element) || json_is_object(element))
            return false;
    }
    return true;
}

/* Writes a value at this depth of indentation; a negative depth puts all of it on one line. */
static void put_value(ore_text *text, json_t *value, int depth);

static void put_array(ore_text *text, json_t *array, int depth) {
    int inner = depth < 0 || holds_only_scalars(array) ? -1 : depth + 1;
    size_t i;
    json_t *element;
    ore_text_put(text, "[", 1);
    json_array_foreach(array, i, element) {
        if (i > 0)
            ore_text_put(text, ", ", inner < 0 ? 2 : 1);
        if (inner >= 0)
            put_line_break(text, inner);
        put_value(text, element, inner);
    }
    if (inner >= 0)
        put_line_break(text, depth);
    ore_text_put(text, "]", 1);
}

static void put_object(ore_text *text, json_t *object, int depth) {
    int inner = depth < 0 || json_object_size(object) == 0 ? -1 : depth + 1;
    ore_text_put(text, "{", 1);
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *key = json_object_iter_key(i);
        if (i != json_object_iter(object))
            ore_text_put(text, ", ", inner < 0 ? 2 : 1);
        if (inner >= 0)
            put_line_break(text, inner);
        ore_text_put_json_string(text, key, json_object_iter_key_len(i));
        ore_text_put(text, ": ", 2);
        put_value(text, json_object_iter_value(i), inner);
    }
    if (inner >= 0)
        put_line_break(text, depth);
    ore_text_put(text, "}", 1);
}

static void put_value(ore_text *text, json_t *value, int depth) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(text, value, depth);
        return;
    case JSON_ARRAY:
        put_array(text, value, depth);
        return;
    case JSON_STRING:
        ore_text_put_json_string(text, json_string_value(value), json_string_length(value));
        return;
    case JSON_INTEGER:
        ore_text_format(text, "%lld", (long long)json_integer_value(value));
        return;
    case JSON_REAL:
        put_double(text, json_real_value(value));
        return;
    case JSON_TRUE:
        ore_text_put(text, "true", 4);
        return;
    case JSON_FALSE:
        ore_text_put(text, "false", 5);
        return;
    case JSON_NULL:
        ore_text_put(text, "null", 4);
        return;
    }
}

char *ore_json_text(const ore_json *json, bool indented) {
    if (!ore_ok() || !json) {
        ore_fail(ORE_INVALID, "json: no object or array to write");
        return NULL;
    }
    ore_text text = {0};
    put_value(&text, json->value, indented ? 0 : -1);
    if (indented)
        ore_text_put(&text, "\n", 1);
    if (ore_ok())
        return text.data;
    ore_release(text.data);
    return NULL;
}

ore_status ore_json_write(const ore_json *json, const char *path) {
    char *text = ore_json_text(json, true);
    ore_status status = text ? ore_file_write(path, text, strlen(text)) : ore_error_status();
    ore_release(text);
    return status;
}

ore_status ore_json_append(const ore_json *json, const char *path) {
    char *text = ore_json_text(json, false);
    if (!text)
        return ore_error_status();
    size_t length = strlen(text);
    text[length] = '\n'; /* replaces the NUL: the file gets length + 1 bytes */
    ore_status status = ore_file_append(path, text, length + 1);
    ore_release(text);
    return status;
}
