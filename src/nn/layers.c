/* layers.c: the layers that language models are made of. Default values are drawn as
 * PyTorch 1.13 draws them, in the same order. */
#include <math.h>

#include <ore/init.h>
#include <ore/nn.h>
#include <ore/ops.h>

#include "nn/layer.h"
#include "nn/module.h"

/* ---- linear ---- */

static ore_tensor *linear_function(const ore_module *module, ore_tensor *x) {
    return ore_linear_forward((const ore_linear *)module, x);
}

ore_tensor *ore_linear_forward(const ore_linear *l, ore_tensor *x) {
    if (!ore_module_begin(&l->module))
        return NULL;
    return ore_module_result(&l->module, ore_f_linear(x, l->weight, l->bias));
}

ore_tensor *ore_linear_forward_add(const ore_linear *l, ore_tensor *x, ore_tensor *residual) {
    if (!ore_module_begin(&l->module))
        return NULL;
    return ore_module_result(&l->module, ore_f_linear_add(x, l->weight, l->bias, residual));
}

ore_tensor *ore_linear_forward_activated(const ore_linear *l, ore_tensor *x,
                                         ore_tensor_function function) {
    if (!ore_module_begin(&l->module))
        return NULL;
    if (function && ore_module_observed()) /* by an observer, which is to see y */
        return function(ore_linear_forward(l, x));
    return ore_module_result(&l->module, ore_f_linear_activated(x, l->weight, l->bias, function));
}

ore_linear_options ore_linear_defaults(void) {
    return (ore_linear_options){.bias = true, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

/* kaiming_uniform_(weight, a = sqrt(5)) (He et al. 2015), then uniform_(+-1/sqrt(in)). */
ore_status ore_linear_init(ore_linear *l, ore_module *parent, const char *name, int64_t in_features,
                           int64_t out_features, const ore_linear_options *options) {
    ore_linear_options o = options ? *options : ore_linear_defaults();
    l->weight = l->bias = NULL;
    if (!ore_layer_begin(&l->module, parent, name, "linear", linear_function))
        return ore_error_status();
    if (in_features < 1 || out_features < 1) {
        ore_fail(ORE_INVALID, "linear: in_features %lld, out_features %lld, expected at least 1",
                 (long long)in_features, (long long)out_features);
        return ore_layer_end(&l->module);
    }
    ore_scope_begin();
    l->weight = ore_empty(ORE_SHAPE(out_features, in_features), o.dtype);
    l->weight =
        ore_init_kaiming_uniform(l->weight, sqrt(5), ORE_FAN_IN, ORE_GAIN_LEAKY_RELU, o.generator);
    ore_layer_parameter(&l->module, "weight", &l->weight, o.device);
    if (o.bias) {
        double bound = 1 / sqrt((double)in_features);
        l->bias = ore_empty(ORE_SHAPE(out_features), o.dtype);
        l->bias = ore_init_uniform(l->bias, -bound, bound, o.generator);
    }
    ore_layer_parameter(&l->module, "bias", &l->bias, o.device);
    ore_scope_end();
    return ore_layer_end(&l->module);
}

/* ---- embedding ---- */

static ore_tensor *embedding_function(const ore_module *module, ore_tensor *indices) {
    return ore_embedding_forward((const ore_embedding *)module, indices);
}

ore_tensor *ore_embedding_forward(const ore_embedding *e, ore_tensor *indices) {
    if (!ore_module_begin(&e->module))
        return NULL;
    return ore_module_result(&e->module, ore_f_embedding(indices, e->weight, e->padding_idx));
}

ore_embedding_options ore_embedding_defaults(void) {
    return (ore_embedding_options){.padding_idx = -1, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

ore_status ore_embedding_init(ore_embedding *e, ore_module *parent, const char *name, int64_t count,
                              int64_t dim, const ore_embedding_options *options) {
    ore_embedding_options o = options ? *options : ore_embedding_defaults();
    e->weight = NULL;
    e->padding_idx = o.padding_idx;
    if (!ore_layer_begin(&e->module, parent, name, "embedding", embedding_function))
        return ore_error_status();
    if (count < 1 || dim < 1 || o.padding_idx < -1 || o.padding_idx >= count) {
        ore_fail(ORE_INVALID,
                 "embedding: count %lld, dim %lld, padding_idx %lld, expected at least 1, 1 and a "
                 "padding_idx below count (or -1)",
                 (long long)count, (long long)dim, (long long)o.padding_idx);
        return ore_layer_end(&e->module);
    }
    ore_scope_begin();
    e->weight = ore_init_normal(ore_empty(ORE_SHAPE(count, dim), o.dtype), 0, 1, o.generator);
    if (o.padding_idx >= 0)
        ore_init_zeros(ore_select(e->weight, 0, o.padding_idx));
    ore_layer_parameter(&e->module, "weight", &e->weight, o.device);
    ore_scope_end();
    return ore_layer_end(&e->module);
}

/* ---- dropout, flatten, activations ---- */

static ore_tensor *dropout_function(const ore_module *module, ore_tensor *x) {
    return ore_dropout_forward((const ore_dropout *)module, x);
}

ore_tensor *ore_dropout_forward(const ore_dropout *d, ore_tensor *x) {
    if (!ore_module_begin(&d->module))
        return NULL;
    return ore_module_result(&d->module, ore_f_dropout(x, d->p, d->module.training, d->generator));
}

ore_status ore_dropout_init(ore_dropout *d, ore_module *parent, const char *name, double p) {
    d->p = p;
    d->generator = NULL;
    if (!ore_layer_begin(&d->module, parent, name, "dropout", dropout_function))
        return ore_error_status();
    if (!(p >= 0 && p <= 1))
        ore_fail(ORE_INVALID, "dropout: p %g, expected 0 .. 1", p);
    return ore_layer_end(&d->module);
}

static ore_tensor *flatten_function(const ore_module *module, ore_tensor *x) {
    return ore_flatten_layer_forward((const ore_flatten_layer *)module, x);
}

ore_tensor *ore_flatten_layer_forward(const ore_flatten_layer *f, ore_tensor *x) {
    if (!ore_module_begin(&f->module))
        return NULL;
    return ore_module_result(&f->module, ore_flatten(x, f->start_dim, f->end_dim));
}

ore_status ore_flatten_layer_init(ore_flatten_layer *f, ore_module *parent, const char *name,
                                  int start_dim, int end_dim) {
    f->start_dim = start_dim;
    f->end_dim = end_dim;
    ore_layer_begin(&f->module, parent, name, "flatten", flatten_function);
    return ore_error_status();
}
