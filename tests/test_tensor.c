/* test_tensor.c: creation, views, reading, casts, promotion, scopes and memory. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/nn.h>
#include <ore/ops.h>

static int begin(void **state) {
    (void)state;
    ore_scope_begin();
    return 0;
}

static int end(void **state) {
    (void)state;
    ore_scope_end();
    bool clean = ore_ok();
    ore_error_clear();
    return clean ? 0 : -1;
}

static void assert_message(const char *message) {
    assert_string_equal(ore_error_message(), message);
    ore_error_clear();
}

static void assert_values(ore_tensor *t, int n, const double *values) {
    assert_non_null(t);
    assert_int_equal(ore_numel(t), n);
    ore_tensor *flat = ore_reshape(ore_to(t, ORE_FLOAT64), ORE_SHAPE(-1));
    double got[64];
    assert_int_equal(ore_copy_out(flat, got, (size_t)n * sizeof *got), ORE_OK);
    for (int i = 0; i < n; i++)
        if (got[i] != values[i] && !(isnan(got[i]) && isnan(values[i])))
            fail_msg("element %d is %g, expected %g", i, got[i], values[i]);
}

static void shapes(void **state) {
    (void)state;
    const int64_t large = (int64_t)1 << 40;
    assert_int_equal(ore_shape_numel(ORE_SHAPE(2, 3, 4)), 24);
    assert_int_equal(ore_shape_numel(ORE_SCALAR), 1);
    assert_int_equal(ore_shape_numel(ORE_SHAPE(large, large)), -1);
    assert_int_equal(ore_shape_numel(ORE_SHAPE(large, large, 0)), 0);
    ore_shape many = {.ndim = 2000000};
    assert_int_equal(ore_shape_numel(many), -1);
    assert_false(ore_shape_equal(many, many));
    assert_true(ore_shape_equal(ORE_SHAPE(2, 3), ORE_SHAPE(2, 3)));
    assert_false(ore_shape_equal(ORE_SHAPE(2, 3), ORE_SHAPE(2, 4)));
}

static void creation(void **state) {
    (void)state;
    assert_values(ore_arange(2, 12, 3, ORE_INT64), 4, (double[]){2, 5, 8, 11});
    assert_values(ore_linspace(-3, 0, 7, ORE_FLOAT64), 7,
                  (double[]){-3, -2.5, -2, -1.5, -1, -0.5, 0});
    assert_values(ore_linspace(5, 9, 1, ORE_FLOAT32), 1, (double[]){5});
    assert_values(ore_eye(2, 3, ORE_INT32), 6, (double[]){1, 0, 0, 0, 1, 0});
    assert_values(ore_full(ORE_SHAPE(2), 3, ORE_UINT8), 2, (double[]){3, 3});
    assert_values(ore_ones(ORE_SHAPE(2), ORE_BOOL), 2, (double[]){1, 1});
    assert_int_equal(ore_numel(ore_zeros(ORE_SHAPE(0, 3), ORE_FLOAT32)), 0);
    assert_int_equal(ore_ndim(ore_scalar(1, ORE_FLOAT32)), 0);
    assert_null(ore_arange(0, 5, -1, ORE_INT64));
    assert_message("arange: from 0 to 5 by -1: expected a finite range towards the end");
    assert_null(ore_zeros(ORE_SHAPE(2, -1), ORE_FLOAT32));
    assert_message("zeros: negative size in shape (2, -1)");
    assert_null(ore_empty(ORE_SHAPE((int64_t)1 << 40, (int64_t)1 << 40), ORE_FLOAT32));
    assert_message("empty: out of memory: shape (1099511627776, 1099511627776)");
}

static void views_show_the_same_storage(void **state) {
    (void)state;
    ore_tensor *x = ore_view(ore_arange(0, 24, 1, ORE_INT64), ORE_SHAPE(2, 3, 4));
    ore_tensor *views[] = {
        ore_view(x, ORE_SHAPE(6, -1)),
        ore_transpose(x, 0, 2),
        ore_permute(x, ORE_DIMS(1, 2, 0)),
        ore_narrow(x, 1, 1, 2),
        ore_slice(x, 2, 1, 4, 2),
        ore_select(x, 0, -1),
        ore_unsqueeze(x, -1),
        ore_squeeze(ore_unsqueeze(x, 0), 0),
        ore_expand(ore_select(x, 1, 0), ORE_SHAPE(5, 2, 4)),
        ore_flatten(x, 1, -1),
        ore_detach(x),
    };
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        assert_non_null(views[i]);
        assert_true(ore_shares_storage(x, views[i]));
    }
    assert_int_equal(ore_stride(views[1], 0), 1);
    assert_int_equal(ore_storage_offset(views[3]), 4);
    assert_values(views[4], 12, (double[]){1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23});
    assert_values(ore_select(ore_select(views[2], 0, 1), 0, 2), 2, (double[]){6, 18});
    assert_int_equal(ore_stride(views[8], 0), 0);
    assert_false(ore_shares_storage(x, ore_reshape(views[1], ORE_SHAPE(24))));
    assert_values(ore_narrow(ore_reshape(views[1], ORE_SHAPE(24)), 0, 0, 4), 4,
                  (double[]){0, 12, 4, 16});
    assert_false(ore_shares_storage(x, ore_clone(x)));
    ore_fill_(views[5], 7);
    assert_int_equal(ore_item_int(ore_select(ore_select(ore_select(x, 0, 1), 0, 0), 0, 0)), 7);
    assert_true(ore_tensor_version(x) == 1);
}

static void view_errors(void **state) {
    (void)state;
    ore_tensor *x = ore_zeros(ORE_SHAPE(2, 3), ORE_FLOAT32);
    assert_null(ore_view(x, ORE_SHAPE(4, 2)));
    assert_message("view: shape (4, 2) does not hold the 6 elements of (2, 3)");
    assert_null(ore_view(ore_t(x), ORE_SHAPE(6)));
    assert_message("view: strides of (3, 2) do not allow (6,) without a copy; use ore_reshape");
    assert_null(ore_select(x, 0, 2));
    assert_message("select: index 2 out of range for dim 0 of 2");
    assert_null(ore_transpose(x, 0, 2));
    assert_message("transpose: dim 2 out of range, expected -2 .. 1");
    assert_null(ore_narrow(x, 1, 2, 2));
    assert_message("narrow: 2 elements from 2 on, expected to lie in dim 1 of 3");
    assert_null(ore_expand(x, ORE_SHAPE(3, 3)));
    assert_message("expand: (2, 3) cannot be expanded to (3, 3)");
    assert_null(ore_permute(x, ORE_DIMS(0, 0)));
    assert_message("permute: dim 0 is named twice");
    assert_true(isnan(ore_item(x)));
    assert_message("item: shape (2, 3), expected one element");
    char byte = 0;
    assert_int_equal(ore_copy_in(x, &byte, 1), ORE_INVALID);
    assert_message("copy_in: 1 byte for float32 of shape (2, 3), expected 24");
    assert_null(ore_data(ore_t(x)));
    assert_message("data: the tensor is not contiguous on the CPU; use ore_contiguous");
    assert_null(ore_fill_(ore_expand(ore_zeros(ORE_SHAPE(1), ORE_FLOAT32), ORE_SHAPE(3)), 1));
    assert_message(
        "fill_: an expanded view, whose elements share memory, cannot be changed in place");
}

/* Every dtype through memory at every offset from an aligned address; tensors that lie in order,
 * across, with gaps, and repeated. */
