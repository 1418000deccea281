/* loss_probability.c: losses of probabilities and their logarithms. */
#include "ops/loss.h"

/* ---- binary cross entropy ---- */

/* Binary cross entropy of probabilities: -(t log x + (1 - t) log(1 - x)), logarithms not
 * below -100; dx = dy (x - t) / max(x (1 - x), 1e-12), dt = dy (log(1 - x) - log x) */

static void bce_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, 0), *t = ore_node_saved(node, 1);
    if (!ore_ok())
        return;
    if (ore_input_wants_grad(node, 0))
        ore_pass(node, 0,
                 ore_elementwise("binary_cross_entropy", ORE_KERNEL(bce_backward), x->dtype,
                                 x->dtype, x->shape, 3, (ore_tensor *[]){dy, x, t}));
    if (ore_input_wants_grad(node, 1)) {
        ore_tensor *of_one = ore_clamp_min(ore_log(x), -100);
        ore_tensor *of_zero = ore_clamp_min(ore_log1p(ore_neg(x)), -100);
        ore_pass(node, 1, ore_mul(dy, ore_sub(of_zero, of_one)));
    }
}

static const ore_op bce_op = {"binary_cross_entropy", bce_backward};

/* False with an error for a weight, unless it is NULL, that is unusable or does not broadcast to x
 * (a weight (N) of numbers (N, 1) would make (N, N) of them). */
static bool check_weight(const char *name, const char *what, ore_tensor *weight,
                         const ore_tensor *x) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    if (!weight || !ore_usable_beside(name, x, weight))
        return ore_ok();
    int lead = x->shape.ndim - weight->shape.ndim;
    bool fits = lead >= 0;
    for (int d = 0; fits && d < weight->shape.ndim; d++)
        fits = weight->shape.dim[d] == 1 || weight->shape.dim[d] == x->shape.dim[lead + d];
    if (!fits)
        ore_fail(ORE_INVALID, "%s: %s %s for x %s, expected one that broadcasts to it", name, what,
                 ore_shape_text(weight->shape, got), ore_shape_text(x->shape, of));
    return fits;
}

/* loss times weight, unless that is NULL, reduced. */
static ore_tensor *weighted(ore_tensor *loss, ore_tensor *weight, ore_reduction reduction) {
    return ore_loss_reduced(weight ? ore_mul(loss, weight) : loss, reduction);
}

ore_tensor *ore_binary_cross_entropy(ore_tensor *x, ore_tensor *target, ore_tensor *weight,
                                     ore_reduction reduction) {
    if (!ore_loss_begin_alike(bce_op.name, &x, &target, reduction) ||
        !check_weight(bce_op.name, "weight", weight, x))
        return NULL;
    ore_tensor *inputs[] = {x, ore_to(target, x->dtype)};
    if (!inputs[1])
        return NULL;
    ore_tensor *loss =
        ore_elementwise(bce_op.name, ORE_KERNEL(bce), x->dtype, x->dtype, x->shape, 2, inputs);
    ore_node *node = ore_record(&bce_op, loss, 2, inputs, 2, 0);
    if (node) {
        ore_node_save(node, 0, x);
        ore_node_save(node, 1, inputs[1]);
    }
    return weighted(ore_made(loss), weight, reduction);
}

/* ---- binary cross entropy with logits ---- */

/* The same of logits: -(w t log s(x) + (1 - t) log s(-x)), w of positives; each term is
 * precise for itself, so that nothing cancels */

ore_tensor *ore_binary_cross_entropy_with_logits(ore_tensor *x, ore_tensor *target,
                                                 ore_tensor *weight, ore_tensor *pos_weight,
                                                 ore_reduction reduction) {
    if (!ore_no_error())
        return NULL;
    const char *name = "binary_cross_entropy_with_logits";
    if (!ore_loss_begin_alike(name, &x, &target, reduction) ||
        !check_weight(name, "weight", weight, x) ||
        !check_weight(name, "pos_weight", pos_weight, x))
        return NULL;
    ore_tensor *of_one = ore_mul(target, ore_logsigmoid(x));
    ore_tensor *of_zero = ore_mul(ore_rsub_scalar(target, 1), ore_logsigmoid(ore_neg(x)));
    if (pos_weight)
        of_one = ore_mul(of_one, pos_weight);
    return ore_named("binary_cross_entropy_with_logits",
                     weighted(ore_neg(ore_add(of_one, of_zero)), weight, reduction));
}

/* ---- kl div ---- */

/* KL divergence of log-probabilities x from t: t (log t - x), 0 where t is 0; e^t (t - x) of
 * log-probabilities t */

static ore_tensor *divergence(ore_tensor *x, ore_tensor *t, bool log_target) {
    if (!t)
        return NULL;
    if (log_target)
        return ore_mul(ore_exp(t), ore_sub(t, x));
    ore_tensor *zero = ore_new_scalar(t, 0, t->dtype);
    ore_tensor *nothing = ore_eq(t, zero);
    ore_tensor *log_t = ore_log(ore_masked_fill(t, nothing, 1)); /* finite, its gradient too */
    return ore_where(nothing, zero, ore_mul(t, ore_sub(log_t, x)));
}

