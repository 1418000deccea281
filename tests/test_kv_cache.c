/* test_kv_cache.c: a step with kept keys and values gives the bits of the whole forward pass. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "models/gpt/gpt.h"
#include "support/errors.h"

enum { VOCAB = 11 };

static gpt_config small(int64_t n_embd, int64_t n_head, int64_t block_size) {
    gpt_config c = gpt_defaults();
    c.n_layer = 2;
    c.n_head = n_head;
    c.n_embd = n_embd;
    c.block_size = block_size;
    c.vocab_size = VOCAB;
    return c;
}

/* Weights large enough that attention and norms matter. */
static void build(gpt *model, const gpt_config *c, ore_generator *g) {
    assert_int_equal(gpt_init(model, c, g), ORE_OK);
    ore_module_eval(&model->module);
    ore_tensor_list parameters = ore_module_parameters(&model->module);
    ore_no_grad_begin();
    for (int64_t i = 0; i < parameters.count; i++)
        ore_normal_(parameters.items[i].tensor, 0, 0.3, g);
    ore_no_grad_end();
    ore_tensor_list_free(&parameters);
}

static ore_tensor *random_ids(int64_t B, int64_t T, ore_generator *g) {
    return ore_randint(0, VOCAB, ORE_SHAPE(B, T), ORE_INT64, g);
}

static void assert_same_bits(ore_tensor *a, ore_tensor *b) {
    assert_true(ore_ok());
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    a = ore_contiguous(a);
    b = ore_contiguous(b);
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    assert_memory_equal(ore_data(a), ore_data(b), bytes);
}

/* Steps of `lengths` tokens (ends with 0), again from the front, until all of x (B, T) is read; the
 * logits after each are the whole's. */
static void assert_steps_equal(const gpt *model, ore_kv_cache *cache, ore_tensor *x,
                               ore_tensor *whole, const int64_t *lengths) {
    int64_t T = ore_size(x, 1);
    assert_int_equal(ore_kv_cache_truncate(cache, 0), ORE_OK);
    for (int64_t at = 0, i = 0; at < T; i++) {
        if (lengths[i] == 0)
            i = 0;
        int64_t n = lengths[i] < T - at ? lengths[i] : T - at;
        ore_tensor *logits = gpt_step(model, cache, ore_narrow(x, 1, at, n));
        at += n;
        assert_int_equal(ore_kv_cache_length(cache), at);
        assert_same_bits(logits, ore_select(whole, 1, at - 1));
        if (at <= 20) /* a scalar pass over more tokens takes long */
            assert_same_bits(logits, gpt_forward_last(model, ore_narrow(x, 1, 0, at)));
    }
}

static void check_every_split(const gpt_config *c, int64_t B, ore_generator *g) {
    static const int64_t splits[][4] = {{1, 0},       {2, 0},  {3, 1, 0},  {1, 4, 0},
                                        {7, 1, 1, 0}, {13, 0}, {64, 1, 0}, {1000, 0}};
    gpt model;
    build(&model, c, g);
    ore_no_grad_begin();
    ore_kv_cache *cache = gpt_cache_new(&model, B);
    ore_tensor *x = random_ids(B, c->block_size, g), *whole = gpt_forward(&model, x);
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        ore_scope_begin();
        assert_steps_equal(&model, cache, x, whole, splits[i]);
        ore_scope_end();
    }
    ore_kv_cache_free(cache);
    ore_no_grad_end();
    gpt_free(&model);
}

static void every_config_steps_to_the_same_bits(void **state) {
    (void)state;
    for (int variant = 0; variant < 64; variant++) {
        gpt_config c = small(8, 2, 9);
        c.norm = variant & 1 ? GPT_POST_NORM : GPT_PRE_NORM;
        c.positions = variant & 2 ? GPT_SINUSOIDAL : GPT_LEARNED;
        c.tie_weights = (variant & 4) != 0;
        c.bias_qkv = c.bias_head = (variant & 8) != 0;
        c.bias_linear = c.bias_norm = !(variant & 8);
        c.final_norm = (variant & 16) != 0;
        c.activation = (model_activation)(variant % (ACTIVATION_RELU + 1));
        c.attn_dropout = c.resid_dropout = c.mlp_dropout = variant & 32 ? 0.1 : 0;
        ore_scope_begin();
        ore_generator *g = ore_generator_new((uint64_t)variant);
        check_every_split(&c, variant & 1 ? 1 : 3, g);
        ore_generator_free(g);
        ore_scope_end();
    }
}

