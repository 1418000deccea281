/* family_makemore.c: models of a context of one length: bigram, mlp, wavenet. */
#include <stdio.h>
#include <string.h>

#include <ore/ops.h>

#include "config/family.h"
#include "models/bigram/bigram.h"
#include "models/mlp/mlp.h"
#include "models/wavenet/wavenet.h"
#include "config/train_options.h"
#include "cli/words.h"

static dense_activation activation_of(const train_config *c) {
    return strcmp(c->activation, "relu") == 0   ? ore_relu
           : strcmp(c->activation, "gelu") == 0 ? ore_gelu
                                                : ore_tanh;
}

#define ROWS_OF_A_BATCH "contexts of one batch"

/* ---- bigram ---- */

static const family_key bigram_keys[] = {
    {"vocab_size", NULL, NULL, "rows and columns of the table; auto: as many as the alphabet has"},
    {"batch_size", "1024", NULL, ROWS_OF_A_BATCH},
    {"lr", "0.05", NULL, NULL},
    {"weight_decay", "0", NULL, NULL},
    {"steps", "2000", NULL, NULL},
    {"warmup_steps", "0", NULL, NULL},
    {"eval_batches", "20", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static ore_status bigram_begin(void *net, const train_config *c, ore_generator *g) {
    (void)g;
    return bigram_init(net, c->vocab_size);
}

static void bigram_end(void *net) {
    bigram_free(net);
}

static void bigram_describe(const train_config *c, char *text, size_t bytes) {
    snprintf(text, bytes, "a table of %lld x %lld", (long long)c->vocab_size,
             (long long)c->vocab_size);
}

static double bigram_parameters(const train_config *c) {
    return (double)c->vocab_size * (double)c->vocab_size;
}

const model_family family_bigram = {.name = "bigram",
                                    .about = "a table of scores: the next token by the last one",
                                    .keys = bigram_keys,
                                    .contexts = true,
                                    .context = 1,
                                    .bytes = sizeof(bigram),
                                    .init = bigram_begin,
                                    .free = bigram_end,
                                    .describe = bigram_describe,
                                    .parameters = bigram_parameters};

/* ---- mlp ---- */

#define CHARACTER_VECTOR "numbers of a token's vector"

static const family_key mlp_keys[] = {
    {"n_layer", "1", NULL, "hidden layers"},
    {"n_embd", "10", NULL, CHARACTER_VECTOR},
    {"n_hidden", "200", NULL, NULL},
    {"block_size", "3", NULL, NULL},
    {"vocab_size", NULL, NULL, NULL},
    {"batch_norm", NULL, NULL, NULL},
    {"activation", "tanh", "tanh|relu|gelu", "non-linearity of the hidden layers"},
    {"batch_size", "64", NULL, ROWS_OF_A_BATCH},
    {"lr", "0.002", NULL, NULL},
    {"steps", "40000", NULL, NULL},
    {"eval_interval", "2000", NULL, NULL},
    {"eval_batches", "300", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static ore_status mlp_begin(void *net, const train_config *c, ore_generator *g) {
    mlp_config config = {.vocab_size = c->vocab_size,
                         .block_size = c->block_size,
                         .n_embd = c->n_embd,
                         .n_hidden = c->n_hidden,
                         .n_layer = c->n_layer,
                         .batch_norm = c->batch_norm,
                         .activation = activation_of(c)};
    return mlp_init(net, &config, g);
}

static void mlp_end(void *net) {
    mlp_free(net);
}

static family_activation *mlp_activation(void *net, int64_t *layers) {
    mlp *model = net;
    *layers = model->config.n_layer;
    return &model->config.activation;
}

static const char *norm_text(const train_config *c) {
    return c->batch_norm ? ", batch norm" : "";
}

static void mlp_describe(const train_config *c, char *text, size_t bytes) {
    char tokens[COUNT_BYTES], numbers[COUNT_BYTES], units[COUNT_BYTES];
    snprintf(text, bytes, "%s of %s, %lld x %s%s", counted_text(c->block_size, "token", tokens),
             counted_text(c->n_embd, "number", numbers), (long long)c->n_layer,
             counted_text(c->n_hidden, "hidden unit", units), norm_text(c));
}

static double mlp_parameters(const train_config *c) {
    double V = (double)c->vocab_size, E = (double)c->n_embd, H = (double)c->n_hidden;
    return V * E + (double)c->block_size * E * H + (double)(c->n_layer - 1) * H * H + H * V;
}

const model_family family_mlp = {.name = "mlp",
                                 .about = "the perceptron of Bengio et al. 2003 over the vectors "
                                          "of the last tokens",
                                 .keys = mlp_keys,
                                 .contexts = true,
                                 .bytes = sizeof(mlp),
                                 .init = mlp_begin,
                                 .free = mlp_end,
                                 .activation = mlp_activation,
                                 .describe = mlp_describe,
                                 .parameters = mlp_parameters};

/* ---- wavenet ---- */

static const family_key wavenet_keys[] = {
    {"n_embd", "24", NULL, CHARACTER_VECTOR},
    {"n_hidden", "128", NULL, NULL},
    {"block_size", "8", "[2, 1048576]", "tokens that a prediction sees; a power of two"},
    {"vocab_size", NULL, NULL, NULL},
    {"batch_norm", NULL, NULL, NULL},
    {"activation", "tanh", "tanh|relu|gelu", "non-linearity of the layers"},
    {"batch_size", "64", NULL, ROWS_OF_A_BATCH},
    {"lr", "0.002", NULL, NULL},
    {"steps", "10000", NULL, NULL},
    {"eval_interval", "1000", NULL, NULL},
    {"eval_batches", "300", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

static ore_status wavenet_resolve(train_options *t) {
    if (wavenet_layers(t->config.block_size) == 0)
        return ore_fail(ORE_INVALID,
                        "--block-size %lld: wavenet joins tokens in pairs, expected a power of two",
                        (long long)t->config.block_size);
    return ORE_OK;
}

static ore_status wavenet_begin(void *net, const train_config *c, ore_generator *g) {
    wavenet_config config = {.vocab_size = c->vocab_size,
                             .block_size = c->block_size,
                             .n_embd = c->n_embd,
                             .n_hidden = c->n_hidden,
                             .batch_norm = c->batch_norm,
                             .activation = activation_of(c)};
    return wavenet_init(net, &config, g);
}

static void wavenet_end(void *net) {
    wavenet_free(net);
}

static family_activation *wavenet_activation(void *net, int64_t *layers) {
    wavenet *model = net;
    *layers = model->layer_count;
    return &model->config.activation;
}

static void wavenet_describe(const train_config *c, char *text, size_t bytes) {
    char tokens[COUNT_BYTES], numbers[COUNT_BYTES], layers[COUNT_BYTES], units[COUNT_BYTES];
    snprintf(text, bytes, "%s of %s, %s of %s%s", counted_text(c->block_size, "token", tokens),
             counted_text(c->n_embd, "number", numbers),
             counted_text(wavenet_layers(c->block_size), "layer", layers),
             counted_text(c->n_hidden, "hidden unit", units), norm_text(c));
}

static double wavenet_parameters(const train_config *c) {
    double V = (double)c->vocab_size, E = (double)c->n_embd, H = (double)c->n_hidden;
    double layers = (double)wavenet_layers(c->block_size);
    return V * E + 2 * E * H + (layers - 1) * 2 * H * H + H * V;
}

const model_family family_wavenet = {.name = "wavenet",
                                     .about = "a tree that joins the vectors of the last tokens "
                                              "in pairs, level by level",
                                     .keys = wavenet_keys,
                                     .contexts = true,
                                     .bytes = sizeof(wavenet),
                                     .resolve = wavenet_resolve,
                                     .init = wavenet_begin,
                                     .free = wavenet_end,
                                     .activation = wavenet_activation,
                                     .describe = wavenet_describe,
                                     .parameters = wavenet_parameters};
