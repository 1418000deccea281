/* wavenet.c: the tree over a context. */
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
    const dense_net *net = &model->net;
    if (!dense_takes_contexts("wavenet", ids, model->config.block_size))
        return NULL;
    ore_tensor *x = ore_embedding_forward(&net->wte, ids); /* (N, T, E) */
    for (int64_t i = 0; i < net->layer_count; i++)
        x = dense_forward(&net->layers[i], join_pairs(x), net->activation);
    return ore_linear_forward(&net->lm_head, ore_select(x, 1, 0)); /* (N, 1, H) -> (N, V) */
}

static ore_tensor *forward(const ore_module *module, ore_tensor *ids) {
    return wavenet_forward((const wavenet *)module, ids);
}

ore_status wavenet_init(wavenet *model, const wavenet_config *config, ore_generator *g) {
    *model = (wavenet){.config = *config};
    if (family_prepare(&wavenet_family, &model->config) != ORE_OK)
        return ore_error_status();
    const dense_net_sizes sizes = {.vocab_size = config->vocab_size,
                                   .n_embd = config->n_embd,
                                   .n_hidden = config->n_hidden,
                                   .layer_count = wavenet_layers(config->block_size),
                                   .first_inputs = FAN * config->n_embd,
                                   .further_inputs = FAN * config->n_hidden,
                                   .batch_norm = config->batch_norm,
                                   .activation = config->activation};
    return dense_net_init(&model->net, "wavenet", &sizes, forward, g);
}

void wavenet_free(wavenet *model) {
    dense_net_free(&model->net);
}
