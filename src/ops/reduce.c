/* reduce.c: sums, means, variances and extremes over dims. */
#include <math.h>
#include <string.h>

#include "ops/fold.h"
#include "ops/index.h"

/* y without the folded dims unless keepdim; x is the full shape. */
ore_tensor *ore_finish_dims(ore_tensor *kept, const bool *fold, bool keepdim) {
    if (keepdim || !ore_made(kept))
        return ore_made(kept);
    return ore_tensor_sole(ore_reshape(kept, ore_shape_without(kept->shape, fold)));
}

/* ---- y = sum x, dx = dy on every element ---- */

ore_shape ore_kept_shape(ore_shape shape, const bool *fold) {
    for (int d = 0; d < shape.ndim; d++)
        if (fold[d])
            shape.dim[d] = 1;
    return shape;
}

static void sum_backward(ore_node *node, ore_tensor *dy) {
    const bool *fold = ore_node_attributes(node);
    ore_shape shape = ore_input_shape(node, 0);
    ore_pass(node, 0, ore_expand(ore_reshape(dy, ore_kept_shape(shape, fold)), shape));
}

static const ore_op sum_op = {"sum", sum_backward};

/* The sum in x's dtype, or in float32 where it is `wide` and x is of halves. */
static ore_tensor *sum(ore_tensor *x, ore_dims dims, bool keepdim, bool wide) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1("sum", x) || !ore_mark_dims("sum", dims, x->shape.ndim, fold))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_INT64);
    ore_tensor *y = x ? ore_sum_marked(x, fold, wide ? ore_wide_dtype(x->dtype) : x->dtype) : NULL;
    if (!y)
        return NULL;
    if (!keepdim) { /* y is new and dense: the same memory, without the dims of size 1 */
        y->shape = ore_shape_without(y->shape, fold);
        ore_strides_of(y->shape, y->strides);
    }
    ore_node *node = ore_record(&sum_op, y, 1, &x, 0, sizeof fold);
    if (node)
        memcpy(ore_node_attributes(node), fold, sizeof fold);
    return ore_made(y);
}

ore_tensor *ore_sum(ore_tensor *x, ore_dims dims, bool keepdim) {
    return sum(x, dims, keepdim, false);
}

/* ---- y = sum x / n; a sum of halves may not fit them, where the mean does ---- */

int64_t ore_folded_count(ore_shape shape, const bool *fold) {
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
    ore_tensor *mean = ore_div_scalar(sum(x, dims, keepdim, true),
                                      (double)ore_folded_count(x->shape, fold));
    return ore_named("mean", ore_to(mean, x->dtype));
}

/* ---- y = sum (x - mean)^2 / (n - correction), dx = dy 2 (x - mean) / (n - correction) ---- */

typedef struct var_attributes {
    int64_t correction;
    bool fold[ORE_MAX_DIMS];
} var_attributes;

/* The folded dims as a list; n is never 0 where there are dims, since that would mean all. */
ore_dims ore_folded_dims(const bool *fold, int ndim) {
    ore_dims dims = {.n = 0};
    for (int d = 0; d < ndim; d++)
        if (fold[d])
            dims.dim[dims.n++] = d;
    return dims;
}

/* Both derivatives are taken in float64: x less a mean rounded to x's dtype may be all rounding. */
static ore_tensor *wide(ore_tensor *t) {
    return t ? ore_to(t, ORE_FLOAT64) : NULL;
}

/* x - mean */
static ore_tensor *centred(const var_attributes *a, ore_tensor *x) {
    return x ? ore_sub(x, ore_mean(x, ore_folded_dims(a->fold, x->shape.ndim), true)) : NULL;
}

/* dy factor / (n - correction) */
static ore_tensor *per_element(const var_attributes *a, const ore_tensor *x, ore_tensor *dy,
                               double factor) {
    double divisor = (double)ore_folded_count(x->shape, a->fold) - (double)a->correction;
    return ore_mul_scalar(dy, divisor > 0 ? factor / divisor : NAN);
}

static void var_backward(ore_node *node, ore_tensor *dy) {
    const var_attributes *a = ore_node_attributes(node);
    ore_tensor *x = wide(ore_node_saved(node, 0));
    if (x)
        ore_pass(node, 0, ore_mul(centred(a, x), per_element(a, x, wide(dy), 2)));
}

static const ore_op var_op = {"var", var_backward};

