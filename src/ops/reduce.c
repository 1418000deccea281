/* reduce.c: sums and means over dims. */
#include <math.h>

#include "core/build.h"

/* y without the folded dims unless keepdim; x is the full shape. */
static ore_tensor *finish_dims(ore_tensor *kept, const bool *fold, bool keepdim) {
    return keepdim || !kept ? kept : ore_reshape(kept, ore_shape_without(kept->shape, fold));
}

/* ---- y = sum x, dx = dy on every element
 * --------------------------------------------------------- */

static void sum_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_expand(dy, ore_input_shape(node, 0)));
}

static const ore_op sum_op = {"sum", sum_backward};

static ore_shape kept_shape(ore_shape shape, const bool *fold) {
    for (int d = 0; d < shape.ndim; d++)
        if (fold[d])
            shape.dim[d] = 1;
    return shape;
}

ore_tensor *ore_sum(ore_tensor *x, ore_dims dims, bool keepdim) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1("sum", x) || !ore_mark_dims("sum", dims, x->shape.ndim, fold))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_INT64);
    ore_tensor *y =
        x ? ore_tensor_new(kept_shape(x->shape, fold), x->dtype, ore_tensor_device(x)) : NULL;
    if (!y)
        return NULL;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, NULL, x, fold);
    if (ORE_CALL(ore_context_for(x), sum, x->dtype, &plan) != ORE_OK)
        return NULL;
    ore_record(&sum_op, y, 1, &x, 0, 0);
    return finish_dims(y, fold, keepdim);
}

/* ---- y = sum x / n
 * -------------------------------------------------------------------------------- */

static int64_t folded_count(ore_shape shape, const bool *fold) {
    int64_t n = 1;
    for (int d = 0; d < shape.ndim; d++)
        n *= fold[d] ? shape.dim[d] : 1;
    return n;
}

ore_tensor *ore_mean(ore_tensor *x, ore_dims dims, bool keepdim) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1("mean", x) || !ore_mark_dims("mean", dims, x->shape.ndim, fold))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "mean: dtype %s, expected a floating one", ore_dtype_name(x->dtype));
        return NULL;
    }
    return ore_div_scalar(ore_sum(x, dims, keepdim), (double)folded_count(x->shape, fold));
}
