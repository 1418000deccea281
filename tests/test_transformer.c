/* test_transformer.c: multi-head attention and the layers of transformers: names, masks, dropout,
 * parts, errors. tests/torch_compare_transformer.py compares their values with PyTorch's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "support/errors.h"
#include "support/modules.h"
#include "support/numbers.h"

enum { B = 2, T = 5, S = 7, E = 12, H = 4 };

static void assert_all_near(const ore_tensor *got, const ore_tensor *want) {
    assert_true(got && want && ore_shape_equal(ore_shape_of(got), ore_shape_of(want)));
    ore_tensor *a = ore_contiguous((ore_tensor *)got), *b = ore_contiguous((ore_tensor *)want);
    for (int64_t i = 0; i < ore_numel(a); i++)
        assert_near(value_at(a, i), value_at(b, i), 2e-6);
}

static ore_tensor *sequences(int64_t time) {
    return ore_randn(ORE_SHAPE(B, time, E), ORE_FLOAT32, NULL);
}

static void new_attention(ore_multihead_attention *m, double dropout) {
    ore_multihead_attention_options o = ore_multihead_attention_defaults();
    o.batch_first = true;
    o.dropout = dropout;
    assert_int_equal(ore_multihead_attention_init(m, NULL, NULL, E, H, &o), ORE_OK);
}

/* ---- names ---- */

static void states_have_pytorchs_names(void **state) {
    (void)state;
    ore_multihead_attention m;
    ore_multihead_attention_options o = ore_multihead_attention_defaults();
    o.add_bias_kv = true;
    o.kdim = 3;
    o.vdim = 5;
    ore_multihead_attention_init(&m, NULL, NULL, E, H, &o);
    assert_names(ore_module_state(&m.module),
                 NAMES("q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "bias_k",
                       "bias_v", "out_proj.weight", "out_proj.bias"));
    ore_module_free(&m.module);
    ore_transformer_decoder decoder;
    ore_transformer_decoder_layer layer;
    ore_transformer_options bare = ore_transformer_defaults();
    bare.bias = false;
    ore_transformer_decoder_init(&decoder, NULL, NULL, &layer, 1, E, H, true, &bare);
    assert_names(ore_module_state(&decoder.module),
                 NAMES("layers.0.self_attn.in_proj_weight", "layers.0.self_attn.out_proj.weight",
                       "layers.0.multihead_attn.in_proj_weight",
                       "layers.0.multihead_attn.out_proj.weight", "layers.0.linear1.weight",
                       "layers.0.linear2.weight", "layers.0.norm1.weight", "layers.0.norm2.weight",
                       "layers.0.norm3.weight", "norm.weight"));
    ore_module_free(&decoder.module);
    ore_multi_query_attention_init(&m, NULL, NULL, E, H, NULL);
    assert_int_equal(ore_size(m.in_proj_weight, 0), E + 2 * E / H);
    ore_module_free(&m.module);
}

static void layers_of_a_stack_begin_alike(void **state) {
    (void)state;
    ore_transformer_encoder encoder;
    ore_transformer_encoder_layer layers[2], alone;
    ore_generator *g = ore_generator_new(7), *again = ore_generator_new(7);
    ore_transformer_options o = ore_transformer_defaults();
    o.generator = g;
    ore_transformer_encoder_init(&encoder, NULL, NULL, layers, 2, E, H, false, &o);
    o.generator = again;
    ore_transformer_encoder_layer_init(&alone, NULL, NULL, E, H, &o);
    assert_all_near(layers[1].linear2.weight, alone.linear2.weight);
    assert_all_near(layers[0].self_attn.in_proj_weight, alone.self_attn.in_proj_weight);
    ore_module_eval(&encoder.module);
    ore_module_eval(&alone.module);
    ore_tensor *x = sequences(T);
    assert_all_near(ore_transformer_encoder_layer_forward(&layers[1], x, NULL),
                    ore_transformer_encoder_layer_forward(&alone, x, NULL));
    assert_all_near(ore_rand(ORE_SHAPE(3), ORE_FLOAT32, g),
                    ore_rand(ORE_SHAPE(3), ORE_FLOAT32, again));
    ore_generator_free(g);
    ore_generator_free(again);
    ore_module_free(&encoder.module);
    ore_module_free(&alone.module);
}

/* ---- masks ---- */

