/* test_public_calls.c: public functions that no other test has a reason to call. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/conv.h>
#include <ore/gradcheck.h>
#include <ore/nn.h>
#include <ore/ops.h>
#include <ore/optim.h>
#include <ore/text.h>
#include <ore/train.h>
#include <ore/value.h>

#include "support/refusals.h"

static ore_tensor *numbers(ore_shape shape, const double *values) {
    return ore_from_data(values, shape, ORE_FLOAT64);
}

static void assert_truth(ore_tensor *t, int n, const bool *want) {
    bool got[16];
    assert_non_null(t);
    assert_int_equal(ore_tensor_dtype(t), ORE_BOOL);
    assert_int_equal(ore_copy_out(t, got, (size_t)n), ORE_OK);
    for (int i = 0; i < n; i++)
        assert_int_equal(got[i], want[i]);
}

static void comparisons_and_logic(void **state) {
    (void)state;
    ore_tensor *a = numbers(ORE_SHAPE(5), (double[]){-1, 0, 2, NAN, INFINITY});
    ore_tensor *b = numbers(ORE_SHAPE(5), (double[]){-1, 1, 0, 0, INFINITY});
    assert_truth(ore_ge(a, b), 5, (bool[]){true, false, true, false, true});
    assert_truth(ore_logical_and(a, b), 5, (bool[]){true, false, false, false, true});
    assert_truth(ore_logical_or(a, b), 5, (bool[]){true, true, true, true, true});
    assert_truth(ore_logical_xor(a, b), 5, (bool[]){false, true, true, true, false});
    assert_truth(ore_logical_not(a), 5, (bool[]){false, true, false, false, false});
    assert_truth(ore_isinf(ore_neg(a)), 5, (bool[]){false, false, false, false, true});
    assert_truth(ore_isfinite(a), 5, (bool[]){true, true, true, false, false});
}

static void tensors_and_devices(void **state) {
    (void)state;
    ore_tensor *x = ore_reshape(ore_arange(0, 6, 1, ORE_INT32), ORE_SHAPE(2, 3));
    assert_true(ore_is_contiguous(x));
    assert_false(ore_is_contiguous(ore_t(x)));
    assert_true(ore_is_contiguous(ore_slice(x, 0, 1, 2, 1)));
    assert_int_equal(ore_tensor_device(x), ORE_CPU);
    assert_ptr_equal(ore_to_device(x, ORE_CPU), x);
    refused(ore_to_device(x, ORE_CUDA), ORE_UNSUPPORTED, "to_device: CUDA is not in this build");
    ore_tensor *like = ore_ones_like(ore_t(x));
    assert_true(ore_shape_equal(ore_shape_of(like), ORE_SHAPE(3, 2)));
    assert_int_equal(ore_tensor_dtype(like), ORE_INT32);
    assert_int_equal(ore_item_int(ore_sum(like, ORE_ALL, false)), 6);
    like = ore_empty_like(ore_to(x, ORE_FLOAT16));
    assert_int_equal(ore_tensor_dtype(like), ORE_FLOAT16);
    assert_true(ore_shape_equal(ore_shape_of(like), ORE_SHAPE(2, 3)));

    ore_tensor *leaf = ore_set_requires_grad(ones(ORE_SHAPE(2)), true);
    assert_true(ore_is_leaf(leaf));
    ore_tensor *result = ore_exp(leaf);
    assert_false(ore_is_leaf(result));
    assert_true(ore_is_leaf(ore_detach(result)));
    int64_t above[6]; /* torch.triu_indices(2, 3, 1) */
    assert_int_equal(ore_copy_out(ore_triu_indices(2, 3, 1), above, sizeof above), ORE_OK);
    const int64_t want[] = {0, 0, 1, 1, 2, 2};
    assert_memory_equal(above, want, sizeof above);
}

/* ---- modules ---- */

typedef struct scaled {
    ore_module module;
    ore_linear linear;
    ore_dropout drop;
    ore_flatten_layer flatten;
    ore_tensor *scale; /* () */
} scaled;

