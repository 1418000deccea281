/* whole.c: rows of halves whose float32 row needs all of its operands at once. */
#include "backend/cpu/gemm_batch.h"
#include "backend/cpu/half/frame.h"

/* ---- convolution and pooling ---- */

static int64_t x_size(const ore_conv_args *a) {
    return a->N * a->groups * a->C * a->h.in * a->w.in;
}

static int64_t y_size(const ore_conv_args *a) {
    return a->N * a->groups * a->O * a->h.out * a->w.out;
}

static int64_t weight_size(const ore_conv_args *a) {
    return a->groups * a->O * a->C * a->h.kernel * a->w.kernel;
}

/* `n` elements of the result, `channels` of the bias. */
static ore_conv_args take_conv(half_frame *f, const ore_context *ctx, ore_dtype dtype,
                               const ore_conv_args *a, int64_t n, int64_t channels) {
    ore_conv_args own = *a;
    half_begin(f, ctx, dtype);
    own.x = half_take_dense(f, a->x, x_size(a), HALF_IN);
    own.y = half_take_dense(f, a->y, y_size(a), HALF_IN);
    own.weight = half_take_dense(f, a->weight, weight_size(a), HALF_IN);
    own.bias = half_take_dense(f, a->bias, channels, HALF_IN);
    own.result = half_take_dense(f, a->result, n, HALF_OUT);
    return own;
}