static void masks_say_the_same_in_several_ways(void **state) {
    (void)state;
    ore_multihead_attention m;
    new_attention(&m, 0);
    ore_tensor *x = sequences(T), *memory = sequences(S);
    ore_multihead_mask causal = {.causal = true};
    ore_multihead_mask explicit = {.attn_mask = ore_square_subsequent_mask(T, ORE_FLOAT32)};
    assert_all_near(ore_self_attention_forward(&m, x, &causal),
                    ore_self_attention_forward(&m, x, &explicit));
    ore_tensor *lengths = ore_from_data((int64_t[]){S, 3}, ORE_SHAPE(B), ORE_INT64);
    ore_multihead_mask by_length = {.key_lengths = lengths};
    ore_tensor *beyond = ore_ge(ore_arange(0, S, 1, ORE_INT64), ore_unsqueeze(lengths, 1));
    ore_multihead_mask by_padding = {.key_padding_mask = beyond};
    ore_tensor *y = ore_cross_attention_forward(&m, x, memory, &by_length);
    assert_all_near(y, ore_cross_attention_forward(&m, x, memory, &by_padding));
    ore_tensor *cut = ore_narrow(memory, 1, 0, 3);
    assert_all_near(ore_select(y, 0, 1),
                    ore_select(ore_cross_attention_forward(&m, x, cut, NULL), 0, 1));
    ore_module_free(&m.module);
}

static void who_sees_nothing_gets_zeros(void **state) {
    (void)state;
    ore_multihead_attention m;
    new_attention(&m, 0);
    ore_init_constant(m.out_proj.bias, 3);
    ore_tensor *x = ore_set_requires_grad(sequences(T), true), *weights;
    ore_multihead_mask none = {.key_lengths =
                                   ore_from_data((int64_t[]){T, 0}, ORE_SHAPE(B), ORE_INT64)};
    for (int asks = 0; asks < 2; asks++) {
        ore_tensor *y = asks ? ore_multihead_attention_weights(&m, x, x, x, &none, true, &weights)
                             : ore_multihead_attention_forward(&m, x, x, x, &none);
        assert_all_near(ore_select(y, 0, 1), ore_full(ORE_SHAPE(T, E), 3, ORE_FLOAT32));
        if (asks)
            assert_all_near(ore_select(weights, 0, 1), ore_zeros(ORE_SHAPE(T, T), ORE_FLOAT32));
        ore_set_grad(x, NULL);
        ore_backward(ore_sum(ore_select(y, 0, 1), ORE_ALL, false));
        assert_all_near(ore_grad(x), ore_zeros_like(x));
    }
    ore_module_free(&m.module);
}

static void weights_are_of_each_head_or_their_mean(void **state) {
    (void)state;
    ore_multihead_attention m;
    new_attention(&m, 0);
    ore_tensor *x = sequences(T), *memory = sequences(S), *mean, *each;
    ore_tensor *y = ore_multihead_attention_weights(&m, x, memory, memory, NULL, true, &mean);
    assert_all_near(y, ore_cross_attention_forward(&m, x, memory, NULL));
    ore_multihead_attention_weights(&m, x, memory, memory, NULL, false, &each);
    assert_true(ore_shape_equal(ore_shape_of(each), ORE_SHAPE(B, H, T, S)));
    assert_all_near(ore_mean(each, ORE_DIMS(1), false), mean);
    assert_all_near(ore_sum(each, ORE_DIMS(-1), false), ore_ones(ORE_SHAPE(B, H, T), ORE_FLOAT32));
    ore_module_free(&m.module);
}

/* ---- dropout ---- */

static void dropout_draws_the_same_with_and_without_weights(void **state) {
    (void)state;
    ore_multihead_attention m;
    new_attention(&m, 0.5);
    ore_tensor *x = sequences(T), *weights;
    m.dropout_generator = ore_generator_new(3);
    ore_tensor *fused = ore_self_attention_forward(&m, x, NULL);
    ore_generator_seed(m.dropout_generator, 3);
    assert_all_near(fused, ore_multihead_attention_weights(&m, x, x, x, NULL, true, &weights));
    ore_module_eval(&m.module);
    assert_true(fabs(value_at(ore_self_attention_forward(&m, x, NULL), 0) - value_at(fused, 0)) >
                1e-4);
    ore_generator_free(m.dropout_generator);
    ore_module_free(&m.module);
}

