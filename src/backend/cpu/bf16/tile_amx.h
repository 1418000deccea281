/* tile_amx.h: tiles of a product by AMX: four of its tiles hold the sums of 32 rows and 32 columns,
 * two of them A's rows, two B's. */
#ifndef ORE_BACKEND_BF16_TILE_AMX_H
#define ORE_BACKEND_BF16_TILE_AMX_H

#include "backend/cpu/bf16/amx.h"
#include "base/minmax.h"

enum { TILE_ROWS = 2 * AMX_ROWS, PANEL = 2 * AMX_LANES, PAIR_STEP = AMX_ROWS };

enum { FEW_ROWS = 0 }; /* every product goes through tiles, so that its sums are theirs */

enum { STEP = 2 * PAIR_STEP }; /* elements of k that one instruction takes: a row of 64 bytes */

/* Sizes for `rows` rows of A; *unit is the rows that the thread's tiles are configured for. */
static void configure(int64_t *unit, int64_t rows) {
    if (*unit == rows)
        return;
    amx_config config = {.palette = 1};
    for (int i = 0; i < 2; i++) {
        int64_t own = ore_min_int(rows - i * AMX_ROWS, AMX_ROWS);
        for (int j = 0; j < 2 && own > 0; j++)
            config.rows[AMX_SUM + 2 * i + j] = (uint8_t)own;
        config.rows[AMX_A + i] = (uint8_t)(own > 0 ? own : 0);
        config.rows[AMX_B + i] = PAIR_STEP;
    }
    for (int i = 0; i < AMX_TILES; i++)
        config.row_bytes[i] = config.rows[i] ? AMX_ROW_BYTES : 0;
    amx_configure(&config);
    *unit = rows;
}

static void tiles_end(int64_t *unit) {
    if (*unit)
        amx_release();
    *unit = 0;
}

/* One step of k: A's rows at a, `step` bytes apart, times 16 rows of a panel. */
VEC_INLINE void add_step(bool more_rows, bool more_cols, const char *a, int64_t step,
                         const bf16_pair *panel) {
    amx_load(AMX_A, a, step);
    amx_load(AMX_B, panel, PANEL * (int64_t)sizeof *panel);
    amx_add_products(0);
    if (more_cols) {
        amx_load(AMX_B + 1, panel + AMX_LANES, PANEL * (int64_t)sizeof *panel);
        amx_add_products(1);
    }
    if (!more_rows)
        return;
    amx_load(AMX_A + 1, a + AMX_ROWS * step, step);
    amx_add_products(2);
    if (more_cols)
        amx_add_products(3);
}

/* sums (rows, PANEL) = A (rows, kc) times the first `cols` columns of a packed panel. */
static void tile_product(int64_t *unit, int64_t rows, int64_t cols, int64_t kc, const ore_bf16 *a,
                         int64_t a_row, const bf16_pair *panel, float *sums) {
    bool more_rows = rows > AMX_ROWS, more_cols = cols > AMX_LANES;
    ore_bf16 rest[TILE_ROWS][STEP]; /* of A's rows, filled up with zeros */
    const int64_t step = PANEL * (int64_t)sizeof *sums;
    int64_t l = 0;
    configure(unit, rows);
    for (int sum = 0; sum < 4; sum++)
        if ((more_rows || sum < 2) && (more_cols || sum % 2 == 0))
            amx_zero_sum(sum);
    for (; l + STEP <= kc; l += STEP)
        add_step(more_rows, more_cols, (const char *)(a + l), a_row * (int64_t)sizeof *a,
                 panel + l / 2 * PANEL);
    if (l < kc) {
        memset(rest, 0, sizeof rest);
        for (int64_t i = 0; i < rows; i++)
            memcpy(rest[i], a + i * a_row + l, (size_t)(kc - l) * sizeof *a);
        add_step(more_rows, more_cols, (const char *)rest, sizeof *rest, panel + l / 2 * PANEL);
    }
    for (int sum = 0; sum < 4; sum++)
        if ((more_rows || sum < 2) && (more_cols || sum % 2 == 0))
            amx_store_sum(sum, sums + sum / 2 * AMX_ROWS * PANEL + sum % 2 * AMX_LANES, step);
}

static void few_product(int64_t rows, int64_t kc, const ore_bf16 *a, int64_t a_row,
                        const ore_bf16 *b, int64_t b_col, float *sums) {
    (void)rows, (void)kc, (void)a, (void)a_row, (void)b, (void)b_col, (void)sums;
}

#endif