/* y = sqrt(var), dx = dy ((x - mean) / y) / (n - correction), 0 where y is 0 as in PyTorch */
static void std_backward(ore_node *node, ore_tensor *dy) {
    const var_attributes *a = ore_node_attributes(node);
    ore_tensor *x = wide(ore_node_saved(node, 0)), *y = wide(ore_node_saved(node, 1));
    if (!x || !y)
        return;
    ore_tensor *zero = ore_new_scalar(y, 0, y->dtype);
    ore_tensor *score = ore_where(ore_eq(y, zero), zero, ore_div(centred(a, x), y));
    ore_pass(node, 0, ore_mul(score, per_element(a, x, wide(dy), 1)));
}

static const ore_op std_op = {"std", std_backward};

static ore_tensor *spread(const ore_op *op, ore_tensor *x, ore_dims dims, int64_t correction,
                          bool keepdim) {
    var_attributes attributes = {.correction = correction};
    if (!ore_usable1(op->name, x) || !ore_mark_dims(op->name, dims, x->shape.ndim, attributes.fold))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", op->name,
                 ore_dtype_name(x->dtype));
        return NULL;
    }
    ore_shape shape = ore_kept_shape(x->shape, attributes.fold);
    ore_tensor *y = ore_tensor_new(shape, x->dtype, ore_tensor_device(x));
    if (!y)
        return NULL;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, NULL, x, attributes.fold);
    bool root = op == &std_op;
    const ore_context *ctx = ore_context_for(x);
    ore_status status = root ? ORE_CALL(ctx, std, x->dtype, &plan, (double)correction)
                             : ORE_CALL(ctx, var, x->dtype, &plan, (double)correction);
    if (status != ORE_OK)
        return NULL;
    ore_node *node = ore_record(op, y, 1, &x, 2, sizeof attributes);
    if (node) {
        *(var_attributes *)ore_node_attributes(node) = attributes;
        ore_node_save(node, 0, x);
        ore_node_save(node, 1, root ? y : NULL);
    }
    return ore_finish_dims(y, attributes.fold, keepdim);
}

ore_tensor *ore_var(ore_tensor *x, ore_dims dims, int64_t correction, bool keepdim) {
    return spread(&var_op, x, dims, correction, keepdim);
}

ore_tensor *ore_std(ore_tensor *x, ore_dims dims, int64_t correction, bool keepdim) {
    return spread(&std_op, x, dims, correction, keepdim);
}

/* ---- extremes over several dims: dx = dy / count where x = y, count being how many are ---- */

/* False with an error where something is to be folded from nothing. */
bool ore_has_elements(const char *op, ore_shape shape, const bool *fold) {
    char text[ORE_SHAPE_TEXT];
    for (int d = 0; d < shape.ndim; d++)
        if (fold[d] && shape.dim[d] == 0) {
            ore_fail(ORE_INVALID, "%s: no elements along dim %d of shape %s", op, d,
                     ore_shape_text(shape, text));
            return false;
        }
    return true;
}

static void extreme_backward(ore_node *node, ore_tensor *dy) {
    const bool *fold = ore_node_attributes(node);
    ore_tensor *x = ore_node_saved(node, 0);
    ore_tensor *equal = ore_to(ore_eq(x, ore_node_saved(node, 1)), dy->dtype);
    if (!equal)
        return;
    ore_tensor *count = ore_sum(equal, ore_folded_dims(fold, x->shape.ndim), true);
    ore_pass(node, 0, ore_mul(equal, ore_div(dy, count)));
}

static const ore_op amax_op = {"amax", extreme_backward};
static const ore_op amin_op = {"amin", extreme_backward};

static ore_tensor *extreme(const ore_op *op, ore_tensor *x, ore_dims dims, bool keepdim) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1(op->name, x) || !ore_mark_dims(op->name, dims, x->shape.ndim, fold) ||
        !ore_has_elements(op->name, x->shape, fold))
        return NULL;
    ore_tensor *y = ore_tensor_new(ore_kept_shape(x->shape, fold), x->dtype, ore_tensor_device(x));
    if (!y)
        return NULL;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, NULL, x, fold);
    ore_status status = op == &amax_op ? ORE_CALL(ore_context_for(x), amax, x->dtype, &plan)
                                       : ORE_CALL(ore_context_for(x), amin, x->dtype, &plan);
    if (status != ORE_OK)
        return NULL;
    ore_node *node = ore_record(op, y, 1, &x, 2, sizeof fold);
    if (node) {
        memcpy(ore_node_attributes(node), fold, sizeof fold);
        ore_node_save(node, 0, x);
        ore_node_save(node, 1, y);
    }
    return ore_finish_dims(y, fold, keepdim);
}

