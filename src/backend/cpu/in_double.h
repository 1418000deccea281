/* in_double.h: when the norms of the vector levels hand a row or a channel over to scalar code,
 * which computes in float64: where its squares, its scale or its mean do not fit float32. */
#ifndef ORE_BACKEND_CPU_IN_DOUBLE_H
#define ORE_BACKEND_CPU_IN_DOUBLE_H

#include "backend/backend.h"

/* Channels begin .. end - 1 of the scalar rows; p is their arguments. */
void scalar_batch_norm_channels_f32(void *p, int64_t begin, int64_t end);
void scalar_batch_norm_channels_f64(void *p, int64_t begin, int64_t end);
void scalar_batch_norm_backward_channels_f32(void *p, int64_t begin, int64_t end);
void scalar_batch_norm_backward_channels_f64(void *p, int64_t begin, int64_t end);

/* Whether sums in float32 gave this mean and variance (plus eps) with all their digits. No square
 * was infinite, and those that became 0, below 2^-149, do not count beside the variance. The mean,
 * which may be wrong by 2^-24 of itself, is within 8 standard deviations of 0: so values less the
 * mean are right to 2^-21 of one. */
static inline bool moments_fit_f32(double mean, double variance) {
    return variance >= 0x1p-90 && variance < (double)__builtin_inff() &&
           mean * mean <= 0x1p6 * variance;
}

/* Whether float32 suffices for the gradients of such values: products with their scale neither
 * overflow nor vanish, and the mean is as near to 0 as above. */
static inline bool scale_fits_f32(double mean, double rstd) {
    return rstd >= 0x1p-40 && rstd <= 0x1p40 && mean * mean * rstd * rstd <= 0x1p6;
}

/* float64 always suffices: there is no wider type to go to. */
static inline bool moments_fit_f64(double mean, double variance) {
    (void)mean, (void)variance;
    return true;
}
static inline bool scale_fits_f64(double mean, double rstd) {
    (void)mean, (void)rstd;
    return true;
}

#endif
