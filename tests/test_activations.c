/* test_activations.c: layers of activations and with one: their numbers, parameters and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>

#include "support/refusals.h"

static void same(ore_tensor *a, ore_tensor *b) {
    assert_non_null(a);
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    assert_memory_equal(ore_data(a), ore_data(b), 4 * (size_t)ore_numel(a));
}

static void a_layer_has_its_numbers(void **state) {
    (void)state;
    enum { LAYERS = 8 };
    ore_activation layers[LAYERS];
    ore_sequential all;
    ore_sequential_init(&all, NULL, NULL);
    ore_module *root = &all.module;
    ore_activation_init(&layers[0], root, NULL, ore_tanh);
    ore_leaky_relu_layer_init(&layers[1], root, NULL, 0.3);
    ore_elu_layer_init(&layers[2], root, NULL, 0.7);
    ore_hardtanh_layer_init(&layers[3], root, NULL, -0.5, 0.25);
    ore_softplus_layer_init(&layers[4], root, NULL, 2, 1.5);
    ore_softmax_layer_init(&layers[5], root, NULL, 0);
    ore_log_softmax_layer_init(&layers[6], root, NULL, 1);
    ore_glu_layer_init(&layers[7], root, NULL, 0);
    assert_true(ore_ok());
    ore_tensor *x = ore_randn(ORE_SHAPE(4, 3), ORE_FLOAT32, NULL);
    ore_tensor *expected[LAYERS] = {ore_tanh(x),
                                    ore_leaky_relu(x, 0.3),
                                    ore_elu(x, 0.7),
                                    ore_hardtanh(x, -0.5, 0.25),
                                    ore_softplus(x, 2, 1.5),
                                    ore_softmax(x, 0),
                                    ore_log_softmax(x, 1),
                                    ore_glu(x, 0)};
    ore_tensor *chained = x;
    for (int i = 0; i < LAYERS; i++) {
        same(ore_activation_forward(&layers[i], x), expected[i]);
        chained = ore_module_forward(&layers[i].module, chained);
    }
    same(ore_sequential_forward(&all, x), chained);
    ore_module_free(root);
}

static void an_error_names_the_layer(void **state) {
    (void)state;
    ore_module root;
    ore_activation layer, wrong, taken;
    ore_tensor *x = ones(ORE_SHAPE(3, 2));
    ore_module_init(&root, NULL, NULL);
    ore_glu_layer_init(&layer, &root, "gate", 0);
    invalid(ore_activation_forward(&layer, x),
            "gate: glu: x (3, 2) along dim 0, expected an even size");
    ore_hardtanh_layer_init(&wrong, &root, "clip", 1, -1);
    invalid(ore_activation_forward(&wrong, x),
            "clip: hardtanh: bounds 1 and -1, expected the lower one first");
    assert_int_equal(ore_elu_layer_init(&taken, &root, "gate", 1), ORE_INVALID);
    ore_error_clear();
    ore_module_free(&root);
}

static void a_linear_layer_may_activate(void **state) {
    (void)state;
    ore_module root;
    ore_linear layer;
    ore_module_init(&root, NULL, NULL);
    ore_linear_init(&layer, &root, "up", 5, 7, NULL);
    ore_tensor *x = ore_randn(ORE_SHAPE(4, 5), ORE_FLOAT32, NULL);
    same(ore_linear_forward_activated(&layer, x, ore_gelu),
         ore_gelu(ore_linear_forward(&layer, x)));
    invalid(ore_linear_forward_activated(&layer, ones(ORE_SHAPE(4, 6)), ore_relu),
            "up: linear: x (4, 6) does not end in in_features of weight (7, 5)");
    ore_module_free(&root);
}

static void slopes_are_a_parameter(void **state) {
    (void)state;
    ore_module root;
    ore_prelu_layer one, two, none;
    ore_prelu_layer_options o = ore_prelu_layer_defaults();
    ore_module_init(&root, NULL, NULL);
    ore_prelu_layer_init(&one, &root, "one", NULL);
    o.num_parameters = 2;
    o.init = 0.5;
    ore_prelu_layer_init(&two, &root, "two", &o);
    ore_tensor *x = ore_from_data((float[]){-4, 2, 6, -8}, ORE_SHAPE(2, 2), ORE_FLOAT32);
    ore_tensor *y = ore_module_forward(&one.module, x);
    assert_memory_equal(ore_data(y), ((float[]){-1, 2, 6, -2}), 16);
    ore_backward(ore_sum(ore_prelu_layer_forward(&two, x), ORE_ALL, false));
    assert_memory_equal(ore_data(ore_grad(ore_module_tensor(&root, "two.weight"))),
                        ((float[]){-4, -8}), 8);
    o.num_parameters = 0;
    ore_prelu_layer_init(&none, &root, "none", &o);
    invalid(NULL, "none: prelu: num_parameters 0, expected at least 1");
    ore_module_free(&root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_layer_has_its_numbers, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(an_error_names_the_layer, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_linear_layer_may_activate, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(slopes_are_a_parameter, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