static void dropout_acts_while_a_layer_trains(void **state) {
    (void)state;
    ore_transformer t;
    ore_transformer_encoder_layer encoder[2];
    ore_transformer_decoder_layer decoder[2];
    ore_generator *g = ore_generator_new(5);
    ore_transformer_options o = ore_transformer_defaults();
    o.batch_first = true;
    o.dim_feedforward = 9;
    o.dropout_generator = g;
    assert_int_equal(ore_transformer_init(&t, NULL, NULL, encoder, 2, decoder, 2, E, H, &o),
                     ORE_OK);
    ore_tensor *src = sequences(S), *tgt = sequences(T);
    ore_transformer_masks masks = {.tgt = {.causal = true}};
    ore_tensor *first = ore_transformer_forward(&t, src, tgt, &masks);
    ore_generator_seed(g, 5);
    assert_all_near(first, ore_transformer_forward(&t, src, tgt, &masks));
    ore_tensor *second = ore_transformer_forward(&t, src, tgt, &masks);
    assert_false(ore_allclose(first, second, 1e-3, 1e-3, false));
    ore_module_eval(&t.module);
    ore_tensor *memory = ore_transformer_encoder_forward(&t.encoder, src, NULL);
    ore_tensor *y = ore_transformer_decoder_forward(&t.decoder, tgt, memory, &masks.tgt, NULL);
    assert_all_near(y, ore_transformer_forward(&t, src, tgt, &masks));
    ore_generator_free(g);
    ore_module_free(&t.module);
}

/* ---- parts ---- */

static void the_parts_of_a_forward_make_it(void **state) {
    (void)state;
    ore_multihead_attention m;
    ore_multihead_attention_options o = ore_multihead_attention_defaults();
    o.batch_first = true;
    ore_grouped_query_attention_init(&m, NULL, NULL, E, H, H, &o);
    ore_tensor *x = sequences(T), *memory = sequences(S), *k, *v;
    ore_tensor *q = ore_multihead_attention_queries(&m, x);
    assert_int_equal(ore_multihead_attention_keys_values(&m, memory, &k, &v), ORE_OK);
    ore_tensor *y = ore_multihead_attention_join(&m, ore_attention(q, k, v, NULL));
    assert_all_near(y, ore_cross_attention_forward(&m, x, memory, NULL));
    assert_null(ore_multihead_attention_join(&m, ore_narrow(q, 1, 0, 1)));
    assert_error(ORE_INVALID, "multihead_attention: heads (2, 1, 5, 3), expected (B, 4, L, 3)");
    assert_null(ore_multihead_attention_queries(&m, ore_select(x, 0, 0)));
    assert_error(ORE_INVALID, "multihead_attention: (5, 12), expected (B, T, 12)");
    ore_module_free(&m.module);
}

/* ---- errors ---- */

static void options_that_do_not_fit_are_named(void **state) {
    (void)state;
    ore_module root;
    ore_module_init(&root, NULL, NULL);
    ore_multihead_attention m[5]; /* each stays in the tree */
    ore_lstm lstm;
    ore_gru_cell cell;
    ore_multihead_attention_init(&m[0], &root, "a", 10, 3, NULL);
    assert_error_is(ORE_INVALID, "a: multihead_attention: embed_dim 10, num_heads 3, expected at "
                                 "least 1 and heads that divide it");
    ore_grouped_query_attention_init(&m[1], &root, "b", 12, 4, 3, NULL);
    assert_error(ORE_INVALID, "b: multihead_attention: num_kv_heads 3, expected at least 1 that "
                              "divide the 4 heads");
    const int64_t wide = INT64_C(1) << 40;
    ore_multihead_attention_init(&m[4], &root, "w", wide, 4, NULL);
    assert_error_is(ORE_INVALID, "w: multihead_attention: embed_dim 1099511627776, expected at "
                                 "most 2147483647");
    ore_lstm_init(&lstm, &root, "x", 3, wide, NULL);
    assert_error(ORE_INVALID, "x: lstm: hidden_size 1099511627776, expected at most 2147483647");
    ore_gru_cell_init(&cell, &root, "y", 3, wide, NULL);
    assert_error(ORE_INVALID, "y: gru_cell: hidden_size 1099511627776, expected at most ");
    ore_multihead_attention_options o = ore_multihead_attention_defaults();
    o.kdim = -1;
    ore_multihead_attention_init(&m[2], &root, "c", 12, 4, &o);
    assert_error(ORE_INVALID, "c: multihead_attention: kdim -1, vdim 12, expected at least 1");
    o = ore_multihead_attention_defaults();
    o.dropout = 1.5;
    ore_multihead_attention_init(&m[3], &root, "d", 12, 4, &o);
    assert_error(ORE_INVALID, "d: multihead_attention: dropout 1.5, expected 0 <= dropout <= 1");
    ore_transformer_encoder encoder;
    ore_transformer_encoder_init(&encoder, &root, "e", NULL, 2, 12, 4, true, NULL);
    assert_error(ORE_INVALID, "e: transformer: num_layers 2 without room for them");
    ore_transformer_options none = ore_transformer_defaults();
    none.activation = NULL;
    ore_transformer_decoder_layer layer;
    ore_transformer_decoder_layer_init(&layer, &root, "f", 12, 4, &none);
    assert_error(ORE_INVALID, "f: transformer: the activation is NULL");
    ore_module_free(&root);
}

