/* radam.c: Adam with its early variance rectified. The equations are in ore/optim.h. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    (void)first;
    ore_adaptive_part *rule = part;
    *rule = ore_adaptive_part_of(parameter, group, gradient);
    double t = (double)parameter->step, bias2 = 1 - ore_math_pow(group->beta2, t);
    double max = 2 / (1 - group->beta2) - 1;
    double length = max - 2 * t * ore_math_pow(group->beta2, t) / bias2;
    rule->lr = group->lr / (1 - ore_math_pow(group->beta1, t));
    if (length > 5)
        rule->bias2 = sqrt(bias2) *
                      sqrt((length - 4) * (length - 2) * max / ((max - 4) * (max - 2) * length));
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, radam_step, dtype, parts, count);
}

static const ore_optim_kind radam = {
    .name = "radam",
    .buffer_names = {"exp_avg", "exp_avg_sq"},
    .squares = {false, true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .fault = ore_betas_fault,
    .fill = fill,
    .run = run,
};

ore_radam_options ore_radam_defaults(void) {
    return (ore_radam_options){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

ore_optimizer *ore_radam_new(const ore_module *root, const ore_radam_options *options) {
    ore_radam_options o = options ? *options : ore_radam_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .beta1 = o.beta1,
        .beta2 = o.beta2,
        .eps = o.eps,
        .decoupled = o.decoupled,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&radam, root, &group);
}
