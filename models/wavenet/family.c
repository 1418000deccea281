/* family.c: the tree's config, and the tree as a family. */
#include <stdio.h>

#include "models/wavenet/wavenet.h"
#include "models/words.h"

#define INT(...) CONFIG_FIELD_INT(wavenet_config, __VA_ARGS__)

static const config_field fields[] = {
    INT(n_embd, "24", "[1, 65536]", "numbers of a token's vector"),
    INT(n_hidden, "128", "[1, 1048576]", "units of a hidden layer"),
    INT(block_size, "8", "[2, 1048576]", "tokens that a prediction sees; a power of two"),
    INT(vocab_size, "auto", "[1, 16777216]",
        "rows of the token table; auto: as many as the tokenizer has"),
    CONFIG_FIELD_SWITCH(wavenet_config, batch_norm, "true", NULL, DENSE_NORM_HELP),
    CONFIG_FIELD_CHOICE(wavenet_config, activation, "tanh", dense_activations,
                        "non-linearity of the layers"),
    CONFIG_FIELDS_END,
};

wavenet_config wavenet_defaults(void) {
    wavenet_config c;
    config_defaults(fields, &c);
    return c;
}

static ore_status check(const void *config) {
    const wavenet_config *c = config;
    if (wavenet_layers(c->block_size) == 0)
        return ore_fail(ORE_INVALID,
                        "block_size %lld, expected a power of two, since tokens are joined in "
                        "pairs",
                        (long long)c->block_size);
    return ORE_OK;
}

static ore_status init(void *net, const void *config, ore_generator *g) {
    return wavenet_init(net, config, g);
}

static void release(void *net) {
    wavenet_free(net);
}

static void describe(const void *config, char *text, size_t bytes) {
    const wavenet_config *c = config;
    char tokens[COUNT_BYTES], numbers[COUNT_BYTES], layers[COUNT_BYTES], units[COUNT_BYTES];
    snprintf(text, bytes, "%s of %s, %s of %s%s", counted_text(c->block_size, "token", tokens),
             counted_text(c->n_embd, "number", numbers),
             counted_text(wavenet_layers(c->block_size), "layer", layers),
             counted_text(c->n_hidden, "hidden unit", units), c->batch_norm ? ", batch norm" : "");
}

static double parameters(const void *config) {
    const wavenet_config *c = config;
    double V = (double)c->vocab_size, E = (double)c->n_embd, H = (double)c->n_hidden;
    double layers = (double)wavenet_layers(c->block_size);
    return V * E + 2 * E * H + (layers - 1) * 2 * H * H + H * V;
}

const model_family wavenet_family = {.name = "wavenet",
                                     .fields = fields,
                                     .config_bytes = sizeof(wavenet_config),
                                     .net_bytes = sizeof(wavenet),
                                     .contexts = true,
                                     .check = check,
                                     .init = init,
                                     .free = release,
                                     .activation = dense_net_activation,
                                     .describe = describe,
                                     .parameters = parameters};

static const config_setting defaults[] = {{"batch_size", "64"},    {"lr", "0.002"},
                                          {"steps", "10000"},      {"eval_interval", "1000"},
                                          {"eval_batches", "300"}, {NULL, NULL}};

const named_model model_wavenet = {
    .name = "wavenet",
    .about = "a tree that joins the vectors of the last tokens in pairs, level by level",
    .family = &wavenet_family,
    .defaults = defaults};
