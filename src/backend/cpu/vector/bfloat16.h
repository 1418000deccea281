/* bfloat16.h: dense bfloat16 as float32 and back, in vectors; bit for bit as in base/half.h. */
#ifndef ORE_BACKEND_VECTOR_BFLOAT16_H
#define ORE_BACKEND_VECTOR_BFLOAT16_H

#include "backend/cpu/vector/vec.h"
#include "base/half.h"

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

/* The first n < VF_LANES lanes, 0 in the rest of what is loaded. */
VEC_INLINE vh16 vh16_load_part(const void *p, int64_t n) {
#if defined(__AVX512BW__) && defined(__AVX512VL__) && VEC_WIDTH == 64
    return (vh16)_mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), p);
#else
    vh16 v = {0};
    memcpy(&v, p, (size_t)n * sizeof v[0]);
    return v;
#endif
}
VEC_INLINE void vh16_store_part(void *p, vh16 v, int64_t n) {
#if defined(__AVX512BW__) && defined(__AVX512VL__) && VEC_WIDTH == 64
    _mm256_mask_storeu_epi16(p, (__mmask16)((1u << n) - 1), (__m256i)v);
#else
    memcpy(p, &v, (size_t)n * sizeof v[0]);
#endif
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

#endif
