/* suggest.h: the word that a user may have meant. */
#ifndef ORE_TOOL_SUGGEST_H
#define ORE_TOOL_SUGGEST_H

#include <stddef.h>

/* The candidate that is nearest to `word` by edits (insert, delete, replace a letter, swap two
 * neighbours); name(user, i) gives candidates 0 .. n - 1, and dashes equal underscores. NULL where
 * none is near, which is within one edit for every three letters. */
const char *suggest_nearest(const char *word, const char *(*name)(const void *user, int i), int n,
                            const void *user);

#endif
