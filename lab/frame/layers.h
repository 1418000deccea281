/* layers.h: the layers of the batch-norm and the WaveNet lecture, which differ in a few points from
 * those of ore/nn.h, and a stack of them.
 *
 * Linear      y = x W + b, W (in, out) from N(0, 1) / sqrt(in), b zeros
 * Batch norm  y = gamma (x - mean) / sqrt(var + eps) + beta, per channel (the last dim), with the
 *             unbiased variance; nn.BatchNorm1d normalises by the biased one */
#ifndef LAB_LAYERS_H
#define LAB_LAYERS_H

#include <ore/ore.h>

/* Batch norm over all dims but the last: (B, C) or (B, T, C). per_position: over the first dim
 * alone, which for (B, T, C) gives every position statistics of its own. */
typedef struct lecture_norm {
    ore_module module;
    ore_tensor *gamma, *beta;               /* (C) ones, zeros */
    ore_tensor *running_mean, *running_var; /* (C), or (1, T, C) after a forward per position */
    double eps, momentum;                   /* 1e-5, 0.1 */
    bool per_position;
} lecture_norm;

typedef struct lecture_linear {
    ore_module module;
    ore_tensor *weight, *bias; /* (in, out); (out) or NULL */
} lecture_linear;

/* (B, T, C) -> (B, T / n, n C), and (B, n C) where T / n is 1. */
typedef struct lecture_join {
    ore_module module;
    int64_t n;
} lecture_join;

enum { STACK_LAYERS = 24 };

/* Layers that follow one another, named "0", "1", ..; the module's forward runs them. */
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
/* Each adds a layer, drawing its parameters from g at once. */
void stack_embedding(stack *s, int64_t count, int64_t dim, ore_generator *g);
lecture_linear *stack_linear(stack *s, int64_t in, int64_t out, bool bias, ore_generator *g);
lecture_norm *stack_norm(stack *s, int64_t channels);
void stack_tanh(stack *s);
void stack_join(stack *s, int64_t n);

#endif
