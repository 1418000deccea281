/* test_autograd_misuse.c: graphs under stress: shared gradients, stale handles, values changed at
 * the wrong moment, lifetimes out of order. Each must give the right gradient or a clear error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>

#include "support/errors.h"

static ore_tensor *leaf(ore_shape shape, const double *values) {
    return ore_set_requires_grad(ore_from_data(values, shape, ORE_FLOAT64), true);
}

static ore_tensor *constant(ore_shape shape, const double *values) {
    return ore_from_data(values, shape, ORE_FLOAT64);
}

static ore_tensor *total(ore_tensor *x) {
    return ore_sum(x, ORE_ALL, false);
}

static void assert_grad(const ore_tensor *t, int n, const double *expected) {
    assert_non_null(ore_grad(t));
    double got[16];
    ore_tensor *g = ore_grad(t);
    assert_int_equal(ore_copy_out(g, got, (size_t)n * sizeof *got), ORE_OK);
    for (int i = 0; i < n; i++)
        if (!(fabs(got[i] - expected[i]) <= 1e-12 * (1 + fabs(expected[i]))))
            fail_msg("gradient[%d] is %.17g, expected %.17g", i, got[i], expected[i]);
}

/* y = a + b passes one gradient to a leaf and to an inner node; what the leaf gets later must not
 * reach the inner node's. */
static void a_leaf_shares_no_memory_with_waiting_gradients(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *a = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *c = leaf(ORE_SHAPE(2), (double[]){3, 4});
    ore_tensor *w = constant(ORE_SHAPE(2), (double[]){5, 6});
    ore_tensor *b = ore_mul(c, w);
    ore_tensor *z = ore_mul(a, w);
    ore_tensor *y = ore_add(a, b);
    ore_backward(ore_add(total(ore_mul(y, w)), total(z)));
    assert_true(ore_ok());
    assert_grad(a, 2, (double[]){10, 12});
    assert_grad(c, 2, (double[]){25, 36});
    ore_scope_end();
}

/* A view taken before its whole was changed by a recorded operation has the whole's new history. */
static void a_view_from_before_a_recorded_change_has_its_history(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ore_tensor *z = ore_zeros(ORE_SHAPE(2, 2), ORE_FLOAT64);
    ore_tensor *row = ore_select(z, 0, 0), *apart = ore_detach(row);
    ore_copy_(z, x);
    assert_true(ore_requires_grad(row) && !ore_is_leaf(row));
    assert_true(ore_item(ore_select(apart, 0, 1)) == 2);
    assert_false(ore_requires_grad(apart));
    ore_backward(ore_add(total(ore_mul(row, row)), total(ore_select(z, 0, 0))));
    assert_grad(x, 4, (double[]){3, 5, 0, 0});
    ore_scope_end();
}

static void values_set_from_outside_cannot_keep_a_history(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_mul_scalar(x, 2);
    double values[] = {7, 8};
    assert_int_equal(ore_copy_in(y, values, sizeof values), ORE_STATE);
    assert_error(ORE_STATE, "copy_in: a tensor with a gradient history");
    assert_null(ore_data_mut(y));
    assert_error(ORE_STATE, "data_mut: a tensor with a gradient history");
    ore_no_grad_begin();
    assert_int_equal(ore_copy_in(y, values, sizeof values), ORE_OK);
    ore_no_grad_end();
    ore_scope_end();
}

static void changes_of_saved_values_are_noticed(void **state) {
    (void)state;
    const double values[] = {1, 2};
    for (int way = 0; way < 6; way++) {
        ore_scope_begin();
        ore_tensor *x = leaf(ORE_SHAPE(2), values);
        ore_tensor *w = constant(ORE_SHAPE(2), values), *part = ore_narrow(w, 0, 1, 1);
        ore_tensor *loss = total(ore_mul(x, w));
        switch (way) {
        case 0:
            ore_copy_in(w, values, sizeof values);
            break;
        case 1:
            ore_data_mut(w);
            break;
        case 2:
            ore_fill_(part, 2);
            break;
        case 3:
            ore_uniform_(ore_detach(w), 0, 1, NULL);
            break;
        case 4:
            ore_add_scalar_(part, 0);
            break;
        case 5:
            ore_copy_(w, ore_detach(x));
            break;
        }
        assert_true(ore_ok());
        ore_backward(loss);
        assert_error(ORE_STATE, "mul: backward needs a value that was changed in place");
        ore_scope_end();
    }
}

