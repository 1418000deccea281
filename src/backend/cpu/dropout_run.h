/* dropout_run.h: what the levels share of dropout: the mask of MKL builds, and the use of a mask,
 * cut into chunks and spread over all threads. */
#ifndef ORE_BACKEND_CPU_DROPOUT_RUN_H
#define ORE_BACKEND_CPU_DROPOUT_RUN_H

#include <ore/generator.h>

typedef struct ore_dropout_args {
    const void *x;
    const uint8_t *mask; /* bit i is bit i % 8 of byte i / 8, 1 where kept */
    void *y;
    int64_t n;
    double keep;
} ore_dropout_args;

/* Elements whose words a level draws at a time: 512 words, 2 KiB of the stack. A multiple of 8, the
 * elements of a byte of the mask. */
enum { MASK_BATCH = 256 };

/* Where g's variant has ORE_RANDOM_MKL_BERNOULLI: draws the mask from MKL's stream and returns
 * true. Bits past n are 0. */
bool ore_dropout_mask_mkl(ore_generator *g, uint8_t *mask, int64_t n, double keep);

/* y[i] = x[i] / keep where kept, else 0, for from <= i < to; `from` is a multiple of 8. */
typedef void (*ore_dropout_fn)(const ore_dropout_args *args, int64_t from, int64_t to);

/* Calls fn over all n elements, in chunks that depend on n alone. */
void ore_run_dropout(const ore_dropout_args *args, ore_dropout_fn fn);

#endif
