/* lanes.h: what templates over float and double need beside vec.h, under names that differ by a
 * prefix or suffix, so that one template serves both. */
#ifndef ORE_BACKEND_VECTOR_LANES_H
#define ORE_BACKEND_VECTOR_LANES_H

#include "backend/cpu/vector/vec.h"

VEC_INLINE vd vd_select(vi64 mask, vd a, vd b) {
    return (vd)((mask & (vi64)a) | (~mask & (vi64)b));
}
VEC_INLINE vd vd_load_part(const double *p, int64_t n, double fill) {
    vd v = vd_set(fill);
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
}
VEC_INLINE void vd_store_part(double *p, vd v, int64_t n) {
    memcpy(p, &v, (size_t)n * sizeof *p);
}
VEC_INLINE vd vd_abs(vd x) {
    return (vd)((vi64)x & INT64_MAX);
}

/* Lane-wise square roots, rounded once; compilers make one instruction of the loop. */
VEC_INLINE vf vf_sqrt(vf x) {
    UNROLL for (int i = 0; i < VF_LANES; i++) x[i] = __builtin_sqrtf(x[i]);
    return x;
}
VEC_INLINE vd vd_sqrt(vd x) {
    UNROLL for (int i = 0; i < VD_LANES; i++) x[i] = __builtin_sqrt(x[i]);
    return x;
}

/* ---- the lanes of a vector of T, in double ---- */

typedef float vh __attribute__((vector_size(VEC_BYTES / 2)));

typedef struct doubles_f32 {
    vd low, high;
} doubles_f32;

typedef vd doubles_f64;

VEC_INLINE doubles_f32 doubles_of_f32(vf v) {
    vh low, high;
    memcpy(&low, &v, sizeof low);
    memcpy(&high, (const char *)&v + sizeof low, sizeof high);
    return (doubles_f32){__builtin_convertvector(low, vd), __builtin_convertvector(high, vd)};
}
VEC_INLINE doubles_f32 doubles_add_f32(doubles_f32 a, doubles_f32 b) {
    return (doubles_f32){a.low + b.low, a.high + b.high};
}
VEC_INLINE void doubles_add_to_f32(double *p, doubles_f32 a) {
    vd_store(p, vd_load(p) + a.low);
    vd_store(p + VD_LANES, vd_load(p + VD_LANES) + a.high);
}
VEC_INLINE double doubles_sum_f32(doubles_f32 a) {
    return vd_sum(a.low + a.high);
}
VEC_INLINE doubles_f64 doubles_of_f64(vd v) {
    return v;
}
VEC_INLINE doubles_f64 doubles_add_f64(doubles_f64 a, doubles_f64 b) {
    return a + b;
}
VEC_INLINE void doubles_add_to_f64(double *p, doubles_f64 a) {
    vd_store(p, vd_load(p) + a);
}
VEC_INLINE double doubles_sum_f64(doubles_f64 a) {
    return vd_sum(a);
}

#endif