static void a_step_between_forward_and_backward_is_noticed(void **state) {
    (void)state;
    ore_module root;
    ore_linear l;
    ore_module_init(&root, NULL, NULL);
    ore_linear_init(&l, &root, "l", 2, 2, NULL);
    ore_sgd_options o = ore_sgd_defaults();
    ore_optimizer *sgd = ore_sgd_new(&root, &o);
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(ore_ones(ORE_SHAPE(1, 2), ORE_FLOAT32), true);
    ore_backward(total(ore_linear_forward(&l, x)));
    ore_tensor *loss = total(ore_linear_forward(&l, x));
    ore_optimizer_step(sgd);
    assert_true(ore_ok());
    ore_backward(loss);
    assert_error(ORE_STATE, "linear: backward needs a value that was changed in place");
    ore_scope_end();
    ore_optimizer_free(sgd);
    ore_module_free(&root);
}

/* A cast between forward and backward: the gradient has the parameter's dtype of now. */
static void a_cast_between_forward_and_backward_casts_the_gradient(void **state) {
    (void)state;
    ore_module root;
    ore_linear l;
    ore_module_init(&root, NULL, NULL);
    ore_linear_init(&l, &root, "l", 2, 2, NULL);
    ore_optimizer *adam = ore_adam_new(&root, NULL);
    ore_scope_begin();
    ore_tensor *loss = total(ore_linear_forward(&l, ore_ones(ORE_SHAPE(3, 2), ORE_FLOAT32)));
    ore_module_to(&root, ORE_FLOAT64);
    ore_backward(loss);
    assert_true(ore_ok());
    assert_int_equal(ore_tensor_dtype(ore_grad(l.weight)), ORE_FLOAT64);
    assert_int_equal(ore_optimizer_step(adam), ORE_OK);
    assert_true(isfinite(ore_item(total(l.weight))));
    ore_scope_end();
    ore_optimizer_free(adam);
    ore_module_free(&root);
}

/* keep moves only what the innermost scope holds: what lives longer already stays where it is. */
static void keep_shortens_no_life(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *owned = ore_own(ore_ones(ORE_SHAPE(2), ORE_FLOAT64));
    ore_scope_begin();
    ore_scope_begin();
    assert_ptr_equal(ore_keep(ore_contiguous(x)), x);
    assert_ptr_equal(ore_keep(owned), owned);
    ore_scope_end();
    ore_scope_end();
    ore_backward(total(ore_mul(x, owned)));
    assert_grad(x, 2, (double[]){1, 1});
    ore_scope_begin();
    assert_non_null(ore_keep(ore_grad(x)));
    ore_scope_end();
    ore_scope_end();
    assert_true(ore_item(total(owned)) == 2);
    ore_free(owned);
}

static void retained_gradients_follow_in_place_changes(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_retain_grad(ore_mul_scalar(x, 3));
    ore_add_(y, x);
    ore_backward(total(ore_mul_scalar(y, 2)));
    assert_true(ore_ok());
    assert_grad(y, 2, (double[]){2, 2});
    assert_grad(x, 2, (double[]){8, 8});
    assert_true(ore_item(ore_select(y, 0, 1)) == 8);
    ore_scope_end();
}

