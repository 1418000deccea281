/* norm.c: layer norm and RMS norm; the equations are in src/ops/norm.c. A row's sums are held in
 * vectors of the row's type, see row_any.inc. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/in_double.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/vector/lanes.h"
#include "backend/cpu/vector/vector.h"
#include "base/memory.h"
#include "base/threads.h"

enum {
    CHUNK = 1 << 14, /* about as many elements in a chunk, but */
    MIN_ROWS = 32,   /* its rows share one sum of the weight's gradient, so a few more pay off, */
    MAX_ROWS = 128,  /* and no more, so that short rows make enough chunks */
};

/* Backward: chunks of rows, each with its own sums of dy n and of dy. */
typedef struct norm_job {
    const ore_layer_norm_args *args;
    int64_t chunks;
    void *partial; /* (chunks, 2, cols) */
} norm_job;

static int64_t rows_of_chunk(int64_t cols) {
    int64_t rows = cols > 0 ? CHUNK / cols : MAX_ROWS;
    return rows < MIN_ROWS ? MIN_ROWS : rows < MAX_ROWS ? rows : MAX_ROWS;
}

/* Calls fn for each chunk; a single one on the calling thread. */
static void run_chunks(int64_t chunks, ore_chunk_fn fn, void *job) {
    if (chunks == 1)
        fn(job, 0);
    else
        ore_parallel_for(chunks, fn, job);
}

#define T         float
#define V         vf
#define LANES     VF_LANES
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/row_any.inc"
#include "backend/cpu/vector/norm_any.inc"
#undef T
#undef V
#undef LANES
#undef VEC
#undef FN

#define T         double
#define V         vd
#define LANES     VD_LANES
#define VEC(name) vd_##name
#define FN(name)  name##_f64
#include "backend/cpu/vector/row_any.inc"
#include "backend/cpu/vector/norm_any.inc"
