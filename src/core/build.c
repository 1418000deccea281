/* build.c: what op builders share. */
#include <stdio.h>
#include <string.h>

#include "core/build.h"

/* ---- checks ---- */

static void refuse(const char *op, int place, const ore_tensor *t) {
    if (!t)
        ore_fail(ORE_INVALID, "%s: argument %d is NULL", op, place + 1);
    else if (!t->storage)
        ore_fail(ORE_STATE,
                 "%s: argument %d lost its value when backward passed; use ore_retain_grad", op,
                 place + 1);
    else if (t->part)
        ore_fail(ORE_STATE,
                 "%s: argument %d is one of the views that split, chunk or unbind made, and what "
                 "it shows was changed while recording; make it by narrow or select",
                 op, place + 1);
    else
        ore_fail(ORE_STATE,
                 "%s: argument %d is a view made under ore_no_grad_begin, and what it shows was "
                 "changed while recording",
                 op, place + 1);
}

static bool brought_up_to_date(ore_tensor *t) {
    return t && t->storage && ore_history_refresh(t);
}

bool ore_usable(const char *op, int n, ore_tensor *const *arguments) {
    if (!ore_no_error())
        return false;
    if (n > 0 && !arguments) {
        ore_fail(ORE_INVALID, "%s: the list of tensors is NULL", op);
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!ore_tensor_is_current(arguments[i]) && !brought_up_to_date(arguments[i])) {
            refuse(op, i, arguments[i]);
            return false;
        }
    for (int i = 1; i < n; i++)
        if (arguments[i]->storage->device != arguments[0]->storage->device) {
            ore_fail(ORE_INVALID, "%s: arguments 1 and %d are on different devices", op, i + 1);
            return false;
        }
    return true;
}

bool ore_readable(const char *op, const ore_tensor *x) {
    if (!ore_no_error())
        return false;
    if (x && x->storage)
        return true;
    refuse(op, 0, x);
    return false;
}

const ore_context *ore_context_for(const ore_tensor *t) {
    return ore_context_of(t->storage->device);
}

/* ---- types and shapes ---- */

static int kind(ore_dtype dtype) {
    return dtype == ORE_BOOL ? 0 : ore_dtype_is_floating(dtype) ? 2 : 1;
}

ore_dtype ore_result_type(const ore_tensor *a, const ore_tensor *b) {
    bool a_scalar = a->shape.ndim == 0, b_scalar = b->shape.ndim == 0;
    if (a_scalar != b_scalar) {
        ore_dtype full = a_scalar ? b->dtype : a->dtype;
        ore_dtype scalar = a_scalar ? a->dtype : b->dtype;
        return kind(scalar) > kind(full) ? scalar : full;
    }
    return ore_promote_types(a->dtype, b->dtype);
}

bool ore_broadcast(const char *op, ore_shape a, ore_shape b, ore_shape *out) {
    int ndim = a.ndim > b.ndim ? a.ndim : b.ndim;
    ore_shape s = {.ndim = ndim};
    for (int d = 0; d < ndim; d++) {
        int da = d - (ndim - a.ndim), db = d - (ndim - b.ndim);
        int64_t na = da < 0 ? 1 : a.dim[da], nb = db < 0 ? 1 : b.dim[db];
        if (na != nb && na != 1 && nb != 1) {
            char ta[ORE_SHAPE_TEXT], tb[ORE_SHAPE_TEXT];
            ore_fail(ORE_INVALID, "%s: shapes %s and %s do not broadcast", op,
                     ore_shape_text(a, ta), ore_shape_text(b, tb));
            return false;
        }
        s.dim[d] = na == 1 ? nb : na;
    }
    *out = s;
    return true;
}

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

/* ---- plans ---- */

static void plan_begin(ore_plan *plan, int operands) {
    plan->ndim = 0;
    plan->operands = operands;
    plan->size = 1;
}

