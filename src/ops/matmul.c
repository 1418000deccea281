/* matmul.c: matrix products. Transposed views are passed on by their strides, never copied. */
#include <string.h>

#include "ops/autocast.h"
#include "ops/matrix.h"
#include "ops/pointwise.h"

/* ---- one product of matrices with equal batch dims ---- */

/* Strides of the last two dims and of the batch dims, 0 where t is broadcast along a batch dim. */
static void matrix_strides(const ore_tensor *t, ore_shape batch, int64_t *row, int64_t *col,
                           int64_t *steps) {
    int ndim = t->shape.ndim;
    *row = t->strides[ndim - 2];
    *col = t->strides[ndim - 1];
    for (int d = 0; d < batch.ndim; d++) {
        int own = d - (batch.ndim - (ndim - 2));
        steps[d] = own < 0 || t->shape.dim[own] == 1 ? 0 : t->strides[own];
    }
}

/* The last two dims cut off. */
static ore_shape batch_of(ore_shape s) {
    s.ndim -= 2;
    return s;
}

/* y = a b + bias for a (.., M, K) and b (.., K, N) of one dtype; bias (N) or NULL. No record. NULL
 * where what made an operand failed. */
static ore_tensor *product(const char *name, ore_tensor *a, ore_tensor *b, ore_tensor *bias) {
    ore_shape shape;
    if (!ore_no_error() ||
        !ore_broadcast_shapes(name, batch_of(a->shape), batch_of(b->shape), &shape))
        return NULL;
    ore_gemm g = {.m = a->shape.dim[a->shape.ndim - 2],
                  .k = a->shape.dim[a->shape.ndim - 1],
                  .n = b->shape.dim[b->shape.ndim - 1],
                  .batch_ndim = shape.ndim};
    ore_shape batch = shape;
    memcpy(g.batch_shape, shape.dim, sizeof g.batch_shape);
    shape.dim[shape.ndim++] = g.m;
    shape.dim[shape.ndim++] = g.n;
    ore_tensor *y = ore_tensor_new(shape, a->dtype, ore_tensor_device(a));
    if (!y)
        return NULL;
    matrix_strides(a, batch, &g.a_row, &g.a_col, g.a_batch);
    matrix_strides(b, batch, &g.b_row, &g.b_col, g.b_batch);
    matrix_strides(y, batch, &g.c_row, &g.c_col, g.c_batch);
    g.a = ore_tensor_address(a);
    g.b = ore_tensor_address(b);
    g.c = ore_tensor_address(y);
    g.bias = ore_address_or_null(bias);
    return ORE_CALL(ore_context_for(y), gemm, a->dtype, &g) == ORE_OK ? y : NULL;
}

/* t (.., n) as (rows, n). */
static ore_tensor *as_rows(ore_tensor *t) {
    int64_t n = t->shape.dim[t->shape.ndim - 1], rows = 1;
    for (int d = 0; d < t->shape.ndim - 1; d++)
        rows *= t->shape.dim[d];
    return ore_reshape(t, ORE_SHAPE(rows, n));
}

static ore_tensor *swapped(ore_tensor *x) {
    return x ? ore_transpose(x, -2, -1) : NULL;
}

/* ---- Y = A B, dA = dY B^T, dB = A^T dY; batch dims that were broadcast are summed ---- */

static void matmul_backward(ore_node *node, ore_tensor *dy) {
    if (ore_input_wants_grad(node, 0)) {
        ore_tensor *b = swapped(ore_node_saved(node, 1));
        ore_pass(node, 0, product("matmul", dy, b, NULL));
    }
    if (ore_input_wants_grad(node, 1)) {
        ore_tensor *a = swapped(ore_node_saved(node, 0));
        ore_pass(node, 1, product("matmul", a, dy, NULL));
    }
}

static const ore_op matmul_op = {"matmul", matmul_backward};

static ore_tensor *matmul_matrices(ore_tensor *a, ore_tensor *b) {
    ore_tensor *y = product("matmul", a, b, NULL);
    ore_node *node = ore_record(&matmul_op, y, 2, (ore_tensor *[]){a, b}, 2, 0);
    if (node && b->node)
        ore_node_save(node, 0, a);
    if (node && a->node)
        ore_node_save(node, 1, b);
    return ore_made(y);
}

