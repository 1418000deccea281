/* attention.c: scaled dot-product attention, Vaswani et al. 2017, arXiv:1706.03762, eq. 1, with the
 * options of ore/ops.h:
 *   S = scale Q K^T, R = c tanh(S / c) with a soft cap c, else R = S
 *   A = R - slope |distance| + mask (-inf where hidden), P = softmax(A), Y = (P * M) V
 * with M dropout's mask over 1 - p. Fused, only each row's largest score and denominator are saved
 * and the weights are computed again in backward (Dao et al. 2022, arXiv:2205.14135, algorithm 4):
 *   D = rowsum(dY * Y), dP = (dY V^T) * M, dA = P * (dP - D), dV = (P * M)^T dY
 *   dmask = dA, dslope = -sum dA |distance|, dS = dA (1 - tanh^2(S / c))
 *   dQ = scale dS K, dK = scale dS^T Q
 * Query heads that share keys and values add their dK and dV up. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "ops/attention.h"
#include "ops/autocast.h"
#include "ops/dropout.h"

/* What forward and backward work on; the order is that of a node's saved values. */
enum { Q, K, V, Y, ROWS, KEEP, MASK, SLOPES, LENGTHS, STARTS, DOCUMENTS, TENSORS };

typedef struct attention_numbers {
    double scale, keep_scale, soft_cap;
    int64_t window;
    bool causal;
} attention_numbers;

static attention_numbers numbers_of(const ore_attention_options *o, const ore_tensor *q) {
    return (attention_numbers){.scale = ore_attention_scale(o, q),
                               .keep_scale = o->dropout < 1 ? 1 / (1 - o->dropout) : 0,
                               .soft_cap = o->soft_cap,
                               .window = o->window,
                               .causal = o->causal};
}

/* ---- arguments of the rows ---- */

static void outer_strides(const ore_tensor *t, int64_t *strides) {
    memcpy(strides, t->strides, 3 * sizeof *strides);
}

/* Of a tensor's last `n` dims, counted from the end, 0 where it is broadcast. */
static void broadcast_strides(const ore_tensor *t, int n, int64_t *strides) {
    for (int d = 0; d < n; d++) {
        int own = d - (n - t->shape.ndim);
        strides[d] = own < 0 || t->shape.dim[own] == 1 ? 0 : t->strides[own];
    }
}

static ore_attention_args arguments_of(ore_tensor *const *t, const attention_numbers *n) {
    ore_attention_args a = {
        .B = t[Q]->shape.dim[0],
        .H = t[Q]->shape.dim[1],
        .Tq = t[Q]->shape.dim[2],
        .D = t[Q]->shape.dim[3],
        .Tk = t[K]->shape.dim[2],
        .Dv = t[V]->shape.dim[3],
        .group = t[K]->shape.dim[1] ? t[Q]->shape.dim[1] / t[K]->shape.dim[1] : 1,
        .q = ore_tensor_address(t[Q]),
        .k = ore_tensor_address(t[K]),
        .v = ore_tensor_address(t[V]),
        .y = ore_tensor_address(t[Y]),
        .top_and_sum = ore_tensor_address(t[ROWS]),
        .keep = ore_address_or_null(t[KEEP]),
        .scale = n->scale,
        .keep_scale = n->keep_scale,
        .causal = n->causal,
        .window = n->window,
        .lengths = ore_address_or_null(t[LENGTHS]),
        .starts = ore_address_or_null(t[STARTS]),
        .documents = ore_address_or_null(t[DOCUMENTS]),
        .soft_cap = n->soft_cap,
        .slopes = ore_address_or_null(t[SLOPES]),
        .mask = ore_address_or_null(t[MASK]),
        .mask_is_bool = t[MASK] && t[MASK]->dtype == ORE_BOOL,
    };
    outer_strides(t[Q], a.q_stride);
    outer_strides(t[K], a.k_stride);
    outer_strides(t[V], a.v_stride);
    outer_strides(t[Y], a.y_stride);
    if (t[MASK])
        broadcast_strides(t[MASK], 4, a.mask_stride);
    if (t[SLOPES])
        broadcast_strides(t[SLOPES], 2, a.slope_stride);
    return a;
}

/* The last dim dense, as kernels want it. */
static ore_tensor *dense_rows(ore_tensor *t) {
    int last = t ? t->shape.ndim - 1 : -1;
    return last >= 0 && t->shape.dim[last] > 1 && t->strides[last] != 1 ? ore_contiguous(t) : t;
}

/* Fills in what the options hold, laid out as the rows want it. */
static void take_options(ore_tensor **t, const ore_attention_options *o) {
    t[MASK] = dense_rows(o->mask);
    t[SLOPES] = o->slopes;
    t[LENGTHS] = o->lengths ? ore_contiguous(o->lengths) : NULL;
    t[STARTS] = o->starts ? ore_contiguous(o->starts) : NULL;
    t[DOCUMENTS] = o->documents ? ore_contiguous(o->documents) : NULL;
}

/* ---- forward ---- */

