/* family_gpt.c: transformers: gpt, and the one of the transformer lecture, which is models/gpt by
 * another config. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ore/ops.h>

#include "config/family.h"
#include "models/gpt/gpt.h"
#include "config/train_options.h"
#include "cli/words.h"

#define FEED_FORWARD "gelu|gelu_tanh|relu"

static const family_key gpt_keys[] = {
    {"n_layer", NULL, NULL, NULL},
    {"n_head", NULL, NULL, NULL},
    {"n_embd", NULL, NULL, NULL},
    {"block_size", NULL, NULL, NULL},
    {"vocab_size", NULL, NULL, NULL},
    {"dropout", NULL, NULL, NULL},
    {"attn_dropout", NULL, NULL, NULL},
    {"resid_dropout", NULL, NULL, NULL},
    {"mlp_dropout", NULL, NULL, NULL},
    {"bias", NULL, NULL, NULL},
    {"bias_qkv", NULL, NULL, NULL},
    {"bias_linear", NULL, NULL, NULL},
    {"bias_norm", NULL, NULL, NULL},
    {"bias_head", NULL, NULL, NULL},
    {"norm", NULL, NULL, NULL},
    {"final_norm", NULL, NULL, NULL},
    {"activation", NULL, FEED_FORWARD, NULL},
    {"tie_weights", NULL, NULL, NULL},
    {"positions", NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

/* The lecture's script: 4 pre-norm layers of 64 channels, relu, no bias of query, key and value, a
 * head of its own with a bias, AdamW with torch's defaults and a constant rate. */