/* Channels, heads and lengths on both sides of vectors, tiles, blocks of keys, small products. */
static void every_size_steps_to_the_same_bits(void **state) {
    static const int64_t sizes[][4] = {/* C, H, block, B */
                                       {1, 1, 5, 1},    {2, 1, 17, 2},   {6, 3, 30, 1},
                                       {16, 1, 20, 1},  {16, 4, 20, 4},  {17, 1, 14, 2},
                                       {24, 2, 100, 1}, {36, 4, 40, 33}, {64, 4, 32, 1},
                                       {72, 2, 130, 2}, {192, 3, 200, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        gpt_config c = small(sizes[i][0], sizes[i][1], sizes[i][2]);
        ore_scope_begin();
        ore_generator *g = ore_generator_new(100 + i);
        check_every_split(&c, sizes[i][3], g);
        ore_generator_free(g);
        ore_scope_end();
    }
}

static void float64_steps_to_the_same_bits(void **state) {
    (void)state;
    gpt_config c = small(24, 2, 30);
    gpt model;
    ore_generator *g = ore_generator_new(5);
    build(&model, &c, g);
    assert_int_equal(ore_module_to(&model.module, ORE_FLOAT64), ORE_OK);
    ore_no_grad_begin();
    ore_kv_cache *cache = gpt_cache_new(&model, 2);
    ore_tensor *x = random_ids(2, 30, g), *whole = gpt_forward(&model, x);
    assert_int_equal(ore_tensor_dtype(whole), ORE_FLOAT64);
    assert_steps_equal(&model, cache, x, whole, (int64_t[]){5, 1, 1, 0});
    ore_kv_cache_free(cache);
    ore_no_grad_end();
    gpt_free(&model);
    ore_generator_free(g);
}

/* A sequence is given the same logits alone and beside others, by one thread and by three. */
static void neighbours_and_threads_change_nothing(void **state) {
    enum { B = 5, T = 40 };
    (void)state;
    gpt_config c = small(64, 4, T);
    gpt model;
    ore_generator *g = ore_generator_new(6);
    int threads = ore_num_threads();
    build(&model, &c, g);
    ore_no_grad_begin();
    ore_kv_cache *cache = gpt_cache_new(&model, B), *alone = gpt_cache_new(&model, 1);
    ore_tensor *x = random_ids(B, T, g);
    for (int64_t t = 0; t < T; t++) {
        ore_tensor *one = ore_narrow(x, 1, t, 1); /* (B, 1) */
        ore_set_num_threads(3);
        ore_tensor *logits = gpt_step(&model, cache, one);
        ore_set_num_threads(1);
        assert_same_bits(gpt_step(&model, alone, ore_narrow(one, 0, 2, 1)),
                         ore_narrow(logits, 0, 2, 1));
    }
    ore_set_num_threads(threads);
    ore_kv_cache_free(cache);
    ore_kv_cache_free(alone);
    ore_no_grad_end();
    gpt_free(&model);
    ore_generator_free(g);
}

/* ---- a window that has moved ---- */

/* Past block_size tokens the positions of all change: the cache is cut to 0 and filled again. */
static void a_moved_window_is_read_again(void **state) {
    (void)state;
    for (int learned = 0; learned < 2; learned++) {
        gpt_config c = small(8, 2, 6);
        c.positions = learned ? GPT_LEARNED : GPT_SINUSOIDAL;
        gpt model;
        ore_scope_begin();
        ore_no_grad_begin();
        ore_generator *g = ore_generator_new(7);
        build(&model, &c, g);
        ore_kv_cache *cache = gpt_cache_new(&model, 1);
        ore_tensor *text = random_ids(1, 20, g);
        for (int64_t end = 1; end <= 20; end++) {
            int64_t start = end > c.block_size ? end - c.block_size : 0;
            ore_tensor *window = ore_narrow(text, 1, start, end - start), *fresh = window;
            if (start == 0)
                fresh = ore_narrow(text, 1, end - 1, 1);
            else
                ore_kv_cache_truncate(cache, 0);
            assert_same_bits(gpt_step(&model, cache, fresh), gpt_forward_last(&model, window));
        }
        ore_kv_cache_free(cache);
        gpt_free(&model);
        ore_generator_free(g);
        ore_no_grad_end();
        ore_scope_end();
    }
}

/* Cut back, it goes on with other tokens as if the forgotten ones had never been. */
static void a_cut_cache_goes_on_elsewhere(void **state) {
    (void)state;
    gpt_config c = small(24, 2, 30);
    gpt model;
    ore_no_grad_begin();
    ore_generator *g = ore_generator_new(8);
    build(&model, &c, g);
    ore_kv_cache *cache = gpt_cache_new(&model, 2);
    ore_tensor *x = random_ids(2, 30, g), *other = random_ids(2, 9, g);
    gpt_step(&model, cache, x);
    assert_int_equal(ore_kv_cache_truncate(cache, 13), ORE_OK);
    ore_tensor *both[] = {ore_narrow(x, 1, 0, 13), other};
    assert_same_bits(gpt_step(&model, cache, other), gpt_forward_last(&model, ore_cat(both, 2, 1)));
    assert_int_equal(ore_kv_cache_length(cache), 22);
    ore_kv_cache_free(cache);
    gpt_free(&model);
    ore_generator_free(g);
    ore_no_grad_end();
}

/* ---- memory ---- */

/* Nor does it copy what the cache holds: of one layer's keys alone that would be 225 KiB. */
static void a_steady_step_takes_nothing_from_the_system(void **state) {
    enum { HELD = 900, STEPS = 30, WARMUP = 3, KEYS_BYTES = HELD * 64 * sizeof(float) };
    (void)state;
    gpt_config c = small(64, 4, HELD + STEPS);
    gpt model;
    ore_memory_stats before, after;
    ore_no_grad_begin();
    ore_generator *g = ore_generator_new(9);
    build(&model, &c, g);
    ore_kv_cache *cache = gpt_cache_new(&model, 1);
    ore_tensor *x = random_ids(1, c.block_size, g);
    ore_scope_begin();
    gpt_step(&model, cache, ore_narrow(x, 1, 0, HELD));
    ore_scope_end();
    for (int64_t t = 0; t < STEPS; t++) {
        ore_scope_begin();
        gpt_step(&model, cache, ore_narrow(x, 1, HELD + t, 1));
        ore_scope_end();
        if (t == WARMUP) {
            ore_memory_reset_peak();
            ore_memory_read(&before);
        }
    }
    ore_memory_read(&after);
    assert_true(ore_ok());
#ifndef __SANITIZE_ADDRESS__ /* there every block comes from the system */
    assert_int_equal(after.system_calls - before.system_calls, 0);
#endif
    assert_true(after.peak_bytes - before.in_use_bytes < KEYS_BYTES / 2);
    ore_kv_cache_free(cache);
    gpt_free(&model);
    ore_generator_free(g);
    ore_no_grad_end();
}

/* ---- misuse ---- */

static void caches_of_no_size_are_refused(void **state) {
    (void)state;
    assert_null(ore_kv_cache_new(0, ORE_SHAPE(1, 2, 3, 4), ORE_FLOAT32, ORE_CPU));
    assert_error_is(ORE_INVALID, "kv cache: 0 layers, expected 1 or more, below 2^31");
    assert_null(ore_kv_cache_new(1, ORE_SHAPE(1, 2, 0, 4), ORE_FLOAT32, ORE_CPU));
    assert_error_is(ORE_INVALID,
                    "kv cache: shape (1, 2, 0, 4), expected (B, H, max_T, D) of 1 or more each");
    assert_null(ore_kv_cache_new(1, ORE_SHAPE(2, 3, 4), ORE_FLOAT32, ORE_CPU));
    assert_error_is(ORE_INVALID,
                    "kv cache: shape (2, 3, 4), expected (B, H, max_T, D) of 1 or more each");
    assert_int_equal(ore_kv_cache_layers(NULL), 0);
    assert_int_equal(ore_kv_cache_length(NULL), 0);
    assert_int_equal(ore_kv_cache_shape(NULL).ndim, 0);
    assert_int_equal(ore_kv_cache_truncate(NULL, 0), ORE_INVALID);
    assert_error_is(ORE_INVALID, "kv cache: expected one, got NULL");
    ore_kv_cache_free(NULL);
}

static void wrong_keys_and_values_are_refused(void **state) {
    (void)state;
    ore_kv_cache *cache = ore_kv_cache_new(2, ORE_SHAPE(1, 2, 5, 3), ORE_FLOAT32, ORE_CPU);
    assert_int_equal(ore_kv_cache_layers(cache), 2);
    assert_true(ore_shape_equal(ore_kv_cache_shape(cache), ORE_SHAPE(1, 2, 5, 3)));
    ore_tensor *k = ore_ones(ORE_SHAPE(1, 2, 4, 3), ORE_FLOAT32);
    assert_null(ore_kv_cache_put(cache, 0, k, k).k);
    assert_error_is(ORE_STATE, "kv cache: gradients do not pass through it; take steps between "
                               "ore_no_grad_begin and ore_no_grad_end");
    ore_no_grad_begin();
    assert_null(ore_kv_cache_put(cache, 2, k, k).k);
    assert_error_is(ORE_INVALID, "kv cache: layer 2, expected 0 .. 1");
    assert_null(ore_kv_cache_put(cache, 0, k, NULL).v);
    assert_error_is(ORE_INVALID, "kv cache: k or v is NULL");
    assert_null(ore_kv_cache_put(cache, 0, k, ore_ones(ORE_SHAPE(1, 2, 3, 3), ORE_FLOAT32)).k);
    assert_error_is(ORE_INVALID, "kv cache: k (1, 2, 4, 3), v (1, 2, 3, 3), expected (1, 2, 4, 3) "
                                 "with any number of tokens");
    assert_null(ore_kv_cache_put(cache, 0, k, ore_to(k, ORE_FLOAT64)).k);
    assert_error_is(ORE_INVALID, "kv cache: k of float32, v of float64, expected float32");
    ore_kv all = ore_kv_cache_put(cache, 0, k, k);
    assert_true(ore_shape_equal(ore_shape_of(all.k), ORE_SHAPE(1, 2, 4, 3)));
    assert_int_equal(ore_kv_cache_advance(cache, 4), ORE_STATE);
    assert_error_is(ORE_STATE, "kv cache: layer 1 was given 0 tokens, expected 4");
    assert_int_equal(ore_kv_cache_length(cache), 0);
    ore_kv_cache_put(cache, 1, k, k);
    assert_int_equal(ore_kv_cache_advance(cache, 4), ORE_OK);
    assert_null(ore_kv_cache_put(cache, 0, k, k).k);
    assert_error_is(ORE_INVALID, "kv cache: 4 tokens after 4, expected at most 5 in all");
    assert_int_equal(ore_kv_cache_truncate(cache, 5), ORE_INVALID);
    assert_error_is(ORE_INVALID, "kv cache: cannot be cut to 5 of the 4 tokens it holds");
    ore_no_grad_end();
    ore_kv_cache_free(cache);
}

/* Each leaves the cache as it was. */
static void wrong_steps_are_refused(void **state) {
    (void)state;
    gpt_config c = small(8, 2, 6);
    gpt model;
    ore_generator *g = ore_generator_new(9);
    build(&model, &c, g);
    ore_kv_cache *cache = gpt_cache_new(&model, 2);
    ore_kv_cache *other = ore_kv_cache_new(2, ORE_SHAPE(2, 4, 6, 2), ORE_FLOAT32, ORE_CPU);
    ore_tensor *x = random_ids(2, 4, g);
    assert_null(gpt_step(&model, cache, x));
    assert_error(ORE_STATE, "kv cache: gradients do not pass through it");
    ore_no_grad_begin();
    ore_tensor *first = gpt_step(&model, cache, x);
    assert_null(gpt_step(&model, NULL, x));
    assert_error_is(ORE_INVALID, "gpt: a step needs a cache, got NULL");
    assert_null(gpt_step(&model, other, x));
    assert_error_is(ORE_INVALID,
                    "gpt: a cache of 2 layers (2, 4, 6, 2), expected 2 layers (B, 2, T, 4)");
    assert_null(gpt_step(&model, cache, x));
    assert_error_is(ORE_INVALID,
                    "gpt: 4 tokens after the 4 in the cache, expected at most 6 in all");
    assert_null(gpt_step(&model, cache, random_ids(3, 1, g)));
    assert_error_is(ORE_INVALID, "gpt: ids of 3 sequences, expected 2, as in the cache");
    assert_null(gpt_step(&model, cache, random_ids(2, 7, g)));
    assert_error_is(ORE_INVALID, "gpt: ids (2, 7), expected (B, T) with 1 <= T <= block_size 6");
    assert_null(gpt_step(&model, cache, ore_full(ORE_SHAPE(2, 1), VOCAB, ORE_INT64)));
    ore_error_clear();
    assert_int_equal(ore_kv_cache_length(cache), 4);
    assert_int_equal(ore_kv_cache_truncate(cache, 0), ORE_OK);
    assert_same_bits(gpt_step(&model, cache, x), first);
    ore_no_grad_end();
    ore_kv_cache_free(cache);
    ore_kv_cache_free(other);
    gpt_free(&model);
    ore_generator_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_config_steps_to_the_same_bits, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(every_size_steps_to_the_same_bits, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(float64_steps_to_the_same_bits, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(neighbours_and_threads_change_nothing, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_moved_window_is_read_again, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_cut_cache_goes_on_elsewhere, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_steady_step_takes_nothing_from_the_system, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(caches_of_no_size_are_refused, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(wrong_keys_and_values_are_refused, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(wrong_steps_are_refused, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
