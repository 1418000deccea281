/* json_scan.h: strings of a JSON object without a tree of it: what nearly all lines of JSON need,
 * several times as fast as a whole reader. */
#ifndef ORE_IO_JSON_SCAN_H
#define ORE_IO_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/* A string as it stands between its quotes, or null. */
typedef struct ore_json_span {
    const char *start; /* NULL: not found, or null */
    int64_t bytes;
    bool escaped; /* it has a backslash */
    bool found;
} ore_json_span;

/* Whether the bytes, which are UTF-8 without NULs, are an object that ore_json_parse would take and
 * whose members of these names are strings or null, or not there. False says nothing: it is also
 * what this leaves to a whole reader (errors and their messages, escapes in keys, objects of many
 * members, deep ones, large numbers). */
bool ore_json_find_strings(const char *bytes, int64_t size, char *const *names, int64_t count,
                           ore_json_span *spans);
/* The text of a string that was found into `to`, which has room for span->bytes; its length. */
int64_t ore_json_unescape(const ore_json_span *span, char *to);

#endif
