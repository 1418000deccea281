/* gemm.c: products of two matrices of bfloat16 by the instructions that are made for them,
 * vdpbf16ps on the level avx512_bf16, tiles on the level amx. Both read pairs of elements along k.
 *
 * * A panel of B (PANEL columns of a K block) is packed as rows of pairs; tiles go down the rows of
 * A, which are read as they lie where they are dense. What a tile adds up leaves it in float32, and
 * is rounded to bfloat16 once, when all of k is in it.
 *
 * * Every element of C is computed by the same sequence of operations whatever the shape: a sum for
 * each K block (their length depends on k alone), which starts at 0; the sums are added in order,
 * then the bias, then the addend or old C. So m, n, the batch and the number of threads do not
 * change a bit of it. */
#include "backend/cpu/cpu.h"
#include "backend/cpu/gemm_batch.h"
#include "backend/cpu/vector/vector.h"
#if defined(ORE_LEVEL_amx) || defined(ORE_LEVEL_amx_emulated)
#include "backend/cpu/bf16/tile_amx.h"
#else
#include "backend/cpu/bf16/tile_pairs.h"
#endif
#include "backend/cpu/bf16/pack.h"
#include "base/memory.h"
#include "base/threads.h"

/* Sizes follow from caches of 32 KiB (L1) and 1 MiB or more (L2, each core's). What was measured
 * beside them is in "Choices that were measured" of docs/performance.md. */
enum {
    K_MAX = 1024,         /* max length of a K block; a multiple of what AMX takes at once */
    ROWS_MAX = 384,       /* rows of A in a chunk: a K block of them stays in the L2 cache */
    COLS = 384,           /* columns of a chunk: so many at least, where it packs its rows of A, and
                            * at most, where it keeps sums; these are 576 KiB then */
    CHUNKS = 32,          /* about as many for a large product */
    CHUNK_WORK = 1 << 19, /* min multiplications that make a chunk worth handing over */
    STACK_BYTES = 8 * 1024 /* scratch memory that need not be allocated */
};

/* Memory of a thread's own: a panel, a K block of packed A, and sums of earlier K blocks. */
typedef struct layout {
    int64_t block_row; /* elements between packed rows of A; 0: rows of A are read as they lie */
    int64_t panel_bytes, block_bytes, sums_bytes;
} layout;

typedef struct product {
    const ore_gemm *g;
    layout layout;
    char *scratch;
    int64_t scratch_each; /* bytes of a thread; 0 where one thread runs all */
    int64_t row_step, row_blocks, col_step, col_blocks;
} product;

/* A part of one product on one thread: `g` is the part's own, and its m and n. */
typedef struct part {
    ore_gemm g;
    bf16_pair *panel;
    ore_bf16 *block;
    float *sums;      /* (m, n up to whole panels) */
    int64_t kc;       /* of the present K block, */
    bool first, last; /* which is one of these */
    int64_t unit;     /* what tile_product remembers */
} part;

static int64_t round_up(int64_t value, int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

static int64_t k_block(int64_t k) {
    int64_t blocks = (k + K_MAX - 1) / K_MAX;
    return blocks > 1 ? round_up((k + blocks - 1) / blocks, 32) : k;
}

static bool rows_dense(const ore_gemm *g) {
    return g->a_col == 1 || g->k <= 1;
}

static int64_t c_bytes(const ore_gemm *g) {
    return g->c_wide ? sizeof(float) : sizeof(ore_bf16);
}

/* ---- rows of C ---- */

/* n dense numbers of bfloat16 as float32, and back; the float32 ones have room for whole
 * vectors. */
static void widen_dense(float *to, const ore_bf16 *from, int64_t n) {
    int64_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES)
        vf_store(to + i, vf_of_bf16(vh16_load(from + i)));
    if (i < n)
        vf_store(to + i, vf_of_bf16(vh16_load_part(from + i, n - i)));
}

static void narrow_dense(ore_bf16 *to, const float *from, int64_t n) {
    int64_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES)
        vh16_store(to + i, vf_to_bf16(vf_load(from + i)));
    if (i < n)
        vh16_store_part(to + i, vf_to_bf16(vf_load(from + i)), n - i);
}

/* The same for n numbers of C, `step` elements apart and perhaps float32 themselves. */
static void widen(float *to, const void *from, bool wide, int64_t step, int64_t n) {
    const ore_bf16 *half = from;
    const float *whole = from;
    if (!wide && step == 1)
        widen_dense(to, half, n);
    else
        for (int64_t i = 0; i < n; i++)
            to[i] = wide ? whole[i * step] : ore_bf16_to_float(half[i * step]);
}

