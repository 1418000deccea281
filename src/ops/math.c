/* math.c: mathematical functions and what a number is, element by element. */
#include <math.h>
#include <stdlib.h>

#include "base/elementary/elementary.h"
#include "base/error.h"
#include "ops/pointwise.h"

/* The saved x or y of the function whose gradient is asked for. */
static ore_tensor *saved(ore_node *node) {
    return ore_node_saved(node, 0);
}

/* ---- y = sin x, dx = dy cos x; y = cos x, dx = -dy sin x ---- */

static void sin_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_mul(dy, ore_cos(saved(node))));
}

ore_tensor *ore_sin(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"sin", sin_backward}, .forward = ORE_KERNEL(sin), .saves = ORE_SAVE_X};
    return ore_pointwise_apply(&f, x, 0, 0);
}

static void cos_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_neg(ore_mul(dy, ore_sin(saved(node)))));
}

ore_tensor *ore_cos(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"cos", cos_backward}, .forward = ORE_KERNEL(cos), .saves = ORE_SAVE_X};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- y = 2/sqrt(pi) int_0^x e^(-t^2) dt, dx = dy 2/sqrt(pi) e^(-x^2) ---- */

static void erf_backward(ore_node *node, ore_tensor *dy) {
    const double slope_at_zero = 1.12837916709551257390;
    ore_tensor *density = ore_exp(ore_neg(ore_square(saved(node))));
    ore_pass(node, 0, ore_mul(dy, ore_mul_scalar(density, slope_at_zero)));
}

ore_tensor *ore_erf(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"erf", erf_backward}, .forward = ORE_KERNEL(erf), .saves = ORE_SAVE_X};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- y = ln(1 + x), dx = dy / (1 + x); y = e^x - 1, dx = dy (y + 1) ---- */

static void log1p_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_div(dy, ore_add_scalar(saved(node), 1)));
}

ore_tensor *ore_log1p(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"log1p", log1p_backward}, .forward = ORE_KERNEL(log1p), .saves = ORE_SAVE_X};
    return ore_pointwise_apply(&f, x, 0, 0);
}

static void expm1_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_mul(dy, ore_add_scalar(saved(node), 1)));
}

ore_tensor *ore_expm1(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"expm1", expm1_backward}, .forward = ORE_KERNEL(expm1), .saves = ORE_SAVE_Y};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- y = log_b x, dx = dy / (x ln b) ---- */

static void log2_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_div(dy, ore_mul_scalar(saved(node), 0.69314718055994530942)));
}

ore_tensor *ore_log2(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"log2", log2_backward}, .forward = ORE_KERNEL(log2), .saves = ORE_SAVE_X};
    return ore_pointwise_apply(&f, x, 0, 0);
}

static void log10_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_div(dy, ore_mul_scalar(saved(node), 2.30258509299404568402)));
}

ore_tensor *ore_log10(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"log10", log10_backward}, .forward = ORE_KERNEL(log10), .saves = ORE_SAVE_X};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- y = 1 / sqrt(x), dx = -dy y^3 / 2; y = 1 / x ---- */

static void rsqrt_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_mul(dy, ore_mul_scalar(ore_pow_scalar(saved(node), 3), -0.5)));
}

ore_tensor *ore_rsqrt(ore_tensor *x) {
    static const ore_pointwise f = {
        .op = {"rsqrt", rsqrt_backward}, .forward = ORE_KERNEL(rsqrt), .saves = ORE_SAVE_Y};
    return ore_pointwise_apply(&f, x, 0, 0);
}

ore_tensor *ore_reciprocal(ore_tensor *x) {
    if (!ore_no_error())
        return NULL;
    return ore_named("reciprocal", ore_usable1("reciprocal", x) ? ore_rdiv_scalar(x, 1) : NULL);
}

/* ---- steps: dx = 0 ---- */

static void step_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_zeros_like(dy));
}

/* Bool, and integers unless `of_integers`, stay as they are. */
static ore_tensor *step(const ore_op *op, size_t row, ore_tensor *x, bool of_integers) {
    if (!ore_usable1(op->name, x))
        return NULL;
    if (x->dtype == ORE_BOOL || (!of_integers && !ore_dtype_is_floating(x->dtype)))
        return ore_clone(x);
    ore_tensor *y = ore_elementwise(op->name, row, x->dtype, x->dtype, x->shape, 1, &x);
    ore_record(op, y, 1, &x, 0, 0);
    return ore_made(y);
}

ore_tensor *ore_sign(ore_tensor *x) {
    static const ore_op op = {"sign", step_backward};
    return step(&op, ORE_KERNEL(sign), x, true);
}

ore_tensor *ore_floor(ore_tensor *x) {
    static const ore_op op = {"floor", step_backward};
    return step(&op, ORE_KERNEL(floor), x, false);
}

ore_tensor *ore_ceil(ore_tensor *x) {
    static const ore_op op = {"ceil", step_backward};
    return step(&op, ORE_KERNEL(ceil), x, false);
}

ore_tensor *ore_trunc(ore_tensor *x) {
    static const ore_op op = {"trunc", step_backward};
    return step(&op, ORE_KERNEL(trunc), x, false);
}

ore_tensor *ore_round(ore_tensor *x) {
    static const ore_op op = {"round", step_backward};
    return step(&op, ORE_KERNEL(round), x, false);
}

