/* test_models.c: bigram, mlp and wavenet: shapes, names, counts, first losses, batch norm's modes,
 * gradients and faults. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "models/bigram/bigram.h"
#include "models/mlp/mlp.h"
#include "models/wavenet/wavenet.h"
#include "support/refusals.h"

enum { V = 27 };

static ore_generator *generator;

static int before(void **state) {
    generator = ore_generator_new(42);
    return begin_scope(state);
}

static int after(void **state) {
    ore_generator_free(generator);
    return end_scope(state);
}

static ore_tensor *ids(int64_t N, int64_t T) {
    return ore_randint(0, V, ORE_SHAPE(N, T), ORE_INT64, generator);
}

static bool same(ore_tensor *a, ore_tensor *b) {
    return ore_allclose(a, b, 0, 0, false);
}

static double loss_of(ore_tensor *logits, ore_tensor *targets) {
    return ore_item(ore_cross_entropy(logits, targets, NULL));
}

/* Every parameter and buffer of the state, in order, is so named and shaped; NULL ends. */
static void expect_state(const ore_module *root, const char *const *names) {
    ore_tensor_list state = ore_module_state(root);
    int64_t i = 0;
    for (; i < state.count && names[i]; i++)
        assert_string_equal(state.items[i].name, names[i]);
    assert_int_equal(i, state.count);
    assert_null(names[i]);
    ore_tensor_list_free(&state);
}

/* ---- bigram ---- */

static void test_bigram(void **state) {
    (void)state;
    bigram model;
    assert_int_equal(bigram_init(&model, &(bigram_config){V}), ORE_OK);
    expect_state(&model.module, (const char *const[]){"logits", NULL});
    ore_tensor *x = ids(64, 3), *y = ore_select(ids(64, 1), 1, 0);
    assert_true(fabs(loss_of(bigram_forward(&model, x), y) - log(V)) < 1e-6);
    ore_no_grad_begin();
    ore_copy_(model.logits, ore_randn(ORE_SHAPE(V, V), ORE_FLOAT32, generator));
    ore_no_grad_end();
    ore_tensor *want = ore_index_select(model.logits, 0, ore_select(x, 1, 2)); /* the last alone */
    assert_true(same(bigram_forward(&model, x), want));
    assert_true(same(ore_module_forward(&model.module, x), want));
    bigram_free(&model);
    bigram_free(&model); /* again: nothing happens */
}

static void test_bigram_faults(void **state) {
    (void)state;
    bigram model;
    assert_int_equal(bigram_init(&model, &(bigram_config){0}), ORE_INVALID);
    invalid(NULL, "bigram: vocab_size 0, expected 1 <= vocab_size <= 16777216");
    bigram_free(&model);
    assert_int_equal(bigram_init(&model, &(bigram_config){V}), ORE_OK);
    invalid(bigram_forward(&model, ore_select(ids(4, 2), 1, 0)),
            "bigram: ids (4,), expected (N, T) with T >= 1");
    bigram_free(&model);
}

/* ---- mlp ---- */

static mlp_config lecture(bool batch_norm) {
    mlp_config c = mlp_defaults();
    c.vocab_size = V;
    c.batch_norm = batch_norm;
    return c;
}

/* makemore's 11,897 parameters without batch norm; with it b1 goes and two vectors of 200 come. */
static void test_mlp_has_the_lectures_parameters(void **state) {
    (void)state;
    for (int norm = 0; norm < 2; norm++) {
        mlp model;
        mlp_config c = lecture(norm);
        assert_int_equal(mlp_init(&model, &c, generator), ORE_OK);
        assert_int_equal(ore_module_parameter_count(&model.net.module, false),
                         norm ? 12097 : 11897);
        mlp_free(&model);
    }
}

static void test_mlp_names(void **state) {
    (void)state;
    static const char *const plain[] = {"wte.weight",           "layers.0.linear.weight",
                                        "layers.0.linear.bias", "layers.1.linear.weight",
                                        "layers.1.linear.bias", "lm_head.weight",
                                        "lm_head.bias",         NULL};
    static const char *const normed[] = {"wte.weight",
                                         "layers.0.linear.weight",
                                         "layers.0.norm.weight",
                                         "layers.0.norm.bias",
                                         "layers.0.norm.running_mean",
                                         "layers.0.norm.running_var",
                                         "layers.0.norm.num_batches_tracked",
                                         "lm_head.weight",
                                         "lm_head.bias",
                                         NULL};
    mlp model;
    mlp_config c = lecture(false);
    c.n_layer = 2;
    assert_int_equal(mlp_init(&model, &c, generator), ORE_OK);
    expect_state(&model.net.module, plain);
    mlp_free(&model);
    c = lecture(true);
    assert_int_equal(mlp_init(&model, &c, generator), ORE_OK);
    expect_state(&model.net.module, normed);
    mlp_free(&model);
    mlp_free(&model);
}

/* An untrained model guesses nearly evenly, and activations before tanh have a std near 5/3 where
 * vectors are N(0, 1). */
