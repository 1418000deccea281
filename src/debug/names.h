/* names.h: texts, each kept once and known by a number. */
#ifndef ORE_DEBUG_NAMES_H
#define ORE_DEBUG_NAMES_H

#include <ore/base.h>

/* Begins as zeros. */
typedef struct debug_names {
    char **text;
    int64_t count, capacity;
    int32_t *slot; /* a hash table of slots, a power of two: number + 1, or 0 */
    int64_t slots;
} debug_names;

/* The number of `text`, from 0 on in the order of their coming; -1 with the error pending. */
int32_t debug_name(debug_names *names, const char *text);
void debug_names_free(debug_names *names);

#endif
