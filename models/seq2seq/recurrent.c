/* recurrent.c: GRUs with attention as forms of encoder-decoder.
 *   Bahdanau: e_j = energy tanh(query h_t-1 + key m_j), c = softmax(e) m,
 *             h_t = GRU([y_t; c], h_t-1)
 *   Luong:    h_t = GRU(y_t, h_t-1), e_j = (score h_t) m_j, c = softmax(e) m
 * and in both the head reads tanh(combine [h_t; c]). */
#include <math.h>
#include <stdlib.h>

#include <ore/ops.h>
#include <ore/sequence.h>

#include "models/seq2seq/forms.h"

/* ---- the encoder: a bidirectional GRU over packed sequences ---- */

/* src (B, S, C) -> memory (B, S, C), zeros behind each length, and the decoder's first state
 * (B, C). */
static ore_tensor *encode(const seq2seq *model, ore_tensor *src, ore_tensor *lengths,
                          ore_tensor **h) {
    ore_recurrent_state end = {NULL, NULL};
    ore_tensor *memory = NULL;
    *h = NULL;
    if (!ore_ok())
        return NULL;
    if (lengths) {
        ore_packed_sequence packed, y;
        ore_pack_options pack = ore_pack_defaults();
        pack.batch_first = true;
        pack.enforce_sorted = false;
        ore_pad_packed_options pad = ore_pad_packed_defaults();
        pad.batch_first = true;
        pad.total_length = ore_size(src, 1);
        if (ore_pack_padded_sequence(src, lengths, &pack, &packed) == ORE_OK &&
            ore_recurrent_forward_packed(&model->encoder, &packed, NULL, &y, &end) == ORE_OK)
            memory = ore_pad_packed_sequence(&y, &pad, NULL);
    } else {
        memory = ore_recurrent_forward(&model->encoder, src, NULL, &end);
    }
    int64_t last = 2 * (model->config.n_layer - 1); /* its two directions */
    if (ore_ok()) {
        ore_tensor *ways[2] = {ore_select(end.h, 0, last), ore_select(end.h, 0, last + 1)};
        *h = ore_linear_forward_activated(&model->bridge, ore_cat(ways, 2, 1), ore_tanh);
    }
    return memory;
}

/* tanh(combine [h; context]), (.., C) each */
static ore_tensor *combined(const seq2seq *model, ore_tensor *h, ore_tensor *context) {
    if (!ore_ok())
        return NULL;
    ore_tensor *both = ore_cat((ore_tensor *[]){h, context}, 2, ore_ndim(h) - 1);
    ore_tensor *y = ore_linear_forward_activated(&model->combine, both, ore_tanh);
    return ore_dropout_forward(&model->drop, y);
}

static void add_linear(ore_linear *l, seq2seq *model, const char *name, int64_t in, int64_t out,
                       bool bias, ore_generator *g) {
    ore_linear_options o = ore_linear_defaults();
    o.bias = bias;
    o.generator = g;
    ore_linear_init(l, &model->module, name, in, out, &o);
}

static void build_encoder(seq2seq *model, ore_generator *g) {
    int64_t C = model->config.n_embd;
    ore_rnn_options o = ore_rnn_defaults();
    o.num_layers = model->config.n_layer;
    o.batch_first = o.bidirectional = true;
    o.dropout = model->config.n_layer > 1 ? model->config.dropout : 0;
    o.generator = g;
    ore_gru_init(&model->encoder, &model->module, "encoder", C, C / 2, &o);
    model->encoder.generator = g;
    add_linear(&model->bridge, model, "bridge", C, C, true, g);
}

/* ---- Luong ---- */

static void build_luong(seq2seq *model, ore_generator *g) {
    int64_t C = model->config.n_embd;
    build_encoder(model, g);
    ore_rnn_options o = ore_rnn_defaults();
    o.batch_first = true;
    o.generator = g;
    ore_gru_init(&model->decoder, &model->module, "decoder", C, C, &o);
    add_linear(&model->score, model, "score", C, C, false, g);
    add_linear(&model->combine, model, "combine", 2 * C, C, true, g);
}

