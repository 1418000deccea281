/* batch_norm.c: the layer of ore_batch_norm, with its running values. */
#include <math.h>

#include <ore/nn.h>
#include <ore/ops.h>

static bool fits(const ore_batch_norm1d *n, const ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    int dims = ore_ndim(x);
    if (x && (dims == 2 || dims == 3) && ore_size(x, 1) == n->num_features)
        return true;
    if (x)
        ore_fail(ORE_INVALID, "batch_norm1d: x %s, expected (N, %lld) or (N, %lld, L)",
                 ore_shape_text(ore_shape_of(x), text), (long long)n->num_features,
                 (long long)n->num_features);
    else
        ore_fail(ORE_INVALID, "batch_norm1d: x is NULL");
    return false;
}

/* Counts a training batch; the share that its values get in the running ones. */
static double count_batch(const ore_batch_norm1d *n) {
    if (!n->num_batches_tracked)
        return n->momentum;
    ore_no_grad_begin();
    ore_add_scalar_(n->num_batches_tracked, 1);
    ore_no_grad_end();
    return isnan(n->momentum) ? 1 / (double)ore_item_int(n->num_batches_tracked) : n->momentum;
}

static ore_tensor *batch_norm1d_function(const ore_module *module, ore_tensor *x) {
    return ore_batch_norm1d_forward((const ore_batch_norm1d *)module, x);
}

ore_tensor *ore_batch_norm1d_forward(const ore_batch_norm1d *n, ore_tensor *x) {
    if (!ore_ok())
        return NULL;
    if (!fits(n, x))
        return ore_module_result(&n->module, NULL);
    bool training = n->module.training;
    double momentum = training ? count_batch(n) : 0;
    return ore_module_result(&n->module,
                             ore_batch_norm(x, n->running_mean, n->running_var, n->weight, n->bias,
                                            training || !n->running_mean, momentum, n->eps));
}

ore_batch_norm1d_options ore_batch_norm1d_defaults(void) {
    return (ore_batch_norm1d_options){.eps = 1e-5,
                                      .momentum = 0.1,
                                      .affine = true,
                                      .track_running_stats = true,
                                      .dtype = ORE_FLOAT32,
                                      .device = ORE_CPU};
}

/* Moves a new tensor to its device and registers it. */
static void add_tensor(ore_module *module, const char *name, ore_tensor **field, bool parameter,
                       ore_device device) {
    if (*field && device != ORE_CPU)
        *field = ore_to_device(*field, device);
    if (parameter)
        ore_module_register_parameter(module, name, field);
    else
        ore_module_register_buffer(module, name, field, true);
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
    add_tensor(&n->module, "weight", &n->weight, true, o->device);
    add_tensor(&n->module, "bias", &n->bias, true, o->device);
    add_tensor(&n->module, "running_mean", &n->running_mean, false, o->device);
    add_tensor(&n->module, "running_var", &n->running_var, false, o->device);
    add_tensor(&n->module, "num_batches_tracked", &n->num_batches_tracked, false, ORE_CPU);
    ore_scope_end();
}

ore_status ore_batch_norm1d_init(ore_batch_norm1d *n, ore_module *parent, const char *name,
                                 int64_t num_features, const ore_batch_norm1d_options *options) {
    ore_batch_norm1d_options o = options ? *options : ore_batch_norm1d_defaults();
    n->weight = n->bias = n->running_mean = n->running_var = n->num_batches_tracked = NULL;
    n->num_features = num_features;
    n->eps = o.eps;
    n->momentum = o.momentum;
    if (ore_module_init(&n->module, parent, name) != ORE_OK)
        return ore_error_status();
    n->module.kind = "batch_norm1d";
    n->module.forward = batch_norm1d_function;
    if (num_features < 1 || !(o.eps >= 0))
        ore_fail(ORE_INVALID, "batch_norm1d: num_features %lld, eps %g, expected at least 1 and 0",
                 (long long)num_features, o.eps);
    else
        make_tensors(n, &o);
    ore_module_result(&n->module, NULL);
    return ore_error_status();
}
