/* mlp.c: the perceptron over a context. */
#include <ore/ops.h>

#include "models/mlp/mlp.h"

ore_tensor *mlp_forward(const mlp *model, ore_tensor *ids) {
    const dense_net *net = &model->net;
    if (!dense_takes_contexts("mlp", ids, model->config.block_size))
        return NULL;
    ore_tensor *x = ore_embedding_forward(&net->wte, ids); /* (N, T, E) */
    x = ore_flatten(x, 1, -1);                             /* (N, T E) */
    for (int64_t i = 0; i < net->layer_count; i++)
        x = dense_forward(&net->layers[i], x, net->activation); /* (N, H) */
    return ore_linear_forward(&net->lm_head, x);
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return mlp_forward((const mlp *)module, ids);
}

ore_status mlp_init(mlp *model, const mlp_config *config, ore_generator *g) {
    *model = (mlp){.config = *config};
    if (family_prepare(&mlp_family, &model->config) != ORE_OK)
        return ore_error_status();
    const dense_net_sizes sizes = {.vocab_size = config->vocab_size,
                                   .n_embd = config->n_embd,
                                   .n_hidden = config->n_hidden,
                                   .layer_count = config->n_layer,
                                   .first_inputs = config->block_size * config->n_embd,
                                   .further_inputs = config->n_hidden,
                                   .batch_norm = config->batch_norm,
                                   .activation = config->activation};
    return dense_net_init(&model->net, "mlp", &sizes, forward, g);
}

void mlp_free(mlp *model) {
    dense_net_free(&model->net);
}