static void copies_take_any_address(void **state) {
    (void)state;
    enum { ROWS = 9, COLS = 10, N = ROWS * COLS };
    _Alignas(16) char from[N * 8 + 8], to[N * 8 + 8];
    for (int d = 0; d < ORE_DTYPE_COUNT; d++)
        for (int shift = 0; shift < 8; shift++) {
            ore_dtype dtype = (ore_dtype)d;
            size_t bytes = N * ore_dtype_size(dtype);
            for (size_t i = 0; i < bytes; i++)
                from[shift + i] = (char)(dtype == ORE_BOOL ? i % 2 : i % 91);
            ore_tensor *dense = ore_zeros(ORE_SHAPE(ROWS, COLS), dtype);
            ore_tensor *views[] = {
                dense, ore_transpose(ore_zeros(ORE_SHAPE(COLS, ROWS), dtype), 0, 1),
                ore_slice(ore_zeros(ORE_SHAPE(ROWS, 2 * COLS), dtype), 1, 0, 2 * COLS, 2)};
            for (int i = 0; i < 3; i++) {
                assert_int_equal(ore_copy_in(views[i], from + shift, bytes), ORE_OK);
                memset(to, 0, sizeof to);
                assert_int_equal(ore_copy_out(views[i], to + shift, bytes), ORE_OK);
                assert_memory_equal(to + shift, from + shift, bytes);
            }
            ore_tensor *one = ore_expand(ore_slice(dense, 1, 1, 2, 1), ORE_SHAPE(ROWS, COLS));
            assert_int_equal(ore_copy_out(one, to + shift, bytes), ORE_OK);
            for (int i = 0; i < N; i++) {
                size_t size = ore_dtype_size(dtype), place = (size_t)(i / COLS * COLS + 1) * size;
                assert_memory_equal(to + shift + (size_t)i * size, from + shift + place, size);
            }
        }
}

