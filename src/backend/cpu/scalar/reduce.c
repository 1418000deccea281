/* reduce.c: reductions. The oracle folds each result's elements one after the other, with float32
 * sums held in float64; chunks are whole results. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/plan_run.h"
#include "backend/cpu/scalar/names.h"

#define T      float
#define SUM    double
#define SUFFIX f32
#include "backend/cpu/scalar/reduce_any.inc"
#define T      double
#define SUM    double
#define SUFFIX f64
#include "backend/cpu/scalar/reduce_any.inc"
#define T      int64_t
#define SUM    uint64_t
#define SUFFIX i64
#include "backend/cpu/scalar/reduce_any.inc"
#define T      int32_t
#define SUM    uint64_t
#define SUFFIX i32
#include "backend/cpu/scalar/reduce_any.inc"
#define T      uint8_t
#define SUM    uint64_t
#define SUFFIX u8
#include "backend/cpu/scalar/reduce_any.inc"

/* ---- variance: the mean first, then the squares ---- */

typedef struct squares_so_far {
    double mean, sum;
} squares_so_far;

typedef struct var_job {
    const ore_reduce_plan *plan;
    double correction;
    bool root;
} var_job;

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/var_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/var_any.inc"

/* ---- p-norms: several running sums, so that an addition need not wait for the one before ---- */

enum { POWER_SUMS = 4 };

typedef struct powers_so_far {
    double p, sum[POWER_SUMS];
} powers_so_far;

typedef struct norm_job {
    const ore_reduce_plan *plan;
    double p;
} norm_job;

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/power_norm_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/power_norm_any.inc"
