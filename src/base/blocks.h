/* blocks.h: functions that decode and encode quantised blocks. */
#ifndef ORE_BASE_BLOCKS_H
#define ORE_BASE_BLOCKS_H

#include <stdint.h>
#include <string.h>

#include "base/half.h"

/* Elements of a block. */
enum { ORE_BLOCK_SMALL = 32, ORE_BLOCK_LARGE = 256 };

/* One block to or from its elements. */
typedef void (*ore_block_decoder)(const uint8_t *block, float *values);
typedef void (*ore_block_encoder)(const float *values, uint8_t *block);

/* block_decode.c and block_decode_k.c */
void ore_decode_q4_0(const uint8_t *block, float *values);
void ore_decode_q4_1(const uint8_t *block, float *values);
void ore_decode_q5_0(const uint8_t *block, float *values);
void ore_decode_q5_1(const uint8_t *block, float *values);
void ore_decode_q8_0(const uint8_t *block, float *values);
void ore_decode_q2_k(const uint8_t *block, float *values);
void ore_decode_q3_k(const uint8_t *block, float *values);
void ore_decode_q4_k(const uint8_t *block, float *values);
void ore_decode_q5_k(const uint8_t *block, float *values);
void ore_decode_q6_k(const uint8_t *block, float *values);

/* block_encode.c and block_encode_k.c */
void ore_encode_q4_0(const float *values, uint8_t *block);
void ore_encode_q4_1(const float *values, uint8_t *block);
void ore_encode_q5_0(const float *values, uint8_t *block);
void ore_encode_q5_1(const float *values, uint8_t *block);
void ore_encode_q8_0(const float *values, uint8_t *block);
void ore_encode_q4_k(const float *values, uint8_t *block);
void ore_encode_q6_k(const float *values, uint8_t *block);

/* A float16 at any address. */
static inline float ore_read_f16(const uint8_t *at) {
    ore_f16 half;
    memcpy(&half, at, sizeof half);
    return ore_f16_to_float(half);
}

static inline void ore_write_f16(uint8_t *at, float x) {
    ore_f16 half = ore_f16_from_float(x);
    memcpy(at, &half, sizeof half);
}

/* 1 / d, and 0 for 0. */
static inline float ore_inverse(float d) {
    return d == 0 ? 0 : 1 / d;
}

#endif
