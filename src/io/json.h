/* json.h: inside of a JSON handle, and text that grows. */
#ifndef ORE_IO_JSON_H
#define ORE_IO_JSON_H

#include <jansson.h>
#include <ore/io.h>

struct ore_json {
    json_t *value;    /* an object or array; the handle holds one reference */
    ore_json *root;   /* the outermost handle; itself for that one */
    ore_json *parent; /* NULL for the root */
    ore_json *next;   /* chain of all handles below a root, from the root on */
    const char *key;  /* in an object parent; memory of jansson's */
    int64_t index;    /* in an array parent */
    char *name;       /* of the root: stands for the document in messages */
    void *iterator;   /* ore_json_key's place, */
    int64_t place;    /* and its number */
};

/* text as a value; NULL where it is not UTF-8, or with ORE_MEMORY pending. */
json_t *ore_json_string(const char *text);

typedef struct ore_text {
    char *data; /* always ends with a NUL once something was put */
    int64_t length;
    int64_t capacity;
} ore_text;

/* Each returns the pending status; after an error they do nothing. */
ore_status ore_text_put(ore_text *text, const char *data, size_t bytes);
ore_status ore_text_format(ore_text *text, const char *format, ...) ORE_PRINTF(2, 3);
/* With quotes and escapes. */
ore_status ore_text_put_json_string(ore_text *text, const char *string, size_t bytes);

#endif
