/* rnn.c: recurrent language models. */
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "models/rnn/rnn.h"

/* ---- forward ---- */

static bool takes(const rnn *model, ore_tensor *ids) {
    char text[ORE_SHAPE_TEXT];
    if (ore_ok() && (ore_ndim(ids) != 2 || ore_size(ids, 1) < 1))
        ore_fail(ORE_INVALID, "%s: ids %s, expected (B, T) with T >= 1", model->rnn.module.kind,
                 ore_shape_text(ore_shape_of(ids), text));
    return ore_ok();
}

/* The outputs of the last layer, (B, T, H). */
static ore_tensor *outputs(const rnn *model, ore_tensor *ids, const ore_recurrent_state *start,
                           ore_recurrent_state *end) {
    if (!takes(model, ids))
        return NULL;
    ore_tensor *x = ore_embedding_forward(&model->wte, ids); /* (B, T, E) */
    return ore_dropout_forward(&model->drop, ore_recurrent_forward(&model->rnn, x, start, end));
}

ore_tensor *rnn_forward(const rnn *model, ore_tensor *ids) {
    return ore_linear_forward(&model->lm_head, outputs(model, ids, NULL, NULL));
}

/* The logits after the last token. */
static ore_tensor *last_of(const rnn *model, ore_tensor *y) {
    return y ? ore_linear_forward(&model->lm_head, ore_select(y, 1, -1)) : NULL;
}

ore_tensor *rnn_forward_last(const rnn *model, ore_tensor *ids) {
    return last_of(model, outputs(model, ids, NULL, NULL));
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return rnn_forward((const rnn *)module, ids);
}

/* ---- making and freeing ---- */

static void make_layers(rnn *model, const model_family *family, ore_generator *g) {
    const rnn_config *c = &model->config;
    ore_embedding_options embedding = ore_embedding_defaults();
    ore_rnn_options layers = ore_rnn_defaults();
    ore_linear_options linear = ore_linear_defaults();
    embedding.generator = layers.generator = linear.generator = g;
    layers.num_layers = c->n_layer;
    layers.batch_first = true;
    layers.dropout = c->dropout;
    ore_embedding_init(&model->wte, &model->module, "wte", c->vocab_size, c->n_embd, &embedding);
    if (family == &lstm_family)
        ore_lstm_init(&model->rnn, &model->module, "rnn", c->n_embd, c->n_hidden, &layers);
    else if (family == &gru_family)
        ore_gru_init(&model->rnn, &model->module, "rnn", c->n_embd, c->n_hidden, &layers);
    else
        ore_rnn_init(&model->rnn, &model->module, "rnn", c->n_embd, c->n_hidden, &layers);
    ore_dropout_init(&model->drop, &model->module, "drop", c->dropout);
    model->rnn.generator = model->drop.generator = g;
    ore_linear_init(&model->lm_head, &model->module, "lm_head", c->n_hidden, c->vocab_size,
                    &linear);
}

ore_status rnn_init(rnn *model, const model_family *family, const rnn_config *config,
                    ore_generator *g) {
    *model = (rnn){.config = *config};
    if (family_prepare(family, &model->config) != ORE_OK)
        return ore_error_status();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    make_layers(model, family, g);
    if (!ore_ok())
        rnn_free(model);
    return ore_error_status();
}

void rnn_free(rnn *model) {
    if (!model->module.forward)
        return;
    ore_module_free(&model->module);
    *model = (rnn){.config = model->config};
}

/* ---- steps ---- */

rnn_memory *rnn_memory_new(void) {
    rnn_memory *memory = ore_ok() ? calloc(1, sizeof *memory) : NULL;
    if (!memory)
        ore_fail(ORE_MEMORY, "rnn: out of memory");
    return memory;
}

static void forget(rnn_memory *memory) {
    ore_free(memory->state.h);
    ore_free(memory->state.c);
    *memory = (rnn_memory){.length = 0};
}

void rnn_memory_free(rnn_memory *memory) {
    if (memory)
        forget(memory);
    free(memory);
}

int64_t rnn_memory_keep(rnn_memory *memory, int64_t tokens) {
    if (tokens != memory->length)
        forget(memory);
    return memory->length;
}

ore_tensor *rnn_step(const rnn *model, rnn_memory *memory, ore_tensor *ids) {
    ore_recurrent_state end;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor *y = outputs(model, ids, &memory->state, &end);
    int64_t length = memory->length + (y ? ore_size(ids, 1) : 0);
    if (y) {
        forget(memory);
        memory->state.h = ore_own(ore_clone(end.h));
        memory->state.c = end.c ? ore_own(ore_clone(end.c)) : NULL;
        memory->length = length;
    }
    y = ore_keep(last_of(model, y));
    ore_no_grad_end();
    ore_scope_end();
    return y;
}
