/* What test_random's golden rows leave open: saved states, seeds, views, dtypes, errors. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <math.h>

#include <cmocka.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "support/errors.h"

static void assert_same(ore_tensor *a, ore_tensor *b) {
    if (!a || !b)
        fail_msg("%s", ore_error_message());
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    assert_int_equal(ore_tensor_dtype(a), ore_tensor_dtype(b));
    size_t bytes = (size_t)ore_numel(a) * ore_dtype_size(ore_tensor_dtype(a));
    static char from_a[1 << 16], from_b[1 << 16];
    assert_true(bytes <= sizeof from_a);
    assert_int_equal(ore_copy_out(a, from_a, bytes), ORE_OK);
    assert_int_equal(ore_copy_out(b, from_b, bytes), ORE_OK);
    assert_memory_equal(from_a, from_b, bytes);
}

/* The next word's low 31 bits. */
static int64_t next_word(ore_generator *g) {
    return ore_item_int(ore_random_(ore_empty(ORE_SCALAR, ORE_INT32), 0, 0, g));
}

/* ---- generators ---- */

static void test_state_restores_mid_stream(void **state) {
    (void)state;
    uint8_t saved[ORE_GENERATOR_STATE_BYTES];
    ore_scope_begin();
    for (int skip = 0; skip < 700; skip += 23) {
        ore_generator *g = ore_generator_new(42), *other = ore_generator_new(7);
        ore_rand(ORE_SHAPE(skip), ORE_FLOAT32, g);
        ore_randn(ORE_SHAPE(1 + skip % 2), ORE_FLOAT32, g); /* one: its pair waits */
        ore_generator_get_state(g, saved);
        ore_tensor *normals = ore_randn(ORE_SHAPE(5), ORE_FLOAT64, g);
        ore_tensor *order = ore_randperm(1000, g);
        assert_int_equal(ore_generator_set_state(other, saved, sizeof saved), ORE_OK);
        assert_same(normals, ore_randn(ORE_SHAPE(5), ORE_FLOAT64, other));
        assert_same(order, ore_randperm(1000, other));
        uint8_t again[ORE_GENERATOR_STATE_BYTES];
        assert_int_equal(ore_generator_set_state(g, saved, sizeof saved), ORE_OK);
        ore_generator_get_state(g, again);
        assert_memory_equal(saved, again, sizeof saved);
        ore_generator_free(g);
        ore_generator_free(other);
    }
    ore_scope_end();
}

static void test_damaged_states_are_refused(void **state) {
    (void)state;
    enum { POSITION_AT = 8 + 4 * 624, HAS_NORMAL_AT = POSITION_AT + 4 };
    uint8_t good[ORE_GENERATOR_STATE_BYTES], bad[ORE_GENERATOR_STATE_BYTES];
    ore_generator *g = ore_generator_new(1);
    ore_generator_get_state(g, good);
    ore_generator_set_state(g, good, sizeof good - 1);
    assert_error_is(ORE_DATA, "generator state: 2519 bytes, expected 2520");
    memcpy(bad, good, sizeof bad);
    bad[0] ^= 1;
    ore_generator_set_state(g, bad, sizeof bad);
    assert_error_is(ORE_DATA, "generator state: does not start with ore-mt01");
    memcpy(bad, good, sizeof bad);
    bad[POSITION_AT] = 0x71; /* 0x271 = 625 */
    bad[POSITION_AT + 1] = 0x02;
    ore_generator_set_state(g, bad, sizeof bad);
    assert_error_is(ORE_DATA, "generator state: position 625, expected 0 to 624");
    memcpy(bad, good, sizeof bad);
    bad[HAS_NORMAL_AT] = 2;
    ore_generator_set_state(g, bad, sizeof bad);
    assert_error_is(ORE_DATA, "generator state: the cached normal is damaged");
    memcpy(bad, good, sizeof bad);
    memset(bad + 8, 0, 4 * 624);
    ore_generator_set_state(g, bad, sizeof bad);
    assert_error_is(ORE_DATA, "generator state: all words are zero");
    uint8_t after[ORE_GENERATOR_STATE_BYTES];
    ore_generator_get_state(g, after);
    assert_memory_equal(good, after, sizeof good);
    ore_generator_free(g);
}

