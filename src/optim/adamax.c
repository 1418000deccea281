/* adamax.c: Adam by the infinity norm. The equations are in ore/optim.h. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    (void)first;
    ore_adaptive_part *rule = part;
    *rule = ore_adaptive_part_of(parameter, group, gradient);
    rule->lr = group->lr / (1 - ore_math_pow(group->beta1, (double)parameter->step));
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, adamax_step, dtype, parts, count);
}

static const ore_optim_kind adamax = {
    .name = "adamax",
    .buffer_names = {"exp_avg", "exp_inf"},
    .squares = {false, true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .fault = ore_betas_fault,
    .fill = fill,
    .run = run,
};

ore_adamax_options ore_adamax_defaults(void) {
    return (ore_adamax_options){.lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

ore_optimizer *ore_adamax_new(const ore_module *root, const ore_adamax_options *options) {
    ore_adamax_options o = options ? *options : ore_adamax_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .beta1 = o.beta1,
        .beta2 = o.beta2,
        .eps = o.eps,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&adamax, root, &group);
}
