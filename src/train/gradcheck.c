/* gradcheck.c: gradients against central differences. */
#include <ore/gradcheck.h>

#include <math.h>

#include <ore/ops.h>

#include "base/memory.h"
#include "core/check.h"

typedef struct gradient_check {
    ore_function function;
    void *user;
    ore_tensor **inputs;
    int n;
    ore_gradcheck_options options;
    /* the worst element so far: the one with the largest quotient of difference and tolerance */
    double excess, analytic, numeric, allowed;
    int input;
    int64_t place;
} gradient_check;

ore_gradcheck_options ore_gradcheck_defaults(void) {
    return (ore_gradcheck_options){.step = 1e-6, .rtol = 1e-3, .atol = 1e-5};
}

static bool check_inputs(const gradient_check *c) {
    for (int i = 0; i < c->n; i++) {
        ore_tensor *x = c->inputs[i];
        if (!ore_usable1("gradcheck", x))
            return false;
        if (!ore_requires_grad(x))
            continue;
        if (x->dtype != ORE_FLOAT64 || !ore_is_leaf(x)) {
            ore_fail(ORE_INVALID, "gradcheck: input %d is %s of %s, expected a leaf of float64", i,
                     ore_is_leaf(x) ? "a leaf" : "a result", ore_dtype_name(x->dtype));
            return false;
        }
        ore_set_grad(x, NULL);
    }
    return ore_ok();
}

/* Weights of y's shape, of both signs and different sizes, so that wrong gradients do not cancel:
 * 17 numbers, repeated; a prime, so that they do not line up with the dims of y. */
static ore_tensor *mixed_weights(const ore_tensor *y) {
    ore_tensor *w = ore_empty(y->shape, ORE_FLOAT64);
    double *weight = ore_data_mut(w);
    for (int64_t i = 0; weight && i < ore_numel(w); i++)
        weight[i] = (double)(i * 7 % 17 - 8) / 8 + 0.0625;
    return ore_to_device(w, ore_tensor_device(y));
}

/* The function's result as one number: the sum of its elements times mixed_weights. */
static ore_tensor *reduced_result(const gradient_check *c) {
    ore_tensor *y = c->function(c->user, c->inputs, c->n);
    if (!ore_usable1("gradcheck", y))
        return NULL;
    if (!ore_dtype_is_floating(y->dtype)) {
        ore_fail(ORE_INVALID, "gradcheck: the function gives %s, expected a floating type",
                 ore_dtype_name(y->dtype));
        return NULL;
    }
    return ore_sum(ore_mul(ore_to(y, ORE_FLOAT64), mixed_weights(y)), ORE_ALL, false);
}

static double value_with(const gradient_check *c, ore_tensor *x, const double *values) {
    ore_scope_begin();
    ore_no_grad_begin();
    ore_copy_in(x, values, (size_t)ore_numel(x) * sizeof *values);
    double value = ore_item(reduced_result(c));
    ore_no_grad_end();
    ore_scope_end();
    return value;
}

static void compare(gradient_check *c, int input, int64_t place, double analytic, double numeric) {
    double difference = fabs(numeric - analytic);
    double allowed = c->options.atol + c->options.rtol * fabs(numeric);
    double excess = difference <= allowed ? 0 : difference / allowed;
    if (isnan(excess))
        excess = INFINITY;
    if (excess <= c->excess)
        return;
    c->excess = excess;
    c->analytic = analytic;
    c->numeric = numeric;
    c->allowed = allowed;
    c->input = input;
    c->place = place;
}

/* Compares the gradient of an input with central differences, element by element. `values` can hold
 * twice the input's elements. */
static void check_input(gradient_check *c, int input, double *values) {
    ore_tensor *x = c->inputs[input];
    int64_t n = ore_numel(x);
    size_t bytes = (size_t)n * sizeof *values;
    double *gradient = values + n, step = c->options.step;
    for (int64_t i = 0; i < n; i++)
        gradient[i] = 0;
    if (ore_grad(x))
        ore_copy_out(ore_grad(x), gradient, bytes);
    ore_copy_out(x, values, bytes);
    for (int64_t i = 0; ore_ok() && i < n; i++) {
        double own = values[i];
        values[i] = own + step;
        double above = value_with(c, x, values);
        values[i] = own - step;
        double below = value_with(c, x, values);
        values[i] = own;
        if (ore_ok())
            compare(c, input, i, gradient[i], (above - below) / (2 * step));
    }
    ore_no_grad_begin();
    ore_copy_in(x, values, bytes);
    ore_no_grad_end();
    ore_set_grad(x, NULL);
}

static ore_status report(const gradient_check *c) {
    ore_shape shape = c->inputs[c->input]->shape, at = shape;
    char text[ORE_SHAPE_TEXT];
    int64_t rest = c->place;
    for (int d = shape.ndim - 1; d >= 0; d--) {
        at.dim[d] = rest % shape.dim[d];
        rest /= shape.dim[d];
    }
    return ore_fail(ORE_STATE,
                    "gradcheck: input %d at %s: analytic %g, numeric %g (difference %g, allowed "
                    "%g)",
                    c->input, ore_shape_text(at, text), c->analytic, c->numeric,
                    fabs(c->numeric - c->analytic), c->allowed);
}

ore_status ore_gradcheck(ore_function function, void *user, ore_tensor **inputs, int n,
                         const ore_gradcheck_options *options) {
    gradient_check c = {.function = function,
                        .user = user,
                        .inputs = inputs,
                        .n = n,
                        .options = options ? *options : ore_gradcheck_defaults()};
    if (c.options.step == 0)
        c.options.step = ore_gradcheck_defaults().step;
    if (!ore_ok() || !check_inputs(&c))
        return ore_error_status();
    ore_scope_begin();
    ore_tensor *result = reduced_result(&c);
    if (result && !ore_requires_grad(result))
        ore_fail(ORE_INVALID, "gradcheck: the result does not depend on an input that requires a "
                              "gradient");
    ore_backward(result);
    ore_scope_end();
    for (int i = 0; ore_ok() && i < n; i++) {
        if (!ore_requires_grad(inputs[i]))
            continue;
        size_t bytes;
        double *values = ore_bytes_of(ore_numel(inputs[i]), 2 * sizeof *values, &bytes) == ORE_OK
                             ? ore_alloc(bytes)
                             : NULL;
        if (values)
            check_input(&c, i, values);
        ore_release(values);
    }
    return ore_ok() && c.excess > 0 ? report(&c) : ore_error_status();
}
