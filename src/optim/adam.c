/* adam.c: Adam and AdamW, which differ only in where the weight decay goes. The equations are in
 * ore/optim.h. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

static int buffers(const ore_group_options *group) {
    return group->amsgrad ? 3 : 2;
}

/* What both kinds share; bias corrections are in double. */
static ore_adam_part part_of(const ore_optim_parameter *parameter, const ore_group_options *group,
                             ore_tensor *gradient) {
    double t = (double)parameter->step;
    return (ore_adam_part){
        .p = ore_tensor_address(parameter->tensor),
        .g = ore_tensor_address(gradient),
        .m = ore_tensor_address(parameter->buffers[0]),
        .v = ore_tensor_address(parameter->buffers[1]),
        .v_max = group->amsgrad ? ore_tensor_address(parameter->buffers[2]) : NULL,
        .n = ore_numel(parameter->tensor),
        .step_size = group->lr / (1 - ore_math_pow(group->beta1, t)),
        .bias2_sqrt = sqrt(1 - ore_math_pow(group->beta2, t)),
        .beta1 = group->beta1,
        .beta2 = group->beta2,
        .eps = group->eps,
        .weight_decay = 0,
        .shrink = 1,
        .grad_scale = parameter->grad_scale,
        .maximize = group->maximize,
    };
}

static void fill_adam(void *part, const ore_optim_parameter *parameter,
                      const ore_group_options *group, ore_tensor *gradient, bool first) {
    (void)first;
    ore_adam_part *adam = part;
    *adam = part_of(parameter, group, gradient);
    adam->weight_decay = group->weight_decay;
}

static void fill_adamw(void *part, const ore_optim_parameter *parameter,
                       const ore_group_options *group, ore_tensor *gradient, bool first) {
    (void)first;
    ore_adam_part *adam = part;
    *adam = part_of(parameter, group, gradient);
    adam->shrink = 1 - group->lr * group->weight_decay;
}

static ore_status run(const ore_context *ctx, ore_dtype dtype, const void *parts, int64_t count) {
    return ORE_CALL(ctx, adam_step, dtype, parts, count);
}

static const ore_optim_kind adam = {
    .name = "adam",
    .buffer_names = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    .squares = {false, true, true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adam_part),
    .buffers = buffers,
    .fault = ore_betas_fault,
    .fill = fill_adam,
    .run = run,
};

static const ore_optim_kind adamw = {
    .name = "adamw",
    .buffer_names = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    .squares = {false, true, true},
    .counts_steps = true,
    .scales_gradients = true,
    .part_bytes = sizeof(ore_adam_part),
    .buffers = buffers,
    .fault = ore_betas_fault,
    .fill = fill_adamw,
    .run = run,
};

ore_adam_options ore_adam_defaults(void) {
    return (ore_adam_options){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

ore_adamw_options ore_adamw_defaults(void) {
    ore_adamw_options o = ore_adam_defaults();
    o.weight_decay = 1e-2;
    return o;
}

static ore_group_options group_of(const ore_adam_options *o) {
    return (ore_group_options){
        .lr = o->lr,
        .weight_decay = o->weight_decay,
        .beta1 = o->beta1,
        .beta2 = o->beta2,
        .eps = o->eps,
        .amsgrad = o->amsgrad,
        .maximize = o->maximize,
    };
}

ore_optimizer *ore_adam_new(const ore_module *root, const ore_adam_options *options) {
    ore_adam_options o = options ? *options : ore_adam_defaults();
    ore_group_options group = group_of(&o);
    return ore_optimizer_new(&adam, root, &group);
}

ore_optimizer *ore_adamw_new(const ore_module *root, const ore_adamw_options *options) {
    ore_adamw_options o = options ? *options : ore_adamw_defaults();
    ore_group_options group = group_of(&o);
    return ore_optimizer_new(&adamw, root, &group);
}
