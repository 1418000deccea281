/* plan_dims.h: filling an iteration plan dim by dim. Inline, since builders of tiny ops feel a
 * call. */
#ifndef ORE_BACKEND_PLAN_DIMS_H
#define ORE_BACKEND_PLAN_DIMS_H

#include "backend/backend.h"

static inline void ore_plan_begin(ore_plan *plan, int operands) {
    plan->ndim = 0;
    plan->operands = operands;
    plan->size = 1;
    plan->wide = 0;
}

/* Adds a dim inside the others, merging it with the one outside where every operand allows. */
static inline void ore_plan_add_dim(ore_plan *plan, int64_t size, const int64_t *steps) {
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

static inline void ore_plan_end(ore_plan *plan) {
    if (plan->ndim > 0)
        return;
    plan->ndim = 1; /* one element: kernels always find an innermost dim */
    plan->shape[0] = 1;
    for (int i = 0; i < plan->operands; i++)
        plan->strides[i][0] = 0;
}

#endif
