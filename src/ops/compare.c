/* compare.c: comparisons, and choices by them. */
#include "ops/op.h"

static ore_tensor *compare(const char *name, size_t row, ore_tensor *a, ore_tensor *b) {
    ore_shape shape;
    if (!ore_usable2(name, a, b) || !ore_broadcast_shapes(name, a->shape, b->shape, &shape))
        return NULL;
    ore_dtype dtype = ore_result_type(a, b);
    ore_no_grad_begin();
    ore_tensor *inputs[] = {ore_to(a, dtype), ore_to(b, dtype)};
    ore_no_grad_end();
    if (!ore_ok())
        return NULL;
    return ore_elementwise(name, row, dtype, ORE_BOOL, shape, 2, inputs);
}

ore_tensor *ore_eq(ore_tensor *a, ore_tensor *b) {
    return compare("eq", ORE_KERNEL(eq), a, b);
}

ore_tensor *ore_ne(ore_tensor *a, ore_tensor *b) {
    return compare("ne", ORE_KERNEL(ne), a, b);
}

ore_tensor *ore_lt(ore_tensor *a, ore_tensor *b) {
    return compare("lt", ORE_KERNEL(lt), a, b);
}

ore_tensor *ore_le(ore_tensor *a, ore_tensor *b) {
    return compare("le", ORE_KERNEL(le), a, b);
}

ore_tensor *ore_gt(ore_tensor *a, ore_tensor *b) {
    return compare("gt", ORE_KERNEL(lt), b, a);
}

ore_tensor *ore_ge(ore_tensor *a, ore_tensor *b) {
    return compare("ge", ORE_KERNEL(le), b, a);
}

/* y = condition ? a : b; da = condition ? dy : 0, db = condition ? 0 : dy */
static void where_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *condition = ore_node_saved(node, 0), *zero = ore_new_scalar(dy, 0, dy->dtype);
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, ore_where(condition, dy, zero));
    if (ore_input_wants_grad(node, 2))
        ore_pass(node, 2, ore_where(condition, zero, dy));
}

static const ore_op where_op = {"where", where_backward};

ore_tensor *ore_where(ore_tensor *condition, ore_tensor *a, ore_tensor *b) {
    ore_tensor *inputs[] = {condition, a, b};
    ore_shape shape;
    if (!ore_usable("where", 3, inputs))
        return NULL;
    if (condition->dtype != ORE_BOOL) {
        ore_fail(ORE_INVALID, "where: condition of %s, expected bool",
                 ore_dtype_name(condition->dtype));
        return NULL;
    }
    if (!ore_broadcast_shapes("where", a->shape, b->shape, &shape) ||
        !ore_broadcast_shapes("where", condition->shape, shape, &shape))
        return NULL;
    ore_dtype dtype = ore_result_type(a, b);
    inputs[1] = ore_to(a, dtype);
    inputs[2] = ore_to(b, dtype);
    if (!ore_ok())
        return NULL;
    ore_tensor *y = ore_elementwise("where", ORE_KERNEL(where), dtype, dtype, shape, 3, inputs);
    ore_node *node = ore_record(&where_op, y, 3, inputs, 1, 0);
    if (node)
        ore_node_save(node, 0, condition);
    return ore_made(y);
}

ore_tensor *ore_masked_fill(ore_tensor *a, ore_tensor *mask, double value) {
    ore_shape shape;
    if (!ore_usable2("masked_fill", a, mask) ||
        !ore_broadcast_shapes("masked_fill", a->shape, mask->shape, &shape))
        return NULL;
    return ore_named("masked_fill", ore_where(mask, ore_new_scalar(a, value, a->dtype), a));
}
