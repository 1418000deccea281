/* pair_product.h: what vdpbf16ps, the instruction of AVX-512 BF16, does in each lane, in plain C:
 * two products of bfloat16 are added to a sum in float32. */
#ifndef ORE_BACKEND_BF16_PAIR_PRODUCT_H
#define ORE_BACKEND_BF16_PAIR_PRODUCT_H

#include <stdbool.h>

#include "base/half.h"

/* Two elements that follow each other along k: the first in the low half. */
typedef uint32_t bf16_pair;

static inline float without_subnormals(float x) {
    bool normal = ore_float_bits(x) & 0x7f800000u;
    return normal ? x : ore_float_of_bits(ore_float_bits(x) & 0x80000000u);
}

/* a b + c, rounded once to nearest even; numbers below 2^-126 count as zeros of their sign, and
 * become such. Whether a result is one is asked after rounding to 24 bits: fmaf rounds it to fewer,
 * and perhaps up to 2^-126, so that it is computed once more, 2^64 times as large. */
static inline float fma_without_subnormals(float a, float b, float c) {
    a = without_subnormals(a), b = without_subnormals(b), c = without_subnormals(c);
    float sum = __builtin_fmaf(a, b, c);
    bool small = sum != 0 && sum >= -0x1p-126f && sum <= 0x1p-126f;
    if (!small || a == 0 || b == 0)
        return sum;
    float large = __builtin_fmaf(a * 0x1p64f, b, c * 0x1p64f);
    bool below = large > -0x1p-62f && large < 0x1p-62f;
    return below ? __builtin_copysignf(0, large) : large * 0x1p-64f;
}

static inline float high_of_pair(bf16_pair p) {
    return ore_float_of_bits(p & 0xffff0000u);
}

static inline float low_of_pair(bf16_pair p) {
    return ore_float_of_bits(p << 16);
}

/* One lane of vdpbf16ps: the high halves' product is added first (Intel, Instruction Set Reference,
 * "VDPBF16PS"). Of NaNs only that they are some is said. */
static inline float add_pair_product(float sum, bf16_pair a, bf16_pair b) {
    sum = fma_without_subnormals(high_of_pair(a), high_of_pair(b), sum);
    return fma_without_subnormals(low_of_pair(a), low_of_pair(b), sum);
}

#endif
