/* test_autograd.c: scopes, the graph, backward, in-place changes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "support/errors.h"

static ore_tensor *leaf(ore_shape shape, const double *values) {
    return ore_set_requires_grad(ore_from_data(values, shape, ORE_FLOAT64), true);
}

static double grad_at(const ore_tensor *t, int64_t i) {
    const double *g = ore_data(ore_grad(t));
    assert_non_null(g);
    return g[i];
}

static void gradients_add_up_over_uses(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(3), (double[]){1, 2, -3});
    ore_tensor *loss = ore_sum(ore_add(ore_mul(x, x), x), ORE_ALL, false);
    assert_int_equal(ore_backward(loss), ORE_OK);
    assert_true(ore_item(loss) == 14);
    for (int i = 0; i < 3; i++)
        assert_true(grad_at(x, i) == 2 * ((double[]){1, 2, -3})[i] + 1);
    ore_scope_end();
    assert_true(ore_ok());
}

static void broadcast_operands_get_sums(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *a = leaf(ORE_SHAPE(2, 3), (double[]){1, 2, 3, 4, 5, 6});
    ore_tensor *b = leaf(ORE_SHAPE(3), (double[]){1, 10, 100});
    ore_backward(ore_sum(ore_mul(a, b), ORE_ALL, false));
    assert_true(grad_at(b, 0) == 5 && grad_at(b, 1) == 7 && grad_at(b, 2) == 9);
    assert_true(grad_at(a, 5) == 100);
    ore_scope_end();
}

static void views_share_storage_and_pass_gradients(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *a = leaf(ORE_SHAPE(2, 3), (double[]){1, 2, 3, 4, 5, 6});
    ore_tensor *v = ore_select(ore_transpose(a, 0, 1), 0, 1); /* (2, 5) */
    assert_true(ore_shares_storage(a, v));
    assert_int_equal(ore_stride(v, 0), 3);
    assert_int_equal(ore_storage_offset(v), 1);
    ore_backward(ore_sum(ore_mul(v, v), ORE_ALL, false));
    assert_true(grad_at(a, 1) == 4 && grad_at(a, 4) == 10 && grad_at(a, 0) == 0);
    ore_scope_end();
}

static void backward_lets_intermediates_go(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_exp(x), *kept = ore_retain_grad(ore_mul_scalar(y, 2));
    ore_tensor *loss = ore_sum(kept, ORE_ALL, false);
    assert_int_equal(ore_backward(loss), ORE_OK);
    assert_true(isfinite(ore_item(loss)));
    assert_true(fabs(ore_item(ore_select(kept, 0, 0)) - 2 * exp(1)) < 1e-12);
    assert_true(grad_at(kept, 0) == 1);
    assert_null(ore_neg(y));
    assert_error(ORE_STATE, "neg: argument 1 lost its value when backward passed");
    ore_backward(loss);
    assert_error(ORE_STATE, "a second time");
    ore_scope_end();
}

static void retained_graph_runs_twice(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(1), (double[]){3});
    ore_tensor *y = ore_mul(x, x);
    assert_int_equal(ore_backward_from(y, NULL, true), ORE_OK);
    assert_int_equal(ore_backward_from(y, NULL, false), ORE_OK);
    assert_true(grad_at(x, 0) == 12);
    ore_scope_end();
}

static void changed_saved_value_is_refused(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_mul_scalar(x, 3);
    ore_tensor *loss = ore_sum(ore_mul(y, y), ORE_ALL, false);
    ore_no_grad_begin();
    ore_fill_(y, 0);
    ore_no_grad_end();
    ore_backward(loss);
    assert_error(ORE_STATE, "mul: backward needs a value that was changed in place");
    ore_scope_end();
}

static void in_place_changes_are_recorded(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_mul_scalar(x, 1);
    ore_mul_(y, ore_scalar(5, ORE_FLOAT64));
    ore_add_(y, x);
    ore_backward(ore_sum(y, ORE_ALL, false));
    assert_true(grad_at(x, 0) == 6);
    assert_null(ore_add_(x, x));
    assert_error(ORE_STATE, "a leaf that requires a gradient");
    ore_tensor *z = ore_zeros(ORE_SHAPE(2, 2), ORE_FLOAT64);
    assert_non_null(ore_copy_(ore_select(z, 0, 0), x));
    assert_true(ore_requires_grad(z) && !ore_is_leaf(z));
    assert_null(ore_zero_(ore_select(x, 0, 0)));
    assert_error(ORE_STATE, "zero_: a view of a leaf that requires a gradient");
    ore_scope_end();
}

static void kept_results_outlive_scopes(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_scope_begin();
    ore_tensor *y = ore_keep(ore_exp(ore_mul_scalar(x, 2)));
    ore_scope_end();
    ore_backward(ore_sum(y, ORE_ALL, false));
    assert_true(fabs(grad_at(x, 0) - 2 * exp(2)) < 1e-12);
    ore_scope_end();
}

