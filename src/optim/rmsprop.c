/* rmsprop.c: gradients over a running root mean square. The equations are in ore/optim.h. */
#include "core/tensor.h"
#include "optim/optimizer.h"

static ore_optim_buffer buffer(const ore_optim_parameter *parameter, const ore_group_options *group,
                               int place) {
    const bool used[ORE_OPTIM_BUFFERS] = {true, group->momentum > 0, group->centered};
    return ore_buffer_like(parameter, used[place]);
}

static const char *fault(const ore_group_options *group) {
    if (!(group->alpha >= 0))
        return "alpha is negative";
    if (!(group->momentum >= 0))
        return "momentum is negative";
    if (!(group->eps >= 0))
        return "eps is negative";
    return NULL;
}

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    (void)first;
    ore_adaptive_part *rule = part;
    *rule = ore_adaptive_part_of(parameter, group, gradient);
    rule->beta1 = group->alpha;
    if (!(group->momentum > 0))
        rule->state[1] = NULL;
    if (!group->centered)
        rule->state[2] = NULL;
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, rmsprop_step, dtype, parts, count);
}

static const ore_optim_kind rmsprop = {
    .name = "rmsprop",
    .buffer_names = {"square_avg", "momentum_buffer", "grad_avg"},
    .squares = {true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .buffer = buffer,
    .fault = fault,
    .fill = fill,
    .run = run,
};

ore_rmsprop_options ore_rmsprop_defaults(void) {
    return (ore_rmsprop_options){.lr = 1e-2, .alpha = 0.99, .eps = 1e-8};
}

ore_optimizer *ore_rmsprop_new(const ore_module *root, const ore_rmsprop_options *options) {
    ore_rmsprop_options o = options ? *options : ore_rmsprop_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .alpha = o.alpha,
        .eps = o.eps,
        .momentum = o.momentum,
        .centered = o.centered,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&rmsprop, root, &group);
}
