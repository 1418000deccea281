/* attention.c: fused attention in blocks of queries and keys; equations in src/ops/attention.c.
 *
 * After Dao et al. 2022, "FlashAttention" (arXiv:2205.14135): a block of scores exists in cache
 * only; forward keeps the max of the scores and the sum of the weights of each row as it goes over
 * the blocks of keys. Q is packed times scale, so that a score is exact where float32 holds it, and
 * a weight is e^(s - max). Hidden keys have score -inf and weight 0, and add nothing.
 *
 * By place, a query sees one range of keys (attention_keys.h). Tiles and blocks that no row sees
 * are passed over; those that all rows see whole are computed without a look at the ranges. Options
 * that change scores, a mask among them, do so tile by tile (attention_shape.inc).
 *
 * Blocks of keys start at key 0 and have a fixed length, and every sum runs over keys in order:
 * so a row's result depends neither on the other rows, nor on batch, heads or threads. The
 * gradients of keys and values are summed over blocks of queries in order, by one thread. */
#include <float.h>
#include <math.h>

#include "backend/cpu/attention_keys.h"
#include "backend/cpu/vector/exp2.h"
#include "backend/cpu/vector/squares.h"
#include "backend/cpu/vector/vec.h"
#include "backend/cpu/vector/vector.h"
#include "backend/cpu/vector/vmath.h"
#include "base/elementary/elementary.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "base/threads.h"

/* A tile has TILE_ROWS rows and TILE_VECS vectors of columns: its sums, TILE_VECS vectors of one
 * operand and a broadcast element of the other fill the vector registers. */
#ifdef ORE_LEVEL_avx2
enum { TILE_ROWS = 6, TILE_VECS = 2 };
#else
enum { TILE_ROWS = 12, TILE_VECS = 2 };
#endif

enum {
    /* Keys and queries of a block: multiples of TILE_ROWS and of every level's panel. Their 96 x 96
     * scores (36 KiB in float32) and the packed keys stay in the L2 cache. */
    KEYS = 96,
    QUERIES = 96,
    RANGE_ROWS = 256,     /* about the max queries of a forward chunk */
    CHUNKS = 32,          /* about as many in forward, where there are enough queries */
    SMALL_WORK = 1 << 17, /* max multiplications that one thread does: waking others costs more */
    LINE_BYTES = 64,      /* of a cache line */
    AHEAD = 12, /* rows that packing prefetches: those of one head lie a whole token apart */
};

static const double LOG2_E = 1.4426950408889634074;

/* What the rows of a tile see by place: keys from .. to - 1 some row, full_from .. full_to - 1
 * every row; from = to where none sees any. */
typedef struct tile_keys {
    int64_t from, to, full_from, full_to;
} tile_keys;

typedef struct attention_job {
    const ore_attention_args *a;
    char *scratch;         /* (threads, scratch_bytes) */
    int64_t scratch_bytes; /* of one thread */
    int64_t threads;
    int64_t ranges, range_rows; /* forward: chunks of a head, and the queries of each */
    ore_attention_keys keys;
    tile_keys *tiles;         /* (B or 1, tiles of Tq) */
    ore_key_range *key_tiles; /* (B or 1, tiles of Tk): the queries from .. to - 1 outside of which
                                 none sees a key of the tile; backward only */
} attention_job;

