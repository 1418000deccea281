/* gemm_batch.h: what every level does alike: the batches of an ore_gemm, numbered in row-major
 * order, and what follows a product. */
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

/* result = then(C) in `rows` rows from row i and `cols` columns from column j on, which are
 * complete; nothing where `then` is NULL. */
static inline ore_status gemm_then(const ore_context *ctx, const ore_gemm *g, int64_t i,
                                   int64_t rows, int64_t j, int64_t cols, int64_t element_bytes) {
    if (!g->then)
        return ORE_OK;
    int64_t row = g->c_row * element_bytes, col = g->c_col * element_bytes, at = i * row + j * col;
    ore_plan plan = {.ndim = 2, .operands = 2, .size = rows * cols, .shape = {rows, cols}};
    plan.data[0] = (char *)g->result + at;
    plan.data[1] = (char *)g->c + at;
    for (int operand = 0; operand < plan.operands; operand++)
        plan.strides[operand][0] = row, plan.strides[operand][1] = col;
    return g->then(ctx, &plan);
}

#endif
