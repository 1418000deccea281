/* half.h: dense halves as float32 and back, in vectors; bit for bit what half.h of cpu/ gives. */
#ifndef ORE_BACKEND_VECTOR_HALF_H
#define ORE_BACKEND_VECTOR_HALF_H

#include "base/half.h"
#include "backend/cpu/vector/vec.h"

typedef uint16_t vh16 __attribute__((vector_size(VEC_BYTES / 2)));
typedef uint32_t vu __attribute__((vector_size(VEC_BYTES)));

VEC_INLINE vh16 vh16_load(const void *p) {
    vh16 v;
    memcpy(&v, p, sizeof v);
    return v;
}
VEC_INLINE void vh16_store(void *p, vh16 v) {
    memcpy(p, &v, sizeof v);
}

VEC_INLINE vf vf_of_bf16(vh16 h) {
    return (vf)(__builtin_convertvector(h, vu) << 16);
}

/* Rounds to nearest even; a NaN stays one. AVX-512 BF16's instruction takes subnormals for 0. */
VEC_INLINE vh16 vf_to_bf16(vf x) {
    vu bits = (vu)x, nan = (vu)(x != x);
    vu rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16, kept = (bits >> 16) | 0x40;
    return __builtin_convertvector((nan & kept) | (~nan & rounded), vh16);
}

#if defined(__AVX512F__) && VEC_WIDTH == 64
VEC_INLINE vf vf_of_f16(vh16 h) {
    return (vf)_mm512_cvtph_ps((__m256i)h);
}
#elif defined(__F16C__) && VEC_WIDTH == 32
VEC_INLINE vf vf_of_f16(vh16 h) {
    return (vf)_mm256_cvtph_ps((__m128i)h);
}
#elif defined(__F16C__) && VEC_WIDTH == 64
VEC_INLINE vf vf_of_f16(vh16 h) {
    __m128i half[2];
    __m256 x[2];
    vf v;
    memcpy(half, &h, sizeof half);
    for (int k = 0; k < 2; k++)
        x[k] = _mm256_cvtph_ps(half[k]);
    memcpy(&v, x, sizeof v);
    return v;
}
#elif defined(__ARM_NEON) && VEC_WIDTH == 16
VEC_INLINE vf vf_of_f16(vh16 h) {
    return (vf)vcvt_f32_f16((float16x4_t)h);
}
#endif

#if defined(__AVX512F__) && VEC_WIDTH == 64
VEC_INLINE vh16 vf_round_f16(vf x) {
    return (vh16)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#elif defined(__F16C__) && VEC_WIDTH == 32
VEC_INLINE vh16 vf_round_f16(vf x) {
    return (vh16)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#elif defined(__F16C__) && VEC_WIDTH == 64
VEC_INLINE vh16 vf_round_f16(vf v) {
    __m256 x[2];
    __m128i half[2];
    vh16 h;
    memcpy(x, &v, sizeof x);
    for (int k = 0; k < 2; k++)
        half[k] = _mm256_cvtps_ph(x[k], _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    memcpy(&h, half, sizeof h);
    return h;
}
#elif defined(__ARM_NEON) && VEC_WIDTH == 16
VEC_INLINE vh16 vf_round_f16(vf x) {
    return (vh16)vcvt_f16_f32((float32x4_t)x);
}
#endif

/* Every NaN becomes the one of its sign without a payload. */
VEC_INLINE vh16 vf_to_f16(vf x) {
    vu nan = (vu)(x != x), bits = (vu)x;
    vu plain = (bits & 0x80000000u) | 0x7fc00000u;
    return vf_round_f16((vf)((nan & plain) | (~nan & bits)));
}

/* ---- eight at a time, for squares ---- */

typedef uint16_t half_row __attribute__((vector_size(16)));
typedef uint32_t bits_row __attribute__((vector_size(32)));
typedef float float_row __attribute__((vector_size(32)));

VEC_INLINE float_row row_of_bf16(half_row h) {
    return (float_row)(__builtin_convertvector(h, bits_row) << 16);
}
VEC_INLINE float_row row_of_f16(half_row h) {
#if defined(__F16C__)
    return (float_row)_mm256_cvtph_ps((__m128i)h);
#else
    float32x4_t part[2] = {vcvt_f32_f16(vget_low_f16((float16x8_t)h)),
                           vcvt_f32_f16(vget_high_f16((float16x8_t)h))};
    float_row x;
    memcpy(&x, part, sizeof x);
    return x;
#endif
}

#endif
