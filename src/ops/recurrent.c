/* recurrent.c: a recurrent layer over all steps. Elman 1990; the LSTM of Hochreiter and Schmidhuber
 * 1997 with forget gates (Gers et al. 2000) and projections (Sak et al. 2014, arXiv:1402.1128); the
 * GRU of Cho et al. 2014, arXiv:1406.1078, with the reset gate behind the product, as torch has it.
 * With a = W_ih x + b_ih, s = W_hh h + b_hh, cut into gates:
 *   RNN   h' = f(a + s)                                   f = tanh or relu
 *   LSTM  i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of (a + s)
 *         c' = f c + i g, m = o tanh c', h' = m or W_hr m
 *   GRU   r, z = sigmoid of (a + s), n = tanh(a_n + r s_n), h' = n + z (h - n)
 * Backward, from the last step, dh being what y and the step behind bring, dc what that one does:
 *   RNN   da = dh f'
 *   LSTM  dm = dh or W_hr^T dh, dc += dm o (1 - tanh^2 c'), da_i = dc g i (1 - i),
 *         da_f = dc c f (1 - f), da_g = dc i (1 - g^2), da_o = dm tanh c' o (1 - o); dc = dc f
 *   GRU   da_n = dh (1 - z) (1 - n^2), da_r = da_n s_n r (1 - r), da_z = dh (h - n) z (1 - z),
 *         and of s: ds_n = da_n r; dh = dh z
 *   ds = da where nothing else is said; dh += W_hh^T ds
 * and over all steps at once dx = da W_ih, dW_ih = da^T x, dW_hh = ds^T h, dW_hr = dh^T m, and the
 * biases' the column sums of da and ds. */
#include <string.h>

#include <ore/sequence.h>

#include "base/memory.h"
#include "ops/autocast.h"
#include "ops/matrix.h"
#include "ops/packed.h"

enum { DIRECTIONS_MAX = 2 };

ore_f_recurrent_options ore_f_recurrent_defaults(void) {
    return (ore_f_recurrent_options){.kind = ORE_RNN_TANH, .directions = 1};
}

/* ---- what a call is made of ---- */

/* The attributes of a node: sizes, and where its rows lie (ore_recurrent_args). */
typedef struct layout {
    ore_cell cell;
    int64_t directions;
    bool states; /* the result holds the last states behind y */
    int64_t steps, B, N, in, H, P, row_step;
    int64_t rows[]; /* (2, steps): how many sequences have a step, and its first row */
} layout;

enum { X, H0, C0, STATE_INPUTS };
enum { IH, HH, BIAS_IH, BIAS_HH, HR, WEIGHTS };
enum { INPUTS = STATE_INPUTS + DIRECTIONS_MAX * WEIGHTS };

typedef struct layer_call {
    ore_tensor *inputs[INPUTS]; /* what is absent is NULL */
    ore_recurrent_kind kind;
    bool batch_first;
    ore_tensor *batch_sizes;
    layout *layout; /* a block of memory, once it is known */
} layer_call;

static int input_of(int64_t direction, int weight) {
    return STATE_INPUTS + (int)direction * WEIGHTS + weight;
}

static int inputs_of(const layout *l) {
    return input_of(l->directions, 0);
}

static int64_t gate_rows(const layout *l) {
    return ore_cell_gates(l->cell) * l->H;
}

static const char *const kind_names[] = {"rnn", "rnn", "lstm", "gru"};
static const ore_cell cells[] = {ORE_CELL_TANH, ORE_CELL_RELU, ORE_CELL_LSTM, ORE_CELL_GRU};

/* ---- checks ---- */

/* Whether t, unless it is NULL, has the shape; `what` is its name. */
static bool has_shape(const char *name, const char *what, const ore_tensor *t, ore_shape shape) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (t && !ore_shape_equal(t->shape, shape))
        ore_fail(ORE_INVALID, "%s: %s is %s, expected %s", name, what,
                 ore_shape_text(t->shape, got), ore_shape_text(shape, want));
    return ore_no_error();
}

