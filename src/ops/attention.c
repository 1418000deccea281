/* attention.c: scaled dot-product attention, Vaswani et al. 2017, arXiv:1706.03762, eq. 1:
 *   S = scale Q K^T (+ -inf where hidden), P = softmax(S), Y = (P * M) V
 * with M dropout's mask over 1 - p. Fused, only each row's largest score and denominator are saved
 * and the weights are computed again in backward (Dao et al. 2022, arXiv:2205.14135, algorithm 4):
 *   D = rowsum(dY * Y), dP = (dY V^T) * M, dS = P * (dP - D)
 *   dQ = scale dS K, dK = scale dS^T Q, dV = (P * M)^T dY */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/dropout.h"

typedef struct attention_attributes {
    double scale, keep_scale;
    bool causal;
} attention_attributes;

enum { SAVED_Q, SAVED_K, SAVED_V, SAVED_Y, SAVED_ROWS, SAVED_MASK, SAVED_COUNT };

static void outer_strides(const ore_tensor *t, int64_t *strides) {
    memcpy(strides, t->strides, 3 * sizeof *strides);
}

static ore_attention_args arguments_of(const ore_tensor *q, const ore_tensor *k,
                                       const ore_tensor *v, const ore_tensor *y,
                                       const ore_tensor *rows, const ore_tensor *mask,
                                       const attention_attributes *how) {
    ore_attention_args a = {
        .B = q->shape.dim[0],
        .H = q->shape.dim[1],
        .Tq = q->shape.dim[2],
        .D = q->shape.dim[3],
        .Tk = k->shape.dim[2],
        .Dv = v->shape.dim[3],
        .q = ore_tensor_address(q),
        .k = ore_tensor_address(k),
        .v = ore_tensor_address(v),
        .y = ore_tensor_address(y),
        .top_and_sum = ore_tensor_address(rows),
        .keep = ore_address_or_null(mask),
        .scale = how->scale,
        .keep_scale = how->keep_scale,
        .causal = how->causal,
    };
    outer_strides(q, a.q_stride);
    outer_strides(k, a.k_stride);
    outer_strides(v, a.v_stride);
    outer_strides(y, a.y_stride);
    return a;
}

/* The last dim dense, as kernels want it. */
static ore_tensor *dense_rows(ore_tensor *t) {
    return t && t->shape.dim[3] > 1 && t->strides[3] != 1 ? ore_contiguous(t) : t;
}

static ore_status run_backward(ore_attention_args *a, ore_tensor *dy, ore_tensor *dq,
                               ore_tensor *dk, ore_tensor *dv) {
    a->dy = ore_tensor_address(dy);
    a->dq = ore_tensor_address(dq);
    a->dk = ore_tensor_address(dk);
    a->dv = ore_tensor_address(dv);
    outer_strides(dy, a->dy_stride);
    outer_strides(dq, a->dq_stride);
    outer_strides(dk, a->dk_stride);
    outer_strides(dv, a->dv_stride);
    return ORE_CALL(ore_context_for(dy), attention_backward, dy->dtype, a);
}

static void attention_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *s[SAVED_COUNT];
    for (int i = 0; i < SAVED_COUNT; i++)
        s[i] = ore_node_saved(node, i);
    dy = dense_rows(dy);
    if (!dy || !ore_ok())
        return;
    ore_attention_args a = arguments_of(s[SAVED_Q], s[SAVED_K], s[SAVED_V], s[SAVED_Y],
                                        s[SAVED_ROWS], s[SAVED_MASK], ore_node_attributes(node));
    ore_tensor *dq = ore_empty_like(s[SAVED_Q]), *dk = ore_empty_like(s[SAVED_K]);
    ore_tensor *dv = ore_empty_like(s[SAVED_V]);
    if (!dq || !dk || !dv || run_backward(&a, dy, dq, dk, dv) != ORE_OK)
        return;
    ore_pass(node, 0, dq);
    ore_pass(node, 1, dk);
    ore_pass(node, 2, dv);
}

static const ore_op attention_op = {"attention", attention_backward};

/* ---- the fused op ---- */

