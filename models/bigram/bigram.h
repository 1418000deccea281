/* bigram.h: a table of scores, one row for each token: what may follow it. Trained by gradient
 * descent it comes to the logarithms of the counts of pairs, up to a constant in each row.
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

/* All scores are 0 at first: every token is as likely. ORE_INVALID for values that fields do
 * not take. */
ore_status bigram_init(bigram *model, const bigram_config *config);
void bigram_free(bigram *model);

/* (N, T) int64 ids, T >= 1, of which the last count -> (N, V) logits. */
ore_tensor *bigram_forward(const bigram *model, ore_tensor *ids);

/* As a family (family.h), whose fields are those of the config, with ranges, defaults and help. */
extern const model_family bigram_family;

#endif
