/* batch_norm.c: batch norm; the equations are in src/ops/batch_norm.c. For L = 1 a channel is a
 * column, and several vectors of channels are summed down the rows together; otherwise a channel is
 * N runs of L elements. */
#include <math.h>

#include "backend/cpu/in_double.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/vector/lanes.h"
#include "backend/cpu/vector/vector.h"

enum {
    BLOCK = 4, /* vectors of channels that are summed down the rows together */
    SPAN =
        256 /* rows, or vectors of a run, that are summed in T before the sum goes on in float64 */
};

/* An empty batch counts as one value, so that its moments are 0. */
static double values_of_channel(const ore_batch_norm_args *a) {
    return a->N * a->L > 0 ? (double)(a->N * a->L) : 1;
}

#define T         float
#define V         vf
#define LANES     VF_LANES
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/batch_norm_any.inc"
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
#include "backend/cpu/vector/batch_norm_any.inc"
