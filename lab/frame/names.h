/* names.h: what the rungs on names share: letters, examples, splits, a training loop, samples.
 *
 * The data is a list of words of a to z. '.' has the number 0 and stands before and after every
 * word; a .. z have 1 .. 26. An example is a context of `block` letters and the letter that
 * follows: "emma" with block 3 gives ... e, ..e m, .em m, emm a, mma '.'. */
#ifndef LAB_NAMES_H
#define LAB_NAMES_H

#include "lab/frame/lab.h"

enum { NAMES_LETTERS = 27, NAMES_BATCH = 32, NAMES_MAX_BLOCK = 16 };

typedef struct names_part {
    ore_tensor *x; /* (count, block) int64 contexts */
    ore_tensor *y; /* (count) int64 the letters that follow */
    int64_t count;
} names_part;

/* 80%, 10% and 10% of the words. */
typedef struct names_data {
    int64_t block;
    names_part train, dev, test;
} names_data;

/* Shuffles the lab's words as Python's random.seed(42); random.shuffle(words), done `shuffles`
 * times in a row, and splits them. The tensors are to be released with names_free. ORE_DATA for
 * fewer than 100 words. */
ore_status names_load(lab *l, names_data *data, int64_t block, int shuffles);
void names_free(names_data *data);
/* The letter of an id. */
char names_letter(int64_t id);
/* The id of a letter: 0 for '.', and also for the NUL that ends a word in C. */
int64_t names_letter_id(char letter);
/* ".", "a" .. "z": 27 texts for pictures. */
const char *const *names_labels(void);
/* Writes `count` examples from `first` on to text, as "..e>m", separated by blanks. */
void names_examples(const names_part *part, int64_t first, int64_t count, char *text, size_t bytes);

/* 32 examples drawn with replacement: x (32, block), y (32). */
typedef struct names_batch {
    ore_tensor *indices, *x, *y;
} names_batch;
names_batch names_draw(const names_part *part, ore_generator *g);
/* Views of the first `count` examples, or of all if there are fewer; handles of the current
 * scope. */
names_part names_first(const names_part *part, int64_t count);
/* Reports the numbers of examples of the three parts as the result of a row. */
void names_report_sizes(lab *l, const char *id, const names_data *data);

/* A model here is a module whose forward takes contexts (B, block) to logits (B, 27). */

/* The mean cross entropy over a part, without recording. */
double names_loss(const ore_module *model, const names_part *part);
/* The same for a sentence of the story: with --quick over the first examples only. */
double names_rough_loss(const lab *l, const ore_module *model, const names_part *part);
/* Writes `count` new words to text, each with its '.', separated by blanks. A letter is one draw of
 * torch.multinomial(softmax(logits), 1). What does not fit `bytes` is cut. */
void names_sample(const ore_module *model, int64_t block, int count, ore_generator *g, char *text,
                  size_t bytes);

typedef struct names_run {
    const char *what; /* for the progress line; NULL for none */
    ore_module *model;
    const names_part *part;
    int64_t steps, drop_at; /* the rate is 0.1, and 0.01 from step drop_at on */
    ore_generator *generator;
    double *losses; /* (steps) of each batch, filled by names_train; names_run_free releases it */
    double us;      /* mean microseconds per step, set by names_train */
} names_run;

/* A clock in microseconds, for the times that the story mentions. */
double names_clock_us(void);
/* An ore_closure over a names_run: clears gradients, draws a batch, computes its loss and runs
 * backward. */
ore_tensor *names_batch_loss(void *run);
/* Trains by plain gradient descent; each step is on 32 examples, drawn with replacement. */
ore_status names_train(lab *l, names_run *run);
void names_run_free(names_run *run);

#endif