static void sequences_that_do_not_fit_are_named(void **state) {
    (void)state;
    ore_multihead_attention m;
    new_attention(&m, 0);
    ore_tensor *x = sequences(T), *memory = sequences(S);
    assert_null(ore_multihead_attention_forward(&m, x, memory, x, NULL));
    assert_error(
        ORE_INVALID,
        "multihead_attention: query (2, 5, 12), key (2, 7, 12), value (2, 5, 12), expected "
        "(B, T, ..) or (T, ..), of widths 12, 12 and 12, of one batch and as many values");
    assert_null(ore_self_attention_forward(&m, NULL, NULL));
    assert_error(ORE_INVALID, "multihead_attention: query, key or value is NULL");
    assert_null(ore_cross_attention_forward(&m, memory, x, &(ore_multihead_mask){.causal = true}));
    assert_error(ORE_INVALID, "7 queries over 5 keys, expected at most as many when causal");
    ore_multihead_mask mask = {.attn_mask = ore_ones(ORE_SHAPE(T, T + 1), ORE_BOOL)};
    assert_null(ore_self_attention_forward(&m, x, &mask));
    assert_error(ORE_INVALID, "attn_mask (5, 6), expected (5, 5) or (8, 5, 5)");
    mask = (ore_multihead_mask){.key_padding_mask = ore_ones(ORE_SHAPE(T, B), ORE_BOOL)};
    assert_null(ore_self_attention_forward(&m, x, &mask));
    assert_error(ORE_INVALID, "key_padding_mask (5, 2), expected (2, 5)");
    mask = (ore_multihead_mask){.key_padding_mask = ore_ones(ORE_SHAPE(B, T), ORE_INT64)};
    assert_null(ore_self_attention_forward(&m, x, &mask));
    assert_error(ORE_INVALID, "key_padding_mask of int64, expected bool or float32");
    mask = (ore_multihead_mask){.key_lengths = ore_ones(ORE_SHAPE(B), ORE_FLOAT32)};
    assert_null(ore_self_attention_forward(&m, x, &mask));
    assert_error(ORE_INVALID, "key_lengths (2,) of float32, expected (2,) of int64");
    ore_module_free(&m.module);
}

static void layers_name_what_came_in(void **state) {
    (void)state;
    ore_transformer_decoder_layer layer;
    ore_module root;
    ore_module_init(&root, NULL, NULL);
    ore_transformer_decoder_layer_init(&layer, &root, "layer", E, H, NULL);
    ore_tensor *x = sequences(T);
    assert_null(ore_transformer_decoder_layer_forward(&layer, x, ore_select(x, 0, 0), NULL, NULL));
    assert_error(ORE_INVALID, "layer: transformer: tgt (2, 5, 12), memory (5, 12), expected both "
                              "with a batch or none");
    assert_null(
        ore_transformer_decoder_layer_forward(&layer, ore_narrow(x, 2, 0, 3), x, NULL, NULL));
    assert_error(ORE_INVALID, "layer: transformer: tgt (2, 5, 3), expected two or three dims, the "
                              "last of 12");
    assert_null(
        ore_transformer_decoder_layer_forward(&layer, x, ore_narrow(x, 1, 0, 2), NULL, NULL));
    assert_error(ORE_INVALID, "layer: transformer: memory of 2 sequences, expected 5, as of tgt");
    ore_module_free(&root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(states_have_pytorchs_names, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(layers_of_a_stack_begin_alike, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(masks_say_the_same_in_several_ways, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(who_sees_nothing_gets_zeros, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(weights_are_of_each_head_or_their_mean, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(dropout_draws_the_same_with_and_without_weights,
                                        begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(dropout_acts_while_a_layer_trains, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(the_parts_of_a_forward_make_it, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(options_that_do_not_fit_are_named, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(sequences_that_do_not_fit_are_named, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(layers_name_what_came_in, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
