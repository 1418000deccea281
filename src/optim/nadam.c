/* nadam.c: Adam with Nesterov's momentum. The equations are in ore/optim.h. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

/* The product of the momenta is one float32, whatever the parameter's dtype, as PyTorch's. */
static ore_optim_buffer buffer(const ore_optim_parameter *parameter, const ore_group_options *group,
                               int place) {
    (void)group;
    if (place == 2)
        return (ore_optim_buffer){true, ORE_SCALAR, ORE_FLOAT32, 1};
    return ore_buffer_like(parameter, true);
}

static double momentum_at(const ore_group_options *group, double t) {
    return group->beta1 * (1 - 0.5 * ore_math_pow(0.96, t * group->momentum_decay));
}

static const char *fault(const ore_group_options *group) {
    if (!(group->momentum_decay >= 0))
        return "momentum_decay is negative";
    return ore_betas_fault(group);
}

static void fill(void *part, const ore_optim_parameter *parameter, const ore_group_options *group,
                 ore_tensor *gradient, bool first) {
    (void)first;
    ore_adaptive_part *rule = part;
    *rule = ore_adaptive_part_of(parameter, group, gradient);
    double t = (double)parameter->step;
    double mu = momentum_at(group, t), next = momentum_at(group, t + 1);
    rule->product = (double)((float)ore_item(parameter->buffers[2]) * (float)mu);
    rule->lr_gradient = group->lr * (1 - mu) / (1 - rule->product);
    double ahead = rule->product * next * (group->torch_2 ? 1 : mu);
    rule->lr = group->lr * next / (1 - ahead);
    rule->bias2 = 1 - ore_math_pow(group->beta2, t);
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, nadam_step, dtype, parts, count);
}

static const ore_optim_kind nadam = {
    .name = "nadam",
    .buffer_names = {"exp_avg", "exp_avg_sq", "mu_product"},
    .squares = {false, true, true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adaptive_part),
    .buffer = buffer,
    .fault = fault,
    .fill = fill,
    .run = run,
};

ore_nadam_options ore_nadam_defaults(void) {
    return (ore_nadam_options){
        .lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .momentum_decay = 4e-3};
}

ore_optimizer *ore_nadam_new(const ore_module *root, const ore_nadam_options *options) {
    ore_nadam_options o = options ? *options : ore_nadam_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .beta1 = o.beta1,
        .beta2 = o.beta2,
        .eps = o.eps,
        .momentum_decay = o.momentum_decay,
        .decoupled = o.decoupled,
        .torch_2 = o.torch_2,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&nadam, root, &group);
}
