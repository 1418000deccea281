/* rows.c: rows of halves over dense (rows, cols) operands. Some rows at a time become float32, in
 * memory of the thread, and go through the float32 row. */
#include <string.h>

#include "backend/cpu/half/half_run.h"
#include "backend/cpu/rows_run.h"
#include "base/memory.h"
#include "base/threads.h"

enum {
    BLOCK = 1 << 11, /* elements of each operand at once: 8 KiB of float32 */
    OPERANDS = 4,
};

/* `operand[0]` is the result, unless `places` is; each has `cols` numbers a row but for those that
 * `single` marks, which have one. */
typedef struct rows_job {
    half_rows h;
    int64_t cols, rows_at_once;
    int operands;
    const void *operand[OPERANDS];
    unsigned single;
    int64_t *places, keep;
    bool flag;
    float *scratch;
    void (*call)(const struct rows_job *job, int64_t rows, float *const *operand, int64_t *places);
} rows_job;

static int64_t cols_of(const rows_job *job, int operand) {
    return job->single >> operand & 1 ? 1 : job->cols;
}

static void run_some(void *argument, int64_t begin, int64_t end) {
    const rows_job *job = argument;
    float *own =
        job->scratch + ore_thread_index() * job->rows_at_once * job->cols * (int64_t)job->operands;
    for (int64_t row = begin; row < end; row += job->rows_at_once) {
        int64_t rows = end - row < job->rows_at_once ? end - row : job->rows_at_once;
        float *at[OPERANDS] = {NULL};
        char *half[OPERANDS] = {NULL};
        for (int i = 0; i < job->operands; i++) {
            at[i] = own + i * job->rows_at_once * job->cols;
            half[i] = (char *)job->operand[i] + row * cols_of(job, i) * HALF_BYTES;
            if (i > 0)
                job->h.widen(job->h.ctx, half[i], at[i], rows * cols_of(job, i));
        }
        job->call(job, rows, at, job->places ? job->places + row * job->keep : NULL);
        if (!job->places)
            job->h.narrow(job->h.ctx, at[0], half[0], rows * job->cols);
    }
}

static ore_status run(rows_job *job, int64_t rows) {
    if (rows <= 0 || job->cols <= 0)
        return ORE_OK;
    job->rows_at_once = job->cols < BLOCK ? BLOCK / job->cols : 1;
    int64_t each = job->rows_at_once * job->cols * (int64_t)job->operands;
    job->scratch = ore_alloc((size_t)(each * ore_num_threads()) * sizeof(float));
    if (!job->scratch)
        return ore_error_status();
    ore_run_rows(rows, job->cols, run_some, job);
    ore_release(job->scratch);
    return ore_error_status();
}

/* ---- from x to y, and from (dy, y) to dx ---- */

#define UNARY_ROW(name)                                                                            \
    static void call_##name(const rows_job *job, int64_t rows, float *const *t, int64_t *none) {   \
        (void)none;                                                                                \
        job->h.rows->name[ORE_FLOAT32](job->h.ctx, rows, job->cols, t[1], t[0]);                   \
    }                                                                                              \
    HALF_ROW(name, (const ore_context *ctx, int64_t rows, int64_t cols, const void *x, void *y),   \
             run(&(rows_job){.h = half_rows_of(ctx, dtype),                                        \
                             .cols = cols,                                                         \
                             .operands = 2,                                                        \
                             .operand = {y, x},                                                    \
                             .call = call_##name},                                                 \
                 rows))
#define BACKWARD_ROW(name, marked)                                                                 \
    static void call_##name(const rows_job *job, int64_t rows, float *const *t, int64_t *none) {   \
        (void)none;                                                                                \
        job->h.rows->name[ORE_FLOAT32](job->h.ctx, rows, job->cols, t[1], t[2], t[0]);             \
    }                                                                                              \
    HALF_ROW(name,                                                                                 \
             (const ore_context *ctx, int64_t rows, int64_t cols, const void *dy, const void *y,   \
              void *dx),                                                                           \
             run(&(rows_job){.h = half_rows_of(ctx, dtype),                                        \
                             .cols = cols,                                                         \
                             .operands = 3,                                                        \
                             .operand = {dx, dy, y},                                               \
                             .single = marked,                                                     \
                             .call = call_##name},                                                 \
                 rows))
UNARY_ROW(softmax)
UNARY_ROW(log_softmax)
UNARY_ROW(cumprod)
BACKWARD_ROW(softmax_backward, 0)
BACKWARD_ROW(log_softmax_backward, 0)
BACKWARD_ROW(prod_backward, 2) /* one dy for a row */

/* ---- scans and order ---- */

static void call_cumsum(const rows_job *job, int64_t rows, float *const *t, int64_t *none) {
    (void)none;
    job->h.rows->cumsum[ORE_FLOAT32](job->h.ctx, rows, job->cols, t[1], t[0], job->flag);
}

HALF_ROW(cumsum,
         (const ore_context *ctx, int64_t rows, int64_t cols, const void *x, void *y,
          bool from_end),
         run(&(rows_job){.h = half_rows_of(ctx, dtype),
                         .cols = cols,
                         .operands = 2,
                         .operand = {y, x},
                         .flag = from_end,
                         .call = call_cumsum},
             rows))

static void call_cumprod_backward(const rows_job *job, int64_t rows, float *const *t,
                                  int64_t *none) {
    (void)none;
    job->h.rows->cumprod_backward[ORE_FLOAT32](job->h.ctx, rows, job->cols, t[1], t[2], t[3], t[0]);
}

HALF_ROW(cumprod_backward,
         (const ore_context *ctx, int64_t rows, int64_t cols, const void *dy, const void *x,
          const void *y, void *dx),
         run(&(rows_job){.h = half_rows_of(ctx, dtype),
                         .cols = cols,
                         .operands = 4,
                         .operand = {dx, dy, x, y},
                         .call = call_cumprod_backward},
             rows))

static void call_argsort(const rows_job *job, int64_t rows, float *const *t, int64_t *places) {
    job->h.rows->argsort[ORE_FLOAT32](job->h.ctx, rows, job->cols, t[1], places, job->keep,
                                      job->flag);
}

HALF_ROW(argsort,
         (const ore_context *ctx, int64_t rows, int64_t cols, const void *x, int64_t *places,
          int64_t keep, bool descending),
         run(&(rows_job){.h = half_rows_of(ctx, dtype),
                         .cols = cols,
                         .operands = 2,
                         .operand = {NULL, x},
                         .places = places,
                         .keep = keep,
                         .flag = descending,
                         .call = call_argsort},
             rows))
