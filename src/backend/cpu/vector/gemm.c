/* gemm.c: blocked matrix products.
 *
 * After Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a tile
 * of C stays in registers while k runs; a panel of B, packed so that it is read straight through,
 * stays in the first cache while tiles go down the rows of A.
 *
 * Every element of C is the same chain on every path: over the K blocks (their length depends on k
 * alone) in order, an fma for each k into a sum that starts at 0; then C = sum + bias + addend, or
 * old C, at the first block and C = C + sum at the others. So neither m, n, the batch nor the
 * threads change a bit of it. */
#include "backend/cpu/gemm_batch.h"
#include "backend/cpu/vector/squares.h"
#include "backend/cpu/vector/vec.h"
#include "backend/cpu/vector/vector.h"
#include "base/memory.h"
#include "base/threads.h"

/* Rows and vectors of a tile: TILE_ROWS x TILE_VECS sums, TILE_VECS of B and one of A fill the
 * registers, 16 with AVX2 and 32 with AVX-512. */
#ifdef ORE_LEVEL_avx2
enum { TILE_ROWS = 6, TILE_VECS = 2 };
#else
enum { TILE_ROWS = 8, TILE_VECS = 3 };
#endif

enum {
    K_MOST = 768,                   /* length of a K block */
    BLOCK_BYTES = 256 * 1024,       /* of A in the second cache */
    SHARED_BYTES = 4 * 1024 * 1024, /* of packed B in the last cache */
    NEAR_BYTES = 512 * 1024,        /* of a K block of B in each thread's second cache */
    TINY_WORK = 256,                /* multiplications that plain loops do */
    SMALL_WORK = 1 << 18,           /* and one thread */
    PIECE_WORK = 1 << 18,           /* least worth of a piece */
    PIECES = 32,                    /* that a large product is cut into, about */
    FEW_ROWS = 512,                 /* of A, for which each piece packs the B that it uses */
    MANY_ROWS = 384,                /* of A, for which packing a panel of B again is little */
    AHEAD = 16,                     /* rows that packing prefetches, since they lie pages apart */
    AHEAD_IN_ROW = 32,              /* elements; packing prefetches so far along each row that it
                                     * transposes, being more than the processor follows; 96 is
                                     * slower (AMD EPYC, decoding: docs/performance.md) */
    PACK_PANELS = 4,
    PACK_ROWS = 48, /* that a piece of packing does */
};

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static int64_t round_up(int64_t value, int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

/* How tiles come by a K block of B. What one thread packs, another can only fetch from its cache,
 * which costs as much as packing it again: so a product that can do without packs nothing for
 * all. */
typedef enum b_source {
    AS_IT_LIES,       /* rows are dense, made of whole vectors, and near enough to be found again */
    PACKED_BY_PIECES, /* each piece packs the panels that it uses */
    PACKED_ONCE,
} b_source;

/* True where tiles can read A as it is. */
static bool rows_dense(const ore_gemm *g) {
    return g->a_col == 1 && g->a_row != 0;
}

/* Rows of A that stay near while panels of B come and go; more where k is long, so that C matters
 * little, unless a second result is made of it while it is near. */
static int64_t few_rows(const ore_gemm *g) {
    return g->then || g->k < FEW_ROWS ? FEW_ROWS : 2 * FEW_ROWS;
}

/* Length of the K blocks of a product over k. */
static int64_t k_block(int64_t k, int64_t most) {
    int64_t blocks = (k + most - 1) / most;
    return blocks > 1 ? round_up((k + blocks - 1) / blocks, 8) : k;
}

/* Batches that only continue the rows of A and C over one B are more rows of one product. */
static void merge_batches(ore_gemm *g) {
    while (g->batch_ndim > 0) {
        int d = g->batch_ndim - 1;
        bool unit = g->batch_shape[d] == 1;
        bool rows = g->b_batch[d] == 0 && g->a_batch[d] == g->m * g->a_row &&
                    g->c_batch[d] == g->m * g->c_row;
        if (!unit && !rows)
            return;
        g->m *= g->batch_shape[d];
        g->batch_ndim--;
    }
}

/* C transposed = B transposed times A transposed: so that C's columns are the dense ones. */
static void transpose_product(ore_gemm *g) {
    const ore_gemm old = *g;
    g->m = old.n, g->n = old.m;
    g->a = old.b, g->a_row = old.b_col, g->a_col = old.b_row;
    g->b = old.a, g->b_row = old.a_col, g->b_col = old.a_row;
    g->c_row = old.c_col, g->c_col = old.c_row;
    memcpy(g->a_batch, old.b_batch, sizeof g->a_batch);
    memcpy(g->b_batch, old.a_batch, sizeof g->b_batch);
}

/* ---- the two element types ---- */

#define T         float
#define VT        vf
#define FN(name)  name##_f32
#define VEC(name) vf_##name
#define LANES     VF_LANES
#include "backend/cpu/vector/gemm_tile.inc"
#include "backend/cpu/vector/gemm_drive.inc"
#undef T
#undef VT
#undef FN
#undef VEC
#undef LANES

#define T         double
#define VT        vd
#define FN(name)  name##_f64
#define VEC(name) vd_##name
#define LANES     VD_LANES
#include "backend/cpu/vector/gemm_tile.inc"
#include "backend/cpu/vector/gemm_drive.inc"
