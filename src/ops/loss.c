/* loss.c: cross entropy of logits. */
#include "ops/loss.h"

/* ---- cross entropy ---- */

/* Cross entropy: loss = -sum_c t_c log softmax(x)_c, dx_c = dy (softmax(x)_c sum_k t_k - t_c),
 * where t is (1 - smoothing) w[label] at the label plus smoothing w[c] / C everywhere; a mean
 * divides by the sum of w[label] over the rows that count. Label smoothing: Szegedy et al. 2016,
 * arXiv:1512.00567. */

enum { SAVED_X, SAVED_LABELS, SAVED_ROWS, SAVED_TOTAL, SAVED_WEIGHT, SAVED_COUNT };

typedef struct loss_attributes {
    ore_reduction reduction;
    int64_t ignore_index;
    double label_smoothing;
} loss_attributes;

ore_cross_entropy_options ore_cross_entropy_defaults(void) {
    return (ore_cross_entropy_options){ORE_MEAN, -100, 0, NULL};
}

static void cross_entropy_backward(ore_node *node, ore_tensor *dy) {
    const loss_attributes *attributes = ore_node_attributes(node);
    ore_tensor *saved[SAVED_COUNT];
    for (int i = 0; i < SAVED_COUNT; i++)
        saved[i] = ore_node_saved(node, i);
    dy = ore_contiguous(dy);
    ore_tensor *x = saved[SAVED_X];
    ore_tensor *dx = ore_ok() ? ore_node_saved_to_overwrite(node, SAVED_X, 0) : NULL;
    if (!dx)
        return;
    ore_cross_entropy_args args = {
        .rows = x->shape.dim[0],
        .cols = x->shape.dim[1],
        .x = ore_tensor_address(x),
        .labels = ore_tensor_address(saved[SAVED_LABELS]),
        .ignore_index = attributes->ignore_index,
        .smoothing = attributes->label_smoothing,
        .class_weight = ore_address_or_null(saved[SAVED_WEIGHT]),
        .mean = attributes->reduction == ORE_MEAN,
        .each_row = attributes->reduction == ORE_NONE,
        .wide = dy->dtype != x->dtype,
        .top_and_sum = ore_tensor_address(saved[SAVED_ROWS]),
        .total = ore_tensor_address(saved[SAVED_TOTAL]),
        .dy = ore_tensor_address(dy),
        .dx = ore_tensor_address(dx),
    };
    if (ORE_CALL(ore_context_for(x), cross_entropy_backward, x->dtype, &args) == ORE_OK)
        ore_pass(node, 0, dx);
}

static const ore_op cross_entropy_op = {"cross_entropy", cross_entropy_backward};

/* The target's shape for logits x: (N, C, d1, ..) -> (N, d1, ..), (C) -> (). */
static ore_shape labels_shape(ore_shape x) {
    bool drop[ORE_MAX_DIMS] = {false};
    drop[x.ndim > 1] = true;
    return ore_shape_without(x, drop);
}

static bool check_operands(const ore_tensor *x, const ore_tensor *target) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (x->shape.ndim < 1 || !ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID,
                 "cross_entropy: x %s of %s, expected floating logits (C), (N, C) or "
                 "(N, C, d1, ..)",
                 ore_shape_text(x->shape, got), ore_dtype_name(x->dtype));
    else if (x->shape.dim[x->shape.ndim > 1] < 1)
        ore_fail(ORE_INVALID, "cross_entropy: x %s has no classes", ore_shape_text(x->shape, got));
    else if (target->dtype != ORE_INT64 && target->dtype != ORE_INT32)
        ore_fail(ORE_INVALID, "cross_entropy: target of %s, expected int64 or int32 labels",
                 ore_dtype_name(target->dtype));
    else if (!ore_shape_equal(target->shape, labels_shape(x->shape)))
        ore_fail(ORE_INVALID, "cross_entropy: target %s for x %s, expected %s",
                 ore_shape_text(target->shape, got), ore_shape_text(x->shape, of),
                 ore_shape_text(labels_shape(x->shape), want));
    return ore_ok();
}

/* The dtype of the loss of logits x. Under autocast it is float32, as if halves were raised, but
 * kernels take them as they are: a copy of the logits can be most of a model's activations. */
static ore_dtype loss_dtype(const ore_tensor *x) {
    return ore_autocast_dtype() != ORE_FLOAT32 ? ore_wide_dtype(x->dtype) : x->dtype;
}

static bool check_options(const ore_cross_entropy_options *o, const ore_tensor *x) {
    char got[ORE_SHAPE_TEXT];
    int64_t classes = x->shape.dim[x->shape.ndim > 1];
    if (!(o->label_smoothing >= 0 && o->label_smoothing <= 1))
        ore_fail(ORE_INVALID, "cross_entropy: label_smoothing %g, expected 0 .. 1",
                 o->label_smoothing);
    if (o->reduction != ORE_MEAN && o->reduction != ORE_SUM && o->reduction != ORE_NONE)
        ore_fail(ORE_INVALID, "cross_entropy: unknown reduction %d", (int)o->reduction);
    if (!o->weight || !ore_usable_beside("cross_entropy", x, o->weight))
        return ore_ok();
    ore_dtype dtype = loss_dtype(x);
    if (o->weight->dtype != dtype || o->weight->shape.ndim != 1 ||
        o->weight->shape.dim[0] != classes)
        ore_fail(ORE_INVALID, "cross_entropy: weight %s of %s, expected (%lld,) of %s",
                 ore_shape_text(o->weight->shape, got), ore_dtype_name(o->weight->dtype),
                 (long long)classes, ore_dtype_name(dtype));
    return ore_ok();
}

