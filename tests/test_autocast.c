/* test_autocast.c: regions of autocast, and scaled losses. What torch makes of the same calls,
 * torch_autocast.py compares. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "support/errors.h"
#include "support/fit_net.h"
#include "support/numbers.h"

static ore_tensor *numbers(int64_t rows, int64_t columns, double first, bool learned) {
    ore_tensor *t = ore_arange(first, first + (double)(rows * columns), 1, ORE_FLOAT32);
    t = ore_div_scalar(ore_reshape(t, ORE_SHAPE(rows, columns)), 7);
    return ore_set_requires_grad(ore_detach(t), learned);
}

static void assert_dtype(ore_tensor *t, ore_dtype dtype) {
    assert_non_null(t);
    assert_string_equal(ore_dtype_name(ore_tensor_dtype(t)), ore_dtype_name(dtype));
}

static void assert_same_values(ore_tensor *a, ore_tensor *b) {
    assert_int_equal(ore_tensor_dtype(a), ore_tensor_dtype(b));
    assert_int_equal(ore_numel(a), ore_numel(b));
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    assert_memory_equal(ore_data(ore_contiguous(a)), ore_data(ore_contiguous(b)), bytes);
}

/* ---- regions ---- */

static void test_regions(void **state) {
    (void)state;
    assert_int_equal(ore_autocast_dtype(), ORE_FLOAT32);
    ore_autocast_begin(ORE_BFLOAT16);
    assert_int_equal(ore_autocast_dtype(), ORE_BFLOAT16);
    ore_autocast_begin(ORE_FLOAT16);
    ore_autocast_begin(ORE_FLOAT32);
    assert_int_equal(ore_autocast_dtype(), ORE_FLOAT32);
    ore_autocast_end();
    assert_int_equal(ore_autocast_dtype(), ORE_FLOAT16);
    ore_autocast_end();
    assert_int_equal(ore_autocast_dtype(), ORE_BFLOAT16);
    ore_autocast_end();
    assert_int_equal(ore_autocast_dtype(), ORE_FLOAT32);
}

static void test_region_errors(void **state) {
    (void)state;
    assert_int_equal(ore_autocast_end(), ORE_STATE);
    assert_error_is(ORE_STATE, "autocast_end: no region has begun");
    assert_int_equal(ore_autocast_begin(ORE_FLOAT64), ORE_INVALID);
    assert_error_is(ORE_INVALID,
                    "autocast: dtype float64, expected bfloat16, float16 or float32");
    assert_int_equal(ore_autocast_end(), ORE_OK); /* it had begun */
    for (int i = 0; i < 32; i++)
        assert_int_equal(ore_autocast_begin(ORE_BFLOAT16), ORE_OK);
    ore_autocast_begin(ORE_BFLOAT16);
    assert_error_is(ORE_STATE, "autocast: 33 regions inside one another, expected at most 32");
    for (int i = 0; i < 33; i++)
        assert_int_equal(ore_autocast_end(), ORE_OK);
    assert_int_equal(ore_autocast_dtype(), ORE_FLOAT32);
}

static void test_dtypes(void **state) {
    (void)state;
    ore_tensor *a = numbers(3, 4, 1, false), *b = numbers(4, 3, -5, false);
    ore_autocast_begin(ORE_BFLOAT16);
    ore_tensor *product = ore_matmul(a, b);
    assert_dtype(product, ORE_BFLOAT16);
    assert_dtype(ore_f_linear(a, ore_transpose(b, 0, 1), NULL), ORE_BFLOAT16);
    assert_dtype(ore_softmax(a, 1), ORE_FLOAT32);
    assert_dtype(ore_gelu(product), ORE_BFLOAT16);
    assert_dtype(ore_add(product, ore_ones(ORE_SHAPE(3), ORE_FLOAT32)), ORE_FLOAT32);
    assert_dtype(ore_mse_loss(product, product, ORE_MEAN), ORE_FLOAT32);
    assert_dtype(ore_prod(product, ORE_ALL, false), ORE_FLOAT32);
    assert_dtype(ore_matmul(ore_to(a, ORE_FLOAT64), ore_to(b, ORE_FLOAT64)), ORE_FLOAT64);
    ore_autocast_begin(ORE_FLOAT32);
    assert_dtype(ore_matmul(a, b), ORE_FLOAT32);
    ore_autocast_end();
    ore_autocast_end();
    assert_dtype(ore_matmul(a, b), ORE_FLOAT32);
    assert_dtype(ore_mse_loss(product, product, ORE_MEAN), ORE_BFLOAT16);
}

/* ---- gradients ---- */

