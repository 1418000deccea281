/* golden_ops.h: the ops that golden/ops.json names, as functions of Ore. */
#ifndef ORE_TEST_GOLDEN_OPS_H
#define ORE_TEST_GOLDEN_OPS_H

#include <jansson.h>

#include <ore/ops.h>

enum { GOLDEN_TENSORS = 16 };

/* One of the four functions is set. */
typedef struct golden_op {
    const char *name;
    ore_tensor *(*one)(ore_tensor *x);
    ore_tensor *(*two)(ore_tensor *a, ore_tensor *b);
    ore_tensor *(*single)(const json_t *args, ore_tensor **in, int n);
    int (*many)(const json_t *args, ore_tensor **in, int n, ore_tensor **out);
} golden_op;

/* Scans, order, indexing, rearranging, contractions: golden_shape.c. */
const golden_op *golden_find_shape(const char *name);
/* Mathematical functions, activations and losses: golden_math.c. */
const golden_op *golden_find_math(const char *name);
/* Convolution and pooling: golden_conv.c. */
const golden_op *golden_find_conv(const char *name);
/* Recurrent layers: golden_recurrent.c. */
const golden_op *golden_find_recurrent(const char *name);

/* The op of that name; NULL if there is none here. */
const golden_op *golden_find(const char *name);
/* True for ops that are not Ore's yet: they wait for other issues. */
bool golden_is_elsewhere(const char *name);
/* Runs op on n inputs, in the order of the case; how many results it put into out[]. */
int golden_apply(const golden_op *op, const json_t *args, ore_tensor **in, int n, ore_tensor **out);

#endif