static void narrow(void *to, bool wide, int64_t step, const float *from, int64_t n) {
    ore_bf16 *half = to;
    float *whole = to;
    if (!wide && step == 1)
        narrow_dense(half, from, n);
    else
        for (int64_t i = 0; i < n; i++)
            if (wide)
                whole[i * step] = from[i];
            else
                half[i * step] = ore_bf16_from_float(from[i]);
}

static void add(float *to, const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i += VF_LANES)
        vf_store(to + i, vf_load(to + i) + vf_load(x + i));
}

/* What a tile has added up, (rows, PANEL), goes where rows from i and `cols` columns from j on
 * belong. */
static void finish(const part *w, float *tile, const float *bias, int64_t i, int64_t rows,
                   int64_t j, int64_t cols) {
    const ore_gemm *g = &w->g;
    const int64_t bytes = c_bytes(g), sums_row = round_up(g->n, PANEL);
    const int64_t width = round_up(cols, VF_LANES);
    const size_t row_bytes = (size_t)width * sizeof *tile;
    const char *more = g->accumulate ? g->c : g->addend;
    float row[PANEL] = {0};
    for (int64_t r = 0; r < rows; r++, tile += PANEL) {
        int64_t at = ((i + r) * g->c_row + j * g->c_col) * bytes;
        float *sums = w->sums + (i + r) * sums_row + j;
        if (!w->first) {
            add(sums, tile, width);
            memcpy(tile, sums, row_bytes);
        } else if (!w->last) {
            memcpy(sums, tile, row_bytes);
        }
        if (!w->last)
            continue;
        if (bias)
            add(tile, bias, width);
        if (more) {
            widen(row, more + at, g->c_wide, g->c_col, cols);
            add(tile, row, width);
        }
        narrow((char *)g->c + at, g->c_wide, g->c_col, tile, cols);
    }
}

/* ---- one part ---- */

/* The bias of `cols` columns from j on, in float32; NULL without one. */
static const float *bias_at(const part *w, int64_t j, int64_t cols, float room[PANEL]) {
    if (!w->g.bias)
        return NULL;
    widen_dense(room, (const ore_bf16 *)w->g.bias + j, cols);
    return room;
}

static void run_panel(part *w, const ore_bf16 *a, int64_t a_row, int64_t j) {
    const ore_gemm *g = &w->g;
    _Alignas(64) float tile[TILE_ROWS * PANEL] = {0}, room[PANEL] = {0};
    int64_t cols = ore_min_int(g->n - j, PANEL);
    const float *bias = bias_at(w, j, cols, room);
    for (int64_t i = 0; i < g->m; i += TILE_ROWS) {
        int64_t rows = ore_min_int(g->m - i, TILE_ROWS);
        tile_product(&w->unit, rows, cols, w->kc, a + i * a_row, a_row, w->panel, tile);
        finish(w, tile, bias, i, rows, j, cols);
    }
}

/* All whole vectors of columns, where A has few rows and B is transposed: as a decoded token meets
 * every weight. B is not packed then. Returns the column from which on columns are left. */
static int64_t run_few(part *w, const ore_bf16 *a, int64_t a_row, const ore_bf16 *b) {
    const ore_gemm *g = &w->g;
    _Alignas(64) float tile[TILE_ROWS * PANEL], room[PANEL];
    int64_t j = 0;
    if (g->m > FEW_ROWS || g->b_row != 1)
        return j;
    for (; j + VF_LANES <= g->n; j += VF_LANES) {
        few_product(g->m, w->kc, a, a_row, b + j * g->b_col, g->b_col, tile);
        finish(w, tile, bias_at(w, j, VF_LANES, room), 0, g->m, j, VF_LANES);
    }
    return j;
}

static void run_part(part *w, const layout *l) {
    const ore_gemm *g = &w->g;
    int64_t step = k_block(g->k), k = 0;
    do {
        const ore_bf16 *a = (const ore_bf16 *)g->a + k * g->a_col;
        const ore_bf16 *b = (const ore_bf16 *)g->b + k * g->b_row;
        int64_t a_row = g->a_row;
        w->kc = ore_min_int(g->k - k, step);
        w->first = k == 0, w->last = k + w->kc == g->k;
        if (l->block_row) {
            pack_rows(w->block, l->block_row, g, a, g->m, w->kc);
            a = w->block, a_row = l->block_row;
        }
        for (int64_t j = run_few(w, a, a_row, b); j < g->n; j += PANEL) {
            pack_panel(w->panel, g, b, w->kc, j);
            run_panel(w, a, a_row, j);
        }
        k += step;
    } while (k < g->k);
    tiles_end(&w->unit);
}

/* ---- parts of products ---- */

