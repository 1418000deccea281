/* adagrad.c: the adaptive subgradient method. The equations are in ore/optim.h. */
#include "core/tensor.h"
#include "optim/optimizer.h"

static ore_optim_buffer buffer(const ore_optim_parameter *parameter, const ore_group_options *group,
                               int place) {
    ore_optim_buffer sum = ore_buffer_like(parameter, place == 0);
    sum.initial = group->initial_accumulator_value;
    return sum;
}

static const char *fault(const ore_group_options *group) {
    if (!(group->lr_decay >= 0))
        return "lr_decay is negative";
    if (!(group->initial_accumulator_value >= 0))
        return "initial_accumulator_value is negative";
    if (!(group->eps >= 0))
        return "eps is negative";
    return NULL;
}

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    (void)first;
    ore_adaptive_part *rule = part;
    *rule = ore_adaptive_part_of(parameter, group, gradient);
    rule->lr = group->lr / (1 + (double)(parameter->step - 1) * group->lr_decay);
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, adagrad_step, dtype, parts, count);
}

static const ore_optim_kind adagrad = {
    .name = "adagrad",
    .buffer_names = {"sum"},
    .squares = {true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .buffer = buffer,
    .fault = fault,
    .fill = fill,
    .run = run,
};

ore_adagrad_options ore_adagrad_defaults(void) {
    return (ore_adagrad_options){.lr = 1e-2, .eps = 1e-10};
}

ore_optimizer *ore_adagrad_new(const ore_module *root, const ore_adagrad_options *options) {
    ore_adagrad_options o = options ? *options : ore_adagrad_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .lr_decay = o.lr_decay,
        .initial_accumulator_value = o.initial_accumulator_value,
        .eps = o.eps,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&adagrad, root, &group);
}
