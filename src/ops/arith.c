/* arith.c: elementwise arithmetic, comparisons and choices.
 * Derivatives: dx is dL/dx; operands that were broadcast get the sum over the broadcast dims
 * (ore_pass takes care of it). */
#include <math.h>

#include "ops/pointwise.h"

/* ---- what binary ops share ---- */

static ore_tensor *binary(const ore_op *op, size_t row, ore_tensor *a, ore_tensor *b, bool save) {
    ore_shape shape;
    if (!ore_match_operands(op->name, &a, &b, &shape))
        return NULL;
    ore_tensor *inputs[] = {a, b};
    ore_dtype dtype = ore_matched_dtype(a, b);
    ore_tensor *y = ore_elementwise(op->name, row, dtype, dtype, shape, 2, inputs);
    ore_node *node = ore_record(op, y, 2, inputs, 2, 0);
    if (node && save) {
        ore_node_save(node, 0, a);
        ore_node_save(node, 1, b);
    }
    return ore_made(y);
}

/* The dtype of a number beside a floating a: a's, float32 beside halves (ore_operand_as). */
static ore_dtype number_dtype(const ore_tensor *a) {
    return a->shape.ndim > 0 ? ore_wide_dtype(a->dtype) : a->dtype;
}

ore_tensor *ore_number_for(const ore_tensor *a, double value) {
    if (!a)
        return NULL;
    bool whole = ore_dtype_is_floating(a->dtype) || (value == floor(value) && isfinite(value));
    if (a->dtype == ORE_BOOL)
        return ore_new_scalar(a, value, whole ? ORE_INT64 : ORE_FLOAT32);
    return ore_new_scalar(a, value, whole ? number_dtype(a) : ORE_FLOAT32);
}

/* ---- y = a + b, da = dy, db = dy ---- */

static void add_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, dy);
    ore_pass(node, 1, dy);
}

static const ore_op add_op = {"add", add_backward};

ore_tensor *ore_add(ore_tensor *a, ore_tensor *b) {
    return binary(&add_op, ORE_KERNEL(add), a, b, false);
}

ore_tensor *ore_add_scalar(ore_tensor *a, double b) {
    return ore_add(a, ore_number_for(a, b));
}

/* ---- y = a - b, da = dy, db = -dy ---- */

static void sub_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, dy);
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, ore_neg(dy));
}

static const ore_op sub_op = {"sub", sub_backward};

ore_tensor *ore_sub(ore_tensor *a, ore_tensor *b) {
    return binary(&sub_op, ORE_KERNEL(sub), a, b, false);
}

ore_tensor *ore_sub_scalar(ore_tensor *a, double b) {
    return ore_sub(a, ore_number_for(a, b));
}

ore_tensor *ore_rsub_scalar(ore_tensor *a, double b) {
    if (!ore_no_error())
        return NULL;
    return ore_named("rsub_scalar", ore_sub(ore_number_for(a, b), a));
}

/* ---- y = a b, da = dy b, db = dy a ---- */

static void mul_backward(ore_node *node, ore_tensor *dy) {
    if (ore_input_wants_grad(node, 0))
        ore_pass(node, 0, ore_mul(dy, ore_node_saved(node, 1)));
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, ore_mul(dy, ore_node_saved(node, 0)));
}

static const ore_op mul_op = {"mul", mul_backward};

/* Saves each operand only where the other one wants a gradient. */
ore_tensor *ore_mul(ore_tensor *a, ore_tensor *b) {
    ore_shape shape;
    if (!ore_match_operands("mul", &a, &b, &shape))
        return NULL;
    ore_tensor *inputs[] = {a, b};
    ore_dtype dtype = ore_matched_dtype(a, b);
    ore_tensor *y = ore_elementwise("mul", ORE_KERNEL(mul), dtype, dtype, shape, 2, inputs);
    ore_node *node = ore_record(&mul_op, y, 2, inputs, 2, 0);
    if (node && b->node)
        ore_node_save(node, 0, a);
    if (node && a->node)
        ore_node_save(node, 1, b);
    return ore_made(y);
}

