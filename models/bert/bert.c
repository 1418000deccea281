/* bert.c: BERT's forward. */
#include <stdlib.h>

#include "models/bert/bert.h"

/* How the rows (N, C) of a stream are shared out among texts: in runs, each of its own length; or
 * all are one run, whose texts have `lengths` (B), unless that is NULL. */
typedef struct bert_rows {
    const bert_run *runs;
    int64_t count;
    ore_tensor *lengths;
    ore_tensor **parts; /* (count) room for each run's share */
} bert_rows;

static bool drops(const ore_dropout *d) {
    return d->module.training && d->p > 0;
}

/* ---- a layer ---- */

/* Rows from `start` on of x (N, C), those of a run, by heads: (texts, H, length, D), a view. */
static ore_tensor *heads_of(ore_tensor *x, int64_t start, bert_run run, int64_t H) {
    ore_tensor *rows = ore_narrow(x, 0, start, run.texts * run.length);
    ore_shape apart = ORE_SHAPE(run.texts, run.length, H, ore_size(x, 1) / H);
    return ore_transpose(ore_view(rows, apart), 1, 2);
}

static ore_tensor *attend(const bert_layer *l, ore_tensor *x, const bert_rows *rows) {
    const bert_config *c = &l->model->config;
    int64_t H = c->num_attention_heads, start = 0;
    ore_attention_options o = ore_attention_defaults();
    o.lengths = rows->lengths;
    o.dropout = l->module.training ? c->attention_probs_dropout_prob : 0;
    o.generator = l->model->generator;
    ore_tensor *q = ore_linear_forward(&l->query, x); /* (N, C) */
    ore_tensor *k = ore_linear_forward(&l->key, x);
    ore_tensor *v = ore_linear_forward(&l->value, x);
    for (int64_t i = 0; i < rows->count && ore_ok(); i++) {
        bert_run run = rows->runs[i];
        int64_t N = run.texts * run.length;
        ore_tensor *y = ore_attention(heads_of(q, start, run, H), heads_of(k, start, run, H),
                                      heads_of(v, start, run, H), &o);
        rows->parts[i] = ore_reshape(ore_transpose(y, 1, 2), ORE_SHAPE(N, c->hidden_size));
        start += N;
    }
    if (!ore_ok())
        return NULL;
    return rows->count == 1 ? rows->parts[0] : ore_cat(rows->parts, (int)rows->count, 0);
}

/* norm(stream + dropout(dense(x))) */
static ore_tensor *add_and_norm(const ore_linear *dense, const ore_dropout *drop,
                                const ore_layer_norm *norm, ore_tensor *x, ore_tensor *stream) {
    ore_tensor *y = drops(drop)
                        ? ore_add(ore_dropout_forward(drop, ore_linear_forward(dense, x)), stream)
                        : ore_linear_forward_add(dense, x, stream);
    return ore_layer_norm_forward(norm, y);
}

static ore_tensor *layer_forward(const bert_layer *l, ore_tensor *x, const bert_rows *rows) {
    if (!ore_module_begin(&l->module))
        return NULL;
    ore_tensor_function activation = activation_function(l->model->config.hidden_act);
    x = add_and_norm(&l->attention_dense, &l->attention_drop, &l->attention_norm,
                     attend(l, x, rows), x);
    ore_tensor *h = ore_linear_forward_activated(&l->up, x, activation); /* (N, I) */
    x = add_and_norm(&l->down, &l->drop, &l->norm, h, x);
    return ore_module_result(&l->module, x);
}

/* ---- the encoder ---- */

/* The stream (N, C) that goes into the first layer. Positions are a table's rows, of any shape that
 * N is a multiple of; types (N), or NULL for 0. */
static ore_tensor *embed(const bert *model, ore_tensor *ids, ore_tensor *types,
                         ore_tensor *positions) {
    int64_t N = ore_numel(ids), C = model->config.hidden_size;
    if (!ore_module_begin(&model->embeddings))
        return NULL;
    ore_tensor *type = types ? ore_embedding_forward(&model->types, types)
                             : ore_select(model->types.weight, 0, 0); /* (C) */
    ore_tensor *x = ore_embedding_forward(&model->words, ids);
    x = ore_add(ore_add(x, type), positions);
    x = ore_layer_norm_forward(&model->embedding_norm, ore_reshape(x, ORE_SHAPE(N, C)));
    return ore_module_result(&model->embeddings, ore_dropout_forward(&model->embedding_drop, x));
}

/* x through all layers; `shape` is what hidden[] has. */
static ore_tensor *encode(const bert *model, ore_tensor *x, const bert_rows *rows, ore_shape shape,
                          ore_tensor **hidden) {
    if (!ore_module_begin(&model->encoder))
        return NULL;
    if (hidden)
        hidden[0] = ore_view(x, shape);
    for (int64_t i = 0; i < model->config.num_hidden_layers && ore_ok(); i++) {
        ore_scope_begin(); /* a layer's temporaries go as soon as the graph allows */
        x = ore_keep(layer_forward(&model->layer[i], x, rows));
        ore_scope_end();
        if (hidden)
            hidden[i + 1] = ore_view(x, shape);
    }
    return ore_module_result(&model->encoder, x);
}

static bool fits(const bert *model, const ore_tensor *ids, const ore_tensor *types) {
    char text[ORE_SHAPE_TEXT];
    int64_t max = model->config.max_position_embeddings;
    if (!ore_ok())
        return false;
    if (ore_ndim(ids) != 2 || ore_size(ids, 1) < 1 || ore_size(ids, 1) > max)
        ore_fail(ORE_INVALID,
                 "bert: ids %s, expected (B, T) with 1 <= T <= max_position_embeddings %lld",
                 ore_shape_text(ore_shape_of(ids), text), (long long)max);
    else if (types && !ore_shape_equal(ore_shape_of(ids), ore_shape_of(types)))
        ore_fail(ORE_INVALID, "bert: types %s, expected the shape of ids",
                 ore_shape_text(ore_shape_of(types), text));
    return ore_ok();
}

