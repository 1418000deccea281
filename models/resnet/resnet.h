/* resnet.h: residual networks of images: He et al. 2015, arXiv:1512.03385, with the stride of a
 * bottleneck in its 3 x 3 convolution, as torchvision has it.
 *
 * Names and orientations are those of torchvision's checkpoints:
 *   conv1.weight (C, 3, 7, 7)   bn1.{weight,bias,running_mean,running_var,num_batches_tracked}
 *   layerS.B.conv1.weight  .bn1.*  .conv2.weight  .bn2.*  (.conv3.weight  .bn3.*)
 *   layerS.B.downsample.0.weight  .downsample.1.*         where size or channels change
 *   fc.{weight (classes, C),bias}
 * A network without norms has no bn's, a downsample.0 only, and biases in its convolutions. */
#ifndef ORE_MODELS_RESNET_H
#define ORE_MODELS_RESNET_H

#include <ore/nn.h>

#include "models/family.h"

/* ---- blocks ---- */

/* y = relu(f(x) + x), x through downsample (1 x 1 convolution, norm) where its shape is not that of
 * f(x); y = relu(f(x)) without residual connections. */

enum { RESNET_EXPANSION = 4 }; /* channels out of a bottleneck, in those of its middle */

typedef struct resnet_block {
    ore_module module;
    ore_conv2d conv1, conv2, conv3; /* conv3 and bn3 in a bottleneck only */
    ore_batch_norm2d bn1, bn2, bn3;
    ore_sequential downsample;
    ore_conv2d down_conv;
    ore_batch_norm2d down_norm;
    bool bottleneck, residual, norm, has_downsample;
} resnet_block;

/* f: 3 x 3 convolution of `stride`, norm, relu, 3 x 3, norm: in channels -> channels. */
ore_status resnet_basic_block_init(resnet_block *b, ore_module *parent, const char *name,
                                   int64_t in, int64_t channels, int64_t stride, ore_generator *g);
/* f: 1 x 1 to `channels`, norm, relu, 3 x 3 of `stride`, norm, relu, 1 x 1 to RESNET_EXPANSION
 * channels, norm. */
ore_status resnet_bottleneck_init(resnet_block *b, ore_module *parent, const char *name, int64_t in,
                                  int64_t channels, int64_t stride, ore_generator *g);
/* (N, in, H, W) -> (N, out, ceil(H / stride), ceil(W / stride)) */
ore_tensor *resnet_block_forward(const resnet_block *b, ore_tensor *x);

/* ---- the network ---- */

enum { RESNET_STAGES = 4 };

typedef struct resnet_config {
    int bottleneck;                /* switches are 0 or 1 */
    int64_t blocks[RESNET_STAGES]; /* of each stage; 0: it and those after it are absent */
    int64_t width;                 /* channels of the first stage; each stage doubles them */
    int64_t in_channels, n_classes;
    int small_images;       /* a 3 x 3 convolution of stride 1 and no pooling in front */
    int zero_init_residual; /* the last norm of each block starts at 0 */
    int residual;           /* 0: no residual connections */
    int batch_norm;         /* 0: no norms, and convolutions with biases */
} resnet_config;

/* resnet18: basic blocks 2, 2, 2, 2, width 64, 3 channels, 1000 classes. */
resnet_config resnet_defaults(void);
/* The blocks of all stages; -1 with ORE_INVALID for a config that cannot be. */
int64_t resnet_count_blocks(const resnet_config *c);

typedef struct resnet {
    ore_module module; /* the root; forward takes (N, C, H, W), gives (N, classes) */
    ore_conv2d conv1;
    ore_batch_norm2d bn1;
    ore_sequential stages[RESNET_STAGES]; /* layer1 .. */
    ore_linear fc;
    resnet_block *blocks; /* of all stages */
    resnet_config config;
} resnet;

/* Builds the network and draws its weights from g (NULL: the default generator) as torchvision
 * does: the layers' own draws, then N(0, 2 / fan_out) for each convolution; norms 1 and 0.
 * ORE_INVALID for sizes that do not fit: "resnet: width 0, expected 1 or more". */
ore_status resnet_init(resnet *model, const resnet_config *config, ore_generator *g);
void resnet_free(resnet *model);
ore_tensor *resnet_forward(const resnet *model, ore_tensor *x);

extern const model_family resnet_family;

#endif
