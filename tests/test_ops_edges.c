/* test_ops_edges.c: arguments at the edges: nothing, too much, huge, NaN, the wrong kind. What
 * PyTorch gives is expected; what it refuses is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "support/errors.h"

static void assert_values(ore_tensor *t, int n, const double *expected) {
    if (!t)
        fail_msg("%s", ore_error_message());
    double got[32];
    assert_int_equal(ore_numel(t), n);
    assert_int_equal(ore_copy_out(ore_to(t, ORE_FLOAT64), got, (size_t)n * sizeof *got), ORE_OK);
    for (int i = 0; i < n; i++)
        if (!(got[i] == expected[i] || (isnan(got[i]) && isnan(expected[i]))))
            fail_msg("value %d is %g, expected %g", i, got[i], expected[i]);
}

static ore_tensor *doubles(int n, const double *values) {
    return ore_from_data(values, ORE_SHAPE(n), ORE_FLOAT64);
}

static ore_tensor *whole(int n, const double *values) {
    return ore_to(doubles(n, values), ORE_INT64);
}

static ore_tensor *wanting(int n, const double *values) {
    return ore_set_requires_grad(doubles(n, values), true);
}

static void clamp_bounds(void **state) {
    (void)state;
    const double x[] = {-5, 0, 5};
    assert_values(ore_clamp(doubles(3, x), 1, -2), 3, (double[]){-2, -2, -2});
    ore_tensor *halves = ore_clamp(whole(3, x), 0.5, 2.5);
    assert_int_equal(ore_tensor_dtype(halves), ORE_FLOAT32);
    assert_values(halves, 3, (double[]){0.5, 0.5, 2.5});
    assert_null(ore_clamp(ore_to(whole(3, x), ORE_UINT8), 300, INFINITY));
    assert_error(ORE_INVALID, "clamp: bounds 300 and inf do not fit uint8");
}

static void products_over_nothing_are_zero(void **state) {
    (void)state;
    ore_tensor *a = ore_ones(ORE_SHAPE(1, 2, 0), ORE_FLOAT64);
    ore_tensor *b = ore_ones(ORE_SHAPE(0, 2), ORE_FLOAT64);
    assert_values(ore_matmul(a, b), 4, (double[]){0, 0, 0, 0});
    assert_values(ore_matmul(a, ore_ones(ORE_SHAPE(0), ORE_FLOAT64)), 2, (double[]){0, 0});
}

static void ranges(void **state) {
    (void)state;
    ore_tensor *line = ore_linspace(0.1, 0.7, 50, ORE_FLOAT64);
    assert_true(((const double *)ore_data(line))[49] == 0.7);
    assert_values(ore_linspace(-3, 9.5, 4, ORE_INT32), 4, (double[]){-3, 1, 5, 9});
    assert_null(ore_arange(0, 1, -2, ORE_FLOAT32));
    assert_error(ORE_INVALID, "arange: from 0 to 1 by -2");
    assert_null(ore_arange(0, 1e300, 1, ORE_FLOAT32));
    assert_error(ORE_MEMORY, "arange: out of memory");
}

static void far_places(void **state) {
    (void)state;
    ore_tensor *x = doubles(3, (double[]){1, 2, 3});
    assert_values(ore_slice(x, 0, 1, INT64_MAX, INT64_MAX), 1, (double[]){2});
    assert_values(ore_slice(x, 0, INT64_MIN, 2, 1), 2, (double[]){1, 2});
    ore_tensor *parts[4];
    assert_int_equal(ore_split(x, INT64_MAX, 0, parts, 4), 1);
    assert_values(parts[0], 3, (double[]){1, 2, 3});
    assert_int_equal(ore_chunk(ore_zeros(ORE_SHAPE(0), ORE_FLOAT32), 3, 0, parts, 4), 3);
    assert_int_equal(ore_size(parts[2], 0), 0);
    int64_t sizes[] = {INT64_MAX, INT64_MAX, 5};
    assert_int_equal(ore_split_sizes(x, sizes, 3, 0, parts), ORE_INVALID);
    assert_error(ORE_INVALID, "split: 3 sizes");
    ore_tensor *square = ore_ones(ORE_SHAPE(2, 2), ORE_FLOAT32);
    assert_values(ore_tril(square, INT64_MAX), 4, (double[]){1, 1, 1, 1});
    assert_values(ore_triu(square, INT64_MAX), 4, (double[]){0, 0, 0, 0});
    assert_values(ore_tril(square, INT64_MIN), 4, (double[]){0, 0, 0, 0});
    assert_null(ore_narrow(x, 0, INT64_MAX, INT64_MAX));
    assert_error(ORE_INVALID, "narrow:");
    assert_null(ore_expand(ore_ones(ORE_SHAPE(1, 1), ORE_FLOAT32),
                           ORE_SHAPE(INT64_MAX / 2, INT64_MAX / 2)));
    assert_error(ORE_MEMORY, "expand: out of memory");
    assert_null(ore_zeros(ORE_SHAPE(INT64_MAX / 64), ORE_FLOAT64));
    assert_error(ORE_MEMORY, "out of memory");
}

/* Strides and plans multiply all sizes above 0, elements or none. */
static void far_empty_shapes(void **state) {
    (void)state;
    const int64_t far = INT64_C(1) << 40;
    const ore_shape shapes[] = {ORE_SHAPE(0, far, far), ORE_SHAPE(far, 0, far),
                                ORE_SHAPE(far, far, 0)};
    ore_tensor *none = ore_empty(ORE_SHAPE(0), ORE_FLOAT64), *y[3];
    for (int i = 0; i < 3; i++) {
        char message[160], shape[ORE_SHAPE_TEXT];
        snprintf(message, sizeof message,
                 ": shape %s, expected sizes above 0 whose product is at most 576460752303423487",
                 ore_shape_text(shapes[i], shape));
        assert_null(ore_zeros(shapes[i], ORE_BOOL));
        assert_error(ORE_INVALID, message);
        assert_null(ore_from_data(NULL, shapes[i], ORE_FLOAT32));
        assert_error(ORE_INVALID, message);
        assert_null(ore_view(none, shapes[i]));
        assert_error(ORE_INVALID, message);
        assert_null(ore_reshape(none, shapes[i]));
        assert_error(ORE_INVALID, message);
    }
    assert_null(ore_reshape(none, ORE_SHAPE(-1, far, far)));
    assert_error(ORE_INVALID, "reshape: shape (-1, 1099511627776, 1099511627776) does not hold");
    assert_null(ore_reshape(none, ORE_SHAPE(-1, far, far / 2, 1)));
    assert_error(ORE_INVALID, "reshape: shape (");
    ore_tensor *row = ore_empty(ORE_SHAPE(0, 1, far), ORE_FLOAT32);
    assert_non_null(row);
    assert_null(ore_expand(row, ORE_SHAPE(0, far, far)));
    assert_error(ORE_INVALID, "expand: shape (0, 1099511627776, 1099511627776), expected sizes");
    assert_null(ore_add(row, ore_transpose(row, 1, 2)));
    assert_error(ORE_INVALID, "empty: shape (0, 1099511627776, 1099511627776), expected sizes");
    assert_null(ore_unfold(row, 2, far / 2, 1));
    assert_error(ORE_INVALID, "unfold: shape (0, 1, 549755813889, 549755813888), expected sizes");
    ore_tensor *wide = ore_expand(ore_ones(ORE_SHAPE(1), ORE_FLOAT32), ORE_SHAPE(far));
    assert_null(ore_unfold(wide, 0, far / 2, 1));
    assert_error(ORE_MEMORY, "unfold: out of memory: shape (549755813889, 549755813888)");
    /* what is just within the bound works, views and casts of it too */
    const int64_t most = INT64_MAX / 16;
    y[0] = ore_ones(ORE_SHAPE(most, 0), ORE_BOOL);
    y[1] = ore_add(ore_to(y[0], ORE_FLOAT64), ore_reshape(y[0], ORE_SHAPE(1, most, 0)));
    y[2] = ore_transpose(ore_clone(ore_slice(y[1], 1, 0, most, 2)), 0, 2);
    assert_true(ore_ok());
    assert_int_equal(ore_size(y[2], 0), 0);
    assert_int_equal(ore_size(y[2], 1), most / 2 + 1);
}

