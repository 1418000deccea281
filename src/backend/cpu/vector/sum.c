/* sum.c: sums over reduce plans: a few terms at a time in vectors of the element's type, those in
 * float64. Where the kept elements lie side by side whole
 * rows are added up column by column, else each result's elements are added up; either is cut into
 * chunks by sizes alone, and the chunks' sums are added in their order. */
#include <stdlib.h>

#include "backend/cpu/plan_run.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/vector/lanes.h"
#include "backend/cpu/vector/vector.h"
#include "base/memory.h"
#include "base/threads.h"

enum {
    CHUNK = 1 << 15,       /* elements of a chunk: long beside the cost of handing it over */
    MAX_CHUNKS = 64,       /* of one result: enough for the threads, few to add up */
    COLUMNS = 512,         /* columns that advance together: their sums stay in the L1 cache */
    MIN_COLUMNS = 4,       /* with fewer, results are summed one by one */
    SERIAL_WORK = 1 << 13, /* max elements that one thread does */
    SUMS = 8,              /* vectors of running sums, which hide the latency of an addition, */
    TERMS = 8,             /* and how many terms each takes before it goes on in float64 */
    EIGHT = 8,             /* rows added up at once */
};

typedef struct sum_job {
    const ore_reduce_plan *plan;
    int64_t cols, blocks, chunks; /* neighbouring kept elements, blocks of them, chunks of rows */
    double *partial;              /* (kept, chunks) or (outer, chunks, cols) */
} sum_job;

/* The elements of `size` that chunk p of `chunks` starts at. */
static int64_t start_of(int64_t size, int64_t chunks, int64_t p) {
    return size / chunks * p + (p < size % chunks ? p : size % chunks);
}

static void run_chunks(int64_t chunks, int64_t elements, ore_chunk_fn fn, sum_job *job) {
    if (elements > SERIAL_WORK) {
        ore_parallel_for(chunks, fn, job);
        return;
    }
    for (int64_t chunk = 0; chunk < chunks; chunk++)
        fn(job, chunk);
}

/* Byte offsets of kept element `place` in the result and the input. */
static void offsets_of(const ore_plan *kept, int64_t place, int64_t *of_result, int64_t *of_input) {
    *of_result = *of_input = 0;
    for (int d = kept->ndim - 1; d >= 0; d--) {
        *of_result += place % kept->shape[d] * kept->strides[0][d];
        *of_input += place % kept->shape[d] * kept->strides[1][d];
        place /= kept->shape[d];
    }
}

#define T         float
#define V         vf
#define VEC(name) vf_##name
#define LANES     VF_LANES
#define FN(name)  name##_f32
#include "backend/cpu/vector/sum_any.inc"
#undef T
#undef V
#undef VEC
#undef LANES
#undef FN

#define T         double
#define V         vd
#define VEC(name) vd_##name
#define LANES     VD_LANES
#define FN(name)  name##_f64
#include "backend/cpu/vector/sum_any.inc"
