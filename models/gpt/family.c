/* family.c: the GPT as a family: its config, whose keys have nanoGPT's names, and its two named
 * models. */
#include <stdio.h>

#include "models/gpt/parts.h"
#include "models/words.h"

/* ---- config ---- */

static const config_choice norms[] = {
    {"pre", GPT_PRE_NORM}, {"post", GPT_POST_NORM}, {"both", GPT_BOTH_NORM}, {NULL, 0}};
static const config_choice norm_kinds[] = {{"layer", GPT_LAYER_NORM},
                                           {"rms", GPT_RMS_NORM},
                                           {"rms_plus_one", GPT_RMS_NORM_PLUS_ONE},
                                           {NULL, 0}};
static const config_choice positions[] = {
    {"learned", GPT_LEARNED}, {"sinusoidal", GPT_SINUSOIDAL}, {"rotary", GPT_ROTARY}, {NULL, 0}};
static const config_choice scalings[] = {{"none", ORE_ROTARY_PLAIN},
                                         {"linear", ORE_ROTARY_LINEAR},
                                         {"dynamic", ORE_ROTARY_DYNAMIC},
                                         {"yarn", ORE_ROTARY_YARN},
                                         {"llama3", ORE_ROTARY_LLAMA3},
                                         {"longrope", ORE_ROTARY_LONGROPE},
                                         {NULL, 0}};
static const config_choice mlps[] = {{"plain", GPT_MLP_PLAIN},
                                     {"gated", GPT_MLP_GATED},
                                     {"gated_fused", GPT_MLP_GATED_FUSED},
                                     {NULL, 0}};
static const config_choice activations[] = {{"gelu", ACTIVATION_GELU},
                                            {"gelu_tanh", ACTIVATION_GELU_TANH},
                                            {"relu", ACTIVATION_RELU},
                                            {"silu", ACTIVATION_SILU},
                                            {NULL, 0}};

#define INT(...)    CONFIG_FIELD_INT(gpt_config, __VA_ARGS__)
#define FLOAT(...)  CONFIG_FIELD_FLOAT(gpt_config, __VA_ARGS__)
#define SWITCH(...) CONFIG_FIELD_SWITCH(gpt_config, __VA_ARGS__)
#define CHOICE(...) CONFIG_FIELD_CHOICE(gpt_config, __VA_ARGS__)

