/* pool.c: the layers of pooling. */
#include <ore/nn.h>

#include "nn/layer.h"

static ore_tensor *max_pool1d_function(const ore_module *module, ore_tensor *x) {
    return ore_max_pool1d_forward((const ore_max_pool1d *)module, x);
}

ore_tensor *ore_max_pool1d_forward(const ore_max_pool1d *p, ore_tensor *x) {
    if (!ore_module_begin(&p->module))
        return NULL;
    return ore_module_result(&p->module, ore_f_max_pool1d(x, p->kernel, &p->options, NULL));
}

ore_status ore_max_pool1d_init(ore_max_pool1d *p, ore_module *parent, const char *name,
                               int64_t kernel, const ore_max_pool1d_options *options) {
    p->kernel = kernel;
    p->options = options ? *options : ore_max_pool1d_defaults();
    ore_layer_begin(&p->module, parent, name, "max_pool1d", max_pool1d_function);
    return ore_error_status();
}

static ore_tensor *max_pool2d_function(const ore_module *module, ore_tensor *x) {
    return ore_max_pool2d_forward((const ore_max_pool2d *)module, x);
}

ore_tensor *ore_max_pool2d_forward(const ore_max_pool2d *p, ore_tensor *x) {
    if (!ore_module_begin(&p->module))
        return NULL;
    return ore_module_result(&p->module, ore_f_max_pool2d(x, p->kernel, &p->options, NULL));
}

ore_status ore_max_pool2d_init(ore_max_pool2d *p, ore_module *parent, const char *name,
                               ore_pair kernel, const ore_max_pool2d_options *options) {
    p->kernel = kernel;
    p->options = options ? *options : ore_max_pool2d_defaults();
    ore_layer_begin(&p->module, parent, name, "max_pool2d", max_pool2d_function);
    return ore_error_status();
}

static ore_tensor *avg_pool1d_function(const ore_module *module, ore_tensor *x) {
    return ore_avg_pool1d_forward((const ore_avg_pool1d *)module, x);
}

ore_tensor *ore_avg_pool1d_forward(const ore_avg_pool1d *p, ore_tensor *x) {
    if (!ore_module_begin(&p->module))
        return NULL;
    return ore_module_result(&p->module, ore_f_avg_pool1d(x, p->kernel, &p->options));
}

ore_status ore_avg_pool1d_init(ore_avg_pool1d *p, ore_module *parent, const char *name,
                               int64_t kernel, const ore_avg_pool1d_options *options) {
    p->kernel = kernel;
    p->options = options ? *options : ore_avg_pool1d_defaults();
    ore_layer_begin(&p->module, parent, name, "avg_pool1d", avg_pool1d_function);
    return ore_error_status();
}

static ore_tensor *avg_pool2d_function(const ore_module *module, ore_tensor *x) {
    return ore_avg_pool2d_forward((const ore_avg_pool2d *)module, x);
}

ore_tensor *ore_avg_pool2d_forward(const ore_avg_pool2d *p, ore_tensor *x) {
    if (!ore_module_begin(&p->module))
        return NULL;
    return ore_module_result(&p->module, ore_f_avg_pool2d(x, p->kernel, &p->options));
}

ore_status ore_avg_pool2d_init(ore_avg_pool2d *p, ore_module *parent, const char *name,
                               ore_pair kernel, const ore_avg_pool2d_options *options) {
    p->kernel = kernel;
    p->options = options ? *options : ore_avg_pool2d_defaults();
    ore_layer_begin(&p->module, parent, name, "avg_pool2d", avg_pool2d_function);
    return ore_error_status();
}

/* ---- adaptive ---- */

static ore_tensor *adaptive_avg_pool1d_function(const ore_module *module, ore_tensor *x) {
    if (!ore_module_begin(module))
        return NULL;
    ore_pair output = ((const ore_adaptive_pool *)module)->output;
    return ore_module_result(module, ore_f_adaptive_avg_pool1d(x, output.w));
}

static ore_tensor *adaptive_avg_pool2d_function(const ore_module *module, ore_tensor *x) {
    if (!ore_module_begin(module))
        return NULL;
    ore_pair output = ((const ore_adaptive_pool *)module)->output;
    return ore_module_result(module, ore_f_adaptive_avg_pool2d(x, output));
}

static ore_tensor *adaptive_max_pool1d_function(const ore_module *module, ore_tensor *x) {
    if (!ore_module_begin(module))
        return NULL;
    ore_pair output = ((const ore_adaptive_pool *)module)->output;
    return ore_module_result(module, ore_f_adaptive_max_pool1d(x, output.w, NULL));
}

static ore_tensor *adaptive_max_pool2d_function(const ore_module *module, ore_tensor *x) {
    if (!ore_module_begin(module))
        return NULL;
    ore_pair output = ((const ore_adaptive_pool *)module)->output;
    return ore_module_result(module, ore_f_adaptive_max_pool2d(x, output, NULL));
}

ore_tensor *ore_adaptive_pool_forward(const ore_adaptive_pool *p, ore_tensor *x) {
    return ore_module_forward(&p->module, x);
}

ore_status ore_adaptive_avg_pool1d_init(ore_adaptive_pool *p, ore_module *parent, const char *name,
                                        int64_t output) {
    p->output = ore_both(output);
    ore_layer_begin(&p->module, parent, name, "adaptive_avg_pool1d", adaptive_avg_pool1d_function);
    return ore_error_status();
}

ore_status ore_adaptive_avg_pool2d_init(ore_adaptive_pool *p, ore_module *parent, const char *name,
                                        ore_pair output) {
    p->output = output;
    ore_layer_begin(&p->module, parent, name, "adaptive_avg_pool2d", adaptive_avg_pool2d_function);
    return ore_error_status();
}

ore_status ore_adaptive_max_pool1d_init(ore_adaptive_pool *p, ore_module *parent, const char *name,
                                        int64_t output) {
    p->output = ore_both(output);
    ore_layer_begin(&p->module, parent, name, "adaptive_max_pool1d", adaptive_max_pool1d_function);
    return ore_error_status();
}

ore_status ore_adaptive_max_pool2d_init(ore_adaptive_pool *p, ore_module *parent, const char *name,
                                        ore_pair output) {
    p->output = output;
    ore_layer_begin(&p->module, parent, name, "adaptive_max_pool2d", adaptive_max_pool2d_function);
    return ore_error_status();
}

/* ---- larger pictures ---- */

static ore_tensor *upsample_function(const ore_module *module, ore_tensor *x) {
    const ore_upsample *u = (const ore_upsample *)module;
    if (!ore_module_begin(module))
        return NULL;
    return ore_module_result(module, u->size.ndim ? ore_upsample_nearest(x, u->size)
                                                  : ore_upsample_nearest_by(x, u->scale_factor));
}

ore_tensor *ore_upsample_forward(const ore_upsample *u, ore_tensor *x) {
    return ore_module_forward(&u->module, x);
}

ore_status ore_upsample_init(ore_upsample *u, ore_module *parent, const char *name, ore_shape size,
                             double scale_factor) {
    u->size = size;
    u->scale_factor = scale_factor;
    ore_layer_begin(&u->module, parent, name, "upsample", upsample_function);
    return ore_error_status();
}
