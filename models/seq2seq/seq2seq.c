/* seq2seq.c: what all encoder-decoders share: tables, the head, the state of a writer. */
#include <math.h>
#include <stdlib.h>

#include <ore/data.h>
#include <ore/init.h>
#include <ore/ops.h>

#include "models/seq2seq/forms.h"

static const seq2seq_form *form_of(const seq2seq *model) {
    static const seq2seq_form *const forms[] = {[SEQ2SEQ_TRANSFORMER] = &seq2seq_transformer,
                                                [SEQ2SEQ_BAHDANAU] = &seq2seq_bahdanau,
                                                [SEQ2SEQ_LUONG] = &seq2seq_luong};
    return forms[model->config.kind];
}

/* ---- forward ---- */

static bool ids_fit(const seq2seq *model, const char *what, const ore_tensor *ids) {
    char text[ORE_SHAPE_TEXT];
    int64_t max = model->config.block_size;
    if (ore_ok() && (!ids || ore_ndim(ids) != 2 || ore_size(ids, 1) < 1 || ore_size(ids, 1) > max))
        ore_fail(ORE_INVALID, "seq2seq: %s %s, expected (B, T) with 1 <= T <= block_size %lld",
                 what, ids ? ore_shape_text(ore_shape_of(ids), text) : "NULL", (long long)max);
    return ore_ok();
}

/* Rows of a table for the tokens at places start .. : (B, T) -> (B, T, C) */
static ore_tensor *embed(const seq2seq *model, const ore_embedding *table, ore_tensor *ids,
                         int64_t start) {
    ore_tensor *x = ore_embedding_forward(table, ids);
    x = ore_mul_scalar(x, sqrt((double)model->config.n_embd));
    if (form_of(model)->adds_positions)
        x = ore_add(x, ore_narrow(model->positions, 0, start, ore_size(ids, 1)));
    return ore_dropout_forward(&model->drop, x);
}

/* What is read before each token of y (B, L): the start, then y but for its last. */
static ore_tensor *shifted(const seq2seq *model, ore_tensor *y) {
    int64_t B = ore_size(y, 0), L = ore_size(y, 1);
    ore_tensor *start = ore_full(ORE_SHAPE(B, 1), (double)seq2seq_start(model), ORE_INT64);
    ore_tensor *rest = ore_narrow(y, 1, 0, L - 1);
    ore_tensor *none = ore_to_device(ore_scalar(0, ORE_INT64), ore_tensor_device(y));
    ore_tensor *padding = ore_lt(rest, none);
    start = ore_to_device(start, ore_tensor_device(y));
    return ore_cat((ore_tensor *[]){start, ore_masked_fill(rest, padding, 0)}, 2, 1);
}

ore_tensor *seq2seq_forward(const seq2seq *model, ore_tensor *x, ore_tensor *lengths,
                            ore_tensor *y) {
    if (!ids_fit(model, "x", x) || !ids_fit(model, "y", y))
        return NULL;
    ore_tensor *src = embed(model, &model->source, x, 0);                 /* (B, S, C) */
    ore_tensor *tgt = embed(model, &model->target, shifted(model, y), 0); /* (B, L, C) */
    ore_tensor *h = form_of(model)->forward(model, src, lengths, tgt);
    return ore_linear_forward(&model->head, h);
}

/* ---- writing, token by token ---- */

int64_t seq2seq_start(const seq2seq *model) {
    return model->config.vocab_size;
}

ore_status seq2seq_state_init(seq2seq_state *s, const seq2seq *model, ore_tensor *x,
                              ore_tensor *lengths) {
    *s = (seq2seq_state){.model = model};
    if (!ids_fit(model, "x", x))
        return ore_error_status();
    ore_scope_begin();
    ore_no_grad_begin();
    if (lengths)
        s->lengths = ore_own(ore_clone(lengths));
    form_of(model)->read(s, embed(model, &model->source, x, 0));
    ore_no_grad_end();
    ore_scope_end();
    return ore_error_status();
}

void seq2seq_state_free(seq2seq_state *s) {
    for (int64_t i = 0; s->k && s->v && i < s->model->config.n_layer; i++) {
        ore_free(s->k[i]);
        ore_free(s->v[i]);
    }
    free(s->k);
    free(s->v);
    ore_kv_cache_free(s->cache);
    ore_tensor *owned[] = {s->lengths, s->weights, s->memory, s->keys, s->h};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
        ore_free(owned[i]);
    *s = (seq2seq_state){0};
}

ore_tensor *seq2seq_step(void *user, ore_tensor *ids) {
    seq2seq_state *s = user;
    const seq2seq *model = s->model;
    int64_t max = model->config.block_size;
    if (!ids_fit(model, "ids", ids))
        return NULL;
    if (s->written + ore_size(ids, 1) > max) {
        ore_fail(ORE_INVALID, "seq2seq: %lld tokens, expected at most block_size %lld",
                 (long long)(s->written + ore_size(ids, 1)), (long long)max);
        return NULL;
    }
    ore_tensor *h = form_of(model)->step(s, embed(model, &model->target, ids, s->written));
    ore_tensor *logits = ore_linear_forward(&model->head, h);
    s->written += logits ? ore_size(ids, 1) : 0;
    return logits;
}

void seq2seq_choose(ore_tensor **t, int dim, ore_tensor *rows) {
    ore_tensor *old = *t;
    if (!old)
        return;
    *t = ore_own(ore_index_select(old, dim, rows));
    ore_free(old);
}

void seq2seq_keep_weights(seq2seq_state *s, ore_tensor *weights) {
    ore_free(s->weights);
    s->weights = ore_own(weights);
}

ore_status seq2seq_reorder(void *user, ore_tensor *rows) {
    seq2seq_state *s = user;
    if (form_of(s->model)->reorder(s, rows) == ORE_OK)
        seq2seq_choose(&s->lengths, 0, rows);
    return ore_error_status();
}

/* ---- building ---- */

static void add_table(ore_embedding *e, seq2seq *model, const char *name, int64_t rows,
                      ore_generator *g) {
    ore_embedding_options o = ore_embedding_defaults();
    o.generator = g;
    ore_embedding_init(e, &model->module, name, rows, model->config.n_embd, &o);
    if (ore_ok())
        ore_init_normal(e->weight, 0, 1 / sqrt((double)model->config.n_embd), g);
}

static void build(seq2seq *model, ore_generator *g) {
    const seq2seq_config *c = &model->config;
    add_table(&model->source, model, "source", c->vocab_size, g);
    add_table(&model->target, model, "target", c->vocab_size + 1, g);
    ore_dropout_init(&model->drop, &model->module, "drop", c->dropout);
    model->drop.generator = g;
    form_of(model)->build(model, g);
    ore_linear_options head = ore_linear_defaults();
    head.generator = g;
    ore_linear_init(&model->head, &model->module, "head", c->n_embd, c->vocab_size, &head);
}

ore_status seq2seq_init(seq2seq *model, const seq2seq_config *config, ore_generator *g) {
    *model = (seq2seq){.config = *config};
    if (family_prepare(&seq2seq_family, &model->config) != ORE_OK)
        return ore_error_status();
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    build(model, g);
    ore_scope_end();
    if (!ore_ok())
        seq2seq_free(model);
    return ore_error_status();
}

void seq2seq_free(seq2seq *model) {
    if (model->module.name) /* else it was never built, or is free */
        ore_module_free(&model->module);
    free(model->encoder_layers);
    free(model->decoder_layers);
    *model = (seq2seq){0};
}
