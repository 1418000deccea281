/* pointwise.c: what functions of one tensor share; the functions are in math.c, rectifier.c and
 * smooth.c. */
#include <string.h>

#include "ops/pointwise.h"

typedef struct pointwise_attributes {
    const ore_pointwise *f;
    double p, q;
} pointwise_attributes;

typedef ore_status (*numbers_kernel)(const ore_context *ctx, const ore_plan *plan, double p,
                                     double q);

static numbers_kernel kernel_in(const ore_kernels *table, size_t row, ore_dtype dtype) {
    numbers_kernel kernel;
    memcpy(&kernel, (const char *)table + row + (size_t)dtype * sizeof kernel, sizeof kernel);
    return kernel;
}

/* y = row(inputs..; p, q); NULL where the row or y's making fails. */
static ore_tensor *run(const ore_pointwise *f, size_t row, const pointwise_attributes *a,
                       ore_tensor *y, int n, ore_tensor *const *inputs) {
    const ore_context *ctx = y ? ore_context_for(y) : NULL;
    ore_plan plan;
    if (!ctx)
        return NULL;
    ore_plan_of(&plan, y, n, inputs);
    if (!f->with_numbers)
        return ore_run_row(ctx, row, f->op.name, y->dtype, &plan) == ORE_OK ? y : NULL;
    ore_status status;
    numbers_kernel kernel = kernel_in(ctx->kernels, row, y->dtype);
    if (kernel)
        status = kernel(ctx, &plan, a->p, a->q);
    else if (ore_traced_call_begin(ctx, f->op.name, row, y->dtype))
        status = ore_traced_call_end(
            ctx, kernel_in(ctx->kernels, row, y->dtype)(ctx, &plan, a->p, a->q));
    else
        status = ore_no_kernel(ctx, f->op.name, y->dtype);
    return status == ORE_OK ? y : NULL;
}

static ore_tensor *like(const ore_tensor *x) {
    return ore_tensor_new(x->shape, x->dtype, ore_tensor_device(x));
}

static ore_tensor *record(const pointwise_attributes *attributes, ore_tensor *x, ore_tensor *y) {
    const ore_pointwise *f = attributes->f;
    ore_node *node = ore_record(&f->op, y, 1, &x, 1, sizeof *attributes);
    if (node) {
        *(pointwise_attributes *)ore_node_attributes(node) = *attributes;
        if (f->saves != ORE_SAVE_NOTHING)
            ore_node_save(node, 0, f->saves == ORE_SAVE_X ? x : y);
    }
    return ore_made(y);
}

ore_tensor *ore_pointwise_record(const ore_pointwise *f, ore_tensor *x, ore_tensor *y) {
    return record(&(pointwise_attributes){.f = f}, x, y);
}

ore_tensor *ore_pointwise_apply(const ore_pointwise *f, ore_tensor *x, double p, double q) {
    pointwise_attributes attributes = {f, p, q};
    if (!ore_usable1(f->op.name, x))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_FLOAT32);
    if (!x)
        return NULL;
    return record(&attributes, x, run(f, f->forward, &attributes, like(x), 1, &x));
}

void ore_pointwise_backward(ore_node *node, ore_tensor *dy) {
    const pointwise_attributes *a = ore_node_attributes(node);
    ore_tensor *inputs[] = {dy, ore_node_saved(node, 0)};
    if (!inputs[1])
        return;
    ore_tensor *dx = ore_gradient_is_spare(node, dy) ? dy : like(dy);
    ore_pass(node, 0, run(a->f, a->f->backward, a, dx, 2, inputs));
}
