/* gpt.c: the decoder-only transformer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <ore/init.h>
#include <ore/ops.h>
#include <ore/position.h>

#include "models/gpt/gpt.h"

enum { QKV = 3, MLP_RATIO = 4 }; /* queries, keys and values; GPT-2's 4C channels inside an MLP */

/* ---- one block: x + attn(ln_1 x), then x + mlp(ln_2 x); post-norm: ln_1(x + attn x), .. ---- */

/* What goes through a forward beside the stream: each NULL for none. */
typedef struct flow {
    ore_kv_cache *cache;
    ore_tensor *documents; /* (B, T) numbers of documents, inside which attention stays */
} flow;

/* The end of a residual branch: stream + dropout(last(x)), (B, T, C). */
static ore_tensor *join(const ore_linear *last, const ore_dropout *drop, ore_tensor *x,
                        ore_tensor *stream) {
    if (drop->module.training && drop->p > 0)
        return ore_add(stream, ore_dropout_forward(drop, ore_linear_forward(last, x)));
    return ore_linear_forward_add(last, x, stream);
}

/* The queries (part 0), keys (1) or values (2) of qkv (B, T, 3C), as a view (B, H, T, D). */
static ore_tensor *heads(ore_tensor *qkv, int64_t H, int64_t part) {
    int64_t B = ore_size(qkv, 0), T = ore_size(qkv, 1), C = ore_size(qkv, 2) / QKV;
    ore_tensor *x = ore_narrow(qkv, 2, part * C, C);
    return ore_transpose(ore_reshape(x, ORE_SHAPE(B, T, H, C / H)), 1, 2);
}

/* ore_attention_packed of tokens that follow those in the cache: (B, T, C). */
static ore_tensor *cached_attention(const gpt_block *b, ore_tensor *qkv, ore_kv_cache *cache,
                                    const ore_attention_options *o) {
    int64_t H = b->model->config.n_head, layer = b - b->model->blocks;
    if (!qkv)
        return NULL;
    ore_kv all = ore_kv_cache_put(cache, layer, heads(qkv, H, 1), heads(qkv, H, 2));
    ore_tensor *y = ore_attention(heads(qkv, H, 0), all.k, all.v, o); /* (B, H, T, D) */
    return ore_flatten(ore_transpose(y, 1, 2), 2, 3);
}

/* stream + attn(x), (B, T, C), with attn = softmax(q k^T / sqrt(D)) v, causal, in H heads of D
 * channels. */
static ore_tensor *attention(const gpt_block *b, ore_tensor *x, ore_tensor *stream, const flow *f) {
    const gpt *model = b->model;
    if (!ore_module_begin(&b->attn))
        return NULL;
    ore_tensor *qkv = ore_linear_forward(&b->c_attn, x); /* (B, T, 3C) */
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    o.dropout = b->attn.training ? model->config.attn_dropout : 0;
    o.generator = model->generator;
    o.documents = f->documents;
    ore_tensor *y = f->cache ? cached_attention(b, qkv, f->cache, &o)
                             : ore_attention_packed(qkv, model->config.n_head, &o);
    return join(&b->attn_proj, &b->attn_drop, ore_module_result(&b->attn, y), stream);
}

/* stream + mlp(x), (B, T, C) -> (B, T, 4C) -> (B, T, C) */
static ore_tensor *feed_forward(const gpt_block *b, ore_tensor *x, ore_tensor *stream) {
    ore_tensor *h = ore_linear_forward_activated(&b->c_fc, x, b->model->activation);
    return join(&b->mlp_proj, &b->mlp_drop, h, stream);
}

static ore_tensor *sublayers(const gpt_block *b, ore_tensor *x, const flow *f) {
    if (b->model->config.norm == GPT_POST_NORM) {
        x = ore_layer_norm_forward(&b->ln_1, attention(b, x, x, f));
        return ore_layer_norm_forward(&b->ln_2, feed_forward(b, x, x));
    }
    x = attention(b, ore_layer_norm_forward(&b->ln_1, x), x, f);
    return feed_forward(b, ore_layer_norm_forward(&b->ln_2, x), x);
}

static ore_tensor *block_forward(const gpt_block *b, ore_tensor *x, const flow *f) {
    if (!ore_module_begin(&b->module))
        return NULL;
    x = sublayers(b, x, f);
    ore_module_end(&b->module);
    return x;
}

/* ---- the model ---- */

/* Ids (B, T) -> (B, T, C), at positions behind those in the cache, or of documents from 0 on in
 * each. */
static ore_tensor *embed(const gpt *model, ore_tensor *ids, const flow *f) {
    int64_t T = ore_size(ids, 1), start = f->cache ? ore_kv_cache_length(f->cache) : 0;
    ore_tensor *tokens = ore_embedding_forward(&model->wte, ids); /* (B, T, C) */
    ore_tensor *table = model->sinusoids;                         /* (block, C) */
    if (!table)
        table = model->wpe.weight;
    ore_tensor *positions = f->documents
                                ? ore_f_embedding(ore_document_positions(f->documents), table, -1)
                                : ore_narrow(table, 0, start, T);
    return ore_dropout_forward(&model->drop, ore_add(tokens, positions));
}

