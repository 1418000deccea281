/* scan.c: running sums and products of dense rows, and what their derivatives need. Floats are
 * held in float64; integers wrap. Chunks are whole rows. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/rows_run.h"
#include "backend/cpu/scalar/names.h"
#include "base/memory.h"

typedef struct scan_job {
    int64_t cols;
    const void *x, *y, *dy;
    void *result;
    void *before; /* (rows, cols) of SUM, for derivatives: products of what precedes each one */
    bool from_end;
} scan_job;

/* Runs rows that need `before`, of elements of so many bytes. */
static ore_status run_with_before(scan_job *job, int64_t rows, size_t bytes,
                                  void (*run)(void *job, int64_t begin, int64_t end)) {
    job->before = ore_alloc((size_t)(rows * job->cols) * bytes);
    if (!job->before)
        return ore_error_status();
    ore_run_rows(rows, job->cols, run, job);
    ore_release(job->before);
    return ORE_OK;
}

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
