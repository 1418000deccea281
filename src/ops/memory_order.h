/* memory_order.h: the order in which a tensor's elements lie in memory. PyTorch draws random
 * numbers for a tensor in that order, whatever the order of its dims. */
#ifndef ORE_OPS_MEMORY_ORDER_H
#define ORE_OPS_MEMORY_ORDER_H

#include "core/tensor.h"

/* The dims of t from the largest step to the smallest; equal steps keep their order. */
static inline ore_dims dims_in_memory(const ore_tensor *t) {
    ore_dims order = {.n = t->shape.ndim};
    for (int d = 0; d < order.n; d++) {
        int place = d;
        while (place > 0 && t->strides[order.dim[place - 1]] < t->strides[d]) {
            order.dim[place] = order.dim[place - 1];
            place--;
        }
        order.dim[place] = d;
    }
    return order;
}

/* The order that undoes it. */
static inline ore_dims inverse_order(ore_dims order) {
    ore_dims inverse = {.n = order.n};
    for (int d = 0; d < order.n; d++)
        inverse.dim[order.dim[d]] = d;
    return inverse;
}

/* Another handle on t with its dims in that order; no history. */
static inline ore_tensor *permuted_alias(const ore_tensor *t, ore_dims order) {
    ore_shape shape = {.ndim = order.n};
    int64_t strides[ORE_MAX_DIMS] = {0};
    for (int d = 0; d < order.n; d++) {
        shape.dim[d] = t->shape.dim[order.dim[d]];
        strides[d] = t->strides[order.dim[d]];
    }
    return ore_tensor_alias_as(t, shape, strides, t->offset);
}

#endif