static bool ids_fit(const gpt *model, const ore_tensor *ids) {
    if (ore_ok() && (ore_ndim(ids) != 2 || ore_size(ids, 1) < 1 ||
                     ore_size(ids, 1) > model->config.block_size)) {
        char text[ORE_SHAPE_TEXT];
        ore_fail(ORE_INVALID, "gpt: ids %s, expected (B, T) with 1 <= T <= block_size %lld",
                 ore_shape_text(ore_shape_of(ids), text), (long long)model->config.block_size);
    }
    return ore_ok();
}

/* (B, T) -> (B, T, C), after the last LayerNorm. With a cache the ids follow its tokens. */
static ore_tensor *hidden(const gpt *model, ore_tensor *ids, const flow *f) {
    if (!ids_fit(model, ids))
        return NULL;
    ore_tensor *x = embed(model, ids, f);
    for (int64_t i = 0; i < model->config.n_layer; i++) {
        ore_scope_begin(); /* a block's temporaries go as soon as the graph allows */
        x = ore_keep(block_forward(&model->blocks[i], x, f));
        ore_scope_end();
    }
    return model->config.final_norm ? ore_layer_norm_forward(&model->ln_f, x) : x;
}

/* (B, T, C) -> (B, V): the logits after the last token. */
static ore_tensor *last_logits(const gpt *model, ore_tensor *x) {
    return ore_linear_forward(&model->lm_head, ore_select(x, 1, -1));
}

ore_tensor *gpt_forward_documents(const gpt *model, ore_tensor *ids, ore_tensor *documents) {
    return ore_linear_forward(&model->lm_head, hidden(model, ids, &(flow){.documents = documents}));
}

ore_tensor *gpt_forward(const gpt *model, ore_tensor *ids) {
    return gpt_forward_documents(model, ids, NULL);
}

ore_tensor *gpt_forward_last(const gpt *model, ore_tensor *ids) {
    return last_logits(model, hidden(model, ids, &(flow){0}));
}

/* ---- steps with a cache ---- */

ore_kv_cache *gpt_cache_new(const gpt *model, int64_t B) {
    const gpt_config *c = &model->config;
    const ore_tensor *weight = model->blocks[0].c_attn.weight; /* keys have its dtype and device */
    return ore_kv_cache_new(c->n_layer,
                            ORE_SHAPE(B, c->n_head, c->block_size, c->n_embd / c->n_head),
                            ore_tensor_dtype(weight), ore_tensor_device(weight));
}

static bool cache_fits(const gpt *model, const ore_kv_cache *cache) {
    const gpt_config *c = &model->config;
    int64_t D = c->n_embd / c->n_head;
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!cache) {
        ore_fail(ORE_INVALID, "gpt: a step needs a cache, got NULL");
        return false;
    }
    ore_shape s = ore_kv_cache_shape(cache);
    if (ore_kv_cache_layers(cache) != c->n_layer || s.dim[1] != c->n_head || s.dim[3] != D)
        ore_fail(ORE_INVALID,
                 "gpt: a cache of %lld layers %s, expected %lld layers (B, %lld, T, %lld)",
                 (long long)ore_kv_cache_layers(cache), ore_shape_text(s, text),
                 (long long)c->n_layer, (long long)c->n_head, (long long)D);
    return ore_ok();
}

static bool step_fits(const gpt *model, const ore_kv_cache *cache, const ore_tensor *ids) {
    if (!cache_fits(model, cache) || !ids_fit(model, ids))
        return false;
    ore_shape s = ore_kv_cache_shape(cache);
    int64_t T = ore_size(ids, 1), held = ore_kv_cache_length(cache), max = s.dim[2];
    if (max > model->config.block_size)
        max = model->config.block_size;
    if (ore_size(ids, 0) != s.dim[0])
        ore_fail(ORE_INVALID, "gpt: ids of %lld sequences, expected %lld, as in the cache",
                 (long long)ore_size(ids, 0), (long long)s.dim[0]);
    else if (T > max - held)
        ore_fail(ORE_INVALID,
                 "gpt: %lld tokens after the %lld in the cache, expected at most %lld "
                 "in all",
                 (long long)T, (long long)held, (long long)max);
    return ore_ok();
}

ore_tensor *gpt_step(const gpt *model, ore_kv_cache *cache, ore_tensor *ids) {
    if (!step_fits(model, cache, ids))
        return NULL;
    ore_tensor *logits = last_logits(model, hidden(model, ids, &(flow){.cache = cache}));
    return logits && ore_kv_cache_advance(cache, ore_size(ids, 1)) == ORE_OK ? logits : NULL;
}

static ore_tensor *forward(const ore_module *module, ore_tensor *x) {
    return gpt_forward((const gpt *)module, x);
}

/* ---- building ---- */

/* Replaces the weights of a linear layer by draws from N(0, std), and its biases by 0. */
static void linear_weights(ore_linear *l, double std, ore_generator *g) {
    ore_init_normal(l->weight, 0, std, g);
    if (l->bias)
        ore_init_zeros(l->bias);
}