/* One bit for each weight (B, H, Tq, Tk), drawn as dropout over the whole matrix draws. */
static ore_tensor *weight_mask(const ore_tensor *q, const ore_tensor *k,
                               const ore_attention_options *o) {
    ore_shape weights = q->shape;
    weights.dim[3] = k->shape.dim[2];
    int64_t bits = ore_checked_numel("attention", weights);
    return bits < 0 ? NULL : ore_dropout_mask(q, bits, 1 - o->dropout, o->generator);
}

/* Fills y; makes rows (B, H, Tq, 2), what backward needs of each query, and the mask where there is
 * dropout. */
static ore_status run_forward(ore_tensor **t, const ore_attention_options *o,
                              const attention_numbers *numbers) {
    const int64_t *n = t[Q]->shape.dim;
    take_options(t, o);
    t[ROWS] = ore_tensor_new(ORE_SHAPE(n[0], n[1], n[2], 2), ore_wide_dtype(t[Q]->dtype),
                             ore_tensor_device(t[Q]));
    t[KEEP] = o->dropout > 0 ? weight_mask(t[Q], t[K], o) : NULL;
    if (!ore_ok())
        return ore_error_status();
    ore_attention_args a = arguments_of(t, numbers);
    return ORE_CALL(ore_context_for(t[Q]), attention, t[Q]->dtype, &a);
}

/* y, made by op of n inputs; t is what backward works on. */
static ore_tensor *recorded(const ore_op *op, ore_tensor *y, int n, ore_tensor *const *inputs,
                            ore_tensor *const *t, const attention_numbers *numbers) {
    ore_node *node = ore_record(op, y, n, inputs, TENSORS, sizeof *numbers);
    for (int i = 0; node && i < TENSORS; i++)
        ore_node_save(node, i, t[i]);
    if (node)
        memcpy(ore_node_attributes(node), numbers, sizeof *numbers);
    return ore_made(y);
}

/* ---- backward ---- */

/* Fills dq, dk and dv, which have H heads each, and passes on what belongs to the mask, input
 * `mask` of the node, and the slopes, the one after it. */
static ore_status run_backward(ore_node *node, ore_tensor *const *t, ore_tensor *dy,
                               ore_tensor *const *gradients, int mask) {
    ore_attention_args a = arguments_of(t, ore_node_attributes(node));
    ore_tensor *dmask = NULL, *dslopes = NULL;
    if (ore_input_wants_grad(node, mask))
        dmask = ore_new_zeros(t[Q], ORE_SHAPE(a.B, a.H, a.Tq, a.Tk), t[Q]->dtype);
    if (ore_input_wants_grad(node, mask + 1))
        dslopes = ore_new_empty(t[Q], ORE_SHAPE(a.B, a.H), t[Q]->dtype);
    if (!ore_ok())
        return ore_error_status();
    a.dy = ore_tensor_address(dy);
    a.dq = ore_tensor_address(gradients[Q]);
    a.dk = ore_tensor_address(gradients[K]);
    a.dv = ore_tensor_address(gradients[V]);
    a.dmask = ore_address_or_null(dmask);
    a.dslopes = ore_address_or_null(dslopes);
    outer_strides(dy, a.dy_stride);
    outer_strides(gradients[Q], a.dq_stride);
    outer_strides(gradients[K], a.dk_stride);
    outer_strides(gradients[V], a.dv_stride);
    ore_status status = ORE_CALL(ore_context_for(dy), attention_backward, dy->dtype, &a);
    if (status == ORE_OK && dmask)
        ore_pass(node, mask, dmask);
    if (status == ORE_OK && dslopes)
        ore_pass(node, mask + 1, dslopes);
    return status;
}

/* ---- q, k and v apart ---- */

enum { INPUT_MASK = 3, INPUTS = 5 };

/* Room for the gradient of keys or values x (B, Hk, T, D), with H heads. */
static ore_tensor *heads_like(const ore_tensor *x, int64_t H) {
    const int64_t *n = x->shape.dim;
    return n[1] == H ? ore_empty_like(x)
                     : ore_new_empty(x, ORE_SHAPE(n[0], H, n[2], n[3]), x->dtype);
}

/* dx (B, H, T, D), summed over the query heads that share one of x's. */
static ore_tensor *shared_gradient(ore_tensor *dx, const ore_tensor *x) {
    const int64_t *n = x->shape.dim;
    if (ore_size(dx, 1) == n[1])
        return dx;
    ore_shape apart = ORE_SHAPE(n[0], n[1], ore_size(dx, 1) / n[1], n[2], n[3]);
    return ore_sum(ore_view(dx, apart), ORE_DIMS(2), false);
}

