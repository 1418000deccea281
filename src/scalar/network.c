/* network.c: neurons, layers and networks of scalar values. */
#include "base/error.h"
#include "scalar/value.h"

#define PARAMETERS_MAX 0x1p48 /* so that sizes in bytes cannot overflow */

/* What neurons are made with. All sizes are checked before the first number is drawn. */
typedef struct maker {
    ore_value_tape *tape;
    ore_python_random *r;
    bool random_bias;
} maker;

static bool may_make(const char *what, const maker *m, int64_t in, const int64_t *out,
                     int64_t layers) {
    if (!ore_no_error())
        return false;
    if (!m->tape || !m->r)
        ore_fail(ORE_INVALID, "%s: the %s is NULL", what, m->tape ? "stream" : "tape");
    else if (in < 1)
        ore_fail(ORE_INVALID, "%s: %lld inputs, expected 1 or more", what, (long long)in);
    else if (layers < 1 || !out)
        ore_fail(ORE_INVALID, "%s: %lld layers, expected 1 or more", what, (long long)layers);
    double inputs = (double)in, count = 0;
    for (int64_t i = 0; ore_no_error() && i < layers; inputs = (double)out[i++]) {
        if (out[i] < 1)
            ore_fail(ORE_INVALID, "%s: %lld neurons in layer %lld, expected 1 or more", what,
                     (long long)out[i], (long long)i);
        count += (double)out[i] * (inputs + 1);
    }
    if (ore_no_error() && count > PARAMETERS_MAX)
        ore_fail(ORE_MEMORY, "%s: %g parameters, more than any memory has room for", what, count);
    return ore_no_error();
}

/* Makes a neuron whose weights and bias become parameters[0 .. in]: the weights are drawn first. */
static bool make_neuron(const maker *m, ore_value_neuron *n, int64_t in, ore_value **parameters,
                        ore_value_activation activation) {
    *n = (ore_value_neuron){in, parameters, activation};
    for (int64_t i = 0; i <= in; i++) {
        bool drawn = i < in || m->random_bias;
        parameters[i] = ore_value_new(m->tape, drawn ? ore_python_random_uniform(m->r, -1, 1) : 0);
        if (!parameters[i])
            return false;
    }
    return true;
}

static bool make_layer(const maker *m, ore_value_layer *layer, int64_t in, int64_t out,
                       ore_value **parameters, ore_value_activation activation) {
    ore_value_neuron *neurons = ore_value_room(m->tape, out, sizeof *neurons);
    *layer = (ore_value_layer){in, out, neurons, parameters};
    for (int64_t i = 0; neurons && i < out; i++)
        if (!make_neuron(m, &neurons[i], in, parameters + i * (in + 1), activation))
            return false;
    return neurons != NULL;
}

ore_value_neuron *ore_value_neuron_new(ore_value_tape *tape, int64_t in,
                                       ore_value_activation activation, bool random_bias,
                                       ore_python_random *r) {
    maker m = {tape, r, random_bias};
    if (!may_make("value_neuron", &m, in, &(int64_t){1}, 1))
        return NULL;
    ore_value_neuron *n = ore_value_room(tape, 1, sizeof *n);
    ore_value **parameters = n ? ore_value_room(tape, in + 1, sizeof *parameters) : NULL;
    return parameters && make_neuron(&m, n, in, parameters, activation) ? n : NULL;
}

ore_value_layer *ore_value_layer_new(ore_value_tape *tape, int64_t in, int64_t out,
                                     ore_value_activation activation, bool random_bias,
                                     ore_python_random *r) {
    maker m = {tape, r, random_bias};
    if (!may_make("value_layer", &m, in, &out, 1))
        return NULL;
    ore_value_layer *layer = ore_value_room(tape, 1, sizeof *layer);
    ore_value **parameters =
        layer ? ore_value_room(tape, out * (in + 1), sizeof *parameters) : NULL;
    return parameters && make_layer(&m, layer, in, out, parameters, activation) ? layer : NULL;
}

ore_value_mlp_options ore_value_mlp_defaults(void) {
    return (ore_value_mlp_options){.hidden = ORE_VALUE_RELU, .last = ORE_VALUE_LINEAR};
}

ore_value_mlp *ore_value_mlp_new(ore_value_tape *tape, int64_t in, const int64_t *out,
                                 int64_t layers, const ore_value_mlp_options *options,
                                 ore_python_random *r) {
    ore_value_mlp_options o = options ? *options : ore_value_mlp_defaults();
    maker m = {tape, r, o.random_bias};
    if (!may_make("value_mlp", &m, in, out, layers))
        return NULL;
    int64_t count = 0;
    for (int64_t i = 0; i < layers; i++)
        count += out[i] * ((i ? out[i - 1] : in) + 1);
    ore_value_mlp *mlp = ore_value_room(tape, 1, sizeof *mlp);
    ore_value_layer *made = mlp ? ore_value_room(tape, layers, sizeof *made) : NULL;
    ore_value **parameters = made ? ore_value_room(tape, count, sizeof *parameters) : NULL;
    if (!parameters)
        return NULL;
    *mlp = (ore_value_mlp){layers, count, made, parameters};
    for (int64_t i = 0; i < layers; i++) {
        if (!make_layer(&m, &made[i], in, out[i], parameters, i + 1 < layers ? o.hidden : o.last))
            return NULL;
        parameters += out[i] * (in + 1);
        in = out[i];
    }
    return mlp;
}

static bool is_input(const char *what, const void *network, ore_value *const *x) {
    if (ore_no_error() && !(network && x))
        ore_fail(ORE_INVALID, "%s: the %s is NULL", what, network ? "input" : "network");
    return ore_no_error();
}

/* Adds the products to the bias one after the other, in the order in which micrograd adds them. */
ore_value *ore_value_neuron_forward(const ore_value_neuron *n, ore_value *const *x) {
    if (!is_input("value_neuron_forward", n, x))
        return NULL;
    ore_value *sum = n->parameters[n->in];
    for (int64_t i = 0; i < n->in && sum; i++)
        sum = ore_value_add(sum, ore_value_mul(n->parameters[i], x[i]));
    if (sum && n->activation == ORE_VALUE_RELU)
        return ore_value_relu(sum);
    return sum && n->activation == ORE_VALUE_TANH ? ore_value_tanh(sum) : sum;
}

ore_value **ore_value_layer_forward(const ore_value_layer *layer, ore_value *const *x) {
    if (!is_input("value_layer_forward", layer, x))
        return NULL;
    ore_value **y = ore_value_room(layer->parameters[0]->tape, layer->out, sizeof *y); /* (out) */
    for (int64_t i = 0; y && i < layer->out; i++) {
        y[i] = ore_value_neuron_forward(&layer->neurons[i], x);
        if (!y[i])
            return NULL;
    }
    return y;
}

ore_value **ore_value_mlp_forward(const ore_value_mlp *m, ore_value *const *x) {
    if (!is_input("value_mlp_forward", m, x))
        return NULL;
    ore_value **y = ore_value_layer_forward(&m->layers[0], x);
    for (int64_t i = 1; y && i < m->layer_count; i++)
        y = ore_value_layer_forward(&m->layers[i], y);
    return y;
}
