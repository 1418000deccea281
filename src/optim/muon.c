/* muon.c: momentum made orthogonal by a Newton-Schulz iteration. The equations are in
 * ore/optim.h. */
#include <math.h>

#include <ore/ops.h>

#include "core/tensor.h"
#include "optim/optimizer.h"

static const char *fault(const ore_group_options *group) {
    if (!(group->momentum >= 0))
        return "momentum is negative";
    if (group->ns_steps < 0 || group->ns_steps >= 100)
        return "ns_steps is not in [0, 100)";
    if (!(group->eps >= 0))
        return "eps is negative";
    return NULL;
}

static const char *refuses(const ore_optimizer *o, const ore_tensor *parameter) {
    (void)o;
    return ore_ndim(parameter) == 2 ? NULL : "has not two dims, as Muon needs";
}

/* Singular values of x (A, B) brought close to 1: X = a X + (b G + c G G) X, G = X X'. */
static ore_tensor *orthogonal(ore_tensor *x, const ore_group_options *group) {
    bool tall = ore_size(x, 0) > ore_size(x, 1);
    const double *k = group->ns_coefficients;
    if (tall)
        x = ore_transpose(x, 0, 1);
    double norm = ore_item(ore_norm(x, 2, ORE_ALL, false));
    x = ore_div_scalar(x, fmax(norm, group->eps));
    for (int64_t step = 0; step < group->ns_steps; step++) {
        ore_tensor *gram = ore_matmul(x, ore_transpose(x, 0, 1));
        ore_tensor *update =
            ore_add(ore_mul_scalar(gram, k[1]), ore_mul_scalar(ore_matmul(gram, gram), k[2]));
        x = ore_add(ore_mul_scalar(x, k[0]), ore_matmul(update, x));
    }
    return tall ? ore_transpose(x, 0, 1) : x;
}

static ore_status update(ore_optim_parameter *parameter, const ore_group_options *group,
                         ore_tensor *gradient) {
    ore_tensor *p = parameter->tensor, *b = parameter->buffers[0];
    if (ore_numel(p) == 0)
        return ORE_OK;
    double rows = (double)ore_size(p, 0), cols = (double)ore_size(p, 1);
    ore_add_(b, ore_mul_scalar(ore_sub(gradient, b), 1 - group->momentum));
    ore_tensor *u = b;
    if (group->nesterov)
        u = ore_add(gradient, ore_mul_scalar(ore_sub(b, gradient), group->momentum));
    u = orthogonal(u, group);
    double scale =
        group->match_rms_adamw ? 0.2 * sqrt(fmax(rows, cols)) : sqrt(fmax(1, rows / cols));
    ore_mul_scalar_(p, 1 - group->lr * group->weight_decay);
    ore_sub_(p, ore_mul_scalar(u, group->lr * scale));
    return ore_error_status();
}

static const ore_optim_kind muon = {
    .name = "muon",
    .buffer_names = {"momentum_buffer"},
    .counts_steps = false,
    .fault = fault,
    .refuses = refuses,
    .update = update,
};

ore_muon_options ore_muon_defaults(void) {
    return (ore_muon_options){.lr = 1e-3,
                              .weight_decay = 0.1,
                              .momentum = 0.95,
                              .nesterov = true,
                              .ns_coefficients = {3.4445, -4.7750, 2.0315},
                              .eps = 1e-7,
                              .ns_steps = 5};
}

ore_optimizer *ore_muon_new(const ore_module *root, const ore_muon_options *options) {
    ore_muon_options o = options ? *options : ore_muon_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .momentum = o.momentum,
        .nesterov = o.nesterov,
        .ns_coefficients = {o.ns_coefficients[0], o.ns_coefficients[1], o.ns_coefficients[2]},
        .ns_steps = o.ns_steps,
        .eps = o.eps,
        .match_rms_adamw = o.match_rms_adamw,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&muon, root, &group);
}
