/* half_run.h: rows of halves by way of float32. There is no second set of kernels: a row of halves
 * brings blocks of its operands to float32, calls the float32 row of the table in force on them,
 * whatever the level, and rounds the result once. So a level needs nothing for halves but the rows
 * `widen` and `narrow`, and a row of kernels.def one line in a file of this folder. */
#ifndef ORE_BACKEND_HALF_RUN_H
#define ORE_BACKEND_HALF_RUN_H

#include "backend/cpu/cpu.h"

/* What an adapter works with: one of the two types of halves, and the table in force. */
typedef struct half_rows {
    const ore_context *ctx;
    const ore_kernels *rows;
    ore_dtype dtype;
    ore_status (*widen)(const ore_context *ctx, const void *x, float *y, int64_t n);
    ore_status (*narrow)(const ore_context *ctx, const float *x, void *y, int64_t n);
} half_rows;

enum { HALF_BYTES = 2, FLOAT_BYTES = 4 };

half_rows half_rows_of(const ore_context *ctx, ore_dtype dtype);

/* n halves `step` bytes apart as dense float32, and back. */
void half_bring(const half_rows *h, float *to, const char *from, int64_t step, int64_t n);
void half_put(const half_rows *h, char *to, int64_t step, const float *from, int64_t n);

/* The plan that folds (count, n) dense parts in float32, in their order, to (n) totals. */
ore_reduce_plan half_parts_plan(const float *parts, int64_t count, int64_t n, float *totals);

/* Defines a row for both types: its name, its parameters, and what it returns, which says `dtype`
 * where the type is meant. */
#define HALF_ROW(name, parameters, call)                                                           \
    ore_status scalar_##name##_bf16 parameters {                                                   \
        const ore_dtype dtype = ORE_BFLOAT16;                                                      \
        return call;                                                                               \
    }                                                                                              \
    ore_status scalar_##name##_f16 parameters {                                                    \
        const ore_dtype dtype = ORE_FLOAT16;                                                       \
        return call;                                                                               \
    }

/* The row gemm of a level. `multiply` is its product of a float32 A with a B of halves as it lies,
 * for a C whose rows are dense; NULL: all three become float32. */
ore_status ore_half_gemm(const ore_context *ctx, ore_dtype dtype, const ore_gemm *g,
                         ore_status (*multiply)(const ore_context *ctx, const ore_gemm *g));

/* The float32 row of a name. */
#define FLOAT_ROW(ctx, name) (ore_rows_of(ctx)->name[ORE_FLOAT32])

#endif
