/* value.h: the scalar engine: an expression of single float64 numbers that knows its derivatives,
 * after A. Karpathy's micrograd. Small enough to see whole: each operator makes one value, backward
 * goes over them once, and a drawing shows every number and its gradient. Tensors (ore/tensor.h) do
 * the same for many numbers at a time.
 *
 * A tape owns all that is made on it: values, neurons, layers, networks, labels. It is used by one
 * thread at a time. Operators take values of one tape. While an error is pending everything here
 * that makes something returns NULL; given NULL it does so with ORE_INVALID. */
#ifndef ORE_VALUE_H
#define ORE_VALUE_H

#include <ore/base.h>
#include <ore/pyrandom.h>

ORE_BEGIN_DECLS

/* ---- tapes ---- */

typedef struct ore_value_tape ore_value_tape;

/* NULL with ORE_MEMORY. */
ORE_API ore_value_tape *ore_value_tape_new(void);
/* Frees the tape and all that was made on it. */
ORE_API void ore_value_tape_free(ore_value_tape *tape);
/* The number of values on the tape. */
ORE_API int64_t ore_value_tape_count(const ore_value_tape *tape);

/* A place on the tape: what stands before it outlives a rewind. The fields are the tape's. */
typedef struct ore_value_mark {
    int64_t block[2];
    size_t used[2];
    const void *labels;
} ore_value_mark;

/* A training loop makes its network, marks, and after each step rewinds: that frees all made since
 * the mark, labels too, and the room is used again, so that a steady step allocates nothing. */
ORE_API ore_value_mark ore_value_tape_mark(const ore_value_tape *tape);
ORE_API void ore_value_tape_rewind(ore_value_tape *tape, ore_value_mark mark);

/* ---- values ---- */

typedef struct ore_value ore_value;

/* data and grad may be read and, in leaves, written: w->data -= rate * w->grad. A value keeps its
 * operator's derivatives from its making, so a change shows in what is made after it. */
struct ore_value {
    double data;
    double grad; /* d root / d this, of the last backward; in leaves the sum since it was 0 */
    /* ---- the tape's own ---- */
    ore_value *left, *right; /* operands; NULL in a leaf */
    double d_left, d_right;  /* d this / d operand; right NULL: d_right is the operator's number */
    ore_value_tape *tape;
    uint32_t visit, kind;
};

/* A leaf, with gradient 0. */
ORE_API ore_value *ore_value_new(ore_value_tape *tape, double data);
/* Names v in drawings (UTF-8, copied); a later name replaces it. Returns v. */
ORE_API ore_value *ore_value_set_label(ore_value *v, const char *label);
/* v's name, or "". */
ORE_API const char *ore_value_label(const ore_value *v);

/* y = a + b, da = dy, db = dy */
ORE_API ore_value *ore_value_add(ore_value *a, ore_value *b);
/* y = a b, da = b dy, db = a dy */
ORE_API ore_value *ore_value_mul(ore_value *a, ore_value *b);
/* a + (-b) and a b^-1, made of those values, as in micrograd. */
ORE_API ore_value *ore_value_sub(ore_value *a, ore_value *b);
ORE_API ore_value *ore_value_div(ore_value *a, ore_value *b);
/* y = -a, da = -dy */
ORE_API ore_value *ore_value_neg(ore_value *a);
/* y = a^k, da = k a^(k-1) dy; NaN where a < 0 and k is not an integer, as in torch. */
ORE_API ore_value *ore_value_pow(ore_value *a, double k);
/* y = e^a, da = y dy */
ORE_API ore_value *ore_value_exp(ore_value *a);
/* y = ln a, da = dy / a; -inf at 0, NaN below. */
ORE_API ore_value *ore_value_log(ore_value *a);
/* y = tanh a, da = (1 - y^2) dy */
ORE_API ore_value *ore_value_tanh(ore_value *a);
/* y = max(a, 0), da = dy where a > 0, else 0 */
ORE_API ore_value *ore_value_relu(ore_value *a);
/* The same with a number, which becomes a leaf: a + k, a - k, k - a, a k, a k^-1, k a^-1. */
ORE_API ore_value *ore_value_add_scalar(ore_value *a, double k);
ORE_API ore_value *ore_value_sub_scalar(ore_value *a, double k);
ORE_API ore_value *ore_value_rsub_scalar(ore_value *a, double k);
ORE_API ore_value *ore_value_mul_scalar(ore_value *a, double k);
ORE_API ore_value *ore_value_div_scalar(ore_value *a, double k);
ORE_API ore_value *ore_value_rdiv_scalar(ore_value *a, double k);
/* values[0] + values[1] + .. from the left; count > 0. */
ORE_API ore_value *ore_value_sum(ore_value *const *values, int64_t count);

