/* test_order.c: order, counts, scans and indices on special values, and on sizes that several
 * threads share; the expected values are what PyTorch gives. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

static ore_tensor *row(const double *values, int64_t n) {
    return ore_from_data(values, ORE_SHAPE(n), ORE_FLOAT64);
}

static void assert_values(const ore_tensor *t, const double *want, int64_t n) {
    double got[32];
    assert_true(ore_ok());
    assert_int_equal(ore_numel(t), n);
    ore_tensor *read = ore_contiguous(ore_to((ore_tensor *)t, ORE_FLOAT64));
    assert_int_equal(ore_copy_out(read, got, (size_t)n * sizeof *got), ORE_OK);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) < 1e-12 || got[i] == want[i] ||
              (isnan(got[i]) && isnan(want[i]))))
            fail_msg("element %d is %.17g, expected %.17g", (int)i, got[i], want[i]);
}

#define VALUES(t, ...)                                                                             \
    assert_values(t, (double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void equals_keep_their_order(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = row((double[]){1, 0, 1, 0, 1}, 5), *places;
    VALUES(ore_sort(x, 0, false, &places), 0, 0, 1, 1, 1);
    VALUES(places, 1, 3, 0, 2, 4);
    VALUES(ore_sort(x, 0, true, &places), 1, 1, 1, 0, 0);
    VALUES(places, 0, 2, 4, 1, 3);
    VALUES(ore_sort(ore_to(x, ORE_BFLOAT16), 0, true, &places), 1, 1, 1, 0, 0);
    VALUES(places, 0, 2, 4, 1, 3);
    VALUES(ore_argsort(ore_to(x, ORE_BOOL), 0, false), 1, 3, 0, 2, 4);
    ore_scope_end();
}

static void a_nan_is_the_largest(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = row((double[]){1, NAN, INFINITY, -INFINITY, NAN}, 5), *places;
    VALUES(ore_sort(x, 0, false, &places), -INFINITY, 1, INFINITY, NAN, NAN);
    VALUES(places, 3, 0, 2, 1, 4);
    VALUES(ore_topk(x, 3, 0, true, &places), NAN, NAN, INFINITY);
    VALUES(places, 1, 4, 2);
    VALUES(ore_median(x, 0, false, &places), NAN);
    VALUES(places, 1);
    VALUES(ore_median_all(row((double[]){4, 1, 3, 2}, 4)), 2);
    VALUES(ore_quantile(x, ore_scalar(0, ORE_FLOAT64), 0, false), NAN);
    VALUES(ore_logsumexp(row((double[]){-INFINITY, -INFINITY}, 2), ORE_ALL, false), -INFINITY);
    VALUES(ore_logsumexp(row((double[]){INFINITY, 0}, 2), ORE_ALL, false), INFINITY);
    VALUES(ore_logsumexp(row((double[]){1000, 1000}, 2), ORE_ALL, false), 1000 + log(2));
    VALUES(ore_logsumexp(ore_zeros(ORE_SHAPE(0), ORE_FLOAT64), ORE_ALL, false), -INFINITY);
    ore_scope_end();
}

static void slices_may_be_unique(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *inverse, *how_many;
    ore_tensor *x = ore_from_data((double[]){2, 1, 0, 9, 2, 1, 0, 3}, ORE_SHAPE(4, 2), ORE_FLOAT64);
    VALUES(ore_unique_dim(x, 0, &inverse, &how_many), 0, 3, 0, 9, 2, 1);
    VALUES(inverse, 2, 1, 2, 0);
    VALUES(how_many, 1, 1, 2);
    VALUES(ore_unique_dim(ore_t(x), -1, NULL, &how_many), 0, 0, 2, 3, 9, 1);
    VALUES(how_many, 1, 1, 2);
    ore_tensor *none =
        ore_unique_dim(ore_zeros(ORE_SHAPE(0, 3), ORE_INT64), 0, &inverse, &how_many);
    assert_true(ore_shape_equal(ore_shape_of(none), ORE_SHAPE(0, 3)));
    assert_int_equal(ore_numel(inverse) + ore_numel(how_many), 0);
    assert_null(ore_unique_dim(ore_zeros(ORE_SHAPE(3, 0), ORE_INT64), 0, &inverse, NULL));
    assert_null(inverse);
    assert_string_equal(ore_error_message(),
                        "unique_dim: the slices of x (3, 0) along dim 0 hold no elements");
    ore_error_clear();
    assert_null(ore_unique_dim(x, 2, NULL, NULL));
    assert_string_equal(ore_error_message(), "unique_dim: dim 2 out of range, expected -2 .. 1");
    ore_error_clear();
    ore_scope_end();
}

static void counts(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *inverse, *how_many;
    VALUES(ore_unique(row((double[]){3, -1, 3, 2, -1, 3}, 6), &inverse, &how_many), -1, 2, 3);
    VALUES(inverse, 2, 0, 2, 1, 0, 2);
    VALUES(how_many, 2, 1, 3);
    assert_int_equal(ore_numel(ore_unique(row((double[]){NAN, NAN}, 2), NULL, NULL)), 2);
    assert_int_equal(ore_numel(ore_unique(ore_zeros(ORE_SHAPE(0), ORE_INT64), &inverse, &how_many)),
                     0);
    assert_int_equal(ore_numel(how_many), 0);
    ore_tensor *x = ore_from_data((int64_t[]){1, 3, 1}, ORE_SHAPE(3), ORE_INT64);
    VALUES(ore_bincount(x, NULL, 6), 0, 2, 0, 1, 0, 0);
    VALUES(ore_bincount(x, row((double[]){0.5, 2, 0.25}, 3), 0), 0, 0.75, 0, 2);
    VALUES(ore_histc(row((double[]){0, 1, 2, 3, 4, NAN, 9}, 7), 4, 0, 4), 1, 1, 1, 2);
    VALUES(ore_histc(row((double[]){1, 2, 4}, 3), 3, 0, 0), 1, 1, 1);
    VALUES(ore_histc(row((double[]){5, 5}, 2), 2, 0, 0), 0, 2);
    VALUES(ore_one_hot(x, -1), 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0);
    ore_scope_end();
}

static void truths(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = row((double[]){0, NAN, 0}, 3), *none = ore_zeros(ORE_SHAPE(0), ORE_FLOAT32);
    assert_true(ore_item(ore_any(x, ORE_ALL, false)) == 1);
    assert_true(ore_item(ore_all(x, ORE_ALL, false)) == 0);
    assert_true(ore_item(ore_any(none, ORE_ALL, false)) == 0);
    assert_true(ore_item(ore_all(none, ORE_ALL, false)) == 1);
    assert_int_equal(ore_tensor_dtype(ore_any(x, ORE_ALL, false)), ORE_BOOL);
    assert_int_equal(ore_tensor_dtype(ore_all(ore_to(x, ORE_UINT8), ORE_ALL, false)), ORE_UINT8);
    ore_tensor *a = row((double[]){1, INFINITY, NAN}, 3),
               *b = row((double[]){1 + 1e-6, INFINITY, NAN}, 3);
    assert_false(ore_allclose(a, b, 1e-5, 1e-8, false));
    assert_true(ore_allclose(a, b, 1e-5, 1e-8, true));
    assert_false(ore_allclose(a, b, 1e-7, 0, true));
    assert_false(ore_allclose(ore_neg(a), b, 1e-5, 1e-8, true));
    ore_scope_end();
}

/* x[i, :, j] puts the indexed dim first, x[:, i, j] leaves it in place, and so does x[1, :, i]; the
 * last of equal places stays, or all of them add up. */