/* Powers of ten are whole numbers on either side, so that 0.29 rounds as PyTorch rounds it. */
ore_tensor *ore_round_decimals(ore_tensor *x, int decimals) {
    if (!ore_no_error())
        return NULL;
    if (!ore_usable1("round", x))
        return ore_named("round_decimals", NULL);
    if (decimals == 0)
        return ore_named("round_decimals", ore_round(x));
    if (!ore_dtype_is_floating(x->dtype)) {
        ore_fail(ORE_INVALID, "round: %d decimal%s of %s, expected a floating dtype", decimals,
                 ore_plural(decimals), ore_dtype_name(x->dtype));
        return ore_named("round_decimals", NULL);
    }
    double scale = ore_math_pow(10, fabs((double)decimals));
    if (decimals < 0)
        return ore_named("round_decimals",
                         ore_mul_scalar(ore_round(ore_div_scalar(x, scale)), scale));
    return ore_named("round_decimals", ore_div_scalar(ore_round(ore_mul_scalar(x, scale)), scale));
}

/* ---- remainder ---- */

/* y = a - b n with n = floor(a / b) for remainder, trunc(a / b) for fmod; da = dy,
 * db = -dy n, n found again as (a - y) / b */

static void modulus_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, dy);
    if (!ore_input_wants_grad(node, 1))
        return;
    ore_tensor *a = ore_node_saved(node, 0), *b = ore_node_saved(node, 1);
    ore_tensor *n = ore_round(ore_div(ore_sub(a, ore_node_saved(node, 2)), b));
    ore_pass(node, 1, ore_neg(ore_mul(dy, n)));
}

static ore_tensor *modulus(const ore_op *op, size_t row, ore_tensor *a, ore_tensor *b) {
    ore_shape shape;
    if (!ore_match_operands(op->name, &a, &b, &shape))
        return NULL;
    ore_tensor *inputs[] = {a, b};
    ore_dtype dtype = ore_matched_dtype(a, b);
    ore_tensor *y = ore_elementwise(op->name, row, dtype, dtype, shape, 2, inputs);
    ore_node *node = ore_record(op, y, 2, inputs, 3, 0);
    if (node && b->node) {
        ore_node_save(node, 0, a);
        ore_node_save(node, 1, b);
        ore_node_save(node, 2, y);
    }
    return ore_made(y);
}

ore_tensor *ore_remainder(ore_tensor *a, ore_tensor *b) {
    static const ore_op op = {"remainder", modulus_backward};
    return modulus(&op, ORE_KERNEL(remainder), a, b);
}

ore_tensor *ore_fmod(ore_tensor *a, ore_tensor *b) {
    static const ore_op op = {"fmod", modulus_backward};
    return modulus(&op, ORE_KERNEL(fmod), a, b);
}

ore_tensor *ore_remainder_scalar(ore_tensor *a, double b) {
    return ore_remainder(a, ore_number_for(a, b));
}

ore_tensor *ore_fmod_scalar(ore_tensor *a, double b) {
    return ore_fmod(a, ore_number_for(a, b));
}

/* ---- clamps of one side ---- */

ore_tensor *ore_clamp_min(ore_tensor *a, double low) {
    if (!ore_no_error())
        return NULL;
    return ore_named("clamp_min", ore_clamp(a, low, INFINITY));
}

ore_tensor *ore_clamp_max(ore_tensor *a, double high) {
    if (!ore_no_error())
        return NULL;
    return ore_named("clamp_max", ore_clamp(a, -INFINITY, high));
}

/* ---- logic: what is not 0 is true, NaN too ---- */

static ore_tensor *truth(ore_tensor *a) {
    return ore_ne(a, ore_new_scalar(a, 0, a->dtype));
}

ore_tensor *ore_logical_and(ore_tensor *a, ore_tensor *b) {
    if (!ore_no_error())
        return NULL;
    return ore_named("logical_and",
                     ore_usable2("logical_and", a, b) ? ore_mul(truth(a), truth(b)) : NULL);
}

ore_tensor *ore_logical_or(ore_tensor *a, ore_tensor *b) {
    if (!ore_no_error())
        return NULL;
    return ore_named("logical_or",
                     ore_usable2("logical_or", a, b) ? ore_add(truth(a), truth(b)) : NULL);
}

ore_tensor *ore_logical_xor(ore_tensor *a, ore_tensor *b) {
    if (!ore_no_error())
        return NULL;
    return ore_named("logical_xor",
                     ore_usable2("logical_xor", a, b) ? ore_ne(truth(a), truth(b)) : NULL);
}

ore_tensor *ore_logical_not(ore_tensor *a) {
    if (!ore_no_error())
        return NULL;
    return ore_named("logical_not", ore_usable1("logical_not", a)
                                        ? ore_eq(a, ore_new_scalar(a, 0, a->dtype))
                                        : NULL);
}

/* ---- kinds of numbers ---- */

ore_tensor *ore_isnan(ore_tensor *a) {
    if (!ore_no_error())
        return NULL;
    return ore_named("isnan", ore_usable1("isnan", a) ? ore_ne(a, a) : NULL);
}

/* Integers and bool hold neither an infinity nor NaN. */
static ore_tensor *size_against_infinity(const char *name, ore_tensor *a,
                                         ore_tensor *(*compare)(ore_tensor *, ore_tensor *),
                                         double of_integers) {
    if (!ore_usable1(name, a))
        return NULL;
    if (!ore_dtype_is_floating(a->dtype))
        return ore_new_full(a, a->shape, of_integers, ORE_BOOL);
    ore_no_grad_begin();
    ore_tensor *y = compare(ore_abs(a), ore_new_scalar(a, INFINITY, a->dtype));
    ore_no_grad_end();
    return y;
}

ore_tensor *ore_isinf(ore_tensor *a) {
    if (!ore_no_error())
        return NULL;
    return ore_named("isinf", size_against_infinity("isinf", a, ore_eq, 0));
}

ore_tensor *ore_isfinite(ore_tensor *a) {
    if (!ore_no_error())
        return NULL;
    return ore_named("isfinite", size_against_infinity("isfinite", a, ore_lt, 1));
}
