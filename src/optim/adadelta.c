/* adadelta.c: steps in the units of the parameters. The equations are in ore/optim.h. */
#include "core/tensor.h"
#include "optim/optimizer.h"

static const char *fault(const ore_group_options *group) {
    if (!(group->alpha >= 0 && group->alpha <= 1))
        return "rho is not in [0, 1]";
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
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, adadelta_step, dtype, parts, count);
}

static const ore_optim_kind adadelta = {
    .name = "adadelta",
    .buffer_names = {"square_avg", "acc_delta"},
    .squares = {true, true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .fault = fault,
    .fill = fill,
    .run = run,
};

ore_adadelta_options ore_adadelta_defaults(void) {
    return (ore_adadelta_options){.lr = 1, .rho = 0.9, .eps = 1e-6};
}

ore_optimizer *ore_adadelta_new(const ore_module *root, const ore_adadelta_options *options) {
    ore_adadelta_options o = options ? *options : ore_adadelta_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .alpha = o.rho,
        .eps = o.eps,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&adadelta, root, &group);
}
