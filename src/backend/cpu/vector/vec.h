/* vec.h: vectors of one level in GCC's vector extensions: VEC_BYTES wide, unaligned loads and
 * stores, lane-wise arithmetic and comparison by the C operators (a true lane is all ones). An
 * intrinsic stands only where compilers make several instructions of the plain meaning beside. */
#ifndef ORE_BACKEND_VEC_H
#define ORE_BACKEND_VEC_H

#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/* 64-byte vectors also compile without AVX-512, split up: tests run them so. The sources of bf16/,
 * which define ORE_PAIRS, have no others. */
#if defined(ORE_LEVEL_avx512) || defined(ORE_LEVEL_wide) || defined(ORE_PAIRS)
#define VEC_WIDTH 64
#elif defined(ORE_LEVEL_neon)
#define VEC_WIDTH 16
#else
#define VEC_WIDTH 32
#endif

enum { VEC_BYTES = VEC_WIDTH, VF_LANES = VEC_WIDTH / 4, VD_LANES = VEC_WIDTH / 8 };

typedef float vf __attribute__((vector_size(VEC_BYTES)));
typedef double vd __attribute__((vector_size(VEC_BYTES)));
typedef int32_t vi __attribute__((vector_size(VEC_BYTES)));
typedef int64_t vi64 __attribute__((vector_size(VEC_BYTES)));

#define VEC_INLINE static inline __attribute__((always_inline, unused))
#define RARELY     __attribute__((noinline, cold, unused))
#define UNROLL     _Pragma("GCC unroll 16")

/* Lanes of two vectors by constant number, those of b after those of a. */
#define VEC_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

/* ---- loads and stores ---- */

VEC_INLINE vf vf_load(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}
VEC_INLINE void vf_store(float *p, vf v) {
    memcpy(p, &v, sizeof v);
}
VEC_INLINE vd vd_load(const double *p) {
    vd v;
    memcpy(&v, p, sizeof v);
    return v;
}
VEC_INLINE void vd_store(double *p, vd v) {
    memcpy(p, &v, sizeof v);
}
VEC_INLINE vf vf_set(float x) {
    return x - (vf){0};
}
VEC_INLINE vd vd_set(double x) {
    return x - (vd){0};
}
#if defined(__AVX2__) && VEC_WIDTH == 32
/* The first n of 8 lanes. */
VEC_INLINE __m256i vf_part_mask(int64_t n) {
    static const int32_t first[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(const void *)(first + 8 - n));
}
#endif
/* The first n < VF_LANES lanes from memory, `fill` in the rest. */
VEC_INLINE vf vf_load_part(const float *p, int64_t n, float fill) {
#if defined(__AVX2__) && VEC_WIDTH == 32
    __m256i mask = vf_part_mask(n);
    return (vf)_mm256_blendv_ps((__m256)vf_set(fill), _mm256_maskload_ps(p, mask), (__m256)mask);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    return (vf)_mm512_mask_loadu_ps((__m512)vf_set(fill), (__mmask16)((1u << n) - 1), p);
#else
    vf v = vf_set(fill);
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
#endif
}
VEC_INLINE void vf_store_part(float *p, vf v, int64_t n) {
#if defined(__AVX2__) && VEC_WIDTH == 32
    _mm256_maskstore_ps(p, vf_part_mask(n), (__m256)v);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#else
    memcpy(p, &v, (size_t)n * sizeof *p);
#endif
}

/* ---- a b + c, rounded once ---- */

/* Nothing is contracted by the compiler, so that every compiler gives the same bits: a fused
 * multiply-add stands where one of these is called, and nowhere else. ---- */

VEC_INLINE float fma_f32(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}
VEC_INLINE double fma_f64(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
VEC_INLINE vf vf_fma(vf a, vf b, vf c) {
#if defined(__FMA__) && VEC_WIDTH == 32
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__ARM_NEON) && VEC_WIDTH == 16
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__FMA__)
    __m256 x[2], y[2], sum[2]; /* the halves */
    memcpy(x, &a, sizeof a);
    memcpy(y, &b, sizeof b);
    memcpy(sum, &c, sizeof c);
    for (int k = 0; k < 2; k++)
        sum[k] = _mm256_fmadd_ps(x[k], y[k], sum[k]);
    memcpy(&c, sum, sizeof c);
    return c;
#else
    UNROLL for (int i = 0; i < VF_LANES; i++) c[i] = fma_f32(a[i], b[i], c[i]);
    return c;
