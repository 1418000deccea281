/* move.c: copies, fills and the casts that training uses. */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/plan_run.h"
#include "backend/cpu/vector/dense.h"
#include "backend/cpu/vector/vec.h"
#include "base/half.h"
#include "base/threads.h"

/* ---- copy: of any strides, by the size of an element ---- */

/* memmove; without a call from WIDE to WIDE_MAX bytes, where the call would cost as much as the
 * copy. */
VEC_INLINE void copy_bytes(char *to, const char *from, int64_t bytes) {
    enum { WIDE = 32, WIDE_MAX = 1024 };
    if (bytes < WIDE || bytes > WIDE_MAX) {
        memmove(to, from, (size_t)bytes);
        return;
    }
    for (int64_t i = 0; i + WIDE <= bytes; i += WIDE)
        memcpy(to + i, from + i, WIDE);
    memcpy(to + bytes - WIDE, from + bytes - WIDE, WIDE);
}

enum { SIDE = 64 }; /* of the squares that a transposed copy works through: both fit the L1 cache */

/* A matrix whose element (i, j) is i * step[0] + j * step[1] bytes behind `data`. */
typedef struct square_view {
    char *data;
    int64_t step[2];
} square_view;

/* Elements by size, at any address: a caller's memory and a mapped file need not be aligned. */
typedef uint16_t loose_2 __attribute__((aligned(1), may_alias));
typedef uint32_t loose_4 __attribute__((aligned(1), may_alias));
typedef uint64_t loose_8 __attribute__((aligned(1), may_alias));

#define T        uint8_t
#define FN(name) name##_1
#include "backend/cpu/vector/copy_any.inc"
#undef T
#undef FN
#define T        loose_2
#define FN(name) name##_2
#include "backend/cpu/vector/copy_any.inc"
#undef T
#undef FN
#define T        loose_4
#define FN(name) name##_4
#include "backend/cpu/vector/copy_any.inc"
#undef T
#undef FN
#define T        loose_8
#define FN(name) name##_8
#include "backend/cpu/vector/copy_any.inc"
#undef T
#undef FN

typedef struct copy_loops {
    int64_t bytes;
    ore_lines_loop lines;
    void (*square)(const square_view *y, const square_view *x, int64_t rows, int64_t cols);
} copy_loops;

static const copy_loops copies[] = {
    {1, copy_lines_1, copy_square_1},
    {2, copy_lines_2, copy_square_2},
    {4, copy_lines_4, copy_square_4},
    {8, copy_lines_8, copy_square_8},
};

/* ---- copies whose result is dense along another dim than the input: square by square ---- */

typedef struct transpose_job {
    const ore_plan *plan;
    const copy_loops *loops;
    int other; /* the dim along which the input is dense */
    int64_t tiles[2];
} transpose_job;

static int64_t tiles_of(int64_t size) {
    return (size + SIDE - 1) / SIDE;
}

/* One tile: a place in the outer dims, a tile along `other` and one along the last dim. */
static void transpose_chunk(void *argument, int64_t chunk) {
    const transpose_job *job = argument;
    const ore_plan *plan = job->plan;
    int dims[2] = {job->other, plan->ndim - 1};
    int64_t size[2];
    square_view view[2];
    for (int i = 0; i < 2; i++)
        view[i] =
            (square_view){plan->data[i], {plan->strides[i][dims[0]], plan->strides[i][dims[1]]}};
    for (int side = 1; side >= 0; side--) {
        int64_t from = chunk % job->tiles[side] * SIDE, left = plan->shape[dims[side]] - from;
        chunk /= job->tiles[side];
        size[side] = left < SIDE ? left : SIDE;
        for (int i = 0; i < 2; i++)
            view[i].data += from * view[i].step[side];
    }
    for (int d = plan->ndim - 2; d >= 0; d--)
        if (d != job->other) {
            for (int i = 0; i < 2; i++)
                view[i].data += chunk % plan->shape[d] * plan->strides[i][d];
            chunk /= plan->shape[d];
        }
    job->loops->square(&view[0], &view[1], size[0], size[1]);
}

/* The dim along which the input is dense where the result is dense along the last, and both dims
 * are long enough for squares; else -1. */
static int transposed_dim(const ore_plan *plan, int64_t bytes) {
    enum { SHORTEST = 8 }; /* elements: one block of copy_square, its SMALL */
    int last = plan->ndim - 1;
    if (plan->strides[0][last] != bytes || plan->strides[1][last] == bytes ||
        plan->shape[last] < SHORTEST)
        return -1;
    for (int d = 0; d < last; d++)
        if (plan->strides[1][d] == bytes && plan->shape[d] >= SHORTEST)
            return d;
    return -1;
}

