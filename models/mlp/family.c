/* family.c: the perceptron's config, and the perceptron as a family. */
#include <stdio.h>

#include "models/mlp/mlp.h"
#include "models/words.h"

#define INT(...) CONFIG_FIELD_INT(mlp_config, __VA_ARGS__)

static const config_field fields[] = {
    INT(n_layer, "1", "[1, 1024]", "hidden layers"),
    INT(n_embd, "10", "[1, 65536]", "numbers of a token's vector"),
    INT(n_hidden, "200", "[1, 1048576]", "units of a hidden layer"),
    INT(block_size, "3", "[1, 1048576]", "tokens that a prediction sees"),
    INT(vocab_size, "auto", "[1, 16777216]",
        "rows of the token table; auto: as many as the tokenizer has"),
    CONFIG_FIELD_SWITCH(mlp_config, batch_norm, "true", NULL, DENSE_NORM_HELP),
    CONFIG_FIELD_CHOICE(mlp_config, activation, "tanh", dense_activations,
                        "non-linearity of the hidden layers"),
    CONFIG_FIELDS_END,
};

mlp_config mlp_defaults(void) {
    mlp_config c;
    config_defaults(fields, &c);
    return c;
}

static ore_status init(void *net, const void *config, ore_generator *g) {
    return mlp_init(net, config, g);
}

static void release(void *net) {
    mlp_free(net);
}

static void describe(const void *config, char *text, size_t bytes) {
    const mlp_config *c = config;
    char tokens[COUNT_BYTES], numbers[COUNT_BYTES], units[COUNT_BYTES];
    snprintf(text, bytes, "%s of %s, %lld x %s%s", counted_text(c->block_size, "token", tokens),
             counted_text(c->n_embd, "number", numbers), (long long)c->n_layer,
             counted_text(c->n_hidden, "hidden unit", units), c->batch_norm ? ", batch norm" : "");
}

static double parameters(const void *config) {
    const mlp_config *c = config;
    double V = (double)c->vocab_size, E = (double)c->n_embd, H = (double)c->n_hidden;
    return V * E + (double)c->block_size * E * H + (double)(c->n_layer - 1) * H * H + H * V;
}

const model_family mlp_family = {.name = "mlp",
                                 .fields = fields,
                                 .config_bytes = sizeof(mlp_config),
                                 .net_bytes = sizeof(mlp),
                                 .contexts = true,
                                 .init = init,
                                 .free = release,
                                 .activation = dense_net_activation,
                                 .describe = describe,
                                 .parameters = parameters};

static const config_setting defaults[] = {{"batch_size", "64"},    {"lr", "0.002"},
                                          {"steps", "40000"},      {"eval_interval", "2000"},
                                          {"eval_batches", "300"}, {NULL, NULL}};

const named_model model_mlp = {
    .name = "mlp",
    .about = "the perceptron of Bengio et al. 2003 over the vectors of the last tokens",
    .family = &mlp_family,
    .defaults = defaults};
