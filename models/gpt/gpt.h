/* gpt.h: decoder-only transformers: nanoGPT's pre-norm form, and the older post-norm form (Radford
 * et al. 2019, GPT-2; for post-norm and sinusoidal positions Vaswani et al. 2017,
 * arXiv:1706.03762).
 *
 * Parameter names and orientations are those of GPT-2's checkpoints in nanoGPT's layout, linear
 * weights (out, in): transformer.wte.weight (V, C)   transformer.wpe.weight (block, C; absent with
 * sinusoids) transformer.h.N.ln_1.{weight,bias}  .attn.c_attn.{weight (3C, C),bias}
 * .attn.c_proj.{weight (C, C),bias}   .ln_2.{weight,bias} .mlp.c_fc.{weight (4C, C),bias}
 * .mlp.c_proj.{weight (C, 4C),bias} transformer.ln_f.{weight,bias}      lm_head.{weight (V,
 * C),bias} (weight absent when tied) */
#ifndef ORE_MODELS_GPT_H
#define ORE_MODELS_GPT_H

#include <ore/infer.h>

#include "models/activation.h"
#include "models/family.h"

typedef enum gpt_norm { GPT_PRE_NORM, GPT_POST_NORM } gpt_norm;
typedef enum gpt_positions { GPT_LEARNED, GPT_SINUSOIDAL } gpt_positions;

/* Switches are 0 or 1. "auto" is stored as config.h says: NaN for a number, CONFIG_AUTO for a
 * switch. */
typedef struct gpt_config {
    int64_t n_layer, n_head, n_embd, block_size, vocab_size;
    double dropout;       /* the value of those of the next three that are auto */
    double attn_dropout;  /* of attention weights */
    double resid_dropout; /* after attention's projection, and on the sum of the embeddings */
    double mlp_dropout;   /* after the feed-forward layer */
    int bias;             /* the value of those of the next three that are auto */
    int bias_qkv, bias_linear, bias_norm;
    int bias_head;
    gpt_norm norm;
    int final_norm;              /* a LayerNorm before the head */
    model_activation activation; /* gelu, gelu_tanh or relu */
    int tie_weights;
    gpt_positions positions;
} gpt_config;

/* nanoGPT's small character model: 4 layers, 4 heads, 64 channels, block size 32, biases except in
 * the head, pre-norm, gelu, tied weights, learned positions, no dropout. vocab_size is auto: the
 * caller sets it. */
gpt_config gpt_defaults(void);

typedef struct gpt_block {
    ore_module module, attn, mlp;
    ore_layer_norm ln_1, ln_2;
    ore_linear c_attn, attn_proj; /* h.N.attn.c_attn, h.N.attn.c_proj */
    ore_linear c_fc, mlp_proj;    /* h.N.mlp.c_fc, h.N.mlp.c_proj */
    ore_dropout attn_drop, mlp_drop;
    const struct gpt *model;
} gpt_block;

typedef struct gpt {
    ore_module module; /* the root; forward takes (B, T) token ids, gives (B, T, V) logits */
    ore_module transformer;
    ore_module_list h;
    ore_embedding wte, wpe;
    ore_dropout drop;
    ore_layer_norm ln_f;
    ore_linear lm_head;
    ore_tensor *sinusoids; /* (block, C), a buffer; NULL with learned positions */
    gpt_block *blocks;     /* n_layer */
    gpt_config config;     /* with every "auto" replaced */
    ore_tensor_function activation;
    ore_generator *generator; /* that dropout draws from; NULL: the default generator */
} gpt;

/* Builds the model and draws its weights from g (NULL: the default generator): N(0, 0.02), residual
 * projections N(0, 0.02 / sqrt(2 n_layer)) with pre-norm, biases 0, norms 1 and 0. ORE_INVALID
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

/* An empty cache for B sequences of up to block_size tokens; to be freed by ore_kv_cache_free. */
ore_kv_cache *gpt_cache_new(const gpt *model, int64_t B);
/* Processes ids (B, T), one token or a whole prompt, which follow the tokens that the cache holds,
 * adds them to the cache, and returns the logits (B, V) after the last one. However the tokens are
 * divided into steps, the logits are bitwise those of gpt_forward_last of all of them (in eval
 * mode; with dropout the draws differ). A step that fails leaves the cache as it was. ORE_INVALID
 * for a cache of another model or batch size, and for more than block_size tokens in all: when the
 * window moves, positions change, so the cache must be truncated to 0 and filled with the tokens
 * that are left. ORE_STATE while recording. */
ore_tensor *gpt_step(const gpt *model, ore_kv_cache *cache, ore_tensor *ids);

/* The GPT as a family (family.h); its fields, those of the config, have ranges, defaults and help.
 * Its models are gpt and, with other defaults, transformer, that of the lecture. */
extern const model_family gpt_family;

#endif