static void indices(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *x = ore_reshape(ore_arange(0, 24, 1, ORE_FLOAT64), ORE_SHAPE(2, 3, 4));
    ore_tensor *i = ore_from_data((int64_t[]){0, -1}, ORE_SHAPE(2), ORE_INT64);
    ore_tensor *apart = ore_index(x, (ore_tensor *[]){i, NULL, i}, 3);
    VALUES(apart, 0, 4, 8, 15, 19, 23);
    assert_true(ore_shape_equal(ore_shape_of(apart), ORE_SHAPE(2, 3)));
    VALUES(ore_index(x, (ore_tensor *[]){NULL, i, i}, 3), 0, 11, 12, 23);
    ore_tensor *one = ore_from_data((int64_t[]){1}, ORE_SCALAR, ORE_INT64); /* as x[1, :, i] */
    ore_tensor *chosen = ore_index(x, (ore_tensor *[]){one, NULL, i}, 3);
    assert_true(ore_shape_equal(ore_shape_of(chosen), ORE_SHAPE(3, 2)));
    VALUES(chosen, 12, 15, 16, 19, 20, 23);
    VALUES(ore_index(x, (ore_tensor *[]){one, NULL, one}, 3), 13, 17, 21);
    VALUES(ore_index(x, (ore_tensor *[]){i, one, i}, 3), 4, 19);
    VALUES(ore_index_put(x, (ore_tensor *[]){one, NULL, i}, 3, ore_scalar(0, ORE_FLOAT64), false),
           0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 13, 14, 0, 0, 17, 18, 0, 0, 21, 22, 0);
    ore_tensor *rows = ore_index(x, &i, 1);
    assert_true(ore_shape_equal(ore_shape_of(rows), ORE_SHAPE(2, 3, 4)));
    ore_tensor *mask = ore_gt(x, ore_scalar(20, ORE_FLOAT64));
    VALUES(ore_index(x, &mask, 1), 21, 22, 23);
    VALUES(ore_nonzero(mask), 1, 2, 1, 1, 2, 2, 1, 2, 3);
    ore_tensor *zero = ore_zeros(ORE_SHAPE(3), ORE_INT64),
               *y = ore_zeros(ORE_SHAPE(2), ORE_FLOAT64);
    ore_tensor *values = row((double[]){1, 2, 3}, 3);
    VALUES(ore_index_put(y, &zero, 1, values, false), 3, 0);
    VALUES(ore_index_put(y, &zero, 1, values, true), 6, 0);
    VALUES(y, 0, 0);
    assert_ptr_equal(ore_index_put_(y, &zero, 1, values, true), y);
    VALUES(y, 6, 0);
    ore_tensor *whole = ore_zeros(ORE_SHAPE(2), ORE_INT64);
    VALUES(ore_scatter_add(whole, 0, zero, ore_ones(ORE_SHAPE(3), ORE_INT64)), 3, 0);
    ore_scope_end();
}