static const config_field fields[] = {
    INT(n_layer, "4", "[1, 1024]", "transformer blocks"),
    INT(n_head, "4", "[1, 1024]", "attention heads of each block; divides n_embd"),
    INT(n_embd, "64", "[1, 65536]", "channels"),
    INT(block_size, "32", "[1, 1048576]", "maximum number of tokens that a prediction sees"),
    INT(vocab_size, "auto", "[1, 16777216]",
        "rows of the token table; auto: as many as the tokenizer has"),
    FLOAT(dropout, "0", "[0, 1)", NULL, "dropout at all places below"),
    FLOAT(attn_dropout, "auto", "[0, 1)", "dropout",
          "dropout of attention weights; auto: as dropout"),
    FLOAT(resid_dropout, "auto", "[0, 1)", "dropout",
          "dropout after attention's output projection; auto: as dropout"),
    FLOAT(mlp_dropout, "auto", "[0, 1)", "dropout",
          "dropout after the feed-forward layer; auto: as dropout"),
    FLOAT(embd_dropout, "auto", "[0, 1)", "resid_dropout",
          "dropout of the embedding; auto: as resid_dropout"),
    SWITCH(bias, "true", NULL,
           "biases of query, key, value, other linears and LayerNorms, where not set below"),
    SWITCH(bias_qkv, "auto", "bias", "bias of query, key and value; auto: as bias"),
    SWITCH(bias_linear, "auto", "bias",
           "bias of the other linear layers but the head; auto: as bias"),
    SWITCH(bias_norm, "auto", "bias", "bias of LayerNorms; auto: as bias"),
    SWITCH(bias_proj, "auto", "bias_linear",
           "bias of attention's output projection; auto: as bias_linear"),
    SWITCH(bias_head, "false", NULL, "bias of the head"),
    CHOICE(norm, "pre", norms, "norms before or after each sublayer, or before and after it"),
    SWITCH(final_norm, "true", NULL, "a norm before the head"),
    CHOICE(norm_kind, "layer", norm_kinds,
           "LayerNorm, RMSNorm, or Gemma's, which multiplies by 1 + weight"),
    FLOAT(norm_eps, "1e-05", "(0, 1]", NULL, "added to a norm's variance"),
    CHOICE(activation, "gelu", activations, "non-linearity of the feed-forward layer"),
    CHOICE(mlp, "plain", mlps,
           "feed-forward layer: plain, with a gate, or with both in one matrix"),
    INT(n_inner, "0", "[0, 1048576]", "channels inside the feed-forward layer; 0: 4 times n_embd"),
    SWITCH(tie_weights, "true", NULL, "the head shares the token table's weights"),
    SWITCH(scale_embedding, "false", NULL, "tokens' vectors are multiplied by sqrt(n_embd)"),
    CHOICE(positions, "learned", positions,
           "a table of learned or sinusoidal vectors, or rotated queries and keys"),
    /* the one number whose auto is the value of another: so a row without its macro */
    {"n_kv_head", CONFIG_INT, offsetof(gpt_config, n_kv_head), "auto", "[1, 1024]",
     "heads of keys and values, which heads of queries share; divides n_head; auto: n_head", NULL,
     "n_head"},
    INT(head_dim, "0", "[0, 65536]", "channels of a head; 0: n_embd / n_head"),
    SWITCH(fused_qkv, "true", NULL, "queries, keys and values come from one matrix"),
    SWITCH(qk_norm, "false", NULL, "norms of each head's queries and keys"),
    INT(query_scalar, "0", "[0, 1000000]",
        "attention's scores are divided by its square root; 0: head_dim"),
    INT(window, "0", "[0, 1048576]", "tokens that a query of local layers sees; 0: all"),
    INT(window_from, "0", "[0, 1024]", "first layer, counted from 0, that is local"),
    INT(window_skip, "0", "[0, 1024]", "every so many-th layer is not local; 0: all are"),
    FLOAT(attn_soft_cap, "0", "[0, 1000000]", NULL,
          "attention's scores s become cap tanh(s / cap); 0: they stay"),
    FLOAT(logit_soft_cap, "0", "[0, 1000000]", NULL, "the same of logits"),
    INT(rotary_dim, "0", "[0, 65536]", "channels of a head that are rotated; 0: all"),
    FLOAT(rope_theta, "10000", "(1, 1e12]", NULL, "rotary positions: base of the frequencies"),
    FLOAT(rope_local_theta, "0", "[0, 1e12]", NULL,
          "base of local layers, without scaling; 0: as the others"),
    CHOICE(rope_scaling, "none", scalings,
           "how frequencies are stretched for longer texts; longrope: each by a factor of its own, "
           "which comes with weights"),
    FLOAT(rope_factor, "1", "[0, 1000000]", NULL, "of rope_scaling: how far"),
    INT(rope_max, "0", "[0, 16777216]",
        "of dynamic: the length that the model was trained on; 0: block_size"),
    INT(rope_original, "0", "[0, 16777216]",
        "of yarn, llama3 and longrope: the length that it was trained on at first"),
    FLOAT(rope_attention_factor, "0", "[0, 1000]", NULL,
          "of yarn and longrope: factor of the rotations; 0: by the papers"),
    FLOAT(rope_beta_fast, "32", "(0, 1000000]", NULL,
          "of yarn: frequencies of more turns in the first length stay"),
    FLOAT(rope_beta_slow, "1", "(0, 1000000]", NULL, "of yarn: those of fewer are divided"),
    FLOAT(rope_low_freq, "1", "(0, 1000000]", NULL,
          "of llama3: frequencies of fewer turns in the first length are divided"),
    FLOAT(rope_high_freq, "4", "(0, 1000000]", NULL, "of llama3: those of more stay"),
    CONFIG_FIELDS_END,
};

