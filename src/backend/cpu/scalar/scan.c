/* scan.c: running sums and products of dense rows, and what their derivatives need. Floats are
 * held in float64; integers wrap. Pieces are whole rows. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/scalar/names.h"

typedef struct scan_job {
    int64_t cols;
    const void *x, *y, *dy;
    void *result;
    bool from_end;
} scan_job;

#define T      float
#define SUM    double
#define SUFFIX f32
#include "backend/cpu/scalar/scan_any.inc"
#include "backend/cpu/scalar/scan_backward_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/scan_any.inc"
#include "backend/cpu/scalar/scan_backward_any.inc"
#undef T
#undef SUM
#undef SUFFIX
#define T      int64_t
#define SUM    uint64_t
#define SUFFIX i64
#include "backend/cpu/scalar/scan_any.inc"
#undef T
#undef SUFFIX
#define T      int32_t
#define SUFFIX i32
#include "backend/cpu/scalar/scan_any.inc"
#undef T
#undef SUFFIX
#define T      uint8_t
#define SUFFIX u8
#include "backend/cpu/scalar/scan_any.inc"
#undef T
#undef SUM
#undef SUFFIX
