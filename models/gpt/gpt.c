/* gpt.c: the decoder-only transformer: its blocks in a row, and steps with a cache. */
#include <math.h>
#include <stdlib.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "models/gpt/parts.h"

/* ---- one block: x + attn(ln_1 x), then x + mlp(ln_2 x); post-norm: ln_1(x + attn x), .. ---- */

static ore_tensor *sublayers(const gpt_block *b, ore_tensor *x, const gpt_flow *f) {
    gpt_norm norm = b->model->config.norm;
    if (norm == GPT_POST_NORM) {
        x = gpt_norm_forward(&b->ln_1, gpt_attention_forward(&b->attn, x, x, NULL, f));
        return gpt_norm_forward(&b->ln_2, gpt_mlp_forward(&b->mlp, x, x, NULL));
    }
    bool both = norm == GPT_BOTH_NORM;
    x = gpt_attention_forward(&b->attn, gpt_norm_forward(&b->ln_1, x), x,
                              both ? &b->ln_1_post : NULL, f);
    return gpt_mlp_forward(&b->mlp, gpt_norm_forward(&b->ln_2, x), x, both ? &b->ln_2_post : NULL);
}

static ore_tensor *block_forward(const gpt_block *b, ore_tensor *x, const gpt_flow *f) {
    if (!ore_module_begin(&b->module))
        return NULL;
    x = sublayers(b, x, f);
    ore_module_end(&b->module);
    return x;
}

/* ---- the model ---- */

/* The rows (T, C), or (B, T, C) of documents, of the table of positions. */
static ore_tensor *position_rows(const gpt *model, const gpt_flow *f, int64_t start, int64_t T) {
    ore_tensor *table = model->sinusoids ? model->sinusoids : model->wpe.weight; /* (block, C) */
    return f->documents ? ore_f_embedding(ore_document_positions(f->documents), table, -1)
                        : ore_narrow(table, 0, start, T);
}

/* Ids (B, T) -> (B, T, C), at positions behind those in the cache, or of documents from 0 on in
 * each. */
static ore_tensor *embed(const gpt *model, ore_tensor *ids, gpt_flow *f) {
    const gpt_config *c = &model->config;
    int64_t T = ore_size(ids, 1), start = f->cache ? ore_kv_cache_length(f->cache) : 0;
    ore_dtype dtype = gpt_stream_dtype(model);
    ore_tensor *x = ore_to(ore_embedding_forward(&model->wte, ids), dtype); /* (B, T, C) */
    if (c->scale_embedding)
        x = ore_mul_scalar(x, sqrt((double)c->n_embd));
    if (c->positions == GPT_ROTARY)
        gpt_turns(model, f, start, T);
    else
        x = ore_add(x, ore_to(position_rows(model, f, start, T), dtype));
    return ore_dropout_forward(&model->drop, x);
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

/* (B, T) -> (B, T, C), after the last norm. With a cache the ids follow its tokens. */
static ore_tensor *hidden(const gpt *model, ore_tensor *ids, gpt_flow *f) {
    if (!ids_fit(model, ids))
        return NULL;
    int64_t n_layer = model->config.n_layer;
    ore_tensor *x = embed(model, ids, f);
    for (int64_t i = 0; i < n_layer; i++) {
        if (f->hidden)
            f->hidden[i] = x;
        ore_scope_begin(); /* a block's temporaries go as soon as the graph allows */
        x = ore_keep(block_forward(&model->blocks[i], x, f));
        ore_scope_end();
    }
    if (model->config.final_norm)
        x = gpt_norm_forward(&model->ln_f, x);
    if (f->hidden)
        f->hidden[n_layer] = x;
    return x;
}

/* (.., C) -> (.., V) */
static ore_tensor *logits_of(const gpt *model, ore_tensor *x) {
    double cap = model->config.logit_soft_cap;
    ore_tensor *logits = ore_linear_forward(&model->lm_head, x);
    return cap > 0 ? ore_mul_scalar(ore_tanh(ore_mul_scalar(logits, 1 / cap)), cap) : logits;
}

/* (B, T, C) -> (B, V): the logits after the last token. */
static ore_tensor *last_logits(const gpt *model, ore_tensor *x) {
    return logits_of(model, ore_select(x, 1, -1));
}

ore_tensor *gpt_forward_documents(const gpt *model, ore_tensor *ids, ore_tensor *documents) {
    return logits_of(model, hidden(model, ids, &(gpt_flow){.documents = documents}));
}

ore_tensor *gpt_forward(const gpt *model, ore_tensor *ids) {
    return gpt_forward_documents(model, ids, NULL);
}

ore_tensor *gpt_forward_last(const gpt *model, ore_tensor *ids) {
    return last_logits(model, hidden(model, ids, &(gpt_flow){0}));
}

ore_tensor *gpt_forward_hidden(const gpt *model, ore_tensor *ids, ore_tensor **streams) {
    return logits_of(model, hidden(model, ids, &(gpt_flow){.hidden = streams}));
}

/* ---- steps with a cache ---- */

ore_kv_cache *gpt_cache_new(const gpt *model, int64_t B) {
    const gpt_config *c = &model->config;
    return ore_kv_cache_new(c->n_layer, ORE_SHAPE(B, c->n_kv_head, c->block_size, c->head_dim),
                            gpt_stream_dtype(model), ore_tensor_device(model->wte.weight));
}

static bool cache_fits(const gpt *model, const ore_kv_cache *cache) {
    const gpt_config *c = &model->config;
    int64_t H = c->n_kv_head, D = c->head_dim;
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!cache) {
        ore_fail(ORE_INVALID, "gpt: a step needs a cache, got NULL");
        return false;
    }
    ore_shape s = ore_kv_cache_shape(cache);
    if (ore_kv_cache_layers(cache) != c->n_layer || s.dim[1] != H || s.dim[3] != D)
        ore_fail(ORE_INVALID,
                 "gpt: a cache of %lld layers %s, expected %lld layers (B, %lld, T, %lld)",
                 (long long)ore_kv_cache_layers(cache), ore_shape_text(s, text),
                 (long long)c->n_layer, (long long)H, (long long)D);
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
    ore_tensor *logits = last_logits(model, hidden(model, ids, &(gpt_flow){.cache = cache}));
    return logits && ore_kv_cache_advance(cache, ore_size(ids, 1)) == ORE_OK ? logits : NULL;
}

