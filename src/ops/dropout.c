/* dropout.c: dropout (N. Srivastava et al., JMLR 15, 2014) with a mask of one bit per element. */
#include <math.h>

#include <ore/ops.h>

#include "base/generator.h"
#include "ops/dropout.h"
#include "ops/memory_order.h"

/* y = x m / (1 - p), m = 1 with probability 1 - p else 0;  dx = dy m / (1 - p) */
typedef struct dropout_attributes {
    double keep; /* 1 - p */
} dropout_attributes;

static ore_tensor *apply_mask(ore_tensor *x, ore_tensor *mask, double keep) {
    ore_tensor *y = ore_tensor_new(x->shape, x->dtype, x->storage->device);
    if (y && ORE_CALL(ore_context_for(x), dropout_apply, x->dtype, ore_tensor_address(x),
                      (const uint8_t *)ore_tensor_address(mask), ore_tensor_address(y),
                      ore_numel(x), keep) == ORE_OK)
        return y;
    ore_free(y);
    return NULL;
}

static void dropout_backward(ore_node *node, ore_tensor *dy) {
    const dropout_attributes *a = ore_node_attributes(node);
    ore_tensor *mask = ore_node_saved(node, 0);
    ore_tensor *dense = ore_contiguous(dy);
    if (mask && dense)
        ore_pass(node, 0, apply_mask(dense, mask, a->keep));
}

static const ore_op dropout_op = {"dropout", dropout_backward};

ore_tensor *ore_dropout_mask(const ore_tensor *x, int64_t n, double keep, ore_generator *g) {
    if (keep == 0)
        return ore_new_zeros(x, ORE_SHAPE((n + 7) / 8), ORE_UINT8);
    ore_tensor *mask = ore_empty(ORE_SHAPE((n + 7) / 8), ORE_UINT8), *there = NULL;
    if (mask &&
        ORE_CALL(ore_context_for(mask), dropout_mask, ORE_UINT8, ore_generator_or_default(g),
                 (uint8_t *)ore_tensor_address(mask), n, keep) == ORE_OK)
        there = ore_to_device(mask, x->storage->device);
    if (there != mask)
        ore_free(mask);
    return there;
}

static ore_tensor *dropout_dense(ore_tensor *x, double p, ore_generator *g) {
    double keep = 1 - p;
    ore_tensor *mask = ore_dropout_mask(x, ore_numel(x), keep, g);
    ore_tensor *y = mask ? apply_mask(x, mask, keep) : NULL;
    ore_node *node = y ? ore_record(&dropout_op, y, 1, &x, 1, sizeof(dropout_attributes)) : NULL;
    if (node) {
        ore_node_save(node, 0, mask);
        ((dropout_attributes *)ore_node_attributes(node))->keep = keep;
    }
    ore_free(mask);
    return ore_made(y);
}

ore_tensor *ore_f_dropout(ore_tensor *x, double p, bool training, ore_generator *g) {
    if (!ore_usable1("dropout", x))
        return NULL;
    if (!(p >= 0 && p <= 1)) {
        ore_fail(ORE_INVALID, "dropout: p is %g, expected 0 to 1", p);
        return NULL;
    }
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "dropout: dtype %s, expected a floating one",
                 ore_dtype_name(x->dtype));
        return NULL;
    }
    if (p == 0 || !training || ore_numel(x) == 0)
        return x;
    bool by_index = ore_generator_variant(g) & ORE_RANDOM_MKL_BERNOULLI; /* as bernoulli_ goes */
    if (by_index || ore_is_contiguous(x)) {
        ore_tensor *dense = ore_contiguous(x);
        return ore_named("dropout", dense ? dropout_dense(dense, p, g) : NULL);
    }
    ore_dims order = dims_in_memory(x);
    ore_tensor *dense = ore_contiguous(ore_permute(x, order));
    ore_tensor *y = dense ? dropout_dense(dense, p, g) : NULL;
    y = y ? ore_tensor_sole(ore_permute(y, inverse_order(order))) : NULL;
    return ore_named("dropout", y);
}