static void scaled_init(scaled *s) {
    ore_module_init(&s->module, NULL, NULL);
    ore_linear_init(&s->linear, &s->module, "linear", 3, 2, NULL);
    ore_dropout_init(&s->drop, &s->module, "drop", 0.5);
    ore_flatten_layer_init(&s->flatten, &s->module, "flatten", 1, -1);
    s->scale = ore_scalar(2, ORE_FLOAT32);
    assert_int_equal(ore_module_register_parameter(&s->module, "scale", &s->scale), ORE_OK);
}

static void count_outputs(void *user, const ore_module *module, ore_tensor *y) {
    (void)y;
    *(int *)user += strcmp(module->kind, "linear") == 0;
}

static void layers(void **state) {
    (void)state;
    scaled s;
    int seen = 0;
    scaled_init(&s);
    assert_true(ore_requires_grad(s.scale));
    assert_ptr_equal(ore_module_tensor(&s.module, "scale"), s.scale);
    assert_int_equal(ore_module_parameter_count(&s.module, true), 9);

    ore_tensor *x = ones(ORE_SHAPE(4, 3)), *residual = ones(ORE_SHAPE(4, 2));
    ore_module_observe(count_outputs, &seen);
    ore_tensor *sum = ore_linear_forward_add(&s.linear, x, residual);
    ore_tensor *apart = ore_add(ore_linear_forward(&s.linear, x), residual);
    ore_module_observe(NULL, NULL);
    ore_linear_forward(&s.linear, x);
    assert_int_equal(seen, 2);
    assert_true(ore_allclose(sum, apart, 1e-6, 1e-6, false));

    ore_manual_seed(3);
    ore_tensor *dropped = ore_dropout_forward(&s.drop, x);
    ore_manual_seed(3);
    assert_true(ore_allclose(dropped, ore_f_dropout(x, 0.5, true, NULL), 0, 0, false));
    ore_module_eval(&s.module);
    assert_ptr_equal(ore_dropout_forward(&s.drop, x), x);
    ore_tensor *flat = ore_flatten_layer_forward(&s.flatten, ones(ORE_SHAPE(2, 3, 4)));
    assert_true(ore_shape_equal(ore_shape_of(flat), ORE_SHAPE(2, 12)));

    assert_ptr_equal(ore_module_result(&s.linear.module, x), x);
    ore_fail(ORE_INVALID, "made up");
    assert_null(ore_module_result(&s.linear.module, NULL));
    assert_string_equal(ore_error_message(), "linear: made up");
    ore_error_clear();
    assert_int_equal(ore_module_to_device(&s.module, ORE_CPU), ORE_OK);
    assert_int_equal(ore_module_to_device(&s.module, ORE_CUDA), ORE_UNSUPPORTED);
    ore_error_clear();
    ore_module_free(&s.module);
}

/* Layers of convolution and pooling are their functions with the layer's tensors and options. */
static void convolution_layers(void **state) {
    (void)state;
    ore_module root;
    ore_conv_transpose1d up;
    ore_conv_transpose2d up2;
    ore_max_pool1d most;
    ore_avg_pool1d mean;
    ore_avg_pool2d mean2;
    ore_module_init(&root, NULL, NULL);
    ore_conv_transpose1d_init(&up, &root, "up", 3, 2, 4, NULL);
    ore_conv_transpose2d_init(&up2, &root, "up2", 3, 2, ore_both(2), NULL);
    ore_max_pool1d_init(&most, &root, "most", 3, NULL);
    ore_avg_pool1d_init(&mean, &root, "mean", 3, NULL);
    ore_avg_pool2d_init(&mean2, &root, "mean2", ore_both(2), NULL);
    ore_tensor *x = ore_rand(ORE_SHAPE(2, 3, 6), ORE_FLOAT32, NULL);
    ore_tensor *x2 = ore_rand(ORE_SHAPE(2, 3, 6, 4), ORE_FLOAT32, NULL);
    ore_tensor *y[] = {ore_conv_transpose1d_forward(&up, x), ore_conv_transpose2d_forward(&up2, x2),
                       ore_max_pool1d_forward(&most, x), ore_avg_pool1d_forward(&mean, x),
                       ore_avg_pool2d_forward(&mean2, x2)};
    ore_tensor *want[] = {ore_f_conv_transpose1d(x, up.weight, up.bias, NULL),
                          ore_f_conv_transpose2d(x2, up2.weight, up2.bias, NULL),
                          ore_f_max_pool1d(x, 3, NULL, NULL), ore_f_avg_pool1d(x, 3, NULL),
                          ore_f_avg_pool2d(x2, ore_both(2), NULL)};
    for (int i = 0; i < 5; i++)
        assert_true(ore_allclose(y[i], want[i], 0, 0, false));
    assert_true(ore_shape_equal(ore_shape_of(y[0]), ORE_SHAPE(2, 2, 9)));
    assert_true(ore_shape_equal(ore_shape_of(y[1]), ORE_SHAPE(2, 2, 7, 5)));
    assert_true(ore_shape_equal(ore_shape_of(y[2]), ORE_SHAPE(2, 3, 2)));
    assert_true(ore_shape_equal(ore_shape_of(y[4]), ORE_SHAPE(2, 3, 3, 2)));
    ore_module_free(&root);
}

