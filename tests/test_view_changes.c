/* test_view_changes.c: changes in place of views while recording, with PyTorch's values, and what
 * is refused as PyTorch refuses it. (test_graphs.c has random programs of both.) */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "support/errors.h"

static const double COUNT[] = {1, 2, 3, 4, 5, 6};

static ore_tensor *leaf(ore_shape shape) {
    return ore_set_requires_grad(ore_from_data(COUNT, shape, ORE_FLOAT64), true);
}

/* sum of x, each element with its number, from 1 */
static ore_tensor *weighed(ore_tensor *x) {
    ore_tensor *w = ore_from_data(COUNT, ore_shape_of(x), ORE_FLOAT64);
    return ore_sum(ore_mul(x, w), ORE_ALL, false);
}

static void assert_values(ore_tensor *t, int n, const double *expected) {
    double got[8];
    assert_non_null(t);
    assert_int_equal(ore_copy_out(t, got, (size_t)n * sizeof *got), ORE_OK);
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-14 * (1 + fabs(expected[i]))))
            fail_msg("value %d is %.17g, expected %.17g", i, got[i], expected[i]);
}

/* y[:, 0] = 0 */
static void a_column_is_set(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(2, 3)), *y = ore_mul_scalar(x, 2);
    ore_zero_(ore_select(y, 1, 0));
    ore_backward(weighed(y));
    assert_true(ore_ok());
    assert_values(ore_grad(x), 6, (double[]){0, 4, 6, 0, 10, 12});
}

/* y[1:] += x */
static void a_row_is_added_to(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(3)), *a = leaf(ORE_SHAPE(2, 3)), *y = ore_mul(a, a);
    ore_add_(ore_slice(y, 0, 1, 2, 1), x);
    ore_backward(weighed(y));
    assert_true(ore_ok());
    assert_values(ore_grad(x), 3, (double[]){4, 5, 6});
    assert_values(ore_grad(a), 6, (double[]){2, 8, 18, 32, 50, 72});
}

/* y[1:] *= x, whose gradient is the old value */
static void a_row_is_scaled(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(3)), *a = leaf(ORE_SHAPE(2, 3)), *y = ore_mul_scalar(a, 2);
    ore_mul_(ore_slice(y, 0, 1, 2, 1), x);
    ore_backward(weighed(y));
    assert_true(ore_ok());
    assert_values(ore_grad(x), 3, (double[]){32, 50, 72});
    assert_values(ore_grad(a), 6, (double[]){2, 4, 6, 8, 20, 36});
}

/* A function that saves what it made, of a view of a view; a third view sees it. */
static void a_part_of_a_transpose_is_changed(void **state) {
    (void)state;
    ore_tensor *a = leaf(ORE_SHAPE(2, 3)), *y = ore_mul_scalar(a, 0.1), *t = ore_t(y);
    ore_tanh_(ore_select(ore_slice(t, 0, 1, 3, 1), 1, 1));
    ore_tensor *w = ore_t(ore_from_data(COUNT, ORE_SHAPE(2, 3), ORE_FLOAT64));
    ore_backward(ore_sum(ore_mul(ore_mul(t, t), w), ORE_ALL, false));
    assert_true(ore_ok());
    assert_values(ore_grad(a), 6,
                  (double[]){0.02, 0.08, 0.18, 0.32, 0.36343099069179363, 0.4585830351394786});
}

/* A tensor without a history gets one through its view, and so do its other views. */
static void a_constant_takes_over_a_history(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(3)), *y = ore_zeros(ORE_SHAPE(2, 3), ORE_FLOAT64);
    ore_tensor *first = ore_select(y, 0, 0), *second = ore_select(y, 0, 1);
    assert_false(ore_requires_grad(y) || ore_requires_grad(second));
    ore_copy_(first, x);
    assert_true(ore_requires_grad(y) && ore_requires_grad(second) && !ore_is_leaf(second));
    ore_backward(ore_add(weighed(y), weighed(second)));
    assert_values(ore_grad(x), 3, (double[]){1, 2, 3});
}