static void test_seeds(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(42);
    ore_manual_seed(42);
    assert_same(ore_rand(ORE_SHAPE(9), ORE_FLOAT32, g), ore_rand(ORE_SHAPE(9), ORE_FLOAT32, NULL));
    ore_generator_seed(g, (uint64_t)5 << 32 | 42); /* only the low 32 bits count */
    ore_manual_seed(42);
    assert_int_equal(next_word(g), next_word(ore_default_generator()));
    ore_randn(ORE_SHAPE(1), ORE_FLOAT32, g);
    ore_generator_seed(g, 3); /* drops the normal that waits */
    ore_manual_seed(3);
    assert_same(ore_randn(ORE_SHAPE(1), ORE_FLOAT32, g),
                ore_randn(ORE_SHAPE(1), ORE_FLOAT32, NULL));
    ore_generator_free(g);
    ore_generator_free(NULL);
    ore_scope_end();
}

enum { THREAD_DRAWS = 20000 };

static void *draw_in_thread(void *sum) {
    ore_scope_begin();
    for (int i = 0; i < 20; i++) {
        ore_tensor *t = ore_randint(0, 1000, ORE_SHAPE(THREAD_DRAWS / 20), ORE_INT64, NULL);
        for (int64_t j = 0; j < ore_numel(t); j++)
            *(int64_t *)sum += ((const int64_t *)ore_data(t))[j];
    }
    ore_scope_end();
    return NULL;
}

/* Threads that share a generator share its stream: no word is lost or given twice. */
static void test_threads_share_the_stream(void **state) {
    (void)state;
    ore_scope_begin();
    ore_manual_seed(11);
    int64_t sums[2] = {0, 0}, wanted = 0;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, draw_in_thread, &sums[1]), 0);
    draw_in_thread(&sums[0]);
    pthread_join(thread, NULL);
    ore_manual_seed(11);
    ore_tensor *all = ore_randint(0, 1000, ORE_SHAPE(2 * THREAD_DRAWS), ORE_INT64, NULL);
    for (int64_t i = 0; i < ore_numel(all); i++)
        wanted += ((const int64_t *)ore_data(all))[i];
    assert_int_equal(sums[0] + sums[1], wanted);
    ore_scope_end();
}

/* ---- views and dtypes ---- */

/* A view that is not contiguous gets its normals one at a time, in memory order. */
static void test_normal_into_views(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *singles = ore_empty(ORE_SHAPE(40), ORE_FLOAT32);
    ore_manual_seed(5);
    for (int i = 0; i < 40; i++)
        ore_normal_(ore_narrow(singles, 0, i, 1), 0, 1, NULL);
    ore_tensor *t = ore_empty(ORE_SHAPE(5, 8), ORE_FLOAT32);
    ore_manual_seed(5);
    assert_non_null(ore_normal_(ore_t(t), 0, 1, NULL));
    assert_same(t, ore_view(singles, ORE_SHAPE(5, 8)));

    ore_tensor *wide = ore_zeros(ORE_SHAPE(5, 16), ORE_FLOAT32);
    ore_manual_seed(5);
    assert_non_null(ore_normal_(ore_slice(wide, 1, 0, 16, 2), 0, 1, NULL));
    assert_same(ore_slice(wide, 1, 0, 16, 2), ore_view(singles, ORE_SHAPE(5, 8)));
    assert_same(ore_slice(wide, 1, 1, 16, 2), ore_zeros(ORE_SHAPE(5, 8), ORE_FLOAT32));

    ore_tensor *blocks = ore_empty(ORE_SHAPE(5, 8), ORE_FLOAT32);
    ore_manual_seed(5);
    ore_normal_(blocks, 0, 1, NULL); /* contiguous: the other path */
    assert_true(((const float *)ore_data(blocks))[0] != ((const float *)ore_data(t))[0]);
    assert_true(ore_ok());
    ore_scope_end();
}

static void test_other_draws_into_views(void **state) {
    (void)state;
    ore_scope_begin();
    ore_manual_seed(6);
    ore_tensor *flat = ore_rand(ORE_SHAPE(4, 3), ORE_FLOAT64, NULL);
    ore_tensor *t = ore_empty(ORE_SHAPE(4, 3), ORE_FLOAT64);
    ore_manual_seed(6);
    ore_uniform_(ore_t(t), 0, 1, NULL);
    assert_same(t, flat);

    ore_manual_seed(6);
    ore_tensor *p = ore_rand(ORE_SHAPE(3, 4), ORE_FLOAT32, NULL);
    ore_manual_seed(7);
    ore_tensor *y = ore_bernoulli(p, NULL);
    ore_manual_seed(7);
    ore_tensor *y_turned = ore_bernoulli(ore_t(p), NULL);
    assert_same(ore_t(y_turned), y);
    assert_int_equal(ore_stride(y_turned, 0), 1);

    ore_tensor *weights = ore_rand(ORE_SHAPE(6, 3), ORE_FLOAT64, NULL);
    ore_manual_seed(8);
    ore_tensor *drawn = ore_multinomial(ore_t(weights), 2, true, NULL);
    ore_manual_seed(8);
    assert_same(drawn, ore_multinomial(ore_clone(ore_t(weights)), 2, true, NULL));
    assert_true(ore_ok());
    ore_scope_end();
}