/* Both uses of w pass through one copy, which backward reaches after the region's end. */
static void test_gradients(void **state) {
    (void)state;
    ore_tensor *x = numbers(2, 3, 0, false), *w = numbers(3, 3, -4, true);
    ore_autocast_begin(ORE_BFLOAT16);
    ore_tensor *y = ore_matmul(ore_matmul(x, w), w);
    ore_autocast_end();
    assert_dtype(y, ORE_BFLOAT16);
    ore_backward(ore_sum(ore_to(y, ORE_FLOAT32), ORE_ALL, false));
    assert_dtype(ore_grad(w), ORE_FLOAT32);
    ore_tensor *copy = ore_set_requires_grad(ore_to(ore_detach(w), ORE_BFLOAT16), true);
    ore_tensor *half = ore_to(x, ORE_BFLOAT16);
    ore_tensor *same = ore_matmul(ore_matmul(half, copy), copy);
    ore_backward(ore_sum(ore_to(same, ORE_FLOAT32), ORE_ALL, false));
    assert_same_values(ore_to(ore_grad(copy), ORE_FLOAT32), ore_grad(w));
}

/* A copy made without recording passes no gradient, and one made before a change is stale. */
static void test_copies(void **state) {
    (void)state;
    ore_tensor *x = numbers(2, 3, 0, false), *w = numbers(3, 2, 1, true);
    ore_autocast_begin(ORE_BFLOAT16);
    ore_no_grad_begin();
    ore_tensor *before = ore_matmul(x, w);
    ore_no_grad_end();
    ore_tensor *y = ore_matmul(x, w);
    assert_true(ore_requires_grad(y));
    assert_same_values(before, y);
    ore_no_grad_begin();
    ore_mul_scalar_(w, 2);
    assert_same_values(ore_mul_scalar(before, 2), ore_matmul(x, w));
    ore_no_grad_end();
    ore_autocast_end();
}

/* Backward inside a region computes as it does outside. */
static void test_backward_inside(void **state) {
    (void)state;
    ore_tensor *x = numbers(2, 3, 0, false), *w = numbers(3, 2, 1, true);
    ore_tensor *loss = ore_sum(ore_square(ore_matmul(x, w)), ORE_ALL, false);
    ore_backward_from(loss, NULL, true);
    ore_tensor *expected = ore_clone(ore_detach(ore_grad(w)));
    ore_set_grad(w, NULL);
    ore_autocast_begin(ORE_BFLOAT16);
    ore_backward(loss);
    assert_int_equal(ore_autocast_dtype(), ORE_BFLOAT16);
    ore_autocast_end();
    assert_same_values(expected, ore_grad(w));
}

/* ---- members that run at the same time ---- */

static void test_parallel(void **state) {
    (void)state;
    enum { MEMBERS = 4 };
    ore_module_list list;
    ore_linear members[MEMBERS];
    ore_tensor *x[MEMBERS], *y[MEMBERS];
    ore_module_list_init(&list, NULL, NULL);
    for (int i = 0; i < MEMBERS; i++) {
        ore_linear_init(&members[i], &list.module, NULL, 3, 2, NULL);
        x[i] = numbers(2, 3, i, false);
    }
    ore_autocast_begin(ORE_FLOAT16);
    ore_parallel(&list.module, x, y);
    for (int i = 0; i < MEMBERS; i++) {
        assert_dtype(y[i], ORE_FLOAT16);
        assert_same_values(ore_linear_forward(&members[i], x[i]), y[i]);
    }
    ore_autocast_end();
    ore_module_free(&list.module);
}

/* ---- the scaler ---- */

typedef struct one_weight {
    ore_tensor *w;
    ore_optimizer *optimizer;
} one_weight;

static one_weight one_weight_new(void) {
    ore_sgd_options o = ore_sgd_defaults();
    o.lr = 1;
    one_weight m = {ore_set_requires_grad(ore_scalar(3, ORE_FLOAT32), true), ore_sgd_new(NULL, &o)};
    ore_optimizer_add(m.optimizer, ore_optimizer_add_group(m.optimizer, NULL), m.w, "w");
    return m;
}

static void give_gradient(one_weight *m, double gradient) {
    ore_set_grad(m->w, ore_scalar(gradient, ORE_FLOAT32));
}

static void test_scaler(void **state) {
    (void)state;
    one_weight m = one_weight_new();
    ore_grad_scaler s = ore_grad_scaler_defaults();
    bool stepped;
    s.growth_interval = 2;
    assert_float_equal(ore_item(ore_grad_scaler_scale(&s, ore_scalar(0.5, ORE_FLOAT32))), 32768, 0);
    give_gradient(&m, 65536);
    assert_int_equal(ore_grad_scaler_step(&s, m.optimizer, &stepped), ORE_OK);
    assert_true(stepped);
    assert_float_equal(ore_item(m.w), 2, 0);
    assert_int_equal(ore_grad_scaler_update(&s), ORE_OK);
    assert_int_equal(s.growth_tracker, 1);
    give_gradient(&m, INFINITY);
    ore_grad_scaler_step(&s, m.optimizer, &stepped);
    assert_false(stepped);
    assert_float_equal(ore_item(m.w), 2, 0);
    ore_grad_scaler_update(&s);
    assert_true(s.scale == 32768 && s.growth_tracker == 0);
    for (int i = 0; i < 2; i++) {
        give_gradient(&m, 0);
        ore_grad_scaler_unscale(&s, m.optimizer);
        ore_grad_scaler_step(&s, m.optimizer, NULL);
        ore_grad_scaler_update(&s);
    }
    assert_true(s.scale == 65536 && s.growth_tracker == 0);
    ore_grad_scaler_adjust(&s, true);
    assert_true(s.scale == 65536 && s.growth_tracker == 1);
    ore_optimizer_free(m.optimizer);
}

