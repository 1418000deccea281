/* feed_forward.c: the feed-forward layer of a block, plain or gated. */
#include <ore/ops.h>

#include "models/gpt/parts.h"

void gpt_mlp_init(gpt_mlp *m, gpt_block *b, const gpt *model) {
    const gpt_config *c = &model->config;
    int64_t C = c->n_embd, F = c->n_inner;
    m->model = model;
    ore_module_init(&m->module, &b->module, "mlp");
    int64_t side_by_side = c->mlp == GPT_MLP_GATED_FUSED ? 2 : 1;
    gpt_linear_init(&m->fc, &m->module, "c_fc", C, side_by_side * F, c->bias_linear);
    if (c->mlp == GPT_MLP_GATED)
        gpt_linear_init(&m->gate, &m->module, "c_gate", C, F, c->bias_linear);
    gpt_linear_init(&m->proj, &m->module, "c_proj", F, C, c->bias_linear);
    ore_dropout_init(&m->drop, &m->module, "dropout", c->mlp_dropout);
    m->drop.generator = model->generator;
}

/* function(gate) up, (B, T, F) (Shazeer 2020, arXiv:2002.05202) */
static ore_tensor *gated(ore_tensor_function function, ore_tensor *gate, ore_tensor *up) {
    return function == ore_silu ? ore_swiglu(gate, up) : ore_mul(function(gate), up);
}

/* (B, T, C) -> (B, T, F) */
static ore_tensor *inside(const gpt_mlp *m, ore_tensor *x) {
    ore_tensor_function function = m->model->activation;
    int64_t F = m->model->config.n_inner;
    ore_tensor *fc;
    switch (m->model->config.mlp) {
    case GPT_MLP_GATED:
        fc = ore_linear_forward(&m->fc, x);
        return gated(function, ore_linear_forward(&m->gate, x), fc);
    case GPT_MLP_GATED_FUSED:
        fc = ore_linear_forward(&m->fc, x);
        return gated(function, ore_narrow(fc, 2, 0, F), ore_narrow(fc, 2, F, F));
    case GPT_MLP_PLAIN:
        break;
    }
    return ore_linear_forward_activated(&m->fc, x, function);
}

ore_tensor *gpt_mlp_forward(const gpt_mlp *m, ore_tensor *x, ore_tensor *stream,
                            const gpt_norm_layer *post) {
    return gpt_join(&m->proj, &m->drop, post, inside(m, x), stream);
}
