/* Dropout beyond its golden rows (test_random): gradients, the bit mask, layouts, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <math.h>

#include <cmocka.h>

#include <ore/gradcheck.h>
#include <ore/ops.h>

#include "backend/cpu/cpu.h"
#include "support/errors.h"
#include "support/levels.h"

static void copy_floats(ore_tensor *t, float *values, int64_t n) {
    assert_int_equal(ore_copy_out(t, values, (size_t)n * sizeof *values), ORE_OK);
}

static ore_tensor *dropped(void *user, ore_tensor **inputs, int n) {
    (void)n;
    ore_manual_seed(21); /* the same mask at every call */
    return ore_f_dropout(inputs[0], *(const double *)user, true, NULL);
}

static ore_tensor *dropped_turned(void *user, ore_tensor **inputs, int n) {
    (void)n;
    ore_manual_seed(21);
    return ore_f_dropout(ore_t(inputs[0]), *(const double *)user, true, NULL);
}

static void test_gradients(void **state) {
    (void)state;
    ore_scope_begin();
    double p[] = {0.2, 0.5, 0.9};
    for (int i = 0; i < 3; i++) {
        ore_tensor *x = ore_randn(ORE_SHAPE(5, 7), ORE_FLOAT64, NULL);
        ore_set_requires_grad(x, true);
        assert_int_equal(ore_gradcheck(dropped, &p[i], &x, 1, NULL), ORE_OK);
        assert_int_equal(ore_gradcheck(dropped_turned, &p[i], &x, 1, NULL), ORE_OK);
    }
    ore_scope_end();
}

static void test_backward_takes_the_same_mask(void **state) {
    (void)state;
    enum { N = 1000 };
    float y[N], dx[N];
    int kept = 0;
    ore_scope_begin();
    ore_manual_seed(22);
    ore_tensor *x = ore_set_requires_grad(ore_ones(ORE_SHAPE(N), ORE_FLOAT32), true);
    ore_tensor *out = ore_f_dropout(x, 0.3, true, NULL);
    copy_floats(out, y, N);
    assert_int_equal(ore_backward(ore_sum(out, ORE_ALL, false)), ORE_OK);
    copy_floats(ore_grad(x), dx, N);
    for (int i = 0; i < N; i++) {
        assert_true(y[i] == 0 || y[i] == 1 / 0.7f);
        assert_true(y[i] == dx[i]);
        kept += y[i] != 0;
    }
    assert_in_range(kept, 600, 800);
    ore_scope_end();
}

/* A dropped infinity or NaN leaves a zero. */
static void test_dropped_values_are_zero(void **state) {
    (void)state;
    float y[64];
    ore_scope_begin();
    ore_manual_seed(23);
    copy_floats(ore_f_dropout(ore_full(ORE_SHAPE(64), INFINITY, ORE_FLOAT32), 0.5, true, NULL), y,
                64);
    for (int i = 0; i < 64; i++)
        assert_true(y[i] == 0 || isinf(y[i]));
    ore_scope_end();
}

static void test_no_draw_where_nothing_drops(void **state) {
    (void)state;
    float y[5];
    uint8_t before[ORE_GENERATOR_STATE_BYTES], after[ORE_GENERATOR_STATE_BYTES];
    ore_scope_begin();
    ore_tensor *x = ore_ones(ORE_SHAPE(5), ORE_FLOAT32);
    ore_generator *g = ore_generator_new(24);
    ore_generator_get_state(g, before);
    assert_ptr_equal(ore_f_dropout(x, 0, true, g), x);
    assert_ptr_equal(ore_f_dropout(x, 0.5, false, g), x);
    ore_tensor *none = ore_zeros(ORE_SHAPE(0, 3), ORE_FLOAT32);
    assert_ptr_equal(ore_f_dropout(none, 0.5, true, g), none);
    copy_floats(ore_f_dropout(x, 1, true, g), y, 5);
    for (int i = 0; i < 5; i++)
        assert_true(y[i] == 0);
    ore_generator_get_state(g, after);
    assert_memory_equal(before, after, sizeof before);
    ore_generator_free(g);
    ore_scope_end();
}

/* The mask follows the elements in memory, and the result lies as x does. */
/* Attention whose weights are all dropped gives zeros and no gradient, as torch's. */
static void test_attention_may_drop_all(void **state) {
    (void)state;
    float y[24], dq[24];
    ore_scope_begin();
    ore_manual_seed(5);
    ore_tensor *q = ore_randn(ORE_SHAPE(1, 2, 3, 4), ORE_FLOAT32, NULL);
    ore_attention_options o = ore_attention_defaults();
    o.dropout = 1;
    ore_set_requires_grad(q, true);
    ore_tensor *out = ore_attention(q, q, q, &o);
    assert_non_null(out);
    copy_floats(out, y, 24);
    ore_backward(ore_sum(out, ORE_ALL, false));
    copy_floats(ore_grad(q), dq, 24);
    for (int i = 0; i < 24; i++)
        assert_true(y[i] == 0 && dq[i] == 0);
    ore_scope_end();
}