static void test_scaler_errors(void **state) {
    (void)state;
    one_weight m = one_weight_new();
    ore_grad_scaler s = ore_grad_scaler_defaults();
    ore_grad_scaler_update(&s);
    assert_error_is(ORE_STATE, "grad_scaler: an update, expected a step or unscale before it");
    give_gradient(&m, 1);
    ore_grad_scaler_unscale(&s, m.optimizer);
    ore_grad_scaler_unscale(&s, m.optimizer);
    assert_error_is(ORE_STATE, "grad_scaler: gradients are unscaled already, expected an update "
                               "before the next time");
    ore_optimizer_free(m.optimizer);
}

/* ---- training ---- */

static double last_losses(ore_dtype dtype, ore_fit_state *end) {
    net n;
    net_start(&n, 0);
    ore_fit_options o = net_fit_options(&n, 300);
    o.autocast = dtype;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    double sum = 0;
    for (int i = 280; i < 300; i++)
        sum += r.losses[i] / 20;
    *end = r.state;
    assert_dtype(n.up.weight, ORE_FLOAT32);
    ore_fit_result_free(&r);
    net_end(&n);
    return sum;
}

static void test_training(void **state) {
    (void)state;
    ore_fit_state end;
    double whole = last_losses(ORE_FLOAT32, &end);
    assert_true(end.loss_scale == 0);
    double bf16 = last_losses(ORE_BFLOAT16, &end);
    assert_true(end.loss_scale == 0 && bf16 != whole && fabs(bf16 - whole) < 0.05);
    double f16 = last_losses(ORE_FLOAT16, &end);
    assert_true(f16 != whole && fabs(f16 - whole) < 0.05);
    assert_true(end.loss_scale > 0 && end.loss_scale_steps + end.skipped_steps <= 300);
}

/* Stopped and resumed, the scale is what it would have been. */
static void test_scaled_resume(void **state) {
    (void)state;
    net whole, parts;
    ore_fit_result r, first, second;
    net_start(&whole, 0);
    ore_fit_options o = net_fit_options(&whole, 12);
    o.autocast = ORE_FLOAT16;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_OK);
    net_start(&parts, 0);
    o = net_fit_options(&parts, 12);
    o.autocast = ORE_FLOAT16;
    o.stop_at = 5;
    assert_int_equal(ore_fit(&o, NULL, &first), ORE_OK);
    o.stop_at = 0;
    assert_int_equal(ore_fit(&o, &first.state, &second), ORE_OK);
    assert_same_nets(&whole, &parts);
    assert_true(second.state.loss_scale == r.state.loss_scale);
    assert_int_equal(second.state.loss_scale_steps, r.state.loss_scale_steps);
    ore_fit_result_free(&r);
    ore_fit_result_free(&first);
    ore_fit_result_free(&second);
    net_end(&whole);
    net_end(&parts);
}

static ore_tensor *huge_loss(void *user, ore_tensor *output, ore_tensor *target) {
    (void)user, (void)target; /* its gradient by each output is infinite in float16 */
    return ore_mul_scalar(ore_sum(ore_to(output, ORE_FLOAT32), ORE_ALL, false), 1e30);
}

static void test_hopeless_overflow(void **state) {
    (void)state;
    net n;
    net_start(&n, 0);
    ore_fit_options o = net_fit_options(&n, 300);
    o.autocast = ORE_FLOAT16;
    o.loss = huge_loss;
    ore_fit_result r;
    assert_int_equal(ore_fit(&o, NULL, &r), ORE_DATA);
    assert_error(ORE_DATA, "gradients overflow float16 at step");
    assert_true(r.state.skipped_steps == r.state.step && r.state.step > 30);
    ore_fit_result_free(&r);
    net_end(&n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_regions),       TEST(test_region_errors),   TEST(test_dtypes),
        TEST(test_gradients),     TEST(test_copies),          TEST(test_backward_inside),
        TEST(test_parallel),      TEST(test_scaler),          TEST(test_scaler_errors),
        TEST(test_training),      TEST(test_scaled_resume),   TEST(test_hopeless_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
