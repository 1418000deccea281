/* json_zeros.c: U+0000 in JSON for a reader that takes none in keys. U+10FFFD begins pairs of
 * characters: with "0" behind it it stands for U+0000, with "1" for itself. */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/json.h"

static const char mark[] = "\xF4\x8F\xBF\xBD"; /* U+10FFFD */
enum { MARK_BYTES = sizeof mark - 1, PAIR_BYTES = MARK_BYTES + 1 };

static bool begins(const char *at, const char *end, const char *with) {
    size_t bytes = strlen(with);
    return (size_t)(end - at) >= bytes && strncasecmp(at, with, bytes) == 0;
}

static char *put_pair(char *to, char which) {
    memcpy(to, mark, MARK_BYTES);
    to[MARK_BYTES] = which;
    return to + PAIR_BYTES;
}

char *ore_json_hide_zeros(const char *text, size_t bytes, size_t *hidden_bytes) {
    static const char zero[] = "\\u0000", escaped_mark[] = "\\uDBFF\\uDFFD";
    const char *at = text, *end = text + bytes;
    char *hidden = ore_alloc(2 * bytes + 1), *to = hidden; /* a mark becomes a pair */
    while (hidden && at < end) {
        if (begins(at, end, zero)) {
            to = put_pair(to, '0');
            at += sizeof zero - 1;
        } else if (begins(at, end, escaped_mark)) {
            to = put_pair(to, '1');
            at += sizeof escaped_mark - 1;
        } else if (begins(at, end, mark)) {
            to = put_pair(to, '1');
            at += MARK_BYTES;
        } else {
            for (int n = *at == '\\' && at + 1 < end ? 2 : 1; n > 0; n--)
                *to++ = *at++;
        }
    }
    *hidden_bytes = hidden ? (size_t)(to - hidden) : 0;
    return hidden;
}

/* The text that a hidden one stands for, in memory of the pool. */
static char *show(const char *text, size_t bytes, size_t *shown_bytes) {
    const char *at = text, *end = text + bytes;
    char *shown = ore_alloc(bytes + 1), *to = shown;
    while (shown && at < end) {
        if (end - at < PAIR_BYTES || memcmp(at, mark, MARK_BYTES) != 0) {
            *to++ = *at++;
            continue;
        }
        if (at[MARK_BYTES] == '1') {
            memcpy(to, mark, MARK_BYTES);
            to += MARK_BYTES;
        } else {
            *to++ = '\0';
        }
        at += PAIR_BYTES;
    }
    *shown_bytes = shown ? (size_t)(to - shown) : 0;
    return shown;
}

static json_t *show_value(json_t *hidden);

static json_t *show_object(json_t *hidden) {
    json_t *object = json_object();
    for (void *i = json_object_iter(hidden); object && i; i = json_object_iter_next(hidden, i)) {
        size_t bytes;
        char *key = show(json_object_iter_key(i), json_object_iter_key_len(i), &bytes);
        json_t *value = key ? show_value(json_object_iter_value(i)) : NULL;
        if (!value || json_object_setn_new(object, key, bytes, value) != 0) {
            json_decref(object);
            object = NULL;
        }
        ore_release(key);
    }
    return object;
}

static json_t *show_array(json_t *hidden) {
    json_t *array = json_array();
    for (size_t i = 0; array && i < json_array_size(hidden); i++) {
        json_t *value = show_value(json_array_get(hidden, i));
        if (!value || json_array_append_new(array, value) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *show_value(json_t *hidden) {
    if (json_is_object(hidden))
        return show_object(hidden);
    if (json_is_array(hidden))
        return show_array(hidden);
    if (!json_is_string(hidden))
        return json_incref(hidden);
    size_t bytes;
    char *text = show(json_string_value(hidden), json_string_length(hidden), &bytes);
    json_t *string = text ? json_stringn(text, bytes) : NULL;
    ore_release(text);
    return string;
}

ore_status ore_json_show_zeros(ore_json *json) {
    json_t *shown = show_value(json->value);
    if (!shown)
        return ore_fail(ORE_MEMORY, "json: out of memory");
    json_decref(json->value);
    json->value = shown;
    return ORE_OK;
}
