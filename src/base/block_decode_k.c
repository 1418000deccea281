/* block_decode_k.c: blocks of 256 elements in groups of 16 or 32, whose scales (and smallest
 * values) are small integers times a float16 of the block. */
#include "base/blocks.h"

enum { N = ORE_BLOCK_LARGE, SIXTEENS = N / 16, THIRTIES = N / 32 };

/* y = scale q - m over n elements. */
static inline void put_group(float *y, const uint8_t *q, int n, float scale, float m) {
    for (int i = 0; i < n; i++)
        y[i] = scale * (float)q[i] - m;
}

/* The 256 quants of two bits: each 32 bytes have 128, those of a byte 32 apart. */
static inline void unpack_twos(const uint8_t *quants, uint8_t *q) {
    for (int half = 0; half < 2; half++)
        for (int shift = 0; shift < 4; shift++)
            for (int i = 0; i < 32; i++)
                q[half * 128 + shift * 32 + i] = (uint8_t)(quants[half * 32 + i] >> 2 * shift & 3);
}

/* The 256 quants of four bits: each 32 bytes have 64, those of a byte 32 apart. */
static inline void unpack_fours(const uint8_t *quants, uint8_t *q) {
    for (int part = 0; part < 4; part++)
        for (int i = 0; i < 32; i++) {
            q[part * 64 + i] = quants[part * 32 + i] & 15;
            q[part * 64 + 32 + i] = quants[part * 32 + i] >> 4;
        }
}

void ore_decode_q2_k(const uint8_t *block, float *values) {
    const uint8_t *scales = block, *quants = block + 16;
    float d = ore_read_f16(block + 80), m = ore_read_f16(block + 82);
    uint8_t q[N];
    unpack_twos(quants, q);
    for (int g = 0; g < SIXTEENS; g++)
        put_group(values + g * 16, q + g * 16, 16, d * (float)(scales[g] & 15),
                  m * (float)(scales[g] >> 4));
}

/* The 16 scales of six bits: the low four bits of two in each of eight bytes, the high two bits of
 * four in each of four bytes. */
static void unpack_q3_scales(const uint8_t *packed, int *scales) {
    for (int g = 0; g < SIXTEENS; g++) {
        int low = g < 8 ? packed[g] & 15 : packed[g - 8] >> 4;
        int high = packed[8 + g % 4] >> 2 * (g / 4) & 3;
        scales[g] = (low | high << 4) - 32;
    }
}

void ore_decode_q3_k(const uint8_t *block, float *values) {
    const uint8_t *high = block, *quants = block + 32;
    float d = ore_read_f16(block + 108);
    int scales[SIXTEENS];
    uint8_t q[N];
    unpack_q3_scales(block + 96, scales);
    unpack_twos(quants, q);
    for (int g = 0; g < SIXTEENS; g++) {
        float scale = d * (float)scales[g];
        for (int i = g * 16; i < g * 16 + 16; i++) {
            int below = high[i % 32] >> i / 32 & 1 ? 0 : 4; /* a bit that is not set subtracts 4 */
            values[i] = scale * (float)(q[i] - below);
        }
    }
}

/* The 8 scales and 8 smallest values of six bits: of the first four the whole number in the low six
 * bits of bytes 0 .. 7, of the others the high two bits there and the rest in bytes 8 .. 11. */
static void unpack_q4_scales(const uint8_t *packed, uint8_t *scales, uint8_t *mins) {
    for (int j = 0; j < 4; j++) {
        scales[j] = packed[j] & 63;
        mins[j] = packed[4 + j] & 63;
        scales[4 + j] = (uint8_t)((packed[8 + j] & 15) | (packed[j] >> 6) << 4);
        mins[4 + j] = (uint8_t)((packed[8 + j] >> 4) | (packed[4 + j] >> 6) << 4);
    }
}

/* What q4_k and q5_k share: `head` is d, the scale of smallest values, and 12 bytes of scales. */
static inline void put_thirties(const uint8_t *head, const uint8_t *q, float *values) {
    float d = ore_read_f16(head), m = ore_read_f16(head + 2);
    uint8_t scales[THIRTIES], mins[THIRTIES];
    unpack_q4_scales(head + 4, scales, mins);
    for (int g = 0; g < THIRTIES; g++)
        put_group(values + g * 32, q + g * 32, 32, d * (float)scales[g], m * (float)mins[g]);
}

void ore_decode_q4_k(const uint8_t *block, float *values) {
    uint8_t q[N];
    unpack_fours(block + 16, q);
    put_thirties(block, q, values);
}

void ore_decode_q5_k(const uint8_t *block, float *values) {
    const uint8_t *fifths = block + 16;
    uint8_t q[N];
    unpack_fours(block + 48, q);
    for (int g = 0; g < THIRTIES; g++)
        for (int i = 0; i < 32; i++)
            q[g * 32 + i] |= (uint8_t)((fifths[i] >> g & 1) << 4);
    put_thirties(block, q, values);
}

void ore_decode_q6_k(const uint8_t *block, float *values) {
    const uint8_t *low = block, *high = block + 128, *scales = block + 192;
    float d = ore_read_f16(block + 208);
    for (int i = 0; i < N; i++) {
        int half = i / 128, in_half = i % 128, byte = half * 64 + in_half % 64;
        int four = in_half < 64 ? low[byte] & 15 : low[byte] >> 4;
        int two = high[half * 32 + i % 32] >> 2 * (in_half / 32) & 3;
        values[i] = d * (float)(int8_t)scales[i / 16] * (float)((four | two << 4) - 32);
    }
}
