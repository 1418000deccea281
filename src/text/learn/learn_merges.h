/* learn_merges.h: learns which tokens to join, as byte-pair encoding does (R. Sennrich, B. Haddow,
 * A. Birch, "Neural machine translation of rare words with subword units", 2016): again and again
 * the pair of neighbouring tokens that occurs most often in all pieces becomes a token of its own.
 *
 * Of equally frequent pairs the one whose left token has the lower id comes first, then the one
 * whose right token has. Counts and ids are all that the merges depend on, not the order of pieces.
 * Both are so in Hugging Face's tokenizers, whose merges these are. */
#ifndef ORE_TEXT_LEARN_MERGES_H
#define ORE_TEXT_LEARN_MERGES_H

#include "text/composed/vocab.h"
#include "text/learn/run_index.h"

typedef struct ore_learned_merge {
    uint32_t left, right, made; /* ids: made = left + right */
    int64_t count;              /* occurrences of the pair when it was merged */
} ore_learned_merge;

/* What comes in: the pieces as ids of the first tokens. */
typedef struct ore_merge_input {
    uint32_t *ids; /* (size) the pieces one after the other, the frequent ones first, with
                    * ORE_MERGE_BREAK before each and behind the last; the merges overwrite it */
    int64_t size;
    ore_run_index runs; /* how often the piece at each place of ids occurs */
} ore_merge_input;

#define ORE_MERGE_BREAK UINT32_MAX

typedef struct ore_merge_options {
    int64_t vocab_size;     /* tokens in all, with those that are there already */
    int64_t min_frequency;  /* pairs that occur less often are not merged */
    int64_t max_parts;      /* first tokens that a token may consist of */
    const char *inner_mark; /* "##", which begins the text of tokens that begin no piece; or NULL */
    /* Asked before each merge; true gives up with ORE_STATE. NULL: never. */
    bool (*stop)(void *user, int64_t tokens);
    void *user;
} ore_merge_options;

/* Learns merges until the vocabulary is full or no pair is frequent enough. `vocab` has the bytes
 * of each token by its id and gets those of the new ones; one that is there already (a special
 * token) keeps its id. *merges becomes an array of *count, to be released with ore_release. */
ore_status ore_learn_merges(ore_merge_input *input, const ore_merge_options *options,
                            ore_vocab *vocab, ore_learned_merge **merges, int64_t *count);

#endif
