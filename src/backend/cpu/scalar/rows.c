/* rows.c: softmax, norms and cross entropy over dense rows, the oracle of every faster form.
 * Sums are held in float64, in the order of the elements. The equations are in src/ops/. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/in_double.h"
#include "backend/cpu/range.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/scalar/names.h"
#include "base/threads.h"

typedef struct row_operands {
    int64_t cols;
    const void *x, *second;
    void *y;
} row_operands;

static ore_status check_labels(const ore_cross_entropy_args *args) {
    return ore_check_range("cross_entropy", "label", args->labels, args->rows, args->cols,
                           &args->ignore_index);
}

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/softmax_any.inc"
#include "backend/cpu/scalar/layer_norm_any.inc"
#include "backend/cpu/scalar/batch_norm_any.inc"
#include "backend/cpu/scalar/cross_entropy_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/softmax_any.inc"
#include "backend/cpu/scalar/layer_norm_any.inc"
#include "backend/cpu/scalar/batch_norm_any.inc"
#include "backend/cpu/scalar/cross_entropy_any.inc"
#undef T
#undef SUFFIX