/* ---- options and states ---- */

static void defaults(void **state) {
    (void)state;
    ore_adamax_options adamax = ore_adamax_defaults();
    assert_true(adamax.lr == 2e-3 && adamax.beta1 == 0.9 && adamax.beta2 == 0.999);
    assert_true(adamax.eps == 1e-8 && adamax.weight_decay == 0 && !adamax.maximize);
    ore_radam_options radam = ore_radam_defaults();
    assert_true(radam.lr == 1e-3 && radam.beta1 == 0.9 && radam.beta2 == 0.999);
    assert_true(radam.eps == 1e-8 && radam.weight_decay == 0 && !radam.decoupled);
    ore_adafactor_options adafactor = ore_adafactor_defaults();
    assert_true(adafactor.lr == 1e-2 && adafactor.beta2_decay == -0.8 && adafactor.eps1 == 0);
    assert_true(adafactor.eps2 == 1e-3 && adafactor.d == 1 && adafactor.weight_decay == 0);
    ore_avg_pool1d_options pool = ore_avg_pool1d_defaults();
    assert_true(pool.stride == 0 && pool.padding == 0 && !pool.ceil_mode && pool.count_include_pad);
    ore_group_norm_options group = ore_group_norm_defaults();
    assert_true(group.eps == 1e-5 && group.affine && group.dtype == ORE_FLOAT32);
    ore_batch_norm2d_options batch = ore_batch_norm2d_defaults();
    assert_true(batch.eps == 1e-5 && batch.momentum == 0.1 && batch.affine);
    ore_value_mlp_options mlp = ore_value_mlp_defaults();
    assert_true(mlp.hidden != mlp.last && !mlp.random_bias);
    ore_gradcheck_options gradcheck = ore_gradcheck_defaults();
    assert_true(gradcheck.step == 1e-6 && gradcheck.rtol == 1e-3 && gradcheck.atol == 1e-5);
    ore_fit_state fit = ore_fit_state_start();
    assert_true(fit.step == 0 && isinf(fit.best_val) && fit.best_step == -1);
    assert_true(isinf(fit.min_train) && fit.converged_step == -1 && fit.tokens == 0);
}

static void names_and_places(void **state) {
    (void)state;
    int major, minor, patch;
    assert_int_equal(sscanf(ore_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    ore_fail(ORE_DATA, "the reason");
    ore_error_locate("inner");
    ore_error_locate("outer"); /* the innermost caller names it */
    assert_string_equal(ore_error_message(), "inner: the reason");
    ore_error_clear();
    ore_error_locate("nowhere");
    assert_true(ore_ok());
    ore_text *text = ore_text_open_memory("a.txt", "abc", 3, NULL);
    assert_string_equal(ore_text_name(text), "a.txt");
    ore_text_close(text);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin_scope, end_scope)
    const struct CMUnitTest tests[] = {
        TEST(comparisons_and_logic),
        TEST(tensors_and_devices),
        TEST(layers),
        TEST(convolution_layers),
        TEST(defaults),
        TEST(names_and_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
