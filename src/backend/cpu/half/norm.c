/* norm.c: norms and cross entropy of halves. Some rows at a time become float32 in memory of the
 * thread; sums over rows are kept for each block of rows, and added in their order. */
#include "backend/cpu/half/frame.h"
#include "backend/cpu/range.h"
#include "base/memory.h"
#include "base/threads.h"

enum {
    BLOCK = 1 << 11,   /* elements of each operand at once: 8 KiB of float32 */
    SUM_ROWS_MIN = 16, /* rows of a block that leaves sums of its columns, so that these are few */
};

/* Blocks of rows, and memory of each thread for `operands` blocks. */
typedef struct row_blocks {
    half_rows h;
    int64_t rows, cols, at_once, count;
    int operands;
    float *scratch;
} row_blocks;

static bool blocks_new(row_blocks *b, const ore_context *ctx, ore_dtype dtype, int64_t rows,
                       int64_t cols, int operands, int64_t rows_min) {
    int64_t at_once = cols > 0 ? BLOCK / cols : rows;
    *b = (row_blocks){half_rows_of(ctx, dtype), rows, cols, 0, 0, operands, NULL};
    b->at_once = at_once > rows_min ? at_once : rows_min;
    b->at_once = b->at_once < rows ? b->at_once : rows > 0 ? rows : 1;
    b->count = (rows + b->at_once - 1) / b->at_once;
    int64_t elements = b->at_once * cols * operands * ore_num_threads();
    b->scratch = ore_alloc((size_t)(elements > 0 ? elements : 1) * sizeof(float));
    return b->scratch != NULL;
}

/* Rows of one block. */
static int64_t rows_of(const row_blocks *b, int64_t block) {
    int64_t left = b->rows - block * b->at_once;
    return left < b->at_once ? left : b->at_once;
}

static float *memory_of(const row_blocks *b, int operand) {
    return b->scratch + (ore_thread_index() * b->operands + operand) * b->at_once * b->cols;
}

/* An operand's rows of one block as float32. */
static float *bring_rows(const row_blocks *b, int64_t block, int operand, const void *x) {
    if (!x)
        return NULL;
    float *to = memory_of(b, operand);
    const char *from = (const char *)x + block * b->at_once * b->cols * HALF_BYTES;
    b->h.widen(b->h.ctx, from, to, rows_of(b, block) * b->cols);
    return to;
}

static void put_rows(const row_blocks *b, int64_t block, const float *from, void *y) {
    char *to = (char *)y + block * b->at_once * b->cols * HALF_BYTES;
    b->h.narrow(b->h.ctx, from, to, rows_of(b, block) * b->cols);
}

static double *doubles_of(double *p, const row_blocks *b, int64_t block, int64_t each) {
    return p ? p + block * b->at_once * each : NULL;
}

/* ---- layer norm and RMS norm ---- */

typedef ore_status (*layer_norm_row)(const ore_context *ctx, const ore_layer_norm_args *args);

typedef struct layer_norm_job {
    row_blocks blocks;
    layer_norm_row row;
    const ore_layer_norm_args *half;
    ore_layer_norm_args wide; /* weight and bias are float32 in it */
    float *sums[2];           /* (blocks, cols): dweight and dbias of each block, or NULL */
} layer_norm_job;

static void layer_norm_block(void *argument, int64_t block) {
    const layer_norm_job *job = argument;
    const row_blocks *b = &job->blocks;
    ore_layer_norm_args own = job->wide;
    own.rows = rows_of(b, block);
    own.mean = doubles_of(own.mean, b, block, 1);
    own.rstd = doubles_of(own.rstd, b, block, 1);
    own.x = bring_rows(b, block, 0, job->half->x);
    if (job->half->y) { /* forward; y may take the place of x */
        own.y = memory_of(b, 1);
        job->row(b->h.ctx, &own);
        put_rows(b, block, own.y, job->half->y);
        return;
    }
    own.dy = bring_rows(b, block, 1, job->half->dy);
    own.dx = own.dx ? memory_of(b, 2) : NULL;
    if (own.dx && own.accumulate)
        bring_rows(b, block, 2, job->half->dx);
    own.dweight = job->sums[0] ? job->sums[0] + block * b->cols : NULL;
    own.dbias = job->sums[1] ? job->sums[1] + block * b->cols : NULL;
    job->row(b->h.ctx, &own);
    if (own.dx)
        put_rows(b, block, own.dx, job->half->dx);
}

