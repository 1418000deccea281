/* test_scaler.c: scaling of columns and back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ore/data.h>

#include "support/refusals.h"

static void assert_numbers(const ore_tensor *t, const double *want) {
    assert_non_null(t);
    const double *got = ore_data(t);
    for (int64_t i = 0; i < ore_numel(t); i++)
        if (!(fabs(got[i] - want[i]) <= 1e-14))
            fail_msg("element %lld is %.17g, expected %.17g", (long long)i, got[i], want[i]);
}

/* Columns 1, 3, 5 (mean 3, deviation sqrt(8/3)), 7, 7, 7 and -2, 0, 6. */
static ore_tensor *rows(void) {
    return ore_from_data((double[]){1, 7, -2, 3, 7, 0, 5, 7, 6}, ORE_SHAPE(3, 3), ORE_FLOAT64);
}

static void columns_get_mean_0_and_deviation_1(void **state) {
    (void)state;
    ore_scaler s;
    assert_int_equal(ore_standard_scaler_fit(&s, rows()), ORE_OK);
    double a = 2 / sqrt(8.0 / 3), d = sqrt((100.0 + 16 + 196) / 27);
    double c = 4.0 / 3;
    ore_tensor *y = ore_scaler_transform(&s, rows());
    assert_numbers(y, (double[]){-a, 0, (-2 - c) / d, 0, 0, (0 - c) / d, a, 0, (6 - c) / d});
    assert_numbers(ore_scaler_inverse_transform(&s, y), ore_data(rows()));
    ore_tensor *one = ore_from_data((double[]){3, 9, c}, ORE_SHAPE(1, 3), ORE_FLOAT64);
    assert_numbers(ore_scaler_transform(&s, one), (double[]){0, 2, 0});
    ore_scaler_free(&s);
}

/* Whose mean misses them by its rounding. */
static void columns_of_equal_values_become_0(void **state) {
    (void)state;
    ore_scaler s;
    ore_tensor *x = ore_full(ORE_SHAPE(22, 2), 0.1, ORE_FLOAT64);
    assert_int_equal(ore_standard_scaler_fit(&s, x), ORE_OK);
    ore_tensor *y = ore_scaler_transform(&s, x), *back = ore_scaler_inverse_transform(&s, y);
    assert_true(ore_item_int(ore_all(ore_eq(y, ore_zeros_like(y)), ORE_ALL, false)));
    assert_true(ore_item_int(ore_all(ore_eq(back, x), ORE_ALL, false)));
    ore_scaler_free(&s);
}

static void columns_fill_a_range(void **state) {
    (void)state;
    ore_scaler s;
    assert_int_equal(ore_min_max_scaler_fit(&s, rows(), -1, 1), ORE_OK);
    ore_tensor *y = ore_scaler_transform(&s, rows());
    assert_numbers(y, (double[]){-1, -1, -1, 0, -1, -0.5, 1, -1, 1});
    assert_numbers(ore_scaler_inverse_transform(&s, y), ore_data(rows()));
    ore_tensor *beyond = ore_from_data((double[]){9, 7.5, -6}, ORE_SHAPE(1, 3), ORE_FLOAT64);
    assert_numbers(ore_scaler_transform(&s, beyond), (double[]){3, 0, -2});
    ore_scaler_free(&s);
}

static void a_single_column_and_gradients_pass(void **state) {
    (void)state;
    ore_scaler s;
    ore_tensor *x = ore_from_data((double[]){2, 4}, ORE_SHAPE(2), ORE_FLOAT64);
    ore_set_requires_grad(x, true);
    assert_int_equal(ore_min_max_scaler_fit(&s, x, 0, 1), ORE_OK);
    ore_backward(ore_sum(ore_scaler_transform(&s, x), ORE_ALL, false));
    assert_numbers(ore_grad(x), (double[]){0.5, 0.5});
    assert_false(ore_requires_grad(s.offset));
    ore_scaler_free(&s);
}

static void what_cannot_be_scaled_is_refused(void **state) {
    (void)state;
    ore_scaler s;
    ore_tensor *nan = ore_full(ORE_SHAPE(2, 2), NAN, ORE_FLOAT32);
    ore_standard_scaler_fit(&s, NULL);
    invalid(NULL, "standard_scaler_fit: x is NULL");
    ore_standard_scaler_fit(&s, nan);
    invalid(NULL, "standard_scaler_fit: x holds a NaN or an infinity");
    invalid(ore_scaler_transform(&s, nan), "scaler_transform: the scaler was not fit");
    ore_standard_scaler_fit(&s, ones(ORE_SHAPE(0, 2)));
    invalid(NULL, "standard_scaler_fit: x (0, 2), expected at least one row");
    ore_min_max_scaler_fit(&s, ore_to(rows(), ORE_INT64), 0, 1);
    invalid(NULL, "min_max_scaler_fit: x of int64, expected float32 or float64");
    ore_min_max_scaler_fit(&s, rows(), 1, 1);
    invalid(NULL, "min_max_scaler_fit: a range of 1 .. 1, expected finite and growing");
    assert_int_equal(ore_min_max_scaler_fit(&s, rows(), 0, 1), ORE_OK);
    invalid(ore_scaler_transform(&s, ones(ORE_SHAPE(2, 3))),
            "scaler_transform: x (2, 3) of float32, expected rows of shape (3,) of float64");
    invalid(ore_scaler_inverse_transform(&s, NULL), "scaler_inverse_transform: x is NULL");
    ore_scaler_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_get_mean_0_and_deviation_1, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(columns_of_equal_values_become_0, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(columns_fill_a_range, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_single_column_and_gradients_pass, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(what_cannot_be_scaled_is_refused, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