static bool one_dtype(const char *name, const layer_call *c, int n) {
    const ore_tensor *x = c->inputs[X];
    for (int i = 0; i < n; i++) {
        ore_tensor *t = c->inputs[i];
        if (t && !ore_usable_beside(name, x, t))
            return false;
        if (t && t->dtype != x->dtype) {
            ore_fail(ORE_INVALID, "%s: x of %s, weights and state of %s: expected one dtype", name,
                     ore_dtype_name(x->dtype), ore_dtype_name(t->dtype));
            return false;
        }
    }
    return true;
}

static bool weights_fit(const char *name, const layer_call *c, const layout *l) {
    const int64_t rows = gate_rows(l);
    for (int64_t d = 0; d < l->directions; d++) {
        ore_tensor *const *w = c->inputs + input_of(d, 0);
        if (!has_shape(name, "weight_ih", w[IH], ORE_SHAPE(rows, l->in)) ||
            !has_shape(name, "weight_hh", w[HH], ORE_SHAPE(rows, l->P)) ||
            !has_shape(name, "bias_ih", w[BIAS_IH], ORE_SHAPE(rows)) ||
            !has_shape(name, "bias_hh", w[BIAS_HH], ORE_SHAPE(rows)) ||
            !has_shape(name, "weight_hr", w[HR], ORE_SHAPE(l->P, l->H)))
            return false;
    }
    return true;
}

static bool states_fit(const char *name, const layer_call *c, const layout *l) {
    if (c->inputs[C0] && c->kind != ORE_LSTM)
        ore_fail(ORE_INVALID, "%s: a state c, which only an LSTM has", name);
    return ore_no_error() &&
           has_shape(name, "the state h", c->inputs[H0], ORE_SHAPE(l->directions, l->B, l->P)) &&
           has_shape(name, "the state c", c->inputs[C0], ORE_SHAPE(l->directions, l->B, l->H));
}

/* H and P by the first direction's weights. */
static bool sizes_of(const char *name, const layer_call *c, layout *l) {
    const ore_tensor *ih = c->inputs[input_of(0, IH)], *hh = c->inputs[input_of(0, HH)];
    const ore_tensor *hr = c->inputs[input_of(0, HR)];
    char a[ORE_SHAPE_TEXT], b[ORE_SHAPE_TEXT];
    if (ih->shape.ndim != 2 || hh->shape.ndim != 2 || hh->shape.dim[1] < 1 ||
        ih->shape.dim[0] < 1 || ih->shape.dim[0] % ore_cell_gates(l->cell)) {
        ore_fail(ORE_INVALID, "%s: weight_ih %s, weight_hh %s, expected (%lld H, in), (%lld H, H)",
                 name, ore_shape_text(ih->shape, a), ore_shape_text(hh->shape, b),
                 (long long)ore_cell_gates(l->cell), (long long)ore_cell_gates(l->cell));
        return false;
    }
    if (ih->shape.dim[1] != l->in) {
        ore_fail(ORE_INVALID, "%s: x %s does not end in the input size of weight_ih %s", name,
                 ore_shape_text(c->inputs[X]->shape, a), ore_shape_text(ih->shape, b));
        return false;
    }
    l->H = ih->shape.dim[0] / ore_cell_gates(l->cell);
    l->P = hr ? hh->shape.dim[1] : l->H;
    if (hr && c->kind != ORE_LSTM)
        ore_fail(ORE_INVALID, "%s: a projection weight_hr, which only an LSTM has", name);
    return ore_no_error();
}

/* ---- where the rows lie ---- */

static void place_rows(layout *l, bool packed, bool batch_first) {
    int64_t *sizes = l->rows, *starts = l->rows + l->steps, next = 0;
    l->row_step = batch_first && !packed ? l->steps : 1;
    for (int64_t t = 0; t < l->steps; t++) {
        if (!packed)
            sizes[t] = l->B;
        starts[t] = batch_first && !packed ? t : next;
        next += sizes[t];
    }
}