ore_tensor *ore_mul_scalar(ore_tensor *a, double b) {
    return ore_mul(a, ore_number_for(a, b));
}

ore_tensor *ore_square(ore_tensor *a) {
    if (!ore_no_error())
        return NULL;
    return ore_named("square", ore_mul(a, a));
}

/* ---- y = a / b, da = dy / b, db = -dy a / b^2 ---- */

static void div_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *b = ore_node_saved(node, 1), *da = ore_div(dy, b);
    ore_pass(node, 0, da);
    if (ore_input_wants_grad(node, 1))
        ore_pass(node, 1, ore_neg(ore_div(ore_mul(da, ore_node_saved(node, 0)), b)));
}

static const ore_op div_op = {"div", div_backward};

/* Saves a only where b wants a gradient. */
ore_tensor *ore_div(ore_tensor *a, ore_tensor *b) {
    ore_shape shape;
    if (!ore_usable2("div", a, b))
        return NULL;
    if (!ore_dtype_is_floating(ore_result_type(a, b))) {
        a = ore_to(a, ORE_FLOAT32);
        b = ore_to(b, ORE_FLOAT32);
    }
    if (!ore_match_operands("div", &a, &b, &shape))
        return NULL;
    ore_tensor *inputs[] = {a, b};
    ore_dtype dtype = ore_matched_dtype(a, b);
    ore_tensor *y = ore_elementwise("div", ORE_KERNEL(div), dtype, dtype, shape, 2, inputs);
    ore_node *node = ore_record(&div_op, y, 2, inputs, 2, 0);
    if (node && b->node)
        ore_node_save(node, 0, a);
    if (node)
        ore_node_save(node, 1, b);
    return ore_made(y);
}

/* Integers divide as float32, and so does the number, which their type may not hold. */
static ore_tensor *divided_number(const ore_tensor *a, double value) {
    return a ? ore_new_scalar(a, value,
                              ore_dtype_is_floating(a->dtype) ? number_dtype(a) : ORE_FLOAT32)
             : NULL;
}

ore_tensor *ore_div_scalar(ore_tensor *a, double b) {
    return ore_div(a, divided_number(a, b));
}

ore_tensor *ore_rdiv_scalar(ore_tensor *a, double b) {
    if (!ore_no_error())
        return NULL;
    return ore_named("rdiv_scalar", ore_div(divided_number(a, b), a));
}

/* ---- maximum ---- */

/* Maximum and minimum: the loser gets nothing, equals half each; beside a NaN nobody loses */

static void extreme_backward(ore_node *node, ore_tensor *dy, bool largest) {
    ore_tensor *a = ore_node_saved(node, 0), *b = ore_node_saved(node, 1);
    ore_tensor *zero = ore_new_scalar(dy, 0, dy->dtype);
    ore_tensor *half = ore_mul_scalar(dy, 0.5);
    ore_tensor *equal = ore_eq(a, b);
    ore_tensor *a_loses = largest ? ore_lt(a, b) : ore_gt(a, b);
    ore_tensor *b_loses = largest ? ore_gt(a, b) : ore_lt(a, b);
    ore_pass(node, 0, ore_where(equal, half, ore_where(a_loses, zero, dy)));
    ore_pass(node, 1, ore_where(equal, half, ore_where(b_loses, zero, dy)));
}

static void maximum_backward(ore_node *node, ore_tensor *dy) {
    extreme_backward(node, dy, true);
}

static const ore_op maximum_op = {"maximum", maximum_backward};

ore_tensor *ore_maximum(ore_tensor *a, ore_tensor *b) {
    return binary(&maximum_op, ORE_KERNEL(maximum), a, b, true);
}

static void minimum_backward(ore_node *node, ore_tensor *dy) {
    extreme_backward(node, dy, false);
}

static const ore_op minimum_op = {"minimum", minimum_backward};

ore_tensor *ore_minimum(ore_tensor *a, ore_tensor *b) {
    return binary(&minimum_op, ORE_KERNEL(minimum), a, b, true);
}

