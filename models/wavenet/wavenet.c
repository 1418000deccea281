/* wavenet.c: the tree over a context. */
#include <stdlib.h>

#include <ore/ops.h>

#include "models/wavenet/wavenet.h"

enum { FAN = 2 }; /* neighbours that a layer joins */

int64_t wavenet_layers(int64_t block_size) {
    int64_t layers = 0;
    for (; block_size > 1 && block_size % FAN == 0; block_size /= FAN)
        layers++;
    return block_size == 1 ? layers : 0;
}

/* (N, T, C) -> (N, T / 2, 2 C): neighbours side by side */
static ore_tensor *join_pairs(ore_tensor *x) {
    if (!ore_ok())
        return NULL;
    return ore_view(x, ORE_SHAPE(ore_size(x, 0), ore_size(x, 1) / FAN, FAN * ore_size(x, 2)));
}

ore_tensor *wavenet_forward(const wavenet *model, ore_tensor *ids) {
    if (!dense_takes_contexts("wavenet", ids, model->config.block_size))
        return NULL;
    ore_tensor *x = ore_embedding_forward(&model->wte, ids); /* (N, T, E) */
    for (int64_t i = 0; i < model->layer_count; i++)
        x = dense_forward(&model->layers[i], join_pairs(x), model->activation);
    return ore_linear_forward(&model->lm_head, ore_select(x, 1, 0)); /* (N, 1, H) -> (N, V) */
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return wavenet_forward((const wavenet *)module, ids);
}

static void build(wavenet *model, ore_generator *g) {
    const wavenet_config *c = &model->config;
    ore_embedding_options e = ore_embedding_defaults();
    e.generator = g;
    ore_embedding_init(&model->wte, &model->module, "wte", c->vocab_size, c->n_embd, &e);
    ore_module_list_init(&model->list, &model->module, "layers");
    for (int64_t i = 0; i < model->layer_count && ore_ok(); i++)
        dense_init(&model->layers[i], &model->list.module, NULL,
                   FAN * (i == 0 ? c->n_embd : c->n_hidden), c->n_hidden, c->batch_norm,
                   model->activation, g);
    dense_head_init(&model->lm_head, &model->module, "lm_head", c->n_hidden, c->vocab_size, g);
}

ore_status wavenet_init(wavenet *model, const wavenet_config *config, ore_generator *g) {
    *model = (wavenet){.config = *config, .layer_count = wavenet_layers(config->block_size)};
    if (family_prepare(&wavenet_family, &model->config) != ORE_OK)
        return ore_error_status();
    model->activation = activation_function(config->activation);
    model->layers = calloc((size_t)model->layer_count, sizeof *model->layers);
    if (!model->layers)
        return ore_fail(ORE_MEMORY, "wavenet: out of memory");
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    build(model, g);
    ore_scope_end();
    if (!ore_ok())
        wavenet_free(model);
    return ore_error_status();
}

void wavenet_free(wavenet *model) {
    if (!model->layers)
        return;
    ore_module_free(&model->module);
    free(model->layers);
    model->layers = NULL;
}