/* One bit for each weight (B, H, Tq, Tk), drawn as dropout over the whole matrix draws. */
static ore_tensor *weight_mask(const ore_tensor *q, const ore_tensor *k,
                               const ore_attention_options *o) {
    ore_shape weights = q->shape;
    weights.dim[3] = k->shape.dim[2];
    int64_t bits = ore_checked_numel("attention", weights);
    return bits < 0 ? NULL : ore_dropout_mask(q, bits, 1 - o->dropout, o->generator);
}

/* (B, H, Tq, Dv) laid out as (B, Tq, H, Dv): joining the heads afterwards copies nothing. */
static ore_tensor *heads_inside(const ore_tensor *q, const ore_tensor *v) {
    const int64_t *n = q->shape.dim;
    ore_tensor *y = ore_tensor_new(ORE_SHAPE(n[0], n[2], n[1], v->shape.dim[3]), q->dtype,
                                   ore_tensor_device(q));
    return y ? ore_tensor_sole(ore_transpose(y, 1, 2)) : NULL;
}

/* Fills y; makes rows (B, H, Tq, 2), what backward needs of each query, and the mask where there is
 * dropout. */
static ore_status run_forward(ore_tensor *q, ore_tensor *k, ore_tensor *v, ore_tensor *y,
                              const ore_attention_options *o, const attention_attributes *how,
                              ore_tensor **rows, ore_tensor **mask) {
    const int64_t *n = q->shape.dim;
    *rows = ore_tensor_new(ORE_SHAPE(n[0], n[1], n[2], 2), q->dtype, ore_tensor_device(q));
    *mask = o->dropout > 0 ? weight_mask(q, k, o) : NULL;
    if (!ore_ok())
        return ore_error_status();
    ore_attention_args a = arguments_of(q, k, v, y, *rows, *mask, how);
    return ORE_CALL(ore_context_for(q), attention, q->dtype, &a);
}

ore_tensor *ore_attention(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                          const ore_attention_options *options) {
    ore_attention_options o = ore_attention_choice(options);
    if (!ore_ok() || !ore_attention_fits("attention", 3, (ore_tensor *[]){q, k, v}, &o))
        return NULL;
    if (q->shape.dim[1] != k->shape.dim[1] || o.mask || o.lengths || o.starts || o.documents ||
        o.window || o.slopes || o.soft_cap > 0)
        return ore_attention_plain(q, k, v, &o);
    q = dense_rows(q);
    k = dense_rows(k);
    v = dense_rows(v);
    if (!q || !k || !v)
        return NULL;
    attention_attributes how = {ore_attention_scale(&o, q), 1 / (1 - o.dropout), o.causal};
    ore_tensor *y = heads_inside(q, v), *rows, *mask;
    if (!y || run_forward(q, k, v, y, &o, &how, &rows, &mask) != ORE_OK)
        return NULL;
    ore_node *node =
        ore_record(&attention_op, y, 3, (ore_tensor *[]){q, k, v}, SAVED_COUNT, sizeof how);
    if (node) {
        ore_tensor *saved[SAVED_COUNT] = {q, k, v, y, rows, mask};
        for (int i = 0; i < SAVED_COUNT; i++)
            ore_node_save(node, i, saved[i]);
        memcpy(ore_node_attributes(node), &how, sizeof how);
    }
    return ore_made(y);
}

/* ---- over q, k, v side by side: the same, on slices of qkv and of its gradient ---- */

enum { PACKED_QKV, PACKED_Y, PACKED_ROWS, PACKED_MASK, PACKED_COUNT };

/* Part number `part` of each token's channels in x (B, T, C or 3 C), as (B, H, T, D). */
static ore_tensor *heads_of(const ore_tensor *x, int64_t heads, int64_t D, int64_t part) {
    int64_t strides[ORE_MAX_DIMS] = {x->strides[0], D, x->strides[1], 1};
    return ore_tensor_alias_as(x, ORE_SHAPE(x->shape.dim[0], heads, x->shape.dim[1], D), strides,
                               x->offset + part * heads * D);
}