/* Adds a dim inside the others, merging it with the one outside where every operand allows. */
static void plan_add_dim(ore_plan *plan, int64_t size, const int64_t *steps) {
    plan->size *= size;
    if (size == 1)
        return;
    int last = plan->ndim - 1;
    bool merge = last >= 0;
    for (int i = 0; merge && i < plan->operands; i++)
        merge = plan->strides[i][last] == steps[i] * size;
    if (!merge) {
        last = plan->ndim++;
        plan->shape[last] = 1;
    }
    plan->shape[last] *= size;
    for (int i = 0; i < plan->operands; i++)
        plan->strides[i][last] = steps[i];
}

static void plan_end(ore_plan *plan) {
    if (plan->ndim > 0)
        return;
    plan->ndim = 1; /* one element: kernels always find an innermost dim */
    plan->shape[0] = 1;
    for (int i = 0; i < plan->operands; i++)
        plan->strides[i][0] = 0;
}

/* Byte step of t along dim d of a shape of ndim dims that it broadcasts to. */
static int64_t byte_step(const ore_tensor *t, int d, int ndim) {
    int own = d - (ndim - t->shape.ndim);
    if (own < 0 || t->shape.dim[own] == 1)
        return 0;
    return t->strides[own] * (int64_t)ore_element_bytes(t->dtype);
}

void ore_plan_of(ore_plan *plan, const ore_tensor *y, int inputs, ore_tensor *const *x) {
    plan_begin(plan, inputs + 1);
    plan->data[0] = ore_tensor_address(y);
    for (int i = 0; i < inputs; i++)
        plan->data[i + 1] = ore_tensor_address(x[i]);
    int ndim = y->shape.ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t steps[ORE_PLAN_OPERANDS] = {byte_step(y, d, ndim)};
        for (int i = 0; i < inputs; i++)
            steps[i + 1] = byte_step(x[i], d, ndim);
        plan_add_dim(plan, y->shape.dim[d], steps);
    }
    plan_end(plan);
}

void ore_reduce_plan_of(ore_reduce_plan *plan, const ore_tensor *y, const ore_tensor *second,
                        const ore_tensor *x, const bool *fold) {
    plan_begin(&plan->kept, second ? 3 : 2);
    plan_begin(&plan->folded, 1);
    plan->kept.data[0] = ore_tensor_address(y);
    plan->kept.data[1] = ore_tensor_address(x);
    plan->kept.data[2] = ore_address_or_null(second);
    plan->folded.data[0] = plan->kept.data[1];
    int ndim = x->shape.ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t step = byte_step(x, d, ndim);
        if (fold[d]) {
            plan_add_dim(&plan->folded, x->shape.dim[d], &step);
        } else {
            int64_t steps[ORE_PLAN_OPERANDS] = {byte_step(y, d, ndim), step,
                                                second ? byte_step(second, d, ndim) : 0};
            plan_add_dim(&plan->kept, x->shape.dim[d], steps);
        }
    }
    plan_end(&plan->kept);
    plan_end(&plan->folded);
}

/* ---- elementwise ---- */

ore_plan_kernel ore_plan_kernel_of(const ore_context *ctx, size_t row, ore_dtype dtype) {
    ore_plan_kernel kernel;
    memcpy(&kernel, (const char *)ctx->kernels + row + (size_t)dtype * sizeof kernel,
           sizeof kernel);
    return kernel;
}

ore_status ore_run_row(const ore_context *ctx, size_t row, const char *name, ore_dtype dtype,
                       const ore_plan *plan) {
    if (!ctx)
        return ore_error_status();
    ore_plan_kernel kernel = ore_plan_kernel_of(ctx, row, dtype);
    return kernel ? kernel(ctx, plan) : ore_no_kernel(ctx, name, dtype);
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

ore_tensor *ore_sum_to(ore_tensor *x, ore_shape shape) {
    if (!x)
        return NULL;
    ore_dims dims = {.n = 0};
    int extra = x->shape.ndim - shape.ndim;
    for (int d = 0; d < x->shape.ndim; d++)
        if (d < extra || (shape.dim[d - extra] == 1 && x->shape.dim[d] != 1))
            dims.dim[dims.n++] = d;
    if (dims.n > 0 && ore_dtype_is_floating(x->dtype) && ore_dtype_size(x->dtype) == 2)
        x = ore_to(x, ORE_FLOAT32); /* halves only store */
    if (dims.n > 0)
        x = ore_sum(x, dims, true);
    return ore_reshape(x, shape);
}
