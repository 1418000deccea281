/* basic.c: cases of arithmetic, reductions, products, norms, losses of classes, indexing, views. */
#include <math.h>

#include <ore/ops.h>

#include "cases/cases.h"

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

/* A residual connection: the two gradients of x are added in place, and an activation's gradient is
 * written over dy. */
static ore_tensor *residual_block(ore_tensor *x, ore_tensor *up, ore_tensor *down) {
    ore_tensor *n = ore_f_layer_norm(x, ORE_SHAPE(4), NULL, NULL, 1e-5);
    x = ore_f_linear_add(ore_gelu(ore_f_linear(n, up, NULL)), down, NULL, x);
    n = ore_f_layer_norm(x, ORE_SHAPE(4), NULL, NULL, 1e-5);
    return ore_f_linear_add(ore_tanh(ore_f_linear(n, up, NULL)), down, NULL, x);
}

/* One matrix as the table of an embedding and as the weight of two linear layers. */
static ore_tensor *tied(ore_tensor *table) {
    ore_tensor *x = ore_f_embedding(integers(ORE_SHAPE(4), (int64_t[]){2, 0, 2, 1}), table, -1);
    ore_tensor *y = ore_f_linear(x, table, NULL);
    return ore_f_linear(ore_tanh(y), ore_t(table), NULL);
}

static ore_tensor *split(ore_tensor **in) {
    ore_tensor *parts[3] = {NULL};
    if (ore_split(in[0], 2, -1, parts, 3) != 2)
        ore_fail(ORE_INVALID, "split: not as many parts as the case has");
    return ore_mul(parts[0], ore_exp(parts[1]));
}

static ore_tensor *chunk(ore_tensor **in) {
    ore_tensor *parts[3] = {NULL};
    if (ore_chunk(in[0], 3, 0, parts, 3) != 3)
        ore_fail(ORE_INVALID, "chunk: not as many parts as the case has");
    return ore_sub(ore_mul(parts[0], parts[2]), parts[1]);
}

static ore_tensor *dropout(ore_tensor **in) {
    ore_generator *g = ore_generator_new(7);
    ore_tensor *y = ore_f_dropout(in[0], 0.4, true, g);
    ore_generator_free(g);
    return y;
}

static ore_tensor *changed_in_place(ore_tensor **in) {
    ore_tensor *y = ore_mul_scalar(in[0], 2);
    ore_add_(y, in[1]);
    ore_mul_(y, in[1]);
    ore_sub_(y, in[0]);
    ore_div_(y, ore_add_scalar(ore_square(in[1]), 1));
    ore_add_scalar_(y, 3);
    return ore_mul_scalar_(y, 0.5);
}

static ore_tensor *copied_in_place(ore_tensor **in) {
    ore_tensor *y = ore_mul_scalar(in[0], 2);
    return ore_mul(ore_copy_(y, in[1]), in[0]);
}

/* Cross entropy with labels of 5 rows and 4 classes, one of which is ignored if `ignore` is set. */
static ore_tensor *labelled(ore_tensor *x, ore_reduction reduction, double smoothing, bool weighted,
                            bool ignore) {
    ore_tensor *labels = integers(ORE_SHAPE(5), (int64_t[]){3, 0, ignore ? -100 : 1, 2, 0});
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    o.reduction = reduction;
    o.label_smoothing = smoothing;
    if (weighted)
        o.weight = ore_from_data((double[]){0.5, 2, 1.5, 0.25}, ORE_SHAPE(4), ORE_FLOAT64);
    return ore_cross_entropy(x, labels, &o);
}

static ore_tensor *attend(ore_tensor **in, bool causal, double scale, bool plain) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = causal;
    o.scale = scale;
    return plain ? ore_attention_plain(in[0], in[1], in[2], &o)
                 : ore_attention(in[0], in[1], in[2], &o);
}

static ore_tensor *attend_packed(ore_tensor *qkv) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = true;
    return ore_attention_packed(qkv, 2, &o);
}

#define ROWS "cases/basic.def"
#define LIST op_cases_basic
#include "cases/list.inc"