static void attention_packed_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *s[PACKED_COUNT];
    for (int i = 0; i < PACKED_COUNT; i++)
        s[i] = ore_node_saved(node, i);
    dy = ore_contiguous(dy);
    ore_tensor *dx = ore_ok() ? ore_empty_like(s[PACKED_QKV]) : NULL;
    if (!dx)
        return;
    int64_t heads = s[PACKED_ROWS]->shape.dim[1], D = dy->shape.dim[2] / heads;
    ore_tensor *x[3], *part[3];
    for (int i = 0; i < 3; i++) {
        x[i] = heads_of(s[PACKED_QKV], heads, D, i);
        part[i] = heads_of(dx, heads, D, i);
    }
    ore_tensor *y = heads_of(s[PACKED_Y], heads, D, 0);
    dy = heads_of(dy, heads, D, 0);
    if (!ore_ok())
        return;
    ore_attention_args a = arguments_of(x[0], x[1], x[2], y, s[PACKED_ROWS], s[PACKED_MASK],
                                        ore_node_attributes(node));
    if (run_backward(&a, dy, part[0], part[1], part[2]) == ORE_OK)
        ore_pass(node, 0, dx);
}

static const ore_op attention_packed_op = {"attention", attention_packed_backward};

static bool packed_fits(ore_tensor *qkv, int64_t heads) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1("attention", qkv))
        return false;
    if (heads < 1 || qkv->shape.ndim != 3 || qkv->shape.dim[2] % 3 != 0 ||
        qkv->shape.dim[2] / 3 % heads != 0)
        ore_fail(ORE_INVALID,
                 "attention: qkv %s and %lld head%s, expected (B, T, 3 C) with C a "
                 "multiple of them",
                 ore_shape_text(qkv->shape, text), (long long)heads, ore_plural(heads));
    else /* heads of size 0 may be more than there are channels */
        ore_checked_numel("attention", ORE_SHAPE(qkv->shape.dim[0], heads, qkv->shape.dim[1],
                                                 qkv->shape.dim[2] / 3 / heads));
    return ore_ok();
}

ore_tensor *ore_attention_packed(ore_tensor *qkv, int64_t heads,
                                 const ore_attention_options *options) {
    ore_attention_options o = ore_attention_choice(options);
    if (!ore_ok() || !packed_fits(qkv, heads))
        return NULL;
    ore_tensor *x[3], *rows, *mask;
    if (o.mask || o.lengths || o.starts || o.documents || o.window || o.slopes || o.soft_cap > 0) {
        int64_t B = ore_size(qkv, 0), T = ore_size(qkv, 1), C = ore_size(qkv, 2) / 3;
        for (int i = 0; i < 3; i++)
            x[i] = ore_transpose(
                ore_reshape(ore_narrow(qkv, 2, i * C, C), ORE_SHAPE(B, T, heads, C / heads)), 1, 2);
        ore_tensor *joined = ore_attention(x[0], x[1], x[2], &o);
        return ore_flatten(ore_transpose(joined, 1, 2), 2, 3);
    }
    qkv = ore_contiguous(qkv);
    if (!qkv)
        return NULL;
    const int64_t *n = qkv->shape.dim;
    int64_t D = n[2] / 3 / heads;
    ore_tensor *y =
        ore_tensor_new(ORE_SHAPE(n[0], n[1], heads * D), qkv->dtype, ore_tensor_device(qkv));
    ore_tensor *y_heads = y ? heads_of(y, heads, D, 0) : NULL;
    for (int i = 0; i < 3; i++)
        x[i] = heads_of(qkv, heads, D, i);
    if (!ore_ok() || !ore_attention_fits("attention", 3, x, &o))
        return NULL;
    attention_attributes how = {ore_attention_scale(&o, x[0]), 1 / (1 - o.dropout), o.causal};
    if (run_forward(x[0], x[1], x[2], y_heads, &o, &how, &rows, &mask) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&attention_packed_op, y, 1, &qkv, PACKED_COUNT, sizeof how);
    if (node) {
        ore_tensor *saved[PACKED_COUNT] = {qkv, y, rows, mask};
        for (int i = 0; i < PACKED_COUNT; i++)
            ore_node_save(node, i, saved[i]);
        memcpy(ore_node_attributes(node), &how, sizeof how);
    }
    return ore_made(y);
}
