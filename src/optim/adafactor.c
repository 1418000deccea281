/* adafactor.c: second moments of matrices by their rows and columns. The equations are in
 * ore/optim.h. */
#include <float.h>
#include <math.h>

#include <ore/ops.h>

#include "base/elementary/elementary.h"
#include "core/tensor.h"
#include "optim/optimizer.h"

enum { ROW_VAR, COL_VAR, VARIANCE };

/* Matrices (and stacks of them) have row_var (.., R, 1) and col_var (.., 1, C); vectors have the
 * whole variance. */
static ore_optim_buffer buffer(const ore_optim_parameter *parameter, const ore_group_options *group,
                               int place) {
    (void)group;
    ore_shape shape = ore_shape_of(parameter->tensor);
    bool factored = shape.ndim > 1;
    if (factored && place == ROW_VAR)
        shape.dim[shape.ndim - 1] = 1;
    if (factored && place == COL_VAR)
        shape.dim[shape.ndim - 2] = 1;
    return (ore_optim_buffer){.used = factored == (place != VARIANCE),
                              .shape = shape,
                              .dtype = ore_tensor_dtype(parameter->tensor)};
}

static const char *fault(const ore_group_options *group) {
    if (!(group->beta2_decay <= 0))
        return "beta2_decay is positive";
    if (!(group->eps >= 0))
        return "eps1 is negative";
    if (!(group->eps2 >= 0))
        return "eps2 is negative";
    if (!(group->clip_threshold >= 1))
        return "d is below 1";
    return NULL;
}

static double root_mean_square(ore_tensor *x) {
    double n = (double)ore_numel(x);
    return n > 0 ? ore_item(ore_norm(x, 2, ORE_ALL, false)) / sqrt(n) : 0;
}

/* v += fresh (now - v) */
static ore_tensor *move_towards(ore_tensor *v, ore_tensor *now, double fresh) {
    return ore_add_(v, ore_mul_scalar(ore_sub(now, v), fresh));
}

/* V of the equations, after the moments have moved. */
static ore_tensor *variance_of(ore_optim_parameter *parameter, ore_tensor *gradient, double fresh,
                               double eps1) {
    ore_tensor **b = parameter->buffers, *squares = ore_square(gradient);
    if (ore_ndim(gradient) < 2)
        return move_towards(b[VARIANCE], squares, fresh);
    move_towards(b[ROW_VAR], ore_mean(squares, ORE_DIMS(-1), true), fresh);
    move_towards(b[COL_VAR], ore_mean(squares, ORE_DIMS(-2), true), fresh);
    ore_tensor *mean = ore_mean(b[ROW_VAR], ORE_DIMS(-2), true);
    return ore_div(ore_mul(b[ROW_VAR], b[COL_VAR]), ore_clamp(mean, eps1, INFINITY));
}

static ore_status update(ore_optim_parameter *parameter, const ore_group_options *group,
                         ore_tensor *gradient) {
    ore_tensor *p = parameter->tensor;
    double t = (double)parameter->step, eps1 = group->eps;
    if (eps1 == 0)
        eps1 = ore_tensor_dtype(p) == ORE_FLOAT64 ? DBL_EPSILON : (double)FLT_EPSILON;
    double rate = fmin(group->lr, 1 / sqrt(t)) * fmax(group->eps2, root_mean_square(p));
    ore_tensor *v = variance_of(parameter, gradient, ore_math_pow(t, group->beta2_decay), eps1);
    ore_tensor *u = ore_div(gradient, ore_sqrt(ore_clamp(v, eps1 * eps1, INFINITY)));
    double clip = fmax(1, root_mean_square(u) / group->clip_threshold);
    if (group->weight_decay != 0)
        ore_mul_scalar_(p, 1 - group->lr * group->weight_decay);
    ore_sub_(p, ore_mul_scalar(u, rate / clip));
    return ore_error_status();
}

static const ore_optim_kind adafactor = {
    .name = "adafactor",
    .buffer_names = {"row_var", "col_var", "variance"},
    .squares = {true, true, true},
    .counts_steps = true,
    .buffer = buffer,
    .fault = fault,
    .update = update,
};

ore_adafactor_options ore_adafactor_defaults(void) {
    return (ore_adafactor_options){.lr = 1e-2, .beta2_decay = -0.8, .eps2 = 1e-3, .d = 1};
}

ore_optimizer *ore_adafactor_new(const ore_module *root, const ore_adafactor_options *options) {
    ore_adafactor_options o = options ? *options : ore_adafactor_defaults();
    ore_group_options group = {
        .lr = o.lr,
        .weight_decay = o.weight_decay,
        .beta2_decay = o.beta2_decay,
        .eps = o.eps1,
        .eps2 = o.eps2,
        .clip_threshold = o.d,
        .maximize = o.maximize,
    };
    return ore_optimizer_new(&adafactor, root, &group);
}