/* Every float16 and bfloat16 value survives a round trip, and rounding goes to the nearest even. */
static void half_precision_storage(void **state) {
    (void)state;
    const double values[] = {1 + 0x1p-9, 1 + 3 * 0x1p-9, 65519, 65520,
                             0x1p-24,    0x1p-25,        -0.0,  3e38};
    ore_tensor *x = ore_from_data(values, ORE_SHAPE(8), ORE_FLOAT64);
    assert_values(
        ore_to(ore_to(x, ORE_FLOAT16), ORE_FLOAT64), 8,
        (double[]){1 + 0x1p-9, 1 + 3 * 0x1p-9, 65504, INFINITY, 0x1p-24, 0, -0.0, INFINITY});
    const double near[] = {1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1p-7, NAN};
    assert_values(
        ore_to(ore_to(ore_from_data(near, ORE_SHAPE(4), ORE_FLOAT64), ORE_BFLOAT16), ORE_FLOAT64),
        4, (double[]){1, 1 + 0x1p-6, 1 + 0x1p-7, NAN});
    static uint16_t half[31744], back[31744]; /* all finite halves that are not negative */
    for (int i = 0; i < 31744; i++)
        half[i] = (uint16_t)i;
    ore_tensor *h = ore_from_data(half, ORE_SHAPE(31744), ORE_FLOAT16);
    assert_int_equal(ore_copy_out(ore_to(ore_to(h, ORE_FLOAT32), ORE_FLOAT16), back, sizeof back),
                     ORE_OK);
    assert_memory_equal(half, back, sizeof half);
}

/* tests/golden/promote.tsv: torch.result_type of every pair. */
static void promotion_equals_torch(void **state) {
    (void)state;
    FILE *file = fopen(ORE_TEST_DIR "/golden/promote.tsv", "r");
    assert_non_null(file);
    char a[16], b[16], both[16], left[16], right[16];
    int rows = 0;
    for (; fscanf(file, "%15s %15s %15s %15s %15s", a, b, both, left, right) == 5; rows++) {
        ore_dtype x = ORE_BOOL, y = ORE_BOOL;
        assert_true(ore_dtype_from_name(a, &x) && ore_dtype_from_name(b, &y));
        assert_string_equal(ore_dtype_name(ore_promote_types(x, y)), both);
        bool small =
            (x == ORE_BFLOAT16 || x == ORE_FLOAT16 || y == ORE_BFLOAT16 || y == ORE_FLOAT16);
        if (small) /* no half-precision arithmetic: the rule alone was checked */
            continue;
        ore_tensor *p = ore_ones(ORE_SHAPE(1), x), *q = ore_ones(ORE_SHAPE(1), y);
        ore_tensor *p0 = ore_ones(ORE_SCALAR, x), *q0 = ore_ones(ORE_SCALAR, y);
        assert_string_equal(ore_dtype_name(ore_tensor_dtype(ore_add(p, q))), both);
        assert_string_equal(ore_dtype_name(ore_tensor_dtype(ore_add(p0, q))), left);
        assert_string_equal(ore_dtype_name(ore_tensor_dtype(ore_add(p, q0))), right);
    }
    fclose(file);
    assert_int_equal(rows, 64);
}

static void numbers_do_not_widen(void **state) {
    (void)state;
    ore_tensor *i = ore_arange(0, 3, 1, ORE_INT64), *f = ore_ones(ORE_SHAPE(3), ORE_FLOAT32);
    assert_int_equal(ore_tensor_dtype(ore_add_scalar(i, 2)), ORE_INT64);
    assert_int_equal(ore_tensor_dtype(ore_mul_scalar(i, 0.5)), ORE_FLOAT32);
    assert_int_equal(ore_tensor_dtype(ore_mul_scalar(f, 0.1)), ORE_FLOAT32);
    assert_int_equal(ore_tensor_dtype(ore_div(i, i)), ORE_FLOAT32);
    assert_int_equal(ore_tensor_dtype(ore_exp(i)), ORE_FLOAT32);
    assert_int_equal(ore_tensor_dtype(ore_sum(ore_gt(f, i), ORE_ALL, false)), ORE_INT64);
    assert_null(ore_add_(i, f));
    assert_message("add_: a result of float32 does not fit into int64");
}

static size_t in_use(void) {
    ore_memory_stats stats;
    ore_memory_read(&stats);
    return stats.in_use_bytes;
}

