/* test_special_values.c: infinities, NaN and negative pads, as PyTorch 2 has them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/optim.h>

static ore_tensor *of(int64_t n, const double *values) {
    return ore_from_data(values, ORE_SHAPE(n), ORE_FLOAT64);
}

static void assert_values(const ore_tensor *t, int64_t n, const double *expected) {
    assert_non_null(t);
    assert_int_equal(ore_numel(t), n);
    const double *got = ore_data(t);
    assert_non_null(got);
    for (int64_t i = 0; i < n; i++)
        if (!(got[i] == expected[i] || (isnan(got[i]) && isnan(expected[i]))))
            fail_msg("element %lld is %g, expected %g", (long long)i, got[i], expected[i]);
}

static void far_losses_have_finite_gradients(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(of(4, (double[]){INFINITY, -INFINITY, 0.5, -3}), true);
    ore_backward(ore_huber_loss(x, ore_zeros_like(x), ORE_SUM, 1));
    assert_values(ore_grad(x), 4, (double[]){1, -1, 0.5, -1});
    ore_set_grad(x, NULL);
    ore_backward(ore_smooth_l1_loss(x, ore_zeros_like(x), ORE_SUM, 2));
    assert_values(ore_grad(x), 4, (double[]){1, -1, 0.25, -1});
    ore_scope_end();
    assert_true(ore_ok());
}

static void a_median_of_nan_blames_the_nans(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(of(4, (double[]){1, NAN, 2, NAN}), true);
    ore_backward(ore_median_all(x));
    assert_values(ore_grad(x), 4, (double[]){0, 0.5, 0, 0.5});
    ore_scope_end();
    assert_true(ore_ok());
}

/* Every NaN counts, also those whose lower bits are set: memory full of ones, say. */
static void no_nan_is_lost_in_attention(void **state) {
    (void)state;
    const uint32_t bits[] = {0x7fc00000, 0x7fc00001, 0x7f800001, 0x7fffffff, 0xffffffff};
    for (int b = 0; b < 5; b++)
        for (int input = 0; input < 3; input++)
            for (int64_t keys = 3; keys < 300; keys += 124) {
                ore_scope_begin();
                ore_tensor *in[3];
                for (int i = 0; i < 3; i++)
                    in[i] = ore_ones(ORE_SHAPE(1, 1, i ? keys : 2, 4), ORE_FLOAT32);
                float nan;
                memcpy(&nan, &bits[b], sizeof nan);
                ore_tensor *lost = ore_from_data(&nan, ORE_SHAPE(1), ORE_FLOAT32);
                ore_copy_(ore_narrow(ore_flatten(in[input], 0, -1), 0, 0, 1), lost);
                ore_tensor *y = ore_attention(in[0], in[1], in[2], NULL);
                assert_non_null(y);
                assert_true(isnan(ore_item(ore_select(ore_flatten(y, 0, -1), 0, 0))));
                ore_scope_end();
            }
    assert_true(ore_ok());
}

static void a_nan_shows_in_gradients_of_losses(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_set_requires_grad(of(3, (double[]){NAN, 0.5, -3}), true);
    ore_backward(ore_huber_loss(x, ore_zeros_like(x), ORE_SUM, 1));
    assert_values(ore_grad(x), 3, (double[]){NAN, 0.5, -1});
    ore_set_grad(x, NULL);
    ore_backward(ore_smooth_l1_loss(x, ore_zeros_like(x), ORE_SUM, 2));
    assert_values(ore_grad(x), 3, (double[]){NAN, 0.25, -1});
    ore_scope_end();
    assert_true(ore_ok());
}

static void circular_pads_cut_first(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = of(5, (double[]){0, 1, 2, 3, 4});
    assert_values(ore_pad(x, (int64_t[]){2, -1}, 2, ORE_PAD_CIRCULAR, 0), 6,
                  (double[]){2, 3, 0, 1, 2, 3});
    assert_values(ore_pad(x, (int64_t[]){-1, 2}, 2, ORE_PAD_CIRCULAR, 0), 6,
                  (double[]){1, 2, 3, 4, 1, 2});
    assert_values(ore_pad(x, (int64_t[]){1, -2}, 2, ORE_PAD_REPLICATE, 0), 4,
                  (double[]){0, 0, 1, 2});
    ore_scope_end();
    assert_true(ore_ok());
}

static void no_patience_stops_at_the_first_that_is_not_better(void **state) {
    (void)state;
    ore_early_stopping s = ore_early_stopping_defaults();
    s.patience = 0;
    assert_false(ore_early_stopping_step(&s, 3));
    assert_false(ore_early_stopping_step(&s, 2));
    assert_true(ore_early_stopping_step(&s, 2.5));
}

static ore_tensor *no_loss(void *unused) {
    (void)unused;
    return NULL;
}

static void a_finder_of_too_many_steps_is_out_of_memory(void **state) {
    (void)state;
    ore_scope_begin();
    ore_optimizer *o = ore_sgd_new(NULL, NULL);
    ore_lr_finder_options options = ore_lr_finder_defaults();
    ore_lr_finder_result result;
    options.steps = (INT64_C(1) << 61) + 1;
    assert_int_equal(ore_lr_finder(o, no_loss, NULL, &options, &result), ORE_MEMORY);
    ore_error_clear();
    ore_optimizer_free(o);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(far_losses_have_finite_gradients),
        cmocka_unit_test(a_median_of_nan_blames_the_nans),
        cmocka_unit_test(no_nan_is_lost_in_attention),
        cmocka_unit_test(a_nan_shows_in_gradients_of_losses),
        cmocka_unit_test(circular_pads_cut_first),
        cmocka_unit_test(no_patience_stops_at_the_first_that_is_not_better),
        cmocka_unit_test(a_finder_of_too_many_steps_is_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