static const family_key transformer_keys[] = {
    {"n_layer", NULL, NULL, NULL},
    {"n_head", NULL, NULL, NULL},
    {"n_embd", NULL, NULL, NULL},
    {"block_size", NULL, NULL, NULL},
    {"vocab_size", NULL, NULL, NULL},
    {"dropout", NULL, NULL, NULL},
    {"attn_dropout", NULL, NULL, NULL},
    {"resid_dropout", NULL, NULL, NULL},
    {"mlp_dropout", NULL, NULL, NULL},
    {"bias", NULL, NULL, NULL},
    {"bias_qkv", "false", NULL, NULL},
    {"bias_linear", NULL, NULL, NULL},
    {"bias_norm", NULL, NULL, NULL},
    {"bias_head", "true", NULL, NULL},
    {"norm", NULL, NULL, NULL},
    {"final_norm", NULL, NULL, NULL},
    {"activation", "relu", FEED_FORWARD, NULL},
    {"tie_weights", "false", NULL, NULL},
    {"positions", NULL, NULL, NULL},
    {"batch_size", "16", NULL, NULL},
    {"beta2", "0.999", NULL, NULL},
    {"weight_decay", "0.01", NULL, NULL},
    {"decay", "all", NULL, NULL},
    {"grad_clip", "0", NULL, NULL},
    {"schedule", "constant", NULL, NULL},
    {"warmup_steps", "0", NULL, NULL},
    {"steps", "5000", NULL, NULL},
    {"eval_interval", "500", NULL, NULL},
    {"eval_batches", "200", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- config ---- */

/* A key for several places counts where it was set later than the place's own key. */
static bool follows(const train_options *t, const char *key, const char *general) {
    return options_origin(&t->options, general) > options_origin(&t->options, key);
}

static void follow_float(const train_options *t, const char *key, double *value,
                         const char *general, double other) {
    if (isnan(*value) || follows(t, key, general))
        *value = other;
}

static void follow_switch(const train_options *t, const char *key, int *value, const char *general,
                          int other) {
    if (*value == OPTION_AUTO_BOOL || follows(t, key, general))
        *value = other;
}

static ore_status resolve(train_options *t) {
    train_config *c = &t->config;
    follow_float(t, "attn_dropout", &c->attn_dropout, "dropout", c->dropout);
    follow_float(t, "resid_dropout", &c->resid_dropout, "dropout", c->dropout);
    follow_float(t, "mlp_dropout", &c->mlp_dropout, "dropout", c->dropout);
    follow_switch(t, "bias_qkv", &c->bias_qkv, "bias", c->bias);
    follow_switch(t, "bias_linear", &c->bias_linear, "bias", c->bias);
    follow_switch(t, "bias_norm", &c->bias_norm, "bias", c->bias);
    if (c->n_embd % c->n_head != 0)
        return ore_fail(ORE_INVALID,
                        "--n-head %lld: does not divide --n-embd %lld; every head takes an equal "
                        "share of the channels",
                        (long long)c->n_head, (long long)c->n_embd);
    if (strcmp(c->positions, "sinusoidal") == 0 && c->n_embd % 2 != 0)
        return ore_fail(ORE_INVALID, "--n-embd %lld: sinusoidal positions need an even number",
                        (long long)c->n_embd);
    return ORE_OK;
}

static gpt_config config_of(const train_config *c) {
    gpt_config g = gpt_defaults();
    g.n_layer = c->n_layer;
    g.n_head = c->n_head;
    g.n_embd = c->n_embd;
    g.block_size = c->block_size;
    g.vocab_size = c->vocab_size;
    g.attn_dropout = c->attn_dropout;
    g.resid_dropout = c->resid_dropout;
    g.mlp_dropout = c->mlp_dropout;
    g.bias_qkv = c->bias_qkv;
    g.bias_linear = c->bias_linear;
    g.bias_norm = c->bias_norm;
    g.bias_head = c->bias_head;
    g.norm = strcmp(c->norm, "post") == 0 ? GPT_POST_NORM : GPT_PRE_NORM;
    g.final_norm = c->final_norm;
    g.activation = strcmp(c->activation, "relu") == 0        ? ore_relu
                   : strcmp(c->activation, "gelu_tanh") == 0 ? ore_gelu_tanh
                                                             : ore_gelu;
    g.tie_weights = c->tie_weights;
    g.positions = strcmp(c->positions, "sinusoidal") == 0 ? GPT_SINUSOIDAL : GPT_LEARNED;
    return g;
}

/* ---- model ---- */

static ore_status init(void *net, const train_config *c, ore_generator *g) {
    gpt_config config = config_of(c);
    return gpt_init(net, &config, g);
}

static void release(void *net) {
    gpt_free(net);
}

static ore_tensor *last(void *net, ore_tensor *ids) {
    return gpt_forward_last(net, ids);
}

static family_activation *activation(void *net, int64_t *layers) {
    gpt *model = net;
    *layers = model->config.n_layer;
    return &model->config.activation;
}

static void describe(const train_config *c, char *text, size_t bytes) {
    char layers[COUNT_BYTES], heads[COUNT_BYTES], channels[COUNT_BYTES];
    snprintf(text, bytes, "%s, %s, %s, block %lld", counted_text(c->n_layer, "layer", layers),
             counted_text(c->n_head, "head", heads), counted_text(c->n_embd, "channel", channels),
             (long long)c->block_size);
}

static double parameters(const train_config *c) {
    double C = (double)c->n_embd, tables = (double)(c->vocab_size + c->block_size);
    return tables * C + (double)c->n_layer * 12 * C * C;
}

#define TRANSFORMER                                                                                \
    .bytes = sizeof(gpt), .resolve = resolve, .init = init, .free = release, .last = last,         \
    .activation = activation, .describe = describe, .parameters = parameters

const model_family family_gpt = {.name = "gpt",
                                 .about = "a decoder-only transformer in nanoGPT's form, or the "
                                          "older post-norm one",
                                 .keys = gpt_keys,
                                 TRANSFORMER};

const model_family family_transformer = {
    .name = "transformer",
    .about = "the transformer lecture's model: as gpt, with the lecture's sizes and optimizer",
    .keys = transformer_keys,
    TRANSFORMER};
