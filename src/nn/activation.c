/* activation.c: layers of activations. */
#include <ore/ops.h>

#include "nn/layer.h"

ore_tensor *ore_activation_forward(const ore_activation *a, ore_tensor *x) {
    return ore_module_forward(&a->module, x);
}

static ore_status begin(ore_activation *a, ore_module *parent, const char *name, const char *kind,
                        ore_module_function forward) {
    ore_layer_begin(&a->module, parent, name, kind, forward);
    return ore_error_status();
}

static const ore_activation *of(const ore_module *module) {
    return (const ore_activation *)module;
}

static ore_tensor *plain(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module) ? ore_module_result(module, of(module)->function(x)) : NULL;
}

ore_status ore_activation_init(ore_activation *a, ore_module *parent, const char *name,
                               ore_tensor_function function) {
    *a = (ore_activation){.function = function};
    return begin(a, parent, name, "activation", plain);
}

/* ---- with numbers ---- */

static ore_tensor *leaky_relu(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module) ? ore_module_result(module, ore_leaky_relu(x, of(module)->p))
                                    : NULL;
}

ore_status ore_leaky_relu_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                     double slope) {
    *a = (ore_activation){.p = slope};
    return begin(a, parent, name, "leaky_relu", leaky_relu);
}

static ore_tensor *elu(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module) ? ore_module_result(module, ore_elu(x, of(module)->p)) : NULL;
}

ore_status ore_elu_layer_init(ore_activation *a, ore_module *parent, const char *name,
                              double alpha) {
    *a = (ore_activation){.p = alpha};
    return begin(a, parent, name, "elu", elu);
}

static ore_tensor *hardtanh(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module)
               ? ore_module_result(module, ore_hardtanh(x, of(module)->p, of(module)->q))
               : NULL;
}

ore_status ore_hardtanh_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                   double low, double high) {
    *a = (ore_activation){.p = low, .q = high};
    return begin(a, parent, name, "hardtanh", hardtanh);
}

static ore_tensor *softplus(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module)
               ? ore_module_result(module, ore_softplus(x, of(module)->p, of(module)->q))
               : NULL;
}

ore_status ore_softplus_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                   double beta, double threshold) {
    *a = (ore_activation){.p = beta, .q = threshold};
    return begin(a, parent, name, "softplus", softplus);
}

static ore_tensor *softmax(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module) ? ore_module_result(module, ore_softmax(x, of(module)->dim))
                                    : NULL;
}

ore_status ore_softmax_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                  int dim) {
    *a = (ore_activation){.dim = dim};
    return begin(a, parent, name, "softmax", softmax);
}

static ore_tensor *log_softmax(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module) ? ore_module_result(module, ore_log_softmax(x, of(module)->dim))
                                    : NULL;
}

ore_status ore_log_softmax_layer_init(ore_activation *a, ore_module *parent, const char *name,
                                      int dim) {
    *a = (ore_activation){.dim = dim};
    return begin(a, parent, name, "log_softmax", log_softmax);
}

static ore_tensor *glu(const ore_module *module, ore_tensor *x) {
    return ore_module_begin(module) ? ore_module_result(module, ore_glu(x, of(module)->dim)) : NULL;
}

ore_status ore_glu_layer_init(ore_activation *a, ore_module *parent, const char *name, int dim) {
    *a = (ore_activation){.dim = dim};
    return begin(a, parent, name, "glu", glu);
}

/* ---- PReLU ---- */

static ore_tensor *prelu_function(const ore_module *module, ore_tensor *x) {
    return ore_prelu_layer_forward((const ore_prelu_layer *)module, x);
}

ore_tensor *ore_prelu_layer_forward(const ore_prelu_layer *p, ore_tensor *x) {
    if (!ore_module_begin(&p->module))
        return NULL;
    return ore_module_result(&p->module, ore_prelu(x, p->weight));
}

ore_prelu_layer_options ore_prelu_layer_defaults(void) {
    return (ore_prelu_layer_options){
        .num_parameters = 1, .init = 0.25, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

ore_status ore_prelu_layer_init(ore_prelu_layer *p, ore_module *parent, const char *name,
                                const ore_prelu_layer_options *options) {
    ore_prelu_layer_options o = options ? *options : ore_prelu_layer_defaults();
    p->weight = NULL;
    if (!ore_layer_begin(&p->module, parent, name, "prelu", prelu_function))
        return ore_error_status();
    if (o.num_parameters < 1) {
        ore_fail(ORE_INVALID, "prelu: num_parameters %lld, expected at least 1",
                 (long long)o.num_parameters);
        return ore_layer_end(&p->module);
    }
    ore_scope_begin();
    p->weight = ore_full(ORE_SHAPE(o.num_parameters), o.init, o.dtype);
    ore_layer_parameter(&p->module, "weight", &p->weight, o.device);
    ore_scope_end();
    return ore_layer_end(&p->module);
}
