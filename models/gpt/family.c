/* family.c: the GPT as a family: its config, whose keys have nanoGPT's names, and its two named
 * models. */
#include <stdio.h>

#include "models/gpt/gpt.h"
#include "models/words.h"

/* ---- config ---- */

static const config_choice norms[] = {{"pre", GPT_PRE_NORM}, {"post", GPT_POST_NORM}, {NULL, 0}};
static const config_choice positions[] = {
    {"learned", GPT_LEARNED}, {"sinusoidal", GPT_SINUSOIDAL}, {NULL, 0}};
static const config_choice activations[] = {{"gelu", ACTIVATION_GELU},
                                            {"gelu_tanh", ACTIVATION_GELU_TANH},
                                            {"relu", ACTIVATION_RELU},
                                            {NULL, 0}};

#define INT(...)     CONFIG_FIELD_INT(gpt_config, __VA_ARGS__)
#define DROPOUT(...) CONFIG_FIELD_FLOAT(gpt_config, __VA_ARGS__)
#define SWITCH(...)  CONFIG_FIELD_SWITCH(gpt_config, __VA_ARGS__)
#define CHOICE(...)  CONFIG_FIELD_CHOICE(gpt_config, __VA_ARGS__)

static const config_field fields[] = {
    INT(n_layer, "4", "[1, 1024]", "transformer blocks"),
    INT(n_head, "4", "[1, 1024]", "attention heads of each block; divides n_embd"),
    INT(n_embd, "64", "[1, 65536]", "channels"),
    INT(block_size, "32", "[1, 1048576]", "maximum number of tokens that a prediction sees"),
    INT(vocab_size, "auto", "[1, 16777216]",
        "rows of the token table; auto: as many as the tokenizer has"),
    DROPOUT(dropout, "0", "[0, 1)", NULL, "dropout at all three places below"),
    DROPOUT(attn_dropout, "auto", "[0, 1)", "dropout",
            "dropout of attention weights; auto: as dropout"),
    DROPOUT(resid_dropout, "auto", "[0, 1)", "dropout",
            "dropout after attention's output projection and of the embedding; auto: as dropout"),
    DROPOUT(mlp_dropout, "auto", "[0, 1)", "dropout",
            "dropout after the feed-forward layer; auto: as dropout"),
    SWITCH(bias, "true", NULL,
           "biases of query, key, value, other linears and LayerNorms, where not set below"),
    SWITCH(bias_qkv, "auto", "bias", "bias of query, key and value; auto: as bias"),
    SWITCH(bias_linear, "auto", "bias",
           "bias of the other linear layers but the head; auto: as bias"),
    SWITCH(bias_norm, "auto", "bias", "bias of LayerNorms; auto: as bias"),
    SWITCH(bias_head, "false", NULL, "bias of the head"),
    CHOICE(norm, "pre", norms, "LayerNorm before or after each sublayer"),
    SWITCH(final_norm, "true", NULL, "a LayerNorm before the head"),
    CHOICE(activation, "gelu", activations, "non-linearity of the feed-forward layer"),
    SWITCH(tie_weights, "true", NULL, "the head shares the token table's weights"),
    CHOICE(positions, "learned", positions, "kind of position table"),
    CONFIG_FIELDS_END,
};

gpt_config gpt_defaults(void) {
    gpt_config c;
    config_defaults(fields, &c);
    return c;
}

static ore_status check(const void *config) {
    const gpt_config *c = config;
    if (family_check_heads(c->n_head, c->n_embd) != ORE_OK)
        return ore_error_status();
    if (c->positions == GPT_SINUSOIDAL && c->n_embd % 2 != 0)
        return ore_fail(ORE_INVALID,
                        "n_embd %lld, expected an even number with sinusoidal positions",
                        (long long)c->n_embd);
    return ORE_OK;
}

/* ---- model ---- */

static ore_status init(void *net, const void *config, ore_generator *g) {
    return gpt_init(net, config, g);
}

static void release(void *net) {
    gpt_free(net);
}

static ore_tensor *forward(void *net, const ore_batch *batch) {
    return gpt_forward_documents(net, batch->x, batch->more[0]);
}

static ore_tensor *last(void *net, ore_tensor *ids) {
    return gpt_forward_last(net, ids);
}

static void *memory_new(const void *net, int64_t B) {
    return gpt_cache_new(net, B);
}

static void memory_free(void *cache) {
    ore_kv_cache_free(cache);
}

static int64_t memory_keep(void *cache, int64_t tokens) {
    ore_kv_cache_truncate(cache, tokens);
    return ore_kv_cache_length(cache);
}

static ore_tensor *step(void *net, void *cache, ore_tensor *ids) {
    return gpt_step(net, cache, ids);
}

static ore_tensor_function *activation(void *net, int64_t *layers) {
    gpt *model = net;
    *layers = model->config.n_layer;
    return &model->activation;
}

static void describe(const void *config, char *text, size_t bytes) {
    const gpt_config *c = config;
    char layers[COUNT_BYTES], heads[COUNT_BYTES], channels[COUNT_BYTES];
    snprintf(text, bytes, "%s, %s, %s, block %lld", counted_text(c->n_layer, "layer", layers),
             counted_text(c->n_head, "head", heads), counted_text(c->n_embd, "channel", channels),
             (long long)c->block_size);
}

static double parameters(const void *config) {
    const gpt_config *c = config;
    double C = (double)c->n_embd, tables = (double)(c->vocab_size + c->block_size);
    return tables * C + (double)c->n_layer * 12 * C * C;
}

const model_family gpt_family = {.name = "gpt",
                                 .fields = fields,
                                 .config_bytes = sizeof(gpt_config),
                                 .net_bytes = sizeof(gpt),
                                 .check = check,
                                 .init = init,
                                 .free = release,
                                 .forward = forward,
                                 .separates = true,
                                 .last = last,
                                 .memory_new = memory_new,
                                 .memory_free = memory_free,
                                 .memory_keep = memory_keep,
                                 .step = step,
                                 .activation = activation,
                                 .describe = describe,
                                 .parameters = parameters};

/* ---- names ---- */

const named_model model_gpt = {
    .name = "gpt",
    .about = "a decoder-only transformer in nanoGPT's form, or the older post-norm one",
    .family = &gpt_family};

/* The model of the lecture's script: 4 pre-norm layers of 64 channels, relu, no biases in queries,
 * keys and values, an untied head with a bias; AdamW with torch's defaults and a constant rate. */
static const config_setting lecture[] = {
    {"bias_qkv", "false"},    {"bias_head", "true"},   {"activation", "relu"},
    {"tie_weights", "false"}, {"batch_size", "16"},    {"beta2", "0.999"},
    {"weight_decay", "0.01"}, {"decay", "all"},        {"grad_clip", "0"},
    {"schedule", "constant"}, {"warmup_steps", "0"},   {"steps", "5000"},
    {"eval_interval", "500"}, {"eval_batches", "200"}, {NULL, NULL}};

const named_model model_transformer = {
    .name = "transformer",
    .about = "the transformer lecture's model: as gpt, with the lecture's sizes and optimizer",
    .family = &gpt_family,
    .defaults = lecture};
