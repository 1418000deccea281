/* pickle_describe.c: what a pickle holds beside tensors, as JSON. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "io/pickle.h"

const char *ore_pickle_key_text(const ore_pickle_value *key, char digits[ORE_PICKLE_DIGITS],
                                size_t *bytes) {
    if (key->kind == ORE_PICKLE_TEXT) {
        *bytes = key->bytes;
        return key->text;
    }
    if (key->kind != ORE_PICKLE_INT)
        return NULL;
    *bytes = (size_t)snprintf(digits, ORE_PICKLE_DIGITS, "%lld", (long long)key->integer);
    return digits;
}

static bool is_utf8(const char *text, size_t bytes) {
    const uint8_t *at = (const uint8_t *)text, *end = at + bytes;
    uint32_t code_point;
    while (at < end) {
        int length = ore_utf8_decode(at, end, &code_point);
        if (length <= 0)
            return false;
        at += length;
    }
    return true;
}

/* A copy with a NUL at its end; NULL, without an error, for what JSON cannot hold: bytes that
 * are no text. */
static char *copy_of(const char *text, size_t bytes) {
    return memchr(text, '\0', bytes) || !is_utf8(text, bytes) ? NULL : ore_copy_bytes(text, bytes);
}

static ore_status put_items(const ore_pickle *p, const ore_pickle_value *container, ore_json *json);

/* A container as a new member or, without a key, element. A dict that holds nothing but tensors is
 * left out of an object. */
static ore_status put_container(const ore_pickle *p, const ore_pickle_value *value, ore_json *json,
                                const char *key) {
    bool dict = value->kind == ORE_PICKLE_DICT;
    ore_json *inner = !key   ? dict ? ore_json_add_object(json) : ore_json_add_array(json)
                        : dict ? ore_json_set_object(json, key)
                             : ore_json_set_array(json, key);
    if (inner && put_items(p, value, inner) == ORE_OK && key && value->count > 0 &&
        ore_json_count(inner) == 0)
        ore_json_remove(json, key);
    return ore_error_status();
}

static ore_status put_value(const ore_pickle *p, const ore_pickle_value *value, ore_json *json,
                            const char *key) {
    char *text;
    switch (value->kind) {
    case ORE_PICKLE_NONE:
        return key ? ore_json_set_null(json, key) : ORE_OK;
    case ORE_PICKLE_BOOL:
        return key ? ore_json_set_bool(json, key, value->integer != 0)
                   : ore_json_add_int(json, value->integer);
    case ORE_PICKLE_INT:
        return key ? ore_json_set_int(json, key, value->integer)
                   : ore_json_add_int(json, value->integer);
    case ORE_PICKLE_FLOAT:
        return key ? ore_json_set_double(json, key, value->number)
                   : ore_json_add_double(json, value->number);
    case ORE_PICKLE_TEXT:
        text = copy_of(value->text, value->bytes);
        if (text && key)
            ore_json_set_string(json, key, text);
        else if (text)
            ore_json_add_string(json, text);
        ore_release(text);
        return ore_error_status();
    case ORE_PICKLE_LIST:
    case ORE_PICKLE_DICT:
        return put_container(p, value, json, key);
    case ORE_PICKLE_TENSOR:
    case ORE_PICKLE_GLOBAL:
    case ORE_PICKLE_STORAGE:
        break;
    }
    return ORE_OK;
}

/* The items of a container as members or elements of `json`. */
static ore_status put_items(const ore_pickle *p, const ore_pickle_value *container,
                            ore_json *json) {
    bool dict = container->kind == ORE_PICKLE_DICT;
    int64_t count = dict ? container->count / 2 : container->count;
    for (int64_t i = 0; i < count && ore_no_error(); i++) {
        const ore_pickle_value *item = &p->values[container->items[dict ? 2 * i + 1 : i]];
        char digits[ORE_PICKLE_DIGITS];
        size_t bytes;
        const char *text =
            dict ? ore_pickle_key_text(&p->values[container->items[2 * i]], digits, &bytes) : NULL;
        char *key = text ? copy_of(text, bytes) : NULL;
        if (!dict || key)
            put_value(p, item, json, key);
        ore_release(key);
    }
    return ore_error_status();
}

ore_status ore_pickle_describe(const ore_pickle *pickle, ore_json *metadata) {
    const ore_pickle_value *root = &pickle->values[pickle->root];
    return root->kind == ORE_PICKLE_DICT ? put_items(pickle, root, metadata) : ORE_OK;
}