/* Many rows and long ones, the same bits on any number of threads; sorted against qsort. */
static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void large_rows_on_threads(void **state) {
    (void)state;
    static const int64_t cols[] = {1, 7, 16, 17, 65, 1000, 40001};
    for (size_t c = 0; c < sizeof cols / sizeof *cols; c++) {
        ore_scope_begin();
        int64_t rows = cols[c] < 1000 ? 1000 : 3;
        ore_tensor *x = ore_randn(ORE_SHAPE(rows, cols[c]), ORE_FLOAT64, NULL), *y[2], *sum[2];
        for (int i = 0; i < 2; i++) {
            ore_set_num_threads(i ? 3 : 1);
            y[i] = ore_sort(x, 1, false, NULL);
            sum[i] = ore_cumsum(x, 1);
        }
        size_t bytes = (size_t)ore_numel(x) * sizeof(double);
        assert_memory_equal(ore_data(y[0]), ore_data(y[1]), bytes);
        assert_memory_equal(ore_data(sum[0]), ore_data(sum[1]), bytes);
        int64_t few = cols[c] < 5 ? cols[c] : 5, most = cols[c] < 100 ? cols[c] : 100;
        assert_true(ore_allclose(ore_topk(x, few, 1, false, NULL), ore_narrow(y[0], 1, 0, few), 0,
                                 0, false));
        assert_true(ore_allclose(ore_topk(x, most, 1, false, NULL), ore_narrow(y[0], 1, 0, most), 0,
                                 0, false));
        double *sorted = ore_data_mut(x);
        for (int64_t r = 0; r < rows; r++)
            qsort(sorted + r * cols[c], (size_t)cols[c], sizeof *sorted, by_value);
        assert_memory_equal(sorted, ore_data(y[0]), bytes);
        ore_scope_end();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_keep_their_order),
        cmocka_unit_test(a_nan_is_the_largest),
        cmocka_unit_test(slices_may_be_unique),
        cmocka_unit_test(counts),
        cmocka_unit_test(truths),
        cmocka_unit_test(indices),
        cmocka_unit_test(large_rows_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
