/* dropout_run.c: the mask of MKL builds, and the use of a mask over all threads. */
#include "backend/cpu/dropout_run.h"
#include "base/generator.h"
#include "base/threads.h"

/* Elements of a chunk, a multiple of 8, the elements of a byte of the mask: 128 KiB of float32, far
 * more work than handing a chunk to a worker. */
enum { CHUNK_ELEMENTS = 1 << 15 };

bool ore_dropout_mask_mkl(ore_generator *g, uint8_t *mask, int64_t n, double keep) {
    ore_generator_lock(g);
    bool mkl = g->variant & ORE_RANDOM_MKL_BERNOULLI;
    ore_mcg31 stream = ore_mcg31_of(mkl ? ore_engine_u32(&g->engine) : 0);
    ore_generator_unlock(g);
    if (!mkl)
        return false;
    for (int64_t at = 0; at < n; at += 8) {
        unsigned bits = 0;
        for (int j = 0; j < 8 && at + j < n; j++)
            bits |= (unsigned)(ore_mcg31_unit(&stream) < keep) << j;
        mask[at / 8] = (uint8_t)bits;
    }
    return true;
}

typedef struct dropout_job {
    const ore_dropout_args *args;
    ore_dropout_fn fn;
} dropout_job;

static void run_chunk(void *argument, int64_t chunk) {
    const dropout_job *job = argument;
    int64_t from = chunk * CHUNK_ELEMENTS, n = job->args->n;
    job->fn(job->args, from, n - from < CHUNK_ELEMENTS ? n : from + CHUNK_ELEMENTS);
}

void ore_run_dropout(const ore_dropout_args *args, ore_dropout_fn fn) {
    dropout_job job = {args, fn};
    ore_parallel_for((args->n + CHUNK_ELEMENTS - 1) / CHUNK_ELEMENTS, run_chunk, &job);
}