static bool inner_sizes_agree(const ore_tensor *a, const ore_tensor *b) {
    int a_ndim = a->shape.ndim, b_ndim = b->shape.ndim;
    char ta[ORE_SHAPE_TEXT], tb[ORE_SHAPE_TEXT];
    if (a_ndim > 0 && b_ndim > 0 &&
        a->shape.dim[a_ndim - 1] == b->shape.dim[b_ndim > 1 ? b_ndim - 2 : 0])
        return true;
    ore_fail(ORE_INVALID,
             "matmul: shapes %s and %s: the last size of one is not the first of the "
             "other's matrix",
             ore_shape_text(a->shape, ta), ore_shape_text(b->shape, tb));
    return false;
}

ore_tensor *ore_matmul(ore_tensor *a, ore_tensor *b) {
    return ore_matmul_as_they_are(ore_lowered(a), ore_lowered(b));
}

ore_tensor *ore_matmul_as_they_are(ore_tensor *a, ore_tensor *b) {
    if (!ore_usable2("matmul", a, b) || !inner_sizes_agree(a, b))
        return NULL;
    ore_dtype dtype = ore_promote_types(a->dtype, b->dtype);
    bool a_vector = a->shape.ndim == 1, b_vector = b->shape.ndim == 1;
    a = ore_to(a_vector ? ore_unsqueeze(a, 0) : a, dtype);
    b = ore_to(b_vector ? ore_unsqueeze(b, 1) : b, dtype);
    if (!a || !b)
        return ore_named("matmul", NULL);
    ore_shape batch = a->shape;
    bool fold = a->shape.ndim > 2 && b->shape.ndim == 2; /* one tall product, not many */
    if (fold)
        a = as_rows(a);
    ore_tensor *y = a ? matmul_matrices(a, b) : NULL;
    if (y && fold) {
        batch.dim[batch.ndim - 1] = b->shape.dim[1];
        y = ore_reshape(y, batch);
    }
    if (y && b_vector)
        y = ore_squeeze(y, -1);
    if (y && a_vector)
        y = ore_squeeze(y, b_vector ? -1 : -2);
    return ore_named("matmul", ore_tensor_sole(y));
}

/* ---- products of matrices that lie in tensors: matrix.h ---- */

ore_matrix ore_matrix_of(const ore_tensor *t) {
    return (ore_matrix){ore_tensor_address(t), t->shape.dim[0], t->shape.dim[1], t->strides[0],
                        t->strides[1]};
}

ore_matrix ore_matrix_flipped(ore_matrix m) {
    return (ore_matrix){m.data, m.cols, m.rows, m.col_step, m.row_step};
}

ore_gemm ore_matrix_product(ore_tensor *y, ore_matrix a, ore_matrix b) {
    return (ore_gemm){.m = a.rows,
                      .n = b.cols,
                      .k = a.cols,
                      .a = a.data,
                      .a_row = a.row_step,
                      .a_col = a.col_step,
                      .b = b.data,
                      .b_row = b.row_step,
                      .b_col = b.col_step,
                      .c = ore_tensor_address(y),
                      .c_row = b.cols,
                      .c_col = 1};
}

ore_status ore_run_product(const ore_tensor *y, const ore_gemm *g) {
    return ORE_CALL(ore_context_for(y), gemm, y->dtype, g);
}

void ore_pass_product(ore_node *node, int input, ore_matrix a, ore_matrix b, const ore_tensor *dy) {
    ore_tensor *sum = ore_pass_sum(node, input, dy), *y = sum;
    if (!sum)
        y = ore_tensor_new(ore_input_shape(node, input), dy->dtype, ore_tensor_device(dy));
    if (!y)
        return;
    ore_gemm g = ore_matrix_product(y, a, b);
    g.accumulate = sum != NULL;
    if (ore_run_product(y, &g) != ORE_OK)
        return;
    if (sum)
        ore_pass_added(node, input);
    else
        ore_pass(node, input, y);
}

/* ---- f linear ---- */

/* Y = X W^T + b, or R + X W^T + b: dX = dY W, dW = dY^T X, db = the column sums of dY, dR = dY */

enum { LINEAR_X, LINEAR_WEIGHT, LINEAR_BIAS, LINEAR_RESIDUAL, LINEAR_INPUTS };

/* t (.., n) as (rows, n); a copy's where the memory does not allow it. Empty on failure. */
static ore_matrix rows_of(ore_tensor *t) {
    if (t && t->shape.ndim != 2)
        t = as_rows(t);
    return t ? ore_matrix_of(t) : (ore_matrix){.rows = 0};
}

