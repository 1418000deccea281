/* opinion_set.h: reviews (opinions.h) as ids, and the two readers that the rungs on them compare: a
 * bag of words and an encoder (models/encoder). */
#ifndef LAB_OPINION_SET_H
#define LAB_OPINION_SET_H

#include "lab/frame/lab.h"
#include "lab/frame/opinions.h"
#include "models/encoder/encoder.h"

enum { OPINION_TOKENS_MAX = 48 }; /* of a opinion */

/* A word tokenizer of `count` reviews drawn with names under a seed: words that come once are
 * unknown ones, names and addresses are one token each. */
ore_tokenizer *opinion_tokenizer(int64_t count, int64_t seed);

typedef struct opinion_set {
    opinion *reviews; /* (count) */
    int64_t count;
    ore_tensor *ids;     /* (count, OPINION_TOKENS_MAX) int64, zeros behind the tokens */
    ore_tensor *lengths; /* (count) int64 */
    ore_tensor *labels;  /* (count) int64: 1 is positive */
} opinion_set;

/* Draws `count` reviews; `names` as opinion_draw. To be given to opinion_set_free, also after a
 * failure. */
ore_status opinion_set_make(opinion_set *s, const ore_tokenizer *tokenizer, int64_t count,
                            bool names, int64_t seed);
/* Of these texts, whose labels are all 0. */
ore_status opinion_set_of(opinion_set *s, const ore_tokenizer *tokenizer, const char *const *texts,
                          int64_t count);
void opinion_set_free(opinion_set *s);
/* The ids of a text into ids (OPINION_TOKENS_MAX); their number, or -1 on failure. */
int64_t opinion_encode(const ore_tokenizer *tokenizer, const char *text, int64_t *ids);

/* ---- readers: logits (count, 2) of rows first .. first + count - 1 ---- */

typedef ore_tensor *(*opinion_reader)(void *model, const opinion_set *s, ore_tensor *rows);

/* How often each word occurs, times a weight of its own for each class: the order of the words does
 * not count. */
typedef struct opinion_bag {
    ore_linear linear; /* (V) -> (2) */
    int64_t V;
} opinion_bag;
void opinion_bag_init(opinion_bag *b, int64_t V, ore_generator *g);
ore_tensor *opinion_bag_read(void *bag, const opinion_set *s, ore_tensor *rows);
ore_tensor *opinion_encoder_read(void *encoder, const opinion_set *s, ore_tensor *rows);

typedef struct opinion_training {
    const char *name; /* for the progress line */
    int64_t steps, batch;
    double lr; /* AdamW's, rising over a tenth of the steps and then falling to 0 */
} opinion_training;
/* Trains on random rows drawn from g. */
ore_status opinion_train(lab *l, ore_module *module, opinion_reader read, const opinion_set *s,
                         const opinion_training *t, ore_generator *g);
/* Which reviews it reads right, into right (count); returns their share. */
double opinion_accuracy(ore_module *module, opinion_reader read, const opinion_set *s, bool *right);

#endif
