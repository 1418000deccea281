/* pieces.h: a text that an encode job (text/encode.h) reads a few bytes at a time. */
#ifndef ORE_TESTS_PIECES_H
#define ORE_TESTS_PIECES_H

#include <ore/text.h>

enum { PIECES_IDS_MAX = 2048 };

typedef struct source {
    const char *text;
    size_t left, at_a_time; /* bytes */
    int64_t ids[PIECES_IDS_MAX], count;
} source;

/* The job's functions, for which `user` is a source: the next bytes, and the ids that come. */
int64_t give(void *user, char *bytes, size_t capacity);
ore_status take(void *user, const int64_t *ids, int64_t count);

/* Asserts that the tokenizer gives a text these ids if it is read so many bytes at a time, in
 * pieces of `piece` bytes. */
void assert_pieces(const ore_tokenizer *tokenizer, const char *text, size_t bytes,
                   const int64_t *ids, int64_t count, size_t at_a_time, size_t piece);
/* The same for each pair of 1 .. most. */
void assert_pieces_do_not_matter(const ore_tokenizer *tokenizer, const char *text, size_t bytes,
                                 const int64_t *ids, int64_t count, size_t most);

#endif
