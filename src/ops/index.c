/* index.c: picking elements by index tensors. The derivative of picking is adding at the same
 * places, one after the other in row-major order. */
#include <string.h>

#include "ops/index.h"

/* t as one element per place of `shape`, standing still at index 0 of dim. */
static ore_tensor *still_along(const ore_tensor *t, int dim, ore_shape shape) {
    int64_t strides[ORE_MAX_DIMS];
    memcpy(strides, t->strides, sizeof strides);
    strides[dim] = 0;
    return ore_tensor_alias_as(t, shape, strides, t->offset);
}

/* `indexed` is the tensor whose dim the index runs over; `places` holds all of the index densely.
 */
static ore_index_args index_args(const char *op, const ore_tensor *indexed, int dim,
                                 const ore_tensor *places) {
    bool flat = indexed->shape.ndim == 0;
    return (ore_index_args){
        .op = op,
        .index = ore_tensor_address(places),
        .count = ore_numel(places),
        .size = flat ? 1 : indexed->shape.dim[dim],
        .step = flat ? 0 : indexed->strides[dim] * (int64_t)ore_dtype_size(indexed->dtype),
    };
}

ore_tensor *ore_gathered(const char *op, ore_tensor *x, int dim, ore_tensor *index,
                         ore_shape shape) {
    ore_tensor *y = ore_tensor_new(shape, x->dtype, ore_tensor_device(x));
    ore_tensor *still = y ? still_along(x, dim, shape) : NULL;
    if (!still)
        return NULL;
    ore_plan plan;
    ore_plan_of(&plan, y, 2, (ore_tensor *[]){still, index});
    ore_index_args args = index_args(op, x, dim, index);
    return ORE_CALL(ore_context_for(x), gather, x->dtype, &plan, &args) == ORE_OK ? y : NULL;
}

ore_status ore_put(const char *op, ore_tensor *y, int dim, ore_tensor *index, ore_tensor *source,
                   ore_shape shape, bool add) {
    ore_tensor *still = still_along(y, dim, shape);
    if (!still)
        return ore_error_status();
    ore_plan plan;
    ore_plan_of(&plan, still, 2, (ore_tensor *[]){source, index});
    ore_index_args args = index_args(op, y, dim, index);
    return add ? ORE_CALL(ore_context_for(y), scatter_add, y->dtype, &plan, &args)
               : ORE_CALL(ore_context_for(y), scatter, y->dtype, &plan, &args);
}

ore_tensor *ore_scattered(const char *op, ore_shape shape, int dim, ore_tensor *index,
                          ore_tensor *dy) {
    ore_tensor *dx = dy && index ? ore_new_zeros(dy, shape, dy->dtype) : NULL;
    return dx && ore_put(op, dx, dim, index, dy, dy->shape, true) == ORE_OK ? dx : NULL;
}

ore_tensor *ore_dense_index(const char *op, ore_tensor *index) {
    if (index->dtype != ORE_INT64 && index->dtype != ORE_INT32) {
        ore_fail(ORE_INVALID, "%s: index of %s, expected int64 or int32", op,
                 ore_dtype_name(index->dtype));
        return NULL;
    }
    ore_no_grad_begin();
    index = ore_contiguous(ore_to(index, ORE_INT64));
    ore_no_grad_end();
    return index;
}

static void index_backward(ore_node *node, ore_tensor *dy);

static const ore_op gather_op = {"gather", index_backward};
static const ore_op index_select_op = {"index_select", index_backward};

/* ---- gather: for dim 0 y[i][j] = x[index[i][j]][j], dx[index[i][j]][j] += dy[i][j] ---- */

static bool check_gather(const ore_tensor *x, const ore_tensor *index, int dim) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    bool fits = x->shape.ndim == index->shape.ndim;
    for (int d = 0; fits && d < x->shape.ndim; d++)
        fits = d == dim || index->shape.dim[d] <= x->shape.dim[d];
    if (!fits)
        ore_fail(ORE_INVALID,
                 "gather: index %s for x %s along dim %d, expected as many dims and no larger size "
                 "in the others",
                 ore_shape_text(index->shape, got), ore_shape_text(x->shape, of), dim);
    return fits;
}

static ore_tensor *record_index(const ore_op *op, ore_tensor *y, ore_tensor *x, int dim,
                                ore_tensor *index) {
    ore_node *node = ore_record(op, y, 1, &x, 1, sizeof dim);
    if (node) {
        *(int *)ore_node_attributes(node) = dim;
        ore_node_save(node, 0, index);
    }
    return ore_made(y);
}

ore_tensor *ore_gather(ore_tensor *x, int dim, ore_tensor *index) {
    if (!ore_usable2("gather", x, index))
        return NULL;
    int d = ore_wrap_dim("gather", dim, x->shape.ndim);
    if (d < 0 || !check_gather(x, index, d))
        return NULL;
    index = ore_dense_index("gather", index);
    ore_tensor *y = index ? ore_gathered("gather", x, d, index, index->shape) : NULL;
    return record_index(&gather_op, y, x, d, index);
}

/* ---- index_select: y[.., i, ..] = x[.., index[i], ..], its derivative likewise ---- */

ore_tensor *ore_index_select(ore_tensor *x, int dim, ore_tensor *index) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable2("index_select", x, index))
        return NULL;
    int d = ore_wrap_dim("index_select", dim, x->shape.ndim);
    if (d < 0)
        return NULL;
    if (index->shape.ndim > 1) {
        ore_fail(ORE_INVALID, "index_select: index %s, expected one dim",
                 ore_shape_text(index->shape, text));
        return NULL;
    }
    index = ore_dense_index("index_select", index);
    if (!index)
        return NULL;
    ore_shape shape = x->shape, along = {.ndim = shape.ndim};
    for (int i = 0; i < shape.ndim; i++)
        along.dim[i] = i == d ? ore_numel(index) : 1;
    if (shape.ndim)
        shape.dim[d] = ore_numel(index);
    index = ore_reshape(index, along); /* broadcasts over the other dims */
    ore_tensor *y = index ? ore_gathered("index_select", x, d, index, shape) : NULL;
    return ore_named("index_select", record_index(&index_select_op, y, x, d, index));
}

static void index_backward(ore_node *node, ore_tensor *dy) {
    const int *dim = ore_node_attributes(node);
    ore_tensor *index = ore_node_saved(node, 0);
    if (index)
        ore_pass(node, 0,
                 ore_scattered("index_backward", ore_input_shape(node, 0), *dim, index, dy));
}
