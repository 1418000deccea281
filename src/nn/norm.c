/* norm.c: the layers that normalise each example by itself. */
#include <math.h>

#include <ore/nn.h>
#include <ore/ops.h>

#include "nn/layer.h"

/* ---- layer norm ---- */

static ore_tensor *layer_norm_function(const ore_module *module, ore_tensor *x) {
    return ore_layer_norm_forward((const ore_layer_norm *)module, x);
}

ore_tensor *ore_layer_norm_forward(const ore_layer_norm *n, ore_tensor *x) {
    if (!ore_module_begin(&n->module))
        return NULL;
    return ore_module_result(&n->module, ore_f_layer_norm(x, n->shape, n->weight, n->bias, n->eps));
}

ore_layer_norm_options ore_layer_norm_defaults(void) {
    return (ore_layer_norm_options){
        .eps = 1e-5, .weight = true, .bias = true, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

ore_status ore_layer_norm_init(ore_layer_norm *n, ore_module *parent, const char *name,
                               ore_shape shape, const ore_layer_norm_options *options) {
    ore_layer_norm_options o = options ? *options : ore_layer_norm_defaults();
    n->weight = n->bias = NULL;
    n->shape = shape;
    n->eps = o.eps;
    if (!ore_layer_begin(&n->module, parent, name, "layer_norm", layer_norm_function))
        return ore_error_status();
    if (shape.ndim < 1 || !(o.eps >= 0)) {
        ore_fail(ORE_INVALID, "layer_norm: %d dims, eps %g, expected at least 1 and 0", shape.ndim,
                 o.eps);
        return ore_layer_end(&n->module);
    }
    ore_scope_begin();
    if (o.weight)
        n->weight = ore_ones(shape, o.dtype);
    ore_layer_parameter(&n->module, "weight", &n->weight, o.device);
    if (o.bias)
        n->bias = ore_zeros(shape, o.dtype);
    ore_layer_parameter(&n->module, "bias", &n->bias, o.device);
    ore_scope_end();
    return ore_layer_end(&n->module);
}

/* ---- RMS norm ---- */

static ore_tensor *rms_norm_function(const ore_module *module, ore_tensor *x) {
    return ore_rms_norm_forward((const ore_rms_norm *)module, x);
}

ore_tensor *ore_rms_norm_forward(const ore_rms_norm *n, ore_tensor *x) {
    if (!ore_module_begin(&n->module))
        return NULL;
    return ore_module_result(&n->module, ore_f_rms_norm(x, n->shape, n->weight, n->eps));
}

ore_rms_norm_options ore_rms_norm_defaults(void) {
    return (ore_rms_norm_options){
        .eps = NAN, .weight = true, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

ore_status ore_rms_norm_init(ore_rms_norm *n, ore_module *parent, const char *name, ore_shape shape,
                             const ore_rms_norm_options *options) {
    ore_rms_norm_options o = options ? *options : ore_rms_norm_defaults();
    n->weight = NULL;
    n->shape = shape;
    n->eps = o.eps;
    if (!ore_layer_begin(&n->module, parent, name, "rms_norm", rms_norm_function))
        return ore_error_status();
    if (shape.ndim < 1 || o.eps < 0) {
        ore_fail(ORE_INVALID, "rms_norm: %d dims, eps %g, expected at least 1 and 0", shape.ndim,
                 o.eps);
        return ore_layer_end(&n->module);
    }
    ore_scope_begin();
    if (o.weight)
        n->weight = ore_ones(shape, o.dtype);
    ore_layer_parameter(&n->module, "weight", &n->weight, o.device);
    ore_scope_end();
    return ore_layer_end(&n->module);
}

/* ---- group norm ---- */

static ore_tensor *group_norm_function(const ore_module *module, ore_tensor *x) {
    return ore_group_norm_forward((const ore_group_norm *)module, x);
}

ore_tensor *ore_group_norm_forward(const ore_group_norm *n, ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_module_begin(&n->module))
        return NULL;
    if (x && (ore_ndim(x) < 2 || ore_size(x, 1) != n->num_channels)) {
        ore_fail(ORE_INVALID, "group_norm: x %s, expected (N, %lld) or (N, %lld, ..)",
                 ore_shape_text(ore_shape_of(x), text), (long long)n->num_channels,
                 (long long)n->num_channels);
        return ore_module_result(&n->module, NULL);
    }
    return ore_module_result(&n->module,
                             ore_f_group_norm(x, n->num_groups, n->weight, n->bias, n->eps));
}

ore_group_norm_options ore_group_norm_defaults(void) {
    return (ore_group_norm_options){
        .eps = 1e-5, .affine = true, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

ore_status ore_group_norm_init(ore_group_norm *n, ore_module *parent, const char *name,
                               int64_t num_groups, int64_t num_channels,
                               const ore_group_norm_options *options) {
    ore_group_norm_options o = options ? *options : ore_group_norm_defaults();
    n->weight = n->bias = NULL;
    n->num_groups = num_groups;
    n->num_channels = num_channels;
    n->eps = o.eps;
    if (!ore_layer_begin(&n->module, parent, name, "group_norm", group_norm_function))
        return ore_error_status();
    if (num_groups < 1 || num_channels < 1 || num_channels % num_groups != 0 || !(o.eps >= 0)) {
        ore_fail(ORE_INVALID,
                 "group_norm: num_groups %lld, num_channels %lld, eps %g, expected groups that "
                 "divide the channels and an eps of at least 0",
                 (long long)num_groups, (long long)num_channels, o.eps);
        return ore_layer_end(&n->module);
    }
    ore_scope_begin();
    if (o.affine) {
        n->weight = ore_ones(ORE_SHAPE(num_channels), o.dtype);
        n->bias = ore_zeros(ORE_SHAPE(num_channels), o.dtype);
    }
    ore_layer_parameter(&n->module, "weight", &n->weight, o.device);
    ore_layer_parameter(&n->module, "bias", &n->bias, o.device);
    ore_scope_end();
    return ore_layer_end(&n->module);
}
