/* translation.h: pairs of dates as ids, in batches, for translators of any kind. */
#ifndef LAB_TRANSLATION_H
#define LAB_TRANSLATION_H

#include "lab/frame/dates.h"

enum { TRANSLATION_TOKENS = DATES_ISO_BYTES }; /* of each target: 10 characters and the end */

/* The first `train` pairs are to learn from; none of them has a day, and so none a text, that one
 * of the others has. */
typedef struct translation {
    date_pair *pairs;
    int64_t count, train;
    ore_tokenizer *tokenizer; /* of the characters of all pairs, with an end of line that ends */
    int64_t *x, *lengths, *y; /* (count, DATES_BYTES), (count), (count, TRANSLATION_TOKENS) */
} translation;

/* train pairs, then `held` pairs of the fifth of all days that training never sees. To be freed,
 * also after a failure. */
ore_status translation_new(translation *t, int64_t train, int64_t held, ore_generator *g);
void translation_free(translation *t);

/* x (n, S) int64 padded with 0, of the longest of the rows, y (n, TRANSLATION_TOKENS) and lengths
 * (n) of the n pairs at rows. */
ore_batch translation_batch(const translation *t, const int64_t *rows, int64_t n);
/* The text of n ids up to the end, into text of DATES_BYTES; returns text. */
const char *translation_text(const translation *t, const int64_t *ids, int64_t n, char *text);

/* Batches of the pairs to learn from, in random order, without end. */
typedef struct translation_feed {
    const translation *data;
    ore_dataset dataset;
    ore_sampler *sampler; /* NULL: a batch is what comes next, whatever its length */
    ore_loader *loader;
} translation_feed;
/* With buckets a batch has pairs of like lengths. To be closed, also after a failure. */
ore_status translation_feed_open(translation_feed *f, const translation *t, int64_t batch_size,
                                 bool buckets, ore_generator *g);
void translation_feed_close(translation_feed *f);
ore_batch translation_feed_next(translation_feed *f);

#endif
