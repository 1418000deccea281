/* plan.c: iteration plans over tensors. */
#include "core/plan.h"

const ore_context *ore_context_for(const ore_tensor *t) {
    return ore_context_of(t->storage->device);
}

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
