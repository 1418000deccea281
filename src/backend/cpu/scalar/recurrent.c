/* recurrent.c: recurrent layers, one sequence after the other: the oracle of every faster form.
 * Sums are held in float64. The equations are in src/ops/recurrent.c. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/scalar/names.h"
#include "base/memory.h"

/* How many steps sequence b has. */
static int64_t steps_of(const ore_recurrent_args *a, int64_t b) {
    int64_t steps = 0;
    while (steps < a->steps && a->sizes[steps] > b)
        steps++;
    return steps;
}

/* The row of the step that is number k of sequence b's, in the direction's order. */
static int64_t row_of(const ore_recurrent_args *a, int64_t b, int64_t steps, int64_t k) {
    return a->starts[a->reverse ? steps - 1 - k : k] + b * a->row_step;
}

static double logistic(double x) {
    return 1 / (1 + ore_math_exp(-x));
}

typedef struct recurrent_job {
    const ore_recurrent_args *args; /* one for each direction */
} recurrent_job;

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/recurrent_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/recurrent_any.inc"