ore_tensor *ore_kl_div(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                       bool log_target) {
    if (!ore_no_error())
        return NULL;
    bool by_batch = reduction == ORE_BATCHMEAN;
    if (!ore_loss_begin_alike("kl_div", &x, &target, by_batch ? ORE_SUM : reduction))
        return NULL;
    if (by_batch && x->shape.ndim == 0) {
        ore_fail(ORE_INVALID, "kl_div: x () has no batch to take the mean of");
        return NULL;
    }
    ore_tensor *loss = divergence(x, ore_to(target, x->dtype), log_target);
    if (!by_batch)
        return ore_named("kl_div", ore_loss_reduced(loss, reduction));
    return ore_named("kl_div",
                     ore_div_scalar(ore_loss_reduced(loss, ORE_SUM), (double)x->shape.dim[0]));
}

/* ---- negative log likelihood: -w[t] x[t]; a mean divides by the sum of w[t] ---- */

ore_nll_loss_options ore_nll_loss_defaults(void) {
    return (ore_nll_loss_options){ORE_MEAN, -100, NULL};
}

static bool check_nll(const ore_tensor *x, const ore_tensor *target, int dim) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    bool class_dim[ORE_MAX_DIMS] = {false};
    if (x->shape.ndim == 0) {
        ore_fail(ORE_INVALID, "nll_loss: x () has no classes");
        return false;
    }
    class_dim[dim] = true;
    ore_shape labels = ore_shape_without(x->shape, class_dim);
    if (target->dtype != ORE_INT64 && target->dtype != ORE_INT32)
        ore_fail(ORE_INVALID, "nll_loss: target of %s, expected int64 or int32 labels",
                 ore_dtype_name(target->dtype));
    else if (!ore_shape_equal(target->shape, labels))
        ore_fail(ORE_INVALID, "nll_loss: target %s for x %s, expected %s",
                 ore_shape_text(target->shape, got), ore_shape_text(x->shape, of),
                 ore_shape_text(labels, want));
    return ore_ok();
}

/* weight[label] of every label that counts, 0 of the others; without a gradient. */
static ore_tensor *label_weights(const ore_tensor *x, ore_tensor *weight, ore_tensor *labels,
                                 ore_tensor *counts) {
    char got[ORE_SHAPE_TEXT];
    if (!weight || !labels)
        return ore_to(counts, x->dtype);
    int64_t classes = x->shape.dim[x->shape.ndim > 1];
    if (!ore_usable_beside("nll_loss", x, weight))
        return NULL;
    if (weight->dtype != x->dtype || weight->shape.ndim != 1 || weight->shape.dim[0] != classes) {
        ore_fail(ORE_INVALID, "nll_loss: weight %s of %s, expected (%lld,) of %s",
                 ore_shape_text(weight->shape, got), ore_dtype_name(weight->dtype),
                 (long long)classes, ore_dtype_name(x->dtype));
        return NULL;
    }
    ore_tensor *w = ore_index_select(weight, 0, ore_reshape(labels, ORE_SHAPE(-1)));
    return ore_mul(ore_reshape(w, labels->shape), ore_to(counts, x->dtype));
}

ore_tensor *ore_nll_loss(ore_tensor *x, ore_tensor *target, const ore_nll_loss_options *options) {
    ore_nll_loss_options o = options ? *options : ore_nll_loss_defaults();
    if (!ore_loss_begin("nll_loss", &x, &target, o.reduction))
        return NULL;
    int dim = x->shape.ndim > 1;
    if (!check_nll(x, target, dim))
        return NULL;
    ore_no_grad_begin();
    ore_tensor *counts = ore_ne(target, ore_new_scalar(target, (double)o.ignore_index, ORE_INT64));
    ore_tensor *labels = ore_where(counts, target, ore_new_scalar(target, 0, target->dtype));
    ore_tensor *w = label_weights(x, o.weight, labels, counts);
    ore_no_grad_end();
    ore_tensor *chosen = ore_squeeze(ore_gather(x, dim, ore_unsqueeze(labels, dim)), dim);
    ore_tensor *zero = ore_new_scalar(x, 0, x->dtype);
    ore_tensor *loss = ore_where(counts, ore_neg(ore_mul(chosen, w)), zero);
    if (o.reduction != ORE_MEAN)
        return ore_named("nll_loss", ore_loss_reduced(loss, o.reduction));
    ore_tensor *mean = ore_div(ore_sum(loss, ORE_ALL, false), ore_sum(w, ORE_ALL, false));
    return ore_named("nll_loss", mean);
}

/* ---- cross entropy soft ---- */

/* Cross entropy of class probabilities: -sum_c w[c] t_c log softmax(x)_c with
 * t = (1 - smoothing) target + smoothing / C; a mean divides by the number of rows */

ore_tensor *ore_cross_entropy_soft(ore_tensor *x, ore_tensor *target,
                                   const ore_cross_entropy_options *o) {
    int dim = x->shape.ndim > 1;
    int64_t classes = x->shape.dim[dim];
    ore_tensor *t = ore_to(target, x->dtype);
    if (o->label_smoothing > 0)
        t = ore_add_scalar(ore_mul_scalar(t, 1 - o->label_smoothing),
                           o->label_smoothing / (double)classes);
    if (o->weight) {
        ore_shape along = {.ndim = x->shape.ndim};
        for (int d = 0; d < along.ndim; d++)
            along.dim[d] = d == dim ? classes : 1;
        t = ore_mul(t, ore_reshape(o->weight, along));
    }
    ore_tensor *loss = ore_neg(ore_sum(ore_mul(t, ore_log_softmax(x, dim)), ORE_DIMS(dim), false));
    return ore_loss_reduced(loss, o->reduction);
}
