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
    PIECE = 1 << 14, /* elements of a piece */
    FEWEST_ROWS = 32,
    MOST_ROWS = 128, /* of a piece: their gradients of weight share one sum */
};

/* Backward's pieces of rows, and each one's sums of dy n and of dy. */
typedef struct norm_job {
    const ore_layer_norm_args *args;
    int64_t pieces;
    void *partial; /* (pieces, 2, cols) */
} norm_job;

static int64_t rows_of_piece(int64_t cols) {
    int64_t rows = cols > 0 ? PIECE / cols : MOST_ROWS;
    return rows < FEWEST_ROWS ? FEWEST_ROWS : rows < MOST_ROWS ? rows : MOST_ROWS;
}

/* Calls fn over `pieces` pieces, on this thread where one piece's work is all there is. */
static void run_pieces(int64_t pieces, ore_piece_fn fn, void *job) {
    if (pieces == 1)
        fn(job, 0);
    else
        ore_parallel_for(pieces, fn, job);
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