/* Contexts (B, L, C) of states h (B, L, C); their weights (B, L, S) where asked for. */
static ore_tensor *attend_luong(const seq2seq *model, ore_tensor *h, ore_tensor *memory,
                                ore_tensor *lengths, ore_tensor **weights) {
    ore_attention_options o = ore_attention_defaults();
    o.scale = 1;
    o.lengths = lengths;
    ore_tensor *q = ore_unsqueeze(ore_linear_forward(&model->score, h), 1); /* (B, 1, L, C) */
    ore_tensor *m = ore_unsqueeze(memory, 1);                               /* (B, 1, S, C) */
    if (weights)
        *weights = ore_squeeze(ore_attention_weights(q, m, &o), 1);
    return ore_squeeze(ore_attention(q, m, m, &o), 1);
}

/* h0 (B, C), tgt (B, L, C) -> states (B, L, C) */
static ore_tensor *run_decoder(const seq2seq *model, ore_tensor *tgt, ore_tensor *h0) {
    ore_recurrent_state start = {ore_unsqueeze(h0, 0), NULL};
    return ore_recurrent_forward(&model->decoder, tgt, &start, NULL);
}

static ore_tensor *forward_luong(const seq2seq *model, ore_tensor *src, ore_tensor *lengths,
                                 ore_tensor *tgt) {
    ore_tensor *h0, *memory = encode(model, src, lengths, &h0);
    ore_tensor *h = run_decoder(model, tgt, h0);
    return combined(model, h, attend_luong(model, h, memory, lengths, NULL));
}

static ore_status read_luong(seq2seq_state *s, ore_tensor *src) {
    s->memory = ore_own(encode(s->model, src, s->lengths, &s->h));
    s->h = ore_own(s->h);
    return ore_error_status();
}

static void keep_state(seq2seq_state *s, ore_tensor *h) {
    ore_free(s->h);
    s->h = ore_own(ore_contiguous(h));
}

static ore_tensor *step_luong(seq2seq_state *s, ore_tensor *tgt) {
    ore_tensor *weights, *h = run_decoder(s->model, tgt, s->h);
    ore_tensor *context =
        attend_luong(s->model, h, s->memory, s->lengths, s->keep_weights ? &weights : NULL);
    if (s->keep_weights)
        seq2seq_keep_weights(s, weights);
    if (!ore_ok())
        return NULL;
    keep_state(s, ore_select(h, 1, -1));
    return ore_select(combined(s->model, h, context), 1, -1);
}

static ore_status reorder(seq2seq_state *s, ore_tensor *rows) {
    seq2seq_choose(&s->memory, 0, rows);
    seq2seq_choose(&s->keys, 0, rows);
    seq2seq_choose(&s->h, 0, rows);
    return ore_error_status();
}

const seq2seq_form seq2seq_luong = {.build = build_luong,
                                    .forward = forward_luong,
                                    .read = read_luong,
                                    .step = step_luong,
                                    .reorder = reorder};

/* ---- Bahdanau ---- */

static void build_bahdanau(seq2seq *model, ore_generator *g) {
    int64_t C = model->config.n_embd;
    build_encoder(model, g);
    ore_rnn_cell_options o = ore_rnn_cell_defaults();
    o.generator = g;
    ore_gru_cell_init(&model->cell, &model->module, "decoder", 2 * C, C, &o);
    add_linear(&model->query, model, "query", C, C, false, g);
    add_linear(&model->key, model, "key", C, C, false, g);
    add_linear(&model->energy, model, "energy", C, 1, false, g);
    add_linear(&model->combine, model, "combine", 2 * C, C, true, g);
}

/* What a step of the decoder looks at. */
typedef struct read_sequence {
    ore_tensor *memory, *keys; /* (B, S, C) */
    ore_tensor *beyond;        /* (B, S): true behind each length; or NULL */
} read_sequence;

static ore_tensor *beyond_lengths(ore_tensor *lengths, const ore_tensor *memory) {
    if (!lengths || !ore_ok())
        return NULL;
    ore_tensor *places = ore_arange(0, (double)ore_size(memory, 1), 1, ORE_INT64);
    return ore_to_device(ore_ge(places, ore_unsqueeze(lengths, 1)), ore_tensor_device(memory));
}