/* x as dense rows of logits (rows, C): dim 1, the classes, goes last. */
static ore_tensor *rows_of_logits(ore_tensor *x) {
    int ndim = x->shape.ndim;
    int64_t classes = x->shape.dim[ndim > 1];
    if (ndim > 2) {
        ore_dims order = {.n = ndim, .dim = {0}};
        for (int d = 1; d < ndim; d++)
            order.dim[d] = d == ndim - 1 ? 1 : d + 1;
        x = ore_permute(x, order);
    }
    x = ore_contiguous(x);
    return x ? ore_reshape(x, ORE_SHAPE(ore_numel(x) / classes, classes)) : NULL;
}

/* Labels as dense int64; labels and weights have no gradient. */
static ore_tensor *dense(ore_tensor *t, ore_dtype dtype) {
    if (!t)
        return NULL;
    ore_no_grad_begin();
    t = ore_contiguous(ore_to(t, dtype));
    ore_no_grad_end();
    return t;
}

/* The loss of rows x (rows, C) with dense labels, as a tensor of `shape` for ORE_NONE. */
static ore_tensor *loss_of_rows(ore_tensor *x, ore_tensor *labels, ore_tensor *weight,
                                const ore_cross_entropy_options *o, ore_shape shape) {
    int64_t rows = x->shape.dim[0];
    ore_dtype dtype = loss_dtype(x);
    ore_tensor *loss = ore_tensor_new(o->reduction == ORE_NONE ? shape : ORE_SHAPE(rows), dtype,
                                      ore_tensor_device(x));
    ore_tensor *reduced = o->reduction == ORE_NONE
                              ? NULL
                              : ore_tensor_new(ORE_SCALAR, dtype, ore_tensor_device(x));
    ore_tensor *top_and_sum = ore_tensor_new(ORE_SHAPE(rows, 2), ORE_FLOAT64, ore_tensor_device(x));
    ore_tensor *total = ore_tensor_new(ORE_SCALAR, ORE_FLOAT64, ore_tensor_device(x));
    if (!ore_ok())
        return NULL;
    ore_cross_entropy_args args = {
        .rows = rows,
        .cols = x->shape.dim[1],
        .x = ore_tensor_address(x),
        .labels = ore_tensor_address(labels),
        .ignore_index = o->ignore_index,
        .smoothing = o->label_smoothing,
        .class_weight = ore_address_or_null(weight),
        .mean = o->reduction == ORE_MEAN,
        .each_row = o->reduction == ORE_NONE,
        .wide = dtype != x->dtype,
        .loss = ore_tensor_address(loss),
        .reduced = ore_address_or_null(reduced),
        .top_and_sum = ore_tensor_address(top_and_sum),
        .total = ore_tensor_address(total),
    };
    if (ORE_CALL(ore_context_for(x), cross_entropy, x->dtype, &args) != ORE_OK)
        return NULL;
    ore_tensor *y = reduced ? reduced : loss;
    ore_node *node = ore_record(&cross_entropy_op, y, 1, &x, SAVED_COUNT, sizeof(loss_attributes));
    if (node) {
        *(loss_attributes *)ore_node_attributes(node) =
            (loss_attributes){o->reduction, o->ignore_index, o->label_smoothing};
        ore_node_save(node, SAVED_X, x);
        ore_node_save(node, SAVED_LABELS, labels);
        ore_node_save(node, SAVED_ROWS, top_and_sum);
        ore_node_save(node, SAVED_TOTAL, total);
        ore_node_save(node, SAVED_WEIGHT, weight);
    }
    return ore_made(y);
}

ore_tensor *ore_cross_entropy(ore_tensor *x, ore_tensor *target,
                              const ore_cross_entropy_options *options) {
    ore_cross_entropy_options o = options ? *options : ore_cross_entropy_defaults();
    target = ore_raised(target);
    if (!ore_usable2("cross_entropy", x, target))
        return NULL;
    bool soft = x->shape.ndim > 0 && ore_dtype_is_floating(x->dtype) &&
                ore_dtype_is_floating(target->dtype) && ore_shape_equal(x->shape, target->shape);
    if ((!soft && !check_operands(x, target)) || !check_options(&o, x))
        return NULL;
    if (soft)
        return ore_named("cross_entropy", ore_cross_entropy_soft(ore_raised(x), target, &o));
    ore_shape shape = target->shape;
    ore_tensor *rows = rows_of_logits(x), *labels = dense(target, ORE_INT64);
    ore_tensor *weight = dense(o.weight, loss_dtype(x));
    return ore_ok() ? loss_of_rows(rows, labels, weight, &o, shape) : NULL;
}
