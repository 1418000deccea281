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

/* The last layer of a classifier: logits of V classes, with a bias. The weight is a tenth of what
 * torch's Linear draws and the bias 0, so that at first all classes are about equally likely. */
ore_status dense_head_init(ore_linear *head, ore_module *parent, const char *name, int64_t in,
                           int64_t V, ore_generator *g);

/* Whether ids are (N, block_size); if not, false with an ORE_INVALID that names the model. */
bool dense_takes_contexts(const char *model, const ore_tensor *ids, int64_t block_size);

/* What the configs of models of dense layers have in common. */
extern const config_choice dense_activations[]; /* tanh, relu, gelu */
#define DENSE_NORM_HELP                                                                            \
    "batch norm before each non-linearity; with accumulate, over each batch by itself"

#endif
