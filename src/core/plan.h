/* plan.h: iteration plans over tensors, which kernel rows walk. */
#ifndef ORE_CORE_PLAN_H
#define ORE_CORE_PLAN_H

#include "backend/backend.h"
#include "core/tensor.h"

/* The context that holds t's data. */
const ore_context *ore_context_for(const ore_tensor *t);

/* Fills a plan: operand 0 is y, the rest broadcast to y's shape (which they must fit). */
void ore_plan_of(ore_plan *plan, const ore_tensor *y, int inputs, ore_tensor *const *x);
/* A plan that folds x over the dims marked in `fold` into y, which has x's dims with size 1 there
 * (keepdim). `second` (NULL allowed) is another result of y's shape. */
void ore_reduce_plan_of(ore_reduce_plan *plan, const ore_tensor *y, const ore_tensor *second,
                        const ore_tensor *x, const bool *fold);

#endif
