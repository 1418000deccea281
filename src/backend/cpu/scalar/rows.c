/* rows.c: softmax, layer norm and cross entropy over dense rows, the oracle of every faster form.
 * Sums are held in float64, in the order of the elements. The equations are in src/ops/. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "base/threads.h"

#define PASTE3(a, b, c)     a##b##_##c
#define NAMED(a, b, suffix) PASTE3(a, b, suffix)
#define KERNEL(name)        NAMED(scalar_, name, SUFFIX)
#define LOCAL(name)         NAMED(, name, SUFFIX)

typedef struct row_operands {
    int64_t cols;
    const void *x, *second;
    void *y;
} row_operands;

static ore_status check_labels(const ore_cross_entropy_args *args) {
    for (int64_t r = 0; r < args->rows; r++) {
        int64_t label = args->labels[r];
        if (label != args->ignore_index && (label < 0 || label >= args->cols))
            return ore_fail(ORE_INVALID,
                            "cross_entropy: label %lld at %lld out of range, expected 0 .. %lld "
                            "or %lld",
                            (long long)label, (long long)r, (long long)args->cols - 1,
                            (long long)args->ignore_index);
    }
    return ORE_OK;
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/softmax_any.inc"
#include "backend/cpu/scalar/layer_norm_any.inc"
#include "backend/cpu/scalar/cross_entropy_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/softmax_any.inc"
#include "backend/cpu/scalar/layer_norm_any.inc"
#include "backend/cpu/scalar/cross_entropy_any.inc"
#undef T
#undef SUFFIX