static void test_mlp_starts_well(void **state) {
    (void)state;
    for (int norm = 0; norm < 2; norm++) {
        mlp model;
        mlp_config c = lecture(norm);
        assert_int_equal(mlp_init(&model, &c, generator), ORE_OK);
        ore_tensor *x = ids(512, 3), *y = ore_select(ids(512, 1), 1, 0);
        ore_tensor *logits = mlp_forward(&model, x);
        assert_true(ore_shape_equal(ore_shape_of(logits), ORE_SHAPE(512, V)));
        assert_true(fabs(loss_of(logits, y) - log(V)) < 0.02);
        ore_tensor *flat = ore_flatten(ore_embedding_forward(&model.net.wte, x), 1, -1);
        ore_tensor *before = ore_linear_forward(&model.net.layers[0].linear, flat);
        double std = ore_item(ore_std(before, ORE_ALL, 1, false));
        assert_true(std > 1.3 && std < 2.1);
        mlp_free(&model);
    }
}

/* The forward is the equation: tanh(norm(x W^T)) W2^T + b2, with the batch's or running values. */
static void test_mlp_by_hand(void **state) {
    (void)state;
    mlp model;
    mlp_config c = lecture(true);
    assert_int_equal(mlp_init(&model, &c, generator), ORE_OK);
    const dense *d = &model.net.layers[0];
    ore_tensor *x = ids(32, 3);
    ore_tensor *flat = ore_reshape(ore_index_select(model.net.wte.weight, 0, ore_flatten(x, 0, -1)),
                                   ORE_SHAPE(32, 30));
    ore_tensor *h = ore_matmul(flat, ore_transpose(d->linear.weight, 0, 1)); /* (32, 200) */
    for (int training = 1; training >= 0; training--) {
        ore_module_train(&model.net.module, training);
        ore_tensor *mean = training ? ore_mean(h, ORE_DIMS(0), true) : d->norm.running_mean;
        ore_tensor *var = training ? ore_var(h, ORE_DIMS(0), 0, true) : d->norm.running_var;
        if (!training) { /* one batch seen: 0.9 of the start and 0.1 of it, by n - 1 */
            ore_tensor *seen = ore_mul_scalar(ore_mean(h, ORE_DIMS(0), false), 0.1);
            assert_true(ore_allclose(mean, seen, 1e-4, 1e-5, false));
            assert_int_equal(ore_item_int(d->norm.num_batches_tracked), 1);
        }
        ore_tensor *n = ore_div(ore_sub(h, mean), ore_sqrt(ore_add_scalar(var, 1e-5)));
        ore_tensor *want =
            ore_add(ore_matmul(ore_tanh(n), ore_transpose(model.net.lm_head.weight, 0, 1)),
                    model.net.lm_head.bias);
        assert_true(ore_allclose(mlp_forward(&model, x), want, 1e-4, 1e-5, false));
    }
    mlp_free(&model);
}

static void test_mlp_faults(void **state) {
    (void)state;
    mlp model;
    mlp_config c = lecture(true);
    c.n_hidden = 0;
    assert_int_equal(mlp_init(&model, &c, generator), ORE_INVALID);
    invalid(NULL, "mlp: n_hidden 0, expected 1 <= n_hidden <= 1048576");
    mlp_free(&model);
    c = lecture(true);
    c.activation = ACTIVATION_GELU_TANH;
    assert_int_equal(mlp_init(&model, &c, generator), ORE_INVALID);
    invalid(NULL, "mlp: activation 1, expected tanh|relu|gelu");
    c = lecture(true);
    assert_int_equal(mlp_init(&model, &c, generator), ORE_OK);
    invalid(mlp_forward(&model, ids(4, 5)), "mlp: ids (4, 5), expected (N, 3)");
    invalid(mlp_forward(&model, NULL), "mlp: ids NULL, expected (N, 3)");
    mlp_free(&model);
}

/* ---- wavenet ---- */

/* makemore's 76,579 parameters of the larger tree. */
static void test_wavenet_has_the_lectures_parameters(void **state) {
    (void)state;
    wavenet model;
    wavenet_config c = wavenet_defaults();
    c.vocab_size = V;
    assert_int_equal(wavenet_init(&model, &c, generator), ORE_OK);
    assert_int_equal(ore_module_parameter_count(&model.net.module, false), 76579);
    assert_int_equal(model.net.layer_count, 3);
    wavenet_free(&model);
    c.n_embd = 10;
    c.n_hidden = 68;
    assert_int_equal(wavenet_init(&model, &c, generator), ORE_OK);
    assert_int_equal(ore_module_parameter_count(&model.net.module, false), 22397);
    wavenet_free(&model);
    wavenet_free(&model);
}

