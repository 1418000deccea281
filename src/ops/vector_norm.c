/* vector_norm.c: logsumexp, p-norms over dims, and scaling by them. */
#include <math.h>
#include <string.h>

#include "ops/fold.h"

static bool check_floating(const char *op, const ore_tensor *x) {
    if (ore_dtype_is_floating(x->dtype))
        return true;
    ore_fail(ORE_INVALID, "%s: dtype %s, expected a floating one", op, ore_dtype_name(x->dtype));
    return false;
}

/* where `zero` is true 0, elsewhere x */
static ore_tensor *zero_where(ore_tensor *zero, ore_tensor *x) {
    return zero && x ? ore_where(zero, ore_new_scalar(x, 0, x->dtype), x) : NULL;
}

static ore_tensor *is_zero(ore_tensor *x) {
    return x ? ore_eq(x, ore_new_scalar(x, 0, x->dtype)) : NULL;
}

/* ---- logsumexp ---- */

/* y = log sum e^x = m + log s, m the largest x, s = sum e^(x - m); dx = dy e^(x - m) / s: m
 * and s stay apart, since y may not hold both */

enum { LSE_X, LSE_LARGEST, LSE_SUM, LSE_SAVED };

static void logsumexp_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *x = ore_node_saved(node, LSE_X), *sum = ore_node_saved(node, LSE_SUM);
    ore_tensor *power = ore_exp(ore_sub(x, ore_node_saved(node, LSE_LARGEST)));
    if (sum)
        ore_pass(node, 0, ore_mul(power, ore_div(ore_reshape(dy, sum->shape), sum)));
}

static const ore_op logsumexp_op = {"logsumexp", logsumexp_backward};

/* m, 0 in place of an infinity, with the folded dims kept. */
static ore_tensor *largest_finite(ore_tensor *x, const bool *fold) {
    if (ore_folded_count(x->shape, fold) == 0)
        return ore_new_zeros(x, ore_kept_shape(x->shape, fold), x->dtype);
    ore_tensor *largest = ore_amax(x, ore_folded_dims(fold, x->shape.ndim), true);
    ore_tensor *infinite =
        largest ? ore_eq(ore_abs(largest), ore_new_scalar(x, INFINITY, x->dtype)) : NULL;
    return zero_where(infinite, largest);
}

ore_tensor *ore_logsumexp(ore_tensor *x, ore_dims dims, bool keepdim) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1("logsumexp", x) || !ore_mark_dims("logsumexp", dims, x->shape.ndim, fold))
        return NULL;
    if (!ore_dtype_is_floating(x->dtype))
        x = ore_to(x, ORE_FLOAT32);
    if (!x)
        return ore_named("logsumexp", NULL);
    ore_no_grad_begin();
    ore_tensor *largest = largest_finite(x, fold);
    ore_tensor *sum =
        ore_sum(ore_exp(ore_sub(x, largest)), ore_folded_dims(fold, x->shape.ndim), true);
    ore_tensor *y = ore_add(ore_log(sum), largest);
    ore_no_grad_end();
    ore_node *node = ore_record(&logsumexp_op, y, 1, &x, LSE_SAVED, 0);
    if (node) {
        ore_node_save(node, LSE_X, x);
        ore_node_save(node, LSE_LARGEST, largest);
        ore_node_save(node, LSE_SUM, sum);
    }
    return ore_named("logsumexp", ore_finish_dims(y, fold, keepdim));
}

/* ---- y = (sum |x|^p)^(1/p), dx = dy sign(x) (|x| / y)^(p-1), 0 where y is 0 ---- */

/* (|x| / y)^(p-1). The dtype holds both powers of exponents within -1 .. 1, but not every quotient;
 * for others every quotient whose power it holds. */
static ore_tensor *power_of_share(ore_tensor *x, ore_tensor *y, double p) {
    if (p <= 0 || p >= 2)
        return ore_pow_scalar(ore_div(ore_abs(x), y), p - 1);
    ore_tensor *power = ore_mul(ore_pow_scalar(ore_abs(x), p - 1), ore_pow_scalar(y, 1 - p));
    return p < 1 ? zero_where(is_zero(x), power) : power;
}

static void norm_backward(ore_node *node, ore_tensor *dy) {
    double p = *(const double *)ore_node_attributes(node);
    ore_tensor *x = ore_node_saved(node, 0), *y = ore_node_saved(node, 1), *slope;
    if (!x || !y)
        return;
    if (p == 2)
        slope = ore_div(x, y);
    else
        slope =
            ore_mul(ore_elementwise("sign", ORE_KERNEL(sign), x->dtype, x->dtype, x->shape, 1, &x),
                    power_of_share(x, y, p));
    ore_pass(node, 0, ore_mul(zero_where(is_zero(y), slope), ore_reshape(dy, y->shape)));
}

static const ore_op norm_op = {"norm", norm_backward};

static ore_tensor *powers_norm(ore_tensor *x, double p, const bool *fold, bool keepdim) {
    ore_tensor *y = ore_tensor_new(ore_kept_shape(x->shape, fold), x->dtype, ore_tensor_device(x));
    if (!y)
        return NULL;
    ore_reduce_plan plan;
    ore_reduce_plan_of(&plan, y, NULL, x, fold);
    if (ORE_CALL(ore_context_for(x), norm, x->dtype, &plan, p) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&norm_op, y, 1, &x, 2, sizeof p);
    if (node) {
        *(double *)ore_node_attributes(node) = p;
        ore_node_save(node, 0, x);
        ore_node_save(node, 1, y);
    }
    return ore_finish_dims(y, fold, keepdim);
}

/* How many x are not 0; the gradient is 0, not absent. */
static ore_tensor *count_norm(ore_tensor *x, ore_dims dims, bool keepdim) {
    ore_tensor *nothing = ore_masked_fill(x, ore_new_scalar(x, 1, ORE_BOOL), 0);
    ore_tensor *one = ore_to(ore_ne(x, ore_new_scalar(x, 0, x->dtype)), x->dtype);
    return ore_sum(ore_add(one, nothing), dims, keepdim);
}

ore_tensor *ore_norm(ore_tensor *x, double p, ore_dims dims, bool keepdim) {
    bool fold[ORE_MAX_DIMS];
    if (!ore_usable1("norm", x) || !ore_mark_dims("norm", dims, x->shape.ndim, fold) ||
        !check_floating("norm", x))
        return NULL;
    if (isnan(p)) {
        ore_fail(ORE_INVALID, "norm: p is nan, expected a number");
        return NULL;
    }
    if (isinf(p))
        return ore_named("norm", p > 0 ? ore_amax(ore_abs(x), dims, keepdim)
                                       : ore_amin(ore_abs(x), dims, keepdim));
    if (p == 1)
        return ore_named("norm", ore_sum(ore_abs(x), dims, keepdim));
    if (p == 0)
        return ore_named("norm", count_norm(x, dims, keepdim));
    return ore_named("norm", powers_norm(x, p, fold, keepdim));
}

ore_tensor *ore_f_normalize(ore_tensor *x, double p, int dim, double eps) {
    if (!ore_no_error())
        return NULL;
    ore_tensor *norm = ore_norm(x, p, ORE_DIMS(dim), true);
    return ore_named("normalize", ore_div(x, ore_clamp(norm, eps, INFINITY)));
}