/* What a node saved before its memory was changed through another view cannot be used. */
static void versions_guard_what_was_saved(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(2, 3)), *y = ore_mul_scalar(x, 2);
    ore_tensor *square = ore_mul(ore_select(y, 0, 0), ore_select(y, 0, 0));
    ore_zero_(ore_select(y, 0, 1));
    assert_int_equal(ore_backward(ore_sum(square, ORE_ALL, false)), ORE_STATE);
    assert_error(ORE_STATE, "mul: backward needs a value that was changed in place since");
}

static void a_detached_handle_has_no_history(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(2, 3)), *y = ore_mul_scalar(x, 2), *apart = ore_detach(y);
    ore_zero_(ore_select(apart, 0, 0));
    assert_false(ore_requires_grad(apart));
    ore_backward(weighed(y)); /* of values that PyTorch, too, knows nothing of */
    assert_values(ore_grad(x), 6, (double[]){2, 4, 6, 8, 10, 12});
}

static void views_of_leaves_are_refused(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(2, 3));
    assert_null(ore_zero_(ore_select(x, 0, 0)));
    assert_error(ORE_STATE, "a view of a leaf that requires a gradient is changed in place");
    ore_no_grad_begin();
    assert_non_null(ore_zero_(ore_select(x, 0, 0)));
    ore_no_grad_end();
}

static void views_made_without_recording_are_refused(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(2, 3)), *y = ore_mul_scalar(x, 2);
    ore_no_grad_begin();
    ore_tensor *row = ore_select(y, 0, 0);
    ore_no_grad_end();
    assert_null(ore_mul_(row, ore_select(x, 0, 1)));
    assert_error(ORE_STATE, "mul_: a view made under ore_no_grad_begin is changed while recording");
    ore_zero_(ore_select(y, 0, 0));
    assert_null(ore_mul_scalar(row, 2));
    assert_error(ORE_STATE, "argument 1 is a view made under ore_no_grad_begin");
}

/* PyTorch makes such views in one node and can give none of them another. */
static void one_of_several_views_is_refused(void **state) {
    (void)state;
    ore_tensor *x = leaf(ORE_SHAPE(2, 3)), *parts[12];
    ore_tensor *y = ore_mul_scalar(x, 2), *plain = ore_zeros(ORE_SHAPE(2, 3), ORE_FLOAT64);
    assert_int_equal(ore_split(y, 1, 0, parts, 2), 2);
    assert_int_equal(ore_chunk(y, 3, 1, parts + 2, 3), 3);
    assert_int_equal(ore_unbind(y, 1, parts + 5, 3), 3);
    assert_int_equal(ore_split_sizes(y, (int64_t[]){1, 2}, 2, 1, parts + 8), ORE_OK);
    parts[10] = ore_select(parts[0], 1, 0);
    for (int i = 0; i < 11; i++) {
        assert_null(ore_mul_scalar_(parts[i], 2));
        assert_error(ORE_STATE,
                     "mul_: one of the views that split, chunk or unbind made is changed");
    }
    ore_unbind(plain, 0, parts, 2);
    assert_non_null(ore_mul_scalar_(parts[0], 2)); /* nothing to record */
    assert_null(ore_copy_(parts[0], ore_select(x, 0, 0)));
    assert_error(ORE_STATE, "copy_: one of the views that split, chunk or unbind made is changed");
    ore_mul_scalar_(y, 3);
    assert_null(ore_mul_scalar(parts[8], 2));
    assert_error(ORE_STATE, "argument 1 is one of the views that split, chunk or unbind made");
    ore_no_grad_begin();
    assert_non_null(ore_mul_scalar(parts[8], 2));
    ore_no_grad_end();
    assert_false(ore_requires_grad(ore_detach(parts[8])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_column_is_set, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_row_is_added_to, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_row_is_scaled, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_part_of_a_transpose_is_changed, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_constant_takes_over_a_history, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(versions_guard_what_was_saved, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_detached_handle_has_no_history, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(views_of_leaves_are_refused, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(views_made_without_recording_are_refused, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(one_of_several_views_is_refused, begin_scope, end_scope),
    };
    return cmocka_run_group_tests_name("view changes", tests, NULL, NULL);
}
