/* batch_norm.c: normalisation of each channel over the batch. */
#include "ops/channels.h"

/* ---- batch norm ---- */

/* Batch norm: n = (x - mean) rstd, y = n weight + bias, rstd = 1 / sqrt(var + eps); mean and
 * biased variance of a channel are the batch's while training, else the running ones; Ioffe and
 * Szegedy 2015, arXiv:1502.03167. dweight = sum dy n, dbias = sum dy, and while training
 * dx = weight rstd (dy - mean(dy) - n mean(dy n)), else dx = weight rstd dy. */

enum { NORM_X, NORM_WEIGHT, NORM_BIAS, NORM_INPUTS };
enum { SAVED_X, SAVED_WEIGHT, SAVED_MOMENTS, SAVED_COUNT };

/* x as (N, C, L), and the places of its moments (2, C): means, then rstds. */
typedef struct norm_attributes {
    bool training;
    bool wide; /* parameters are float32 beside halves */
} norm_attributes;

static ore_batch_norm_args args_of(const ore_tensor *x, const ore_tensor *weight,
                                   const ore_tensor *moments) {
    ore_batch_norm_args args = {.N = x->shape.dim[0], .C = x->shape.dim[1], .L = 1};
    for (int d = 2; d < x->shape.ndim; d++)
        args.L *= x->shape.dim[d];
    args.x = ore_tensor_address(x);
    args.weight = ore_address_or_null(weight);
    args.mean = ore_tensor_address(moments);
    args.rstd = args.mean + args.C;
    return args;
}

static void batch_norm_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, SAVED_X), *weight = ore_node_saved(node, SAVED_WEIGHT);
    ore_tensor *moments = ore_node_saved(node, SAVED_MOMENTS);
    const norm_attributes *attributes = ore_node_attributes(node);
    dy = ore_contiguous(dy);
    if (!ore_ok())
        return;
    ore_tensor *dx = ore_gradient_if_wanted(node, NORM_X, dy),
               *dweight = ore_norm_gradient(node, NORM_WEIGHT, dy, attributes->wide);
    ore_tensor *dbias = ore_norm_gradient(node, NORM_BIAS, dy, attributes->wide);
    if (!ore_ok())
        return;
    ore_batch_norm_args args = args_of(x, weight, moments);
    args.training = attributes->training;
    args.wide = attributes->wide;
    args.dy = ore_tensor_address(dy);
    args.dx = ore_address_or_null(dx);
    args.dweight = ore_address_or_null(dweight);
    args.dbias = ore_address_or_null(dbias);
    if (ORE_CALL(ore_context_for(x), batch_norm_backward, x->dtype, &args) != ORE_OK)
        return;
    ore_pass(node, NORM_X, dx);
    ore_pass(node, NORM_WEIGHT, dweight);
    ore_pass(node, NORM_BIAS, dbias);
}

static const ore_op batch_norm_op = {"batch_norm", batch_norm_backward};

bool ore_fits_channels(const char *op, const char *what, ore_tensor *t, const ore_tensor *x,
                       ore_dtype dtype) {
    char got[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    ore_shape channels = ORE_SHAPE(x->shape.dim[1]);
    if (!t)
        return true;
    if (!ore_usable_beside(op, x, t))
        return false;
    if (ore_shape_equal(t->shape, channels) && t->dtype == dtype)
        return true;
    ore_fail(ORE_INVALID, "%s: %s %s of %s, expected %s of %s", op, what,
             ore_shape_text(t->shape, got), ore_dtype_name(t->dtype),
             ore_shape_text(channels, want), ore_dtype_name(dtype));
    return false;
}

/* A running value, which training overwrites in its own memory. */
static bool fits_running(const char *what, ore_tensor *t, const ore_tensor *x, ore_dtype dtype,
                         bool training) {
    if (!ore_fits_channels("batch_norm", what, t, x, dtype))
        return false;
    if (!t || !training)
        return true;
    if (!ore_is_contiguous(t)) {
        ore_fail(ORE_INVALID, "batch_norm: %s is not contiguous", what);
        return false;
    }
    return ore_may_overwrite("batch_norm", t);
}

static bool check_batch(const ore_tensor *x, bool training, bool has_running) {
    char text[ORE_SHAPE_TEXT];
    if (x->shape.ndim < 2)
        ore_fail(ORE_INVALID, "batch_norm: x %s, expected (N, C) or (N, C, ..)",
                 ore_shape_text(x->shape, text));
    else if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "batch_norm: dtype %s, expected a floating one",
                 ore_dtype_name(x->dtype));
    else if (training && ore_numel(x) > 0 && ore_numel(x) == x->shape.dim[1])
        ore_fail(ORE_INVALID,
                 "batch_norm: x %s has 1 value a channel, expected more than 1 while training",
                 ore_shape_text(x->shape, text));
    else if (!training && !has_running)
        ore_fail(ORE_INVALID, "batch_norm: no running_mean and running_var, expected both where "
                              "training is false");
    return ore_ok();
}

ore_tensor *ore_batch_norm(ore_tensor *x, ore_tensor *running_mean, ore_tensor *running_var,
                           ore_tensor *weight, ore_tensor *bias, bool training, double momentum,
                           double eps) {
    ore_tensor *parameters[] = {weight, bias, running_mean, running_var};
    if (!ore_usable1("batch_norm", x) || !check_batch(x, training, running_mean && running_var))
        return NULL;
    ore_dtype dtype = ore_norm_dtype(x, parameters, 4);
    if (!fits_running("running_mean", running_mean, x, dtype, training) ||
        !fits_running("running_var", running_var, x, dtype, training) ||
        !ore_fits_channels("batch_norm", "weight", weight, x, dtype) ||
        !ore_fits_channels("batch_norm", "bias", bias, x, dtype))
        return NULL;
    x = ore_contiguous(x);
    for (int i = 0; i < 4 && x; i++)
        if (parameters[i] && !(parameters[i] = ore_contiguous(parameters[i])))
            return NULL;
    ore_tensor *inputs[NORM_INPUTS] = {x, parameters[0], parameters[1]};
    ore_tensor *y = x ? ore_tensor_new(x->shape, x->dtype, ore_tensor_device(x)) : NULL;
    ore_tensor *moments =
        y ? ore_tensor_new(ORE_SHAPE(2, x->shape.dim[1]), ORE_FLOAT64, ore_tensor_device(x)) : NULL;
    if (!moments)
        return NULL;
    ore_batch_norm_args args = args_of(x, parameters[0], moments);
    args.eps = eps;
    args.momentum = momentum;
    args.training = training;
    args.wide = dtype != x->dtype;
    args.bias = ore_address_or_null(parameters[1]);
    args.y = ore_tensor_address(y);
    args.running_mean = ore_address_or_null(parameters[2]);
    args.running_var = ore_address_or_null(parameters[3]);
    ore_status status = ORE_CALL(ore_context_for(x), batch_norm, x->dtype, &args);
    for (int i = 2; i < 4 && training; i++)
        if (parameters[i])
            ore_tensor_changed(parameters[i]);
    ore_node *node = status == ORE_OK ? ore_record(&batch_norm_op, y, NORM_INPUTS, inputs,
                                                   SAVED_COUNT, sizeof(norm_attributes))
                                      : NULL;
    if (node) {
        *(norm_attributes *)ore_node_attributes(node) = (norm_attributes){training, args.wide};
        ore_node_save(node, SAVED_X, x);
        ore_node_save(node, SAVED_WEIGHT, parameters[0]);
        ore_node_save(node, SAVED_MOMENTS, moments);
    }
    return status == ORE_OK ? ore_made(y) : NULL;
}
