/* bits.h: the bits of a float32, and the float32 of bits. */
#ifndef ORE_BASE_BITS_H
#define ORE_BASE_BITS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t ore_float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float ore_float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
