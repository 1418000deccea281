/* group_norm.c: normalisations within each example, composed of layer norm and batch norm. */
#include "base/error.h"
#include "ops/channels.h"

static int64_t values_per_channel(const ore_tensor *x) {
    int64_t count = 1;
    for (int d = 2; d < x->shape.ndim; d++)
        count *= x->shape.dim[d];
    return count;
}

/* ---- group norm ---- */

static bool check_groups(const ore_tensor *x, int64_t groups) {
    char text[ORE_SHAPE_TEXT];
    if (x->shape.ndim < 2)
        ore_fail(ORE_INVALID, "group_norm: x %s, expected (N, C) or (N, C, ..)",
                 ore_shape_text(x->shape, text));
    else if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "group_norm: dtype %s, expected a floating one",
                 ore_dtype_name(x->dtype));
    else if (groups < 1 || x->shape.dim[1] % groups != 0)
        ore_fail(ORE_INVALID,
                 "group_norm: %lld group%s of the %lld channel%s of x %s, expected a "
                 "divisor",
                 (long long)groups, ore_plural(groups), (long long)x->shape.dim[1],
                 ore_plural(x->shape.dim[1]), ore_shape_text(x->shape, text));
    else if (ore_numel(x) == groups)
        ore_fail(ORE_INVALID,
                 "group_norm: x %s has 1 value in each of %lld groups, expected more than 1",
                 ore_shape_text(x->shape, text), (long long)groups);
    return ore_ok();
}

/* (C) -> (C, 1, ..), to broadcast over x. */
static ore_tensor *along_channels(ore_tensor *t, const ore_tensor *x) {
    ore_shape shape = {.ndim = x->shape.ndim - 1};
    for (int d = 0; d < shape.ndim; d++)
        shape.dim[d] = d == 0 ? t->shape.dim[0] : 1;
    return ore_reshape(t, shape);
}

ore_tensor *ore_f_group_norm(ore_tensor *x, int64_t groups, ore_tensor *weight, ore_tensor *bias,
                             double eps) {
    if (!ore_usable1("group_norm", x) || !check_groups(x, groups))
        return NULL;
    ore_dtype dtype = ore_norm_dtype(x, (ore_tensor *[]){weight, bias}, 2);
    if (!ore_fits_channels("group_norm", "weight", weight, x, dtype) ||
        !ore_fits_channels("group_norm", "bias", bias, x, dtype))
        return NULL;
    int64_t size = x->shape.dim[1] / groups * values_per_channel(x); /* of a group */
    ore_tensor *y = ore_reshape(ore_to(x, dtype), ORE_SHAPE(x->shape.dim[0], groups, size));
    y = ore_f_layer_norm(y, ORE_SHAPE(size), NULL, NULL, eps);
    y = ore_reshape(y, x->shape);
    if (weight)
        y = ore_mul(y, along_channels(weight, x));
    if (bias)
        y = ore_add(y, along_channels(bias, x));
    return ore_to(y, x->dtype);
}

/* ---- instance norm: batch norm of (1, N C, ..) ---- */

static bool check_instances(const ore_tensor *x, bool use_input_stats, bool has_running) {
    char text[ORE_SHAPE_TEXT];
    if (x->shape.ndim < 3)
        ore_fail(ORE_INVALID, "instance_norm: x %s, expected (N, C, ..) of three dims or more",
                 ore_shape_text(x->shape, text));
    else if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "instance_norm: dtype %s, expected a floating one",
                 ore_dtype_name(x->dtype));
    else if (!use_input_stats && !has_running)
        ore_fail(ORE_INVALID, "instance_norm: no running_mean and running_var, expected both where "
                              "use_input_stats is false");
    else if (use_input_stats && values_per_channel(x) == 1)
        ore_fail(ORE_INVALID,
                 "instance_norm: x %s has 1 value a channel, expected more than 1 where "
                 "use_input_stats is true",
                 ore_shape_text(x->shape, text));
    return ore_ok();
}

/* (C) -> (N C): the same for each of N examples. */
static ore_tensor *for_each_example(ore_tensor *t, int64_t N) {
    return t ? ore_repeat(t, ORE_SHAPE(N)) : NULL;
}

/* The average over the examples of `moved` (N C) becomes running (C). */
static void settle(ore_tensor *running, ore_tensor *moved, int64_t N) {
    if (running && N > 0)
        ore_copy_(running, ore_mean(ore_reshape(moved, ORE_SHAPE(N, running->shape.dim[0])),
                                    ORE_DIMS(0), false));
}

ore_tensor *ore_f_instance_norm(ore_tensor *x, ore_tensor *running_mean, ore_tensor *running_var,
                                ore_tensor *weight, ore_tensor *bias, bool use_input_stats,
                                double momentum, double eps) {
    if (!ore_usable1("instance_norm", x) ||
        !check_instances(x, use_input_stats, running_mean && running_var))
        return NULL;
    ore_dtype dtype =
        ore_norm_dtype(x, (ore_tensor *[]){weight, bias, running_mean, running_var}, 4);
    if (!ore_fits_channels("instance_norm", "running_mean", running_mean, x, dtype) ||
        !ore_fits_channels("instance_norm", "running_var", running_var, x, dtype) ||
        !ore_fits_channels("instance_norm", "weight", weight, x, dtype) ||
        !ore_fits_channels("instance_norm", "bias", bias, x, dtype))
        return NULL;
    if (!use_input_stats)
        return ore_batch_norm(x, running_mean, running_var, weight, bias, false, momentum, eps);
    int64_t N = x->shape.dim[0];
    ore_shape rows = x->shape;
    rows.dim[0] = 1;
    rows.dim[1] *= N;
    ore_no_grad_begin();
    ore_tensor *means = for_each_example(running_mean, N);
    ore_tensor *variances = for_each_example(running_var, N);
    ore_no_grad_end();
    ore_tensor *y =
        ore_batch_norm(ore_reshape(x, rows), means, variances, for_each_example(weight, N),
                       for_each_example(bias, N), true, momentum, eps);
    ore_no_grad_begin();
    settle(running_mean, means, N);
    settle(running_var, variances, N);
    ore_no_grad_end();
    return ore_reshape(y, x->shape);
}