static void errors_stick_through_expressions(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *a = ore_ones(ORE_SHAPE(2), ORE_FLOAT32), *b = ore_ones(ORE_SHAPE(3), ORE_FLOAT32);
    assert_null(ore_exp(ore_add(ore_mul(a, b), a)));
    assert_error(ORE_INVALID, "mul: shapes (2,) and (3,) do not broadcast");
    ore_scope_end();
}

static void no_grad_records_nothing(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(1), (double[]){2});
    ore_no_grad_begin();
    assert_false(ore_requires_grad(ore_exp(x)));
    ore_no_grad_end();
    assert_true(ore_requires_grad(ore_exp(x)));
    assert_false(ore_requires_grad(ore_detach(ore_exp(x))));
    ore_scope_end();
}

enum logits_use {
    LOGITS_ALONE,
    LOGITS_VIEWED,
    LOGITS_RETAINED,
    LOGITS_DETACHED,
    LOGITS_SAVED,
    USES
};

enum { ROWS = 1200, COLS = 65, INNER = 3 };

/* The gradient of W (COLS, INNER) in cross_entropy(X W^T, labels), float32; how many bytes backward
 * took at most. */
static size_t gradient_of_logits(enum logits_use use, bool retain_graph, float *gradient) {
    ore_memory_stats before, after;
    ore_scope_begin();
    ore_tensor *x =
        ore_reshape(ore_linspace(-2, 2, ROWS * INNER, ORE_FLOAT32), ORE_SHAPE(2, ROWS / 2, INNER));
    ore_tensor *w = ore_linspace(1, -1.5, INNER * COLS, ORE_FLOAT32);
    w = ore_set_requires_grad(ore_detach(ore_view(w, ORE_SHAPE(COLS, INNER))), true);
    ore_tensor *labels = ore_randint(0, COLS, ORE_SHAPE(ROWS), ORE_INT64, ore_default_generator());
    ore_tensor *logits = ore_f_linear(x, w, NULL), *rows = ore_view(logits, ORE_SHAPE(ROWS, COLS));
    ore_tensor *seen = use == LOGITS_DETACHED ? ore_detach(logits) : NULL;
    ore_tensor *other = use == LOGITS_SAVED ? ore_sum(ore_square(rows), ORE_ALL, false) : NULL;
    if (use == LOGITS_RETAINED)
        ore_retain_grad(logits);
    if (use == LOGITS_ALONE)
        ore_free(logits);
    ore_tensor *loss = ore_cross_entropy(rows, labels, NULL);
    double old = seen ? ore_item(ore_select(ore_flatten(seen, 0, -1), 0, 7)) : 0;
    ore_memory_reset_peak();
    ore_memory_read(&before);
    ore_backward_from(other ? ore_add(loss, ore_mul_scalar(other, 0)) : loss, NULL, retain_graph);
    ore_memory_read(&after);
    if (seen)
        assert_true(ore_item(ore_select(ore_flatten(seen, 0, -1), 0, 7)) == old);
    if (use == LOGITS_RETAINED)
        assert_non_null(ore_grad(logits));
    assert_string_equal(ore_error_message(), "");
    ore_copy_out(ore_grad(w), gradient, INNER * COLS * sizeof *gradient);
    assert_null(retain_graph ? NULL : ore_data(rows)); /* its value went with backward */
    ore_error_clear();
    ore_scope_end();
    return after.peak_bytes - before.in_use_bytes;
}

/* Backward may write the logits' gradient over them only where nobody else can look. */
static void logits_are_overwritten_unseen(void **state) {
    (void)state;
    float expected[COLS * INNER], got[COLS * INNER];
    ore_manual_seed(5);
    gradient_of_logits(LOGITS_VIEWED, true, expected);
    size_t bytes[USES];
    for (int use = 0; use < USES; use++) {
        ore_manual_seed(5);
        bytes[use] = gradient_of_logits((enum logits_use)use, false, got);
        assert_memory_equal(expected, got, sizeof expected);
    }
    size_t spared = ROWS * COLS * sizeof(float) * 9 / 10;
    assert_true(bytes[LOGITS_ALONE] + spared < bytes[LOGITS_DETACHED]);
    assert_true(bytes[LOGITS_VIEWED] + spared < bytes[LOGITS_DETACHED]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_add_up_over_uses),
        cmocka_unit_test(broadcast_operands_get_sums),
        cmocka_unit_test(views_share_storage_and_pass_gradients),
        cmocka_unit_test(backward_lets_intermediates_go),
        cmocka_unit_test(retained_graph_runs_twice),
        cmocka_unit_test(changed_saved_value_is_refused),
        cmocka_unit_test(in_place_changes_are_recorded),
        cmocka_unit_test(kept_results_outlive_scopes),
        cmocka_unit_test(errors_stick_through_expressions),
        cmocka_unit_test(logits_are_overwritten_unseen),
        cmocka_unit_test(no_grad_records_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