static int64_t round_up(int64_t value, int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

static int64_t tile_count(int64_t rows) {
    return (rows + TILE_ROWS - 1) / TILE_ROWS;
}

/* ---- who sees what ---- */

/* The ranges, the tiles and the key tiles of entry b. */
static const ore_key_range *ranges_of(const attention_job *job, int64_t b) {
    return job->keys.ranges + b * job->keys.entry_stride;
}
static int64_t entry_number(const attention_job *job, int64_t b) {
    return job->keys.entry_stride ? b : 0;
}
static const tile_keys *tiles_of(const attention_job *job, int64_t b) {
    return job->tiles + entry_number(job, b) * tile_count(job->a->Tq);
}
static const ore_key_range *key_tiles_of(const attention_job *job, int64_t b) {
    return job->key_tiles + entry_number(job, b) * tile_count(job->a->Tk);
}

static bool sees(ore_key_range r) {
    return r.from < r.to;
}

static tile_keys tile_of(const ore_key_range *ranges) {
    tile_keys tile = {INT64_MAX, 0, 0, INT64_MAX};
    for (int64_t i = 0; i < TILE_ROWS; i++) {
        if (sees(ranges[i])) {
            tile.from = ore_min_int(tile.from, ranges[i].from);
            tile.to = ore_max_int(tile.to, ranges[i].to);
        }
        tile.full_from = ore_max_int(tile.full_from, ranges[i].from);
        tile.full_to = ore_min_int(tile.full_to, ranges[i].to);
    }
    return tile.to ? tile : (tile_keys){0, 0, 0, 0};
}

/* Since neither end of the ranges falls, the queries of a tile of keys begin with the first whose
 * range reaches it and end before the first whose range is past it. */
static void find_queries(const ore_attention_args *a, const ore_key_range *ranges,
                         ore_key_range *tiles) {
    int64_t from = 0, to = 0;
    for (int64_t i = 0; i < tile_count(a->Tk); i++) {
        while (from < a->Tq && !(sees(ranges[from]) && ranges[from].to > i * TILE_ROWS))
            from++;
        while (to < a->Tq && !(sees(ranges[to]) && ranges[to].from >= (i + 1) * TILE_ROWS))
            to++;
        tiles[i] = from < to ? (ore_key_range){from, to} : (ore_key_range){0, 0};
    }
}

/* Fills in who sees what; false with the error pending. */
static bool look_at_places(attention_job *job, bool backward) {
    const ore_attention_args *a = job->a;
    int64_t tiles = tile_count(a->Tq), key_tiles = backward ? tile_count(a->Tk) : 0;
    job->keys = ore_attention_keys_of(a, TILE_ROWS);
    int64_t entries = job->keys.entry_stride ? a->B : 1;
    if (!job->keys.ranges)
        return false;
    job->tiles = ore_alloc((size_t)(entries * tiles) * sizeof *job->tiles);
    job->key_tiles = ore_alloc((size_t)(entries * key_tiles) * sizeof *job->key_tiles);
    if (!job->tiles || !job->key_tiles)
        return false;
    for (int64_t b = 0; b < entries; b++) {
        const ore_key_range *ranges = ranges_of(job, b);
        for (int64_t i = 0; i < tiles; i++)
            job->tiles[b * tiles + i] = tile_of(ranges + i * TILE_ROWS);
        if (backward)
            find_queries(a, ranges, job->key_tiles + b * key_tiles);
    }
    return true;
}

/* ---- running chunks ---- */

/* The bits of dropout's mask from bit `at` on, at least 16 of them; zeros past its end. */
static uint32_t bits_at(const ore_attention_args *a, int64_t at) {
    int64_t bytes = (a->B * a->H * a->Tq * a->Tk + 7) / 8, left = bytes - at / 8;
    uint32_t bits = 0;
    if (left >= (int64_t)sizeof bits)
        memcpy(&bits, a->keep + at / 8, sizeof bits);
    else
        for (int64_t byte = 0; byte < left; byte++)
            bits |= (uint32_t)a->keep[at / 8 + byte] << (8 * byte);
    return bits >> (at % 8);
}

/* Calls fn for every chunk; a small job stays on this thread. */
static ore_status run_chunks(attention_job *job, int64_t chunks, bool backward, ore_chunk_fn fn) {
    const ore_attention_args *a = job->a;
    int64_t work = a->B * a->H * a->Tq * a->Tk * (a->D + a->Dv);
    job->threads = work > SMALL_WORK ? ore_num_threads() : 1;
    if (look_at_places(job, backward))
        job->scratch = ore_alloc((size_t)(job->scratch_bytes * job->threads));
    if (job->scratch && job->threads > 1)
        ore_parallel_for(chunks, fn, job);
    for (int64_t chunk = 0; job->scratch && job->threads == 1 && chunk < chunks; chunk++)
        fn(job, chunk);
    ore_release(job->scratch);
    ore_release(job->key_tiles);
    ore_release(job->tiles);
    ore_release(job->keys.ranges);
    return ore_error_status();
}

/* The running thread's. */
static void *scratch_of(const attention_job *job) {
    return job->scratch + (job->threads > 1 ? ore_thread_index() * job->scratch_bytes : 0);
}

/* Double's tanh, lane by lane: nothing that is in a hurry computes in double. */
VEC_INLINE vd vd_tanh(vd x) {
    double lane[VD_LANES];
    vd_store(lane, x);
    for (int i = 0; i < VD_LANES; i++)
        lane[i] = ore_math_tanh(lane[i]);
    return vd_load(lane);
}

/* Element (row, 0) of head h of batch entry b in a strided operand. */
#define ROW_OF(field, b, h, t)                                                                     \
    ((const T *)a->field + (b)*a->field##_stride[0] + (h)*a->field##_stride[1] +                   \
     (t)*a->field##_stride[2])

/* name_suffix, with names that are macros expanded. */
#define PASTE(name, suffix) name##_##suffix
#define NAME(name, suffix)  PASTE(name, suffix)

#define T         float
#define VT        vf
#define VI        vi
#define INT       int32_t
#define FN(name)  NAME(name, f32)
#define VEC(name) vf_##name
#define LANES     VF_LANES
#define LOWEST    (-FLT_MAX)
#include "backend/cpu/vector/attention_tile.inc"
#include "backend/cpu/vector/attention_shape.inc"
#include "backend/cpu/vector/attention_forward.inc"
#include "backend/cpu/vector/attention_backward.inc"
#undef T
#undef VT
#undef VI
#undef INT
#undef FN
#undef VEC
#undef LANES
#undef LOWEST

#define T         double
#define VT        vd
#define VI        vi64
#define INT       int64_t
#define FN(name)  NAME(name, f64)
#define VEC(name) vd_##name
#define LANES     VD_LANES
#define LOWEST    (-DBL_MAX)
#include "backend/cpu/vector/attention_tile.inc"
#include "backend/cpu/vector/attention_shape.inc"
#include "backend/cpu/vector/attention_forward.inc"
#include "backend/cpu/vector/attention_backward.inc"
#undef T
#undef VT
#undef VI
#undef INT
#undef FN
#undef VEC
#undef LANES
#undef LOWEST
