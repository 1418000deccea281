/* pack.h: the operands of a product as its tiles read them: B in panels of pairs, A in dense rows.
 * The including file has defined the width of a panel, PANEL, and PAIR_STEP: a panel's rows come to
 * a multiple of it, the last ones filled up with zeros. */
#ifndef ORE_BACKEND_BF16_PACK_H
#define ORE_BACKEND_BF16_PACK_H

#include "backend/backend.h"
#include "backend/cpu/bf16/pair.h"
#include "backend/cpu/vector/ahead.h"
#include "backend/cpu/vector/squares.h"
#include "base/minmax.h"

/* Rows of a panel of kc rows of B. */
static int64_t panel_pairs(int64_t kc) {
    return ((kc + 1) / 2 + PAIR_STEP - 1) / PAIR_STEP * PAIR_STEP;
}

/* Pair p of column c of a B with kc rows. */
static inline bf16_pair pair_at(const ore_gemm *g, const ore_bf16 *b, int64_t kc, int64_t p,
                                int64_t c) {
    const ore_bf16 *at = b + 2 * p * g->b_row + c * g->b_col;
    return at->bits | (2 * p + 1 < kc ? (bf16_pair)at[g->b_row].bits << 16 : 0);
}

/* Pairs [p, end) of columns [c, cols), one by one. */
static void pack_pairs(bf16_pair *to, const ore_gemm *g, const ore_bf16 *b, int64_t kc, int64_t p,
                       int64_t end, int64_t c, int64_t cols) {
    for (; p < end; p++)
        for (int64_t i = c; i < cols; i++)
            to[p * PANEL + i] = pair_at(g, b, kc, p, i);
}

/* Where columns of B lie side by side, two rows are interleaved. */
static void pack_interleaved(bf16_pair *to, const ore_gemm *g, const ore_bf16 *b, int64_t kc,
                             int64_t cols) {
    int64_t dense = cols / VF_LANES * VF_LANES, whole = kc / 2;
    for (int64_t p = 0; p < whole; p++) {
        const ore_bf16 *low = b + 2 * p * g->b_row, *high = low + g->b_row;
        __builtin_prefetch(low + AHEAD * g->b_row);
        __builtin_prefetch(high + AHEAD * g->b_row);
        for (int64_t c = 0; c < dense; c += VF_LANES)
            pairs_store(to + p * PANEL + c, __builtin_convertvector(vh16_load(low + c), vu) |
                                                __builtin_convertvector(vh16_load(high + c), vu)
                                                    << 16);
    }
    pack_pairs(to, g, b, kc, 0, whole, dense, cols);
    pack_pairs(to, g, b, kc, whole, (kc + 1) / 2, 0, cols);
}

/* Where rows of B lie side by side, a column is pairs already: squares of them are transposed. */
static void pack_transposed(bf16_pair *to, const ore_gemm *g, const ore_bf16 *b, int64_t kc,
                            int64_t cols) {
    enum { SIDE = 8, LINES = SIDE * 2 * SIDE / LINE_HALVES };
    int64_t square_pairs = kc / 2 / SIDE * SIDE, square_cols = cols / SIDE * SIDE;
    for (int64_t p = 0; p < square_pairs; p += SIDE)
        for (int64_t c = 0; c < square_cols; c += SIDE) {
            const ore_bf16 *square = b + 2 * p + c * g->b_col;
            word_row r[SIDE];
            /* each column's next line once, while this one is read */
            int64_t ahead = p / SIDE % (LINE_HALVES / 2 / SIDE) * LINES;
            for (int i = 0; i < LINES; i++)
                __builtin_prefetch(square + AHEAD_HALVES + (ahead + i) * g->b_col);
            for (int i = 0; i < SIDE; i++)
                memcpy(&r[i], square + i * g->b_col, sizeof r[i]);
            transpose_words(r);
            for (int i = 0; i < SIDE; i++)
                memcpy(to + (p + i) * PANEL + c, &r[i], sizeof r[i]);
        }
    pack_pairs(to, g, b, kc, 0, square_pairs, square_cols, cols);
    pack_pairs(to, g, b, kc, square_pairs, (kc + 1) / 2, 0, cols);
}

/* A panel of kc rows of B from column j on; what is past them and past n is zero. */
static void pack_panel(bf16_pair *to, const ore_gemm *g, const ore_bf16 *b, int64_t kc, int64_t j) {
    int64_t cols = ore_min_int(g->n - j, PANEL), pairs = (kc + 1) / 2;
    b += j * g->b_col;
    if (g->b_col == 1)
        pack_interleaved(to, g, b, kc, cols);
    else if (g->b_row == 1)
        pack_transposed(to, g, b, kc, cols);
    else
        pack_pairs(to, g, b, kc, 0, pairs, 0, cols);
    for (int64_t p = 0; cols < PANEL && p < pairs; p++)
        memset(to + p * PANEL + cols, 0, (size_t)(PANEL - cols) * sizeof *to);
    memset(to + pairs * PANEL, 0, (size_t)(panel_pairs(kc) - pairs) * PANEL * sizeof *to);
}

/* Dense rows of A, to_row apart. Where A's columns are dense, squares are transposed. */
static void pack_rows(ore_bf16 *to, int64_t to_row, const ore_gemm *g, const ore_bf16 *a,
                      int64_t rows, int64_t kc) {
    enum { SIDE = 8, BYTES = SIDE * sizeof(ore_bf16) };
    int64_t square_rows = g->a_row == 1 ? rows / SIDE * SIDE : 0;
    int64_t square_cols = kc / (2 * SIDE) * (2 * SIDE);
    for (int64_t l = 0; l < square_cols; l += 2 * SIDE)
        for (int64_t i = 0; i < square_rows; i += SIDE) {
            half_row r[SIDE];
            for (int s = 0; s < 2 * SIDE && i % LINE_HALVES == 0; s++)
                __builtin_prefetch(a + i + (l + 2 * SIDE + s) * g->a_col);
            for (int s = 0; s < SIDE; s++) {
                const ore_bf16 *from = a + i + (l + s) * g->a_col;
                memcpy(&r[s], from, BYTES);
                memcpy((char *)&r[s] + BYTES, from + SIDE * g->a_col, BYTES);
            }
            transpose_half_pairs(r);
            for (int s = 0; s < SIDE; s++)
                memcpy(to + (i + s) * to_row + l, &r[s], sizeof r[s]);
        }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t l = i < square_rows ? square_cols : 0; l < kc; l++)
            to[i * to_row + l] = a[i * g->a_row + l * g->a_col];
}

#endif
