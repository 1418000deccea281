/* dense.c: the dense layer, and what the models of such layers share. */
#include <math.h>
#include <stdlib.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "models/dense/dense.h"

/* Multiplies the weight by a factor and sets the bias to 0. torch's Linear draws weights uniformly
 * from +-1/sqrt(in), whose standard deviation is 1/sqrt(3 in); times sqrt(3) gain it is gain /
 * sqrt(in). */
static void scale_linear(ore_linear *l, double factor) {
    ore_no_grad_begin();
    if (ore_ok())
        ore_mul_scalar_(l->weight, factor);
    ore_no_grad_end();
    if (ore_ok() && l->bias)
        ore_init_zeros(l->bias);
}

ore_status dense_init(dense *d, ore_module *parent, const char *name, int64_t in, int64_t out,
                      bool batch_norm, ore_tensor_function activation, ore_generator *g) {
    ore_nonlinearity follows = activation == ore_tanh ? ORE_GAIN_TANH : ORE_GAIN_RELU;
    ore_linear_options o = ore_linear_defaults();
    o.bias = !batch_norm;
    o.generator = g;
    d->has_norm = batch_norm;
    ore_module_init(&d->module, parent, name);
    d->module.kind = "dense";
    ore_linear_init(&d->linear, &d->module, "linear", in, out, &o);
    scale_linear(&d->linear, sqrt(3) * ore_calculate_gain(follows, 0));
    if (batch_norm)
        ore_batch_norm1d_init(&d->norm, &d->module, "norm", out, NULL);
    return ore_error_status();
}

static ore_tensor *normalise(const dense *d, ore_tensor *x) {
    ore_shape shape = ore_shape_of(x);
    ore_tensor *rows = ore_reshape(x, ORE_SHAPE(-1, shape.dim[shape.ndim - 1])); /* (N, out) */
    return ore_view(ore_batch_norm1d_forward(&d->norm, rows), shape);
}

ore_tensor *dense_forward(const dense *d, ore_tensor *x, ore_tensor_function activation) {
    if (!ore_module_begin(&d->module))
        return NULL;
    ore_tensor *y = ore_linear_forward(&d->linear, x);
    return ore_module_result(&d->module, activation(d->has_norm ? normalise(d, y) : y));
}

/* The layer of the logits; see dense_net_init. */
static void head_init(ore_linear *head, ore_module *parent, const char *name, int64_t in, int64_t V,
                      ore_generator *g) {
    ore_linear_options o = ore_linear_defaults();
    o.generator = g;
    if (ore_linear_init(head, parent, name, in, V, &o) == ORE_OK)
        scale_linear(head, 0.1);
}

static void build(dense_net *net, const dense_net_sizes *s, ore_generator *g) {
    ore_embedding_options e = ore_embedding_defaults();
    e.generator = g;
    ore_embedding_init(&net->wte, &net->module, "wte", s->vocab_size, s->n_embd, &e);
    ore_module_list_init(&net->list, &net->module, "layers");
    for (int64_t i = 0; i < s->layer_count && ore_ok(); i++)
        dense_init(&net->layers[i], &net->list.module, NULL,
                   i == 0 ? s->first_inputs : s->further_inputs, s->n_hidden, s->batch_norm,
                   net->activation, g);
    head_init(&net->lm_head, &net->module, "lm_head", s->n_hidden, s->vocab_size, g);
}

ore_status dense_net_init(dense_net *net, const char *model, const dense_net_sizes *sizes,
                          ore_module_function forward, ore_generator *g) {
    int64_t count = sizes->layer_count;
    *net = (dense_net){.layers = calloc((size_t)count, sizeof *net->layers),
                       .layer_count = count,
                       .activation = activation_function(sizes->activation)};
    if (!net->layers)
        return ore_fail(ORE_MEMORY, "%s: out of memory: %lld layers", model, (long long)count);
    ore_scope_begin();
    ore_module_init(&net->module, NULL, NULL);
    net->module.forward = forward;
    build(net, sizes, g);
    ore_scope_end();
    if (!ore_ok())
        dense_net_free(net);
    return ore_error_status();
}

void dense_net_free(dense_net *net) {
    if (!net->layers)
        return;
    ore_module_free(&net->module);
    free(net->layers);
    net->layers = NULL;
}

ore_tensor_function *dense_net_activation(void *net, int64_t *layers) {
    dense_net *self = net;
    *layers = self->layer_count;
    return &self->activation;
}

bool dense_takes_contexts(const char *model, const ore_tensor *ids, int64_t block_size) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (ids && ore_ndim(ids) == 2 && ore_size(ids, 1) == block_size)
        return true;
    ore_fail(ORE_INVALID, "%s: ids %s, expected (N, %lld)", model,
             ids ? ore_shape_text(ore_shape_of(ids), text) : "NULL", (long long)block_size);
    return false;
}

const config_choice dense_activations[] = {
    {"tanh", ACTIVATION_TANH}, {"relu", ACTIVATION_RELU}, {"gelu", ACTIVATION_GELU}, {NULL, 0}};
