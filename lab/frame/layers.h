/* layers.h: the layers of the batch-norm and the WaveNet lecture, which differ in some points from
 * those of ore/nn.h, and a stack of such layers.
 *
 * Linear      y = x W + b, W (in, out) from N(0, 1) / sqrt(in), b zeros Batch norm  y = gamma (x -
 * mean) / sqrt(var + eps) + beta, per channel (the last dim), with the unbiased variance;
 * nn.BatchNorm1d normalises by the biased one */
#ifndef LAB_LAYERS_H
#define LAB_LAYERS_H

#include <ore/ore.h>

/* Batch norm with statistics over all dims but the last: (B, C) or (B, T, C). With per_position
 * they are over the first dim only, so that in (B, T, C) every position has statistics of its
 * own. */
typedef struct lecture_norm {
    ore_module module;
    ore_tensor *gamma, *beta;               /* (C), at first ones and zeros */
    ore_tensor *running_mean, *running_var; /* (C), or (1, T, C) after a forward per position */
    double eps, momentum;                   /* 1e-5, 0.1 */
    bool per_position;
} lecture_norm;

typedef struct lecture_linear {
    ore_module module;
    ore_tensor *weight, *bias; /* (in, out); (out) or NULL */
} lecture_linear;

/* Concatenates every n neighbours: (B, T, C) -> (B, T / n, n C), or (B, n C) where T / n is 1. */
typedef struct lecture_join {
    ore_module module;
    int64_t n;
} lecture_join;

enum { STACK_LAYERS = 24 };

/* Layers named "0", "1", .., which the module's forward runs one after the other. */
typedef struct stack {
    ore_module module;
    int64_t count;
    union {
        ore_module module;
        ore_embedding embedding;
        lecture_linear linear;
        lecture_norm norm;
        lecture_join join;
        ore_activation activation;
    } layers[STACK_LAYERS];
} stack;

void stack_init(stack *s);
/* Each of these adds a layer, whose parameters are drawn from g (NULL: the default generator). */
void stack_embedding(stack *s, int64_t count, int64_t dim, ore_generator *g);
lecture_linear *stack_linear(stack *s, int64_t in, int64_t out, bool bias, ore_generator *g);
lecture_norm *stack_norm(stack *s, int64_t channels);
void stack_tanh(stack *s);
void stack_join(stack *s, int64_t n);

#endif
