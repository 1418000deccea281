/* adaptive.c: what the adaptive optimizers share. */
#include "core/tensor.h"
#include "optim/optimizer.h"

ore_adaptive_part ore_adaptive_part_of(const ore_optim_parameter *parameter,
                                       const ore_group_options *group, ore_tensor *gradient) {
    ore_adaptive_part part = {
        .p = ore_tensor_address(parameter->tensor),
        .g = ore_tensor_address(gradient),
        .n = ore_numel(parameter->tensor),
        .lr = group->lr,
        .beta1 = group->beta1,
        .beta2 = group->beta2,
        .eps = group->eps,
        .momentum = group->momentum,
        .grad_scale = parameter->grad_scale,
        .weight_decay = group->decoupled ? 0 : group->weight_decay,
        .shrink = group->decoupled ? 1 - group->lr * group->weight_decay : 1,
        .maximize = group->maximize,
    };
    for (int k = 0; k < 3; k++)
        if (parameter->buffers[k])
            part.state[k] = ore_tensor_address(parameter->buffers[k]);
    return part;
}

const char *ore_betas_fault(const ore_group_options *group) {
    if (!(group->beta1 >= 0 && group->beta1 < 1))
        return "beta1 is not in [0, 1)";
    if (!(group->beta2 >= 0 && group->beta2 < 1))
        return "beta2 is not in [0, 1)";
    if (!(group->eps >= 0))
        return "eps is negative";
    return NULL;
}
