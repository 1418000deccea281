/* create.c: tensors from nothing. */
#include <math.h>
#include <string.h>

#include "core/check.h"
#include "core/plan.h"
#include "core/primitive.h"

ore_tensor *ore_empty(ore_shape shape, ore_dtype dtype) {
    return ore_tensor_new(shape, dtype, ORE_CPU);
}

static ore_tensor *full(ore_shape shape, double value, ore_dtype dtype, ore_device device) {
    ore_tensor *t = ore_tensor_new(shape, dtype, device);
    if (!t)
        return NULL;
    ore_plan plan;
    ore_plan_of(&plan, t, 0, NULL);
    return ORE_CALL(ore_context_for(t), fill, dtype, &plan, value) == ORE_OK ? t : NULL;
}

ore_tensor *ore_full(ore_shape shape, double value, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    return ore_named("full", full(shape, value, dtype, ORE_CPU));
}

ore_tensor *ore_zeros(ore_shape shape, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    return ore_named("zeros", ore_full(shape, 0, dtype));
}

ore_tensor *ore_ones(ore_shape shape, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    return ore_named("ones", ore_full(shape, 1, dtype));
}

ore_tensor *ore_scalar(double value, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    return ore_named("scalar", ore_full(ORE_SCALAR, value, dtype));
}

ore_tensor *ore_new_empty(const ore_tensor *x, ore_shape shape, ore_dtype dtype) {
    return x ? ore_tensor_new(shape, dtype, ore_tensor_device(x)) : NULL;
}

ore_tensor *ore_new_full(const ore_tensor *x, ore_shape shape, double value, ore_dtype dtype) {
    if (!x || !ore_no_error())
        return NULL;
    return ore_named("full", full(shape, value, dtype, ore_tensor_device(x)));
}

ore_tensor *ore_new_zeros(const ore_tensor *x, ore_shape shape, ore_dtype dtype) {
    if (!x || !ore_no_error())
        return NULL;
    return ore_named("zeros", full(shape, 0, dtype, ore_tensor_device(x)));
}

ore_tensor *ore_new_scalar(const ore_tensor *x, double value, ore_dtype dtype) {
    if (!x || !ore_no_error())
        return NULL;
    return ore_named("scalar", full(ORE_SCALAR, value, dtype, ore_tensor_device(x)));
}

static bool given(const char *op, const ore_tensor *t) {
    if (!t)
        ore_fail(ORE_INVALID, "%s: argument 1 is NULL", op);
    return t != NULL;
}

ore_tensor *ore_zeros_like(const ore_tensor *t) {
    return given("zeros_like", t) ? ore_new_zeros(t, t->shape, t->dtype) : NULL;
}

ore_tensor *ore_ones_like(const ore_tensor *t) {
    return given("ones_like", t) ? ore_new_full(t, t->shape, 1, t->dtype) : NULL;
}

ore_tensor *ore_empty_like(const ore_tensor *t) {
    return given("empty_like", t) ? ore_new_empty(t, t->shape, t->dtype) : NULL;
}

/* n elements of t from `offset` on become start + i step, in float64 and cast once; they follow
 * each other by `stride`. */
static void ramp(const ore_tensor *t, int64_t offset, int64_t stride, int64_t n, double start,
                 double step) {
    ore_tensor part = {.storage = t->storage, .dtype = t->dtype, .offset = offset};
    part.shape = ORE_SHAPE(n);
    part.strides[0] = stride;
    ore_plan plan;
    ore_plan_of(&plan, &part, 0, NULL);
    ORE_CALL(ore_context_for(t), ramp, t->dtype, &plan, start, step);
}

ore_tensor *ore_arange(double start, double end, double step, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    double n = ceil((end - start) / step);
    if (!isfinite(n) || (end - start) / step < 0) {
        ore_fail(ORE_INVALID,
                 "arange: from %g to %g by %g: expected a finite range towards the end", start, end,
                 step);
        return NULL;
    }
    if (n > 0x1p60) {
        ore_fail(ORE_MEMORY, "arange: out of memory: %g elements", n);
        return NULL;
    }
    ore_tensor *t = ore_empty(ORE_SHAPE((int64_t)n), dtype);
    if (t)
        ramp(t, 0, 1, (int64_t)n, start, step);
    return ore_named("arange", ore_made(t));
}

ore_tensor *ore_linspace(double start, double end, int64_t steps, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    if (steps < 0) {
        ore_fail(ORE_INVALID, "linspace: %lld steps, expected 0 or more", (long long)steps);
        return NULL;
    }
    ore_tensor *t = ore_empty(ORE_SHAPE(steps), dtype);
    if (!t)
        return ore_named("linspace", NULL);
    if (!ore_dtype_is_floating(dtype)) { /* whole ends first, then even steps between them */
        start = trunc(start);
        end = trunc(end);
    }
    double step = steps > 1 ? (end - start) / (double)(steps - 1) : 0;
    int64_t half = steps / 2; /* the second half counts back from the end, as in PyTorch */
    ramp(t, 0, 1, half, start, step);
    ramp(t, steps - 1, -1, steps - half, steps > 1 ? end : start, -step);
    return ore_named("linspace", ore_made(t));
}

ore_tensor *ore_eye(int64_t n, int64_t m, ore_dtype dtype) {
    if (!ore_no_error())
        return NULL;
    ore_tensor *t = ore_zeros(ORE_SHAPE(n, m), dtype);
    if (!t)
        return ore_named("eye", NULL);
    int64_t step = m + 1;
    ore_scope_begin();
    ore_tensor *diagonal = ore_tensor_alias_as(t, ORE_SHAPE(n < m ? n : m), &step, 0);
    if (diagonal)
        ore_fill_elements(diagonal, 1);
    ore_scope_end();
    return ore_named("eye", ore_ok() ? t : NULL);
}