/* ---- y = a^b, da = dy b a^(b-1), db = dy y log a (0 where a = 0 and b >= 0) ---- */

static ore_tensor *base_gradient(ore_tensor *dy, ore_tensor *a, ore_tensor *b) {
    ore_tensor *slope = ore_mul(b, ore_pow(a, ore_sub_scalar(b, 1)));
    ore_tensor *constant = ore_eq(b, ore_new_scalar(b, 0, b ? b->dtype : ORE_FLOAT32));
    return ore_mul(dy, ore_where(constant, ore_new_scalar(dy, 0, dy->dtype), slope));
}

static void pow_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *a = ore_node_saved(node, 0), *b = ore_node_saved(node, 1);
    if (ore_input_wants_grad(node, 0))
        ore_pass(node, 0, base_gradient(dy, a, b));
    if (ore_input_wants_grad(node, 1)) {
        ore_tensor *zero = ore_new_scalar(dy, 0, dy->dtype);
        ore_tensor *at_zero = ore_mul(ore_eq(a, zero), ore_ge(b, zero));
        ore_tensor *slope = ore_mul(ore_pow(a, b), ore_log(a));
        ore_pass(node, 1, ore_mul(dy, ore_where(at_zero, zero, slope)));
    }
}

static const ore_op pow_op = {"pow", pow_backward};

ore_tensor *ore_pow(ore_tensor *a, ore_tensor *b) {
    return binary(&pow_op, ORE_KERNEL(pow), a, b, true);
}

/* Small whole powers and the square root are multiplied out, as in PyTorch. */
ore_tensor *ore_pow_scalar(ore_tensor *a, double exponent) {
    if (!ore_no_error())
        return NULL;
    if (exponent == 2)
        return ore_named("pow_scalar", ore_square(a));
    if (exponent == 3)
        return ore_named("pow_scalar", ore_mul(ore_mul(a, a), a));
    if (exponent == 0.5)
        return ore_named("pow_scalar", ore_sqrt(a));
    if (exponent == -1)
        return ore_named("pow_scalar", ore_rdiv_scalar(a, 1));
    if (!ore_usable1("pow", a))
        return ore_named("pow_scalar", NULL);
    if (!ore_dtype_is_floating(a->dtype) && exponent < 0)
        a = ore_to(a, ORE_FLOAT32);
    return ore_named("pow_scalar", ore_pow(a, ore_number_for(a, exponent)));
}

/* ---- unary ---- */

/* y = row(x), of x's dtype, integers too. */
static ore_tensor *unary(const ore_op *op, size_t row, ore_tensor *x, ore_saved_side side) {
    if (!ore_usable1(op->name, x))
        return NULL;
    ore_tensor *y = ore_elementwise(op->name, row, x->dtype, x->dtype, x->shape, 1, &x);
    ore_node *node = ore_record(op, y, 1, &x, 1, 0);
    if (node && side != ORE_SAVE_NOTHING)
        ore_node_save(node, 0, side == ORE_SAVE_X ? x : y);
    return ore_made(y);
}

/* Integers become float32 where the function needs a fraction. */
static ore_tensor *floating(ore_tensor *x) {
    return x && !ore_dtype_is_floating(x->dtype) ? ore_to(x, ORE_FLOAT32) : x;
}

static void neg_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_neg(dy));
}

static const ore_op neg_op = {"neg", neg_backward};

ore_tensor *ore_neg(ore_tensor *a) {
    return unary(&neg_op, ORE_KERNEL(neg), a, ORE_SAVE_NOTHING);
}

/* y = |a|, da = dy sign(a) */
static void abs_backward(ore_node *node, ore_tensor *dy) {
    ore_tensor *a = ore_node_saved(node, 0);
    if (a)
        ore_pass(node, 0,
                 ore_mul(dy, ore_elementwise("sign", ORE_KERNEL(sign), a->dtype, a->dtype, a->shape,
                                             1, &a)));
}

static const ore_op abs_op = {"abs", abs_backward};

ore_tensor *ore_abs(ore_tensor *a) {
    return unary(&abs_op, ORE_KERNEL(abs), a, ORE_SAVE_X);
}