/* The layout of a call on the heap; NULL where something does not fit. */
static layout *layout_new(const char *name, const layer_call *c, int64_t directions) {
    ore_shape shape = c->inputs[X]->shape;
    char text[ORE_SHAPE_TEXT];
    const ore_tensor *sizes = c->batch_sizes;
    bool packed = sizes != NULL;
    if (packed && (sizes->shape.ndim != 1 || sizes->dtype != ORE_INT64)) {
        ore_fail(ORE_INVALID, "%s: batch_sizes %s of %s, expected (T,) of int64", name,
                 ore_shape_text(sizes->shape, text), ore_dtype_name(sizes->dtype));
        return NULL;
    }
    int64_t steps = packed ? sizes->shape.dim[0] : shape.dim[c->batch_first ? 1 : 0];
    if (shape.ndim != (packed ? 2 : 3) || steps < 1) {
        ore_fail(ORE_INVALID, "%s: x is %s, expected %s", name, ore_shape_text(shape, text),
                 packed           ? "(N, in) and at least one step"
                 : c->batch_first ? "(B, T, in), T at least 1"
                                  : "(T, B, in), T at least 1");
        return NULL;
    }
    size_t rows_bytes;
    layout *l = ore_bytes_of(steps, 2 * sizeof *l->rows, &rows_bytes) == ORE_OK
                    ? ore_alloc(sizeof *l + rows_bytes)
                    : NULL;
    if (!l)
        return NULL;
    *l = (layout){.cell = cells[c->kind], .directions = directions, .steps = steps};
    l->in = shape.dim[shape.ndim - 1];
    l->N = packed ? shape.dim[0] : shape.dim[0] * shape.dim[1];
    l->B = packed ? 0 : shape.dim[c->batch_first ? 0 : 1];
    if (packed && ore_transfer_out(sizes, l->rows) == ORE_OK &&
        ore_batch_sizes_fit(name, l->rows, steps, l->N))
        l->B = l->rows[0];
    if (ore_no_error())
        place_rows(l, packed, c->batch_first);
    if (ore_no_error() && sizes_of(name, c, l) && weights_fit(name, c, l) && states_fit(name, c, l))
        return l;
    ore_release(l);
    return NULL;
}

/* ---- the arguments of a row ---- */

static void *part_of(const ore_tensor *t, int64_t elements) {
    return t ? (char *)ore_tensor_address(t) + elements * (int64_t)ore_dtype_size(t->dtype) : NULL;
}

/* Of one direction, without what forward or backward alone have. `result` is y, with the last
 * states behind it. */
static ore_recurrent_args args_of(const layout *l, int64_t d, ore_tensor *result,
                                  const ore_tensor *h0, const ore_tensor *c0,
                                  ore_tensor *const *weights) {
    return (ore_recurrent_args){
        .cell = l->cell,
        .reverse = d == 1,
        .steps = l->steps,
        .B = l->B,
        .N = l->N,
        .H = l->H,
        .P = l->P,
        .sizes = l->rows,
        .starts = l->rows + l->steps,
        .row_step = l->row_step,
        .w_hh = ore_tensor_address(weights[HH]),
        .b_hh = ore_address_or_null(weights[BIAS_HH]),
        .w_hr = ore_address_or_null(weights[HR]),
        .h0 = part_of(h0, d * l->B * l->P),
        .c0 = part_of(c0, d * l->B * l->H),
        .y = part_of(result, d * l->P),
        .y_row = l->directions * l->P,
    };
}

/* Where the result, or its gradient, has h and c after the last step; NULL where it has none. */
static void *last_h(const layout *l, const ore_tensor *result, int64_t d) {
    return l->states ? part_of(result, l->directions * l->N * l->P + d * l->B * l->P) : NULL;
}

static void *last_c(const layout *l, const ore_tensor *result, int64_t d) {
    bool has = l->states && l->cell == ORE_CELL_LSTM;
    int64_t before = l->directions * (l->N + l->B) * l->P;
    return has ? part_of(result, before + d * l->B * l->H) : NULL;
}

/* ---- backward ---- */

enum { SAVED_X, SAVED_RESULT, SAVED_H0, SAVED_C0, SAVED_COMMON };
enum { SAVED_IH, SAVED_HH, SAVED_HR, SAVED_GATES, SAVED_KEPT, SAVED_EACH };

static int slot_of(int64_t direction, int what) {
    return SAVED_COMMON + (int)direction * SAVED_EACH + what;
}

