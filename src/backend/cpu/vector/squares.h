/* squares.h: transposes of small squares, for packing what lies transposed:
 * to[i * to_row + j] = from[i + j * from_col]; and of strips in registers. */
#ifndef ORE_BACKEND_SQUARES_H
#define ORE_BACKEND_SQUARES_H

#include "backend/cpu/vector/vec.h"

enum { SQUARE_f32 = 4, SQUARE_f64 = 2 };

typedef float square_row_f32 __attribute__((vector_size(16)));
typedef double square_row_f64 __attribute__((vector_size(16)));

VEC_INLINE void transpose_f32(float *to, int64_t to_row, const float *from, int64_t from_col) {
    square_row_f32 r[4], low[2], high[2];
    for (int j = 0; j < 4; j++)
        memcpy(&r[j], from + j * from_col, sizeof r[j]);
    for (int j = 0; j < 2; j++) {
        low[j] = VEC_SHUFFLE(r[2 * j], r[2 * j + 1], 0, 4, 1, 5);
        high[j] = VEC_SHUFFLE(r[2 * j], r[2 * j + 1], 2, 6, 3, 7);
    }
    r[0] = VEC_SHUFFLE(low[0], low[1], 0, 1, 4, 5);
    r[1] = VEC_SHUFFLE(low[0], low[1], 2, 3, 6, 7);
    r[2] = VEC_SHUFFLE(high[0], high[1], 0, 1, 4, 5);
    r[3] = VEC_SHUFFLE(high[0], high[1], 2, 3, 6, 7);
    for (int i = 0; i < 4; i++)
        memcpy(to + i * to_row, &r[i], sizeof r[i]);
}

VEC_INLINE void transpose_f64(double *to, int64_t to_row, const double *from, int64_t from_col) {
    square_row_f64 r[2], t[2];
    for (int j = 0; j < 2; j++)
        memcpy(&r[j], from + j * from_col, sizeof r[j]);
    t[0] = VEC_SHUFFLE(r[0], r[1], 0, 2);
    t[1] = VEC_SHUFFLE(r[0], r[1], 1, 3);
    for (int i = 0; i < 2; i++)
        memcpy(to + i * to_row, &t[i], sizeof t[i]);
}

/* ---- eight rows in registers, r[j][i] = r[i][j]: words and halves of words ---- */

typedef uint32_t word_row __attribute__((vector_size(32)));
typedef uint64_t long_row __attribute__((vector_size(32)));
typedef uint16_t half_row __attribute__((vector_size(32)));

