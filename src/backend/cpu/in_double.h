/* in_double.h: when the norms of the vector levels leave a row or a channel to scalar code, which
 * computes in float64: where float32 does not hold its squares or its scale. */
#ifndef ORE_BACKEND_CPU_IN_DOUBLE_H
#define ORE_BACKEND_CPU_IN_DOUBLE_H

#include "backend/backend.h"

/* Channels begin .. end - 1 of the scalar rows; p is their arguments. */
void scalar_batch_norm_channels_f32(void *p, int64_t begin, int64_t end);
void scalar_batch_norm_channels_f64(void *p, int64_t begin, int64_t end);
void scalar_batch_norm_backward_channels_f32(void *p, int64_t begin, int64_t end);
void scalar_batch_norm_backward_channels_f64(void *p, int64_t begin, int64_t end);

/* Whether squares added up in float32 gave this variance (plus eps) with all its digits: none was
 * infinite, and those that became 0, below 2^-149, do not count beside it. */
static inline bool squares_fit_f32(double variance) {
    return variance >= 0x1p-90 && variance < (double)__builtin_inff();
}

/* Whether products with values of this scale stay far from the ends of float32. */
static inline bool scale_fits_f32(double rstd) {
    return rstd >= 0x1p-40 && rstd <= 0x1p40;
}

/* Nothing wider could do better. */
static inline bool squares_fit_f64(double variance) {
    (void)variance;
    return true;
}
static inline bool scale_fits_f64(double rstd) {
    (void)rstd;
    return true;
}

#endif