/* The context (B, C) of a state h (B, C), and its weights (B, S). */
static ore_tensor *attend_bahdanau(const seq2seq *model, ore_tensor *h, const read_sequence *r,
                                   ore_tensor **weights) {
    ore_tensor *q = ore_unsqueeze(ore_linear_forward(&model->query, h), 1); /* (B, 1, C) */
    ore_tensor *e = ore_linear_forward(&model->energy, ore_tanh(ore_add(r->keys, q)));
    e = ore_squeeze(e, 2); /* (B, S) */
    if (r->beyond)
        e = ore_masked_fill(e, r->beyond, -INFINITY);
    *weights = ore_softmax(e, 1);
    return ore_squeeze(ore_matmul(ore_unsqueeze(*weights, 1), r->memory), 1);
}

/* tgt (B, L, C) from the state *h (B, C), which becomes the last: (B, L, C); weights, unless NULL,
 * get those of the L steps. */
static ore_tensor *unroll(const seq2seq *model, ore_tensor *tgt, const read_sequence *r,
                          ore_tensor **h, ore_tensor **weights) {
    int64_t L = ore_ok() ? ore_size(tgt, 1) : 0;
    ore_tensor **outputs = calloc((size_t)L + 1, sizeof *outputs);
    if (!outputs)
        ore_fail(ORE_MEMORY, "seq2seq: out of memory: %lld steps", (long long)L);
    for (int64_t t = 0; t < L && ore_ok(); t++) {
        ore_tensor *context = attend_bahdanau(model, *h, r, weights ? &weights[t] : &outputs[L]);
        ore_tensor *x = ore_cat((ore_tensor *[]){ore_select(tgt, 1, t), context}, 2, 1);
        ore_recurrent_state start = {*h, NULL};
        *h = ore_recurrent_cell_forward(&model->cell, x, &start, NULL);
        outputs[t] = combined(model, *h, context);
    }
    ore_tensor *y = ore_ok() ? ore_stack(outputs, (int)L, 1) : NULL;
    free(outputs);
    return y;
}

static read_sequence read_of(const seq2seq *model, ore_tensor *memory, ore_tensor *keys,
                             ore_tensor *lengths) {
    read_sequence r = {memory, keys, NULL};
    if (!keys)
        r.keys = ore_linear_forward(&model->key, memory);
    r.beyond = beyond_lengths(lengths, memory);
    return r;
}

static ore_tensor *forward_bahdanau(const seq2seq *model, ore_tensor *src, ore_tensor *lengths,
                                    ore_tensor *tgt) {
    ore_tensor *h, *memory = encode(model, src, lengths, &h);
    read_sequence r = read_of(model, memory, NULL, lengths);
    return unroll(model, tgt, &r, &h, NULL);
}

static ore_status read_bahdanau(seq2seq_state *s, ore_tensor *src) {
    if (read_luong(s, src) == ORE_OK)
        s->keys = ore_own(ore_linear_forward(&s->model->key, s->memory));
    return ore_error_status();
}

static ore_tensor *step_bahdanau(seq2seq_state *s, ore_tensor *tgt) {
    int64_t T = ore_ok() ? ore_size(tgt, 1) : 0;
    read_sequence r = read_of(s->model, s->memory, s->keys, s->lengths);
    ore_tensor **weights = calloc((size_t)T + 1, sizeof *weights);
    if (!weights)
        ore_fail(ORE_MEMORY, "seq2seq: out of memory: %lld steps", (long long)T);
    ore_tensor *h = s->h, *y = unroll(s->model, tgt, &r, &h, weights);
    if (y && s->keep_weights)
        seq2seq_keep_weights(s, ore_stack(weights, (int)T, 1));
    free(weights);
    if (!y)
        return NULL;
    keep_state(s, h);
    return ore_select(y, 1, -1);
}

const seq2seq_form seq2seq_bahdanau = {.build = build_bahdanau,
                                       .forward = forward_bahdanau,
                                       .read = read_bahdanau,
                                       .step = step_bahdanau,
                                       .reorder = reorder};
