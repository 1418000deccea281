/* sequence.c: attention and recurrent layers of halves. */
#include "backend/cpu/half/frame.h"
#include "base/threads.h"

/* ---- attention ---- */

static void *half_moved(const void *p, int64_t elements, int64_t bytes) {
    return p ? (char *)p + elements * bytes : NULL;
}

/* A (B, heads, T, D) operand whose last dim is dense; `stride` becomes that of the copy. */
static float *take_heads(half_frame *f, const void *x, const int64_t shape[4], int64_t stride[3],
                         half_use use) {
    half_view view = {4, {shape[0], shape[1], shape[2], shape[3]}, {0}};
    int64_t steps[HALF_DIMS];
    for (int d = 0; d < 3; d++)
        view.step[d] = stride[d] * HALF_BYTES;
    view.step[3] = HALF_BYTES;
    float *dense = half_take(f, x, &view, use, steps);
    for (int d = 0; dense && d < 3; d++)
        stride[d] = steps[d] / FLOAT_BYTES;
    return dense;
}

static void take_mask_and_slopes(half_frame *f, ore_attention_args *a) {
    half_view mask = {4, {a->B, a->H, a->Tq, a->Tk}, {0}}, slopes = {2, {a->B, a->H}, {0}};
    int64_t steps[HALF_DIMS];
    for (int d = 0; d < 4; d++)
        mask.step[d] = a->mask_stride[d] * HALF_BYTES;
    for (int d = 0; d < 2; d++)
        slopes.step[d] = a->slope_stride[d] * HALF_BYTES;
    if (a->mask && !a->mask_is_bool) {
        a->mask = half_take(f, a->mask, &mask, HALF_IN, steps);
        for (int d = 0; f->fine && d < 4; d++)
            a->mask_stride[d] = steps[d] / FLOAT_BYTES;
    }
    if (a->slopes) {
        a->slopes = half_take(f, a->slopes, &slopes, HALF_IN, steps);
        for (int d = 0; f->fine && d < 2; d++)
            a->slope_stride[d] = steps[d] / FLOAT_BYTES;
    }
}

static ore_attention_args take_attention(half_frame *f, const ore_context *ctx, ore_dtype dtype,
                                         const ore_attention_args *a, half_use of_y) {
    ore_attention_args own = *a;
    int64_t q[] = {a->B, a->H, a->Tq, a->D}, y[] = {a->B, a->H, a->Tq, a->Dv};
    int64_t k[] = {a->B, a->H / a->group, a->Tk, a->D}, v[] = {a->B, a->H / a->group, a->Tk, a->Dv};
    half_begin(f, ctx, dtype);
    own.q = take_heads(f, a->q, q, own.q_stride, HALF_IN);
    own.k = take_heads(f, a->k, k, own.k_stride, HALF_IN);
    own.v = take_heads(f, a->v, v, own.v_stride, HALF_IN);
    own.y = take_heads(f, a->y, y, own.y_stride, of_y);
    take_mask_and_slopes(f, &own);
    return own;
}

static ore_status attend_all(const ore_context *ctx, ore_dtype dtype, const ore_attention_args *a) {
    half_frame f;
    ore_attention_args own = take_attention(&f, ctx, dtype, a, HALF_OUT);
    return HALF_CALL(&f, attention, &own);
}