/* The sums of blocks, (count, cols) float32, as halves: their float32 sum, rounded once; or that
 * itself. */
static ore_status add_blocks(const row_blocks *b, const float *sums, bool wide, void *to) {
    float *total = wide ? to : (float *)sums + b->count * b->cols;
    ore_reduce_plan plan = half_parts_plan(sums, b->count, b->cols, total);
    ore_status status = b->h.rows->sum[ORE_FLOAT32](b->h.ctx, &plan);
    return status == ORE_OK && !wide ? b->h.narrow(b->h.ctx, total, to, b->cols) : status;
}

static ore_status run_layer_norm(const ore_context *ctx, ore_dtype dtype, layer_norm_row row,
                                 const ore_layer_norm_args *a) {
    bool wants[2] = {!a->y && a->dweight, !a->y && a->dbias};
    layer_norm_job job = {.row = row, .half = a, .wide = *a};
    half_frame f;
    half_begin(&f, ctx, dtype);
    if (!a->wide) {
        job.wide.weight = half_take_dense(&f, a->weight, a->cols, HALF_IN);
        job.wide.bias = half_take_dense(&f, a->bias, a->cols, HALF_IN);
    }
    bool sums = wants[0] || wants[1];
    if (!f.fine || !blocks_new(&job.blocks, ctx, dtype, a->rows, a->cols, a->y ? 2 : 3,
                               sums ? SUM_ROWS_MIN : 1))
        return half_end(&f, ore_error_status());
    ore_status status = ORE_OK;
    for (int i = 0; i < 2 && status == ORE_OK; i++)
        if (wants[i]) {
            size_t elements = (size_t)((job.blocks.count + 1) * a->cols);
            job.sums[i] = ore_alloc((elements ? elements : 1) * sizeof(float));
            status = job.sums[i] ? ORE_OK : ore_error_status();
        }
    if (status == ORE_OK)
        ore_parallel_for(job.blocks.count, layer_norm_block, &job);
    if (wants[0] && status == ORE_OK)
        status = add_blocks(&job.blocks, job.sums[0], a->wide, a->dweight);
    if (wants[1] && status == ORE_OK)
        status = add_blocks(&job.blocks, job.sums[1], a->wide, a->dbias);
    ore_release(job.sums[1]);
    ore_release(job.sums[0]);
    ore_release(job.blocks.scratch);
    return half_end(&f, status == ORE_OK ? ore_error_status() : status);
}

#define LAYER_NORM_ROW(name)                                                                       \
    HALF_ROW(name, (const ore_context *ctx, const ore_layer_norm_args *args),                      \
             run_layer_norm(ctx, dtype, FLOAT_ROW(ctx, name), args))
LAYER_NORM_ROW(layer_norm)
LAYER_NORM_ROW(layer_norm_backward)
LAYER_NORM_ROW(rms_norm)
LAYER_NORM_ROW(rms_norm_backward)

/* ---- batch norm: its channels lie across all of x ---- */

static ore_batch_norm_args take_batch_norm(half_frame *f, const ore_context *ctx, ore_dtype dtype,
                                           const ore_batch_norm_args *a) {
    ore_batch_norm_args own = *a;
    int64_t n = a->N * a->C * a->L;
    half_begin(f, ctx, dtype);
    own.x = half_take_dense(f, a->x, n, HALF_IN);
    own.y = half_take_dense(f, a->y, n, HALF_OUT);
    own.dy = half_take_dense(f, a->dy, n, HALF_IN);
    own.dx = half_take_dense(f, a->dx, n, HALF_OUT);
    if (a->wide)
        return own;
    own.weight = half_take_dense(f, a->weight, a->C, HALF_IN);
    own.bias = half_take_dense(f, a->bias, a->C, HALF_IN);
    own.running_mean = half_take_dense(f, a->running_mean, a->C, HALF_INOUT);
    own.running_var = half_take_dense(f, a->running_var, a->C, HALF_INOUT);
    own.dweight = half_take_dense(f, a->dweight, a->C, HALF_OUT);
    own.dbias = half_take_dense(f, a->dbias, a->C, HALF_OUT);
    return own;
}

