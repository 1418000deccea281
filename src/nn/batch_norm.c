/* batch_norm.c: the layers of ore_batch_norm, with their running values: one for all kinds. */
#include <math.h>

#include <ore/nn.h>
#include <ore/ops.h>

#include "nn/channel_norm.h"

/* How the layers differ: in the dims of x. */
typedef struct norm_kind {
    const char *name;
    int min_dims, max_dims;
} norm_kind;

static const norm_kind norm1d = {"batch_norm1d", 2, 3}, norm2d = {"batch_norm2d", 4, 4};

static bool fits(const norm_kind *kind, const ore_batch_norm1d *n, const ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    int dims = ore_ndim(x);
    long long C = n->num_features;
    if (x && dims >= kind->min_dims && dims <= kind->max_dims && ore_size(x, 1) == C)
        return true;
    if (!x)
        ore_fail(ORE_INVALID, "%s: x is NULL", kind->name);
    else if (kind == &norm1d)
        ore_fail(ORE_INVALID, "%s: x %s, expected (N, %lld) or (N, %lld, L)", kind->name,
                 ore_shape_text(ore_shape_of(x), text), C, C);
    else
        ore_fail(ORE_INVALID, "%s: x %s, expected (N, %lld, H, W)", kind->name,
                 ore_shape_text(ore_shape_of(x), text), C);
    return false;
}

/* Counts a training batch and returns the weight of its statistics in the running ones. */
static double count_batch(const ore_batch_norm1d *n) {
    if (!n->num_batches_tracked)
        return n->momentum;
    ore_no_grad_begin();
    ore_add_scalar_(n->num_batches_tracked, 1);
    ore_no_grad_end();
    return isnan(n->momentum) ? 1 / (double)ore_item_int(n->num_batches_tracked) : n->momentum;
}

static ore_tensor *forward(const norm_kind *kind, const ore_batch_norm1d *n, ore_tensor *x) {
    if (!ore_module_begin(&n->module))
        return NULL;
    if (!fits(kind, n, x))
        return ore_module_result(&n->module, NULL);
    bool training = n->module.training;
    double momentum = training ? count_batch(n) : 0;
    return ore_module_result(&n->module,
                             ore_batch_norm(x, n->running_mean, n->running_var, n->weight, n->bias,
                                            training || !n->running_mean, momentum, n->eps));
}

ore_tensor *ore_batch_norm1d_forward(const ore_batch_norm1d *n, ore_tensor *x) {
    return forward(&norm1d, n, x);
}

ore_tensor *ore_batch_norm2d_forward(const ore_batch_norm2d *n, ore_tensor *x) {
    return forward(&norm2d, n, x);
}

static ore_tensor *batch_norm1d_function(const ore_module *module, ore_tensor *x) {
    return ore_batch_norm1d_forward((const ore_batch_norm1d *)module, x);
}

static ore_tensor *batch_norm2d_function(const ore_module *module, ore_tensor *x) {
    return ore_batch_norm2d_forward((const ore_batch_norm2d *)module, x);
}

ore_batch_norm2d_options ore_batch_norm2d_defaults(void) {
    return ore_batch_norm1d_defaults();
}

ore_batch_norm1d_options ore_batch_norm1d_defaults(void) {
    return (ore_batch_norm1d_options){.eps = 1e-5,
                                      .momentum = 0.1,
                                      .affine = true,
                                      .track_running_stats = true,
                                      .dtype = ORE_FLOAT32,
                                      .device = ORE_CPU};
}

static void make_tensors(ore_batch_norm1d *n, const ore_batch_norm1d_options *o) {
    ore_shape channels = ORE_SHAPE(n->num_features);
    ore_scope_begin();
    if (o->affine) {
        n->weight = ore_ones(channels, o->dtype);
        n->bias = ore_zeros(channels, o->dtype);
    }
    if (o->track_running_stats) {
        n->running_mean = ore_zeros(channels, o->dtype);
        n->running_var = ore_ones(channels, o->dtype);
        n->num_batches_tracked = ore_zeros(ORE_SCALAR, ORE_INT64);
    }
    ore_layer_parameter(&n->module, "weight", &n->weight, o->device);
    ore_layer_parameter(&n->module, "bias", &n->bias, o->device);
    ore_layer_buffer(&n->module, "running_mean", &n->running_mean, o->device);
    ore_layer_buffer(&n->module, "running_var", &n->running_var, o->device);
    ore_layer_buffer(&n->module, "num_batches_tracked", &n->num_batches_tracked, ORE_CPU);
    ore_scope_end();
}

ore_status ore_channel_norm_init(ore_batch_norm1d *n, ore_module *parent, const char *name,
                                 int64_t num_features, const ore_batch_norm1d_options *options,
                                 const char *kind, ore_module_function function) {
    n->weight = n->bias = n->running_mean = n->running_var = n->num_batches_tracked = NULL;
    n->num_features = num_features;
    n->eps = options->eps;
    n->momentum = options->momentum;
    if (!ore_layer_begin(&n->module, parent, name, kind, function))
        return ore_error_status();
    if (num_features < 1 || !(options->eps >= 0))
        ore_fail(ORE_INVALID, "%s: num_features %lld, eps %g, expected at least 1 and 0", kind,
                 (long long)num_features, options->eps);
    else
        make_tensors(n, options);
    return ore_layer_end(&n->module);
}

ore_status ore_batch_norm1d_init(ore_batch_norm1d *n, ore_module *parent, const char *name,
                                 int64_t num_features, const ore_batch_norm1d_options *options) {
    ore_batch_norm1d_options o = options ? *options : ore_batch_norm1d_defaults();
    return ore_channel_norm_init(n, parent, name, num_features, &o, norm1d.name,
                                 batch_norm1d_function);
}

ore_status ore_batch_norm2d_init(ore_batch_norm2d *n, ore_module *parent, const char *name,
                                 int64_t num_features, const ore_batch_norm2d_options *options) {
    ore_batch_norm2d_options o = options ? *options : ore_batch_norm2d_defaults();
    return ore_channel_norm_init(n, parent, name, num_features, &o, norm2d.name,
                                 batch_norm2d_function);
}
