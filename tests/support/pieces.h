/* pieces.h: a text that an encode job (text/encode.h) reads a few bytes at a time. */
#ifndef ORE_TESTS_PIECES_H
#define ORE_TESTS_PIECES_H

#include <ore/base.h>

enum { PIECES_IDS_MAX = 2048 };

typedef struct source {
    const char *text;
    size_t left, at_a_time; /* bytes */
    int64_t ids[PIECES_IDS_MAX], count;
} source;

/* The job's functions, for which `user` is a source: the next bytes, and the ids that come. */
int64_t give(void *user, char *bytes, size_t capacity);
ore_status take(void *user, const int64_t *ids, int64_t count);

#endif