gpt_config gpt_defaults(void) {
    gpt_config c;
    config_defaults(fields, &c);
    return c;
}

/* ---- sizes that may be 0 ---- */

static int64_t head_dim_of(const gpt_config *c) {
    return c->head_dim > 0 ? c->head_dim : c->n_embd / c->n_head;
}

static int64_t inner_size_of(const gpt_config *c) {
    enum { RATIO = 4 }; /* GPT-2's */
    return c->n_inner > 0 ? c->n_inner : RATIO * c->n_embd;
}

bool gpt_is_local(const gpt_config *c, int64_t layer) {
    bool skipped = c->window_skip > 0 && (layer + 1) % c->window_skip == 0;
    return c->window > 0 && layer >= c->window_from && !skipped;
}

gpt_config gpt_config_settled(const gpt_config *config) {
    gpt_config c = *config;
    config_settle(fields, &c);
    c.head_dim = head_dim_of(&c);
    c.n_inner = inner_size_of(&c);
    if (c.rotary_dim == 0)
        c.rotary_dim = c.head_dim;
    if (c.query_scalar <= 0)
        c.query_scalar = c.head_dim;
    if (c.window == 0)
        c.window_from = c.window_skip = 0;
    return c;
}

static ore_status check_heads(const gpt_config *c) {
    if (c->head_dim == 0 && family_check_heads(c->n_head, c->n_embd) != ORE_OK)
        return ore_error_status();
    if (c->n_kv_head != CONFIG_AUTO_INT && c->n_head % c->n_kv_head != 0)
        return ore_fail(ORE_INVALID,
                        "n_kv_head %lld does not divide n_head %lld; each head of keys is for as "
                        "many heads of queries",
                        (long long)c->n_kv_head, (long long)c->n_head);
    return ORE_OK;
}

static ore_status check_rotary(const gpt_config *c) {
    int64_t D = head_dim_of(c), R = c->rotary_dim > 0 ? c->rotary_dim : D;
    bool scaled = c->rope_scaling == ORE_ROTARY_YARN || c->rope_scaling == ORE_ROTARY_LLAMA3 ||
                  c->rope_scaling == ORE_ROTARY_LONGROPE;
    if (c->positions != GPT_ROTARY)
        return ORE_OK;
    if (R % 2 != 0 || R > D)
        return ore_fail(ORE_INVALID,
                        "rotary_dim %lld, expected an even number, at most head_dim %lld",
                        (long long)R, (long long)D);
    if (scaled && c->rope_original == 0)
        return ore_fail(ORE_INVALID, "rope_original 0, expected the length that the model was "
                                     "trained on, for this rope_scaling");
    return ORE_OK;
}

static ore_status check(const void *config) {
    const gpt_config *c = config;
    if (check_heads(c) != ORE_OK || check_rotary(c) != ORE_OK)
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

static int64_t memory_keep(const void *net, void *cache, int64_t tokens, int64_t length) {
    bool same = gpt_keys_last(net, ore_kv_cache_length(cache), length);
    ore_kv_cache_truncate(cache, same ? tokens : 0);
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
    int64_t tables = c->tie_weights ? c->vocab_size : 2 * c->vocab_size;
    int64_t heads = c->n_head + (c->n_kv_head != CONFIG_AUTO_INT ? c->n_kv_head : c->n_head);
    double C = (double)c->n_embd, matrices = c->mlp == GPT_MLP_PLAIN ? 2 : 3;
    double block = 2 * (double)(heads * head_dim_of(c)) + matrices * (double)inner_size_of(c);
    if (c->positions == GPT_LEARNED)
        tables += c->block_size;
    return (double)tables * C + (double)c->n_layer * block * C;
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
                                 .look = gpt_look,
                                 .reads = gpt_published_reads,
                                 .published_config = gpt_published_config,
                                 .published_load = gpt_published_load,
                                 .widen = gpt_widen,
                                 .published_save = gpt_published_save,
                                 .published_gguf = gpt_published_gguf,
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