static void scopes_release_what_they_own(void **state) {
    (void)state;
    size_t before = in_use();
    ore_scope_begin();
    ore_tensor *own = ore_own(ore_zeros(ORE_SHAPE(1000), ORE_FLOAT32));
    ore_scope_begin();
    ore_tensor *kept = ore_keep(ore_ones(ORE_SHAPE(1000), ORE_FLOAT32));
    for (int i = 0; i < 10; i++)
        ore_zeros(ORE_SHAPE(1000), ORE_FLOAT64);
    ore_scope_end();
    assert_true(ore_item(ore_sum(kept, ORE_ALL, false)) == 1000);
    ore_scope_end();
    assert_true(in_use() > before);
    ore_free(own);
    assert_true(in_use() == before);
    ore_free(NULL);
    assert_null(ore_keep(NULL));
}

static void long_chains_are_freed_without_recursion(void **state) {
    (void)state;
    size_t before = in_use();
    ore_tensor *x = ore_own(ore_ones(ORE_SHAPE(1), ORE_FLOAT64));
    for (int backward = 0; backward < 2; backward++) {
        ore_tensor *y = ore_set_requires_grad(x, true);
        for (int i = 0; i < 200000; i++) {
            ore_tensor *next = ore_own(ore_neg(y));
            if (y != x)
                ore_free(y);
            y = next;
        }
        if (backward)
            assert_int_equal(ore_backward(y), ORE_OK);
        ore_free(y);
    }
    assert_true(ore_item(ore_grad(x)) == 1);
    ore_free(x);
    assert_true(in_use() == before);
}

/* A repeated step finds all its memory in the pool. */
static void steady_steps_call_the_system_never(void **state) {
    (void)state;
    ore_tensor *w = ore_set_requires_grad(ore_ones(ORE_SHAPE(64, 64), ORE_FLOAT32), true);
    ore_memory_stats before, after;
    for (int i = 0; i < 20; i++) {
        if (i == 5)
            ore_memory_read(&before);
        ore_scope_begin();
        ore_tensor *x = ore_rand(ORE_SHAPE(32, 64), ORE_FLOAT32, NULL);
        ore_backward(ore_mean(ore_square(ore_tanh(ore_matmul(x, w))), ORE_ALL, false));
        ore_no_grad_begin();
        ore_sub_(w, ore_mul_scalar(ore_grad(w), 0.1));
        ore_no_grad_end();
        ore_set_grad(w, NULL);
        ore_scope_end();
    }
    ore_memory_read(&after);
#ifndef __SANITIZE_ADDRESS__ /* which turns the pool's cache off */
    assert_true(after.system_calls == before.system_calls);
#endif
    assert_true(after.in_use_bytes == before.in_use_bytes);
}

static void *fails_elsewhere(void *taken) {
    ore_scope_begin();
    ore_tensor *x = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32);
    ore_add(x, ore_zeros(ORE_SHAPE(3), ORE_FLOAT32));
    ore_scope_end();
    ore_error_take(taken);
    return NULL;
}

static void errors_are_handed_over(void **state) {
    (void)state;
    pthread_t thread;
    ore_error error;
    assert_int_equal(pthread_create(&thread, NULL, fails_elsewhere, &error), 0);
    pthread_join(thread, NULL);
    assert_true(ore_ok());
    assert_int_equal(ore_error_raise(&error), ORE_INVALID);
    assert_message("add: shapes (2,) and (3,) do not broadcast");
}

/* Each op on a NULL (a failed inner expression without an error) says which argument it was. */
static void null_arguments_are_named(void **state) {
    (void)state;
    ore_tensor *x = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32);
    assert_null(ore_add(x, NULL));
    assert_message("add: argument 2 is NULL");
    assert_null(ore_matmul(NULL, x));
    assert_message("matmul: argument 1 is NULL");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shapes, begin, end),
        cmocka_unit_test_setup_teardown(creation, begin, end),
        cmocka_unit_test_setup_teardown(views_show_the_same_storage, begin, end),
        cmocka_unit_test_setup_teardown(view_errors, begin, end),
        cmocka_unit_test_setup_teardown(copies_take_any_address, begin, end),
        cmocka_unit_test_setup_teardown(half_precision_storage, begin, end),
        cmocka_unit_test_setup_teardown(promotion_equals_torch, begin, end),
        cmocka_unit_test_setup_teardown(numbers_do_not_widen, begin, end),
        cmocka_unit_test_setup_teardown(scopes_release_what_they_own, begin, end),
        cmocka_unit_test_setup_teardown(long_chains_are_freed_without_recursion, begin, end),
        cmocka_unit_test_setup_teardown(steady_steps_call_the_system_never, begin, end),
        cmocka_unit_test_setup_teardown(errors_are_handed_over, begin, end),
        cmocka_unit_test_setup_teardown(null_arguments_are_named, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
