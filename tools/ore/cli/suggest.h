/* suggest.h: the word a user may have meant. */
#ifndef ORE_TOOL_SUGGEST_H
#define ORE_TOOL_SUGGEST_H

#include <stddef.h>

/* The nearest candidate to `word` by edits (insert, delete, replace, swap neighbours), `name(user,
 * i)` giving candidates 0 .. n-1; dashes equal underscores. NULL where none is near: one
 * edit for every three letters. */
const char *suggest_nearest(const char *word, const char *(*name)(const void *user, int i), int n,
                            const void *user);

#endif
