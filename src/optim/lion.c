/* lion.c: the sign of an interpolated momentum. The equations are in ore/optim.h. */
#include "core/tensor.h"
#include "optim/optimizer.h"

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    (void)first;
    ore_adaptive_part *rule = part;
    *rule = ore_adaptive_part_of(parameter, group, gradient);
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, lion_step, dtype, parts, count);
}

static const ore_optim_kind lion = {
    .name = "lion",
    .buffer_names = {"exp_avg"},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .fault = ore_betas_fault,
    .fill = fill,
    .run = run,
};

ore_lion_options ore_lion_defaults(void) {
    return (ore_lion_options){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.99};
}

ore_optimizer *ore_lion_new(const ore_module *root, const ore_lion_options *options) {
    ore_lion_options o = options ? *options : ore_lion_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .beta1 = o.beta1,
        .beta2 = o.beta2,
        .decoupled = true,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&lion, root, &group);
}
