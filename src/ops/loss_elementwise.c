/* loss_elementwise.c: losses of differences, and what losses share. */
#include "ops/loss.h"

bool ore_loss_usable(const char *name, ore_tensor *x, ore_tensor *target, ore_reduction reduction) {
    if (!ore_usable2(name, x, target))
        return false;
    if (!ore_dtype_is_floating(x->dtype))
        ore_fail(ORE_INVALID, "%s: x of %s, expected a floating dtype", name,
                 ore_dtype_name(x->dtype));
    if (reduction != ORE_MEAN && reduction != ORE_SUM && reduction != ORE_NONE)
        ore_fail(ORE_INVALID, "%s: unknown reduction %d", name, (int)reduction);
    return ore_ok();
}

bool ore_loss_same_shape(const char *name, const ore_tensor *x, const ore_tensor *target) {
    char got[ORE_SHAPE_TEXT], of[ORE_SHAPE_TEXT];
    if (ore_shape_equal(x->shape, target->shape))
        return true;
    ore_fail(ORE_INVALID, "%s: target %s for x %s, expected the same shape", name,
             ore_shape_text(target->shape, got), ore_shape_text(x->shape, of));
    return false;
}

bool ore_loss_begin(const char *name, ore_tensor **x, ore_tensor **target,
                    ore_reduction reduction) {
    *x = ore_raised(*x);
    *target = ore_raised(*target);
    return ore_loss_usable(name, *x, *target, reduction);
}

bool ore_loss_begin_alike(const char *name, ore_tensor **x, ore_tensor **target,
                          ore_reduction reduction) {
    return ore_loss_begin(name, x, target, reduction) && ore_loss_same_shape(name, *x, *target);
}

ore_tensor *ore_loss_reduced(ore_tensor *loss, ore_reduction reduction) {
    return !loss || reduction == ORE_NONE ? loss
           : reduction == ORE_SUM         ? ore_sum(loss, ORE_ALL, false)
                                          : ore_mean(loss, ORE_ALL, false);
}

/* ---- (x - t)^2; |x - t| ---- */

ore_tensor *ore_mse_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction) {
    if (!ore_no_error())
        return NULL;
    if (!ore_loss_begin_alike("mse_loss", &x, &target, reduction))
        return NULL;
    return ore_named("mse_loss", ore_loss_reduced(ore_square(ore_sub(x, target)), reduction));
}

ore_tensor *ore_l1_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction) {
    if (!ore_no_error())
        return NULL;
    if (!ore_loss_begin_alike("l1_loss", &x, &target, reduction))
        return NULL;
    return ore_named("l1_loss", ore_loss_reduced(ore_abs(ore_sub(x, target)), reduction));
}

/* ---- smooth l1 loss ---- */

/* Smooth l1: d^2 / (2 beta) where d = |x - t| < beta, else d - beta / 2; Girshick 2015,
 * arXiv:1504.08083. Both are min(d / beta, 1) (d - min(d, beta) / 2): its gradient is finite where
 * d is infinite and NaN where d is. */

/* d - bounded / 2 */
static ore_tensor *beyond_half(ore_tensor *d, ore_tensor *bounded) {
    return ore_sub(d, ore_mul_scalar(bounded, 0.5));
}

ore_tensor *ore_smooth_l1_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                               double beta) {
    if (!ore_no_error())
        return NULL;
    if (!ore_loss_begin_alike("smooth_l1_loss", &x, &target, reduction))
        return NULL;
    if (!(beta >= 0)) {
        ore_fail(ORE_INVALID, "smooth_l1_loss: beta is %g, expected 0 or more", beta);
        return NULL;
    }
    if (beta == 0)
        return ore_named("smooth_l1_loss", ore_l1_loss(x, target, reduction));
    ore_tensor *d = ore_abs(ore_sub(x, target));
    ore_tensor *slope = ore_clamp_max(ore_div_scalar(d, beta), 1);
    return ore_named(
        "smooth_l1_loss",
        ore_loss_reduced(ore_mul(slope, beyond_half(d, ore_clamp_max(d, beta))), reduction));
}

/* ---- huber loss ---- */

/* Huber: d^2 / 2 where d = |x - t| <= delta, else delta (d - delta / 2); Huber 1964,
 * doi:10.1214/aoms/1177703732. Both are min(d, delta) (d - min(d, delta) / 2). */

ore_tensor *ore_huber_loss(ore_tensor *x, ore_tensor *target, ore_reduction reduction,
                           double delta) {
    if (!ore_no_error())
        return NULL;
    if (!ore_loss_begin_alike("huber_loss", &x, &target, reduction))
        return NULL;
    if (!(delta > 0)) {
        ore_fail(ORE_INVALID, "huber_loss: delta is %g, expected above 0", delta);
        return NULL;
    }
    ore_tensor *d = ore_abs(ore_sub(x, target));
    ore_tensor *slope = ore_clamp_max(d, delta);
    return ore_named("huber_loss",
                     ore_loss_reduced(ore_mul(slope, beyond_half(d, slope)), reduction));
}

/* ---- penalties: sum |p| and sum p^2 over all parameters ---- */

static ore_tensor *penalty(const char *name, ore_tensor *(*of_one)(ore_tensor *),
                           ore_tensor *const *parameters, int n) {
    if (!ore_usable(name, n, parameters))
        return NULL;
    if (n < 1) {
        ore_fail(ORE_INVALID, "%s: %d parameters, expected 1 or more", name, n);
        return NULL;
    }
    ore_tensor *total = NULL;
    for (int i = 0; i < n; i++) {
        ore_tensor *sum = ore_sum(of_one(parameters[i]), ORE_ALL, false);
        total = total ? ore_add(total, sum) : sum;
    }
    return total;
}

ore_tensor *ore_l1_penalty(ore_tensor *const *parameters, int n) {
    if (!ore_no_error())
        return NULL;
    return ore_named("l1_penalty", penalty("l1_penalty", ore_abs, parameters, n));
}

ore_tensor *ore_l2_penalty(ore_tensor *const *parameters, int n) {
    if (!ore_no_error())
        return NULL;
    return ore_named("l2_penalty", penalty("l2_penalty", ore_square, parameters, n));
}
