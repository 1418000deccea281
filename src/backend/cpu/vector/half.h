/* half.h: dense halves as float32 and back, in vectors; bit for bit as in base/half.h. */
#ifndef ORE_BACKEND_VECTOR_HALF_H
#define ORE_BACKEND_VECTOR_HALF_H

#include "backend/cpu/vector/bfloat16.h"
#include "backend/cpu/vector/squares.h"

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

/* ---- squares: to[i * to_row + j] = from[i + j * from_col] for eight j, as float32 ---- */

typedef uint16_t f16_row __attribute__((vector_size(16)));

/* How many i a square has: bfloat16's are pairs of 32 bits, of which each is a float32 but for a
 * shift or a mask. */
enum { SQUARE_bf16 = 16, SQUARE_f16 = 8 };

VEC_INLINE void square_bf16(float *to, int64_t to_row, const ore_bf16 *from, int64_t from_col) {
    word_row r[8];
    for (int j = 0; j < 8; j++)
        memcpy(&r[j], from + j * from_col, sizeof r[j]);
    transpose_words(r);
    for (int i = 0; i < 8; i++) {
        word_row even = r[i] << 16, odd = r[i] & 0xffff0000u;
        memcpy(to + 2 * i * to_row, &even, sizeof even);
        memcpy(to + (2 * i + 1) * to_row, &odd, sizeof odd);
    }
}

VEC_INLINE void put_row_of_f16(float *to, f16_row h) {
#if defined(__F16C__)
    __m256 x = _mm256_cvtph_ps((__m128i)h);
    memcpy(to, &x, sizeof x);
#else
    float32x4_t part[2] = {vcvt_f32_f16(vget_low_f16((float16x8_t)h)),
                           vcvt_f32_f16(vget_high_f16((float16x8_t)h))};
    memcpy(to, part, sizeof part);
#endif
}

VEC_INLINE void square_f16(float *to, int64_t to_row, const ore_f16 *from, int64_t from_col) {
    f16_row r[8], s[8];
    for (int j = 0; j < 8; j++)
        memcpy(&r[j], from + j * from_col, sizeof r[j]);
    for (int j = 0; j < 4; j++) {
        s[2 * j] = VEC_SHUFFLE(r[2 * j], r[2 * j + 1], 0, 8, 1, 9, 2, 10, 3, 11);
        s[2 * j + 1] = VEC_SHUFFLE(r[2 * j], r[2 * j + 1], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    for (int j = 0; j < 2; j++)
        for (int k = 0; k < 2; k++) {
            f16_row a = s[4 * j + k], b = s[4 * j + 2 + k];
            r[4 * j + 2 * k] = VEC_SHUFFLE(a, b, 0, 1, 8, 9, 2, 3, 10, 11);
            r[4 * j + 2 * k + 1] = VEC_SHUFFLE(a, b, 4, 5, 12, 13, 6, 7, 14, 15);
        }
    for (int i = 0; i < 8; i++) {
        f16_row a = r[i / 2], b = r[4 + i / 2];
        f16_row row = i % 2 ? VEC_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
                            : VEC_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
        put_row_of_f16(to + i * to_row, row);
    }
}

/* ---- eight elements of VF_LANES columns, which lie `step` elements apart, in registers ---- */

enum { STRIP_bf16 = 8, STRIP_f16 = 8 };

VEC_INLINE void strip_bf16(vf to[8], const ore_bf16 *from, int64_t step) {
    vf words[4];
    transpose_columns(words, from, step * (int64_t)sizeof *from);
    UNROLL for (int i = 0; i < 4; i++) {
        to[2 * i] = (vf)((vu)words[i] << 16);
        to[2 * i + 1] = (vf)((vu)words[i] & 0xffff0000u);
    }
}

VEC_INLINE void strip_f16(vf to[8], const ore_f16 *from, int64_t step) {
    vf words[4];
    transpose_columns(words, from, step * (int64_t)sizeof *from);
    UNROLL for (int i = 0; i < 4; i++) {
        to[2 * i] = vf_of_f16(__builtin_convertvector((vu)words[i], vh16));
        to[2 * i + 1] = vf_of_f16(__builtin_convertvector((vu)words[i] >> 16, vh16));
    }
}

#endif