static void sizes_add_up_beyond_any_count(void **state) {
    (void)state;
    ore_tensor *parts[40], *none = ore_ones(ORE_SHAPE(INT64_MAX / 16, 0), ORE_FLOAT32);
    for (int i = 0; i < 40; i++)
        parts[i] = none;
    assert_null(ore_cat(parts, 40, 0));
    assert_error(ORE_INVALID, "cat: the sizes of 40 tensors along dim 0");
    assert_int_equal(ore_numel(ore_cat(parts, 40, 1)), 0);
}

/* PyTorch's: a tensor of shape (0) joins what has other dims, and counts for the dtype alone. */
static void nothing_joins_anything(void **state) {
    (void)state;
    ore_tensor *nothing = ore_zeros(ORE_SHAPE(0), ORE_FLOAT64);
    ore_tensor *x = ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT32), *y;
    ore_tensor *three[] = {nothing, ore_set_requires_grad(x, true), nothing};
    for (int dim = -2; dim < 2; dim++) {
        y = ore_cat(three, 3, dim);
        assert_non_null(y);
        assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(2, 3)));
        assert_int_equal(ore_tensor_dtype(y), ORE_FLOAT64);
    }
    ore_set_requires_grad(nothing, true);
    ore_backward(ore_sum(ore_cat((ore_tensor *[]){x, nothing, x}, 3, 1), ORE_ALL, false));
    assert_true(ore_shape_equal(ore_shape_of(ore_grad(nothing)), ORE_SHAPE(0)));
    assert_true(ore_item(ore_sum(ore_grad(x), ORE_ALL, false)) == 12);
    for (int dim = -1; dim < 2; dim++) { /* of nothing else any dim will do */
        y = ore_cat((ore_tensor *[]){nothing, nothing}, 2, dim);
        assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(0)));
    }
    assert_true(ore_ok());
    assert_null(ore_cat(three, 3, 2));
    assert_error(ORE_INVALID, "cat: dim 2 out of range, expected -2 .. 1");
    assert_null(ore_cat((ore_tensor *[]){nothing, ore_scalar(1, ORE_FLOAT32)}, 2, 0));
    assert_error(ORE_INVALID, "cat: 0-d tensors; use ore_stack");
    assert_null(ore_cat((ore_tensor *[]){ore_zeros(ORE_SHAPE(0, 0), ORE_FLOAT32), x}, 2, 1));
    assert_error(ORE_INVALID, "cat: shapes (0, 0) and (2, 3) differ in another dim than 1");
}