static ore_status attend_all_backward(const ore_context *ctx, ore_dtype dtype,
                                      const ore_attention_args *a) {
    half_frame f;
    ore_attention_args own = take_attention(&f, ctx, dtype, a, HALF_IN);
    int64_t q[] = {a->B, a->H, a->Tq, a->D}, y[] = {a->B, a->H, a->Tq, a->Dv};
    int64_t k[] = {a->B, a->H, a->Tk, a->D}, v[] = {a->B, a->H, a->Tk, a->Dv};
    own.dy = take_heads(&f, a->dy, y, own.dy_stride, HALF_IN);
    own.dq = take_heads(&f, a->dq, q, own.dq_stride, HALF_OUT);
    own.dk = take_heads(&f, a->dk, k, own.dk_stride, HALF_OUT);
    own.dv = take_heads(&f, a->dv, v, own.dv_stride, HALF_OUT);
    own.dmask = half_take_dense(&f, a->dmask, a->B * a->H * a->Tq * a->Tk, HALF_INOUT);
    own.dslopes = half_take_dense(&f, a->dslopes, a->B * a->H, HALF_OUT);
    return HALF_CALL(&f, attention_backward, &own);
}
/* Entry b with the query heads that share key head g, as a call of its own. */
static ore_attention_args heads_of(const ore_attention_args *a, int64_t b, int64_t g) {
    ore_attention_args own = *a;
    int64_t h = g * a->group, head = b * a->H + h, mask_bytes = a->mask_is_bool ? 1 : HALF_BYTES;
    own.B = 1, own.H = a->group;
#define MOVE(p, stride, at) half_moved(a->p, b * a->stride[0] + (at)*a->stride[1], HALF_BYTES)
    own.q = MOVE(q, q_stride, h), own.k = MOVE(k, k_stride, g), own.v = MOVE(v, v_stride, g);
    own.y = MOVE(y, y_stride, h), own.dy = MOVE(dy, dy_stride, h);
    own.dq = MOVE(dq, dq_stride, h), own.dk = MOVE(dk, dk_stride, h),
    own.dv = MOVE(dv, dv_stride, h);
    own.slopes = MOVE(slopes, slope_stride, h);
#undef MOVE
    own.mask = half_moved(a->mask, b * a->mask_stride[0] + h * a->mask_stride[1], mask_bytes);
    own.top_and_sum = half_moved(a->top_and_sum, head * a->Tq * 2, FLOAT_BYTES);
    own.dmask = half_moved(a->dmask, head * a->Tq * a->Tk, HALF_BYTES);
    own.dslopes = half_moved(a->dslopes, head, HALF_BYTES);
    own.lengths = a->lengths ? a->lengths + b : NULL;
    own.starts = a->starts ? a->starts + b : NULL;
    own.documents = a->documents ? a->documents + b * a->Tk : NULL;
    return own;
}

typedef struct attention_job {
    const ore_context *ctx;
    ore_dtype dtype;
    const ore_attention_args *a;
    ore_status (*attend)(const ore_context *ctx, ore_dtype dtype, const ore_attention_args *a);
} attention_job;

static void attend_chunk(void *argument, int64_t chunk) {
    const attention_job *job = argument;
    int64_t key_heads = job->a->H / job->a->group;
    ore_attention_args own = heads_of(job->a, chunk / key_heads, chunk % key_heads);
    job->attend(job->ctx, job->dtype, &own);
}

/* Entry by entry and head by head, where there are several, so that what becomes float32 stays in
 * the cache of a core; at once where bits of dropout, which belong to all, or lengths, whose faults
 * are named by entry, are. */
static ore_status run_attention(const attention_job *job) {
    enum { SEVERAL = 4 };
    int64_t chunks = job->a->B * job->a->H / job->a->group;
    if (chunks < SEVERAL || job->a->keep || job->a->lengths || job->a->starts)
        return job->attend(job->ctx, job->dtype, job->a);
    ore_parallel_for(chunks, attend_chunk, (void *)(uintptr_t)job);
    return ore_error_status();
}

HALF_ROW(attention, (const ore_context *ctx, const ore_attention_args *a),
         run_attention(&(attention_job){ctx, dtype, a, attend_all}))
HALF_ROW(attention_backward, (const ore_context *ctx, const ore_attention_args *a),
         run_attention(&(attention_job){ctx, dtype, a, attend_all_backward}))

/* ---- recurrent layers ---- */