/* What backward makes for one direction before the products. */
typedef struct direction_gradients {
    ore_tensor *dgates;      /* (N, G H) */
    ore_tensor *dcandidate;  /* (N, H), a GRU's */
    ore_tensor *h_before;    /* (N, P) */
    ore_tensor *dh, *hidden; /* (N, P), (N, H), with a projection */
} direction_gradients;

static ore_tensor *rows_like(const ore_tensor *x, int64_t rows, int64_t cols) {
    return ore_tensor_new(ORE_SHAPE(rows, cols), x->dtype, ore_tensor_device(x));
}

static direction_gradients gradients_new(const layout *l, const ore_tensor *dy, bool projected) {
    direction_gradients g = {.dgates = rows_like(dy, l->N, gate_rows(l)),
                             .h_before = rows_like(dy, l->N, l->P)};
    if (l->cell == ORE_CELL_GRU)
        g.dcandidate = rows_like(dy, l->N, l->H);
    if (projected) {
        g.dh = rows_like(dy, l->N, l->P);
        g.hidden = rows_like(dy, l->N, l->H);
    }
    return g;
}

/* Some columns of a matrix. */
static ore_matrix columns(const ore_tensor *t, int64_t first, int64_t count) {
    ore_matrix m = ore_matrix_of(t);
    m.data = part_of(t, first);
    m.cols = count;
    return m;
}

/* dW_hh = ds^T h: ds is da but for a GRU's last gate. */
static void pass_recurrent_weight(ore_node *node, const layout *l, int64_t d,
                                  const direction_gradients *g, const ore_tensor *dy) {
    const int input = input_of(d, HH);
    ore_matrix h = ore_matrix_of(g->h_before);
    if (!ore_input_wants_grad(node, input))
        return;
    if (!g->dcandidate) {
        ore_pass_product(node, input, ore_matrix_flipped(ore_matrix_of(g->dgates)), h, dy);
        return;
    }
    ore_tensor *dw = rows_like(dy, gate_rows(l), l->P);
    if (!dw)
        return;
    ore_matrix first = ore_matrix_flipped(columns(g->dgates, 0, 2 * l->H));
    ore_gemm product = ore_matrix_product(dw, first, h);
    ore_status status = ore_run_product(dw, &product);
    product = ore_matrix_product(dw, ore_matrix_flipped(ore_matrix_of(g->dcandidate)), h);
    product.c = part_of(dw, 2 * l->H * l->P);
    if (status == ORE_OK && ore_run_product(dw, &product) == ORE_OK)
        ore_pass(node, input, dw);
}

static void pass_biases(ore_node *node, const layout *l, int64_t d, const direction_gradients *g) {
    bool wants_ih = ore_input_wants_grad(node, input_of(d, BIAS_IH));
    bool wants_hh = ore_input_wants_grad(node, input_of(d, BIAS_HH));
    ore_tensor *sums = wants_ih || wants_hh ? ore_sum(g->dgates, ORE_DIMS(0), false) : NULL;
    if (!sums)
        return;
    ore_pass(node, input_of(d, BIAS_IH), sums);
    if (wants_hh && g->dcandidate) {
        ore_tensor *last = ore_sum(g->dcandidate, ORE_DIMS(0), false);
        sums = ore_cat((ore_tensor *[]){ore_narrow(sums, 0, 0, 2 * l->H), last}, 2, 0);
    }
    ore_pass(node, input_of(d, BIAS_HH), sums);
}

static void pass_direction(ore_node *node, const layout *l, int64_t d, const direction_gradients *g,
                           const ore_tensor *dy) {
    ore_matrix da = ore_matrix_of(g->dgates);
    const ore_tensor *x = ore_node_saved(node, SAVED_X);
    const ore_tensor *w_ih = ore_node_saved(node, slot_of(d, SAVED_IH));
    if (!ore_no_error())
        return;
    if (ore_input_wants_grad(node, X))
        ore_pass_product(node, X, da, ore_matrix_of(w_ih), dy);
    if (ore_input_wants_grad(node, input_of(d, IH)))
        ore_pass_product(node, input_of(d, IH), ore_matrix_flipped(da), ore_matrix_of(x), dy);
    pass_recurrent_weight(node, l, d, g, dy);
    pass_biases(node, l, d, g);
    if (g->dh && ore_input_wants_grad(node, input_of(d, HR)))
        ore_pass_product(node, input_of(d, HR), ore_matrix_flipped(ore_matrix_of(g->dh)),
                         ore_matrix_of(g->hidden), dy);
}