static void integers_in_place(void **state) {
    (void)state;
    ore_tensor *x = whole(2, (double[]){7, 8});
    assert_null(ore_add_scalar_(x, 0.5));
    assert_error(ORE_INVALID, "add_: a result of float32 does not fit into int64");
    assert_null(ore_mul_scalar_(x, 0.5));
    assert_error(ORE_INVALID, "mul_: a result of float32 does not fit into int64");
    assert_null(ore_div_(x, x));
    assert_error(ORE_INVALID, "div_: a result of float32 does not fit into int64");
    ore_tensor *flags = ore_ones(ORE_SHAPE(2), ORE_BOOL);
    assert_null(ore_add_(flags, x));
    assert_error(ORE_INVALID, "add_: a result of int64 does not fit into bool");
    assert_values(ore_mul_scalar_(x, 2), 2, (double[]){14, 16});
    assert_null(ore_add_scalar_(NULL, 1));
    assert_error(ORE_INVALID, "add_: argument 1 is NULL");
}

static void integers_meet_numbers(void **state) {
    (void)state;
    ore_tensor *x = whole(3, (double[]){-2, 0, 3});
    ore_tensor *powers = ore_pow_scalar(x, 5);
    assert_int_equal(ore_tensor_dtype(powers), ORE_INT64);
    assert_values(powers, 3, (double[]){-32, 0, 243});
    assert_values(ore_pow_scalar(x, 0), 3, (double[]){1, 1, 1});
    assert_values(ore_pow(whole(3, (double[]){-1, 1, 2}), whole(3, (double[]){-3, -1, -1})), 3,
                  (double[]){-1, 1, 0});
    ore_tensor *beyond = ore_add_scalar(x, INFINITY);
    assert_int_equal(ore_tensor_dtype(beyond), ORE_FLOAT32);
    assert_true(isinf(ore_item(ore_select(beyond, 0, 0))));
    assert_true(ore_item_int(ore_scalar(NAN, ORE_FLOAT32)) == INT64_MIN);
    assert_true(ore_item_int(ore_scalar(1e30, ORE_FLOAT64)) == INT64_MIN);
}