ore_tensor *bert_forward(const bert *model, ore_tensor *ids, ore_tensor *types, ore_tensor *lengths,
                         ore_tensor **hidden) {
    if (!fits(model, ids, types))
        return NULL;
    ore_tensor *part;
    bert_run run = {ore_size(ids, 0), ore_size(ids, 1)};
    bert_rows rows = {.runs = &run, .count = 1, .lengths = lengths, .parts = &part};
    ore_shape shape = ORE_SHAPE(run.texts, run.length, model->config.hidden_size);
    ore_tensor *positions = ore_narrow(model->positions.weight, 0, 0, run.length); /* (T, C) */
    ore_tensor *x = encode(model, embed(model, ids, types, positions), &rows, shape, hidden);
    return x ? ore_view(x, shape) : NULL;
}

/* ---- texts without padding ---- */

/* ORE_INVALID unless the runs are those of N ids. */
static bool runs_fit(const bert *model, const ore_tensor *ids, const bert_run *runs,
                     int64_t count) {
    int64_t N = 0, max = model->config.max_position_embeddings;
    if (!ore_ok())
        return false;
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        if (runs[i].texts < 1 || runs[i].length < 1 || runs[i].length > max)
            ore_fail(ORE_INVALID,
                     "bert: a run of %lld texts of %lld tokens, expected at least one, of 1 to "
                     "max_position_embeddings %lld",
                     (long long)runs[i].texts, (long long)runs[i].length, (long long)max);
        N += runs[i].texts * runs[i].length;
    }
    if (ore_ok() && (count < 1 || ore_ndim(ids) != 1 || ore_numel(ids) != N))
        ore_fail(ORE_INVALID, "bert: %lld ids, and runs of %lld", (long long)ore_numel(ids),
                 (long long)N);
    return ore_ok();
}

/* (N, C): the vector of each token's place in its text. */
static ore_tensor *positions_of(const bert *model, const bert_rows *rows) {
    for (int64_t i = 0; i < rows->count; i++) {
        bert_run run = rows->runs[i];
        int64_t C = model->config.hidden_size;
        ore_tensor *of_text = ore_narrow(model->positions.weight, 0, 0, run.length);
        ore_tensor *of_run = ore_expand(of_text, ORE_SHAPE(run.texts, run.length, C));
        rows->parts[i] = ore_reshape(of_run, ORE_SHAPE(run.texts * run.length, C));
    }
    return ore_ok() ? ore_cat(rows->parts, (int)rows->count, 0) : NULL;
}

ore_tensor *bert_forward_runs(const bert *model, ore_tensor *ids, const bert_run *runs,
                              int64_t count) {
    if (!runs_fit(model, ids, runs, count))
        return NULL;
    bert_rows rows = {.runs = runs, .count = count, .lengths = NULL};
    rows.parts = calloc((size_t)count, sizeof *rows.parts);
    if (!rows.parts) {
        ore_fail(ORE_MEMORY, "bert: out of memory: %lld runs", (long long)count);
        return NULL;
    }
    ore_shape shape = ORE_SHAPE(ore_numel(ids), model->config.hidden_size);
    ore_tensor *x = embed(model, ids, NULL, positions_of(model, &rows));
    x = encode(model, x, &rows, shape, NULL);
    free(rows.parts);
    return x;
}

/* ---- heads ---- */

static bool has(bool part, const char *name) {
    if (ore_ok() && !part)
        ore_fail(ORE_INVALID, "bert: the model has no %s", name);
    return ore_ok();
}

ore_tensor *bert_pool(const bert *model, ore_tensor *x) {
    if (!has(model->config.parts.pooler, "pooler"))
        return NULL;
    return ore_linear_forward_activated(&model->pooler_dense, ore_select(x, 1, 0), ore_tanh);
}

ore_tensor *bert_word_logits(const bert *model, ore_tensor *x) {
    if (!has(model->config.parts.words, "masked-word head"))
        return NULL;
    ore_tensor_function activation = activation_function(model->config.hidden_act);
    x = ore_linear_forward_activated(&model->transform_dense, x, activation);
    x = ore_layer_norm_forward(&model->transform_norm, x);
    ore_tensor *bias = model->decoder.bias ? model->decoder.bias : model->word_bias;
    return ore_f_linear(x, model->decoder.weight, bias);
}

ore_tensor *bert_next_sentence(const bert *model, ore_tensor *x) {
    if (!has(model->config.parts.next_sentence, "next-sentence head"))
        return NULL;
    return ore_linear_forward(&model->next_sentence, bert_pool(model, x));
}

ore_tensor *bert_look(const bert *model, ore_tensor *ids, ore_tensor **hidden) {
    int64_t states = model->config.num_hidden_layers + 1;
    ore_tensor **state = calloc((size_t)states, sizeof *state); /* (1, T, C) each */
    if (!state) {
        ore_fail(ORE_MEMORY, "bert: out of memory: %lld layers", (long long)states - 1);
        return NULL;
    }
    ore_tensor *x = bert_forward(model, ids, NULL, NULL, state);
    if (hidden)
        *hidden = ore_ok() ? ore_cat(state, (int)states, 0) : NULL;
    free(state);
    return model->config.parts.words ? bert_word_logits(model, x) : NULL;
}