static void test_memory_order(void **state) {
    (void)state;
    float plain[12], turned[12];
    ore_scope_begin();
    ore_tensor *x = ore_arange(1, 13, 1, ORE_FLOAT32);
    x = ore_view(x, ORE_SHAPE(3, 4));
    ore_manual_seed(25);
    copy_floats(ore_f_dropout(x, 0.4, true, NULL), plain, 12);
    ore_manual_seed(25);
    ore_tensor *y = ore_f_dropout(ore_t(x), 0.4, true, NULL);
    assert_int_equal(ore_stride(y, 0), 1);
    copy_floats(ore_t(y), turned, 12);
    assert_memory_equal(plain, turned, sizeof plain);
    ore_scope_end();
}

/* Bit i is what bernoulli_(keep) draws for element i; the bits past n are 0. */
static void test_mask_bits(void **state) {
    (void)state;
    static const int64_t sizes[] = {1, 7, 8, 9, 255, 256, 257, 1001};
    const ore_context *ctx = ore_context_of(ORE_CPU);
    ore_scope_begin();
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int64_t n = sizes[s];
        uint8_t mask[128];
        memset(mask, 0xff, sizeof mask);
        ore_manual_seed(26);
        assert_int_equal(
            ORE_CALL(ctx, dropout_mask, ORE_UINT8, ore_default_generator(), mask, n, 0.7), ORE_OK);
        ore_manual_seed(26);
        ore_tensor *wanted = ore_bernoulli_(ore_empty(ORE_SHAPE(n), ORE_FLOAT32), 0.7, NULL);
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(mask[i / 8] >> i % 8 & 1, ((const float *)ore_data(wanted))[i]);
        for (int64_t i = n; i < (n + 7) / 8 * 8; i++)
            assert_int_equal(mask[i / 8] >> i % 8 & 1, 0);
        assert_int_equal(mask[(n + 7) / 8], 0xff);
    }
    ore_scope_end();
}

/* Every level of kernels against scalar, bit for bit. */
static void test_levels_agree(void **state) {
    (void)state;
    enum { MOST = 40003 };
    static const int64_t sizes[] = {1, 7, 8, 9, 16, 17, 65, 257, 1001, MOST};
    static uint8_t masks[2][MOST / 8 + 1];
    static float x[MOST], y[2][MOST];
    static double dx[MOST], dy[2][MOST];
    const level_tables *levels = levels_to_test();
    ore_generator *g = ore_generator_new(28);
    for (int i = 0; i < MOST; i++)
        dx[i] = x[i] = (float)(i % 91) - 45.3f;
    for (int level = 0; level < levels->count; level++) {
        const ore_kernels *tables[2] = {&scalar_kernels, &levels->tables[level]};
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            int64_t n = sizes[s];
            for (int t = 0; t < 2; t++) {
                ore_context ctx = level_context(tables[t]);
                ore_generator_seed(g, 28);
                ORE_CALL(&ctx, dropout_mask, ORE_UINT8, g, masks[t], n, 0.37);
                ORE_CALL(&ctx, dropout_apply, ORE_FLOAT32, x, masks[t], y[t], n, 0.37);
                ORE_CALL(&ctx, dropout_apply, ORE_FLOAT64, dx, masks[t], dy[t], n, 0.37);
            }
            assert_true(ore_ok());
            assert_memory_equal(masks[0], masks[1], (size_t)(n + 7) / 8);
            assert_memory_equal(y[0], y[1], (size_t)n * sizeof(float));
            assert_memory_equal(dy[0], dy[1], (size_t)n * sizeof(double));
        }
    }
    ore_generator_free(g);
}

static void test_large_and_threads(void **state) {
    (void)state;
    enum { N = 100003 };
    static float one[N], two[N];
    int threads = ore_num_threads();
    ore_scope_begin();
    ore_tensor *x = ore_rand(ORE_SHAPE(N), ORE_FLOAT32, NULL);
    ore_set_num_threads(1);
    ore_manual_seed(27);
    copy_floats(ore_f_dropout(x, 0.1, true, NULL), one, N);
    ore_set_num_threads(2);
    ore_manual_seed(27);
    copy_floats(ore_f_dropout(x, 0.1, true, NULL), two, N);
    assert_memory_equal(one, two, sizeof one);
    ore_set_num_threads(threads);
    ore_scope_end();
}

static void test_errors(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_ones(ORE_SHAPE(5), ORE_FLOAT32);
    assert_null(ore_f_dropout(x, 1.5, true, NULL));
    assert_error_is(ORE_INVALID, "dropout: p is 1.5, expected 0 to 1");
    assert_null(ore_f_dropout(x, NAN, true, NULL));
    assert_error_is(ORE_INVALID, "dropout: p is nan, expected 0 to 1");
    assert_null(ore_f_dropout(ore_ones(ORE_SHAPE(5), ORE_INT64), 0.5, true, NULL));
    assert_error_is(ORE_INVALID, "dropout: dtype int64, expected a floating one");
    assert_null(ore_f_dropout(NULL, 0.5, true, NULL));
    ore_error_clear();
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_backward_takes_the_same_mask),
        cmocka_unit_test(test_dropped_values_are_zero),
        cmocka_unit_test(test_no_draw_where_nothing_drops),
        cmocka_unit_test(test_attention_may_drop_all),
        cmocka_unit_test(test_memory_order),
        cmocka_unit_test(test_mask_bits),
        cmocka_unit_test(test_levels_agree),
        cmocka_unit_test(test_large_and_threads),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
