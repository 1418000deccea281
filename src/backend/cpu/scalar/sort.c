/* sort.c: stable order of dense rows by merging, histograms, and the places of what is true. */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/scalar/names.h"
#include "base/memory.h"

#define IS_NAN(x) ((x) != (x))

enum { FEW = 64 }; /* that are found by insertion rather than sorting */

typedef struct sort_job {
    int64_t cols, keep;
    const void *x;
    int64_t *places;
    bool descending;
} sort_job;

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/histc_any.inc"
#include "backend/cpu/scalar/sort_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/histc_any.inc"
#include "backend/cpu/scalar/sort_any.inc"
#define T      int64_t
#define SUFFIX i64
#include "backend/cpu/scalar/sort_any.inc"
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/sort_any.inc"
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/sort_any.inc"
#define T      bool
#define SUFFIX b8
#include "backend/cpu/scalar/sort_any.inc"

ore_status scalar_nonzero_b8(const ore_context *ctx, const ore_shape *shape, const void *x,
                             int64_t *places) {
    (void)ctx;
    const uint8_t *mask = x;
    int64_t n = ore_shape_numel(*shape), at[ORE_MAX_DIMS] = {0};
    for (int64_t i = 0; i < n; i++) {
        for (int d = 0; mask[i] && d < shape->ndim; d++)
            *places++ = at[d];
        for (int d = shape->ndim - 1; d >= 0 && ++at[d] == shape->dim[d]; d--)
            at[d] = 0;
    }
    return ORE_OK;
}