#endif
}
VEC_INLINE vd vd_fma(vd a, vd b, vd c) {
#if defined(__FMA__) && VEC_WIDTH == 32
    return (vd)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    return (vd)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__ARM_NEON) && VEC_WIDTH == 16
    return (vd)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#elif defined(__FMA__)
    __m256d x[2], y[2], sum[2]; /* the halves */
    memcpy(x, &a, sizeof a);
    memcpy(y, &b, sizeof b);
    memcpy(sum, &c, sizeof c);
    for (int k = 0; k < 2; k++)
        sum[k] = _mm256_fmadd_pd(x[k], y[k], sum[k]);
    memcpy(&c, sum, sizeof c);
    return c;
#else
    UNROLL for (int i = 0; i < VD_LANES; i++) c[i] = fma_f64(a[i], b[i], c[i]);
    return c;
#endif
}

/* ---- lane-wise choice ---- */

/* mask ? a : b; every lane of mask is all ones or 0. */
VEC_INLINE vf vf_select(vi mask, vf a, vf b) {
#if defined(__AVX2__) && VEC_WIDTH == 32
    return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
    return (vf)((mask & (vi)a) | (~mask & (vi)b));
#endif
}

/* a > b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_max(vf a, vf b) {
#if defined(__AVX2__) && VEC_WIDTH == 32
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return vf_select(a > b, a, b);
#endif
}

VEC_INLINE vd vd_max(vd a, vd b) {
#if defined(__AVX2__) && VEC_WIDTH == 32
    return (vd)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    return (vd)_mm512_max_pd((__m512d)a, (__m512d)b);
#else
    return (vd)(((a > b) & (vi64)a) | (~(a > b) & (vi64)b));
#endif
}

/* a < b ? a : b, so b where either is NaN. */
VEC_INLINE vf vf_min(vf a, vf b) {
#if defined(__AVX2__) && VEC_WIDTH == 32
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__AVX512F__) && VEC_WIDTH == 64
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#else
    return vf_select(a < b, a, b);
#endif
}

VEC_INLINE vf vf_abs(vf x) {
    return (vf)((vi)x & INT32_MAX);
}
/* |x| with the sign of y. */
VEC_INLINE vf vf_copysign(vf x, vf y) {
    return (vf)(((vi)x & INT32_MAX) | ((vi)y & INT32_MIN));
}

/* ---- over the lanes, in one fixed order ---- */

/* Lanes exchanged with those that lie 8, 4, 2 or 1 further. */
#if VEC_WIDTH == 64
#define VF_TURN8(v) VEC_SHUFFLE(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)
#define VF_TURN4(v) VEC_SHUFFLE(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)
#define VF_TURN2(v) VEC_SHUFFLE(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)
#define VF_TURN1(v) VEC_SHUFFLE(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)
#elif VEC_WIDTH == 16
#define VF_TURN2(v) VEC_SHUFFLE(v, v, 2, 3, 0, 1)
#define VF_TURN1(v) VEC_SHUFFLE(v, v, 1, 0, 3, 2)
#else
#define VF_TURN4(v) VEC_SHUFFLE(v, v, 4, 5, 6, 7, 0, 1, 2, 3)
#define VF_TURN2(v) VEC_SHUFFLE(v, v, 2, 3, 0, 1, 6, 7, 4, 5)
#define VF_TURN1(v) VEC_SHUFFLE(v, v, 1, 0, 3, 2, 5, 4, 7, 6)
#endif

VEC_INLINE float vf_sum(vf v) {
#if VEC_WIDTH == 64
    v += VF_TURN8(v);
#endif
#if VEC_WIDTH >= 32
    v += VF_TURN4(v);
#endif
    v += VF_TURN2(v);
    v += VF_TURN1(v);
    return v[0];
}
/* The largest lane where none is NaN. */
VEC_INLINE float vf_largest(vf v) {
#if VEC_WIDTH == 64
    v = vf_max(VF_TURN8(v), v);
#endif
#if VEC_WIDTH >= 32
    v = vf_max(VF_TURN4(v), v);
#endif
    v = vf_max(VF_TURN2(v), v);
    return vf_max(VF_TURN1(v), v)[0];
}
VEC_INLINE double vd_sum(vd v) {
    double lane[VD_LANES];
    vd_store(lane, v);
    for (int half = VD_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}
VEC_INLINE double vd_largest(vd v) {
    double lane[VD_LANES];
    vd_store(lane, v);
    for (int half = VD_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] = lane[i + half] > lane[i] ? lane[i + half] : lane[i];
    return lane[0];
}

#endif
