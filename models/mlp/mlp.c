/* mlp.c: the perceptron over a context. */
#include <stdlib.h>

#include <ore/ops.h>

#include "models/mlp/mlp.h"

ore_tensor *mlp_forward(const mlp *model, ore_tensor *ids) {
    if (!dense_takes_contexts("mlp", ids, model->config.block_size))
        return NULL;
    ore_tensor *x = ore_embedding_forward(&model->wte, ids); /* (N, T, E) */
    x = ore_flatten(x, 1, -1);                               /* (N, T E) */
    for (int64_t i = 0; i < model->config.n_layer; i++)
        x = dense_forward(&model->layers[i], x, model->activation); /* (N, H) */
    return ore_linear_forward(&model->lm_head, x);
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return mlp_forward((const mlp *)module, ids);
}

static void build(mlp *model, ore_generator *g) {
    const mlp_config *c = &model->config;
    ore_embedding_options e = ore_embedding_defaults();
    e.generator = g;
    ore_embedding_init(&model->wte, &model->module, "wte", c->vocab_size, c->n_embd, &e);
    ore_module_list_init(&model->list, &model->module, "layers");
    for (int64_t i = 0; i < c->n_layer && ore_ok(); i++)
        dense_init(&model->layers[i], &model->list.module, NULL,
                   i == 0 ? c->block_size * c->n_embd : c->n_hidden, c->n_hidden, c->batch_norm,
                   model->activation, g);
    dense_head_init(&model->lm_head, &model->module, "lm_head", c->n_hidden, c->vocab_size, g);
}

ore_status mlp_init(mlp *model, const mlp_config *config, ore_generator *g) {
    *model = (mlp){.config = *config};
    if (family_prepare(&mlp_family, &model->config) != ORE_OK)
        return ore_error_status();
    model->activation = activation_function(config->activation);
    model->layers = calloc((size_t)config->n_layer, sizeof *model->layers);
    if (!model->layers)
        return ore_fail(ORE_MEMORY, "mlp: out of memory: %lld layers", (long long)config->n_layer);
    ore_scope_begin();
    ore_module_init(&model->module, NULL, NULL);
    model->module.forward = forward;
    build(model, g);
    ore_scope_end();
    if (!ore_ok())
        mlp_free(model);
    return ore_error_status();
}

void mlp_free(mlp *model) {
    if (!model->layers)
        return;
    ore_module_free(&model->module);
    free(model->layers);
    model->layers = NULL;
}
