/* result.c: what a builder's result is, and kernels that the library does not have. */
#include <string.h>

#include "core/check.h"
#include "core/plan.h"

/* ---- its dtype and shape ---- */

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

bool ore_broadcast_shapes(const char *op, ore_shape a, ore_shape b, ore_shape *out) {
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

/* ---- kernels from outside ---- */

static ore_operand operand_of(const ore_tensor *t) {
    ore_operand o = {.data = ore_tensor_address(t), .dtype = t->dtype, .shape = t->shape};
    memcpy(o.strides, t->strides, (size_t)t->shape.ndim * sizeof *t->strides);
    return o;
}

ore_status ore_op_run(const char *op, const ore_op_row *rows, int count, ore_dtype dtype,
                      const void *user, int n, ore_tensor *const *operands) {
    ore_operand seen[ORE_OP_OPERANDS];
    if (n < 1 || n > ORE_OP_OPERANDS)
        return ore_fail(ORE_INVALID, "%s: %d operands, expected 1 .. %d", op, n, ORE_OP_OPERANDS);
    if (!ore_usable(op, n, operands))
        return ore_error_status();
    const ore_context *ctx = ore_context_for(operands[0]);
    if (!ctx)
        return ore_error_status();
    for (int i = 0; i < n; i++)
        seen[i] = operand_of(operands[i]);
    for (int i = 0; i < count; i++) {
        if (rows[i].device != ctx->device || rows[i].dtype != dtype)
            continue;
        bool traced = ore_traced_kernel_begin(ctx, op, dtype);
        ore_status status = rows[i].kernel(user, seen, n, ctx->stream);
        return traced ? ore_traced_call_end(ctx, status) : status;
    }
    return ore_no_kernel(ctx, op, dtype);
}