VEC_INLINE void transpose_words(word_row r[8]) {
    word_row s[8];
    for (int j = 0; j < 8; j += 2) { /* pairs of columns, then fours, then all eight */
        s[j] = VEC_SHUFFLE(r[j], r[j + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        s[j + 1] = VEC_SHUFFLE(r[j], r[j + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int j = 0; j < 8; j += 4)
        for (int k = 0; k < 2; k++) {
            word_row a = s[j + k], b = s[j + 2 + k];
            r[j + 2 * k] = VEC_SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13);
            r[j + 2 * k + 1] = VEC_SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int i = 0; i < 4; i++) { /* words 0 .. 3 of each column lie low, 4 .. 7 high */
        word_row a = r[i], b = r[4 + i];
        r[i] = VEC_SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11);
        r[4 + i] = VEC_SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/* Two squares of halves at once, side by side: halves 0 .. 7 of each row, and 8 .. 15. */
VEC_INLINE void transpose_half_pairs(half_row r[8]) {
    half_row s[8];
    long_row t[8];
    for (int j = 0; j < 8; j += 2) {
        s[j] =
            VEC_SHUFFLE(r[j], r[j + 1], 0, 16, 1, 17, 2, 18, 3, 19, 8, 24, 9, 25, 10, 26, 11, 27);
        s[j + 1] =
            VEC_SHUFFLE(r[j], r[j + 1], 4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int j = 0; j < 8; j += 4)
        for (int k = 0; k < 2; k++) {
            word_row a = (word_row)s[j + k], b = (word_row)s[j + 2 + k];
            t[j + 2 * k] = (long_row)VEC_SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
            t[j + 2 * k + 1] = (long_row)VEC_SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
        }
    for (int i = 0; i < 4; i++) {
        r[2 * i] = (half_row)VEC_SHUFFLE(t[i], t[4 + i], 0, 4, 2, 6);
        r[2 * i + 1] = (half_row)VEC_SHUFFLE(t[i], t[4 + i], 1, 5, 3, 7);
    }
}

/* ---- four words of VF_LANES columns, in registers ---- */

/* Within each 128 bits of a and b: their low and high words in turn, and pairs of words. */
#if VEC_WIDTH == 64
#define VF_LOW(a, b)                                                                               \
    VEC_SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define VF_HIGH(a, b)                                                                              \
    VEC_SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define VF_LOW_PAIRS(a, b)                                                                         \
    VEC_SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define VF_HIGH_PAIRS(a, b)                                                                        \
    VEC_SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#elif VEC_WIDTH == 32
#define VF_LOW(a, b)        VEC_SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define VF_HIGH(a, b)       VEC_SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define VF_LOW_PAIRS(a, b)  VEC_SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define VF_HIGH_PAIRS(a, b) VEC_SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define VF_LOW(a, b)        VEC_SHUFFLE(a, b, 0, 4, 1, 5)
#define VF_HIGH(a, b)       VEC_SHUFFLE(a, b, 2, 6, 3, 7)
#define VF_LOW_PAIRS(a, b)  VEC_SHUFFLE(a, b, 0, 1, 4, 5)
#define VF_HIGH_PAIRS(a, b) VEC_SHUFFLE(a, b, 2, 3, 6, 7)
#endif

/* The four words at from, and those at from + 4 * step, + 8 * step .., side by side. */
VEC_INLINE vf every_fourth(const char *from, int64_t step) {
    square_row_f32 r[VF_LANES / 4];
    UNROLL for (int p = 0; p < VF_LANES / 4; p++)
        memcpy(&r[p], from + 4 * p * step, sizeof r[p]);
#if VEC_WIDTH == 64
    typedef float half __attribute__((vector_size(32)));
    half low = VEC_SHUFFLE(r[0], r[1], 0, 1, 2, 3, 4, 5, 6, 7);
    half high = VEC_SHUFFLE(r[2], r[3], 0, 1, 2, 3, 4, 5, 6, 7);
    return VEC_SHUFFLE(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif VEC_WIDTH == 32
    return VEC_SHUFFLE(r[0], r[1], 0, 1, 2, 3, 4, 5, 6, 7);
#else
    return r[0];
#endif
}

/* to[i][j] = the word of 32 bits number i of the four at from + j * step, which is in bytes. */
VEC_INLINE void transpose_columns(vf to[4], const void *from, int64_t step) {
    vf r[4], low[2], high[2];
    UNROLL for (int j = 0; j < 4; j++)
        r[j] = every_fourth((const char *)from + j * step, step);
    UNROLL for (int j = 0; j < 2; j++) {
        low[j] = VF_LOW(r[2 * j], r[2 * j + 1]);
        high[j] = VF_HIGH(r[2 * j], r[2 * j + 1]);
    }
    to[0] = VF_LOW_PAIRS(low[0], low[1]);
    to[1] = VF_HIGH_PAIRS(low[0], low[1]);
    to[2] = VF_LOW_PAIRS(high[0], high[1]);
    to[3] = VF_HIGH_PAIRS(high[0], high[1]);
}

/* STRIP_f32 elements of VF_LANES columns, which lie `step` elements apart. */
enum { STRIP_f32 = 4 };

VEC_INLINE void strip_f32(vf to[4], const float *from, int64_t step) {
    transpose_columns(to, from, step * (int64_t)sizeof *from);
}

#endif