static void test_integers_of_every_dtype(void **state) {
    (void)state;
    static const ore_dtype dtypes[] = {ORE_FLOAT32, ORE_FLOAT64, ORE_BFLOAT16,
                                       ORE_FLOAT16, ORE_INT32,   ORE_UINT8};
    ore_scope_begin();
    ore_manual_seed(9);
    ore_tensor *wanted = ore_randint(3, 200, ORE_SHAPE(50), ORE_INT64, NULL);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        ore_manual_seed(9);
        ore_tensor *t = ore_randint(3, 200, ORE_SHAPE(50), dtypes[i], NULL);
        assert_same(ore_to(t, ORE_INT64), wanted);
    }
    ore_manual_seed(9);
    ore_tensor *bits = ore_random_(ore_empty(ORE_SHAPE(20), ORE_BOOL), 0, 0, NULL);
    ore_manual_seed(9);
    ore_tensor *bytes = ore_random_(ore_empty(ORE_SHAPE(20), ORE_UINT8), 0, 0, NULL);
    ore_manual_seed(9);
    assert_same(ore_to(bytes, ORE_INT64), ore_randint(0, 256, ORE_SHAPE(20), ORE_INT64, NULL));
    ore_manual_seed(9);
    assert_same(ore_to(bits, ORE_INT64), ore_randint(0, 2, ORE_SHAPE(20), ORE_INT64, NULL));
    ore_scope_end();
}

/* The half types keep the low 8 and 11 bits of a word. */
static void test_half_precision_uniform(void **state) {
    (void)state;
    ore_scope_begin();
    ore_manual_seed(10);
    ore_tensor *low = ore_randint(0, 256, ORE_SHAPE(40), ORE_FLOAT32, NULL);
    ore_manual_seed(10);
    ore_tensor *t = ore_rand(ORE_SHAPE(40), ORE_BFLOAT16, NULL);
    assert_same(ore_to(t, ORE_FLOAT32), ore_mul_scalar(low, 1.0 / 256));
    ore_manual_seed(10);
    low = ore_randint(0, 2048, ORE_SHAPE(40), ORE_FLOAT32, NULL);
    ore_manual_seed(10);
    t = ore_rand(ORE_SHAPE(40), ORE_FLOAT16, NULL);
    assert_same(ore_to(t, ORE_FLOAT32), ore_mul_scalar(low, 1.0 / 2048));
    ore_scope_end();
}

static void test_large_permutation(void **state) {
    (void)state;
    enum { N = 300001 };
    static bool seen[N];
    ore_scope_begin();
    ore_generator *g = ore_generator_new(12), *words = ore_generator_new(12);
    ore_tensor *order = ore_randperm(N, g);
    for (int i = 0; i < N; i++)
        seen[((const int64_t *)ore_data(order))[i]] = true;
    for (int i = 0; i < N; i++)
        assert_true(seen[i]);
    ore_rand(ORE_SHAPE(N - 1), ORE_FLOAT32, words);
    assert_int_equal(next_word(g), next_word(words));
    assert_int_equal(ore_numel(ore_randperm(0, g)), 0);
    ore_generator_free(g);
    ore_generator_free(words);
    ore_scope_end();
}

/* ---- autograd ---- */

