/* tile_pairs.h: tiles of a product by vdpbf16ps. */
#ifndef ORE_BACKEND_BF16_TILE_PAIRS_H
#define ORE_BACKEND_BF16_TILE_PAIRS_H

#include "backend/cpu/bf16/pair.h"
#include "backend/cpu/vector/ahead.h"
#include "backend/cpu/vector/squares.h"

/* 24 vectors of sums, 3 of a panel and one of A fill 28 of the 32 registers. */
enum { TILE_ROWS = 8, TILE_VECS = 3, PANEL = TILE_VECS * VF_LANES, PAIR_STEP = 1 };

/* Row p of a panel for `rows` rows of A, whose pairs p are at a + i a_row. */
VEC_INLINE void add_pairs(const int rows, const int vecs, vf sum[TILE_ROWS][TILE_VECS],
                          const bf16_pair *panel, const bf16_pair x[TILE_ROWS]) {
    vu column[TILE_VECS];
    UNROLL for (int v = 0; v < vecs; v++) column[v] = pairs_load(panel + v * VF_LANES);
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vecs; v++) sum[i][v] =
        add_pair_products(sum[i][v], x[i] + (vu){0}, column[v]);
}

VEC_INLINE void tile(const int rows, const int vecs, int64_t kc, const ore_bf16 *a, int64_t a_row,
                     const bf16_pair *panel, float *sums) {
    bf16_pair x[TILE_ROWS] = {0};
    vf sum[TILE_ROWS][TILE_VECS];
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vecs; v++) sum[i][v] = (vf){0};
    _Pragma("GCC unroll 4") for (int64_t l = 0; l + 1 < kc; l += 2) {
        UNROLL for (int i = 0; i < rows; i++) memcpy(&x[i], a + i * a_row + l, sizeof x[i]);
        add_pairs(rows, vecs, sum, panel + l / 2 * PANEL, x);
    }
    if (kc % 2) { /* nothing may be read behind a row's last element */
        UNROLL for (int i = 0; i < rows; i++) x[i] = a[i * a_row + kc - 1].bits;
        add_pairs(rows, vecs, sum, panel + kc / 2 * PANEL, x);
    }
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int v = 0; v < vecs; v++)
        vf_store(sums + i * PANEL + v * VF_LANES, sum[i][v]);
}

typedef void (*tile_fn)(int64_t kc, const ore_bf16 *a, int64_t a_row, const bf16_pair *panel,
                        float *sums);

#define TILE(r, v)                                                                                 \
    static void tile_##r##x##v(int64_t kc, const ore_bf16 *a, int64_t a_row,                       \
                               const bf16_pair *panel, float *sums) {                              \
        tile(r, v, kc, a, a_row, panel, sums);                                                     \
    }
#define TILE_OF(r, v)   [r][v] = tile_##r##x##v,
#define EVERY_ROW(M, v) M(1, v) M(2, v) M(3, v) M(4, v) M(5, v) M(6, v) M(7, v) M(8, v)
#define EVERY_TILE(M)   EVERY_ROW(M, 1) EVERY_ROW(M, 2) EVERY_ROW(M, 3)
EVERY_TILE(TILE)
static const tile_fn tiles[TILE_ROWS + 1][TILE_VECS + 1] = {EVERY_TILE(TILE_OF)};
#undef TILE
#undef TILE_OF
#undef EVERY_ROW
#undef EVERY_TILE

/* sums (rows, PANEL) = A (rows, kc) times the first `cols` columns of a packed panel. */
static void tile_product(int64_t *unit, int64_t rows, int64_t cols, int64_t kc, const ore_bf16 *a,
                         int64_t a_row, const bf16_pair *panel, float *sums) {
    (void)unit;
    tiles[rows][(cols + VF_LANES - 1) / VF_LANES](kc, a, a_row, panel, sums);
}

/* ---- a few rows, and columns of B as they lie, dense along k ---- */

enum { FEW_ROWS = TILE_ROWS };

/* Pairs that begin at from, one of each of VF_LANES columns; `count` is 1 where k ends in them. */
VEC_INLINE vu pair_of_columns(const ore_bf16 *from, int64_t col, int64_t count) {
    vu pair = {0};
    for (int j = 0; j < VF_LANES; j++)
        pair[j] = from[j * col].bits | (count > 1 ? (bf16_pair)from[j * col + 1].bits << 16 : 0);
    return pair;
}

/* sums (rows, VF_LANES), PANEL apart: the chains are those of a tile. */
VEC_INLINE void few(const int rows, int64_t kc, const ore_bf16 *a, int64_t a_row, const ore_bf16 *b,
                    int64_t b_col, float *sums) {
    enum { STRIP = 8 };
    bf16_pair x;
    vf sum[FEW_ROWS], column[STRIP / 2];
    int64_t l = 0;
    UNROLL for (int i = 0; i < rows; i++) sum[i] = (vf){0};
    for (; l + STRIP <= kc; l += STRIP) {
        for (int j = 0; j < VF_LANES && l % LINE_HALVES == 0; j++) /* of the columns to come */
            __builtin_prefetch(b + l + (VF_LANES + j) * b_col, 0, 2);
        transpose_columns(column, b + l, b_col * (int64_t)sizeof *b);
        UNROLL for (int p = 0; p < STRIP / 2; p++) UNROLL for (int i = 0; i < rows; i++) {
            memcpy(&x, a + i * a_row + l + 2 * p, sizeof x);
            sum[i] = add_pair_products(sum[i], x + (vu){0}, (vu)column[p]);
        }
    }
    for (; l < kc; l += 2) {
        vu pair = pair_of_columns(b + l, b_col, kc - l);
        UNROLL for (int i = 0; i < rows; i++) {
            x = a[i * a_row + l].bits |
                (kc - l > 1 ? (bf16_pair)a[i * a_row + l + 1].bits << 16 : 0);
            sum[i] = add_pair_products(sum[i], x + (vu){0}, pair);
        }
    }
    UNROLL for (int i = 0; i < rows; i++) vf_store(sums + i * PANEL, sum[i]);
}

typedef void (*few_fn)(int64_t kc, const ore_bf16 *a, int64_t a_row, const ore_bf16 *b,
                       int64_t b_col, float *sums);

#define FEW(r)                                                                                     \
    static void few_##r(int64_t kc, const ore_bf16 *a, int64_t a_row, const ore_bf16 *b,           \
                        int64_t b_col, float *sums) {                                              \
        few(r, kc, a, a_row, b, b_col, sums);                                                      \
    }
#define FEW_OF(r)    [r] = few_##r,
#define EVERY_FEW(M) M(1) M(2) M(3) M(4) M(5) M(6) M(7) M(8)
EVERY_FEW(FEW)
static const few_fn fews[FEW_ROWS + 1] = {EVERY_FEW(FEW_OF)};
#undef FEW
#undef FEW_OF
#undef EVERY_FEW

static void few_product(int64_t rows, int64_t kc, const ore_bf16 *a, int64_t a_row,
                        const ore_bf16 *b, int64_t b_col, float *sums) {
    fews[rows](kc, a, a_row, b, b_col, sums);
}

static void tiles_end(int64_t *unit) {
    (void)unit;
}

#endif
