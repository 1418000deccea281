/* gpt.h: decoder-only transformers by config: nanoGPT's pre-norm form and the older post-norm form
 * (Radford et al. 2019, GPT-2; for post-norm and sinusoidal positions Vaswani et al. 2017,
 * arXiv:1706.03762), and what later families made of them: Llama, Mistral, Qwen, Gemma, Phi.
 *
 * Parameter names are those of GPT-2's checkpoints in nanoGPT's layout, linear weights (out, in).
 * C = n_embd, D = head_dim, H = n_head, K = n_kv_head, F = n_inner; what a config leaves out is
 * absent:
 *   transformer.wte.weight (V, C)    transformer.wpe.weight (block, C)
 *   transformer.h.N.ln_1.{weight,bias}   .ln_2   of the inputs of the sublayers
 *              .ln_1_post   .ln_2_post           of their outputs, with norm "both"
 *              .attn.c_attn.{weight ((H + 2 K) D, C),bias}, or .attn.c_q (H D, C), .c_k, .c_v
 *              .attn.q_norm.weight (D)   .attn.k_norm   .attn.c_proj.{weight (C, H D),bias}
 *              .mlp.c_fc.{weight (F, C),bias}   .mlp.c_gate   .mlp.c_proj.{weight (C, F),bias}
 *              .mlp.c_fc.weight (2 F, C) of a fused gate: the gate's rows, then the others
 *   transformer.rope_short.weight (rotary_dim / 2)   .rope_long   of rope_scaling "longrope"
 *   transformer.ln_f.{weight,bias}   lm_head.{weight (V, C),bias} (weight absent when tied) */
#ifndef ORE_MODELS_GPT_H
#define ORE_MODELS_GPT_H

#include <ore/infer.h>
#include <ore/position.h>

#include "models/activation.h"
#include "models/family.h"

/* Where norms stand: before the sublayers, behind the residual sums, or before a sublayer and
 * behind it, before its sum (Gemma 2). */
typedef enum gpt_norm { GPT_PRE_NORM, GPT_POST_NORM, GPT_BOTH_NORM } gpt_norm;
/* What they are: layer norms, RMS norms, or RMS norms that multiply by 1 + weight (Gemma). */
typedef enum gpt_norm_kind { GPT_LAYER_NORM, GPT_RMS_NORM, GPT_RMS_NORM_PLUS_ONE } gpt_norm_kind;
typedef enum gpt_positions { GPT_LEARNED, GPT_SINUSOIDAL, GPT_ROTARY } gpt_positions;
/* Separate layers, or one for several side by side. */
typedef enum gpt_mlp_kind { GPT_MLP_PLAIN, GPT_MLP_GATED, GPT_MLP_GATED_FUSED } gpt_mlp_kind;

/* Switches are 0 or 1. "auto" is stored as config.h says: NaN for a number, CONFIG_AUTO for a
 * switch. family.c says what each number may be. */
typedef struct gpt_config {
    int64_t n_layer, n_head, n_embd, block_size, vocab_size;
    double dropout;       /* the value of those of the next three that are auto */
    double attn_dropout;  /* of attention weights */
    double resid_dropout; /* after attention's projection */
    double mlp_dropout;   /* after the feed-forward layer */
    double embd_dropout;  /* on the sum of the embeddings; auto: as resid_dropout */
    int bias;             /* the value of those of the next three that are auto */
    int bias_qkv, bias_linear, bias_norm;
    int bias_proj; /* of attention's projection; auto: as bias_linear */
    int bias_head;
    gpt_norm norm;
    int final_norm; /* a norm before the head */
    gpt_norm_kind norm_kind;
    double norm_eps;
    model_activation activation; /* gelu, gelu_tanh, relu or silu */
    gpt_mlp_kind mlp;
    int64_t n_inner; /* channels inside the feed-forward layer; 0: 4 n_embd */
    int tie_weights;
    int scale_embedding; /* tokens' vectors times sqrt(n_embd) */
    gpt_positions positions;

    int64_t n_kv_head; /* heads of keys and values, which divide n_head; auto: n_head */
    int64_t head_dim;  /* 0: n_embd / n_head */
    int fused_qkv;
    int qk_norm;          /* RMS norms of each head's queries and keys */
    int64_t query_scalar; /* scores are divided by its root; 0: head_dim */
    int64_t window;       /* tokens that a local layer's query sees; 0: all layers see all */
    /* Layer i, from 0 on, is local if i >= window_from, but for every window_skip-th layer. */
    int64_t window_from, window_skip;
    double attn_soft_cap, logit_soft_cap; /* 0: none */

    /* Rotary positions (position.h); 0 of numbers below but for factors: by the rules there. */
    int64_t rotary_dim; /* channels of a head that are turned; 0: all */
    double rope_theta;
    double rope_local_theta; /* of local layers, without scaling; 0: as the others */
    ore_rotary_scaling rope_scaling;
    double rope_factor;
    int64_t rope_max, rope_original; /* max_positions (0: block_size), original_max_positions */
    double rope_attention_factor, rope_beta_fast, rope_beta_slow;
    double rope_low_freq, rope_high_freq;
} gpt_config;

/* nanoGPT's small character model: 4 layers, 4 heads, 64 channels, block size 32, biases except in
 * the head, pre-norm, gelu, tied weights, learned positions, no dropout. vocab_size is auto: the
 * caller sets it. */
