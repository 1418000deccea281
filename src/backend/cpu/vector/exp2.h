/* exp2.h: 2^x lane by lane for x <= 0, or a little above by rounding: 2^n times a polynomial on
 * [-1/2, 1/2]. 2^0 is exactly 1; less than the smallest normal number is 0; NaN stays. */
#ifndef ORE_BACKEND_EXP2_H
#define ORE_BACKEND_EXP2_H

#include "backend/cpu/vector/vec.h"

/* Unsigned, since out of range (where the result is masked) the exponents wrap. */
typedef uint32_t exp2_bits_f32 __attribute__((vector_size(VEC_BYTES)));
typedef uint64_t exp2_bits_f64 __attribute__((vector_size(VEC_BYTES)));

/* Relative error at most 1e-7, rounding included. */
VEC_INLINE vf vf_exp2(vf x) {
    const vf shift = vf_set(0x1.8p23f); /* adding it rounds to a whole number */
    vf n = x + shift, r = x - (n - shift);
    vf p = vf_set(0x1.44138ap-13f);
    p = vf_fma(p, r, vf_set(0x1.5f0890p-10f));
    p = vf_fma(p, r, vf_set(0x1.3b2a54p-7f));
    p = vf_fma(p, r, vf_set(0x1.c6af6cp-5f));
    p = vf_fma(p, r, vf_set(0x1.ebfbe0p-3f));
    p = vf_fma(p, r, vf_set(0x1.62e430p-1f));
    p = vf_fma(p, r, vf_set(1.0f));
    vf y = p * (vf)(((exp2_bits_f32)n + 127) << 23);
    return (vf)((vi)y & ~(x < -126.0f));
}

/* Relative error at most 2.5e-16, rounding included. */
VEC_INLINE vd vd_exp2(vd x) {
    const vd shift = vd_set(0x1.8p52);
    vd n = x + shift, r = x - (n - shift);
    vd p = vd_set(0x1.c4a29324a1038p-36);
    p = vd_fma(p, r, vd_set(0x1.e9ec1fcb69a7fp-32));
    p = vd_fma(p, r, vd_set(0x1.e4cf10dec0f59p-28));
    p = vd_fma(p, r, vd_set(0x1.b524ebd13a55fp-24));
    p = vd_fma(p, r, vd_set(0x1.62c02242b879cp-20));
    p = vd_fma(p, r, vd_set(0x1.ffcbfc6da6ed1p-17));
    p = vd_fma(p, r, vd_set(0x1.430912f86b7dbp-13));
    p = vd_fma(p, r, vd_set(0x1.5d87fe78a3f9cp-10));
    p = vd_fma(p, r, vd_set(0x1.3b2ab6fba4e79p-7));
    p = vd_fma(p, r, vd_set(0x1.c6b08d704a0c6p-5));
    p = vd_fma(p, r, vd_set(0x1.ebfbdff82c58fp-3));
    p = vd_fma(p, r, vd_set(0x1.62e42fefa39efp-1));
    p = vd_fma(p, r, vd_set(1.0));
    vd y = p * (vd)(((exp2_bits_f64)n + 1023) << 52);
    return (vd)((vi64)y & ~(x < -1022.0));
}

#endif
