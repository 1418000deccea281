/* test_gpt.c: the transformer's shapes, names, counts and variants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "models/gpt/gpt.h"

static gpt_config small(void) {
    gpt_config c = gpt_defaults();
    c.n_layer = 2;
    c.n_head = 2;
    c.n_embd = 8;
    c.block_size = 6;
    c.vocab_size = 11;
    return c;
}

static ore_tensor *ids(int64_t B, int64_t T, ore_generator *g) {
    return ore_randint(0, 11, ORE_SHAPE(B, T), ORE_INT64, g);
}

/* Published sizes of GPT-2 small without biases: 124,337,664 with 786,432 positions. */
static void counts_match_gpt2(void **state) {
    (void)state;
    gpt_config c = gpt_defaults();
    c.n_layer = 1; /* the other eleven blocks add 7,079,424 each */
    c.n_head = 12;
    c.n_embd = 768;
    c.block_size = 1024;
    c.vocab_size = 50257;
    c.bias_qkv = c.bias_linear = c.bias_norm = false;
    gpt model;
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    int64_t one = ore_module_parameter_count(&model.module, false);
    gpt_free(&model);
    assert_int_equal(one + 11 * 7079424, 124337664 + 12 * 2 * 0);
}

static void names_follow_gpt2(void **state) {
    (void)state;
    gpt_config c = small();
    c.tie_weights = false;
    c.bias_head = true;
    gpt model;
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    static const char *const names[] = {"transformer.wte.weight",
                                        "transformer.wpe.weight",
                                        "transformer.h.1.ln_1.weight",
                                        "transformer.h.1.attn.c_attn.bias",
                                        "transformer.h.0.attn.c_proj.weight",
                                        "transformer.h.0.mlp.c_fc.weight",
                                        "transformer.h.1.mlp.c_proj.bias",
                                        "transformer.ln_f.bias",
                                        "lm_head.weight",
                                        "lm_head.bias"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(ore_module_tensor(&model.module, names[i]));
    ore_shape s = ore_shape_of(ore_module_tensor(&model.module, "transformer.h.0.mlp.c_fc.weight"));
    assert_true(ore_shape_equal(s, ORE_SHAPE(32, 8)));
    gpt_free(&model);
    assert_true(ore_ok());
}

/* Each prediction depends on the past alone, and the short form gives the last one. */
static void is_causal(void **state) {
    (void)state;
    gpt_config c = small();
    gpt model;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(3);
    assert_int_equal(gpt_init(&model, &c, g), ORE_OK);
    ore_tensor *x = ids(2, 6, g);
    ore_no_grad_begin();
    ore_tensor *whole = gpt_forward(&model, x);
    ore_tensor *front = gpt_forward(&model, ore_narrow(x, 1, 0, 4));
    ore_tensor *gap = ore_sub(ore_narrow(whole, 1, 0, 4), front);
    assert_true(ore_item(ore_amax(ore_abs(gap), ORE_ALL, false)) < 1e-6);
    ore_tensor *last = ore_sub(gpt_forward_last(&model, x), ore_select(whole, 1, -1));
    assert_true(ore_item(ore_amax(ore_abs(last), ORE_ALL, false)) < 1e-6);
    ore_no_grad_end();
    gpt_free(&model);
    ore_generator_free(g);
    ore_scope_end();
    assert_true(ore_ok());
}

static ore_tensor *loss_of(gpt *model, ore_tensor *x, ore_tensor *y) {
    ore_tensor *logits = gpt_forward(model, x);
    int64_t V = model->config.vocab_size;
    return ore_cross_entropy(ore_reshape(logits, ORE_SHAPE(-1, V)), ore_reshape(y, ORE_SHAPE(-1)),
                             NULL);
}

/* A few steps of every variant lower the loss on one batch, from about log V. */
static void every_variant_learns(void **state) {
    (void)state;
    for (int variant = 0; variant < 8; variant++) {
        gpt_config c = small();
        c.norm = variant & 1 ? GPT_POST_NORM : GPT_PRE_NORM;
        c.positions = variant & 2 ? GPT_SINUSOIDAL : GPT_LEARNED;
        c.tie_weights = !(variant & 4);
        c.activation = variant & 1 ? ACTIVATION_RELU : ACTIVATION_GELU;
        c.attn_dropout = c.resid_dropout = c.mlp_dropout = variant & 4 ? 0.1 : 0;
        gpt model;
        ore_scope_begin();
        ore_generator *g = ore_generator_new(5);
        assert_int_equal(gpt_init(&model, &c, g), ORE_OK);
        ore_tensor *x = ids(4, 6, g), *y = ids(4, 6, g);
        double first = ore_item(loss_of(&model, x, y)), last = first;
        assert_true(fabs(first - log(11)) < 0.3);
        ore_tensor_list parameters = ore_module_parameters(&model.module);
        for (int step = 0; step < 30; step++) {
            ore_scope_begin();
            ore_tensor *loss = loss_of(&model, x, y);
            ore_module_zero_grad(&model.module);
            assert_int_equal(ore_backward(loss), ORE_OK);
            last = ore_item(loss);
            ore_no_grad_begin();
            for (int64_t i = 0; i < parameters.count; i++) {
                ore_tensor *p = parameters.items[i].tensor;
                assert_non_null(ore_grad(p));
                ore_sub_(p, ore_mul_scalar(ore_grad(p), 0.3));
            }
            ore_no_grad_end();
            ore_scope_end();
        }
        ore_tensor_list_free(&parameters);
        assert_true(last < first - 0.05);
        gpt_free(&model);
        ore_generator_free(g);
        ore_scope_end();
        assert_true(ore_ok());
    }
}

static void assert_same_config(const gpt_config *a, const gpt_config *b) {
    char of_a[64], of_b[64];
    for (const config_field *f = gpt_family.fields; f->key; f++)
        assert_string_equal(config_text(f, a, of_a, sizeof of_a),
                            config_text(f, b, of_b, sizeof of_b));
}

static void config_survives_json(void **state) {
    (void)state;
    gpt_config c = small(), back = gpt_defaults();
    c.norm = GPT_POST_NORM;
    c.activation = ACTIVATION_RELU;
    c.attn_dropout = 0.14;
    ore_json *o = ore_json_object_new();
    assert_int_equal(config_write(gpt_family.fields, &c, o), ORE_OK);
    assert_int_equal(config_read(gpt_family.fields, &back, o), ORE_OK);
    assert_same_config(&back, &c);
    ore_json_set_string(o, "activation", "swish");
    assert_int_equal(config_read(gpt_family.fields, &back, o), ORE_DATA);
    assert_string_equal(ore_error_message(),
                        "activation swish: expected gelu, gelu_tanh, relu or silu");
    ore_error_clear();
    ore_json_free(o);
}

static void bad_configs_are_refused(void **state) {
    (void)state;
    gpt model;
    gpt_config c = small();
    c.n_head = 3;
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "gpt: n_head 3 does not divide n_embd 8; every head takes an equal "
                        "share of the channels");
    ore_error_clear();
    c = small();
    c.vocab_size = 0;
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "gpt: vocab_size 0, expected 1 <= vocab_size <= 16777216");
    ore_error_clear();
    c = small();
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    ore_scope_begin();
    assert_null(gpt_forward(&model, ids(1, 7, NULL)));
    assert_string_equal(ore_error_message(),
                        "gpt: ids (1, 7), expected (B, T) with 1 <= T <= block_size 6");
    ore_error_clear();
    ore_scope_end();
    gpt_free(&model);
}