/* The arguments of one direction's backward. */
static ore_recurrent_args backward_args(ore_node *node, const layout *l, int64_t d, ore_tensor *dy,
                                        const direction_gradients *g, const ore_tensor *dh0,
                                        const ore_tensor *dc0) {
    ore_tensor *s[SAVED_EACH], *weights[WEIGHTS] = {NULL};
    for (int i = 0; i < SAVED_EACH; i++)
        s[i] = ore_node_saved(node, slot_of(d, i));
    if (!ore_no_error())
        return (ore_recurrent_args){.B = 0};
    weights[HH] = s[SAVED_HH];
    weights[HR] = s[SAVED_HR];
    ore_recurrent_args a =
        args_of(l, d, ore_node_saved(node, SAVED_RESULT), ore_node_saved(node, SAVED_H0),
                ore_node_saved(node, SAVED_C0), weights);
    a.gates = ore_tensor_address(s[SAVED_GATES]);
    a.c = l->cell == ORE_CELL_LSTM ? ore_address_or_null(s[SAVED_KEPT]) : NULL;
    a.candidate = l->cell == ORE_CELL_GRU ? ore_address_or_null(s[SAVED_KEPT]) : NULL;
    a.dy = part_of(dy, d * l->P);
    a.dh_n = last_h(l, dy, d);
    a.dc_n = last_c(l, dy, d);
    a.dgates = ore_tensor_address(g->dgates);
    a.dcandidate = ore_address_or_null(g->dcandidate);
    a.h_before = ore_tensor_address(g->h_before);
    a.dh = ore_address_or_null(g->dh);
    a.hidden = ore_address_or_null(g->hidden);
    a.dh0 = part_of(dh0, d * l->B * l->P);
    a.dc0 = part_of(dc0, d * l->B * l->H);
    return a;
}

static void recurrent_backward(ore_node *node, ore_tensor *dy) {
    const layout *l = ore_node_attributes(node);
    ore_recurrent_args args[DIRECTIONS_MAX];
    direction_gradients g[DIRECTIONS_MAX];
    dy = ore_contiguous(dy);
    if (!ore_no_error())
        return;
    ore_tensor *dh0 = ore_gradient_if_wanted(node, H0, dy);
    ore_tensor *dc0 = ore_gradient_if_wanted(node, C0, dy);
    for (int64_t d = 0; d < l->directions && ore_no_error(); d++) {
        g[d] = gradients_new(l, dy, ore_node_saved(node, slot_of(d, SAVED_HR)) != NULL);
        if (ore_no_error())
            args[d] = backward_args(node, l, d, dy, &g[d], dh0, dc0);
    }
    if (!ore_no_error() ||
        ORE_CALL(ore_context_for(dy), recurrent_backward, dy->dtype, args, l->directions) != ORE_OK)
        return;
    for (int64_t d = 0; d < l->directions; d++)
        pass_direction(node, l, d, &g[d], dy);
    ore_pass(node, H0, dh0);
    ore_pass(node, C0, dc0);
}

static const ore_op rnn_op = {"rnn", recurrent_backward};
static const ore_op lstm_op = {"lstm", recurrent_backward};
static const ore_op gru_op = {"gru", recurrent_backward};
static const ore_op *const ops[] = {&rnn_op, &rnn_op, &lstm_op, &gru_op};

/* ---- forward ---- */

/* What forward makes for one direction; `kept` is what backward needs beside the gates, the cells
 * of an LSTM or the candidates of a GRU. */
typedef struct direction_values {
    ore_tensor *gates, *kept;
} direction_values;