static void linear_backward(ore_node *node, ore_tensor *dy) {
    ore_matrix rows = rows_of(dy);
    if (ore_input_wants_grad(node, LINEAR_X)) {
        ore_tensor *weight = ore_node_saved(node, 1);
        if (weight && weight->dtype != dy->dtype) /* autocast lowered it */
            weight = ore_to(weight, dy->dtype);
        if (weight && ore_no_error())
            ore_pass_product(node, LINEAR_X, rows, ore_matrix_of(weight), dy);
    }
    if (ore_input_wants_grad(node, LINEAR_WEIGHT)) {
        ore_tensor *x = ore_node_saved(node, 0);
        ore_matrix x_rows = rows_of(x);
        if (x && ore_no_error())
            ore_pass_product(node, LINEAR_WEIGHT, ore_matrix_flipped(rows), x_rows, dy);
    }
    if (ore_input_wants_grad(node, LINEAR_BIAS)) {
        if (dy->shape.ndim != 2)
            dy = as_rows(dy);
        ore_pass(node, LINEAR_BIAS, dy ? ore_sum(dy, ORE_DIMS(0), false) : NULL);
    }
}

static void linear_add_backward(ore_node *node, ore_tensor *dy) {
    linear_backward(node, dy);
    ore_pass(node, LINEAR_RESIDUAL, dy);
}

static const ore_op linear_op = {"linear", linear_backward};
static const ore_op linear_add_op = {"linear", linear_add_backward};

/* A float32 x may meet weights of halves, as files have them, where nothing is recorded. */
static bool is_mixed(const ore_tensor *x, const ore_tensor *weight) {
    return x->dtype == ORE_FLOAT32 && ore_dtype_is_half(weight->dtype) && !ore_grad_enabled();
}

/* The operands of a call as autocast wants them. A parameter is lowered for the product alone, and
 * again in backward: its copy would live as long as the graph, and copies of all weights may take
 * more memory than halves save. The graph has the parameter itself. */
typedef struct linear_operands {
    ore_tensor *x, *weight, *bias;
    ore_tensor *recorded; /* weight, or the parameter that it was lowered from */
} linear_operands;

static bool linear_fits(ore_tensor *x, ore_tensor *weight, ore_tensor *bias) {
    char tx[ORE_SHAPE_TEXT], tw[ORE_SHAPE_TEXT];
    if (!ore_usable2("linear", x, weight) || (bias && !ore_usable2("linear", x, bias)))
        return false;
    if (weight->shape.ndim != 2)
        ore_fail(ORE_INVALID, "linear: weight %s, expected (out_features, in_features)",
                 ore_shape_text(weight->shape, tw));
    else if (x->shape.ndim < 1 || x->shape.dim[x->shape.ndim - 1] != weight->shape.dim[1])
        ore_fail(ORE_INVALID, "linear: x %s does not end in in_features of weight %s",
                 ore_shape_text(x->shape, tx), ore_shape_text(weight->shape, tw));
    else if (bias && (bias->shape.ndim != 1 || bias->shape.dim[0] != weight->shape.dim[0]))
        ore_fail(ORE_INVALID, "linear: bias %s, expected (%lld,)", ore_shape_text(bias->shape, tx),
                 (long long)weight->shape.dim[0]);
    else if (x->dtype != weight->dtype && !is_mixed(x, weight))
        ore_fail(ORE_INVALID, "linear: x of %s, weight of %s: expected one dtype",
                 ore_dtype_name(x->dtype), ore_dtype_name(weight->dtype));
    else if (bias && bias->dtype != weight->dtype)
        ore_fail(ORE_INVALID, "linear: weight of %s, bias of %s: expected one dtype",
                 ore_dtype_name(weight->dtype), ore_dtype_name(bias->dtype));
    return ore_no_error();
}

static bool residual_fits(ore_tensor *residual, ore_shape shape, const ore_tensor *x) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!ore_usable_beside("linear", x, residual))
        return false;
    if (!ore_shape_equal(residual->shape, shape) || residual->dtype != x->dtype)
        ore_fail(ORE_INVALID, "linear: residual %s of %s, expected %s of %s",
                 ore_shape_text(residual->shape, got), ore_dtype_name(residual->dtype),
                 ore_shape_text(shape, want), ore_dtype_name(x->dtype));
    return ore_no_error();
}

static ore_shape linear_shape(const ore_tensor *x, const ore_tensor *weight) {
    ore_shape shape = x->shape;
    shape.dim[shape.ndim - 1] = weight->shape.dim[0];
    return shape;
}

