/* attention.c: causal self-attention of a block, with heads that may share keys and values, turned
 * or normalised queries and keys, and a window. */
#include <math.h>

#include <ore/ops.h>

#include "models/gpt/parts.h"

void gpt_attention_init(gpt_attention *a, gpt_block *b, int64_t layer, const gpt *model) {
    const gpt_config *c = &model->config;
    int64_t C = c->n_embd, Q = c->n_head * c->head_dim, KV = c->n_kv_head * c->head_dim;
    ore_module *m = &a->module;
    a->model = model;
    a->layer = layer;
    a->window = gpt_is_local(c, layer) ? c->window : 0;
    ore_module_init(m, &b->module, "attn");
    if (c->fused_qkv) {
        gpt_linear_init(&a->qkv, m, "c_attn", C, Q + 2 * KV, c->bias_qkv);
    } else {
        gpt_linear_init(&a->q, m, "c_q", C, Q, c->bias_qkv);
        gpt_linear_init(&a->k, m, "c_k", C, KV, c->bias_qkv);
        gpt_linear_init(&a->v, m, "c_v", C, KV, c->bias_qkv);
    }
    if (c->qk_norm) {
        gpt_norm_init(&a->q_norm, m, "q_norm", c->head_dim, c);
        gpt_norm_init(&a->k_norm, m, "k_norm", c->head_dim, c);
    }
    gpt_linear_init(&a->proj, m, "c_proj", Q, C, c->bias_proj);
    ore_dropout_init(&a->drop, m, "resid_dropout", c->resid_dropout);
    a->drop.generator = model->generator;
}

/* Queries (B, H, T, D), keys and values (B, K, T, D) of the tokens. */
typedef struct projected {
    ore_tensor *q, *k, *v;
} projected;

/* x (B, T, heads D) -> (B, heads, T, D), a view. */
static ore_tensor *in_heads(ore_tensor *x, int64_t heads) {
    if (!x)
        return NULL;
    int64_t B = ore_size(x, 0), T = ore_size(x, 1), D = ore_size(x, 2) / heads;
    return ore_transpose(ore_reshape(x, ORE_SHAPE(B, T, heads, D)), 1, 2);
}

static projected split(const gpt_config *c, ore_tensor *qkv) {
    int64_t D = c->head_dim, H = c->n_head, K = c->n_kv_head;
    return (projected){.q = in_heads(ore_narrow(qkv, 2, 0, H * D), H),
                       .k = in_heads(ore_narrow(qkv, 2, H * D, K * D), K),
                       .v = in_heads(ore_narrow(qkv, 2, (H + K) * D, K * D), K)};
}

static projected project(const gpt_attention *a, ore_tensor *x) {
    const gpt_config *c = &a->model->config;
    if (c->fused_qkv)
        return split(c, ore_linear_forward(&a->qkv, x));
    projected p;
    p.q = in_heads(ore_linear_forward(&a->q, x), c->n_head);
    p.k = in_heads(ore_linear_forward(&a->k, x), c->n_kv_head);
    p.v = in_heads(ore_linear_forward(&a->v, x), c->n_kv_head);
    return p;
}

/* (B, T, H D): attention of tokens that follow those of the cache, if there is one. */
static ore_tensor *attend(const gpt_attention *a, projected p, const gpt_flow *f,
                          const ore_attention_options *o) {
    const gpt_config *c = &a->model->config;
    if (c->qk_norm) {
        p.q = gpt_norm_forward(&a->q_norm, p.q);
        p.k = gpt_norm_forward(&a->k_norm, p.k);
    }
    if (c->positions == GPT_ROTARY) {
        const gpt_turn *turn = a->window > 0 ? &f->local_turn : &f->turn;
        p.q = ore_rotary(p.q, turn->cos, turn->sin, ORE_ROTARY_HALVES);
        p.k = ore_rotary(p.k, turn->cos, turn->sin, ORE_ROTARY_HALVES);
    }
    ore_kv all = {p.k, p.v};
    if (f->cache)
        all = ore_kv_cache_put(f->cache, a->layer, p.k, p.v);
    return ore_flatten(ore_transpose(ore_attention(p.q, all.k, all.v, o), 1, 2), 2, 3);
}

/* Whether queries, keys and values go into attention side by side, as their layer gives them. */
static bool is_packed(const gpt_config *c, const gpt_flow *f) {
    return c->fused_qkv && c->n_kv_head == c->n_head && !c->qk_norm && c->positions != GPT_ROTARY &&
           !f->cache;
}

ore_tensor *gpt_attention_forward(const gpt_attention *a, ore_tensor *x, ore_tensor *stream,
                                  const gpt_norm_layer *post, const gpt_flow *f) {
    const gpt_config *c = &a->model->config;
    if (!ore_module_begin(&a->module))
        return NULL;
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    o.scale = c->query_scalar != c->head_dim ? 1 / sqrt((double)c->query_scalar) : 0;
    o.window = a->window;
    o.soft_cap = c->attn_soft_cap;
    o.dropout = a->module.training ? c->attn_dropout : 0;
    o.generator = a->model->generator;
    o.documents = f->documents;
    ore_tensor *y = is_packed(c, f)
                        ? ore_attention_packed(ore_linear_forward(&a->qkv, x), c->n_head, &o)
                        : attend(a, project(a, x), f, &o);
    return gpt_join(&a->proj, &a->drop, post, ore_module_result(&a->module, y), stream);
}
