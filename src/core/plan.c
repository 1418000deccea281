/* plan.c: iteration plans over tensors. */
#include "core/plan.h"
#include "backend/plan_dims.h"

const ore_context *ore_context_for(const ore_tensor *t) {
    return ore_context_of(t->storage->device);
}

/* Byte step of t along dim d of a shape of ndim dims that it broadcasts to. */
static int64_t byte_step(const ore_tensor *t, int d, int ndim) {
    int own = d - (ndim - t->shape.ndim);
    if (own < 0 || t->shape.dim[own] == 1)
        return 0;
    return t->strides[own] * (int64_t)ore_element_bytes(t->dtype);
}

/* The operands that are float32 beside halves. */
static unsigned wide_operands(const ore_tensor *y, int inputs, ore_tensor *const *x) {
    unsigned wide = y->dtype == ORE_FLOAT32, halves = ore_dtype_is_half(y->dtype);
    for (int i = 0; i < inputs; i++) {
        wide |= (unsigned)(x[i]->dtype == ORE_FLOAT32) << (i + 1);
        halves |= ore_dtype_is_half(x[i]->dtype);
    }
    return halves ? wide : 0;
}

void ore_plan_of(ore_plan *plan, const ore_tensor *y, int inputs, ore_tensor *const *x) {
    ore_plan_begin(plan, inputs + 1);
    plan->data[0] = ore_tensor_address(y);
    plan->wide = wide_operands(y, inputs, x);
    for (int i = 0; i < inputs; i++)
        plan->data[i + 1] = ore_tensor_address(x[i]);
    int ndim = y->shape.ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t steps[ORE_PLAN_OPERANDS] = {byte_step(y, d, ndim)};
        for (int i = 0; i < inputs; i++)
            steps[i + 1] = byte_step(x[i], d, ndim);
        ore_plan_add_dim(plan, y->shape.dim[d], steps);
    }
    ore_plan_end(plan);
}

void ore_reduce_plan_of(ore_reduce_plan *plan, const ore_tensor *y, const ore_tensor *second,
                        const ore_tensor *x, const bool *fold) {
    ore_plan_begin(&plan->kept, second ? 3 : 2);
    ore_plan_begin(&plan->folded, 1);
    plan->kept.data[0] = ore_tensor_address(y);
    plan->kept.wide = y->dtype == ORE_FLOAT32;
    plan->kept.data[1] = ore_tensor_address(x);
    plan->kept.data[2] = ore_address_or_null(second);
    plan->folded.data[0] = plan->kept.data[1];
    int ndim = x->shape.ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t step = byte_step(x, d, ndim);
        if (fold[d]) {
            ore_plan_add_dim(&plan->folded, x->shape.dim[d], &step);
        } else {
            int64_t steps[ORE_PLAN_OPERANDS] = {byte_step(y, d, ndim), step,
                                                second ? byte_step(second, d, ndim) : 0};
            ore_plan_add_dim(&plan->kept, x->shape.dim[d], steps);
        }
    }
    ore_plan_end(&plan->kept);
    ore_plan_end(&plan->folded);
}