ore_tensor *ore_amax(ore_tensor *x, ore_dims dims, bool keepdim) {
    return extreme(&amax_op, x, dims, keepdim);
}

ore_tensor *ore_amin(ore_tensor *x, ore_dims dims, bool keepdim) {
    return extreme(&amin_op, x, dims, keepdim);
}

/* ---- extremes over one dim, with their place, which gets dy ---- */

static void place_backward(ore_node *node, ore_tensor *dy) {
    const int *dim = ore_node_attributes(node);
    ore_pass(node, 0,
             ore_scattered("max", ore_input_shape(node, 0), *dim, ore_node_saved(node, 0), dy));
}

static const ore_op max_op = {"max", place_backward};
static const ore_op min_op = {"min", place_backward};

/* The extremes of x over the marked dims in *values and their places in *places, both with size 1
 * there. */
static bool find_places(bool largest, const char *name, ore_tensor *x, const bool *fold,
                        ore_tensor **values, ore_tensor **places) {
    if (!ore_has_elements(name, x->shape, fold))
        return false;
    ore_shape shape = ore_kept_shape(x->shape, fold);
    *values = ore_tensor_new(shape, x->dtype, ore_tensor_device(x));
    *places = ore_tensor_new(shape, ORE_INT64, ore_tensor_device(x));
    if (!ore_ok())
        return false;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, *values, *places, x, fold);
    ore_status status = largest ? ORE_CALL(ore_context_for(x), max_place, x->dtype, &plan)
                                : ORE_CALL(ore_context_for(x), min_place, x->dtype, &plan);
    return status == ORE_OK;
}

static ore_tensor *extreme_dim(bool largest, ore_tensor *x, int dim, bool keepdim,
                               ore_tensor **indices) {
    const ore_op *op = largest ? &max_op : &min_op;
    bool fold[ORE_MAX_DIMS] = {false};
    ore_tensor *values, *places;
    int d = ore_usable1(op->name, x) ? ore_wrap_dim(op->name, dim, x->shape.ndim) : -1;
    if (d < 0)
        return NULL;
    fold[d] = true;
    if (!find_places(largest, op->name, x, fold, &values, &places))
        return NULL;
    ore_node *node = ore_record(op, values, 1, &x, 1, sizeof d);
    if (node) {
        *(int *)ore_node_attributes(node) = d;
        ore_node_save(node, 0, places);
    }
    if (indices)
        *indices = ore_finish_dims(places, fold, keepdim);
    return ore_finish_dims(values, fold, keepdim);
}

ore_tensor *ore_max_dim(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices) {
    if (indices)
        *indices = NULL;
    if (!ore_no_error())
        return NULL;
    return ore_named("max_dim", extreme_dim(true, x, dim, keepdim, indices));
}

ore_tensor *ore_min_dim(ore_tensor *x, int dim, bool keepdim, ore_tensor **indices) {
    if (indices)
        *indices = NULL;
    if (!ore_no_error())
        return NULL;
    return ore_named("min_dim", extreme_dim(false, x, dim, keepdim, indices));
}

static ore_tensor *place_of_extreme(bool largest, ore_tensor *x, ore_dims dims, bool keepdim) {
    const char *name = largest ? "argmax" : "argmin";
    bool fold[ORE_MAX_DIMS];
    ore_tensor *values, *places;
    if (!ore_usable1(name, x) || !ore_mark_dims(name, dims, x->shape.ndim, fold) ||
        !find_places(largest, name, x, fold, &values, &places))
        return NULL;
    ore_free(values);
    return ore_finish_dims(places, fold, keepdim);
}

ore_tensor *ore_argmax(ore_tensor *x, int dim, bool keepdim) {
    if (!ore_no_error())
        return NULL;
    return ore_named("argmax", place_of_extreme(true, x, ORE_DIMS(dim), keepdim));
}

ore_tensor *ore_argmin(ore_tensor *x, int dim, bool keepdim) {
    if (!ore_no_error())
        return NULL;
    return ore_named("argmin", place_of_extreme(false, x, ORE_DIMS(dim), keepdim));
}

ore_tensor *ore_argmax_all(ore_tensor *x) {
    if (!ore_no_error())
        return NULL;
    return ore_named("argmax_all", place_of_extreme(true, x, ORE_ALL, false));
}

ore_tensor *ore_argmin_all(ore_tensor *x) {
    if (!ore_no_error())
        return NULL;
    return ore_named("argmin_all", place_of_extreme(false, x, ORE_ALL, false));
}
