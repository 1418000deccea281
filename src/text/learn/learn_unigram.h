/* learn_unigram.h: learns the pieces of a unigram tokenizer and their probabilities (T. Kudo,
 * "Subword regularization", 2018, section 3.2), as SentencePiece does. */
#ifndef ORE_TEXT_LEARN_UNIGRAM_H
#define ORE_TEXT_LEARN_UNIGRAM_H

#include "text/learn/seed_pieces.h"

typedef struct ore_unigram_training {
    int64_t vocab_size;   /* pieces to keep */
    int64_t alphabet_max; /* the most frequent characters, which are all kept; 0: all of them */
    int64_t seed_count;   /* substrings to begin with */
    int max_chars;        /* of a piece */
    int steps;            /* of expectation and maximisation before each pruning */
    double keep_share;    /* of the pieces, that each pruning keeps */
    /* Asked now and then; true gives up with ORE_STATE. NULL: never. */
    bool (*stop)(void *user, int64_t pieces);
    void *user;
} ore_unigram_training;

/* The pieces of `texts`, which has the frequent ones first, into `learned`: the probable ones
 * first, with the logarithms of their probabilities; perhaps fewer than vocab_size. ORE_DATA where
 * the alphabet alone is larger than that. The result depends on the texts and their counts alone:
 * sums that threads add to are integers. */
ore_status ore_learn_unigram(const ore_piece *const *texts, int64_t count,
                             const ore_unigram_training *options, ore_part_list *learned);

#endif
