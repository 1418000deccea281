/* bigrams.h: what the rungs about pairs of letters share; names.h has the letters. */
#ifndef LAB_BIGRAMS_H
#define LAB_BIGRAMS_H

#include "lab/frame/lab.h"
#include "lab/frame/names.h"

/* The pairs of neighbouring letters of the first `words` words (-1: of all), in order: ".emma."
 * gives .e em mm ma a. Returns the first letters of the pairs, int64 (n); *next becomes the second
 * ones. */
ore_tensor *lab_bigram_pairs(lab *l, int64_t words, ore_tensor **next);
/* How often each letter follows each other one, int64 (27, 27); rows are the first letters. */
ore_tensor *lab_bigram_counts(ore_tensor *first, ore_tensor *next);
/* Rows divided by their sums, float32. */
ore_tensor *lab_rows_normalised(ore_tensor *counts);
/* A heatmap of t (27, 27) in the current panel, the pair and its number (`format`, of a double) in
 * each cell. */
void lab_bigram_heatmap(ore_figure *figure, ore_tensor *t, const char *title, const char *format);
/* Draws `count` words letter by letter, each letter by the row in P (27, 27) of the one before it,
 * until '.'. Returns the words separated by spaces, to be freed. A word is cut after 200
 * letters. */
char *lab_bigram_names(ore_tensor *P, int count, ore_generator *g);
/* The mean of -log P[x, y] over the pairs. As in the lecture, the logarithms are added one after
 * the other in float32; *sum (may be NULL) becomes that sum. */
double lab_bigram_nll(ore_tensor *P, ore_tensor *x, ore_tensor *y, double *sum);

/* How many different sequences of `length` letters occur in the words, with dots before the first
 * letter of a word; x and y are the pairs of lab_bigram_pairs. *once becomes how many of them occur
 * only once. */
int64_t lab_distinct_runs(ore_tensor *x, ore_tensor *y, int length, int64_t *once);

#endif
