/* test_watch.c: diagnostics: distributions, and what a watch sees of training. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/train.h>

#include "support/fit_net.h"
#include "support/numbers.h"
#include "support/scratch.h"

static void test_distribution(void **state) {
    (void)state;
    ore_scope_begin();
    const float v[] = {0, 1, -1, NAN, 3, 0, INFINITY, 0.5f};
    ore_distribution d;
    ore_tensor *t = ore_from_data(v, ORE_SHAPE(2, 4), ORE_FLOAT32);
    assert_int_equal(ore_distribution_of(ore_transpose(t, 0, 1), &d), ORE_OK);
    assert_int_equal(d.count, 6);
    assert_near(d.mean, 3.5 / 6, 1e-15);
    assert_near(d.std, sqrt((11.25 - 3.5 * 3.5 / 6) / 5), 1e-15);
    assert_true(d.low == -1 && d.high == 3 && d.zeros == 2.0 / 6 && d.saturated == 0.5);
    double width = 4.0 / ORE_DISTRIBUTION_BINS, sum = 0;
    for (int b = 0; b < ORE_DISTRIBUTION_BINS; b++)
        sum += d.density[b] * width;
    assert_near(sum, 1, 1e-12);
    assert_near(d.middle[0], -1 + width / 2, 1e-15);
    assert_near(d.density[25] * width, 2.0 / 6, 1e-12);                        /* the zeros */
    assert_near(d.density[ORE_DISTRIBUTION_BINS - 1] * width, 1.0 / 6, 1e-12); /* the greatest */
    ore_distribution_of(ore_full(ORE_SHAPE(3), 2, ORE_FLOAT64), &d);
    assert_true(d.low == 2 && d.high == 2 && d.std == 0 && d.middle[0] > 1.5);
    assert_near(d.density[50] * 0.01, 1, 1e-12);
    ore_distribution_of(ore_full(ORE_SHAPE(3), NAN, ORE_BFLOAT16), &d);
    assert_true(d.count == 0 && isnan(d.mean) && isnan(d.high) && d.density[0] == 0);
    const double wide[] = {-1.7e308, 0, 1.7e308};
    ore_distribution_of(ore_from_data(wide, ORE_SHAPE(3), ORE_FLOAT64), &d);
    assert_int_equal(d.count, 3);
    ore_distribution_of(ore_arange(0, 3, 1, ORE_INT64), &d);
    assert_error(ORE_INVALID, "distribution: dtype int64, expected a floating one");
    ore_scope_end();
}

static void test_watch_in_fit(void **state) {
    (void)state;
    net plain, watched;
    ore_fit_result r, w;
    net_start(&plain, 0.2);
    ore_fit_options o = net_fit_options(&plain, 22);
    o.accumulate = 2;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    net_start(&watched, 0.2);
    o = net_fit_options(&watched, 22);
    o.accumulate = 2;
    o.watch = ore_watch_new(&watched.root.module, 10);
    assert_int_equal(ore_fit(&o, NULL, &w), ORE_OK);
    assert_memory_equal(r.losses, w.losses, 22 * sizeof(double));
    assert_same_nets(&plain, &watched);
    const ore_watch *watch = o.watch;
    const int64_t steps[] = {1, 10, 20, 22};
    assert_int_equal(watch->record_count, 4);
    assert_memory_equal(watch->steps, steps, sizeof steps);
    const char *const layers[] = {"up", "act", "drop", "down"};
    const char *const names[] = {"up.weight", "up.bias", "down.weight", "down.bias"};
    assert_true(watch->layer_count == 4 && watch->parameter_count == 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(watch->layers[i].path, layers[i]);
        assert_string_equal(watch->parameters[i].name, names[i]);
        assert_true(watch->parameters[i].gradient_to_data > 0);
        for (int k = 0; k < 4; k++)
            assert_in_range((int)(-10 * watch->parameters[i].log_ratios[k]), 5, 40);
    }
    assert_true(watch->layers[1].activations.low == 0 && watch->layers[1].activations.zeros > 0.2);
    assert_int_equal(watch->layers[0].activations.count, BATCH * 16);
    ore_watch_free(o.watch);
    ore_fit_result_free(&r);
    ore_fit_result_free(&w);
    net_end(&plain);
    net_end(&watched);
}

/* log10(std(lr g) / std(new data)) and the rest, of one weight of two numbers. */
static void test_watch_by_hand(void **state) {
    (void)state;
    ore_scope_begin();
    const double w[] = {1, 3}, x[] = {0.5, -1};
    ore_linear_options lo = ore_linear_defaults();
    lo.dtype = ORE_FLOAT64;
    ore_linear l;
    ore_linear_init(&l, NULL, NULL, 2, 1, &lo);
    ore_no_grad_begin();
    ore_copy_in(l.weight, w, sizeof w);
    ore_no_grad_end();
    ore_sgd_options so = ore_sgd_defaults();
    so.lr = 0.1;
    ore_optimizer *sgd = ore_sgd_new(&l.module, &so);
    ore_watch *watch = ore_watch_new(&l.module, 1);
    ore_watch_begin(watch, 7);
    ore_tensor *y = ore_linear_forward(&l, ore_from_data(x, ORE_SHAPE(1, 2), ORE_FLOAT64));
    ore_backward(ore_sum(y, ORE_ALL, false));
    ore_watch_gradients(watch);
    ore_optimizer_step(sgd);
    assert_int_equal(ore_watch_end(watch), ORE_OK);
    const ore_watched_parameter *p = &watch->parameters[0];
    assert_true(watch->record_count == 1 && watch->steps[0] == 7);
    assert_near(p->gradient.mean, -0.25, 1e-15);
    assert_near(p->gradient_to_data, 1.5 / 2, 1e-15);
    assert_near(p->log_ratios[0], log10(0.15 / (3.1 - 0.95)), 1e-14);
    assert_true(isnan(watch->parameters[1].log_ratios[0])); /* a bias of one number has no std */
    assert_string_equal(watch->layers[0].path, "");
    /* A failed step is not recorded, and the watch looks away afterwards. */
    ore_watch_begin(watch, 8);
    ore_fail(ORE_DATA, "on the way");
    assert_int_equal(ore_watch_gradients(watch), ORE_DATA);
    assert_int_equal(ore_watch_end(watch), ORE_DATA);
    ore_error_clear();
    double seen = watch->layers[0].activations.mean;
    ore_linear_forward(&l, ore_ones(ORE_SHAPE(1, 2), ORE_FLOAT64));
    assert_int_equal(watch->record_count, 1);
    assert_near(watch->layers[0].activations.mean, seen, 0);
    ore_watch_free(watch);
    assert_null(ore_watch_new(&l.module, 0));
    assert_error(ORE_INVALID, "watch: interval 0 of a module, expected a module and at least 1");
    ore_optimizer_free(sgd);
    ore_module_free(&l.module);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distribution),
        cmocka_unit_test(test_watch_in_fit),
        cmocka_unit_test(test_watch_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
