/* transformer.c: the transformer as a form of encoder-decoder. */
#include <stdlib.h>

#include <ore/ops.h>
#include <ore/position.h>

#include "models/seq2seq/forms.h"

static void build(seq2seq *model, ore_generator *g) {
    const seq2seq_config *c = &model->config;
    size_t layers = (size_t)c->n_layer;
    model->encoder_layers = calloc(layers, sizeof *model->encoder_layers);
    model->decoder_layers = calloc(layers, sizeof *model->decoder_layers);
    if (!model->encoder_layers || !model->decoder_layers) {
        ore_fail(ORE_MEMORY, "seq2seq: out of memory: %zu layers", layers);
        return;
    }
    model->positions = ore_sinusoidal_positions(c->block_size, c->n_embd, ORE_FLOAT32);
    ore_module_register_buffer(&model->module, "positions", &model->positions, false);
    ore_transformer_options o = ore_transformer_defaults();
    o.dim_feedforward = c->n_hidden;
    o.dropout = c->dropout;
    o.batch_first = o.norm_first = true;
    o.generator = o.dropout_generator = g;
    ore_transformer_init(&model->transformer, &model->module, "transformer", model->encoder_layers,
                         c->n_layer, model->decoder_layers, c->n_layer, c->n_embd, c->n_head, &o);
}

static ore_tensor *forward(const seq2seq *model, ore_tensor *src, ore_tensor *lengths,
                           ore_tensor *tgt) {
    const ore_transformer_masks masks = {
        .src.key_lengths = lengths, .tgt.causal = true, .memory.key_lengths = lengths};
    return ore_transformer_forward(&model->transformer, src, tgt, &masks);
}

/* ---- in steps ---- */

/* The keys and values of memory (R, S, C) in every layer, which no step changes. */
static void keep_memory(seq2seq_state *s, ore_tensor *memory) {
    for (int64_t i = 0; i < s->model->config.n_layer && ore_ok(); i++) {
        const ore_multihead_attention *m = &s->model->decoder_layers[i].multihead_attn;
        ore_multihead_attention_keys_values(m, memory, &s->k[i], &s->v[i]);
        s->k[i] = ore_own(ore_contiguous(s->k[i]));
        s->v[i] = ore_own(ore_contiguous(s->v[i]));
    }
}

static ore_status read_source(seq2seq_state *s, ore_tensor *src) {
    const seq2seq_config *c = &s->model->config;
    const ore_tensor *weight = s->model->head.weight; /* keys have its dtype and device */
    s->k = calloc((size_t)c->n_layer, sizeof *s->k);
    s->v = calloc((size_t)c->n_layer, sizeof *s->v);
    if (!s->k || !s->v)
        return ore_fail(ORE_MEMORY, "seq2seq: out of memory: %lld layers", (long long)c->n_layer);
    const ore_multihead_mask mask = {.key_lengths = s->lengths};
    keep_memory(s, ore_transformer_encoder_forward(&s->model->transformer.encoder, src, &mask));
    if (ore_ok())
        s->cache = ore_kv_cache_new(
            c->n_layer,
            ORE_SHAPE(ore_size(src, 0), c->n_head, c->block_size, c->n_embd / c->n_head),
            ore_tensor_dtype(weight), ore_tensor_device(weight));
    return ore_error_status();
}

/* x + what it attends to of what was written, itself included: (R, T, C) */
static ore_tensor *attend_to_written(seq2seq_state *s, int64_t layer, ore_tensor *x) {
    const ore_transformer_decoder_layer *l = &s->model->decoder_layers[layer];
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    ore_tensor *k, *v, *h = ore_layer_norm_forward(&l->norm1, x);
    ore_tensor *q = ore_multihead_attention_queries(&l->self_attn, h);
    ore_multihead_attention_keys_values(&l->self_attn, h, &k, &v);
    ore_kv all = ore_kv_cache_put(s->cache, layer, k, v);
    ore_tensor *y = ore_attention(q, all.k, all.v, &o);
    return ore_add(x, ore_multihead_attention_join(&l->self_attn, y));
}

/* x + what it attends to of what was read */
static ore_tensor *attend_to_read(seq2seq_state *s, int64_t layer, ore_tensor *x) {
    const ore_transformer_decoder_layer *l = &s->model->decoder_layers[layer];
    ore_attention_options o = ore_attention_defaults();
    o.lengths = s->lengths;
    ore_tensor *h = ore_layer_norm_forward(&l->norm2, x);
    ore_tensor *q = ore_multihead_attention_queries(&l->multihead_attn, h);
    ore_tensor *y = ore_attention(q, s->k[layer], s->v[layer], &o);
    if (s->keep_weights && layer == s->model->config.n_layer - 1) {
        ore_tensor *weights = ore_attention_weights(q, s->k[layer], &o); /* (R, H, T, S) */
        seq2seq_keep_weights(s, ore_mean(weights, ORE_DIMS(1), false));
    }
    return ore_add(x, ore_multihead_attention_join(&l->multihead_attn, y));
}

static ore_tensor *feed_forward(const ore_transformer_decoder_layer *l, ore_tensor *x) {
    ore_tensor *h = ore_layer_norm_forward(&l->norm3, x);
    h = ore_linear_forward_activated(&l->linear1, h, l->activation);
    return ore_linear_forward_add(&l->linear2, h, x);
}

static ore_tensor *step(seq2seq_state *s, ore_tensor *x) {
    const seq2seq *model = s->model;
    int64_t T = ore_ok() ? ore_size(x, 1) : 0;
    for (int64_t i = 0; i < model->config.n_layer; i++) {
        x = attend_to_written(s, i, x);
        x = attend_to_read(s, i, x);
        x = feed_forward(&model->decoder_layers[i], x);
    }
    x = ore_layer_norm_forward(&model->transformer.decoder.norm, ore_select(x, 1, -1));
    return x && ore_kv_cache_advance(s->cache, T) == ORE_OK ? x : NULL;
}

static ore_status reorder(seq2seq_state *s, ore_tensor *rows) {
    if (ore_kv_cache_reorder(s->cache, rows) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < s->model->config.n_layer; i++) {
        seq2seq_choose(&s->k[i], 0, rows);
        seq2seq_choose(&s->v[i], 0, rows);
    }
    return ore_error_status();
}

const seq2seq_form seq2seq_transformer = {.build = build,
                                          .forward = forward,
                                          .read = read_source,
                                          .step = step,
                                          .reorder = reorder,
                                          .adds_positions = true};
