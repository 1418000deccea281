/* conv.c: convolutions and pooling by plain loops, the oracle of every faster form. Sums are held
 * in float64. The equations are in src/ops/conv.c and pool.c. */
#include <math.h>
#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/scalar/names.h"

/* The place in x that tap k of place `at` in y meets; -1 where it is outside. */
static int64_t met_by(const ore_conv_dim *d, int64_t at, int64_t k) {
    int64_t place = at * d->stride - d->before + k * d->dilation;
    return place >= 0 && place < d->in ? place : -1;
}

/* The place in y whose tap k meets place `at` of x; -1 where there is none. */
static int64_t meeting(const ore_conv_dim *d, int64_t at, int64_t k) {
    int64_t place = at + d->before - k * d->dilation;
    return place >= 0 && place % d->stride == 0 && place / d->stride < d->out ? place / d->stride
                                                                              : -1;
}

static int64_t taps(const ore_conv_args *a) {
    return a->h.kernel * a->w.kernel;
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/conv_any.inc"
#include "backend/cpu/scalar/pool_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/conv_any.inc"
#include "backend/cpu/scalar/pool_any.inc"
#undef T
#undef SUFFIX
