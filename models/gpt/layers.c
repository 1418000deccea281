/* layers.c: norms of every kind, and what linear layers of the transformer have in common. */
#include <ore/init.h>
#include <ore/ops.h>

#include "models/gpt/parts.h"

/* ---- norms ---- */

static void rms_init(gpt_norm_layer *n, ore_module *parent, const char *name, int64_t size,
                     const gpt_config *c) {
    ore_rms_norm_options o = ore_rms_norm_defaults();
    o.eps = c->norm_eps;
    ore_rms_norm_init(&n->as.rms, parent, name, ORE_SHAPE(size), &o);
    if (n->kind == GPT_RMS_NORM_PLUS_ONE && ore_ok())
        ore_init_zeros(n->as.rms.weight);
}

void gpt_norm_init(gpt_norm_layer *n, ore_module *parent, const char *name, int64_t size,
                   const gpt_config *c) {
    n->kind = c->norm_kind;
    if (n->kind != GPT_LAYER_NORM) {
        rms_init(n, parent, name, size, c);
        return;
    }
    ore_layer_norm_options o = ore_layer_norm_defaults();
    o.eps = c->norm_eps;
    o.bias = c->bias_norm;
    ore_layer_norm_init(&n->as.layer, parent, name, ORE_SHAPE(size), &o);
}

/* x / sqrt(mean(x^2) + eps) * (1 + weight), as Gemma has it */
static ore_tensor *plus_one(const ore_rms_norm *n, ore_tensor *x) {
    if (!ore_module_begin(&n->module))
        return NULL;
    ore_tensor *weight = ore_add_scalar(n->weight, 1);
    return ore_module_result(&n->module, ore_f_rms_norm(x, n->shape, weight, n->eps));
}

ore_tensor *gpt_norm_forward(const gpt_norm_layer *n, ore_tensor *x) {
    switch (n->kind) {
    case GPT_RMS_NORM:
        return ore_rms_norm_forward(&n->as.rms, x);
    case GPT_RMS_NORM_PLUS_ONE:
        return plus_one(&n->as.rms, x);
    case GPT_LAYER_NORM:
        break;
    }
    return ore_layer_norm_forward(&n->as.layer, x);
}

ore_dtype gpt_stream_dtype(const gpt *model) {
    const gpt_norm_layer *n = &model->blocks[0].ln_1;
    return ore_tensor_dtype(n->kind == GPT_LAYER_NORM ? n->as.layer.weight : n->as.rms.weight);
}

static void widen(gpt_norm_layer *n) {
    if (n->as.module.kind)
        ore_module_to(&n->as.module, ORE_FLOAT32);
}

/* A bias must have its weight's dtype. */
static void agree(ore_linear *l) {
    if (l->weight && l->bias && ore_tensor_dtype(l->weight) != ore_tensor_dtype(l->bias))
        ore_module_to(&l->module, ORE_FLOAT32);
}

/* Whether a weight is float64, which no product has beside a float32 stream. */
static bool any_is_double(const gpt *model) {
    bool any = false;
    ore_tensor_list state = ore_module_state(&model->module);
    for (int64_t i = 0; i < state.count && !any; i++)
        any = ore_tensor_dtype(state.items[i].tensor) == ORE_FLOAT64;
    ore_tensor_list_free(&state);
    return any;
}

ore_status gpt_widen(void *net) {
    gpt *model = net;
    if (any_is_double(model))
        return ore_module_to(&model->module, ORE_FLOAT32);
    widen(&model->ln_f);
    agree(&model->lm_head);
    for (int64_t i = 0; i < model->config.n_layer; i++) {
        gpt_block *b = &model->blocks[i];
        gpt_norm_layer *norms[] = {&b->ln_1,      &b->ln_2,        &b->ln_1_post,
                                   &b->ln_2_post, &b->attn.q_norm, &b->attn.k_norm};
        for (size_t k = 0; k < sizeof norms / sizeof *norms; k++)
            widen(norms[k]);
        ore_linear *layers[] = {&b->attn.qkv,  &b->attn.q, &b->attn.k,   &b->attn.v,
                                &b->attn.proj, &b->mlp.fc, &b->mlp.gate, &b->mlp.proj};
        for (size_t k = 0; k < sizeof layers / sizeof *layers; k++)
            agree(layers[k]);
    }
    return ore_error_status();
}

/* ---- linear layers ---- */

void gpt_linear_init(ore_linear *l, ore_module *parent, const char *name, int64_t in, int64_t out,
                     bool bias) {
    ore_linear_options o = ore_linear_defaults();
    o.bias = bias;
    ore_linear_init(l, parent, name, in, out, &o);
}

void gpt_linear_draw(ore_linear *l, double std, ore_generator *g) {
    if (!l->weight)
        return;
    ore_init_normal(l->weight, 0, std, g);
    if (l->bias)
        ore_init_zeros(l->bias);
}

ore_tensor *gpt_join(const ore_linear *last, const ore_dropout *drop, const gpt_norm_layer *post,
                     ore_tensor *x, ore_tensor *stream) {
    bool dropped = drop->module.training && drop->p > 0;
    if (!post && !dropped)
        return ore_linear_forward_add(last, x, stream);
    ore_tensor *y = ore_linear_forward(last, x);
    if (post)
        y = gpt_norm_forward(post, y);
    return ore_add(stream, dropped ? ore_dropout_forward(drop, y) : y);
}