/* Rows of several documents give the logits that each document gives alone. */
static void documents_are_alone(void **state) {
    (void)state;
    static const int64_t numbers[] = {0, 0, 1, 1, 1, 2, 0, 1, 1, 1, 1, 1};
    for (int positions = GPT_LEARNED; positions <= GPT_ROTARY; positions++) {
        gpt_config c = small();
        gpt model;
        c.positions = (gpt_positions)positions;
        ore_generator *g = ore_generator_new(3);
        assert_int_equal(gpt_init(&model, &c, g), ORE_OK);
        ore_scope_begin();
        ore_no_grad_begin();
        ore_tensor *x = ids(2, 6, g);
        ore_tensor *documents = ore_from_data(numbers, ORE_SHAPE(2, 6), ORE_INT64);
        const float *packed = ore_data(gpt_forward_documents(&model, x, documents)); /* (2, 6, V) */
        assert_non_null(packed);
        for (int row = 0; row < 2; row++)
            for (int from = 0, to; from < 6; from = to) {
                for (to = from + 1; to < 6 && numbers[6 * row + to] == numbers[6 * row + from];)
                    to++;
                ore_tensor *one = ore_narrow(ore_narrow(x, 0, row, 1), 1, from, to - from);
                const float *alone = ore_data(gpt_forward(&model, one));
                for (int i = 0; i < (to - from) * 11; i++)
                    assert_true(fabsf(alone[i] - packed[(6 * row + from) * 11 + i]) < 1e-5f);
            }
        ore_no_grad_end();
        ore_scope_end();
        gpt_free(&model);
        ore_generator_free(g);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_match_gpt2),
        cmocka_unit_test(names_follow_gpt2),
        cmocka_unit_test(is_causal),
        cmocka_unit_test(every_variant_learns),
        cmocka_unit_test(config_survives_json),
        cmocka_unit_test(bad_configs_are_refused),
        cmocka_unit_test(documents_are_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