/* gates = x W_ih^T + b_ih over all steps. */
static ore_tensor *share_of_x(const layout *l, ore_tensor *x, ore_tensor *const *weights) {
    ore_tensor *gates = rows_like(x, l->N, gate_rows(l));
    if (!gates)
        return NULL;
    ore_gemm g =
        ore_matrix_product(gates, ore_matrix_of(x), ore_matrix_flipped(ore_matrix_of(weights[IH])));
    g.bias = ore_address_or_null(weights[BIAS_IH]);
    return ore_run_product(gates, &g) == ORE_OK ? gates : NULL;
}

/* Runs the layer; `inputs` are dense, x being (N, in). `keep` says whether backward will come. */
static ore_status run_forward(const layout *l, ore_tensor *const *inputs, ore_tensor *result,
                              bool keep, direction_values *values) {
    ore_recurrent_args args[DIRECTIONS_MAX];
    ore_tensor *x = inputs[X];
    for (int64_t d = 0; d < l->directions; d++) {
        ore_tensor *const *weights = inputs + input_of(d, 0);
        ore_tensor *gates = share_of_x(l, x, weights), *kept = NULL;
        bool keeps = keep && (l->cell == ORE_CELL_LSTM || l->cell == ORE_CELL_GRU);
        if (gates && keeps)
            kept = rows_like(x, l->N, l->H);
        if (!ore_no_error())
            return ore_error_status();
        args[d] = args_of(l, d, result, inputs[H0], inputs[C0], weights);
        args[d].gates = ore_tensor_address(gates);
        args[d].c = l->cell == ORE_CELL_LSTM ? ore_address_or_null(kept) : NULL;
        args[d].candidate = l->cell == ORE_CELL_GRU ? ore_address_or_null(kept) : NULL;
        args[d].h_n = last_h(l, result, d);
        args[d].c_n = last_c(l, result, d);
        values[d] = (direction_values){gates, kept};
    }
    return ORE_CALL(ore_context_for(x), recurrent, x->dtype, args, l->directions);
}

static void save_all(ore_node *node, const layout *l, ore_tensor *const *inputs,
                     const ore_tensor *result, const direction_values *values) {
    ore_node_save(node, SAVED_X, inputs[X]);
    ore_node_save(node, SAVED_RESULT, result);
    ore_node_save(node, SAVED_H0, inputs[H0]);
    ore_node_save(node, SAVED_C0, inputs[C0]);
    for (int64_t d = 0; d < l->directions; d++) {
        ore_node_save(node, slot_of(d, SAVED_IH), inputs[input_of(d, IH)]);
        ore_node_save(node, slot_of(d, SAVED_HH), inputs[input_of(d, HH)]);
        ore_node_save(node, slot_of(d, SAVED_HR), inputs[input_of(d, HR)]);
        ore_node_save(node, slot_of(d, SAVED_GATES), values[d].gates);
        ore_node_save(node, slot_of(d, SAVED_KEPT), values[d].kept);
    }
    memcpy(ore_node_attributes(node), l, sizeof *l + (size_t)(2 * l->steps) * sizeof *l->rows);
}

/* The op itself: y alone as (N, D P), or all that the result holds in one dim. Only what it makes
 * is recorded. */
