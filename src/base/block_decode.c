/* block_decode.c: blocks of 32 elements: a scale d, and of the types that end in _1 a smallest
 * value m, both float16; then the quants. Of 4 and 5 bits, byte j has the low four bits of elements
 * j and j + 16. */
#include "base/blocks.h"

enum { N = ORE_BLOCK_SMALL, HALF = N / 2 };

void ore_decode_q4_0(const uint8_t *block, float *values) {
    float d = ore_read_f16(block);
    const uint8_t *quants = block + 2;
    for (int j = 0; j < HALF; j++) {
        values[j] = d * (float)((quants[j] & 15) - 8);
        values[j + HALF] = d * (float)((quants[j] >> 4) - 8);
    }
}

void ore_decode_q4_1(const uint8_t *block, float *values) {
    float d = ore_read_f16(block), m = ore_read_f16(block + 2);
    const uint8_t *quants = block + 4;
    for (int j = 0; j < HALF; j++) {
        values[j] = d * (float)(quants[j] & 15) + m;
        values[j + HALF] = d * (float)(quants[j] >> 4) + m;
    }
}

/* The 32 quants of five bits, whose fifth bits stand in 32 bits of their own. */
static inline void unpack_fives(const uint8_t *fifths, const uint8_t *quants, int *q) {
    uint32_t bits;
    memcpy(&bits, fifths, sizeof bits);
    for (int j = 0; j < HALF; j++) {
        q[j] = (int)((quants[j] & 15) | (bits >> j & 1) << 4);
        q[j + HALF] = (int)((quants[j] >> 4) | (bits >> (j + HALF) & 1) << 4);
    }
}

void ore_decode_q5_0(const uint8_t *block, float *values) {
    int q[N];
    float d = ore_read_f16(block);
    unpack_fives(block + 2, block + 6, q);
    for (int j = 0; j < N; j++)
        values[j] = d * (float)(q[j] - 16);
}

void ore_decode_q5_1(const uint8_t *block, float *values) {
    int q[N];
    float d = ore_read_f16(block), m = ore_read_f16(block + 2);
    unpack_fives(block + 4, block + 8, q);
    for (int j = 0; j < N; j++)
        values[j] = d * (float)q[j] + m;
}

void ore_decode_q8_0(const uint8_t *block, float *values) {
    float d = ore_read_f16(block);
    const uint8_t *quants = block + 2;
    for (int j = 0; j < N; j++)
        values[j] = (float)(int8_t)quants[j] * d;
}
