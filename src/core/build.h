/* build.h: what op builders share: checks, promotion, broadcasting, plans. */
#ifndef ORE_CORE_BUILD_H
#define ORE_CORE_BUILD_H

#include <ore/ops.h>

#include "backend/backend.h"
#include "base/error.h"
#include "core/autograd.h"

/* False while an error is pending, or with an error naming `op` when an argument is NULL, lost its
 * value to backward, was changed through another handle, or sits on another device. */
bool ore_usable(const char *op, int n, ore_tensor *const *arguments);
/* The common case of a good argument is decided in the caller: builders of tiny ops feel a call. */
static inline bool ore_usable1(const char *op, ore_tensor *x) {
    return (ore_tensor_is_current(x) && ore_no_error()) || ore_usable(op, 1, &x);
}
/* The same for what only reads the elements, whatever made them. */
bool ore_readable(const char *op, const ore_tensor *x);
/* y, which the public function `name` has made by calling others. If one of them failed, its error
 * gets the name that the user called. Such a function returns NULL at once while an older error is
 * pending, so that it renames none that is not its own. */
static inline ore_tensor *ore_named(const char *name, ore_tensor *y) {
    if (!y)
        ore_error_name(name);
    return y;
}
static inline bool ore_usable2(const char *op, ore_tensor *a, ore_tensor *b) {
    if (ore_tensor_is_current(a) && ore_tensor_is_current(b) &&
        a->storage->device == b->storage->device && ore_no_error())
        return true;
    ore_tensor *both[] = {a, b};
    return ore_usable(op, 2, both);
}

/* y, or NULL where recording what made it failed: the last line of a builder. */
static inline ore_tensor *ore_made(ore_tensor *y) {
    return ore_no_error() ? y : NULL;
}

/* The context that holds t's data. */
const ore_context *ore_context_for(const ore_tensor *t);

/* PyTorch's result type of two tensors: a 0-d one counts only if its kind is higher. */
ore_dtype ore_result_type(const ore_tensor *a, const ore_tensor *b);
/* Broadcast shape of a and b into *out; false with an error naming both shapes. */
bool ore_broadcast(const char *op, ore_shape a, ore_shape b, ore_shape *out);

/* Fills a plan: operand 0 is y, the rest broadcast to y's shape (which they must fit). */
void ore_plan_of(ore_plan *plan, const ore_tensor *y, int inputs, ore_tensor *const *x);
/* A plan that folds x over the dims marked in `fold` into y, which has x's dims with size 1 there
 * (keepdim). `second` (NULL allowed) is another result of y's shape. */
void ore_reduce_plan_of(ore_reduce_plan *plan, const ore_tensor *y, const ore_tensor *second,
                        const ore_tensor *x, const bool *fold);

/* Runs the elementwise row at `row` (ORE_KERNEL(name)) for dtype over a plan. */
#define ORE_KERNEL(name) offsetof(ore_kernels, name)
ore_plan_kernel ore_plan_kernel_of(const ore_context *ctx, size_t row, ore_dtype dtype);
ore_status ore_run_row(const ore_context *ctx, size_t row, const char *name, ore_dtype dtype,
                       const ore_plan *plan);
/* y = row(inputs..) elementwise over inputs that broadcast to `shape`; y has out_dtype, the row is
 * that of dtype. NULL on failure. Records nothing. */
ore_tensor *ore_elementwise(const char *name, size_t row, ore_dtype dtype, ore_dtype out_dtype,
                            ore_shape shape, int n, ore_tensor *const *inputs);

/* Marks dims for a reduction; false with an error for a dim out of range or named twice. */
bool ore_mark_dims(const char *op, ore_dims dims, int ndim, bool *fold);
/* s without the marked dims. */
ore_shape ore_shape_without(ore_shape s, const bool *fold);
/* x summed to a shape that broadcasts to x's: the derivative of broadcasting. Sums of halves are
 * float32. */
ore_tensor *ore_sum_to(ore_tensor *x, ore_shape shape);

#endif
