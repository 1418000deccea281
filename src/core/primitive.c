/* primitive.c: unrecorded work on elements: fill, copy, cast, add, sum. */
#include <assert.h>

#include "base/dtype.h"
#include "core/check.h"
#include "core/plan.h"
#include "core/primitive.h"

static ore_status write_copy(const ore_tensor *y, const ore_tensor *x) {
    ore_plan plan;
    ore_plan_of(&plan, y, 1, (ore_tensor *[]){(ore_tensor *)x});
    const ore_context *ctx = ore_context_for(y);
    return x->dtype == y->dtype ? ORE_CALL(ctx, copy, y->dtype, &plan)
                                : ORE_CALL(ctx, cast, x->dtype, &plan, y->dtype);
}

static ore_status write_sum(const ore_tensor *y, ore_tensor *a, ore_tensor *b) {
    ore_plan plan;
    ore_plan_of(&plan, y, 2, (ore_tensor *[]){a, b});
    return ORE_CALL(ore_context_for(y), add, y->dtype, &plan);
}

ore_status ore_fill_elements(ore_tensor *t, double value) {
    ore_plan plan;
    ore_plan_of(&plan, t, 0, NULL);
    ore_status status = ORE_CALL(ore_context_for(t), fill, t->dtype, &plan, value);
    ore_tensor_changed(t);
    return status;
}

ore_status ore_copy_elements(ore_tensor *t, const ore_tensor *x) {
    ore_status status = write_copy(t, x);
    ore_tensor_changed(t);
    return status;
}

/* y in new row-major memory of that dtype. */
static ore_tensor *new_copy(const ore_tensor *x, ore_dtype dtype) {
    ore_tensor *y = ore_tensor_new(x->shape, dtype, ore_tensor_device(x));
    return y && write_copy(y, x) == ORE_OK ? y : NULL;
}

ore_tensor *ore_dense_copy(const ore_tensor *x) {
    return new_copy(x, x->dtype);
}

ore_tensor *ore_cast(ore_tensor *x, ore_dtype dtype) {
    return x->dtype == dtype ? x : new_copy(x, dtype);
}

ore_status ore_add_elements(ore_tensor *t, ore_tensor *x) {
    ore_dtype dtype = ore_promote_types(t->dtype, x->dtype);
    if (dtype != t->dtype) {
        ore_tensor *sum = ore_cast(t, dtype), *wide = ore_cast(x, dtype);
        return sum && wide && write_sum(sum, sum, wide) == ORE_OK ? ore_copy_elements(t, sum)
                                                                  : ore_error_status();
    }
    x = ore_cast(x, dtype);
    ore_status status = x ? write_sum(t, t, x) : ore_error_status();
    ore_tensor_changed(t);
    return status;
}

ore_tensor *ore_sum_of(ore_tensor *a, ore_tensor *b) {
    ore_tensor *y = ore_tensor_new(a->shape, a->dtype, ore_tensor_device(a));
    return y && write_sum(y, a, b) == ORE_OK ? y : NULL;
}

ore_tensor *ore_sum_marked(const ore_tensor *x, const bool *fold, ore_dtype dtype) {
    ore_shape shape = x->shape;
    for (int d = 0; d < shape.ndim; d++)
        if (fold[d])
            shape.dim[d] = 1;
    ore_tensor *y = ore_tensor_new(shape, dtype, ore_tensor_device(x));
    if (!y)
        return NULL;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, NULL, x, fold);
    return ORE_CALL(ore_context_for(x), sum, x->dtype, &plan) == ORE_OK ? y : NULL;
}

ore_tensor *ore_sum_to(ore_tensor *x, ore_shape shape) {
    if (ore_shape_equal(x->shape, shape))
        return x;
    bool fold[ORE_MAX_DIMS];
    int extra = x->shape.ndim - shape.ndim;
    assert(extra >= 0);
    for (int d = 0; d < x->shape.ndim; d++)
        fold[d] = d < extra || (shape.dim[d - extra] == 1 && x->shape.dim[d] != 1);
    ore_tensor *y = ore_sum_marked(x, fold, ore_wide_dtype(x->dtype));
    if (y) { /* new and dense: the same memory, without the dims in front */
        y->shape = shape;
        ore_strides_of(shape, y->strides);
    }
    return y;
}
