/* mlp.h: the perceptron of Bengio et al. 2003 (A Neural Probabilistic Language Model, JMLR 3): the
 * vectors of the last block_size tokens are concatenated, go through hidden layers, and become the
 * logits of the next token.
 *
 * Names: wte.weight (V, E)   layers.N.linear.{weight,bias}   layers.N.norm... with batch norm
 * lm_head.{weight (V, H),bias}; layer 0 takes block_size E inputs, the others H */
#ifndef ORE_MODELS_MLP_H
#define ORE_MODELS_MLP_H

#include "models/dense/dense.h"
#include "models/family.h"

typedef struct mlp_config {
    int64_t vocab_size;
    int64_t block_size; /* tokens of a context */
    int64_t n_embd;     /* E: numbers of a token's vector */
    int64_t n_hidden;   /* H: units of a hidden layer */
    int64_t n_layer;    /* hidden layers */
    int batch_norm;     /* 0 or 1 */
    model_activation activation;
} mlp_config;

/* makemore's: 3 tokens, vectors of 10 numbers, one hidden layer of 200 units, tanh, batch norm.
 * vocab_size is auto: the caller sets it. */
mlp_config mlp_defaults(void);

typedef struct mlp {
    dense_net net; /* first: its module is the root */
    mlp_config config;
} mlp;

/* Builds the model. Weights are drawn from g (NULL: the default generator) in the order of their
 * names: vectors from N(0, 1), the rest as dense.h says. ORE_INVALID for values that fields do
 * not take. */
ore_status mlp_init(mlp *model, const mlp_config *config, ore_generator *g);
void mlp_free(mlp *model);

/* (N, block_size) int64 ids -> (N, V) logits. */
ore_tensor *mlp_forward(const mlp *model, ore_tensor *ids);

/* The perceptron as a family (family.h); its fields, those of the config, have ranges, defaults and
 * help. */
extern const model_family mlp_family;

#endif
