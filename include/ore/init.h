/* init.h: PyTorch's initialisers of parameters (torch.nn.init). Each overwrites t, float32 or
 * float64, without recording, and returns t; NULL with an error otherwise. A NULL generator means
 * the default one. Weights of two or more dims are (out, in, kernel..):
 * fan_in = in * kernel, fan_out = out * kernel. */
#ifndef ORE_INIT_H
#define ORE_INIT_H

#include <ore/generator.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

typedef enum ore_fan_mode { ORE_FAN_IN, ORE_FAN_OUT } ore_fan_mode;

/* What follows the weights, as it decides the gain. */
typedef enum ore_nonlinearity {
    ORE_GAIN_LINEAR,     /* 1 */
    ORE_GAIN_CONV,       /* 1 */
    ORE_GAIN_SIGMOID,    /* 1 */
    ORE_GAIN_TANH,       /* 5/3 */
    ORE_GAIN_RELU,       /* sqrt 2 */
    ORE_GAIN_LEAKY_RELU, /* sqrt(2 / (1 + slope^2)) */
    ORE_GAIN_SELU,       /* 3/4 */
} ore_nonlinearity;

/* In between, these initialisers leave t as it is in this thread and draw nothing: for layers whose
 * parameters are loaded next, and whose memory is not touched before. Calls nest. torch:
 * nn.utils.skip_init. */
ORE_API void ore_skip_init_begin(void);
ORE_API void ore_skip_init_end(void);

/* The slope counts for leaky_relu alone; NaN with ORE_INVALID for a nonlinearity that is none. */
ORE_API double ore_calculate_gain(ore_nonlinearity nonlinearity, double slope);

ORE_API ore_tensor *ore_init_uniform(ore_tensor *t, double low, double high, ore_generator *g);
ORE_API ore_tensor *ore_init_normal(ore_tensor *t, double mean, double std, ore_generator *g);
ORE_API ore_tensor *ore_init_zeros(ore_tensor *t);
ORE_API ore_tensor *ore_init_ones(ore_tensor *t);
ORE_API ore_tensor *ore_init_constant(ore_tensor *t, double value);

/* std = gain sqrt(2 / (fan_in + fan_out)); uniform within sqrt(3) std, or N(0, std^2)
 * (X. Glorot and Y. Bengio, AISTATS 2010). */
ORE_API ore_tensor *ore_init_xavier_uniform(ore_tensor *t, double gain, ore_generator *g);
ORE_API ore_tensor *ore_init_xavier_normal(ore_tensor *t, double gain, ore_generator *g);
/* std = gain(nonlinearity, a) / sqrt(fan); uniform within sqrt(3) std, or N(0, std^2)
 * (K. He et al., ICCV 2015). PyTorch's defaults are a = 0, ORE_FAN_IN, ORE_GAIN_LEAKY_RELU;
 * nn.Linear has a = sqrt(5). */
ORE_API ore_tensor *ore_init_kaiming_uniform(ore_tensor *t, double a, ore_fan_mode mode,
                                             ore_nonlinearity nonlinearity, ore_generator *g);
ORE_API ore_tensor *ore_init_kaiming_normal(ore_tensor *t, double a, ore_fan_mode mode,
                                            ore_nonlinearity nonlinearity, ore_generator *g);

/* N(mean, std^2) cut off to [low, high] (torch's a and b): uniform draws through the inverse of the
 * distribution, sqrt(2) std erfinv(u) + mean. torch's defaults are 0, 1, -2, 2. ORE_INVALID unless
 * std is positive and low < high. */
ORE_API ore_tensor *ore_init_trunc_normal(ore_tensor *t, double mean, double std, double low,
                                          double high, ore_generator *g);
/* Ones on the diagonal of a matrix, else zeros. */
ORE_API ore_tensor *ore_init_eye(ore_tensor *t);
/* A tensor of two dims or more, seen as (rows, rest), with orthonormal rows or columns, whichever
 * are fewer, times gain: Q of a normal matrix's QR, R's diagonal positive (A. Saxe et al. 2014). */
ORE_API ore_tensor *ore_init_orthogonal(ore_tensor *t, double gain, ore_generator *g);
/* A matrix of N(0, std^2) with ceil(sparsity rows) zeros in each column (J. Martens 2010). torch's
 * default std is 0.01. ORE_INVALID unless sparsity is in [0, 1]. */
ORE_API ore_tensor *ore_init_sparse(ore_tensor *t, double sparsity, double std, ore_generator *g);

ORE_END_DECLS

#endif
