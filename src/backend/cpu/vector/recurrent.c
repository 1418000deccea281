/* recurrent.c: recurrent layers; the equations are in src/ops/recurrent.c.
 *
 * * Sequences do not depend on each other, so a chunk is some of them over all steps: threads meet
 * once for a whole layer and not once a step. Sequences are dealt out to chunks in turn, so that
 * chunks have the same work where sequences are sorted by length.
 *
 * * The recurrent weight is packed once, in panels as products want them, and stays in the L2 cache
 * from step to step. What a panel gives goes through the gates while it is in the L1 cache.
 *
 * * An element of a product is one chain of fused multiply-adds over k, whatever the chunks. */
#include "backend/cpu/vector/gemm_tile.h"
#include "backend/cpu/vector/vector.h"
#include "backend/cpu/vector/vmath.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "base/threads.h"

enum {
    CHUNK_ROWS = 32, /* about as many sequences in a chunk: a panel serves four tiles */
    APART = 16,      /* floats between rows of scratch, so that rows do not share an L1 set */
};

#define T         float
#define VT        vf
#define FN(name)  name##_f32
#define VEC(name) vf_##name
#define LANES     VF_LANES
#include "backend/cpu/vector/gemm_tile.inc"

typedef struct recurrent_job {
    const ore_recurrent_args *args; /* one for each direction */
    int64_t directions, chunks;     /* chunks of each direction */
    int64_t blocks, outer;          /* panels that cover H units, and P outputs */
    float *panels;                  /* of all directions */
    int64_t panel_floats, direction_panels, direction_floats;
    float *scratch; /* one for each thread */
    int64_t scratch_floats;
} recurrent_job;

static int64_t blocks_of(int64_t n) {
    return (n + PANEL_f32 - 1) / PANEL_f32;
}

/* One chunk: sequences first, first + step, .. of a direction. */
typedef struct group {
    const ore_recurrent_args *a;
    const float *panels;
    int64_t first, step, rows;
} group;

static group group_of(const recurrent_job *job, int64_t chunk) {
    int64_t direction = chunk / job->chunks;
    group g = {.a = job->args + direction,
               .panels = job->panels + direction * job->direction_floats,
               .first = chunk % job->chunks,
               .step = job->chunks};
    g.rows = (g.a->B - g.first + g.step - 1) / g.step;
    return g;
}

/* How many of the group's sequences reach step t: the first ones. */
static int64_t active_at(const group *g, int64_t t) {
    int64_t n = g->a->sizes[t] - g->first;
    return n > 0 ? (n + g->step - 1) / g->step : 0;
}

/* The row of step t of the group's sequence i. */
static int64_t row_at(const group *g, int64_t t, int64_t i) {
    return g->a->starts[t] + (g->first + i * g->step) * g->a->row_step;
}

/* The row of the step that the direction takes before t; -1 where t is the sequence's first. */
static int64_t row_before(const group *g, int64_t t, int64_t i) {
    int64_t before = g->a->reverse ? t + 1 : t - 1;
    if (before < 0 || before == g->a->steps || g->a->sizes[before] <= g->first + i * g->step)
        return -1;
    return row_at(g, before, i);
}

/* n floats of row b of a start state, or zeros. */
static void begin_with(float *to, const float *from, int64_t b, int64_t n) {
    if (from)
        memcpy(to, from + b * n, (size_t)n * sizeof *to);
    else
        memset(to, 0, (size_t)n * sizeof *to);
}

static void rows_begin_with(const group *g, float *to, int64_t apart, const void *from, int64_t n) {
    for (int64_t i = 0; i < g->rows; i++)
        begin_with(to + i * apart, from, g->first + i * g->step, n);
}

static void rows_end_with(const group *g, void *to, const float *from, int64_t apart, int64_t n) {
    for (int64_t i = 0; to && i < g->rows; i++)
        memcpy((float *)to + (g->first + i * g->step) * n, from + i * apart,
               (size_t)n * sizeof(float));
}

/* c (rows, cols) = a (rows, kc) times a panel + the bias behind it, if asked, + more, with c's
 * steps. Columns up to a whole vector are written. */
static void multiply(const float *a, int64_t a_row, int64_t rows, int64_t kc, const float *panel,
                     bool bias, float *c, int64_t c_row, int64_t cols, bool add) {
    int64_t vecs = (cols + VF_LANES - 1) / VF_LANES;
    target_f32 to = {.c_row = c_row, .c_col = 1, .bias_col = 1, .cols = vecs * VF_LANES};
    to.bias = bias ? panel + kc * PANEL_f32 : NULL;
    for (int64_t i = 0; i < rows; i += TILE_ROWS) {
        to.c = c + i * c_row;
        to.more = add ? to.c : NULL;
        tiles_f32[ore_min_int(rows - i, TILE_ROWS)][vecs](kc, a + i * a_row, a_row, panel,
                                                          PANEL_f32, &to);
    }
}

VEC_INLINE vf load_some(const float *p, int64_t n) {
    return n >= VF_LANES ? vf_load(p) : vf_load_part(p, n, 0);
}
VEC_INLINE void store_some(float *p, vf v, int64_t n) {
    if (n >= VF_LANES)
        vf_store(p, v);
    else
        vf_store_part(p, v, n);
}

#include "backend/cpu/vector/recurrent_forward.inc"
#include "backend/cpu/vector/recurrent_backward.inc"
