/* block_encode.c: blocks of 32 elements, laid out as block_decode.c says. The arithmetic, order and
 * rounding included, is that of the package gguf, so that the bytes are equal. */
#include <math.h>

#include "base/blocks.h"

enum { N = ORE_BLOCK_SMALL, HALF = N / 2 };

/* x without its fraction, within 0 .. max; 0 for NaN. */
static inline int clipped(float x, int max) {
    return x >= 1 ? x < (float)max ? (int)x : max : 0;
}

/* The first element of the largest size, or the first NaN. */
static float largest(const float *values) {
    float most = values[0];
    for (int j = 1; j < N && most == most; j++)
        if (!(fabsf(values[j]) <= fabsf(most)))
            most = values[j];
    return most;
}

/* NaN where one of the elements is. */
static void find_range(const float *values, float *min, float *max) {
    *min = *max = values[0];
    for (int j = 1; j < N; j++) {
        *min = values[j] < *min || values[j] != values[j] ? values[j] : *min;
        *max = values[j] > *max || values[j] != values[j] ? values[j] : *max;
    }
}

/* Quants around 0, whose most negative one is -`half`, for the largest element. */
static void quantise_signed(const float *values, int half, uint8_t *block, int *q) {
    float d = largest(values) / (float)-half, id = ore_inverse(d);
    ore_write_f16(block, d);
    for (int j = 0; j < N; j++)
        q[j] = clipped(values[j] * id + ((float)half + 0.5f), 2 * half - 1);
}

/* Quants from 0, the smallest element, to `max`, the largest. */
static void quantise_range(const float *values, int max, uint8_t *block, int *q) {
    float low, high;
    find_range(values, &low, &high);
    float d = (high - low) / (float)max, id = ore_inverse(d);
    ore_write_f16(block, d);
    ore_write_f16(block + 2, low);
    for (int j = 0; j < N; j++)
        q[j] = clipped((values[j] - low) * id + 0.5f, max);
}

static void pack_fours(const int *q, uint8_t *quants) {
    for (int j = 0; j < HALF; j++)
        quants[j] = (uint8_t)((q[j] & 15) | (q[j + HALF] & 15) << 4);
}

static void pack_fives(const int *q, uint8_t *fifths, uint8_t *quants) {
    uint32_t bits = 0;
    for (int j = 0; j < N; j++)
        bits |= (uint32_t)(q[j] >> 4) << j;
    memcpy(fifths, &bits, sizeof bits);
    pack_fours(q, quants);
}

void ore_encode_q4_0(const float *values, uint8_t *block) {
    int q[N];
    quantise_signed(values, 8, block, q);
    pack_fours(q, block + 2);
}

void ore_encode_q4_1(const float *values, uint8_t *block) {
    int q[N];
    quantise_range(values, 15, block, q);
    pack_fours(q, block + 4);
}

void ore_encode_q5_0(const float *values, uint8_t *block) {
    int q[N];
    quantise_signed(values, 16, block, q);
    pack_fives(q, block + 2, block + 6);
}

void ore_encode_q5_1(const float *values, uint8_t *block) {
    int q[N];
    quantise_range(values, 31, block, q);
    pack_fives(q, block + 4, block + 8);
}

void ore_encode_q8_0(const float *values, uint8_t *block) {
    float d = fabsf(largest(values)) / 127, id = ore_inverse(d);
    ore_write_f16(block, d);
    for (int j = 0; j < N; j++) {
        float x = values[j] * id, size = fabsf(x);
        int whole = clipped(size, 127);
        whole += size - (float)whole >= 0.5f && whole < 127; /* halves away from 0 */
        block[2 + j] = (uint8_t)(int8_t)(x < 0 ? -whole : whole);
    }
}
