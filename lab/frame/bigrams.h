/* bigrams.h: what the rungs about pairs of letters share; names.h has the letters. */
#ifndef LAB_BIGRAMS_H
#define LAB_BIGRAMS_H

#include "lab/frame/lab.h"
#include "lab/frame/names.h"

/* The pairs of the first `words` words (all of them: -1), in order: ".emma." gives .e em mm ma a.
 * Returns the first letters, int64 (n), and gives the second ones in *next. */
ore_tensor *lab_bigram_pairs(lab *l, int64_t words, ore_tensor **next);
/* How often each letter follows each, int64 (27, 27): rows are first letters. */
ore_tensor *lab_bigram_counts(ore_tensor *first, ore_tensor *next);
/* Rows divided by their sums, float32. */
ore_tensor *lab_rows_normalised(ore_tensor *counts);
/* A heatmap of t (27, 27) in the current panel, the pair and its number (`format`, of a double) in
 * each cell. */
void lab_bigram_heatmap(ore_figure *figure, ore_tensor *t, const char *title, const char *format);
/* Draws words letter by letter, row after row of P (27, 27), until '.'. They come one after the
 * other with spaces between, to be freed. A word that has not ended after 200 letters is cut. */
char *lab_bigram_names(ore_tensor *P, int count, ore_generator *g);
/* The mean of -log P[x, y] over the pairs. As in the lecture the logarithms are added one after
 * the other in float32: *sum (may be NULL) gets that sum. */
double lab_bigram_nll(ore_tensor *P, ore_tensor *x, ore_tensor *y, double *sum);

/* How many different runs of `length` symbols the words hold, each ended by its `next`; *once gets
 * those that occur once. A word starts after dots. */
int64_t lab_distinct_runs(ore_tensor *x, ore_tensor *y, int length, int64_t *once);

#endif
