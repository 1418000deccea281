/* scan.c: running sums and products along one dim, and products over dims. Running kernels work on
 * dense rows: another dim than the last is first brought there. */
#include <string.h>

#include "ops/autocast.h"
#include "ops/fold.h"

static int64_t last_size(const ore_tensor *x) {
    return x->shape.ndim ? x->shape.dim[x->shape.ndim - 1] : 1;
}

static int64_t row_count(const ore_tensor *x) {
    return ore_numel(x) ? ore_numel(x) / last_size(x) : 0;
}

/* ---- y_i = x_0 + .. + x_i, dx_i = dy_i + .. + dy_(n-1) ---- */

static ore_tensor *running_sum(ore_tensor *x, bool from_end) {
    ore_tensor *y = x ? ore_tensor_new(x->shape, x->dtype, ore_tensor_device(x)) : NULL;
    if (!y || ORE_CALL(ore_context_for(x), cumsum, x->dtype, row_count(x), last_size(x),
                       ore_tensor_address(x), ore_tensor_address(y), from_end) != ORE_OK)
        return NULL;
    return y;
}

static void cumsum_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, running_sum(ore_contiguous(dy), true));
}

static const ore_op cumsum_op = {"cumsum", cumsum_backward};

static ore_tensor *cumsum_rows(ore_tensor *x) {
    ore_tensor *y = running_sum(x, false);
    ore_record(&cumsum_op, y, 1, &x, 0, 0);
    return ore_made(y);
}

/* ---- y_i = x_0 .. x_i, dx_i = sum over j >= i of dy_j times the other x of y_j ---- */

static void cumprod_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, 0), *y = ore_node_saved(node, 1);
    dy = ore_contiguous(dy);
    ore_tensor *dx = x && y && dy ? ore_empty_like(x) : NULL;
    if (dx && ORE_CALL(ore_context_for(x), cumprod_backward, x->dtype, row_count(x), last_size(x),
                       ore_tensor_address(dy), ore_tensor_address(x), ore_tensor_address(y),
                       ore_tensor_address(dx)) == ORE_OK)
        ore_pass(node, 0, dx);
}

static const ore_op cumprod_op = {"cumprod", cumprod_backward};

static ore_tensor *cumprod_rows(ore_tensor *x) {
    ore_tensor *y = x ? ore_tensor_new(x->shape, x->dtype, ore_tensor_device(x)) : NULL;
    if (!y || ORE_CALL(ore_context_for(x), cumprod, x->dtype, row_count(x), last_size(x),
                       ore_tensor_address(x), ore_tensor_address(y)) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&cumprod_op, y, 1, &x, 2, 0);
    if (node) {
        ore_node_save(node, 0, x);
        ore_node_save(node, 1, y);
    }
    return ore_made(y);
}

static ore_tensor *along_dim(const char *op, ore_tensor_function rows, ore_tensor *x,
                             int dim) {
    if (!ore_usable1(op, x))
        return NULL;
    int last = x->shape.ndim - 1, d = ore_wrap_dim(op, dim, x->shape.ndim);
    if (d < 0)
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_INT64);
    if (d >= last)
        return rows(ore_contiguous(x));
    ore_tensor *y = rows(ore_contiguous(ore_transpose(x, d, last)));
    return ore_tensor_sole(ore_contiguous(ore_transpose(y, d, last)));
}

ore_tensor *ore_cumsum(ore_tensor *x, int dim) {
    return along_dim("cumsum", cumsum_rows, x, dim);
}

ore_tensor *ore_cumprod(ore_tensor *x, int dim) {
    return along_dim("cumprod", cumprod_rows, x, dim);
}

/* ---- y = product of x, dx_i = dy times the other x ---- */

/* x's dims with the folded ones last. */
static ore_dims folded_last(const bool *fold, int ndim) {
    ore_dims order = {.n = 0};
    for (int pass = 0; pass < 2; pass++)
        for (int d = 0; d < ndim; d++)
            if (fold[d] == (pass == 1))
                order.dim[order.n++] = d;
    return order;
}

static void prod_backward(ore_node *node, ore_tensor *dy) {
    const bool *fold = ore_node_attributes(node);
    ore_tensor *x = ore_node_saved(node, 0);
    if (!x)
        return;
    int ndim = x->shape.ndim;
    ore_dims order = folded_last(fold, ndim), back = {.n = ndim};
    for (int d = 0; d < ndim; d++)
        back.dim[order.dim[d]] = d;
    int64_t cols = ore_folded_count(x->shape, fold);
    dy = ore_contiguous(dy);
    x = ore_contiguous(ore_permute(x, order));
    ore_tensor *dx = dy && x ? ore_empty_like(x) : NULL;
    if (dx &&
        ORE_CALL(ore_context_for(x), prod_backward, x->dtype, ore_numel(dy), cols,
                 ore_tensor_address(dy), ore_tensor_address(x), ore_tensor_address(dx)) == ORE_OK)
        ore_pass(node, 0, ore_permute(dx, back));
}

static const ore_op prod_op = {"prod", prod_backward};

ore_tensor *ore_prod(ore_tensor *x, ore_dims dims, bool keepdim) {
    x = ore_raised(x);
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1("prod", x) || !ore_mark_dims("prod", dims, x->shape.ndim, fold))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_INT64);
    ore_tensor *y =
        x ? ore_tensor_new(ore_kept_shape(x->shape, fold), x->dtype, ore_tensor_device(x)) : NULL;
    if (!y)
        return NULL;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, NULL, x, fold);
    if (ORE_CALL(ore_context_for(x), prod, x->dtype, &plan) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&prod_op, y, 1, &x, 1, sizeof fold);
    if (node) {
        memcpy(ore_node_attributes(node), fold, sizeof fold);
        ore_node_save(node, 0, x);
    }
    return ore_finish_dims(y, fold, keepdim);
}