static void test_draws_over_recorded_tensors(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *leaf = ore_set_requires_grad(ore_ones(ORE_SHAPE(3), ORE_FLOAT32), true);
    assert_null(ore_uniform_(leaf, 0, 1, NULL));
    assert_int_equal(ore_error_status(), ORE_STATE);
    ore_error_clear();
    ore_tensor *y = ore_mul_scalar(leaf, 2);
    assert_ptr_equal(ore_normal_(y, 0, 1, NULL), y); /* as in PyTorch, the old y gets zeros */
    assert_int_equal(ore_backward(ore_sum(y, ORE_ALL, false)), ORE_OK);
    float zeros[3] = {1, 1, 1};
    assert_int_equal(ore_copy_out(ore_grad(leaf), zeros, sizeof zeros), ORE_OK);
    assert_true(zeros[0] == 0 && zeros[1] == 0 && zeros[2] == 0);
    uint64_t version = ore_tensor_version(leaf);
    assert_ptr_equal(ore_init_uniform(leaf, 0, 1, NULL), leaf);
    assert_int_equal(ore_tensor_version(leaf), version + 1);
    assert_true(ore_requires_grad(leaf));

    ore_tensor *product = ore_sum(ore_mul(leaf, leaf), ORE_ALL, false);
    ore_init_uniform(leaf, 0, 1, NULL); /* changes what mul has saved */
    assert_int_equal(ore_backward(product), ORE_STATE);
    ore_error_clear();
    ore_scope_end();
}

/* ---- errors ---- */

static void test_errors_of_draws(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *t = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32);
    assert_null(ore_rand(ORE_SHAPE(2), ORE_INT64, NULL));
    assert_error_is(ORE_INVALID, "rand: dtype int64, expected a floating one");
    assert_null(ore_randn(ORE_SHAPE(2), ORE_INT32, NULL));
    assert_error_is(ORE_INVALID, "randn: dtype int32, expected a floating one");
    assert_null(ore_uniform_(t, 2, 1, NULL));
    assert_error_is(ORE_INVALID, "uniform_: from 2 to 1, expected finite numbers in rising order");
    assert_null(ore_normal_(t, 0, -1, NULL));
    assert_error_is(ORE_INVALID, "normal_: mean 0, std -1, expected numbers and std >= 0");
    assert_null(ore_bernoulli_(t, 1.5, NULL));
    assert_error_is(ORE_INVALID, "bernoulli_: p is 1.5, expected 0 to 1");
    assert_null(ore_exponential_(t, 0, NULL));
    assert_error_is(ORE_INVALID, "exponential_: lambda is 0, expected more than 0");
    assert_null(ore_randint(3, 3, ORE_SHAPE(2), ORE_INT64, NULL));
    assert_error_is(ORE_INVALID, "randint: the range [3, 3) is empty");
    assert_null(ore_randint(0, 300, ORE_SHAPE(2), ORE_UINT8, NULL));
    assert_error_is(ORE_INVALID,
                    "randint: the range [0, 300) does not fit uint8, expected 0 .. 255");
    assert_null(ore_randint(0, 2, ORE_SHAPE(2), ORE_BOOL, NULL));
    assert_error_is(ORE_INVALID, "randint: dtype bool, expected a dtype of numbers");
    assert_null(ore_randperm(-1, NULL));
    assert_error_is(ORE_INVALID, "randperm: n is -1, expected 0 or more");
    assert_null(ore_bernoulli(ore_full(ORE_SHAPE(3), 1.5, ORE_FLOAT64), NULL));
    assert_error_is(ORE_INVALID, "bernoulli: p is 1.5 at element 0, expected 0 to 1");
    assert_null(
        ore_uniform_(ore_expand(ore_zeros(ORE_SHAPE(1), ORE_FLOAT32), ORE_SHAPE(4)), 0, 1, NULL));
    assert_int_equal(ore_error_status(), ORE_INVALID);
    ore_error_clear();
    ore_scope_end();
}

static ore_tensor *draw_with(double second_weight, int64_t samples, bool replacement) {
    ore_tensor *w = ore_from_data((double[]){1, second_weight, 1}, ORE_SHAPE(3), ORE_FLOAT64);
    return ore_multinomial(w, samples, replacement, NULL);
}

