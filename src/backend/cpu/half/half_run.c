/* half_run.c: halves that lie anywhere, as dense float32 and back. */
#include "backend/cpu/half/half_run.h"
#include "backend/plan_dims.h"

enum { BLOCK = 512 }; /* elements of a strided run that are gathered at once: 1 KiB */

half_rows half_rows_of(const ore_context *ctx, ore_dtype dtype) {
    const ore_kernels *rows = ore_rows_of(ctx);
    return (half_rows){ctx, rows, dtype, rows->widen[dtype], rows->narrow[dtype]};
}

void half_bring(const half_rows *h, float *to, const char *from, int64_t step, int64_t n) {
    uint16_t dense[BLOCK];
    if (step == HALF_BYTES || n == 1) {
        h->widen(h->ctx, from, to, n);
        return;
    }
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t count = n - at < BLOCK ? n - at : BLOCK;
        for (int64_t i = 0; i < count; i++)
            dense[i] = *(const uint16_t *)(const void *)(from + (at + i) * step);
        h->widen(h->ctx, dense, to + at, count);
    }
}

void half_put(const half_rows *h, char *to, int64_t step, const float *from, int64_t n) {
    uint16_t dense[BLOCK];
    if (step == HALF_BYTES || n == 1) {
        h->narrow(h->ctx, from, to, n);
        return;
    }
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t count = n - at < BLOCK ? n - at : BLOCK;
        h->narrow(h->ctx, from + at, dense, count);
        for (int64_t i = 0; i < count; i++)
            *(uint16_t *)(void *)(to + (at + i) * step) = dense[i];
    }
}

ore_reduce_plan half_parts_plan(const float *parts, int64_t count, int64_t n, float *totals) {
    ore_reduce_plan plan;
    ore_plan_begin(&plan.kept, 2);
    ore_plan_begin(&plan.folded, 1);
    ore_plan_add_dim(&plan.kept, n, (int64_t[ORE_PLAN_OPERANDS]){FLOAT_BYTES, FLOAT_BYTES});
    ore_plan_add_dim(&plan.folded, count, (int64_t[]){n * FLOAT_BYTES});
    ore_plan_end(&plan.kept);
    ore_plan_end(&plan.folded);
    plan.kept.data[0] = (char *)totals;
    plan.kept.data[1] = plan.folded.data[0] = (char *)parts;
    return plan;
}