gpt_config gpt_defaults(void);
/* The same config with what it leaves open replaced: "auto" by the general field's value, a size of
 * 0 by what it stands for; and without a window, the fields that would say where it is at 0. */
gpt_config gpt_config_settled(const gpt_config *config);

/* A norm of any kind (layers.c). */
typedef struct gpt_norm_layer {
    union {
        ore_module module; /* the first member of each */
        ore_layer_norm layer;
        ore_rms_norm rms;
    } as;
    gpt_norm_kind kind;
} gpt_norm_layer;

/* Factors of rotary frequencies (R/2), a buffer that belongs to the weights: of longrope alone. */
typedef struct gpt_factors {
    ore_module module;
    ore_tensor *weight;
} gpt_factors;

typedef struct gpt_attention {
    ore_module module;  /* "attn" */
    ore_linear qkv;     /* "c_attn"; or apart: */
    ore_linear q, k, v; /* "c_q", "c_k", "c_v" */
    gpt_norm_layer q_norm, k_norm;
    ore_linear proj;       /* "c_proj" */
    ore_dropout drop;      /* "resid_dropout" */
    int64_t layer, window; /* its place in the model; 0: no window */
    const struct gpt *model;
} gpt_attention;

typedef struct gpt_mlp {
    ore_module module; /* "mlp" */
    ore_linear fc;     /* "c_fc"; with a fused gate also that */
    ore_linear gate;   /* "c_gate" */
    ore_linear proj;   /* "c_proj" */
    ore_dropout drop;
    const struct gpt *model;
} gpt_mlp;

typedef struct gpt_block {
    ore_module module;
    gpt_norm_layer ln_1, ln_2, ln_1_post, ln_2_post;
    gpt_attention attn;
    gpt_mlp mlp;
    const struct gpt *model;
} gpt_block;

typedef struct gpt {
    ore_module module; /* the root; forward takes (B, T) token ids, gives (B, T, V) logits */
    ore_module transformer;
    ore_module_list h;
    ore_embedding wte, wpe;
    gpt_factors rope_short, rope_long; /* up to rope_original tokens, and beyond; ones at first */
    ore_dropout drop;
    gpt_norm_layer ln_f;
    ore_linear lm_head;
    ore_tensor *sinusoids; /* (block, C), a buffer; NULL with other positions */
    gpt_block *blocks;     /* n_layer */
    gpt_config config;     /* with every "auto" and every size of 0 replaced */
    ore_tensor_function activation;
    ore_generator *generator; /* that dropout draws from; NULL: the default generator */
} gpt;

/* Builds the model and draws its weights from g (NULL: the default generator): N(0, 0.02), residual
 * projections N(0, 0.02 / sqrt(2 n_layer)) unless post-norm, biases 0, norms 1 and 0. ORE_INVALID
 * for values that the fields do not take or that do not go together: "gpt: n_head 5 does ..". */
ore_status gpt_init(gpt *model, const gpt_config *config, ore_generator *g);
void gpt_free(gpt *model);

/* (B, T) int64 ids, T <= block_size -> (B, T, V) logits. */
ore_tensor *gpt_forward(const gpt *model, ore_tensor *ids);
/* The same of rows in which documents (B, T) int64 numbers each token's document (NULL: one a row):
 * attention stays inside, and positions begin anew, so that the logits are those of each document
 * alone. */
ore_tensor *gpt_forward_documents(const gpt *model, ore_tensor *ids, ore_tensor *documents);
/* (B, T) -> (B, V): the logits after the last token of each row only, for sampling. */
ore_tensor *gpt_forward_last(const gpt *model, ore_tensor *ids);
/* gpt_forward, and the stream (B, T, C) before each block and after the last norm, n_layer + 1
 * tensors, in hidden[]: transformers' hidden_states. */
ore_tensor *gpt_forward_hidden(const gpt *model, ore_tensor *ids, ore_tensor **hidden);

/* An empty cache for B sequences of up to block_size tokens; to be freed by ore_kv_cache_free. */
ore_kv_cache *gpt_cache_new(const gpt *model, int64_t B);
/* Processes ids (B, T), one token or a whole prompt, which follow the tokens that the cache holds,
 * adds them to the cache, and returns the logits (B, V) after the last one. However the tokens are
 * divided into steps, the logits are bitwise those of gpt_forward_last of all of them (in eval
 * mode; with dropout the draws differ). A step that fails leaves the cache as it was. ORE_INVALID
 * for a cache of another model or batch size, and for more than block_size tokens in all: when the
 * window moves, positions change, so the cache must be truncated to 0 and filled with the tokens
 * that are left. So must that of a model with longrope when gpt_keys_last says so. ORE_STATE while
 * recording. */
ore_tensor *gpt_step(const gpt *model, ore_kv_cache *cache, ore_tensor *ids);
/* Whether keys that were made while the text had `held` tokens are those of a text of `length`
 * tokens. Not with longrope, where one of them is longer than rope_original and the other is not:
 * then all tokens turn by other factors, as transformers' Phi-3 has it. */
bool gpt_keys_last(const gpt *model, int64_t held, int64_t length);

/* The GPT as a family (family.h); its fields, those of the config, have ranges, defaults and help.
 * Its models are gpt and, with other defaults, transformer, that of the lecture. */
extern const model_family gpt_family;

#endif
