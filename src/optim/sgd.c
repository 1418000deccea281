/* sgd.c: stochastic gradient descent with momentum. The equations are in ore/optim.h. */
#include "core/tensor.h"
#include "optim/optimizer.h"

static int buffers(const ore_group_options *group) {
    return group->momentum != 0 ? 1 : 0;
}

static const char *fault(const ore_group_options *group) {
    if (!(group->momentum >= 0))
        return "momentum is negative";
    if (group->nesterov && !(group->momentum > 0 && group->dampening == 0))
        return "nesterov needs a momentum and no dampening";
    return NULL;
}

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    ore_tensor *buffer = group->momentum != 0 ? parameter->buffers[0] : NULL;
    *(ore_sgd_part *)part = (ore_sgd_part){
        .p = ore_tensor_address(parameter->tensor),
        .g = ore_tensor_address(gradient),
        .buffer = ore_address_or_null(buffer),
        .n = ore_numel(parameter->tensor),
        .lr = group->lr,
        .momentum = group->momentum,
        .dampening = group->dampening,
        .weight_decay = group->weight_decay,
        .grad_scale = parameter->grad_scale,
        .nesterov = group->nesterov,
        .maximize = group->maximize,
        .first = first,
    };
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, sgd_step, dtype, parts, count);
}

static const ore_optim_kind sgd = {
    .name = "sgd",
    .buffer_names = {"momentum_buffer"},
    .counts_steps = false,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_sgd_part),
    .buffers = buffers,
    .fault = fault,
    .fill = fill,
    .run = run,
};

ore_sgd_options ore_sgd_defaults(void) {
    return (ore_sgd_options){.lr = 1e-3};
}

ore_optimizer *ore_sgd_new(const ore_module *root, const ore_sgd_options *options) {
    ore_sgd_options o = options ? *options : ore_sgd_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .momentum = o.momentum,
        .dampening = o.dampening,
        .nesterov = o.nesterov,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&sgd, root, &group);
}
