/* gemm.c: blocked matrix products.
 *
 * * After Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a tile
 * of C stays in registers while k runs; a panel of B (a few columns, packed so that it is read
 * straight through) stays in the L1 cache while tiles go down the rows of A.
 *
 * * Every element of C is computed by the same sequence of operations on every path: for each K
 * block in order (their length depends on k alone) a sum that starts at 0 takes one fma for each k.
 * The first block gives C = sum + bias + addend (or + old C), the others C = C + sum. So m, n, the
 * batch and the number of threads do not change a bit of it. */
#include "backend/cpu/gemm_batch.h"
#include "backend/cpu/half/half_run.h"
#include "backend/cpu/vector/gemm_tile.h"
#include "backend/cpu/vector/half.h"
#include "backend/cpu/vector/vec.h"
#include "backend/cpu/vector/vector.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "base/threads.h"

/* Sizes follow from caches of 32 KiB (L1) and 1 MiB or more (L2, each core's), and from the cost of
 * handing a chunk to another thread, some microseconds. What was measured beside it is in "Choices
 * that were measured" of docs/performance.md, on 2 cores with AVX-512. */
enum {
    K_MAX = 768,                    /* max length of a K block; 256 and 384 were no faster */
    BLOCK_BYTES = 256 * 1024,       /* of packed A, which stays in the L2 cache beside B and C */
    SHARED_BYTES = 4 * 1024 * 1024, /* of B packed for all threads, which stays in the L3 cache */
    NEAR_BYTES = 512 * 1024,        /* of a K block of B that stays in the L2 cache unpacked */
    TINY_WORK = 256,                /* max multiplications that plain loops do; measured */
    SMALL_WORK = 1 << 18,           /* max multiplications that one thread does: about 10 us */
    CHUNK_WORK = 1 << 18,           /* min multiplications that make a chunk worth handing over */
    CHUNKS = 32,                    /* about as many for a large product; 64 were no faster */
    PACK_PANELS = 4,                /* panels of B in a chunk of packing, and */
    PACK_ROWS = 48,                 /* rows of A in one; 96 were no faster */
    /* Rows of A up to which each chunk packs the panels of B that it uses: so few rows stay in the
     * L2 cache while panels come and go. Measured at 1,024 rows (0.9 to 1.0 of the time with a long
     * k, 1.02 to 1.18 with a short one). */
    OWN_PANELS_ROWS_MAX = 512,
    /* Rows of A that a chunk must have where several chunks pack the same panel of a small B, so
     * that packing it again costs little beside using it; measured. */
    REPACKED_ROWS_MIN = 384,
};

static int64_t round_up(int64_t value, int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

/* Where tiles read a K block of B. A panel that one thread has packed lies in that core's cache,
 * and fetching it from there costs another thread as much as packing it again: so B is packed once
 * for all threads only where neither of the other two ways will do. */
typedef enum b_source {
    AS_IT_LIES,       /* from B itself: its rows are dense whole vectors, and fit the L2 cache */
    PACKED_BY_CHUNKS, /* each chunk packs the panels that it uses */
    PACKED_ONCE,      /* all threads pack, then all multiply */
} b_source;

/* Whether tiles can read A itself, so that it need not be packed. */
static bool rows_dense(const ore_gemm *g) {
    return g->a_col == 1 && g->a_row != 0;
}

/* OWN_PANELS_ROWS_MAX of this product. With a long k, C is small beside A and B, so twice as many
 * rows will do; but not where an activation makes a second result of C while C is in cache. */
static int64_t own_panels_rows_max(const ore_gemm *g) {
    bool long_k = g->k >= OWN_PANELS_ROWS_MAX && !g->then;
    return long_k ? 2 * OWN_PANELS_ROWS_MAX : OWN_PANELS_ROWS_MAX;
}

/* Length of the K blocks of a product over k. */
static int64_t k_block(int64_t k, int64_t max) {
    int64_t blocks = (k + max - 1) / max;
    return blocks > 1 ? round_up((k + blocks - 1) / blocks, 8) : k;
}

/* Batches over one B whose matrices A and C follow each other in memory become one product with
 * more rows. */
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

/* Asks for C^T = B^T A^T instead, where C lies by columns: the kernel wants dense rows of C. */
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

#define T           float
#define BT          float
#define B_IS_T      true
#define B_NUMBER(x) (x)
#define VT          vf
#define FN(name)    name##_f32
#define VEC(name)   vf_##name
#define LANES       VF_LANES
#define ROW         LEVEL(gemm_f32)
#define FEW_PAYS
#include "backend/cpu/vector/gemm_tile.inc"
#include "backend/cpu/vector/gemm_few.inc"
#include "backend/cpu/vector/gemm_drive.inc"
#undef T
#undef BT
#undef VT
#undef FN
#undef VEC
#undef LANES
#undef ROW

#undef FEW_PAYS
#define T         double
#define BT        double
#define VT        vd
#define FN(name)  name##_f64
#define VEC(name) vd_##name
#define LANES     VD_LANES
#define ROW       LEVEL(gemm_f64)
#include "backend/cpu/vector/gemm_tile.inc"
#include "backend/cpu/vector/gemm_drive.inc"
#undef T
#undef BT
#undef B_IS_T
#undef B_NUMBER
#undef VT
#undef FN
#undef VEC
#undef LANES
#undef ROW

/* ---- float32 times halves, which become float32 as they are packed: the tiles of float32 ---- */

#define T        float
#define LANES    VF_LANES
#define B_IS_T   false
#define FN(name) HALF(name)
#define FEW_PAYS

static ore_status multiply_bf16(const ore_context *ctx, const ore_gemm *request);
static ore_status multiply_f16(const ore_context *ctx, const ore_gemm *request);

#define BT          ore_bf16
#define B_NUMBER(x) ore_bf16_to_float(x)
#define HALF(name)  name##_bf16
#define ROW         multiply_bf16
#define PANEL_bf16      PANEL_f32
#define target_bf16     target_f32
#define tiles_bf16      tiles_f32
#define store_edge_bf16 store_edge_f32
#define fma_bf16        fma_f32
#include "backend/cpu/vector/gemm_half.inc"
#include "backend/cpu/vector/gemm_few.inc"
#include "backend/cpu/vector/gemm_drive.inc"
#undef BT
#undef B_NUMBER
#undef HALF
#undef ROW

#define BT          ore_f16
#define B_NUMBER(x) ore_f16_to_float(x)
#define HALF(name)  name##_f16
#define ROW         multiply_f16
#define PANEL_f16      PANEL_f32
#define target_f16     target_f32
#define tiles_f16      tiles_f32
#define store_edge_f16 store_edge_f32
#define fma_f16        fma_f32
#include "backend/cpu/vector/gemm_half.inc"
#include "backend/cpu/vector/gemm_few.inc"
#include "backend/cpu/vector/gemm_drive.inc"

ore_status LEVEL(gemm_bf16)(const ore_context *ctx, const ore_gemm *g) {
    return ore_half_gemm(ctx, ORE_BFLOAT16, g, multiply_bf16);
}

ore_status LEVEL(gemm_f16)(const ore_context *ctx, const ore_gemm *g) {
    return ore_half_gemm(ctx, ORE_FLOAT16, g, multiply_f16);
}
