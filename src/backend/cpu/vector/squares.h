/* squares.h: transposes of small squares, for packing what lies transposed:
 * to[i * to_row + j] = from[i + j * from_col]. */
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

#endif
