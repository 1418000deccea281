/* op.h: what op builders share, beside ore/op.h: dims, and rows over plans. */
#ifndef ORE_OPS_OP_H
#define ORE_OPS_OP_H

#include <ore/ops.h>

#include "base/dtype.h"
#include "core/autograd.h"
#include "core/check.h"
#include "core/plan.h"
#include "core/primitive.h"

/* Marks dims for a reduction; false with an error for a dim out of range or named twice. */
bool ore_mark_dims(const char *op, ore_dims dims, int ndim, bool *fold);
/* s without the marked dims. */
ore_shape ore_shape_without(ore_shape s, const bool *fold);
/* One of two operands as their result type. A number (0-d) beside halves stays float32, as in
 * PyTorch: rows of halves compute with it unrounded. */
static inline ore_tensor *ore_operand_as(ore_tensor *t, ore_dtype dtype) {
    bool number = t->shape.ndim == 0 && ore_dtype_is_half(dtype) &&
                  (t->dtype == ORE_FLOAT32 || t->dtype == ORE_FLOAT64);
    return ore_to(t, number ? ORE_FLOAT32 : dtype);
}
/* The result type of operands that ore_match_operands has cast. */
static inline ore_dtype ore_matched_dtype(const ore_tensor *a, const ore_tensor *b) {
    return ore_dtype_is_half(b->dtype) ? b->dtype : a->dtype;
}
/* Begins an op of two tensors: checks them, finds the shape that they broadcast to, and casts both
 * to their result type, which *a and *b then have, but for a number beside halves. False with an
 * error. Inline, since builders of tiny ops feel a call. */
static inline bool ore_match_operands(const char *op, ore_tensor **a, ore_tensor **b,
                                      ore_shape *shape) {
    if (!ore_usable2(op, *a, *b) || !ore_broadcast_shapes(op, (*a)->shape, (*b)->shape, shape))
        return false;
    ore_dtype dtype = ore_result_type(*a, *b);
    *a = ore_operand_as(*a, dtype);
    *b = ore_operand_as(*b, dtype);
    return ore_ok();
}
/* Runs the elementwise row at `row` (ORE_KERNEL(name)) for dtype over a plan. */
#define ORE_KERNEL(name) offsetof(ore_kernels, name)
ore_plan_kernel ore_plan_kernel_of(const ore_context *ctx, size_t row, ore_dtype dtype);
ore_status ore_run_row(const ore_context *ctx, size_t row, const char *name, ore_dtype dtype,
                       const ore_plan *plan);
/* y = row(inputs..) elementwise over inputs that broadcast to `shape`; y has out_dtype, the row is
 * that of dtype. NULL on failure. Records nothing. */
ore_tensor *ore_elementwise(const char *name, size_t row, ore_dtype dtype, ore_dtype out_dtype,
                            ore_shape shape, int n, ore_tensor *const *inputs);

#endif
