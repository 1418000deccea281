/* json.h: the inside of a JSON handle, and a text buffer that grows. */
#ifndef ORE_IO_JSON_H
#define ORE_IO_JSON_H

#include <jansson.h>
#include <ore/io.h>

struct ore_json {
    json_t *value;    /* an object or array; the handle holds one reference */
    ore_json *root;   /* the handle of the whole document; its own root is itself */
    ore_json *parent; /* NULL for the root */
    ore_json *next;   /* list of all handles of a document, which begins with the root */
    const char *key;  /* this value's key, where the parent is an object; owned by jansson */
    int64_t index;    /* this value's index, where the parent is an array */
    char *name;       /* of the root: stands for the document in messages */
    /* jansson's iterator at member number `place`, the last that ore_json_key gave, or NULL */
    void *iterator;
    int64_t place;
};

/* A jansson string. NULL without an error where `text` is not UTF-8, NULL with ORE_MEMORY where
 * memory runs out. */
json_t *ore_json_string(const char *text);

/* ore_json_parse of text whose integers may be larger than 64 bits: where one is, *inexact becomes
 * true and all integers doubles. */
ore_json *ore_json_parse_inexact(const char *text, size_t bytes, const char *name, bool *inexact);

/* ---- texts with U+0000 ---- */

/* ore_json_parse of text whose strings and keys may have U+0000, which the functions below take and
 * give, with their sizes; those of ore/io.h say that they have none of that. */
ore_json *ore_json_parse_zeros(const char *text, size_t bytes, const char *name);
const char *ore_json_get_bytes(const ore_json *object, const char *key, size_t *bytes);
const char *ore_json_at_bytes(const ore_json *array, int64_t i, size_t *bytes);
const char *ore_json_key_bytes(ore_json *object, int64_t i, size_t *bytes);
/* The value of member i. */
ore_status ore_json_member_int(ore_json *object, int64_t i, int64_t *value);
ore_status ore_json_set_bytes(ore_json *object, const char *key, const char *text, size_t bytes);
ore_status ore_json_set_int_at(ore_json *object, const char *key, size_t key_bytes, int64_t value);
ore_status ore_json_add_bytes(ore_json *array, const char *text, size_t bytes);

/* JSON text in which other characters stand for U+0000, in memory of the pool, */
char *ore_json_hide_zeros(const char *text, size_t bytes, size_t *hidden_bytes);
/* and U+0000 again in what was read of it. */
ore_status ore_json_show_zeros(ore_json *json);

typedef struct ore_text {
    char *data; /* always ends with a NUL once something was put */
    int64_t length;
    int64_t capacity;
} ore_text;

/* These append to a text, which starts as all zeros. While an error is pending they do nothing;
 * each returns the status. ore_text_format takes pieces of up to 127 bytes, else ORE_INVALID. */
ore_status ore_text_put(ore_text *text, const char *data, size_t bytes);
ore_status ore_text_format(ore_text *text, const char *format, ...) ORE_PRINTF(2, 3);
/* Appends a string as JSON: in quotes, with escapes. */
ore_status ore_text_put_json_string(ore_text *text, const char *string, size_t bytes);

#endif