static ore_tensor *forward(const ore_module *module, ore_tensor *x) {
    return gpt_forward((const gpt *)module, x);
}

/* ---- building ---- */

static void block_init(gpt_block *b, gpt *model, int64_t layer) {
    const gpt_config *c = &model->config;
    bool both = c->norm == GPT_BOTH_NORM;
    b->model = model;
    ore_module_init(&b->module, &model->h.module, NULL);
    gpt_norm_init(&b->ln_1, &b->module, "ln_1", c->n_embd, c);
    gpt_attention_init(&b->attn, b, layer, model);
    if (both)
        gpt_norm_init(&b->ln_1_post, &b->module, "ln_1_post", c->n_embd, c);
    gpt_norm_init(&b->ln_2, &b->module, "ln_2", c->n_embd, c);
    gpt_mlp_init(&b->mlp, b, model);
    if (both)
        gpt_norm_init(&b->ln_2_post, &b->module, "ln_2_post", c->n_embd, c);
}

static void positions_init(gpt *model, ore_module *parent) {
    const gpt_config *c = &model->config;
    if (c->positions == GPT_LEARNED) {
        ore_embedding_init(&model->wpe, parent, "wpe", c->block_size, c->n_embd, NULL);
    } else if (c->positions == GPT_SINUSOIDAL) {
        model->sinusoids = ore_sinusoidal_positions(c->block_size, c->n_embd, ORE_FLOAT32);
        ore_module_register_buffer(parent, "sinusoids", &model->sinusoids, false);
    }
}

static void build(gpt *model) {
    const gpt_config *c = &model->config;
    ore_module *t = &model->transformer;
    ore_module_init(t, &model->module, "transformer");
    ore_embedding_init(&model->wte, t, "wte", c->vocab_size, c->n_embd, NULL);
    positions_init(model, t);
    if (c->positions == GPT_ROTARY && c->rope_scaling == ORE_ROTARY_LONGROPE) {
        gpt_factors_init(&model->rope_short, t, "rope_short", c->rotary_dim / 2);
        gpt_factors_init(&model->rope_long, t, "rope_long", c->rotary_dim / 2);
    }
    ore_dropout_init(&model->drop, t, "drop", c->embd_dropout);
    model->drop.generator = model->generator;
    ore_module_list_init(&model->h, t, "h");
    for (int64_t i = 0; i < c->n_layer; i++)
        block_init(&model->blocks[i], model, i);
    if (c->final_norm)
        gpt_norm_init(&model->ln_f, t, "ln_f", c->n_embd, c);
    gpt_linear_init(&model->lm_head, &model->module, "lm_head", c->n_embd, c->vocab_size,
                    c->bias_head);
    if (c->tie_weights)
        ore_module_set_tensor(&model->lm_head.module, "weight", model->wte.weight);
}

/* Draws all weights, in the order of the modules. */
static void draw_weights(gpt *model, ore_generator *g) {
    const gpt_config *c = &model->config;
    double std = 0.02;
    double residual = c->norm == GPT_POST_NORM ? std : std / sqrt(2 * (double)c->n_layer);
    ore_init_normal(model->wte.weight, 0, std, g);
    if (model->wpe.weight)
        ore_init_normal(model->wpe.weight, 0, std, g);
    for (int64_t i = 0; i < c->n_layer; i++) {
        gpt_block *b = &model->blocks[i];
        gpt_linear_draw(&b->attn.qkv, std, g);
        gpt_linear_draw(&b->attn.q, std, g);
        gpt_linear_draw(&b->attn.k, std, g);
        gpt_linear_draw(&b->attn.v, std, g);
        gpt_linear_draw(&b->attn.proj, residual, g);
        gpt_linear_draw(&b->mlp.fc, std, g);
        gpt_linear_draw(&b->mlp.gate, std, g);
        gpt_linear_draw(&b->mlp.proj, residual, g);
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
    model->config = gpt_config_settled(c);
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