/* A quotient of integers is one of floats, whatever the integer type cannot hold. */
static void integers_divided_by_numbers(void **state) {
    (void)state;
    ore_tensor *x = ore_to(whole(2, (double[]){1, 8}), ORE_UINT8);
    assert_int_equal(ore_tensor_dtype(ore_div_scalar(x, -2)), ORE_FLOAT32);
    assert_values(ore_div_scalar(x, -2), 2, (double[]){-0.5, -4});
    assert_values(ore_rdiv_scalar(x, -1), 2, (double[]){-1, -0.125});
    assert_values(ore_div_scalar(x, 1024), 2, (double[]){0x1p-10, 0x1p-7});
    ore_tensor *truth = ore_to(x, ORE_BOOL);
    assert_values(ore_div_scalar(truth, -2), 2, (double[]){-0.5, -0.5});
}

static void masks_larger_than_the_tensor(void **state) {
    (void)state;
    ore_tensor *x = wanting(2, (double[]){1, 2}), *column = ore_reshape(x, ORE_SHAPE(2, 1));
    ore_tensor *mask = ore_to(ore_eye(2, 3, ORE_INT64), ORE_BOOL);
    ore_tensor *y = ore_masked_fill(column, mask, 7);
    assert_values(y, 6, (double[]){7, 1, 1, 2, 7, 2});
    ore_backward(ore_sum(y, ORE_ALL, false));
    assert_values(ore_grad(x), 2, (double[]){2, 2});
}

/* The mean of equal values is their value, however their sum rounds. */
static void equal_values_do_not_spread(void **state) {
    (void)state;
    const double values[] = {0.1, -1.7, 1e-3, 123.456};
    for (int n = 2; n < 40; n++) {
        ore_tensor *x = wanting(4, values);
        ore_tensor *rows = ore_expand(ore_unsqueeze(x, 0), ORE_SHAPE(n, 4));
        assert_values(ore_var(rows, ORE_DIMS(0), 1, false), 4, (double[]){0, 0, 0, 0});
        ore_tensor *std = ore_std(rows, ORE_DIMS(0), 1, false);
        assert_values(std, 4, (double[]){0, 0, 0, 0});
        ore_backward(ore_sum(std, ORE_ALL, false));
        assert_values(ore_grad(x), 4, (double[]){0, 0, 0, 0});
    }
    const double odd[] = {INFINITY, 1, NAN, 2};
    assert_values(ore_var(doubles(2, odd), ORE_ALL, 1, false), 1, (double[]){NAN});
    assert_values(ore_var(doubles(2, odd + 2), ORE_ALL, 1, false), 1, (double[]){NAN});
    assert_values(ore_var(doubles(0, odd), ORE_ALL, 0, false), 1, (double[]){NAN});
}