static void test_errors_of_multinomial(void **state) {
    (void)state;
    ore_scope_begin();
    ore_manual_seed(13);
    for (int replacement = 0; replacement < 2; replacement++) {
        assert_null(draw_with(-0.5, 1, replacement));
        assert_error_is(ORE_INVALID,
                        "multinomial: weight -0.5 at row 0, column 1, expected a finite "
                        "number that is not negative");
        assert_null(draw_with(NAN, 1, replacement));
        assert_int_equal(ore_error_status(), ORE_INVALID);
        ore_error_clear();
        assert_null(draw_with(INFINITY, 1, replacement));
        assert_int_equal(ore_error_status(), ORE_INVALID);
        ore_error_clear();
        assert_null(ore_multinomial(ore_zeros(ORE_SHAPE(2, 3), ORE_FLOAT32), 1, replacement, NULL));
        assert_error_is(ORE_INVALID, "multinomial: the weights of row 0 add up to 0, expected a "
                                     "finite number above zero");
    }
    assert_null(draw_with(1, 4, false));
    assert_error_is(ORE_INVALID,
                    "multinomial: 4 samples without replacement from 3 weights, expected "
                    "1 up to the number of weights");
    assert_null(draw_with(1, 0, true));
    assert_error_is(ORE_INVALID,
                    "multinomial: 0 samples with replacement from 3 weights, expected 1 or more");
    assert_null(ore_multinomial(ore_ones(ORE_SHAPE(2, 2, 2), ORE_FLOAT32), 1, true, NULL));
    assert_error_is(ORE_INVALID,
                    "multinomial: weights of shape (2, 2, 2), expected (n) or (rows, n)");
    assert_null(ore_multinomial(ore_ones(ORE_SHAPE(2), ORE_INT64), 1, true, NULL));
    assert_error_is(ORE_INVALID, "multinomial: dtype int64, expected a floating one");
    ore_generator *fresh = ore_generator_new(13);
    assert_int_equal(next_word(NULL), next_word(fresh)); /* a refused call draws nothing */
    for (int i = 0; i < 200; i++) {
        assert_int_not_equal(ore_item_int(draw_with(0, 1, true)), 1);
        assert_int_not_equal(ore_item_int(draw_with(0, 1, false)), 1);
    }
    ore_generator_free(fresh);
    ore_scope_end();
}

/* ---- init ---- */

static void test_init(void **state) {
    (void)state;
    ore_scope_begin();
    assert_true(ore_calculate_gain(ORE_GAIN_LINEAR, 0) == 1);
    assert_true(ore_calculate_gain(ORE_GAIN_CONV, 0) == 1);
    assert_true(ore_calculate_gain(ORE_GAIN_SIGMOID, 0) == 1);
    assert_true(ore_calculate_gain(ORE_GAIN_TANH, 0) == 5.0 / 3);
    assert_true(ore_calculate_gain(ORE_GAIN_RELU, 0) == sqrt(2));
    assert_true(ore_calculate_gain(ORE_GAIN_LEAKY_RELU, 0.01) == sqrt(2 / (1 + 0.01 * 0.01)));
    assert_true(ore_calculate_gain(ORE_GAIN_SELU, 0) == 0.75);
    assert_true(isnan(ore_calculate_gain((ore_nonlinearity)99, 0)));
    assert_int_equal(ore_error_status(), ORE_INVALID);
    ore_error_clear();
    ore_tensor *t = ore_set_requires_grad(ore_empty(ORE_SHAPE(2, 3), ORE_FLOAT32), true);
    assert_same(ore_init_zeros(t), ore_zeros(ORE_SHAPE(2, 3), ORE_FLOAT32));
    assert_same(ore_init_ones(t), ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32));
    assert_same(ore_init_constant(t, 0.25), ore_full(ORE_SHAPE(2, 3), 0.25, ORE_FLOAT32));
    ore_tensor *row = ore_empty(ORE_SHAPE(5), ORE_FLOAT32);
    assert_null(ore_init_kaiming_uniform(row, 0, ORE_FAN_IN, ORE_GAIN_RELU, NULL));
    assert_error_is(ORE_INVALID, "kaiming_uniform: shape (5,), expected two dims or more");
    assert_null(ore_init_xavier_normal(row, 1, NULL));
    assert_error_is(ORE_INVALID, "xavier_normal: shape (5,), expected two dims or more");
    ore_tensor *none = ore_empty(ORE_SHAPE(0, 3), ORE_FLOAT32);
    assert_ptr_equal(ore_init_kaiming_normal(none, 0, ORE_FAN_OUT, ORE_GAIN_RELU, NULL), none);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_restores_mid_stream),
        cmocka_unit_test(test_damaged_states_are_refused),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_threads_share_the_stream),
        cmocka_unit_test(test_normal_into_views),
        cmocka_unit_test(test_other_draws_into_views),
        cmocka_unit_test(test_integers_of_every_dtype),
        cmocka_unit_test(test_half_precision_uniform),
        cmocka_unit_test(test_large_permutation),
        cmocka_unit_test(test_draws_over_recorded_tensors),
        cmocka_unit_test(test_errors_of_draws),
        cmocka_unit_test(test_errors_of_multinomial),
        cmocka_unit_test(test_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