/* y = e^a, da = dy y */
static void exp_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_mul(dy, ore_node_saved(node, 0)));
}

static const ore_op exp_op = {"exp", exp_backward};

ore_tensor *ore_exp(ore_tensor *a) {
    return unary(&exp_op, ORE_KERNEL(exp), floating(a), ORE_SAVE_Y);
}

/* y = ln a, da = dy / a */
static void log_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_div(dy, ore_node_saved(node, 0)));
}

static const ore_op log_op = {"log", log_backward};

ore_tensor *ore_log(ore_tensor *a) {
    return unary(&log_op, ORE_KERNEL(log), floating(a), ORE_SAVE_X);
}

/* y = sqrt(a), da = dy / (2 y) */
static void sqrt_backward(ore_node *node, ore_tensor *dy) {
    ore_pass(node, 0, ore_div(dy, ore_mul_scalar(ore_node_saved(node, 0), 2)));
}

static const ore_op sqrt_op = {"sqrt", sqrt_backward};

ore_tensor *ore_sqrt(ore_tensor *a) {
    return unary(&sqrt_op, ORE_KERNEL(sqrt), floating(a), ORE_SAVE_Y);
}

/* y = min(max(a, low), high), da = dy where low <= a <= high */
typedef struct clamp_bounds {
    double low, high;
} clamp_bounds;

static void clamp_backward(ore_node *node, ore_tensor *dy) {
    const clamp_bounds *bounds = ore_node_attributes(node);
    ore_tensor *a = ore_node_saved(node, 0);
    ore_tensor *da = a ? ore_empty_like(a) : NULL;
    if (!da)
        return;
    ore_plan plan;
    ore_plan_of(&plan, da, 2, (ore_tensor *[]){dy, a});
    if (ORE_CALL(ore_context_for(a), clamp_backward, a->dtype, &plan, bounds->low, bounds->high) ==
        ORE_OK)
        ore_pass(node, 0, da);
}

static const ore_op clamp_op = {"clamp", clamp_backward};

static bool whole_or_open(double bound) {
    return isinf(bound) || bound == floor(bound);
}

/* Whether an integer type holds the bounds that would take effect. */
static bool bounds_fit(ore_dtype dtype, double low, double high) {
    double min = dtype == ORE_UINT8 ? 0 : dtype == ORE_INT32 ? INT32_MIN : -0x1p63;
    double max = dtype == ORE_UINT8 ? UINT8_MAX : dtype == ORE_INT32 ? INT32_MAX : 0x1p62;
    if (ore_dtype_is_floating(dtype) || (low <= max && high >= min))
        return true;
    ore_fail(ORE_INVALID, "clamp: bounds %g and %g do not fit %s", low, high,
             ore_dtype_name(dtype));
    return false;
}

ore_tensor *ore_clamp(ore_tensor *a, double low, double high) {
    if (!ore_usable1("clamp", a))
        return NULL;
    if (isnan(low) || isnan(high)) {
        ore_fail(ORE_INVALID, "clamp: bounds %g and %g, expected numbers", low, high);
        return NULL;
    }
    if (!ore_dtype_is_floating(a->dtype) && !(whole_or_open(low) && whole_or_open(high)))
        a = ore_to(a, ORE_FLOAT32);
    if (!a || !bounds_fit(a->dtype, low, high))
        return NULL;
    ore_tensor *y = ore_tensor_new(a->shape, a->dtype, ore_tensor_device(a));
    if (!y)
        return NULL;
    ore_plan plan;
    ore_plan_of(&plan, y, 1, &a);
    double min = low < high ? low : high; /* where they cross, high holds for all */
    if (ORE_CALL(ore_context_for(a), clamp, a->dtype, &plan, min, high) != ORE_OK)
        return NULL;
    ore_node *node = ore_record(&clamp_op, y, 1, &a, 1, sizeof(clamp_bounds));
    if (node) {
        *(clamp_bounds *)ore_node_attributes(node) = (clamp_bounds){low, high};
        ore_node_save(node, 0, a);
    }
    return ore_made(y);
}
