/* bigram.h: a table with a row for each token: the scores (logits) of the tokens that may follow
 * it. Training by gradient descent brings the scores to the logarithms of the counts of pairs, up
 * to a constant in each row.
 *
 * Names: logits (V, V) */
#ifndef ORE_MODELS_BIGRAM_H
#define ORE_MODELS_BIGRAM_H

#include "models/family.h"

typedef struct bigram_config {
    int64_t vocab_size; /* V: rows and columns of the table */
} bigram_config;

typedef struct bigram {
    ore_module module;  /* the root; forward takes (N, T) ids, gives (N, V) logits */
    ore_tensor *logits; /* (V, V): row a holds the scores of what follows a */
} bigram;

/* All scores are 0 at first, so that every token is equally likely. ORE_INVALID for values that the
 * fields do not take. */
ore_status bigram_init(bigram *model, const bigram_config *config);
void bigram_free(bigram *model);

/* (N, T) int64 ids, T >= 1, of which only the last of each row matters -> (N, V) logits. */
ore_tensor *bigram_forward(const bigram *model, ore_tensor *ids);

/* The bigram as a family (family.h); its fields, those of the config, have ranges, defaults and
 * help. */
extern const model_family bigram_family;

#endif