/* A tree of one level over two tokens is a perceptron over them. */
static void test_a_wavenet_of_one_level_is_a_perceptron(void **state) {
    (void)state;
    wavenet tree;
    mlp flat;
    wavenet_config wc = {V, 2, 5, 7, true, ACTIVATION_TANH};
    mlp_config mc = {V, 2, 5, 7, 1, true, ACTIVATION_TANH};
    ore_generator *a = ore_generator_new(3), *b = ore_generator_new(3);
    assert_int_equal(wavenet_init(&tree, &wc, a), ORE_OK);
    assert_int_equal(mlp_init(&flat, &mc, b), ORE_OK);
    ore_tensor *x = ids(16, 2);
    assert_true(same(wavenet_forward(&tree, x), mlp_forward(&flat, x)));
    ore_generator_free(b);
    ore_generator_free(a);
    mlp_free(&flat);
    wavenet_free(&tree);
}

/* Swapping the two halves of a context changes the result; a change of the first token reaches it
 * through every level; statistics are over all places of a level. */
static void test_wavenet_sees_the_whole_context(void **state) {
    (void)state;
    wavenet model;
    wavenet_config c = {V, 8, 6, 10, true, ACTIVATION_TANH};
    assert_int_equal(wavenet_init(&model, &c, generator), ORE_OK);
    ore_module_eval(&model.net.module);
    ore_tensor *x = ids(1, 8);
    ore_tensor *before = wavenet_forward(&model, x);
    for (int t = 0; t < 8; t++) {
        ore_tensor *other = ore_clone(x);
        int64_t *id = (int64_t *)ore_data_mut(other) + t;
        *id = (*id + 1) % V;
        assert_false(same(before, wavenet_forward(&model, other)));
    }
    ore_module_train(&model.net.module, true);
    wavenet_forward(&model, ids(32, 8));
    for (int64_t i = 0; i < model.net.layer_count; i++)
        assert_int_equal(ore_item_int(model.net.layers[i].norm.num_batches_tracked), 1);
    wavenet_free(&model);
}

static void test_wavenet_faults(void **state) {
    (void)state;
    static const int64_t wrong[] = {-8, 0, 1, 3, 6, 12};
    wavenet model;
    wavenet_config c = wavenet_defaults();
    c.vocab_size = V;
    for (int i = 0; i < 6; i++) {
        char line[96];
        c.block_size = wrong[i];
        assert_int_equal(wavenet_init(&model, &c, generator), ORE_INVALID);
        snprintf(line, sizeof line, "wavenet: block_size %d, expected %s", (int)wrong[i],
                 wrong[i] < 2 ? "2 <= block_size <= 1048576"
                              : "a power of two, since tokens are joined in pairs");
        invalid(NULL, line);
        assert_int_equal(wavenet_layers(wrong[i]), 0);
    }
    assert_int_equal(wavenet_layers(2), 1);
    assert_int_equal(wavenet_layers(1024), 10);
    c.block_size = 8;
    assert_int_equal(wavenet_init(&model, &c, generator), ORE_OK);
    invalid(wavenet_forward(&model, ids(4, 4)), "wavenet: ids (4, 4), expected (N, 8)");
    wavenet_free(&model);
}

/* ---- all ---- */

/* Every parameter gets a gradient, also through relu and gelu. */
static void test_gradients_reach_every_parameter(void **state) {
    (void)state;
    const model_activation activations[] = {ACTIVATION_TANH, ACTIVATION_RELU, ACTIVATION_GELU};
    for (int i = 0; i < 3; i++) {
        wavenet model;
        wavenet_config c = {V, 4, 6, 10, i % 2 == 0, activations[i]};
        assert_int_equal(wavenet_init(&model, &c, generator), ORE_OK);
        ore_tensor *loss = ore_cross_entropy(wavenet_forward(&model, ids(64, 4)),
                                             ore_select(ids(64, 1), 1, 0), NULL);
        assert_int_equal(ore_backward(loss), ORE_OK);
        ore_tensor_list parameters = ore_module_parameters(&model.net.module);
        for (int64_t p = 0; p < parameters.count; p++) {
            ore_tensor *gradient = ore_grad(parameters.items[p].tensor);
            assert_non_null(gradient);
            assert_true(ore_item(ore_sum(ore_abs(gradient), ORE_ALL, false)) > 0);
        }
        ore_tensor_list_free(&parameters);
        wavenet_free(&model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bigram, before, after),
        cmocka_unit_test_setup_teardown(test_bigram_faults, before, after),
        cmocka_unit_test_setup_teardown(test_mlp_has_the_lectures_parameters, before, after),
        cmocka_unit_test_setup_teardown(test_mlp_names, before, after),
        cmocka_unit_test_setup_teardown(test_mlp_starts_well, before, after),
        cmocka_unit_test_setup_teardown(test_mlp_by_hand, before, after),
        cmocka_unit_test_setup_teardown(test_mlp_faults, before, after),
        cmocka_unit_test_setup_teardown(test_wavenet_has_the_lectures_parameters, before, after),
        cmocka_unit_test_setup_teardown(test_a_wavenet_of_one_level_is_a_perceptron, before, after),
        cmocka_unit_test_setup_teardown(test_wavenet_sees_the_whole_context, before, after),
        cmocka_unit_test_setup_teardown(test_wavenet_faults, before, after),
        cmocka_unit_test_setup_teardown(test_gradients_reach_every_parameter, before, after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
