/* logic.c: whether any, all, or nearly all: nothing here has a derivative. */
#include <math.h>

#include "ops/op.h"

/* Whether each element is not 0, as bool. */
static ore_tensor *truths(ore_tensor *x) {
    if (ore_dtype_is_floating(x->dtype) && ore_dtype_size(x->dtype) == 2)
        x = ore_to(x, ORE_FLOAT32);
    return x ? ore_ne(x, ore_new_scalar(x, 0, x->dtype)) : NULL;
}

/* How many elements over dims are true (or false) is compared with 0. */
static ore_tensor *counted(const char *op, ore_tensor *x, ore_dims dims, bool keepdim, bool any) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1(op, x) || !ore_mark_dims(op, dims, x->shape.ndim, fold))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *truth = truths(x), *none = ore_new_scalar(x, 0, ORE_INT64);
    if (!any && truth)
        truth = ore_eq(truth, ore_new_scalar(x, 0, ORE_BOOL));
    ore_tensor *count = ore_sum(truth, dims, keepdim);
    ore_tensor *y = any ? ore_gt(count, none) : ore_eq(count, none);
    if (x->dtype == ORE_UINT8)
        y = ore_to(y, ORE_UINT8);
    ore_no_grad_end();
    return ore_made(y);
}

ore_tensor *ore_any(ore_tensor *x, ore_dims dims, bool keepdim) {
    return counted("any", x, dims, keepdim, true);
}

ore_tensor *ore_all(ore_tensor *x, ore_dims dims, bool keepdim) {
    return counted("all", x, dims, keepdim, false);
}

/* |a - b| <= atol + |rtol b|, or equal (infinities), or both NaN if that counts */
static ore_tensor *closeness(ore_tensor *a, ore_tensor *b, double rtol, double atol,
                             bool equal_nan) {
    ore_tensor *allowed = ore_add_scalar(ore_abs(ore_mul_scalar(b, rtol)), atol);
    ore_tensor *off = ore_abs(ore_sub(a, b));
    ore_tensor *finite = off ? ore_lt(off, ore_new_scalar(off, INFINITY, off->dtype)) : NULL;
    ore_tensor *close = ore_maximum(ore_eq(a, b), ore_mul(finite, ore_le(off, allowed)));
    return equal_nan ? ore_maximum(close, ore_mul(ore_ne(a, a), ore_ne(b, b))) : close;
}

bool ore_allclose(ore_tensor *a, ore_tensor *b, double rtol, double atol, bool equal_nan) {
    if (!ore_usable2("allclose", a, b))
        return false;
    if (a->dtype != b->dtype) {
        ore_fail(ORE_INVALID, "allclose: dtypes %s and %s, expected the same",
                 ore_dtype_name(a->dtype), ore_dtype_name(b->dtype));
        return false;
    }
    if (!(rtol >= 0 && atol >= 0)) {
        ore_fail(ORE_INVALID, "allclose: rtol %g and atol %g, expected 0 or more", rtol, atol);
        return false;
    }
    ore_shape shape;
    if (!ore_broadcast_shapes("allclose", a->shape, b->shape, &shape))
        return false;
    ore_dtype dtype =
        ore_dtype_is_floating(a->dtype) ? ore_promote_types(a->dtype, ORE_FLOAT32) : ORE_FLOAT64;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *close = closeness(ore_to(a, dtype), ore_to(b, dtype), rtol, atol, equal_nan);
    ore_tensor *all = ore_all(close, ORE_ALL, false);
    bool result = all && ore_item(all) != 0;
    ore_no_grad_end();
    ore_scope_end();
    return result && ore_ok();
}
