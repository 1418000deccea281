/* answers.h: how a model answers the lines of standard input, and answers that are classes. */
#ifndef ORE_TOOL_ANSWERS_H
#define ORE_TOOL_ANSWERS_H

#include <stdio.h>

#include "tasks/task.h"

/* Gives each line of standard input to `answer`, with a NUL in place of its end; `bytes` is its
 * length then. An error ends the loop and is given the line's number. */
ore_status answer_lines(void *user,
                        ore_status (*answer)(void *user, const char *line, size_t bytes));
/* After an answer: ORE_IO where standard output cannot be written. */
ore_status answer_flush(void);

/* ---- classes ---- */

/* The probabilities of the classes for one input, from the likeliest class on; equal ones are in
 * the order of the classes. Of the caller's scope. */
typedef struct ranked_classes {
    const double *shares; /* (count) */
    const int64_t *order; /* (count) which class each is of */
    int64_t count;
} ranked_classes;

/* Of a batch of one input, x (1, ..), on any device; the model gives logits (1, class_count or
 * more). */
ore_status classify(const trained_model *m, ore_tensor *x, int64_t class_count, ranked_classes *r);
/* "positive\t0.9981\t" of the `top` likeliest, to standard output. */
void print_ranked(const ranked_classes *r, char *const *names, int64_t top);
/* "2 labels: negative, positive\n", of many only the first. */
void print_classes(FILE *out, char *const *names, int64_t count);

#endif
