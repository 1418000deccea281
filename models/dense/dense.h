/* dense.h: the layer that perceptrons consist of: activation(norm(x W^T + b)). With batch norm
 * (Ioffe and Szegedy 2015, arXiv:1502.03167), which has a bias itself, the linear layer has none.
 *
 * Names: linear.{weight (out, in),bias}
 * norm.{weight,bias,running_mean,running_var,num_batches_tracked} */
#ifndef ORE_MODELS_DENSE_H
#define ORE_MODELS_DENSE_H

#include <ore/nn.h>

#include "models/activation.h"
#include "models/config.h"

typedef struct dense {
    ore_module module;
    ore_linear linear;
    ore_batch_norm1d norm;
    bool has_norm;
} dense;

/* The weight is drawn from g (NULL: the default generator) as torch's Linear draws it, and scaled
 * to a standard deviation of gain / sqrt(in), with gain 5/3 before tanh and sqrt(2) before other
 * activations (K. He et al., ICCV 2015). The bias starts at 0. */
ore_status dense_init(dense *d, ore_module *parent, const char *name, int64_t in, int64_t out,
                      bool batch_norm, ore_tensor_function activation, ore_generator *g);
/* (.., in) -> (.., out). In training mode batch norm normalises each of the `out` channels by its
 * mean and variance over all other dims, in eval mode by its running values. */
ore_tensor *dense_forward(const dense *d, ore_tensor *x, ore_tensor_function activation);

/* ---- a net of dense layers: the vectors of tokens, the layers, and a head ---- */

/* Names: wte.weight (V, E)   layers.N...   lm_head.{weight (V, H),bias} */
typedef struct dense_net {
    ore_module module; /* the root; forward takes (N, block_size) ids, gives (N, V) logits */
    ore_embedding wte;
    ore_module_list list;
    dense *layers; /* (layer_count) */
    int64_t layer_count;
    ore_linear lm_head;
    ore_tensor_function activation; /* of every layer */
} dense_net;

typedef struct dense_net_sizes {
    int64_t vocab_size, n_embd, n_hidden; /* V, E, H */
    int64_t layer_count;
    int64_t first_inputs, further_inputs; /* of the first and of further layers */
    bool batch_norm;
    model_activation activation;
} dense_net_sizes;

/* Builds a net, whose root has this forward. Weights are drawn from g (NULL: the default generator)
 * in the order of their names: vectors from N(0, 1), layers as dense_init does. The head's weight
 * is a tenth of what torch's Linear draws and its bias 0, so that at first all tokens are about
 * equally likely. ORE_MEMORY names the model; a failure leaves nothing to free. */
ore_status dense_net_init(dense_net *net, const char *model, const dense_net_sizes *sizes,
                          ore_module_function forward, ore_generator *g);
/* Frees a net once; all zeros, and a net that was freed before, are allowed. */
void dense_net_free(dense_net *net);
/* For model_family.activation: where a net keeps the function, and how many layers call it. */
ore_tensor_function *dense_net_activation(void *net, int64_t *layers);

/* Whether ids are (N, block_size); if not, false with an ORE_INVALID that names the model. */
bool dense_takes_contexts(const char *model, const ore_tensor *ids, int64_t block_size);

/* What the configs of models of dense layers have in common. */
extern const config_choice dense_activations[]; /* tanh, relu, gelu */
#define DENSE_NORM_HELP                                                                            \
    "batch norm before each non-linearity; with accumulate, over each batch by itself"

#endif