static void run_chunk(void *argument, int64_t chunk) {
    const product *p = argument;
    const ore_gemm *g = p->g;
    int64_t col = chunk % p->col_blocks * p->col_step;
    chunk /= p->col_blocks;
    int64_t row = chunk % p->row_blocks * p->row_step;
    gemm_offsets at = gemm_batch_at(g, chunk / p->row_blocks);
    int64_t c = (at.c + row * g->c_row + col * g->c_col) * c_bytes(g);
    char *scratch = p->scratch + ore_thread_index() * p->scratch_each;
    part w = {.g = *g};
    w.g.m = ore_min_int(g->m - row, p->row_step);
    w.g.n = ore_min_int(g->n - col, p->col_step);
    w.g.a = (const ore_bf16 *)g->a + at.a + row * g->a_row;
    w.g.b = (const ore_bf16 *)g->b + at.b + col * g->b_col;
    w.g.c = (char *)g->c + c;
    w.g.addend = g->addend ? (const char *)g->addend + c : NULL;
    w.g.bias = g->bias ? (const ore_bf16 *)g->bias + col : NULL;
    w.panel = (void *)scratch;
    w.block = (void *)(scratch + p->layout.panel_bytes);
    w.sums = (void *)(scratch + p->layout.panel_bytes + p->layout.block_bytes);
    run_part(&w, &p->layout);
}

/* Cuts each product into chunks. Neighbouring chunks share a block of rows. Each packs the panels
 * that it uses: over that many rows, packing costs a hundredth of using. */
static void cut(product *p) {
    const ore_gemm *g = p->g;
    int64_t panels = (g->n + PANEL - 1) / PANEL, k = g->k ? g->k : 1;
    bool whole = g->m * g->n * k <= CHUNK_WORK;
    p->row_blocks = whole ? 1 : (g->m + ROWS_MAX - 1) / ROWS_MAX;
    p->row_step = round_up((g->m + p->row_blocks - 1) / p->row_blocks, TILE_ROWS);
    p->row_blocks = (g->m + p->row_step - 1) / p->row_step;
    int64_t others = gemm_batches(g) * p->row_blocks, wanted = (CHUNKS + others - 1) / others;
    int64_t most = whole ? 1 : 1 + p->row_step * g->n * k / CHUNK_WORK;
    int64_t least = rows_dense(g) ? 1 : COLS / PANEL;
    int64_t blocks = ore_chunk_count(panels, least, ore_min_int(wanted, most));
    if (g->k > k_block(g->k))
        blocks = ore_max_int(blocks, (g->n + COLS - 1) / COLS);
    p->col_step = (panels + blocks - 1) / blocks * PANEL;
    p->col_blocks = (g->n + p->col_step - 1) / p->col_step;
}

static int64_t lay_out(product *p) {
    const ore_gemm *g = p->g;
    int64_t kc = k_block(g->k);
    layout *l = &p->layout;
    l->block_row = rows_dense(g) ? 0 : round_up(kc, 32) + 32; /* not all in one set of a cache */
    l->panel_bytes = round_up(panel_pairs(kc) * PANEL * (int64_t)sizeof(bf16_pair), 64);
    l->block_bytes = l->block_row * p->row_step * (int64_t)sizeof(ore_bf16);
    l->sums_bytes = g->k > kc ? p->row_step * p->col_step * (int64_t)sizeof(float) : 0;
    return l->panel_bytes + l->block_bytes + l->sums_bytes;
}

static ore_status run(const ore_gemm *g) {
    _Alignas(64) char small[STACK_BYTES];
    product p = {.g = g};
    cut(&p);
    int64_t chunks = gemm_batches(g) * p.row_blocks * p.col_blocks, each = lay_out(&p);
    bool alone = chunks == 1, fits = alone && each <= STACK_BYTES;
    p.scratch_each = alone ? 0 : each;
    p.scratch = fits ? small : ore_alloc((size_t)(alone ? each : each * ore_num_threads()));
    if (!p.scratch)
        return ORE_MEMORY;
    ore_parallel_for(chunks, run_chunk, &p);
    if (!fits)
        ore_release(p.scratch);
    return ORE_OK;
}

/* ---- the row ---- */

/* What has float32 beside bfloat16 is the business of the level below. An activation comes after
 * the whole product: by way of float32, it is faster over long rows than over parts in cache. */
#define BELOW(name) LEVEL_EXPAND(ORE_LEVEL_BELOW, name)
ore_status BELOW(gemm_bf16)(const ore_context *ctx, const ore_gemm *g);

ore_status LEVEL(gemm_bf16)(const ore_context *ctx, const ore_gemm *g) {
    if (g->a_wide || g->b_wide)
        return BELOW(gemm_bf16)(ctx, g);
    if (gemm_batches(g) * g->m * g->n == 0)
        return ORE_OK;
    ore_status status = run(g);
    return status == ORE_OK ? gemm_then(ctx, g, 0, g->m, 0, g->n, c_bytes(g)) : status;
}