static void attention_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *t[TENSORS], *gradients[3];
    for (int i = 0; i < TENSORS; i++)
        t[i] = ore_node_saved(node, i);
    dy = dense_rows(dy);
    if (!dy || !ore_ok())
        return;
    gradients[Q] = ore_empty_like(t[Q]);
    gradients[K] = heads_like(t[K], t[Q]->shape.dim[1]);
    gradients[V] = heads_like(t[V], t[Q]->shape.dim[1]);
    if (!ore_ok() || run_backward(node, t, dy, gradients, INPUT_MASK) != ORE_OK)
        return;
    ore_pass(node, Q, gradients[Q]);
    ore_pass(node, K, shared_gradient(gradients[K], t[K]));
    ore_pass(node, V, shared_gradient(gradients[V], t[V]));
}

static const ore_op attention_op = {"attention", attention_backward};

/* (B, H, Tq, Dv) laid out as (B, Tq, H, Dv): joining the heads afterwards copies nothing. */
static ore_tensor *heads_inside(const ore_tensor *q, const ore_tensor *v) {
    const int64_t *n = q->shape.dim;
    ore_tensor *y = ore_tensor_new(ORE_SHAPE(n[0], n[2], n[1], v->shape.dim[3]), q->dtype,
                                   ore_tensor_device(q));
    return y ? ore_tensor_sole(ore_transpose(y, 1, 2)) : NULL;
}

ore_tensor *ore_attention(ore_tensor *q, ore_tensor *k, ore_tensor *v,
                          const ore_attention_options *options) {
    ore_attention_options o = ore_attention_choice(options);
    q = ore_lowered(q);
    k = ore_lowered(k);
    v = ore_lowered(v);
    if (!ore_ok() || !ore_attention_fits("attention", 3, (ore_tensor *[]){q, k, v}, &o))
        return NULL;
    ore_tensor *t[TENSORS] = {[Q] = dense_rows(q), [K] = dense_rows(k), [V] = dense_rows(v)};
    if (!ore_ok())
        return NULL;
    attention_numbers numbers = numbers_of(&o, q);
    t[Y] = heads_inside(q, v);
    if (!t[Y] || run_forward(t, &o, &numbers) != ORE_OK)
        return NULL;
    ore_tensor *inputs[INPUTS] = {t[Q], t[K], t[V], t[MASK], t[SLOPES]};
    return recorded(&attention_op, t[Y], INPUTS, inputs, t, &numbers);
}

/* ---- q, k, v side by side: the same, on slices of qkv and of its gradient ---- */

enum { PACKED_MASK = 1, PACKED_INPUTS = 3 };

/* Part number `part` of each token's channels in x (B, T, C or 3 C), as (B, H, T, D). */
static ore_tensor *heads_of(const ore_tensor *x, int64_t heads, int64_t D, int64_t part) {
    int64_t strides[ORE_MAX_DIMS] = {x->strides[0], D, x->strides[1], 1};
    return ore_tensor_alias_as(x, ORE_SHAPE(x->shape.dim[0], heads, x->shape.dim[1], D), strides,
                               x->offset + part * heads * D);
}

/* The node saved qkv in the place of q, and y with its heads joined. */
static void attention_packed_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *t[TENSORS], *gradients[3];
    for (int i = 0; i < TENSORS; i++)
        t[i] = i == K || i == V ? NULL : ore_node_saved(node, i);
    dy = ore_contiguous(dy);
    ore_tensor *qkv = t[Q], *dqkv = ore_ok() ? ore_empty_like(qkv) : NULL;
    if (!dqkv)
        return;
    int64_t heads = t[ROWS]->shape.dim[1], D = dy->shape.dim[2] / heads;
    for (int i = Q; i <= V; i++) {
        t[i] = heads_of(qkv, heads, D, i);
        gradients[i] = heads_of(dqkv, heads, D, i);
    }
    t[Y] = heads_of(t[Y], heads, D, 0);
    dy = heads_of(dy, heads, D, 0);
    if (ore_ok() && run_backward(node, t, dy, gradients, PACKED_MASK) == ORE_OK)
        ore_pass(node, 0, dqkv);
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
    qkv = ore_lowered(qkv);
    if (!ore_ok() || !packed_fits(qkv, heads))
        return NULL;
    qkv = ore_contiguous(qkv);
    if (!qkv)
        return NULL;
    ore_tensor *t[TENSORS] = {NULL};
    const int64_t *n = qkv->shape.dim;
    int64_t D = n[2] / 3 / heads;
    ore_tensor *y =
        ore_tensor_new(ORE_SHAPE(n[0], n[1], heads * D), qkv->dtype, ore_tensor_device(qkv));
    t[Y] = y ? heads_of(y, heads, D, 0) : NULL;
    for (int i = Q; i <= V; i++)
        t[i] = heads_of(qkv, heads, D, i);
    if (!ore_ok() || !ore_attention_fits("attention", 3, t, &o))
        return NULL;
    attention_numbers numbers = numbers_of(&o, t[Q]);
    if (run_forward(t, &o, &numbers) != ORE_OK)
        return NULL;
    ore_tensor *inputs[PACKED_INPUTS] = {qkv, t[MASK], t[SLOPES]};
    t[Q] = qkv;
    t[K] = t[V] = NULL;
    t[Y] = y;
    return recorded(&attention_packed_op, y, PACKED_INPUTS, inputs, t, &numbers);
}
