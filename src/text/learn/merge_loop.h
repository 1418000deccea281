/* merge_loop.h: merges one after the other, by either way of finding them; and the token that two
 * tokens make. */
#ifndef ORE_TEXT_MERGE_LOOP_H
#define ORE_TEXT_MERGE_LOOP_H

#include "text/composed/vocab.h"
#include "text/learn/learn_merges.h"

typedef struct ore_joiner {
    ore_vocab *vocab;
    const char *inner_mark; /* "##", which is left out of the right token's text; or NULL */
    uint32_t *parts;        /* (vocab_size) first tokens that a token consists of; 0: unknown yet */
} ore_joiner;

typedef struct ore_pair_merge {
    uint32_t left, right, made; /* ids */
} ore_pair_merge;

/* A way to find merges: what `self` is, is its own affair. */
typedef struct ore_merge_way {
    /* The most frequent pair that may be merged; false where none is frequent enough, and with an
     * error. */
    bool (*next)(void *self, uint32_t *left, uint32_t *right);
    /* That pair cannot become a token. */
    void (*refuse)(void *self, uint32_t left, uint32_t right);
    /* Merges it wherever it is; *merged becomes how often. `is_new`: no token was like `made`. */
    ore_status (*merge)(void *self, const ore_pair_merge *merge, bool is_new, int64_t *merged);
} ore_merge_way;

/* Merges until the vocabulary is full or no pair is frequent enough, as ore_learn_merges says. */
ore_status ore_merge_all(const ore_merge_way *way, void *self, const ore_merge_options *options,
                         const ore_joiner *joiner, ore_learned_merge **merges, int64_t *count);

#endif
