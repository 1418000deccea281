/* vec.h: vectors of one level in GCC's vector extensions: VEC_BYTES wide, unaligned loads and
 * stores, lane-wise arithmetic by the C operators. */
#ifndef ORE_BACKEND_VEC_H
#define ORE_BACKEND_VEC_H

#include <stdint.h>
#include <string.h>

/* 64-byte vectors also compile without AVX-512, split in two: tests run them so. */
#if defined(ORE_LEVEL_avx512) || defined(ORE_LEVEL_wide)
enum { VEC_BYTES = 64 };
#else
enum { VEC_BYTES = 32 };
#endif

enum { VF_LANES = VEC_BYTES / 4, VD_LANES = VEC_BYTES / 8 };

typedef float vf __attribute__((vector_size(VEC_BYTES)));
typedef double vd __attribute__((vector_size(VEC_BYTES)));
typedef int32_t vi32 __attribute__((vector_size(VEC_BYTES)));
typedef int64_t vi64 __attribute__((vector_size(VEC_BYTES)));
typedef uint32_t vu32 __attribute__((vector_size(VEC_BYTES)));
typedef uint64_t vu64 __attribute__((vector_size(VEC_BYTES)));

#define VEC_INLINE static inline __attribute__((always_inline, unused))

#define UNROLL _Pragma("GCC unroll 16")

/* Lanes of two vectors by constant number, those of b after those of a. */
#define VEC_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

VEC_INLINE vf vf_load(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
VEC_INLINE void vf_store(float *p, vf v) {
    memcpy(p, &v, sizeof v);
}
VEC_INLINE vf vf_set(float x) {
    return x - (vf){0};
}
VEC_INLINE vd vd_load(const double *p) {
    vd v;
    memcpy(&v, p, sizeof v);
    return v;
}
VEC_INLINE void vd_store(double *p, vd v) {
    memcpy(p, &v, sizeof v);
}
VEC_INLINE vd vd_set(double x) {
    return x - (vd){0};
}

#endif