/* Results of operations are no views of anything the caller has, whatever steps made them. */
static void results_can_be_changed_in_place_while_recording(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(1, 1, 2), (double[]){1, 2});
    ore_tensor *w = leaf(ORE_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ore_tensor *results[] = {
        ore_f_linear(x, w, NULL),
        ore_matmul(x, w),
        ore_sum(ore_exp(x), ORE_DIMS(0), false),
        ore_mean(x, ORE_DIMS(0), false),
        ore_max_dim(x, 0, false, NULL),
        ore_reshape(ore_expand(w, ORE_SHAPE(3, 2, 2)), ORE_SHAPE(6, 2)),
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        ore_tensor *y = ore_mul_scalar_(results[i], 2);
        if (!y)
            fail_msg("result %zu: %s", i, ore_error_message());
        ore_backward_from(y, NULL, true);
        assert_true(ore_ok());
    }
    ore_scope_end();
}

static void a_failed_backward_leaves_nothing_behind(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_mul_scalar(x, 3), *z = ore_exp(y), *w = ore_mul(y, y);
    ore_tensor *loss = ore_add(total(z), total(w));
    ore_no_grad_begin();
    ore_tensor *copy = ore_clone(z);
    ore_fill_(z, 0);
    ore_no_grad_end();
    assert_int_equal(ore_backward_from(loss, NULL, true), ORE_STATE);
    ore_error_clear();
    ore_set_grad(x, NULL);
    ore_tensor *other = total(w);
    assert_int_equal(ore_backward_from(other, NULL, true), ORE_OK);
    assert_grad(x, 2, (double[]){18, 36});
    assert_non_null(copy);
    ore_scope_end();
}

/* Hooks and handles of a gradient stay valid while more is added to it. */
static void a_gradient_keeps_its_handle(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ore_backward(total(x));
    ore_tensor *g = ore_grad(x), *shown = ore_detach(g);
    ore_backward(total(ore_select(x, 0, 0)));
    assert_ptr_equal(ore_grad(x), g);
    assert_grad(x, 4, (double[]){2, 2, 1, 1});
    assert_non_null(shown);
    ore_scope_end();
}

static void gradients_of_views_used_often(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ore_tensor *y = ore_mul_scalar(x, 1);
    ore_tensor *row = ore_select(y, 0, 1), *cell = ore_select(row, 0, 0);
    ore_tensor *wide = ore_expand(ore_unsqueeze(row, 0), ORE_SHAPE(3, 2));
    ore_tensor *loss = ore_add(total(ore_mul(wide, wide)), ore_mul(cell, total(row)));
    loss = ore_add(loss, ore_add(cell, total(ore_mul(y, ore_t(y)))));
    ore_backward(loss);
    /* 3 (c^2 + d^2) + c (c + d) + c + a^2 + 2 b c + d^2 */
    assert_grad(x, 4, (double[]){2, 6, 18 + 6 + 4 + 1 + 4, 24 + 3 + 8});
    ore_scope_end();
}

static void owned_intermediates_after_backward(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *y = ore_own(ore_mul_scalar(x, 3)), *d = ore_detach(y);
    ore_backward(total(ore_mul(y, y)));
    double out[2];
    assert_int_equal(ore_copy_out(y, out, sizeof out), ORE_STATE);
    assert_error(ORE_STATE, "copy_out: argument 1 lost its value when backward passed");
    assert_null(ore_data(y));
    assert_error(ORE_STATE, "lost its value");
    assert_true(isnan(ore_item(y)));
    assert_error(ORE_STATE, "lost its value");
    assert_null(ore_detach(y));
    assert_error(ORE_STATE, "lost its value");
    assert_null(ore_tensor_text(y));
    assert_error(ORE_STATE, "lost its value");
    assert_null(ore_add_(y, d));
    assert_error(ORE_STATE, "lost its value");
    assert_int_equal(ore_set_grad(x, y), ORE_STATE);
    assert_error(ORE_STATE, "lost its value");
    ore_backward_from(y, NULL, false);
    assert_error(ORE_STATE, "lost its value");
    assert_int_equal(ore_ndim(y), 1);
    assert_true(ore_storage_offset(y) == 0 && !ore_shares_storage(y, d));
    assert_int_equal(ore_copy_out(d, out, sizeof out), ORE_OK);
    assert_true(out[1] == 6);
    ore_free(y);
    ore_scope_end();
}

