/* autocast.c: operands in the dtype that autocast wants. */
#include "core/autocast.h"
#include "core/tensor.h"
#include "ops/autocast.h"

/* A parameter's copy serves all that use it in the region, as in PyTorch: it is cast once, and the
 * gradients of its uses are added up as halves. */
bool ore_is_lowered_parameter(const ore_tensor *t) {
    return ore_autocast_dtype() != ORE_FLOAT32 && t && t->dtype == ORE_FLOAT32 && t->node &&
           ore_node_is_leaf(t->node) && !t->view;
}

ore_tensor *ore_lowered(ore_tensor *t) {
    ore_dtype dtype = ore_autocast_dtype();
    if (dtype == ORE_FLOAT32 || !t || ore_wide_dtype(t->dtype) != ORE_FLOAT32)
        return t;
    if (!ore_is_lowered_parameter(t))
        return ore_to(t, dtype);
    ore_tensor *copy = ore_autocast_copy_of(t);
    if (copy)
        return copy;
    copy = ore_to(t, dtype);
    if (copy)
        ore_autocast_keep_copy(t, copy);
    return copy;
}

ore_tensor *ore_raised(ore_tensor *t) {
    bool raise = ore_autocast_dtype() != ORE_FLOAT32 && t && ore_dtype_is_half(t->dtype);
    return raise ? ore_to(t, ORE_FLOAT32) : t;
}
