/* pairs.h: pairs of texts, and what a model writes for a text: the parts of the task that pairs.c
 * puts together. */
#ifndef ORE_TOOL_PAIRS_H
#define ORE_TOOL_PAIRS_H

#include <ore/data.h>
#include <ore/text.h>

#include "models/tasks/pairs.h"
#include "tasks/row_parts.h"
#include "tasks/task.h"

enum { PAIRS_FROM, PAIRS_TO, PAIRS_SIDES };

typedef struct text_pair {
    char *text[PAIRS_SIDES];                       /* owned */
    int64_t *ids[PAIRS_SIDES], count[PAIRS_SIDES]; /* owned; those to write with the end */
    int64_t line;                                  /* in its source */
    int source;
} text_pair;

/* The parts are data sets of x (S) and y (L). */
typedef struct pairs_data {
    char *names[SOURCES]; /* owned; train_data's */
    text_pair *pairs;
    int64_t count, capacity;
    ore_tokenizer *tokenizer;
    row_parts parts;
} pairs_data;

const pairs_data *pairs_of(const train_data *d);

/* ---- data (pairs_data.c): functions of a run_task ---- */

ore_status pairs_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                      const char *dir);
void pairs_close(train_data *d);
/* The ids of a text, with the end token if asked; ORE_DATA for none, and for more than max in all.
 * How many into *count. Owned by the caller. */
int64_t *pairs_encode(const ore_tokenizer *tokenizer, const char *text, int64_t max, bool with_end,
                      int64_t *count);

int64_t pairs_count(const train_data *d, ore_part part);
/* Tokens to write. */
int64_t pairs_items(const train_data *d, ore_part part);
ore_loader *pairs_random_loader(const train_data *d, const train_config *c, ore_part part,
                                ore_generator *g);
ore_loader *pairs_pass_loader(const train_data *d, const train_config *c, ore_part part);

#endif