/* ---- hooks ---- */

typedef struct hook_log {
    int calls;
    ore_tensor *other; /* what the hook goes backward from */
} hook_log;

static void double_gradient(void *user, ore_tensor *leaf) {
    hook_log *log = user;
    log->calls++;
    ore_mul_scalar_(ore_grad(leaf), 2);
}

static void fail_in_hook(void *user, ore_tensor *leaf) {
    (void)leaf;
    ((hook_log *)user)->calls++;
    ore_fail(ORE_STATE, "hook: no");
}

static void go_backward_inside(void *user, ore_tensor *leaf) {
    (void)leaf;
    hook_log *log = user;
    ore_tensor *other = log->other;
    log->other = NULL;
    if (other)
        ore_backward(other);
}

static void hooks_run_and_may_fail(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2}), *w = leaf(ORE_SHAPE(2), (double[]){3, 4});
    hook_log log = {0, NULL};
    assert_int_equal(ore_set_grad_hook(x, double_gradient, &log), ORE_OK);
    ore_backward(total(ore_mul(x, w)));
    assert_int_equal(log.calls, 1);
    assert_grad(x, 2, (double[]){6, 8});
    assert_grad(w, 2, (double[]){1, 2});
    ore_set_grad_hook(x, fail_in_hook, &log);
    assert_int_equal(ore_backward(total(ore_mul(x, w))), ORE_STATE);
    assert_error(ORE_STATE, "hook: no");
    assert_true(ore_grad_enabled());
    ore_set_grad(x, NULL);
    ore_set_grad(w, NULL);
    log.other = total(ore_mul_scalar(ore_mul(w, w), 10));
    ore_set_grad_hook(x, go_backward_inside, &log);
    ore_backward(total(ore_mul(x, w)));
    assert_true(ore_ok());
    assert_grad(x, 2, (double[]){3, 4});
    assert_grad(w, 2, (double[]){61, 82});
    assert_int_equal(ore_set_grad_hook(ore_exp(x), NULL, NULL), ORE_STATE);
    assert_error(ORE_STATE, "set_grad_hook: expected a leaf");
    ore_scope_end();
}

/* ---- lifetimes ---- */

static void handles_may_go_in_any_order(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_own(leaf(ORE_SHAPE(2), (double[]){1, 2}));
    ore_tensor *y = ore_mul(x, x), *z = ore_exp(ore_neg(y)), *loss = total(ore_mul(z, y));
    ore_free(y);
    ore_free(z);
    ore_free(x);
    assert_int_equal(ore_backward(loss), ORE_OK);
    ore_free(loss);
    ore_scope_end();
    ore_scope_end();
    assert_error(ORE_STATE, "scope_end: no scope has begun");
    ore_no_grad_end();
    assert_error(ORE_STATE, "no_grad_end: no no_grad has begun");
}

static void end_a_foreign_scope(void *user, ore_tensor *leaf) {
    (void)leaf, (void)user;
    ore_scope_begin();
    ore_zeros(ORE_SHAPE(2), ORE_FLOAT32);
    ore_scope_end();
    ore_scope_end(); /* backward's, not the hook's to end */
}

static void scopes_of_the_library_end_with_it(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_set_grad_hook(x, end_a_foreign_scope, NULL);
    assert_int_equal(ore_backward(total(ore_mul(x, x))), ORE_STATE);
    assert_error(ORE_STATE, "scope_end: no scope has begun");
    ore_set_grad_hook(x, NULL, NULL);
    ore_set_grad(x, NULL);
    assert_int_equal(ore_backward(total(ore_mul(x, x))), ORE_OK);
    assert_grad(x, 2, (double[]){2, 4});
    ore_scope_end();
}

static void leave_the_process(void *user, ore_tensor *leaf) {
    (void)leaf, (void)user;
    exit(3);
}

