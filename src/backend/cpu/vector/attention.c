/* attention.c: fused attention in blocks of queries and keys; equations in src/ops/attention.c.
 *
 * After Dao et al. 2022, "FlashAttention" (arXiv:2205.14135): a block of scores exists in cache
 * only; forward keeps the max of the scores and the sum of the weights of each row as it goes over
 * the blocks of keys. Q is packed times scale, so that a score is exact where float32 holds it, and
 * a weight is e^(s - max). Hidden keys have score -inf and weight 0, and add nothing.
 *
 * Blocks of keys start at key 0 and have a fixed length, and every sum runs over keys in order:
 * so a row's result depends neither on the other rows, nor on batch, heads or threads. The
 * gradients of keys and values are summed over blocks of queries in order, by one thread. */
#include <float.h>
#include <math.h>

#include "backend/cpu/vector/exp2.h"
#include "backend/cpu/vector/squares.h"
#include "backend/cpu/vector/vec.h"
#include "backend/cpu/vector/vector.h"
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

typedef struct attention_job {
    const ore_attention_args *a;
    char *scratch;         /* (threads, scratch_bytes) */
    int64_t scratch_bytes; /* of one thread */
    int64_t threads;
    int64_t ranges, range_rows; /* forward: chunks of a head, and the queries of each */
} attention_job;

static int64_t round_up(int64_t value, int64_t unit) {
    return (value + unit - 1) / unit * unit;
}

/* How many keys query t sees: 0 .. count - 1. Queries past the last one, which pad a tile, count as
 * the last one. */
static int64_t seen_keys(const ore_attention_args *a, int64_t t) {
    return a->causal ? ore_min_int(t, a->Tq - 1) + a->Tk - a->Tq + 1 : a->Tk;
}

/* The first query that sees a key. */
static int64_t first_query(const ore_attention_args *a, int64_t key) {
    int64_t t = key - (a->Tk - a->Tq);
    return a->causal && t > 0 ? t : 0;
}

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
static ore_status run_chunks(attention_job *job, int64_t chunks, ore_chunk_fn fn) {
    const ore_attention_args *a = job->a;
    int64_t work = a->B * a->H * a->Tq * a->Tk * (a->D + a->Dv);
    job->threads = work > SMALL_WORK ? ore_num_threads() : 1;
    job->scratch = ore_alloc((size_t)(job->scratch_bytes * job->threads));
    if (!job->scratch)
        return ORE_MEMORY;
    if (job->threads > 1)
        ore_parallel_for(chunks, fn, job);
    for (int64_t chunk = 0; job->threads == 1 && chunk < chunks; chunk++)
        fn(job, chunk);
    ore_release(job->scratch);
    return ORE_OK;
}

/* The running thread's. */
static void *scratch_of(const attention_job *job) {
    return job->scratch + (job->threads > 1 ? ore_thread_index() * job->scratch_bytes : 0);
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
