/* gemm_batch.h: the batches of an ore_gemm, numbered in row-major order. */
#ifndef ORE_BACKEND_GEMM_BATCH_H
#define ORE_BACKEND_GEMM_BATCH_H

#include "backend/backend.h"

typedef struct gemm_offsets {
    int64_t a, b, c; /* in elements */
} gemm_offsets;

static inline int64_t gemm_batches(const ore_gemm *g) {
    int64_t batches = 1;
    for (int d = 0; d < g->batch_ndim; d++)
        batches *= g->batch_shape[d];
    return batches;
}

static inline gemm_offsets gemm_batch_at(const ore_gemm *g, int64_t batch) {
    gemm_offsets at = {0, 0, 0};
    for (int d = g->batch_ndim - 1; d >= 0; d--) {
        int64_t i = batch % g->batch_shape[d];
        batch /= g->batch_shape[d];
        at.a += i * g->a_batch[d];
        at.b += i * g->b_batch[d];
        at.c += i * g->c_batch[d];
    }
    return at;
}

#endif