static ore_tensor *apply(layer_call *c) {
    layout *l = c->layout;
    ore_tensor *dense[INPUTS] = {NULL};
    const int64_t D = l->directions;
    int n = inputs_of(l);
    ore_no_grad_begin();
    for (int i = 0; i < n; i++)
        dense[i] = c->inputs[i] ? ore_contiguous(c->inputs[i]) : NULL;
    if (ore_no_error())
        dense[X] = ore_reshape(dense[X], ORE_SHAPE(l->N, l->in));
    ore_no_grad_end();
    if (!ore_no_error())
        return NULL;
    ore_shape shape = ORE_SHAPE(l->N, D * l->P);
    if (l->states)
        shape = ORE_SHAPE(D * ((l->N + l->B) * l->P + (l->cell == ORE_CELL_LSTM) * l->B * l->H));
    ore_tensor *result = ore_tensor_new(shape, dense[X]->dtype, ore_tensor_device(dense[X]));
    direction_values values[DIRECTIONS_MAX];
    bool keep = ore_would_record(n, c->inputs);
    if (!result || run_forward(l, dense, result, keep, values) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(ops[c->kind], result, n, c->inputs, slot_of(D, 0),
                                sizeof *l + (size_t)(2 * l->steps) * sizeof *l->rows);
    if (node)
        save_all(node, l, dense, result, values);
    return ore_made(result);
}

/* The part of the result that holds `shape`, from element `start` on. */
static ore_tensor *part(ore_tensor *result, int64_t start, ore_shape shape) {
    int64_t elements = ore_possible_numel(shape);
    return ore_reshape(ore_narrow(result, 0, start, elements), shape);
}

/* y, in x's layout, and the last states. */
static ore_tensor *outputs(ore_tensor *result, const layout *l, ore_shape y,
                           ore_recurrent_state *end) {
    const int64_t D = l->directions, h = D * l->N * l->P, c = h + D * l->B * l->P;
    y.dim[y.ndim - 1] = D * l->P;
    if (!l->states)
        return ore_tensor_sole(ore_reshape(result, y));
    end->h = part(result, h, ORE_SHAPE(D, l->B, l->P));
    end->c = l->cell == ORE_CELL_LSTM ? part(result, c, ORE_SHAPE(D, l->B, l->H)) : NULL;
    return part(result, 0, y);
}

/* ---- the builder ---- */

static bool options_fit(const char *name, const ore_recurrent_weights *weights,
                        const ore_f_recurrent_options *o) {
    bool kind = o->kind >= ORE_RNN_TANH && o->kind <= ORE_GRU;
    if (!kind || o->directions < 1 || o->directions > DIRECTIONS_MAX)
        ore_fail(ORE_INVALID, "%s: %s %d, expected %s", name, kind ? "directions" : "kind",
                 kind ? o->directions : (int)o->kind,
                 kind ? "1 or 2" : "one of ore_recurrent_kind");
    for (int d = 0; ore_no_error() && d < o->directions; d++)
        if (!weights || !weights[d].ih || !weights[d].hh)
            ore_fail(ORE_INVALID, "%s: no weight_ih or weight_hh for direction %d", name, d);
    return ore_no_error();
}

static layer_call call_of(ore_tensor *x, const ore_recurrent_state *start,
                          const ore_recurrent_weights *weights, const ore_f_recurrent_options *o) {
    layer_call c = {.kind = o->kind, .batch_first = o->batch_first, .batch_sizes = o->batch_sizes};
    c.inputs[X] = x;
    c.inputs[H0] = start->h;
    c.inputs[C0] = start->c;
    for (int d = 0; d < o->directions; d++) {
        ore_tensor *own[WEIGHTS] = {weights[d].ih, weights[d].hh, weights[d].bias_ih,
                                    weights[d].bias_hh, weights[d].hr};
        memcpy(c.inputs + input_of(d, 0), own, sizeof own);
    }
    return c;
}

ore_tensor *ore_f_recurrent(ore_tensor *x, const ore_recurrent_state *start,
                            const ore_recurrent_weights *weights,
                            const ore_f_recurrent_options *options, ore_recurrent_state *end) {
    ore_f_recurrent_options o = options ? *options : ore_f_recurrent_defaults();
    bool kind = o.kind >= ORE_RNN_TANH && o.kind <= ORE_GRU;
    const char *name = kind ? kind_names[o.kind] : "recurrent";
    ore_recurrent_state none = {NULL, NULL}, first = start ? *start : none;
    if (end) /* which may be `start` */
        *end = none;
    if (!ore_usable1(name, x) || !options_fit(name, weights, &o))
        return NULL;
    layer_call c = call_of(x, &first, weights, &o);
    for (int i = 0; i < INPUTS; i++)
        c.inputs[i] = ore_lowered(c.inputs[i]);
    if (!one_dtype(name, &c, input_of(o.directions, 0)) ||
        !(c.layout = layout_new(name, &c, o.directions)))
        return NULL;
    c.layout->states = end != NULL;
    ore_tensor *result = apply(&c);
    ore_tensor *y = result ? outputs(result, c.layout, x->shape, end) : NULL;
    ore_release(c.layout);
    if (!ore_no_error() && end)
        *end = none;
    return ore_named(name, ore_made(y));
}