static void a_hook_may_leave_the_process(void **state) {
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
        ore_scope_begin();
        ore_set_grad_hook(x, leave_the_process, NULL);
        ore_backward(total(ore_mul(x, x)));
        _exit(4);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void go_backward_once(void *user, ore_tensor *leaf) {
    (void)leaf;
    hook_log *log = user;
    ore_tensor *other = log->other;
    log->other = NULL;
    if (other)
        ore_backward_from(other, NULL, true);
}

/* x's hook, called by the backward of h = x w, goes backward through h again. */
static void a_hook_may_go_through_the_running_node(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *w = constant(ORE_SHAPE(2), (double[]){5, 7});
    ore_tensor *c = constant(ORE_SHAPE(2), (double[]){10, 100});
    ore_tensor *h = ore_mul(x, w);
    hook_log log = {0, total(ore_mul(h, c))};
    ore_set_grad_hook(x, go_backward_once, &log);
    assert_int_equal(ore_backward_from(total(h), NULL, true), ORE_OK);
    assert_grad(x, 2, (double[]){5 + 50, 7 + 700});
    ore_scope_end();
}

static void partly_released_graphs(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = leaf(ORE_SHAPE(2), (double[]){1, 2});
    ore_tensor *shared = ore_mul(x, x), *aside = ore_exp(x);
    ore_tensor *first = total(shared), *second = total(ore_add(shared, aside));
    assert_int_equal(ore_backward(first), ORE_OK);
    assert_int_equal(ore_backward(second), ORE_STATE);
    assert_error(ORE_STATE, "backward: a second time through mul");
    ore_set_grad(x, NULL);
    assert_int_equal(ore_backward(total(ore_mul_scalar(x, 2))), ORE_OK);
    assert_grad(x, 2, (double[]){2, 2});
    ore_scope_end();
}

/* Neither walking nor releasing a long chain takes a deep stack. */
static void long_chains(void **state) {
    (void)state;
    for (int backward = 0; backward < 2; backward++) {
        ore_scope_begin();
        ore_tensor *x = leaf(ORE_SHAPE(1), (double[]){1}), *y = x;
        for (int i = 0; i < 100000; i++)
            y = ore_neg(y);
        if (backward) {
            ore_backward(y);
            assert_grad(x, 1, (double[]){1});
        }
        ore_scope_end();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_leaf_shares_no_memory_with_waiting_gradients, clean_start),
        cmocka_unit_test_setup(a_view_from_before_a_recorded_change_has_its_history, clean_start),
        cmocka_unit_test_setup(values_set_from_outside_cannot_keep_a_history, clean_start),
        cmocka_unit_test_setup(changes_of_saved_values_are_noticed, clean_start),
        cmocka_unit_test_setup(a_step_between_forward_and_backward_is_noticed, clean_start),
        cmocka_unit_test_setup(a_cast_between_forward_and_backward_casts_the_gradient, clean_start),
        cmocka_unit_test_setup(keep_shortens_no_life, clean_start),
        cmocka_unit_test_setup(retained_gradients_follow_in_place_changes, clean_start),
        cmocka_unit_test_setup(results_can_be_changed_in_place_while_recording, clean_start),
        cmocka_unit_test_setup(a_failed_backward_leaves_nothing_behind, clean_start),
        cmocka_unit_test_setup(a_gradient_keeps_its_handle, clean_start),
        cmocka_unit_test_setup(gradients_of_views_used_often, clean_start),
        cmocka_unit_test_setup(owned_intermediates_after_backward, clean_start),
        cmocka_unit_test_setup(hooks_run_and_may_fail, clean_start),
        cmocka_unit_test_setup(handles_may_go_in_any_order, clean_start),
        cmocka_unit_test_setup(scopes_of_the_library_end_with_it, clean_start),
        cmocka_unit_test_setup(a_hook_may_leave_the_process, clean_start),
        cmocka_unit_test_setup(a_hook_may_go_through_the_running_node, clean_start),
        cmocka_unit_test_setup(partly_released_graphs, clean_start),
        cmocka_unit_test_setup(long_chains, clean_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
