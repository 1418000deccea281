/* half.h: bfloat16 and IEEE half precision as bits, to and from float32. */
#ifndef ORE_BASE_HALF_H
#define ORE_BASE_HALF_H

#include "base/bits.h"

typedef struct ore_bf16 {
    uint16_t bits;
} ore_bf16;

typedef struct ore_f16 {
    uint16_t bits;
} ore_f16;

static inline float ore_bf16_to_float(ore_bf16 h) {
    return ore_float_of_bits((uint32_t)h.bits << 16);
}

/* Rounds to nearest even; a NaN stays one. */
static inline ore_bf16 ore_bf16_from_float(float x) {
    uint32_t bits = ore_float_bits(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (ore_bf16){(uint16_t)((bits >> 16) | 0x40u)};
    return (ore_bf16){(uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16)};
}

static inline float ore_f16_to_float(ore_f16 h) {
    uint32_t sign = (uint32_t)(h.bits & 0x8000u) << 16;
    uint32_t exponent = (h.bits >> 10) & 0x1fu, fraction = h.bits & 0x3ffu;
    if (exponent == 31) /* a NaN becomes a quiet one, as processors' instructions make it */
        return ore_float_of_bits(sign | 0x7f800000u | (fraction ? 0x400000u : 0) | fraction << 13);
    if (exponent)
        return ore_float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float x = (float)fraction * 0x1p-24f; /* subnormal */
    return sign ? -x : x;
}

/* Rounds to nearest even; beyond 65504 to infinity. */
static inline ore_f16 ore_f16_from_float(float x) {
    uint32_t bits = ore_float_bits(x), sign = (bits >> 16) & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u)
        return (ore_f16){(uint16_t)(sign | 0x7e00u)};
    if (size >= 0x477ff000u)
        return (ore_f16){(uint16_t)(sign | 0x7c00u)};
    if (size < 0x38800000u) { /* subnormal: let the float adder round to steps of 2^-24 */
        float steps = ore_float_of_bits(size) + 0.5f;
        return (ore_f16){(uint16_t)(sign | (ore_float_bits(steps) - 0x3f000000u))};
    }
    uint32_t rounded = size + 0xfffu + ((size >> 13) & 1) - 0x38000000u;
    return (ore_f16){(uint16_t)(sign | rounded >> 13)};
}

#endif
