/* random.c: draws into halves, and dropout. Draws are those of float32, rounded. */
#include "backend/cpu/half/frame.h"
#include "base/threads.h"

enum { NORMAL_BLOCK = 16 }; /* numbers that torch makes together */

/* In blocks a rest is drawn as the last block anew, as it is of float32, but takes the words behind
 * those of the whole blocks: PyTorch's halves have no words for the rest itself. */
static ore_status draw_normal(half_frame *f, ore_generator *g, float *to, int64_t n, double mean,
                              double std, bool in_blocks) {
    ore_status (*normal)(const ore_context *, ore_generator *, void *, int64_t, double, double,
                         bool) = f->h.rows->normal[ORE_FLOAT32];
    int64_t rest = in_blocks && n >= NORMAL_BLOCK ? n % NORMAL_BLOCK : 0;
    ore_status status = normal(f->h.ctx, g, to, n - rest, mean, std, in_blocks);
    if (status == ORE_OK && rest)
        status = normal(f->h.ctx, g, to + n - NORMAL_BLOCK, NORMAL_BLOCK, mean, std, true);
    return status;
}

static ore_status run_normal(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                             int64_t n, double mean, double std, bool in_blocks) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    float *to = half_take_dense(&f, x, n, HALF_OUT);
    return half_end(&f,
                    f.fine ? draw_normal(&f, g, to, n, mean, std, in_blocks) : ore_error_status());
}
HALF_ROW(normal,
         (const ore_context *ctx, ore_generator *g, void *x, int64_t n, double mean, double std,
          bool in_blocks),
         run_normal(ctx, dtype, g, x, n, mean, std, in_blocks))

static ore_status run_bernoulli(const ore_context *ctx, ore_dtype dtype, ore_generator *g, void *x,
                                int64_t n, double p) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    float *to = half_take_dense(&f, x, n, HALF_OUT);
    return HALF_CALL(&f, bernoulli, g, to, n, p);
}
HALF_ROW(bernoulli, (const ore_context *ctx, ore_generator *g, void *x, int64_t n, double p),
         run_bernoulli(ctx, dtype, g, x, n, p))

static ore_status run_bernoulli_each(const ore_context *ctx, ore_dtype dtype, ore_generator *g,
                                     void *x, const void *p, int64_t n) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    float *to = half_take_dense(&f, x, n, HALF_OUT);
    const float *each = half_take_dense(&f, p, n, HALF_IN);
    return HALF_CALL(&f, bernoulli_each, g, to, each, n);
}
HALF_ROW(bernoulli_each,
         (const ore_context *ctx, ore_generator *g, void *x, const void *p, int64_t n),
         run_bernoulli_each(ctx, dtype, g, x, p, n))

static ore_status run_exponential(const ore_context *ctx, ore_dtype dtype, ore_generator *g,
                                  void *x, int64_t n, double lambda) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    float *to = half_take_dense(&f, x, n, HALF_OUT);
    return HALF_CALL(&f, exponential, g, to, n, lambda);
}
HALF_ROW(exponential, (const ore_context *ctx, ore_generator *g, void *x, int64_t n, double lambda),
         run_exponential(ctx, dtype, g, x, n, lambda))

static ore_status run_multinomial(const ore_context *ctx, ore_dtype dtype, ore_generator *g,
                                  const void *weights, int64_t *y, int64_t rows, int64_t n,
                                  int64_t samples, bool replacement) {
    half_frame f;
    half_begin(&f, ctx, dtype);
    const float *from = half_take_dense(&f, weights, rows * n, HALF_IN);
    return HALF_CALL(&f, multinomial, g, from, y, rows, n, samples, replacement);
}
HALF_ROW(multinomial,
         (const ore_context *ctx, ore_generator *g, const void *weights, int64_t *y, int64_t rows,
          int64_t n, int64_t samples, bool replacement),
         run_multinomial(ctx, dtype, g, weights, y, rows, n, samples, replacement))

/* ---- dropout ---- */

enum {
    BLOCK = 2048,       /* elements: 8 KiB of float32; a multiple of a mask byte's 8 */
    CHUNK = 16 * BLOCK, /* elements of a chunk: far more work than handing it over */
};

typedef struct dropout_job {
    half_rows h;
    const char *x;
    const uint8_t *mask;
    char *y;
    int64_t n;
    double keep;
} dropout_job;

static void dropout_chunk(void *argument, int64_t chunk) {
    _Alignas(64) float block[BLOCK];
    const dropout_job *job = argument;
    const half_rows *h = &job->h;
    int64_t begin = chunk * CHUNK, end = job->n - begin < CHUNK ? job->n : begin + CHUNK;
    for (int64_t at = begin; at < end; at += BLOCK) {
        int64_t n = end - at < BLOCK ? end - at : BLOCK;
        h->widen(h->ctx, job->x + at * HALF_BYTES, block, n);
        h->rows->dropout_apply[ORE_FLOAT32](h->ctx, block, job->mask + at / 8, block, n, job->keep);
        h->narrow(h->ctx, block, job->y + at * HALF_BYTES, n);
    }
}

static ore_status run_dropout(const ore_context *ctx, ore_dtype dtype, const void *x,
                              const uint8_t *mask, void *y, int64_t n, double keep) {
    dropout_job job = {half_rows_of(ctx, dtype), x, mask, y, n, keep};
    ore_parallel_for((n + CHUNK - 1) / CHUNK, dropout_chunk, &job);
    return ore_error_status();
}
HALF_ROW(dropout_apply,
         (const ore_context *ctx, const void *x, const uint8_t *mask, void *y, int64_t n,
          double keep),
         run_dropout(ctx, dtype, x, mask, y, n, keep))