/* Fills in d root / d v for every value that root was made of: 1 in the root itself; leaves add it
 * to what they hold, other values are set. It goes over the tape once, from the root back: values
 * stand there after their operands, so each has its whole gradient when its turn comes, however
 * deep the expression. It can be called again; ORE_INVALID for NULL. */
ORE_API ore_status ore_value_backward(ore_value *root);
/* Sets the gradients of `count` values to 0. */
ORE_API void ore_value_zero_grad(ore_value *const *values, int64_t count);

/* ---- networks ---- */

typedef enum ore_value_activation {
    ORE_VALUE_LINEAR,
    ORE_VALUE_RELU,
    ORE_VALUE_TANH,
} ore_value_activation;

/* y = f(b + w[0] x[0] + w[1] x[1] + ..) */
typedef struct ore_value_neuron {
    int64_t in;
    ore_value **parameters; /* (in + 1): the weights, then the bias */
    ore_value_activation activation;
} ore_value_neuron;

/* `out` neurons that see the same x. */
typedef struct ore_value_layer {
    int64_t in, out;
    ore_value_neuron *neurons; /* (out) */
    ore_value **parameters;    /* (out (in + 1)): each neuron's in turn */
} ore_value_layer;

/* Layers one after the other. */
typedef struct ore_value_mlp {
    int64_t layer_count, parameter_count;
    ore_value_layer *layers;
    ore_value **parameters; /* each layer's in turn */
} ore_value_mlp;

typedef struct ore_value_mlp_options {
    ore_value_activation hidden, last; /* of the layers before the last one, and of that */
    bool random_bias;                  /* drawn as the weights are; false: 0 */
} ore_value_mlp_options;

/* relu, linear, false: micrograd's. The lecture's own network has tanh, tanh, true. */
ORE_API ore_value_mlp_options ore_value_mlp_defaults(void);

/* Weights are drawn from uniform(-1, 1) of r, neuron by neuron, a random bias after them: the
 * numbers of the original after random.seed. The structs are the tape's. ORE_INVALID: no input, no
 * layer, a layer without neurons, NULL for r. ORE_MEMORY: more parameters than memory holds. */
ORE_API ore_value_neuron *ore_value_neuron_new(ore_value_tape *tape, int64_t in,
                                               ore_value_activation activation, bool random_bias,
                                               ore_python_random *r);
ORE_API ore_value_layer *ore_value_layer_new(ore_value_tape *tape, int64_t in, int64_t out,
                                             ore_value_activation activation, bool random_bias,
                                             ore_python_random *r);
/* MLP(in, [out[0], out[1], ..]); NULL options mean the defaults. */
ORE_API ore_value_mlp *ore_value_mlp_new(ore_value_tape *tape, int64_t in, const int64_t *out,
                                         int64_t layers, const ore_value_mlp_options *options,
                                         ore_python_random *r);
/* x is (in). The arrays that come back, (out) of the layer or of the last one, are the tape's. */
ORE_API ore_value *ore_value_neuron_forward(const ore_value_neuron *n, ore_value *const *x);
ORE_API ore_value **ore_value_layer_forward(const ore_value_layer *layer, ore_value *const *x);
ORE_API ore_value **ore_value_mlp_forward(const ore_value_mlp *m, ore_value *const *x);

/* ---- drawings ---- */

typedef struct ore_value_draw_options {
    const char *title; /* above the graph; NULL for none */
    bool gradients;    /* show grad beside data */
} ore_value_draw_options;

/* no title, gradients */
ORE_API ore_value_draw_options ore_value_draw_defaults(void);
/* Writes the graph that made root as an SVG picture: a box for each value with its label, data and
 * gradient, a circle for each operator, from the leaves on the left to the root on the right. The
 * same graph gives the same bytes. NULL options mean the defaults. ORE_INVALID: a path that does
 * not end in .svg, more than 1000 values, or lines across too many columns to draw; ORE_IO. */
ORE_API ore_status ore_value_draw(const ore_value *root, const char *path,
                                  const ore_value_draw_options *options);

ORE_END_DECLS

#endif
