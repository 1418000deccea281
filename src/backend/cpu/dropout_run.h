/* dropout_run.h: the use of dropout's mask, cut into pieces and spread over all threads. */
#ifndef ORE_BACKEND_CPU_DROPOUT_RUN_H
#define ORE_BACKEND_CPU_DROPOUT_RUN_H

#include <stdint.h>

typedef struct ore_dropout_args {
    const void *x;
    const uint8_t *mask; /* bit i is bit i % 8 of byte i / 8, 1 where kept */
    void *y;
    int64_t n;
    double keep;
} ore_dropout_args;

/* y[i] = x[i] / keep where kept, else 0, for from <= i < to; `from` is a multiple of 8. */
typedef void (*ore_dropout_fn)(const ore_dropout_args *args, int64_t from, int64_t to);

/* Calls fn over all n elements, in pieces that depend on n alone. */
void ore_run_dropout(const ore_dropout_args *args, ore_dropout_fn fn);

#endif
