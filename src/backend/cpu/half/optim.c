/* optim.c: steps of optimizers on halves, and the norm of gradients. Chunks of a parameter and its
 * gradient become float32; what the optimizer remembers is float32 already. */
#include <string.h>

#include "backend/cpu/half/half_run.h"
#include "base/memory.h"
#include "base/threads.h"

enum { CHUNK = 1 << 12 }; /* elements: 16 KiB of float32 each for a parameter and its gradient */

static int64_t chunks_of(int64_t n) {
    return (n + CHUNK - 1) / CHUNK;
}

/* Elements from .. from + n - 1 of one part. */
typedef struct range {
    int64_t part, from, n;
} range;

typedef struct optim_job {
    half_rows h;
    const void *parts;
    int64_t count;
    int64_t (*elements)(const void *parts, int64_t part);
    void (*call)(const struct optim_job *job, range at, float *p, float *g);
    ore_status (*adaptive)(const ore_context *ctx, const ore_adaptive_part *parts, int64_t count);
    double *sums; /* of each chunk's squares */
} optim_job;

static range range_of(const optim_job *job, int64_t chunk) {
    int64_t part = 0, n;
    for (; chunk >= chunks_of(n = job->elements(job->parts, part)); part++)
        chunk -= chunks_of(n);
    int64_t from = chunk * CHUNK, left = n - from;
    return (range){part, from, left < CHUNK ? left : CHUNK};
}

static void run_chunk(void *argument, int64_t chunk) {
    _Alignas(64) float p[CHUNK], g[CHUNK];
    const optim_job *job = argument;
    range at = range_of(job, chunk);
    if (!job->sums) {
        job->call(job, at, p, g);
        return;
    }
    const ore_dense_part *part = (const ore_dense_part *)job->parts + at.part;
    job->h.widen(job->h.ctx, (const char *)part->x + at.from * HALF_BYTES, g, at.n);
    job->h.rows->sum_squares[ORE_FLOAT32](job->h.ctx, &(ore_dense_part){g, at.n}, 1,
                                          &job->sums[chunk]);
}

static int64_t all_chunks(const optim_job *job) {
    int64_t chunks = 0;
    for (int64_t part = 0; part < job->count; part++)
        chunks += chunks_of(job->elements(job->parts, part));
    return chunks;
}

static ore_status run(optim_job *job) {
    ore_parallel_for(all_chunks(job), run_chunk, job);
    return ore_error_status();
}

/* The same place in what a chunk works on, of elements of `bytes`. */
static void *moved(const void *p, int64_t from, int64_t bytes) {
    return p ? (char *)p + from * bytes : NULL;
}

/* Defines what a kind of part has in common: its elements, and the step of one chunk, where
 * `state` moves on what the part remembers. */
#define PART(kind, type, state, row)                                                               \
    static int64_t kind##_elements(const void *parts, int64_t part) {                              \
        return ((const type *)parts)[part].n;                                                      \
    }                                                                                              \
    static void kind##_call(const optim_job *job, range at, float *p, float *g) {                  \
        type own = ((const type *)job->parts)[at.part];                                            \
        char *half = moved(own.p, at.from, HALF_BYTES);                                            \
        job->h.widen(job->h.ctx, half, p, at.n);                                                   \
        job->h.widen(job->h.ctx, moved(own.g, at.from, HALF_BYTES), g, at.n);                      \
        own.p = p, own.g = g, own.n = at.n;                                                        \
        state;                                                                                     \
        row(job->h.ctx, &own, 1);                                                                  \
        job->h.narrow(job->h.ctx, p, half, at.n);                                                  \
    }

static void move_adam(ore_adam_part *part, int64_t from) {
    part->m = moved(part->m, from, FLOAT_BYTES);
    part->v = moved(part->v, from, FLOAT_BYTES);
    part->v_max = moved(part->v_max, from, FLOAT_BYTES);
}

/* NAdam's third state is one number, which the first chunk writes. */
static void move_adaptive(const optim_job *job, ore_adaptive_part *part, int64_t from) {
    bool one_number = job->adaptive == job->h.rows->nadam_step[ORE_FLOAT32];
    for (int k = 0; k < 3; k++)
        if (k < 2 || !one_number)
            part->state[k] = moved(part->state[k], from, FLOAT_BYTES);
        else if (from > 0)
            part->state[k] = NULL;
}

PART(sgd, ore_sgd_part, own.buffer = moved(own.buffer, at.from, FLOAT_BYTES),
     job->h.rows->sgd_step[ORE_FLOAT32])
PART(adam, ore_adam_part, move_adam(&own, at.from), job->h.rows->adam_step[ORE_FLOAT32])
PART(adaptive, ore_adaptive_part, move_adaptive(job, &own, at.from), job->adaptive)

HALF_ROW(sgd_step, (const ore_context *ctx, const ore_sgd_part *parts, int64_t count),
         run(&(optim_job){.h = half_rows_of(ctx, dtype),
                          .parts = parts,
                          .count = count,
                          .elements = sgd_elements,
                          .call = sgd_call}))
HALF_ROW(adam_step, (const ore_context *ctx, const ore_adam_part *parts, int64_t count),
         run(&(optim_job){.h = half_rows_of(ctx, dtype),
                          .parts = parts,
                          .count = count,
                          .elements = adam_elements,
                          .call = adam_call}))

#define ADAPTIVE_ROW(name)                                                                         \
    HALF_ROW(name, (const ore_context *ctx, const ore_adaptive_part *parts, int64_t count),        \
             run(&(optim_job){.h = half_rows_of(ctx, dtype),                                       \
                              .parts = parts,                                                      \
                              .count = count,                                                      \
                              .elements = adaptive_elements,                                       \
                              .call = adaptive_call,                                               \
                              .adaptive = FLOAT_ROW(ctx, name)}))
ADAPTIVE_ROW(adagrad_step)
ADAPTIVE_ROW(rmsprop_step)
ADAPTIVE_ROW(adadelta_step)
ADAPTIVE_ROW(adamax_step)
ADAPTIVE_ROW(nadam_step)
ADAPTIVE_ROW(radam_step)
ADAPTIVE_ROW(lion_step)

/* ---- the sum of squares ---- */

static int64_t dense_elements(const void *parts, int64_t part) {
    return ((const ore_dense_part *)parts)[part].n;
}

static ore_status run_sum_squares(const ore_context *ctx, ore_dtype dtype,
                                  const ore_dense_part *parts, int64_t count, double *sum) {
    optim_job job = {.h = half_rows_of(ctx, dtype), .parts = parts, .count = count};
    job.elements = dense_elements;
    int64_t chunks = all_chunks(&job);
    job.sums = ore_alloc((size_t)(chunks + 1) * sizeof *job.sums);
    if (!job.sums)
        return ore_error_status();
    ore_status status = run(&job);
    *sum = 0;
    for (int64_t chunk = 0; chunk < chunks; chunk++)
        *sum += job.sums[chunk];
    ore_release(job.sums);
    return status;
}
HALF_ROW(sum_squares,
         (const ore_context *ctx, const ore_dense_part *parts, int64_t count, double *sum),
         run_sum_squares(ctx, dtype, parts, count, sum))