/* y, which is not recorded; `activated`, unless NULL, gets then(y). NULL where something fails. */
static ore_tensor *linear_forward(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                  ore_tensor *residual, ore_plan_kernel then,
                                  ore_tensor *activated) {
    ore_matrix rows = rows_of(x);
    bias = bias ? ore_contiguous(bias) : NULL;
    residual = residual ? ore_contiguous(residual) : NULL;
    if (!ore_no_error())
        return NULL;
    ore_tensor *y = ore_tensor_new(linear_shape(x, weight), x->dtype, ore_tensor_device(x));
    if (!y)
        return NULL;
    ore_gemm g = ore_matrix_product(y, rows, ore_matrix_flipped(ore_matrix_of(weight)));
    g.bias = ore_address_or_null(bias);
    g.addend = ore_address_or_null(residual);
    g.then = then;
    g.result = ore_address_or_null(activated);
    g.a_wide = g.c_wide = x->dtype != weight->dtype; /* in a row of halves */
    return ORE_CALL(ore_context_for(y), gemm, weight->dtype, &g) == ORE_OK ? y : NULL;
}

/* residual and activated may be NULL. */
static ore_tensor *linear(const linear_operands *o, ore_tensor *residual, ore_plan_kernel then,
                          ore_tensor *activated) {
    ore_no_grad_begin(); /* only the result is recorded */
    ore_tensor *y = linear_forward(o->x, o->weight, o->bias, residual, then, activated);
    ore_no_grad_end();
    ore_tensor *inputs[LINEAR_INPUTS] = {o->x, o->recorded, o->bias, residual};
    ore_node *node = residual ? ore_record(&linear_add_op, y, LINEAR_INPUTS, inputs, 2, 0)
                              : ore_record(&linear_op, y, LINEAR_RESIDUAL, inputs, 2, 0);
    if (node && o->recorded->node)
        ore_node_save(node, 0, o->x);
    if (node && o->x->node)
        ore_node_save(node, 1, o->recorded);
    return ore_made(y);
}

/* Lets the operands pass through autocast; false with an error unless they fit then. */
static bool linear_begin(linear_operands *o, ore_tensor *x, ore_tensor *weight, ore_tensor *bias) {
    bool learned = ore_is_lowered_parameter(weight);
    *o = (linear_operands){.x = ore_lowered(x), .bias = ore_lowered(bias)};
    if (learned)
        ore_no_grad_begin();
    o->weight = learned ? ore_to(weight, ore_autocast_dtype()) : ore_lowered(weight);
    if (learned)
        ore_no_grad_end();
    o->recorded = learned ? weight : o->weight;
    return ore_no_error() && linear_fits(o->x, o->weight, o->bias);
}

ore_tensor *ore_f_linear(ore_tensor *x, ore_tensor *weight, ore_tensor *bias) {
    linear_operands o;
    bool fits = linear_begin(&o, x, weight, bias);
    return fits ? ore_named("linear", linear(&o, NULL, NULL, NULL)) : NULL;
}

ore_tensor *ore_f_linear_add(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                             ore_tensor *residual) {
    linear_operands o;
    if (!linear_begin(&o, x, weight, bias))
        return NULL;
    if (o.x->dtype != ORE_FLOAT64 && ore_autocast_dtype() != ORE_FLOAT32) /* two ops, as in torch */
        return ore_named("linear", ore_add(linear(&o, NULL, NULL, NULL), residual));
    bool fits = residual_fits(residual, linear_shape(o.x, o.weight), o.x);
    return fits ? ore_named("linear", linear(&o, residual, NULL, NULL)) : NULL;
}

/* ---- f linear activated ---- */

/* f(X W^T + b): the two ops in the graph, f computed on parts of the product as they are made */

ore_tensor *ore_f_linear_activated(ore_tensor *x, ore_tensor *weight, ore_tensor *bias,
                                   ore_tensor_function function) {
    linear_operands o;
    if (!linear_begin(&o, x, weight, bias))
        return NULL;
    if (!function) {
        ore_fail(ORE_INVALID, "linear: no activation");
        return NULL;
    }
    const ore_pointwise *f = ore_classic_activation(function);
    ore_plan_kernel then =
        f ? ore_plan_kernel_of(ore_context_for(o.x), f->forward, o.x->dtype) : NULL;
    if (!then)
        return function(ore_named("linear", linear(&o, NULL, NULL, NULL)));
    ore_tensor *y =
        ore_tensor_new(linear_shape(o.x, o.weight), o.x->dtype, ore_tensor_device(o.x));
    ore_tensor *h = y ? linear(&o, NULL, then, y) : NULL;
    return ore_named("linear", h ? ore_pointwise_record(f, h, y) : NULL);
}
