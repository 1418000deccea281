/* dense.c: brings plans to kernels over dense memory. */
#include <string.h>

#include "backend/cpu/plan_run.h"
#include "backend/cpu/vector/dense.h"

enum { BLOCK = 512, MAX_BYTES = 8 }; /* elements of a block, and the largest size of one */

#define GATHER(T)                                                                                  \
    static void gather_##T(T *restrict to, const char *from, int64_t step, int64_t n) {            \
        T first = *(const T *)(const void *)from;                                                  \
        if (step == 0)                                                                             \
            for (int64_t i = 0; i < n; i++)                                                        \
                to[i] = first;                                                                     \
        else                                                                                       \
            for (int64_t i = 0; i < n; i++)                                                        \
                to[i] = *(const T *)(const void *)(from + i * step);                               \
    }                                                                                              \
    static void scatter_##T(char *to, int64_t step, const T *restrict from, int64_t n) {           \
        for (int64_t i = 0; i < n; i++)                                                            \
            *(T *)(void *)(to + i * step) = from[i];                                               \
    }
GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)
GATHER(uint64_t)

static void gather(int bytes, void *to, const char *from, int64_t step, int64_t n) {
    if (bytes == 4)
        gather_uint32_t(to, from, step, n);
    else if (bytes == 8)
        gather_uint64_t(to, from, step, n);
    else if (bytes == 1)
        gather_uint8_t(to, from, step, n);
    else
        gather_uint16_t(to, from, step, n);
}

static void scatter(int bytes, char *to, int64_t step, const void *from, int64_t n) {
    if (bytes == 4)
        scatter_uint32_t(to, step, from, n);
    else if (bytes == 8)
        scatter_uint64_t(to, step, from, n);
    else if (bytes == 1)
        scatter_uint8_t(to, step, from, n);
    else
        scatter_uint16_t(to, step, from, n);
}

typedef struct dense_job {
    const dense_kernel *kernel;
    int operands;
} dense_job;

static void run_blocks(char *const *data, const int64_t *strides, int64_t n, const dense_job *job) {
    _Alignas(64) char block[ORE_PLAN_OPERANDS][BLOCK * MAX_BYTES];
    const dense_kernel *k = job->kernel;
    void *at[ORE_PLAN_OPERANDS] = {block[0]};
    for (int i = 1; i < job->operands; i++) {
        at[i] = block[i];
        if (strides[i] == 0)
            gather(k->bytes[i], block[i], data[i], 0, n < BLOCK ? n : BLOCK);
    }
    for (int64_t from = 0; from < n; from += BLOCK) {
        int64_t count = n - from < BLOCK ? n - from : BLOCK;
        for (int i = 0; i < job->operands; i++) {
            char *first = data[i] + from * strides[i];
            if (strides[i] == k->bytes[i])
                at[i] = first;
            else if (i > 0 && strides[i] != 0)
                gather(k->bytes[i], block[i], first, strides[i], count);
        }
        k->fn(at[0], at + 1, count, k->arguments);
        if (strides[0] != k->bytes[0])
            scatter(k->bytes[0], data[0] + from * strides[0], strides[0], block[0], count);
    }
}

/* Lines whose operands are dense, but for values that are the same along a line. */
static void run_dense_lines(char *const *data, const int64_t *steps, const int64_t *strides,
                            int64_t lines, int64_t n, const dense_job *job) {
    _Alignas(64) char block[ORE_PLAN_OPERANDS][BLOCK * MAX_BYTES];
    const dense_kernel *k = job->kernel;
    void *x[ORE_PLAN_OPERANDS];
    for (int64_t line = 0; line < lines; line++) {
        for (int i = 0; i < job->operands; i++) {
            x[i] = data[i] + line * steps[i];
            if (strides[i] != 0)
                continue;
            if (line == 0 || steps[i] != 0)
                gather(k->bytes[i], block[i], x[i], 0, n);
            x[i] = block[i];
        }
        k->fn(x[0], x + 1, n, k->arguments);
    }
}

static void run_lines(char *const *data, const int64_t *steps, const int64_t *strides,
                      int64_t lines, int64_t n, void *argument) {
    const dense_job *job = argument;
    bool dense = true, still = false;
    for (int i = 0; i < job->operands && n > 1; i++) {
        still = still || strides[i] == 0;
        dense = dense && (strides[i] == job->kernel->bytes[i] || (i > 0 && strides[i] == 0));
    }
    if (n == 1) {
        run_blocks(data, steps, lines, job);
    } else if (dense && (!still || n <= BLOCK)) {
        run_dense_lines(data, steps, strides, lines, n, job);
    } else {
        char *line[ORE_PLAN_OPERANDS];
        for (int64_t i = 0; i < lines; i++) {
            for (int k = 0; k < job->operands; k++)
                line[k] = data[k] + i * steps[k];
            run_blocks(line, strides, n, job);
        }
    }
}

/* One run of dense memory, no longer than a chunk. */
static bool is_one_run(const ore_plan *plan, const dense_kernel *kernel) {
    if (plan->ndim != 1 || plan->size > ORE_CHUNK_ELEMENTS)
        return false;
    for (int i = 0; i < plan->operands; i++)
        if (plan->strides[i][0] != kernel->bytes[i])
            return false;
    return true;
}

ore_status LEVEL(run_dense)(const ore_plan *plan, const dense_kernel *kernel) {
    if (is_one_run(plan, kernel)) {
        void *x[ORE_PLAN_OPERANDS];
        for (int i = 1; i < plan->operands; i++)
            x[i - 1] = plan->data[i];
        kernel->fn(plan->data[0], x, plan->size, kernel->arguments);
        return ORE_OK;
    }
    dense_job job = {kernel, plan->operands};
    return ore_run_lines(plan, run_lines, &job);
}
