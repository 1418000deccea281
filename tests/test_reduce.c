/* test_reduce.c: ties, NaN, infinities and empty dims in reductions and losses; the expected
 * values are what PyTorch gives, unless said otherwise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

static ore_tensor *row(const double *values, int64_t n) {
    return ore_from_data(values, ORE_SHAPE(n), ORE_FLOAT64);
}

static ore_tensor *leaf(const double *values, int64_t n) {
    return ore_set_requires_grad(row(values, n), true);
}

static void assert_values(const ore_tensor *t, const double *want, int64_t n) {
    double got[16];
    assert_int_equal(ore_numel(t), n);
    ore_tensor *read = ore_contiguous(ore_to((ore_tensor *)t, ORE_FLOAT64));
    assert_int_equal(ore_copy_out(read, got, (size_t)n * sizeof *got), ORE_OK);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) < 1e-12 || got[i] == want[i] ||
              (isnan(got[i]) && isnan(want[i]))))
            fail_msg("element %d is %.17g, expected %.17g", (int)i, got[i], want[i]);
}

static void the_first_of_equals_wins(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf((double[]){1, 3, -2, 3, -2}, 5), *place;
    ore_tensor *y = ore_max_dim(x, 0, false, &place);
    assert_true(ore_item(y) == 3 && ore_item_int(place) == 1);
    assert_int_equal(ore_tensor_dtype(place), ORE_INT64);
    ore_backward(y);
    assert_values(ore_grad(x), (double[]){0, 1, 0, 0, 0}, 5);
    ore_min_dim(x, 0, true, &place);
    assert_int_equal(ore_ndim(place), 1);
    assert_int_equal(ore_item_int(place), 2);
    assert_int_equal(ore_item_int(ore_argmax_all(x)), 1);
    assert_int_equal(ore_item_int(ore_argmin(x, -1, false)), 2);
    ore_scope_end();
}

static void equals_share_the_gradient(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf((double[]){1, 3, -2, 3, -2}, 5);
    ore_backward(ore_amax(x, ORE_ALL, false));
    assert_values(ore_grad(x), (double[]){0, 0.5, 0, 0.5, 0}, 5);
    ore_set_grad(x, NULL);
    ore_backward(ore_amin(x, ORE_DIMS(0), false));
    assert_values(ore_grad(x), (double[]){0, 0, 0.5, 0, 0.5}, 5);
    ore_tensor *a = leaf((double[]){1, 2}, 2), *b = leaf((double[]){1, 3}, 2);
    ore_backward(ore_sum(ore_maximum(a, b), ORE_ALL, false));
    assert_values(ore_grad(a), (double[]){0.5, 0}, 2);
    assert_values(ore_grad(b), (double[]){0.5, 1}, 2);
    ore_scope_end();
}

static void a_nan_wins(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = row((double[]){1, INFINITY, NAN, -INFINITY, NAN}, 5), *place;
    assert_true(isnan(ore_item(ore_max_dim(x, 0, false, &place))));
    assert_int_equal(ore_item_int(place), 2);
    assert_true(isnan(ore_item(ore_min_dim(x, 0, false, &place))));
    assert_int_equal(ore_item_int(place), 2);
    assert_true(isnan(ore_item(ore_amax(x, ORE_ALL, false))));
    assert_true(isnan(ore_item(ore_amin(x, ORE_ALL, false))));
    x = row((double[]){-INFINITY, -INFINITY}, 2);
    assert_true(ore_item(ore_amax(x, ORE_ALL, false)) == -INFINITY);
    assert_int_equal(ore_item_int(ore_argmax_all(x)), 0);
    ore_scope_end();
}

static void whole_numbers_reduce(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_reshape(ore_arange(0, 6, 1, ORE_INT32), ORE_SHAPE(2, 3)), *place;
    assert_values(ore_max_dim(ore_t(x), 1, false, &place), (double[]){3, 4, 5}, 3);
    assert_values(place, (double[]){1, 1, 1}, 3);
    assert_values(ore_amin(x, ORE_DIMS(1), false), (double[]){0, 3}, 2);
    assert_int_equal(ore_tensor_dtype(ore_amin(x, ORE_DIMS(1), false)), ORE_INT32);
    assert_int_equal(ore_item_int(ore_argmax_all(ore_t(x))), 5);
    ore_tensor *any = ore_amax(ore_eq(x, ore_scalar(4, ORE_INT32)), ORE_ALL, false);
    assert_int_equal(ore_tensor_dtype(any), ORE_BOOL);
    assert_int_equal(ore_item_int(any), 1);
    ore_scope_end();
}

static void nothing_reduces_to_something(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_zeros(ORE_SHAPE(2, 0), ORE_FLOAT64);
    assert_values(ore_sum(x, ORE_DIMS(1), false), (double[]){0, 0}, 2);
    assert_values(ore_var(x, ORE_DIMS(1), 1, false), (double[]){NAN, NAN}, 2);
    assert_int_equal(ore_numel(ore_sum(x, ORE_DIMS(0), false)), 0);
    assert_int_equal(ore_numel(ore_softmax(x, 1)), 0);
    assert_int_equal(ore_numel(ore_softmax(x, 0)), 0);
    assert_true(ore_ok());
    ore_scope_end();
}

static void a_constant_has_no_spread(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf((double[]){2, 2, 2}, 3);
    ore_tensor *y = ore_std(x, ORE_ALL, 1, false);
    ore_backward(y);
    assert_true(ore_item(y) == 0);
    assert_values(ore_grad(x), (double[]){0, 0, 0}, 3);
    x = leaf((double[]){1e8, 1e8 + 1, 1e8 + 2}, 3); /* a difference of squares would lose it */
    assert_true(fabs(ore_item(ore_var(x, ORE_ALL, 1, false)) - 1) < 1e-12);
    ore_scope_end();
}

static void far_logits_stay_finite(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf((double[]){1000, -1000, -INFINITY}, 3);
    ore_tensor *label = ore_scalar(1, ORE_INT64);
    ore_tensor *loss = ore_cross_entropy(x, label, NULL);
    ore_backward(loss);
    assert_true(ore_item(loss) == 2000);
    assert_values(ore_grad(x), (double[]){1, -1, 0}, 3);
    assert_values(ore_softmax(x, 0), (double[]){1, 0, 0}, 3);
    assert_values(ore_log_softmax(x, 0), (double[]){0, -2000, -INFINITY}, 3);
    ore_scope_end();
}

/* Even where the logits are not numbers; PyTorch's gradient is NaN there. */
static void ignored_rows_get_zeros(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(
        ore_from_data((double[]){0, 0, NAN, 5}, ORE_SHAPE(2, 2), ORE_FLOAT64), true);
    ore_tensor *labels = ore_from_data((int32_t[]){1, -100}, ORE_SHAPE(2), ORE_INT32);
    ore_tensor *loss = ore_cross_entropy(x, labels, NULL);
    ore_backward(loss);
    assert_true(fabs(ore_item(loss) - log(2)) < 1e-15);
    assert_values(ore_grad(x), (double[]){0.5, -0.5, 0, 0}, 4);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_equals_wins),
        cmocka_unit_test(equals_share_the_gradient),
        cmocka_unit_test(a_nan_wins),
        cmocka_unit_test(whole_numbers_reduce),
        cmocka_unit_test(nothing_reduces_to_something),
        cmocka_unit_test(a_constant_has_no_spread),
        cmocka_unit_test(far_logits_stay_finite),
        cmocka_unit_test(ignored_rows_get_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
