/* elementwise.c: elementwise rows of halves. Blocks of the operands become dense float32 in the L1
 * cache; an operand that is the same along a line stays one number. */
#include <string.h>

#include "backend/cpu/half/half_run.h"
#include "backend/cpu/plan_run.h"

enum {
    BLOCK = 1024, /* elements; four operands of float32 take 16 KiB, half of the L1 cache */
    SHORT = 256,  /* lines below this share a block, so that a call of the float32 row pays */
};

typedef ore_status (*numbers_row)(const ore_context *ctx, const ore_plan *plan, double p, double q);

/* A float32 row over a plan, and which operands it takes as they are: `bytes` are bool, `wide`
 * float32 already. */
typedef struct elementwise_job {
    half_rows h;
    ore_plan_kernel plain;
    numbers_row with_numbers;
    double p, q;
    int operands;
    unsigned bytes, wide;
} elementwise_job;

static bool is_half(const elementwise_job *job, int operand) {
    return !((job->bytes | job->wide) >> operand & 1);
}

static void call_row(const elementwise_job *job, const ore_plan *plan) {
    if (job->plain)
        job->plain(job->h.ctx, plan);
    else
        job->with_numbers(job->h.ctx, plan, job->p, job->q);
}

/* n elements of one line, a block at a time. */
static void run_line(const elementwise_job *job, char *const *data, const int64_t *steps,
                     int64_t n) {
    _Alignas(64) float block[ORE_PLAN_OPERANDS][BLOCK];
    ore_plan plan = {.ndim = 1, .operands = job->operands};
    for (int i = 0; i < job->operands; i++) {
        plan.strides[i][0] = steps[i];
        if (!is_half(job, i))
            continue;
        plan.data[i] = (char *)block[i];
        plan.strides[i][0] = i > 0 && steps[i] == 0 ? 0 : FLOAT_BYTES;
        if (plan.strides[i][0] == 0)
            half_bring(&job->h, block[i], data[i], HALF_BYTES, 1);
    }
    for (int64_t at = 0; at < n; at += BLOCK) {
        plan.size = plan.shape[0] = n - at < BLOCK ? n - at : BLOCK;
        for (int i = 0; i < job->operands; i++) {
            char *first = data[i] + at * steps[i];
            if (!is_half(job, i))
                plan.data[i] = first;
            else if (i > 0 && steps[i] != 0)
                half_bring(&job->h, block[i], first, steps[i], plan.size);
        }
        call_row(job, &plan);
        if (is_half(job, 0))
            half_put(&job->h, data[0] + at * steps[0], steps[0], block[0], plan.size);
    }
}

/* Copies n elements of `bytes` bytes between steps. */
static void copy_elements(char *to, int64_t to_step, const char *from, int64_t from_step, int bytes,
                          int64_t n) {
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_step, from + i * from_step, (size_t)bytes);
}

/* Elements of one operand along a short line into a block. */
static void bring_line(const elementwise_job *job, int operand, char *block, int64_t place,
                       const char *from, int64_t step, int64_t n) {
    if (is_half(job, operand)) {
        float *to = (float *)(void *)block + place;
        half_bring(&job->h, to, from, step, step == 0 ? 1 : n);
        for (int64_t i = 1; step == 0 && i < n; i++)
            to[i] = to[0];
        return;
    }
    int bytes = job->bytes >> operand & 1 ? 1 : FLOAT_BYTES;
    copy_elements(block + place * bytes, bytes, from, step, bytes, n);
}

/* As many short lines as a block holds, in one call of the row. */
static void run_short_lines(const elementwise_job *job, char *const *data, const int64_t *line_step,
                            const int64_t *steps, int64_t lines, int64_t n) {
    _Alignas(64) float block[ORE_PLAN_OPERANDS][BLOCK];
    ore_plan plan = {.ndim = 1, .operands = job->operands, .size = lines * n, .shape = {lines * n}};
    for (int i = 0; i < job->operands; i++) {
        plan.data[i] = (char *)block[i];
        plan.strides[i][0] = job->bytes >> i & 1 ? 1 : FLOAT_BYTES;
        for (int64_t line = 0; i > 0 && line < lines; line++)
            bring_line(job, i, plan.data[i], line * n, data[i] + line * line_step[i], steps[i], n);
    }
    call_row(job, &plan);
    for (int64_t line = 0; line < lines; line++) {
        char *to = data[0] + line * line_step[0];
        int64_t size = plan.strides[0][0];
        if (is_half(job, 0))
            half_put(&job->h, to, steps[0], block[0] + line * n, n);
        else
            copy_elements(to, steps[0], plan.data[0] + line * n * size, size, (int)size, n);
    }
}

static void run_lines(char *const *data, const int64_t *line_step, const int64_t *steps,
                      int64_t lines, int64_t n, void *argument) {
    const elementwise_job *job = argument;
    if (n == 1) {
        run_line(job, data, line_step, lines);
        return;
    }
    int64_t together = n < SHORT ? BLOCK / n : 1;
    for (int64_t line = 0; line < lines; line += together) {
        int64_t count = lines - line < together ? lines - line : together;
        char *at[ORE_PLAN_OPERANDS];
        for (int i = 0; i < job->operands; i++)
            at[i] = data[i] + line * line_step[i];
        if (count == 1)
            run_line(job, at, steps, n);
        else
            run_short_lines(job, at, line_step, steps, count, n);
    }
}

static ore_status run(elementwise_job *job, const ore_plan *plan) {
    job->operands = plan->operands;
    job->wide = plan->wide;
    ore_run_lines(plan, run_lines, job);
    return ore_error_status();
}

static ore_status run_plain(const ore_context *ctx, ore_dtype dtype, ore_plan_kernel row,
                            unsigned bytes, const ore_plan *plan) {
    return run(&(elementwise_job){.h = half_rows_of(ctx, dtype), .plain = row, .bytes = bytes},
               plan);
}

static ore_status run_numbers(const ore_context *ctx, ore_dtype dtype, numbers_row row, double p,
                              double q, const ore_plan *plan) {
    return run(
        &(elementwise_job){.h = half_rows_of(ctx, dtype), .with_numbers = row, .p = p, .q = q},
        plan);
}

/* Each row of these kinds in kernels.def. Operand 0 of a test is of bool. */
#define PLAN_ROW(name, dtypes)                                                                     \
    HALF_ROW(name, (const ore_context *ctx, const ore_plan *plan),                                 \
             run_plain(ctx, dtype, FLOAT_ROW(ctx, name), 0, plan))
#define TEST_ROW(name, dtypes)                                                                     \
    HALF_ROW(name, (const ore_context *ctx, const ore_plan *plan),                                 \
             run_plain(ctx, dtype, FLOAT_ROW(ctx, name), 1, plan))
#define NUMBERS_ROW(name, dtypes, a, b)                                                            \
    HALF_ROW(name, (const ore_context *ctx, const ore_plan *plan, double p, double q),             \
             run_numbers(ctx, dtype, FLOAT_ROW(ctx, name), p, q, plan))
#define K(name, dtypes, args)
#include "backend/kernels.def"
