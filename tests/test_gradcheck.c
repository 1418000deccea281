/* test_gradcheck.c: what ore_gradcheck itself reports. The gradients of the ops are checked by
 * test_cases.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/gradcheck.h>
#include <ore/ops.h>
#include <ore/random.h>

/* A float64 leaf of numbers from 0 to 1. */
static ore_tensor *leaf(ore_shape shape) {
    ore_generator *g = ore_generator_new(3);
    ore_tensor *t = ore_rand(shape, ORE_FLOAT64, g);
    ore_generator_free(g);
    return ore_set_requires_grad(t, true);
}

static ore_tensor *exponential(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    return ore_exp(in[0]);
}

static ore_tensor *half_a_gradient(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    return ore_add(ore_mul_scalar(in[0], 0), ore_mul(in[1], ore_detach(in[1])));
}

static ore_tensor *no_gradient(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    return ore_detach(in[0]);
}

static void the_worst_element_is_named(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *in[] = {leaf(ORE_SHAPE(3, 2)), ore_zeros(ORE_SHAPE(3, 2), ORE_FLOAT64)};
    double *data = ore_data_mut(in[1]);
    data[4] = 2; /* weight of (2, 0) is 0.3125 from ore_gradcheck's list */
    ore_set_requires_grad(in[1], true);
    assert_int_equal(ore_gradcheck(half_a_gradient, NULL, in, 2, NULL), ORE_STATE);
    const char *message = ore_error_message();
    if (strncmp(message, "gradcheck: input 1 at (2, 0): analytic ", 39) != 0)
        fail_msg("message '%s'", message);
    double analytic, numeric, off;
    assert_int_equal(sscanf(message + 39, "%lf, numeric %lf (difference %lf, allowed", &analytic,
                            &numeric, &off),
                     3);
    assert_true(fabs(numeric - 2 * analytic) < 1e-5 * fabs(numeric));
    assert_true(fabs(off - fabs(analytic)) < 1e-5);
    ore_error_clear();
    assert_true(data[4] == 2);
    assert_null(ore_grad(in[1]));
    ore_scope_end();
}

static void unusable_inputs_are_refused(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *single = ore_set_requires_grad(ore_ones(ORE_SHAPE(2), ORE_FLOAT32), true);
    assert_int_equal(ore_gradcheck(exponential, NULL, &single, 1, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "gradcheck: input 0 is a leaf of float32, expected a leaf of float64");
    ore_error_clear();
    ore_tensor *x = leaf(ORE_SHAPE(2)), *made = ore_exp(x);
    assert_int_equal(ore_gradcheck(exponential, NULL, &made, 1, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "gradcheck: input 0 is a result of float64, expected a leaf of float64");
    ore_error_clear();
    assert_int_equal(ore_gradcheck(no_gradient, NULL, &x, 1, NULL), ORE_INVALID);
    assert_string_equal(
        ore_error_message(),
        "gradcheck: the result does not depend on an input that requires a gradient");
    ore_error_clear();
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_element_is_named),
        cmocka_unit_test(unusable_inputs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
