/* random.h: random tensors. The numbers are those of PyTorch's CPU generator (generator.h, and
 * docs/random.md); a NULL generator means the default one. */
#ifndef ORE_RANDOM_H
#define ORE_RANDOM_H

#include <ore/generator.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* Uniform in [0, 1), of a floating dtype. */
ORE_API ore_tensor *ore_rand(ore_shape shape, ore_dtype dtype, ore_generator *g);
/* Standard normal, of a floating dtype. */
ORE_API ore_tensor *ore_randn(ore_shape shape, ore_dtype dtype, ore_generator *g);
/* Integers in [low, high), of any dtype but bool. */
ORE_API ore_tensor *ore_randint(int64_t low, int64_t high, ore_shape shape, ore_dtype dtype,
                                ore_generator *g);
/* A permutation of 0..n-1, int64. */
ORE_API ore_tensor *ore_randperm(int64_t n, ore_generator *g);
/* `samples` draws from each row of weights: (n) -> (samples), (rows, n) -> (rows, samples), int64.
 * Weights must be finite, not negative and not all zero. */
ORE_API ore_tensor *ore_multinomial(ore_tensor *weights, int64_t samples, bool replacement,
                                    ore_generator *g);
/* 1 with the probability in each element of a floating p, else 0; p's shape and dtype. */
ORE_API ore_tensor *ore_bernoulli(ore_tensor *p, ore_generator *g);
/* In place, over a floating dtype; each returns t. */
ORE_API ore_tensor *ore_uniform_(ore_tensor *t, double low, double high, ore_generator *g);
ORE_API ore_tensor *ore_normal_(ore_tensor *t, double mean, double std, ore_generator *g);
ORE_API ore_tensor *ore_bernoulli_(ore_tensor *t, double p, ore_generator *g);
ORE_API ore_tensor *ore_exponential_(ore_tensor *t, double lambda, ore_generator *g);
/* Integers in [low, high); with low = high = 0 over the dtype's whole range, as random_(). */
ORE_API ore_tensor *ore_random_(ore_tensor *t, int64_t low, int64_t high, ore_generator *g);

ORE_END_DECLS

#endif