#define CONV_ROW(name, result, channels)                                                           \
    static ore_status run_##name(const ore_context *ctx, ore_dtype dtype,                          \
                                 const ore_conv_args *a) {                                         \
        half_frame f;                                                                              \
        ore_conv_args own = take_conv(&f, ctx, dtype, a, result(a), channels);                     \
        return HALF_CALL(&f, name, &own);                                                          \
    }                                                                                              \
    HALF_ROW(name, (const ore_context *ctx, const ore_conv_args *a), run_##name(ctx, dtype, a))
CONV_ROW(conv, y_size, a->groups * a->O)
CONV_ROW(conv_transpose, x_size, a->groups * a->C)
CONV_ROW(conv_weight, weight_size, 0)

#define POOL_ROW(name, of_result)                                                                  \
    static ore_status run_##name(const ore_context *ctx, ore_dtype dtype,                          \
                                 const ore_pool_args *a) {                                         \
        int64_t in = a->planes * a->in[0] * a->in[1], out = a->planes * a->out[0] * a->out[1];     \
        half_frame f;                                                                              \
        ore_pool_args own = *a;                                                                    \
        half_begin(&f, ctx, dtype);                                                                \
        own.x = half_take_dense(&f, a->x, in, HALF_IN);                                            \
        own.dy = half_take_dense(&f, a->dy, out, HALF_IN);                                         \
        own.result = half_take_dense(&f, a->result, of_result, HALF_OUT);                          \
        return HALF_CALL(&f, name, &own);                                                          \
    }                                                                                              \
    HALF_ROW(name, (const ore_context *ctx, const ore_pool_args *a), run_##name(ctx, dtype, a))
POOL_ROW(max_pool, out)
POOL_ROW(max_pool_backward, in)
POOL_ROW(avg_pool, out)
POOL_ROW(avg_pool_backward, in)

/* ---- matrix products ---- */

/* A view of one matrix and its batches, steps in elements of `bytes`; the steps of its dense copy
 * go back. */
typedef struct matrix {
    int64_t row, col, batch[ORE_MAX_DIMS];
} matrix;

static void *take_matrix(half_frame *f, const ore_gemm *g, const void *x, bool wide, int64_t rows,
                         int64_t cols, half_use use, matrix *m) {
    half_view view = {g->batch_ndim + 2, {0}, {0}};
    int64_t steps[HALF_DIMS];
    if (!x || wide)
        return (void *)x;
    for (int d = 0; d < g->batch_ndim; d++) {
        view.size[d] = g->batch_shape[d];
        view.step[d] = m->batch[d] * HALF_BYTES;
    }
    /* the longer step outside, so that memory is read in its order */
    bool by_cols = m->row < m->col;
    int row_dim = g->batch_ndim + by_cols, col_dim = g->batch_ndim + !by_cols;
    view.size[row_dim] = rows, view.step[row_dim] = m->row * HALF_BYTES;
    view.size[col_dim] = cols, view.step[col_dim] = m->col * HALF_BYTES;
    void *dense = half_take(f, x, &view, use, steps);
    for (int d = 0; dense && d < g->batch_ndim; d++)
        m->batch[d] = steps[d] / FLOAT_BYTES;
    if (dense)
        m->row = steps[row_dim] / FLOAT_BYTES, m->col = steps[col_dim] / FLOAT_BYTES;
    return dense;
}

static void copy_batch(int64_t *to, const int64_t *from) {
    for (int d = 0; d < ORE_MAX_DIMS; d++)
        to[d] = from[d];
}

ore_status ore_half_gemm(const ore_context *ctx, ore_dtype dtype, const ore_gemm *g,
                         ore_status (*multiply)(const ore_context *ctx, const ore_gemm *g)) {
    bool keep_b = multiply && !g->b_wide && g->c_row >= g->c_col;
    half_frame f;
    half_begin(&f, ctx, dtype);
    matrix a = {g->a_row, g->a_col, {0}}, b = {g->b_row, g->b_col, {0}};
    matrix c = {g->c_row, g->c_col, {0}}, addend = c;
    copy_batch(a.batch, g->a_batch);
    copy_batch(b.batch, g->b_batch);
    copy_batch(c.batch, g->c_batch);
    copy_batch(addend.batch, g->c_batch);
    ore_gemm own = *g;
    own.then = NULL;
    own.a = take_matrix(&f, g, g->a, g->a_wide, g->m, g->k, HALF_IN, &a);
    own.b = take_matrix(&f, g, g->b, g->b_wide || keep_b, g->k, g->n, HALF_IN, &b);
    half_use use = g->accumulate ? HALF_INOUT : HALF_OUT;
    own.c = take_matrix(&f, g, g->c, g->c_wide, g->m, g->n, use, &c);
    own.addend = take_matrix(&f, g, g->addend, g->c_wide, g->m, g->n, HALF_IN, &addend);
    own.bias = half_take_dense(&f, g->bias, g->n, HALF_IN);
    own.a_row = a.row, own.a_col = a.col;
    own.b_row = b.row, own.b_col = b.col;
    own.c_row = c.row, own.c_col = c.col;
    copy_batch(own.a_batch, a.batch);
    copy_batch(own.b_batch, b.batch);
    copy_batch(own.c_batch, c.batch);
    own.a_wide = own.b_wide = own.c_wide = false;
    if (!keep_b)
        multiply = f.h.rows->gemm[ORE_FLOAT32];
    ore_status status = half_end(&f, f.fine ? multiply(ctx, &own) : ore_error_status());
    int64_t bytes = g->c_wide ? FLOAT_BYTES : HALF_BYTES;
    return status == ORE_OK ? gemm_then(ctx, g, 0, g->m, 0, g->n, bytes) : status;
}
HALF_ROW(gemm, (const ore_context *ctx, const ore_gemm *g), ore_half_gemm(ctx, dtype, g, NULL))

/* ---- indexing ---- */

/* What a scatter adds up is float32 until the end; the indexed dim comes last in its view. */
static ore_status run_scatter_add(const ore_context *ctx, ore_dtype dtype, const ore_plan *plan,
                                  const ore_index_args *args) {
    half_view y = {plan->ndim + 1, {0}, {0}}, x = {plan->ndim, {0}, {0}};
    int64_t y_steps[HALF_DIMS], x_steps[HALF_DIMS];
    for (int d = 0; d < plan->ndim; d++) {
        y.size[d] = x.size[d] = plan->shape[d];
        y.step[d] = plan->strides[0][d];
        x.step[d] = plan->strides[1][d];
    }
    y.size[plan->ndim] = args->size, y.step[plan->ndim] = args->step;
    half_frame f;
    half_begin(&f, ctx, dtype);
    ore_plan own = *plan;
    ore_index_args index = *args;
    own.data[0] = (char *)half_take(&f, plan->data[0], &y, HALF_INOUT, y_steps);
    own.data[1] = (char *)half_take(&f, plan->data[1], &x, HALF_IN, x_steps);
    for (int d = 0; f.fine && d < plan->ndim; d++) {
        own.strides[0][d] = y_steps[d];
        own.strides[1][d] = x_steps[d];
    }
    index.step = f.fine ? y_steps[plan->ndim] : 0;
    return HALF_CALL(&f, scatter_add, &own, &index);
}
HALF_ROW(scatter_add, (const ore_context *ctx, const ore_plan *plan, const ore_index_args *args),
         run_scatter_add(ctx, dtype, plan, args))

static ore_status run_embedding_backward(const ore_context *ctx, ore_dtype dtype, const void *dy,
                                         const int64_t *indices, void *dw, int64_t n, int64_t V,
                                         int64_t C, int64_t padding) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    const float *from = half_take_dense(&f, dy, n * C, HALF_IN);
    float *to = half_take_dense(&f, dw, V * C, HALF_INOUT);
    return HALF_CALL(&f, embedding_backward, from, indices, to, n, V, C, padding);
}
HALF_ROW(embedding_backward,
         (const ore_context *ctx, const void *dy, const int64_t *indices, void *dw, int64_t n,
          int64_t V, int64_t C, int64_t padding),
         run_embedding_backward(ctx, dtype, dy, indices, dw, n, V, C, padding))

/* ---- counts ---- */

static ore_status run_histc(const ore_context *ctx, ore_dtype dtype, int64_t n, const void *x,
                            int64_t bins, double low, double high, void *y) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    const float *from = half_take_dense(&f, x, n, HALF_IN);
    float *counts = half_take_dense(&f, y, bins, HALF_OUT);
    return HALF_CALL(&f, histc, n, from, bins, low, high, counts);
}
HALF_ROW(histc,
         (const ore_context *ctx, int64_t n, const void *x, int64_t bins, double low, double high,
          void *y),
         run_histc(ctx, dtype, n, x, bins, low, high, y))
