/* amx.h: the instructions of AMX that a product of bfloat16 takes, as functions over the numbers of
 * tiles, and what they mean in plain C (Intel, Instruction Set Reference) where this file is not
 * compiled for them. A tile has up to 16 rows of up to 64 bytes. The instructions have a tile's
 * number in their code, so each function asks which of the numbers it is. */
#ifndef ORE_BACKEND_BF16_AMX_H
#define ORE_BACKEND_BF16_AMX_H

#include "backend/cpu/bf16/pair.h"

enum { AMX_TILES = 8, AMX_ROWS = 16, AMX_ROW_BYTES = 64, AMX_LANES = 16 };

/* What ldtilecfg reads: the size of each tile. */
typedef struct amx_config {
    uint8_t palette, start_row, unused[14];
    uint16_t row_bytes[2 * AMX_TILES]; /* the later half is 0 */
    uint8_t rows[2 * AMX_TILES];
} amx_config;
_Static_assert(sizeof(amx_config) == 64, "as the instruction reads it");

/* Tiles of sums, of A and of B: sum 2 i + j is that of A's tile i and B's tile j. */
enum { AMX_SUM = 0, AMX_A = 4, AMX_B = 6 };

#ifdef __AMX_BF16__

/* The instructions' inline assembly does not say that it reads memory: what was stored to be read
 * by one is stored before this. */
VEC_INLINE void amx_see_memory(void) {
    __asm__ volatile("" ::: "memory");
}

VEC_INLINE void amx_configure(const amx_config *config) {
    amx_see_memory();
    _tile_loadconfig(config);
}

VEC_INLINE void amx_release(void) {
    _tile_release();
}

VEC_INLINE void amx_zero_sum(int sum) {
    switch (sum) {
    case 0:
        _tile_zero(0);
        return;
    case 1:
        _tile_zero(1);
        return;
    case 2:
        _tile_zero(2);
        return;
    default:
        _tile_zero(3);
        return;
    }
}

/* Rows of a tile of A or B, `step` bytes apart. */
VEC_INLINE void amx_load(int tile, const void *from, int64_t step) {
    amx_see_memory();
    switch (tile) {
    case AMX_A:
        _tile_loadd(4, from, step);
        return;
    case AMX_A + 1:
        _tile_loadd(5, from, step);
        return;
    case AMX_B:
        _tile_loadd(6, from, step);
        return;
    default:
        _tile_loadd(7, from, step);
        return;
    }
}

VEC_INLINE void amx_add_products(int sum) {
    switch (sum) {
    case 0:
        _tile_dpbf16ps(0, 4, 6);
        return;
    case 1:
        _tile_dpbf16ps(1, 4, 7);
        return;
    case 2:
        _tile_dpbf16ps(2, 5, 6);
        return;
    default:
        _tile_dpbf16ps(3, 5, 7);
        return;
    }
}

VEC_INLINE void amx_store_sum(int sum, float *to, int64_t step) {
    switch (sum) {
    case 0:
        _tile_stored(0, to, step);
        break;
    case 1:
        _tile_stored(1, to, step);
        break;
    case 2:
        _tile_stored(2, to, step);
        break;
    default:
        _tile_stored(3, to, step);
        break;
    }
    amx_see_memory();
}

#else

#include <assert.h>

/* A thread's tiles, and what they are configured for; palette 0: for nothing. */
typedef struct amx_tiles {
    amx_config config;
    bf16_pair tile[AMX_TILES][AMX_ROWS][AMX_LANES];
} amx_tiles;

static _Thread_local amx_tiles amx_own;

static void amx_configure(const amx_config *config) {
    assert(config->palette == 1 && config->start_row == 0);
    for (int i = 0; i < AMX_TILES; i++) {
        assert(config->rows[i] <= AMX_ROWS && config->row_bytes[i] <= AMX_ROW_BYTES);
        assert(!config->rows[i] == !config->row_bytes[i]);
        assert(config->rows[AMX_TILES + i] == 0 && config->row_bytes[AMX_TILES + i] == 0);
    }
    memset(&amx_own, 0, sizeof amx_own);
    amx_own.config = *config;
}

static void amx_release(void) {
    memset(&amx_own, 0, sizeof amx_own);
}

/* Where a tile is used that has no size, the processor raises a fault. */
static void amx_use(int tile) {
    (void)tile; /* where NDEBUG leaves assert out */
    assert(amx_own.config.palette == 1 && amx_own.config.rows[tile] > 0);
}

static void amx_zero_sum(int sum) {
    amx_use(AMX_SUM + sum);
    memset(amx_own.tile[AMX_SUM + sum], 0, sizeof amx_own.tile[AMX_SUM + sum]);
}

static void amx_load(int tile, const void *from, int64_t step) {
    amx_use(tile);
    memset(amx_own.tile[tile], 0, sizeof amx_own.tile[tile]);
    for (int i = 0; i < amx_own.config.rows[tile]; i++)
        memcpy(amx_own.tile[tile][i], (const char *)from + i * step,
               amx_own.config.row_bytes[tile]);
}

/* TDPBF16PS: for an element of the sum, the low halves' products are added up by themselves, the
 * high halves' too; both sums are added, and then to the element. */
static void amx_add_products(int sum) {
    int a = AMX_A + sum / 2, b = AMX_B + sum % 2;
    amx_use(sum), amx_use(a), amx_use(b);
    const amx_config *config = &amx_own.config;
    assert(config->rows[sum] == config->rows[a]);
    assert(config->row_bytes[sum] == config->row_bytes[b]);
    assert(config->row_bytes[a] / sizeof(bf16_pair) == config->rows[b]);
    for (int i = 0; i < config->rows[sum]; i++)
        for (int j = 0; j < config->row_bytes[sum] / (int)sizeof(float); j++) {
            bf16_pair *at = &amx_own.tile[sum][i][j];
            float low = 0, high = 0, total = ore_float_of_bits(*at);
            for (int p = 0; p < config->rows[b]; p++) {
                bf16_pair x = amx_own.tile[a][i][p], y = amx_own.tile[b][p][j];
                low = fma_without_subnormals(low_of_pair(x), low_of_pair(y), low);
                high = fma_without_subnormals(high_of_pair(x), high_of_pair(y), high);
            }
            low = fma_without_subnormals(low, 1, high);
            *at = ore_float_bits(fma_without_subnormals(total, 1, low));
        }
}

static void amx_store_sum(int sum, float *to, int64_t step) {
    amx_use(AMX_SUM + sum);
    for (int i = 0; i < amx_own.config.rows[sum]; i++)
        memcpy((char *)to + i * step, amx_own.tile[sum][i], amx_own.config.row_bytes[sum]);
}

#endif
#endif
