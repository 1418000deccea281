/* parts.h: what the files of the transformer share: norms, attention, feed-forward layers, and
 * where tokens stand. */
#ifndef ORE_MODELS_GPT_PARTS_H
#define ORE_MODELS_GPT_PARTS_H

#include "models/gpt/gpt.h"

/* cos and sin of rotary positions, (T, R/2), or (B, 1, T, R/2) of documents; NULL without them. */
typedef struct gpt_turn {
    ore_tensor *cos, *sin;
} gpt_turn;

/* What goes through a forward beside the stream: each NULL for none. */
typedef struct gpt_flow {
    ore_kv_cache *cache;
    ore_tensor *documents; /* (B, T) numbers of documents, inside which attention stays */
    ore_tensor **hidden;   /* (n_layer + 1) the streams, to be filled */
    gpt_turn turn, local_turn;
} gpt_flow;

/* ---- configs (family.c) ---- */

/* Whether a layer, from 0 on, sees its window alone. */
bool gpt_is_local(const gpt_config *c, int64_t layer);

/* ---- layers (layers.c) ---- */

void gpt_linear_init(ore_linear *l, ore_module *parent, const char *name, int64_t in, int64_t out,
                     bool bias);
void gpt_norm_init(gpt_norm_layer *n, ore_module *parent, const char *name, int64_t size,
                   const gpt_config *c);
ore_tensor *gpt_norm_forward(const gpt_norm_layer *n, ore_tensor *x);
/* The dtype of the stream and of keys and values: that of the norms' weights. Matrices may be
 * halves beside it where nothing is recorded. */
ore_dtype gpt_stream_dtype(const gpt *model);
/* Replaces the weights of a linear layer by draws from N(0, std), and its biases by 0. A layer that
 * the model does not have (no weight) is passed over. */
void gpt_linear_draw(ore_linear *l, double std, ore_generator *g);
/* The end of a residual branch: stream + dropout(post(last(x))), (B, T, C). `post` NULL: none. */
ore_tensor *gpt_join(const ore_linear *last, const ore_dropout *drop, const gpt_norm_layer *post,
                     ore_tensor *x, ore_tensor *stream);

/* ---- positions (positions.c) ---- */

void gpt_factors_init(gpt_factors *f, ore_module *parent, const char *name, int64_t count);
/* Fills the flow's turns for T tokens from place `start` on, or as the documents say. Of
 * rotary positions alone. */
ore_status gpt_turns(const gpt *model, gpt_flow *f, int64_t start, int64_t T);

/* ---- attention (attention.c) ---- */

void gpt_attention_init(gpt_attention *a, gpt_block *b, int64_t layer, const gpt *model);
/* stream + post(attn(x)), (B, T, C), with attn = softmax(q k^T / sqrt(D)) v, causal, of H query
 * heads of D channels. */
ore_tensor *gpt_attention_forward(const gpt_attention *a, ore_tensor *x, ore_tensor *stream,
                                  const gpt_norm_layer *post, const gpt_flow *f);

/* ---- the feed-forward layer (feed_forward.c) ---- */

void gpt_mlp_init(gpt_mlp *m, gpt_block *b, const gpt *model);
/* stream + post(mlp(x)), (B, T, C) */
ore_tensor *gpt_mlp_forward(const gpt_mlp *m, ore_tensor *x, ore_tensor *stream,
                            const gpt_norm_layer *post);

/* ---- checkpoints of others, and what a forward computes (published.c): family.h ---- */

enum { GPT_LAYERS_MAX = 1024 };
bool gpt_published_reads(const char *type);
ore_status gpt_published_config(const char *path, void *config);
ore_status gpt_published_load(void *net, const char *path);
ore_status gpt_published_save(const void *net, const char *dir, ore_json *marks,
                              const ore_dtype *dtype, int64_t shard_bytes);
ore_status gpt_widen(void *net);
ore_status gpt_published_gguf(const void *net, const char *path, const char *type,
                              const ore_coding *coding, ore_json *metadata);
ore_tensor *gpt_look(void *net, ore_tensor *ids, ore_tensor **hidden);

#endif
