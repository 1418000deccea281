/* create.c: tensors from nothing. */
#include <math.h>
#include <string.h>

#include "core/build.h"

ore_tensor *ore_empty(ore_shape shape, ore_dtype dtype) {
    return ore_tensor_new(shape, dtype, ORE_CPU);
}

ore_tensor *ore_full(ore_shape shape, double value, ore_dtype dtype) {
    ore_tensor *t = ore_empty(shape, dtype);
    if (!t)
        return NULL;
    ore_plan plan;
    ore_plan_of(&plan, t, 0, NULL);
    return ORE_CALL(ore_context_for(t), fill, dtype, &plan, value) == ORE_OK ? t : NULL;
}

ore_tensor *ore_zeros(ore_shape shape, ore_dtype dtype) {
    return ore_full(shape, 0, dtype);
}

ore_tensor *ore_ones(ore_shape shape, ore_dtype dtype) {
    return ore_full(shape, 1, dtype);
}

ore_tensor *ore_scalar(double value, ore_dtype dtype) {
    return ore_full(ORE_SCALAR, value, dtype);
}

ore_tensor *ore_zeros_like(const ore_tensor *t) {
    return t ? ore_zeros(t->shape, t->dtype) : NULL;
}

ore_tensor *ore_ones_like(const ore_tensor *t) {
    return t ? ore_ones(t->shape, t->dtype) : NULL;
}

ore_tensor *ore_empty_like(const ore_tensor *t) {
    return t ? ore_empty(t->shape, t->dtype) : NULL;
}

/* start + i step for i < n, in float64 and cast once. */
static ore_tensor *ramp(int64_t n, double start, double step, ore_dtype dtype) {
    ore_tensor *t = ore_empty(ORE_SHAPE(n), dtype);
    if (!t)
        return NULL;
    ore_plan plan;
    ore_plan_of(&plan, t, 0, NULL);
    return ORE_CALL(ore_context_for(t), ramp, dtype, &plan, start, step) == ORE_OK ? t : NULL;
}

ore_tensor *ore_arange(double start, double end, double step, ore_dtype dtype) {
    double n = ceil((end - start) / step);
    if (!isfinite(n) || n < 0) {
        ore_fail(ORE_INVALID,
                 "arange: from %g to %g by %g: expected a finite range towards the end", start, end,
                 step);
        return NULL;
    }
    return ramp((int64_t)n, start, step, dtype);
}

ore_tensor *ore_linspace(double start, double end, int64_t steps, ore_dtype dtype) {
    if (steps < 0) {
        ore_fail(ORE_INVALID, "linspace: %lld steps, expected 0 or more", (long long)steps);
        return NULL;
    }
    double step = steps > 1 ? (end - start) / (double)(steps - 1) : 0;
    int64_t half = steps / 2; /* the second half counts back from the end, as in PyTorch */
    ore_tensor *parts[2] = {
        ramp(half, start, step, dtype),
        ramp(steps - half, steps > 1 ? end - step * (double)(steps - half - 1) : start, step,
             dtype),
    };
    return parts[0] && parts[1] ? ore_cat(parts, 2, 0) : NULL;
}

ore_tensor *ore_eye(int64_t n, int64_t m, ore_dtype dtype) {
    ore_tensor *t = ore_zeros(ORE_SHAPE(n, m), dtype);
    if (!t)
        return NULL;
    int64_t step = m + 1;
    ore_scope_begin();
    ore_fill_(ore_tensor_alias_as(t, ORE_SHAPE(n < m ? n : m), &step, 0), 1);
    ore_scope_end();
    return ore_ok() ? t : NULL;
}

ore_tensor *ore_from_data(const void *data, ore_shape shape, ore_dtype dtype) {
    ore_tensor *t = ore_empty(shape, dtype);
    if (t && ore_numel(t) > 0) {
        if (!data) {
            ore_fail(ORE_INVALID, "from_data: data is NULL");
            return NULL;
        }
        memcpy(ore_tensor_address(t), data, (size_t)ore_numel(t) * ore_dtype_size(dtype));
    }
    return t;
}
