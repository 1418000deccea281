/* softmax.c: softmax and log softmax over one dim. Kernels work on dense rows: another dim than
 * the last, or a strided tensor, is first brought into that form. */
#include "ops/op.h"

/* What both are made of: their rows and derivative. */
typedef struct rows_op {
    ore_op op; /* first: a node's op is its rows_op */
    ore_status (*forward)(const ore_tensor *x, ore_tensor *y, int64_t rows, int64_t cols);
    ore_status (*derive)(const ore_tensor *dy, const ore_tensor *y, ore_tensor *dx, int64_t rows,
                         int64_t cols);
} rows_op;

static int64_t last_size(const ore_tensor *x) {
    return x->shape.ndim ? x->shape.dim[x->shape.ndim - 1] : 1;
}

static int64_t row_count(const ore_tensor *x) {
    return ore_numel(x) ? ore_numel(x) / last_size(x) : 0;
}

/* Over the last dim of a contiguous x. */
static ore_tensor *over_rows(const rows_op *f, ore_tensor *x) {
    ore_tensor *y = x ? ore_tensor_new(x->shape, x->dtype, ore_tensor_device(x)) : NULL;
    if (!y || f->forward(x, y, row_count(x), last_size(x)) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&f->op, y, 1, &x, 1, 0);
    if (node)
        ore_node_save(node, 0, y);
    return ore_made(y);
}

static void rows_backward(const rows_op *f, ore_node *node, ore_tensor *dy) {
    ore_tensor *y = ore_node_saved(node, 0);
    dy = ore_contiguous(dy);
    ore_tensor *dx = y && dy ? ore_tensor_new(y->shape, y->dtype, ore_tensor_device(y)) : NULL;
    if (dx && f->derive(dy, y, dx, row_count(y), last_size(y)) == ORE_OK)
        ore_pass(node, 0, dx);
}

static ore_tensor *over_dim(const rows_op *f, ore_tensor *x, int dim) {
    if (!ore_usable1(f->op.name, x))
        return NULL;
    int last = x->shape.ndim - 1, d = ore_wrap_dim(f->op.name, dim, x->shape.ndim);
    if (d < 0)
        return NULL;
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", f->op.name,
                 ore_dtype_name(x->dtype));
        return NULL;
    }
    if (d >= last)
        return over_rows(f, ore_contiguous(x));
    ore_tensor *y = over_rows(f, ore_contiguous(ore_transpose(x, d, last)));
    return ore_tensor_sole(ore_contiguous(ore_transpose(y, d, last)));
}

/* ---- y_i = e^x_i / sum_j e^x_j, dx = y (dy - sum_j dy_j y_j) ---- */

static ore_status softmax_forward(const ore_tensor *x, ore_tensor *y, int64_t rows, int64_t cols) {
    return ORE_CALL(ore_context_for(x), softmax, x->dtype, rows, cols, ore_tensor_address(x),
                    ore_tensor_address(y));
}

static ore_status softmax_derive(const ore_tensor *dy, const ore_tensor *y, ore_tensor *dx,
                                 int64_t rows, int64_t cols) {
    return ORE_CALL(ore_context_for(y), softmax_backward, y->dtype, rows, cols,
                    ore_tensor_address(dy), ore_tensor_address(y), ore_tensor_address(dx));
}

static const rows_op softmax_rows;

static void softmax_backward(ore_node *node, ore_tensor *dy) {
    rows_backward(&softmax_rows, node, dy);
}

static const rows_op softmax_rows = {
    {"softmax", softmax_backward}, softmax_forward, softmax_derive};

ore_tensor *ore_softmax(ore_tensor *x, int dim) {
    return over_dim(&softmax_rows, x, dim);
}

/* ---- y_i = x_i - log sum_j e^x_j, dx = dy - e^y sum_j dy_j ---- */

static ore_status log_softmax_forward(const ore_tensor *x, ore_tensor *y, int64_t rows,
                                      int64_t cols) {
    return ORE_CALL(ore_context_for(x), log_softmax, x->dtype, rows, cols, ore_tensor_address(x),
                    ore_tensor_address(y));
}

static ore_status log_softmax_derive(const ore_tensor *dy, const ore_tensor *y, ore_tensor *dx,
                                     int64_t rows, int64_t cols) {
    return ORE_CALL(ore_context_for(y), log_softmax_backward, y->dtype, rows, cols,
                    ore_tensor_address(dy), ore_tensor_address(y), ore_tensor_address(dx));
}

static const rows_op log_softmax_rows;

static void log_softmax_backward(ore_node *node, ore_tensor *dy) {
    rows_backward(&log_softmax_rows, node, dy);
}

static const rows_op log_softmax_rows = {
    {"log_softmax", log_softmax_backward}, log_softmax_forward, log_softmax_derive};

ore_tensor *ore_log_softmax(ore_tensor *x, int dim) {
    return over_dim(&log_softmax_rows, x, dim);
}
