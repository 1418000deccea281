/* op.c: what op builders share: dims, and rows over plans. */
#include "ops/op.h"

#include <string.h>

/* ---- dims ---- */

bool ore_mark_dims(const char *op, ore_dims dims, int ndim, bool *fold) {
    memset(fold, dims.n == 0, ORE_MAX_DIMS * sizeof *fold);
    if (dims.n < 0 || dims.n > ORE_MAX_DIMS) {
        ore_fail(ORE_INVALID, "%s: a list of %d dims, expected 0 .. %d", op, dims.n, ORE_MAX_DIMS);
        return false;
    }
    for (int i = 0; i < dims.n; i++) {
        int d = ore_wrap_dim(op, dims.dim[i], ndim);
        if (d < 0)
            return false;
        if (fold[d]) {
            ore_fail(ORE_INVALID, "%s: dim %d is named twice", op, d);
            return false;
        }
        fold[d] = true;
    }
    return true;
}

ore_shape ore_shape_without(ore_shape s, const bool *fold) {
    ore_shape out = {.ndim = 0};
    for (int d = 0; d < s.ndim; d++)
        if (!fold[d])
            out.dim[out.ndim++] = s.dim[d];
    return out;
}

/* ---- elementwise ---- */

static ore_plan_kernel kernel_in(const ore_kernels *table, size_t row, ore_dtype dtype) {
    ore_plan_kernel kernel;
    memcpy(&kernel, (const char *)table + row + (size_t)dtype * sizeof kernel, sizeof kernel);
    return kernel;
}

ore_plan_kernel ore_plan_kernel_of(const ore_context *ctx, size_t row, ore_dtype dtype) {
    return kernel_in(ore_rows_of(ctx), row, dtype);
}

ore_status ore_run_row(const ore_context *ctx, size_t row, const char *name, ore_dtype dtype,
                       const ore_plan *plan) {
    if (!ctx)
        return ore_error_status();
    ore_plan_kernel kernel = kernel_in(ctx->kernels, row, dtype);
    if (kernel)
        return kernel(ctx, plan);
    if (!ore_traced_call_begin(ctx, name, row, dtype))
        return ore_no_kernel(ctx, name, dtype);
    return ore_traced_call_end(ctx, kernel_in(ctx->kernels, row, dtype)(ctx, plan));
}

ore_tensor *ore_elementwise(const char *name, size_t row, ore_dtype dtype, ore_dtype out_dtype,
                            ore_shape shape, int n, ore_tensor *const *inputs) {
    ore_tensor *y = ore_tensor_new(shape, out_dtype, ore_tensor_device(inputs[0]));
    if (!y)
        return NULL;
    ore_plan plan;
    ore_plan_of(&plan, y, n, inputs);
    return ore_run_row(ore_context_for(y), row, name, dtype, &plan) == ORE_OK ? y : NULL;
}