static ore_status run_batch_norm(const ore_context *ctx, ore_dtype dtype,
                                 const ore_batch_norm_args *a, bool forward) {
    half_frame f;
    ore_batch_norm_args own = take_batch_norm(&f, ctx, dtype, a);
    return forward ? HALF_CALL(&f, batch_norm, &own) : HALF_CALL(&f, batch_norm_backward, &own);
}
HALF_ROW(batch_norm, (const ore_context *ctx, const ore_batch_norm_args *args),
         run_batch_norm(ctx, dtype, args, true))
HALF_ROW(batch_norm_backward, (const ore_context *ctx, const ore_batch_norm_args *args),
         run_batch_norm(ctx, dtype, args, false))

/* ---- cross entropy ---- */

typedef struct cross_entropy_job {
    row_blocks blocks;
    const ore_cross_entropy_args *half;
    ore_cross_entropy_args wide; /* all but x and dx are float32 in it */
    double *totals;              /* of each block; forward only */
} cross_entropy_job;

static void cross_entropy_block(void *argument, int64_t block) {
    const cross_entropy_job *job = argument;
    const row_blocks *b = &job->blocks;
    int64_t row = block * b->at_once;
    ore_cross_entropy_args own = job->wide;
    own.rows = rows_of(b, block);
    own.labels += row;
    own.top_and_sum = doubles_of(own.top_and_sum, b, block, 2);
    own.x = bring_rows(b, block, 0, job->half->x);
    if (job->totals) {
        own.loss = (float *)own.loss + row;
        own.reduced = NULL;
        own.total = &job->totals[block];
        b->h.rows->cross_entropy[ORE_FLOAT32](b->h.ctx, &own);
        return;
    }
    own.dy = own.each_row ? (const float *)own.dy + row : own.dy;
    own.dx = (void *)(uintptr_t)own.x; /* in place */
    b->h.rows->cross_entropy_backward[ORE_FLOAT32](b->h.ctx, &own);
    put_rows(b, block, own.dx, job->half->dx);
}

/* The sum or mean of float32 losses, in double. */
static void reduce_losses(cross_entropy_job *job) {
    const ore_cross_entropy_args *own = &job->wide;
    double sum = 0, total = 0;
    for (int64_t block = 0; block < job->blocks.count; block++)
        total += job->totals[block];
    for (int64_t r = 0; r < own->rows; r++)
        sum += (double)((const float *)own->loss)[r];
    *own->total = total;
    if (own->reduced)
        *(float *)own->reduced = (float)(own->mean ? sum / total : sum);
}

static ore_status run_cross_entropy(const ore_context *ctx, ore_dtype dtype,
                                    const ore_cross_entropy_args *a) {
    bool forward = a->loss != NULL;
    if (forward && ore_check_range("cross_entropy", "label", a->labels, a->rows, a->cols,
                                   &a->ignore_index) != ORE_OK)
        return ORE_INVALID;
    cross_entropy_job job = {.half = a, .wide = *a};
    half_frame f;
    half_begin(&f, ctx, dtype);
    if (!a->wide) {
        job.wide.class_weight = half_take_dense(&f, a->class_weight, a->cols, HALF_IN);
        job.wide.loss = half_take_dense(&f, a->loss, a->rows, HALF_OUT);
        job.wide.reduced = half_take_dense(&f, a->reduced, 1, HALF_OUT);
        job.wide.dy = half_take_dense(&f, a->dy, a->each_row ? a->rows : 1, HALF_IN);
    }
    if (!f.fine || !blocks_new(&job.blocks, ctx, dtype, a->rows, a->cols, 1, 1))
        return half_end(&f, ore_error_status());
    size_t totals = (size_t)(job.blocks.count + 1) * sizeof(double);
    job.totals = forward ? ore_alloc(totals) : NULL;
    if (!forward || job.totals)
        ore_parallel_for(job.blocks.count, cross_entropy_block, &job);
    if (job.totals && ore_ok())
        reduce_losses(&job);
    ore_release(job.totals);
    ore_release(job.blocks.scratch);
    return half_end(&f, ore_error_status());
}
HALF_ROW(cross_entropy, (const ore_context *ctx, const ore_cross_entropy_args *args),
         run_cross_entropy(ctx, dtype, args))
HALF_ROW(cross_entropy_backward, (const ore_context *ctx, const ore_cross_entropy_args *args),
         run_cross_entropy(ctx, dtype, args))