static void lists_and_types_that_cannot_be(void **state) {
    (void)state;
    ore_tensor *x = ore_ones(ORE_SHAPE(2, 2), ORE_FLOAT32);
    assert_null(ore_sum(x, (ore_dims){.n = 100}, false));
    assert_error(ORE_INVALID, "sum: a list of 100 dims, expected 0 .. 8");
    assert_null(ore_permute(x, (ore_dims){.n = -1}));
    assert_error(ORE_INVALID, "permute: a list of -1 dims");
    assert_null(ore_expand(x, (ore_shape){.ndim = 1000}));
    assert_error(ORE_INVALID, "expand: (2, 2) cannot be expanded to (1000 dims)");
    assert_null(ore_f_layer_norm(x, (ore_shape){.ndim = 1000}, NULL, NULL, 1e-5));
    assert_error(ORE_INVALID, "layer_norm: x (2, 2) does not end in");
    assert_null(ore_zeros(ORE_SHAPE(2), (ore_dtype)99));
    assert_error(ORE_INVALID, "zeros: dtype 99, expected one of ore_dtype");
    assert_null(ore_to(x, (ore_dtype)-1));
    assert_error(ORE_INVALID, "to: dtype -1, expected one of ore_dtype");
    assert_string_equal(ore_dtype_name((ore_dtype)99), "unknown dtype");
    assert_null(ore_rand(ORE_SHAPE(2), (ore_dtype)99, NULL));
    assert_error(ORE_INVALID, "rand: dtype unknown dtype");
    assert_null(ore_cat(NULL, 2, 0));
    assert_error(ORE_INVALID, "cat: the list of tensors is NULL");
    assert_null(ore_zeros_like(NULL));
    assert_error(ORE_INVALID, "zeros_like: argument 1 is NULL");
    assert_null(ore_normal_(NULL, 0, 1, NULL));
    assert_error(ORE_INVALID, "normal_: argument 1 is NULL");
    assert_int_equal(ore_copy_in(x, NULL, 16), ORE_INVALID);
    assert_error(ORE_INVALID, "copy_in: the memory is NULL");
    assert_int_equal(ore_copy_out(x, NULL, 16), ORE_INVALID);
    assert_error(ORE_INVALID, "copy_out: the memory is NULL");
}

static void gradients_at_edges(void **state) {
    (void)state;
    ore_tensor *a = wanting(3, (double[]){NAN, 1, 2}), *b = wanting(3, (double[]){0, 1, 1});
    ore_backward(ore_sum(ore_maximum(a, b), ORE_ALL, false));
    assert_values(ore_grad(a), 3, (double[]){1, 0.5, 1});
    assert_values(ore_grad(b), 3, (double[]){1, 0.5, 0});
    ore_tensor *x = wanting(2, (double[]){1, 2}), *y = ore_zero_(ore_mul_scalar(x, 3));
    ore_backward(ore_sum(y, ORE_ALL, false));
    assert_true(ore_ok());
    assert_values(ore_grad(x), 2, (double[]){0, 0});
    x = wanting(2, (double[]){1, 2});
    ore_backward(ore_var(x, ORE_ALL, INT64_MIN, false));
    assert_values(ore_grad(x), 2, (double[]){-0x1p-63, 0x1p-63});
}

/* Halves only store, yet gradients pass back through them, from all places of a broadcast too. */
static void gradients_through_halves(void **state) {
    (void)state;
    ore_tensor *x = wanting(1, (double[]){2}), *h = ore_to(x, ORE_BFLOAT16);
    ore_tensor *mask = ore_to(whole(3, (double[]){1, 0, 1}), ORE_BOOL);
    ore_tensor *y = ore_where(mask, h, ore_to(doubles(3, (double[]){5, 6, 7}), ORE_BFLOAT16));
    assert_values(y, 3, (double[]){2, 6, 2});
    ore_backward(ore_sum(ore_to(y, ORE_FLOAT64), ORE_ALL, false));
    assert_true(ore_ok());
    assert_values(ore_grad(x), 1, (double[]){2});
}

int main(void) {
#define EDGE(test) cmocka_unit_test_setup_teardown(test, begin_scope, end_scope)
    const struct CMUnitTest tests[] = {
        EDGE(clamp_bounds),
        EDGE(products_over_nothing_are_zero),
        EDGE(ranges),
        EDGE(far_places),
        EDGE(far_empty_shapes),
        EDGE(sizes_add_up_beyond_any_count),
        EDGE(nothing_joins_anything),
        EDGE(integers_in_place),
        EDGE(integers_meet_numbers),
        EDGE(integers_divided_by_numbers),
        EDGE(masks_larger_than_the_tensor),
        EDGE(equal_values_do_not_spread),
        EDGE(lists_and_types_that_cannot_be),
        EDGE(gradients_at_edges),
        EDGE(gradients_through_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