/* The N rows of y, or of its gradient, that are one direction's. */
static void *take_output(half_frame *f, const ore_recurrent_args *a, const void *y, half_use use) {
    half_view view = {2, {a->N, a->P}, {a->y_row * HALF_BYTES, HALF_BYTES}};
    return half_take(f, y, &view, use, NULL);
}

/* What forward and backward both have. */
static ore_recurrent_args take_direction(half_frame *f, const ore_recurrent_args *a, bool forward) {
    ore_recurrent_args own = *a;
    int64_t gates = ore_cell_gates(a->cell);
    half_use made = forward ? HALF_OUT : HALF_IN;
    own.w_hh = half_take_dense(f, a->w_hh, gates * a->H * a->P, HALF_IN);
    own.b_hh = half_take_dense(f, a->b_hh, gates * a->H, HALF_IN);
    own.w_hr = half_take_dense(f, a->w_hr, a->P * a->H, HALF_IN);
    own.h0 = half_take_dense(f, a->h0, a->B * a->P, HALF_IN);
    own.c0 = half_take_dense(f, a->c0, a->B * a->H, HALF_IN);
    own.gates = half_take_dense(f, a->gates, a->N * gates * a->H, made | HALF_IN);
    own.candidate = half_take_dense(f, a->candidate, a->N * a->H, made);
    own.c = half_take_dense(f, a->c, a->N * a->H, made);
    own.y = take_output(f, a, a->y, made);
    own.y_row = a->P;
    return own;
}

static ore_status run_recurrent(const ore_context *ctx, ore_dtype dtype,
                                const ore_recurrent_args *args, int64_t directions) {
    half_frame f;
    ore_recurrent_args own[2];
    half_begin(&f, ctx, dtype);
    for (int64_t d = 0; d < directions; d++) {
        const ore_recurrent_args *a = &args[d];
        own[d] = take_direction(&f, a, true);
        own[d].h_n = half_take_dense(&f, a->h_n, a->B * a->P, HALF_OUT);
        own[d].c_n = half_take_dense(&f, a->c_n, a->B * a->H, HALF_OUT);
    }
    return HALF_CALL(&f, recurrent, own, directions);
}
HALF_ROW(recurrent, (const ore_context *ctx, const ore_recurrent_args *args, int64_t directions),
         run_recurrent(ctx, dtype, args, directions))

static ore_status run_recurrent_backward(const ore_context *ctx, ore_dtype dtype,
                                         const ore_recurrent_args *args, int64_t directions) {
    half_frame f;
    ore_recurrent_args own[2];
    half_begin(&f, ctx, dtype);
    for (int64_t d = 0; d < directions; d++) {
        const ore_recurrent_args *a = &args[d];
        own[d] = take_direction(&f, a, false);
        own[d].dy = take_output(&f, a, a->dy, HALF_IN);
        own[d].dh_n = half_take_dense(&f, a->dh_n, a->B * a->P, HALF_IN);
        own[d].dc_n = half_take_dense(&f, a->dc_n, a->B * a->H, HALF_IN);
        own[d].dgates =
            half_take_dense(&f, a->dgates, a->N * ore_cell_gates(a->cell) * a->H, HALF_OUT);
        own[d].dcandidate = half_take_dense(&f, a->dcandidate, a->N * a->H, HALF_OUT);
        own[d].h_before = half_take_dense(&f, a->h_before, a->N * a->P, HALF_OUT);
        own[d].dh = half_take_dense(&f, a->dh, a->N * a->P, HALF_OUT);
        own[d].hidden = half_take_dense(&f, a->hidden, a->N * a->H, HALF_OUT);
        own[d].dh0 = half_take_dense(&f, a->dh0, a->B * a->P, HALF_OUT);
        own[d].dc0 = half_take_dense(&f, a->dc0, a->B * a->H, HALF_OUT);
    }
    return HALF_CALL(&f, recurrent_backward, own, directions);
}
HALF_ROW(recurrent_backward,
         (const ore_context *ctx, const ore_recurrent_args *args, int64_t directions),
         run_recurrent_backward(ctx, dtype, args, directions))