static void add_linear(ore_linear *l, ore_module *parent, const char *name, int64_t in, int64_t out,
                       bool bias) {
    ore_linear_options o = ore_linear_defaults();
    o.bias = bias;
    ore_linear_init(l, parent, name, in, out, &o);
}

static void add_norm(ore_layer_norm *n, ore_module *parent, const char *name, const gpt_config *c) {
    ore_layer_norm_options o = ore_layer_norm_defaults();
    o.bias = c->bias_norm;
    ore_layer_norm_init(n, parent, name, ORE_SHAPE(c->n_embd), &o);
}

static void block_init(gpt_block *b, gpt *model) {
    const gpt_config *c = &model->config;
    int64_t C = c->n_embd;
    b->model = model;
    ore_module_init(&b->module, &model->h.module, NULL);
    add_norm(&b->ln_1, &b->module, "ln_1", c);
    ore_module_init(&b->attn, &b->module, "attn");
    add_linear(&b->c_attn, &b->attn, "c_attn", C, QKV * C, c->bias_qkv);
    add_linear(&b->attn_proj, &b->attn, "c_proj", C, C, c->bias_linear);
    ore_dropout_init(&b->attn_drop, &b->attn, "resid_dropout", c->resid_dropout);
    add_norm(&b->ln_2, &b->module, "ln_2", c);
    ore_module_init(&b->mlp, &b->module, "mlp");
    add_linear(&b->c_fc, &b->mlp, "c_fc", C, MLP_RATIO * C, c->bias_linear);
    add_linear(&b->mlp_proj, &b->mlp, "c_proj", MLP_RATIO * C, C, c->bias_linear);
    ore_dropout_init(&b->mlp_drop, &b->mlp, "dropout", c->mlp_dropout);
    b->attn_drop.generator = b->mlp_drop.generator = model->generator;
}

static void build(gpt *model) {
    const gpt_config *c = &model->config;
    ore_module *t = &model->transformer;
    ore_module_init(t, &model->module, "transformer");
    ore_embedding_init(&model->wte, t, "wte", c->vocab_size, c->n_embd, NULL);
    if (c->positions == GPT_LEARNED) {
        ore_embedding_init(&model->wpe, t, "wpe", c->block_size, c->n_embd, NULL);
    } else {
        model->sinusoids = ore_sinusoidal_positions(c->block_size, c->n_embd, ORE_FLOAT32);
        ore_module_register_buffer(t, "sinusoids", &model->sinusoids, false);
    }
    ore_dropout_init(&model->drop, t, "drop", c->resid_dropout);
    model->drop.generator = model->generator;
    ore_module_list_init(&model->h, t, "h");
    for (int64_t i = 0; i < c->n_layer; i++)
        block_init(&model->blocks[i], model);
    if (c->final_norm)
        add_norm(&model->ln_f, t, "ln_f", c);
    add_linear(&model->lm_head, &model->module, "lm_head", c->n_embd, c->vocab_size, c->bias_head);
    if (c->tie_weights)
        ore_module_set_tensor(&model->lm_head.module, "weight", model->wte.weight);
}

/* Draws all weights, in the order of the modules. */
static void draw_weights(gpt *model, ore_generator *g) {
    const gpt_config *c = &model->config;
    double std = 0.02;
    double residual = c->norm == GPT_PRE_NORM ? std / sqrt(2 * (double)c->n_layer) : std;
    ore_init_normal(model->wte.weight, 0, std, g);
    if (c->positions == GPT_LEARNED)
        ore_init_normal(model->wpe.weight, 0, std, g);
    for (int64_t i = 0; i < c->n_layer; i++) {
        gpt_block *b = &model->blocks[i];
        linear_weights(&b->c_attn, std, g);
        linear_weights(&b->attn_proj, residual, g);
        linear_weights(&b->c_fc, std, g);
        linear_weights(&b->mlp_proj, residual, g);
    }
    if (!c->tie_weights)
        ore_init_normal(model->lm_head.weight, 0, std, g);
    if (model->lm_head.bias)
        ore_init_zeros(model->lm_head.bias);
}

ore_status gpt_init(gpt *model, const gpt_config *config, ore_generator *g) {
    *model = (gpt){.config = *config, .generator = g};
    const gpt_config *c = &model->config;
    if (family_prepare(&gpt_family, &model->config) != ORE_OK)
        return ore_error_status();
    model->activation = activation_function(c->activation);
    model->blocks = calloc((size_t)c->n_layer, sizeof *model->blocks);
    if (!model->blocks)
        return ore_fail(ORE_MEMORY, "gpt: out of memory: %lld blocks", (long long)c->n_layer);
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    build(model);
    if (ore_ok())
        draw_weights(model, g);
    ore_scope_end();
    if (!ore_ok())
        gpt_free(model);
    return ore_error_status();
}

void gpt_free(gpt *model) {
    if (!model->blocks)
        return;
    ore_module_free(&model->module);
    free(model->blocks);
    model->blocks = NULL;
}
