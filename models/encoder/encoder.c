/* encoder.c: the encoder. */
#include <stdlib.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "models/encoder/encoder.h"

/* ---- forward ---- */

static bool ids_fit(const encoder *model, const ore_tensor *ids) {
    char text[ORE_SHAPE_TEXT];
    int64_t max = model->config.block_size;
    if (ore_ok() && (ore_ndim(ids) != 2 || ore_size(ids, 1) < 1 || ore_size(ids, 1) > max))
        ore_fail(ORE_INVALID, "encoder: ids %s, expected (B, T) with 1 <= T <= block_size %lld",
                 ore_shape_text(ore_shape_of(ids), text), (long long)max);
    return ore_ok();
}

ore_tensor *encoder_embed(encoder *model, ore_tensor *ids) {
    if (!ids_fit(model, ids))
        return NULL;
    int64_t B = ore_size(ids, 0), T = ore_size(ids, 1), C = model->config.n_embd;
    ore_tensor *positions = ore_narrow(model->positions.weight, 0, 0, T);           /* (T, C) */
    ore_tensor *x = ore_add(ore_embedding_forward(&model->tokens, ids), positions); /* (B, T, C) */
    if (model->first) {
        ore_tensor *first = ore_expand(model->first, ORE_SHAPE(B, 1, C));
        x = ore_cat((ore_tensor *[]){first, x}, 2, 1);
    }
    return ore_dropout_forward(&model->drop, x);
}

/* Those of the rows that go into the layers: the vector in front counts, too. */
static ore_tensor *lengths_inside(const encoder *model, ore_tensor *lengths) {
    return lengths && model->first ? ore_add_scalar(lengths, 1) : lengths;
}

ore_tensor *encoder_hidden(encoder *model, ore_tensor *ids, ore_tensor *lengths) {
    const ore_multihead_mask mask = {.key_lengths = lengths_inside(model, lengths)};
    ore_tensor *x = encoder_embed(model, ids);
    return ore_transformer_encoder_forward(&model->stack, x, lengths ? &mask : NULL);
}

/* The mean of the first lengths[b] of T rows as a product: (B, 1, T) (B, T, C) -> (B, C). */
static ore_tensor *mean_of_rows(ore_tensor *x, ore_tensor *lengths) {
    if (!lengths)
        return ore_mean(x, ORE_DIMS(1), false);
    ore_tensor *places = ore_arange(0, (double)ore_size(x, 1), 1, ORE_INT64); /* (T) */
    ore_tensor *of_row = ore_unsqueeze(lengths, 1);                           /* (B, 1) */
    ore_tensor *inside = ore_to(ore_lt(places, of_row), ore_tensor_dtype(x)); /* (B, T) */
    ore_tensor *shares = ore_unsqueeze(ore_div(inside, of_row), 1);           /* (B, 1, T) */
    return ore_squeeze(ore_matmul(ore_to_device(shares, ore_tensor_device(x)), x), 1);
}

ore_tensor *encoder_forward(encoder *model, ore_tensor *ids, ore_tensor *lengths) {
    ore_tensor *x = encoder_hidden(model, ids, lengths); /* (B, T, C) */
    if (!ore_ok())
        return NULL;
    ore_tensor *pooled = model->first ? ore_select(x, 1, 0) : mean_of_rows(x, lengths);
    return ore_linear_forward(&model->head, pooled);
}

/* ---- building ---- */

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return encoder_forward((encoder *)(uintptr_t)module, ids, NULL);
}

static void add_embedding(ore_embedding *e, encoder *model, const char *name, int64_t rows,
                          ore_generator *g) {
    ore_embedding_options o = ore_embedding_defaults();
    o.generator = g;
    ore_embedding_init(e, &model->module, name, rows, model->config.n_embd, &o);
}

static void build(encoder *model, ore_generator *g) {
    const encoder_config *c = &model->config;
    ore_transformer_options o = ore_transformer_defaults();
    ore_linear_options head = ore_linear_defaults();
    add_embedding(&model->tokens, model, "tokens", c->vocab_size, g);
    add_embedding(&model->positions, model, "positions", c->block_size, g);
    if (c->pooling == ENCODER_FIRST) {
        model->first = ore_zeros(ORE_SHAPE(c->n_embd), ORE_FLOAT32);
        ore_init_normal(model->first, 0, 1, g);
        ore_module_register_parameter(&model->module, "first", &model->first);
    }
    ore_dropout_init(&model->drop, &model->module, "drop", c->dropout);
    model->drop.generator = g;
    o.dim_feedforward = c->n_hidden;
    o.dropout = c->dropout;
    o.activation = activation_function(c->activation);
    o.batch_first = true;
    o.norm_first = c->norm == ENCODER_PRE_NORM;
    o.generator = o.dropout_generator = g;
    ore_transformer_encoder_init(&model->stack, &model->module, "encoder", model->layers,
                                 c->n_layer, c->n_embd, c->n_head, true, &o);
    head.generator = g;
    ore_linear_init(&model->head, &model->module, "head", c->n_embd, c->n_classes, &head);
}

ore_status encoder_init(encoder *model, const encoder_config *config, ore_generator *g) {
    *model = (encoder){.config = *config};
    const encoder_config *c = &model->config;
    if (family_prepare(&encoder_family, &model->config) != ORE_OK)
        return ore_error_status();
    model->layers = calloc((size_t)c->n_layer, sizeof *model->layers);
    if (!model->layers)
        return ore_fail(ORE_MEMORY, "encoder: out of memory: %lld layers", (long long)c->n_layer);
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    build(model, g);
    ore_scope_end();
    if (!ore_ok())
        encoder_free(model);
    return ore_error_status();
}

void encoder_free(encoder *model) {
    if (!model->layers)
        return;
    ore_module_free(&model->module);
    free(model->layers);
    model->layers = NULL;
}