static ore_status run_copy(const ore_plan *plan, const copy_loops *loops) {
    int other = plan->size > 0 ? transposed_dim(plan, loops->bytes) : -1;
    if (other < 0)
        return ore_run_lines(plan, loops->lines, NULL);
    int64_t rows = plan->shape[other], cols = plan->shape[plan->ndim - 1];
    transpose_job job = {plan, loops, other, {tiles_of(rows), tiles_of(cols)}};
    int64_t chunks = plan->size / (rows * cols) * job.tiles[0] * job.tiles[1];
    ore_parallel_for(chunks, transpose_chunk, &job);
    return ORE_OK;
}

#define COPY(suffix, loops)                                                                        \
    ore_status LEVEL(copy_##suffix)(const ore_context *ctx, const ore_plan *plan) {                \
        (void)ctx;                                                                                 \
        return run_copy(plan, &copies[loops]);                                                     \
    }
COPY(b8, 0)
COPY(u8, 0)
COPY(bf16, 1)
COPY(f16, 1)
COPY(f32, 2)
COPY(i32, 2)
COPY(f64, 3)
COPY(i64, 3)

/* ---- fill ---- */

#define FILL(T, suffix)                                                                            \
    static void fill_dense_##suffix(void *y, void *const *x, int64_t n, const void *arguments) {   \
        T *to = y, value = *(const T *)arguments;                                                  \
        (void)x;                                                                                   \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i] = value;                                                                         \
    }                                                                                              \
    ore_status LEVEL(fill_##suffix)(const ore_context *ctx, const ore_plan *plan, double value) {  \
        T element = (T)value;                                                                      \
        dense_kernel kernel = {fill_dense_##suffix, &element, {sizeof(T)}};                        \
        (void)ctx;                                                                                 \
        return LEVEL(run_dense)(plan, &kernel);                                                    \
    }
FILL(float, f32)
FILL(double, f64)

/* ---- casts; pairs that are not here are the scalar level's ---- */

#define TO_FLOAT(x)  ((float)(x))
#define TO_DOUBLE(x) ((double)(x))
#define CAST(from_suffix, From, to_suffix, To, convert)                                            \
    static void cast_##from_suffix##_##to_suffix(void *y, void *const *x, int64_t n,               \
                                                 const void *arguments) {                          \
        To *restrict to = y;                                                                       \
        const From *restrict from = x[0];                                                          \
        (void)arguments;                                                                           \
        for (int64_t i = 0; i < n; i++)                                                            \
            to[i] = convert(from[i]);                                                              \
    }
CAST(f32, float, f64, double, TO_DOUBLE)
CAST(f64, double, f32, float, TO_FLOAT)
CAST(i64, int64_t, f32, float, TO_FLOAT)
CAST(b8, uint8_t, f32, float, TO_FLOAT)

#define CAST_HALF(suffix)                                                                          \
    static void cast_##suffix##_f32(void *y, void *const *x, int64_t n, const void *arguments) {   \
        (void)arguments;                                                                           \
        LEVEL(widen_##suffix)(NULL, x[0], y, n);                                                   \
    }                                                                                              \
    static void cast_f32_##suffix(void *y, void *const *x, int64_t n, const void *arguments) {     \
        (void)arguments;                                                                           \
        LEVEL(narrow_##suffix)(NULL, x[0], y, n);                                                  \
    }
CAST_HALF(bf16)
CAST_HALF(f16)

#define CAST_ROW(suffix, From, ...)                                                                \
    ore_status LEVEL(cast_##suffix)(const ore_context *ctx, const ore_plan *plan, ore_dtype to) {  \
        static const dense_fn fns[ORE_DTYPE_COUNT] = {__VA_ARGS__};                                \
        dense_kernel kernel = {fns[to], NULL, {(int)ore_dtype_size(to), sizeof(From)}};            \
        return fns[to] ? LEVEL(run_dense)(plan, &kernel) : scalar_cast_##suffix(ctx, plan, to);    \
    }
CAST_ROW(f32, float, [ORE_FLOAT64] = cast_f32_f64, [ORE_BFLOAT16] = cast_f32_bf16,
         [ORE_FLOAT16] = cast_f32_f16)
CAST_ROW(f64, double, [ORE_FLOAT32] = cast_f64_f32)
CAST_ROW(bf16, ore_bf16, [ORE_FLOAT32] = cast_bf16_f32)
CAST_ROW(f16, ore_f16, [ORE_FLOAT32] = cast_f16_f32)
CAST_ROW(i64, int64_t, [ORE_FLOAT32] = cast_i64_f32)
CAST_ROW(b8, uint8_t, [ORE_FLOAT32] = cast_b8_f32)
