/* wavenet.h: a tree of dense layers, as the makemore lectures build it after WaveNet's dilated
 * convolutions (van den Oord et al. 2016, arXiv:1609.03499): each level joins neighbouring vectors
 * of the context in pairs, until one is left.
 *
 * Names: wte.weight (V, E)   layers.N.linear.{weight,bias}   layers.N.norm... with batch norm
 * lm_head.{weight (V, H),bias}; layer 0 takes 2 E inputs, the others 2 H */
#ifndef ORE_MODELS_WAVENET_H
#define ORE_MODELS_WAVENET_H

#include "models/dense/dense.h"
#include "models/family.h"

typedef struct wavenet_config {
    int64_t vocab_size;
    int64_t block_size; /* tokens of a context: a power of two, at least 2 */
    int64_t n_embd;     /* E: numbers of a token's vector */
    int64_t n_hidden;   /* H: units of each layer */
    int batch_norm;     /* 0 or 1 */
    model_activation activation;
} wavenet_config;

/* makemore's: 8 tokens, vectors of 24 numbers, layers of 128 units, tanh, batch norm. vocab_size is
 * auto: the caller sets it. */
wavenet_config wavenet_defaults(void);

typedef struct wavenet {
    dense_net net; /* first: its module is the root */
    wavenet_config config;
} wavenet;

/* Builds the model. Weights are drawn from g (NULL: the default generator) in the order of their
 * names: vectors from N(0, 1), the rest as dense.h says. ORE_INVALID for values that fields do
 * not take and for a block_size that is no power of two. */
ore_status wavenet_init(wavenet *model, const wavenet_config *config, ore_generator *g);
void wavenet_free(wavenet *model);

/* (N, block_size) int64 ids -> (N, V) logits. */
ore_tensor *wavenet_forward(const wavenet *model, ore_tensor *ids);

/* The number of layers, log2(block_size); 0 unless that is a power of two, at least 2. */
int64_t wavenet_layers(int64_t block_size);

/* The tree as a family (family.h); its fields, those of the config, have ranges, defaults and
 * help. */
extern const model_family wavenet_family;

#endif
