/* instance_norm.c: the layers of ore_f_instance_norm, with their running values. */
#include <math.h>

#include <ore/nn.h>
#include <ore/ops.h>

#include "nn/channel_norm.h"

/* x (N, C, ..) with `spatial` dims after C, or (C, ..) as one example of it. */
static ore_tensor *forward(const ore_instance_norm *n, ore_tensor *x, const char *expected,
                           int spatial) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_module_begin(&n->module))
        return NULL;
    int dims = ore_ndim(x);
    bool alone = dims == spatial + 1; /* one example, without N */
    if (x && ((dims != spatial + 2 && !alone) || ore_size(x, alone ? 0 : 1) != n->num_features)) {
        ore_fail(ORE_INVALID, "%s: x %s, expected (N, C%s) or (C%s), C = %lld", n->module.kind,
                 ore_shape_text(ore_shape_of(x), text), expected, expected,
                 (long long)n->num_features);
        return ore_module_result(&n->module, NULL);
    }
    double momentum = isnan(n->momentum) ? 0 : n->momentum;
    ore_tensor *y = ore_f_instance_norm(alone ? ore_unsqueeze(x, 0) : x, n->running_mean,
                                        n->running_var, n->weight, n->bias,
                                        n->module.training || !n->running_mean, momentum, n->eps);
    return ore_module_result(&n->module, alone ? ore_squeeze(y, 0) : y);
}

ore_tensor *ore_instance_norm1d_forward(const ore_instance_norm *n, ore_tensor *x) {
    return forward(n, x, ", L", 1);
}

ore_tensor *ore_instance_norm2d_forward(const ore_instance_norm *n, ore_tensor *x) {
    return forward(n, x, ", H, W", 2);
}

static ore_tensor *function_1d(const ore_module *module, ore_tensor *x) {
    return ore_instance_norm1d_forward((const ore_instance_norm *)module, x);
}

static ore_tensor *function_2d(const ore_module *module, ore_tensor *x) {
    return ore_instance_norm2d_forward((const ore_instance_norm *)module, x);
}

ore_instance_norm_options ore_instance_norm_defaults(void) {
    return (ore_instance_norm_options){
        .eps = 1e-5, .momentum = 0.1, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

ore_status ore_instance_norm1d_init(ore_instance_norm *n, ore_module *parent, const char *name,
                                    int64_t num_features,
                                    const ore_instance_norm_options *options) {
    ore_instance_norm_options o = options ? *options : ore_instance_norm_defaults();
    return ore_channel_norm_init(n, parent, name, num_features, &o, "instance_norm1d", function_1d);
}

ore_status ore_instance_norm2d_init(ore_instance_norm *n, ore_module *parent, const char *name,
                                    int64_t num_features,
                                    const ore_instance_norm_options *options) {
    ore_instance_norm_options o = options ? *options : ore_instance_norm_defaults();
    return ore_channel_norm_init(n, parent, name, num_features, &o, "instance_norm2d", function_2d);
}
