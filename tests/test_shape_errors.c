/* test_shape_errors.c: what scans, order, counts, indexing, rearranging and contractions say about
 * arguments that cannot be, word for word. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/refusals.h"

#define WHOLE(shape, ...) whole(shape, (int64_t[]){__VA_ARGS__})

static void reductions(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *i = WHOLE(ORE_SHAPE(2), 1, 2);
    invalid(ore_cumsum(x, 2), "cumsum: dim 2 out of range, expected -2 .. 1");
    invalid(ore_cumprod(NULL, 0), "cumprod: argument 1 is NULL");
    invalid(ore_prod(x, ORE_DIMS(0, 0), false), "prod: dim 0 is named twice");
    invalid(ore_logsumexp(x, ORE_DIMS(-3), false),
            "logsumexp: dim -3 out of range, expected -2 .. 1");
    invalid(ore_norm(i, 2, ORE_ALL, false), "norm: dtype int64, expected a floating one");
    invalid(ore_norm(x, NAN, ORE_ALL, false), "norm: p is nan, expected a number");
    invalid(ore_any(x, ORE_DIMS(5), false), "any: dim 5 out of range, expected -2 .. 1");
    assert_false(ore_allclose(x, i, 0, 0, false));
    invalid(NULL, "allclose: dtypes float32 and int64, expected the same");
    assert_false(ore_allclose(x, x, -1, 0, false));
    invalid(NULL, "allclose: rtol -1 and atol 0, expected 0 or more");
    assert_false(ore_allclose(x, ones(ORE_SHAPE(4)), 0, 0, false));
    invalid(NULL, "allclose: shapes (2, 3) and (4,) do not broadcast");
}

static void order_and_counts(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *none = ones(ORE_SHAPE(2, 0));
    ore_tensor *places = x;
    invalid(ore_sort(x, 2, false, &places), "sort: dim 2 out of range, expected -2 .. 1");
    assert_null(places);
    invalid(ore_topk(x, 4, 1, true, NULL), "topk: k is 4, expected 0 .. 3, the size of dim 1");
    invalid(ore_topk(x, -1, 0, true, NULL), "topk: k is -1, expected 0 .. 2, the size of dim 0");
    invalid(ore_median(none, 1, false, NULL), "median: no elements along dim 1 of shape (2, 0)");
    ore_tensor *half = ore_scalar(0.5, ORE_FLOAT32);
    invalid(ore_quantile(x, ore_scalar(0.5, ORE_FLOAT64), 0, false),
            "quantile: x of float32 and q of float64, expected both float32 or float64");
    invalid(ore_quantile(x, x, 0, false), "quantile: q (2, 3), expected at most one dim");
    invalid(ore_quantile(none, half, 0, false), "quantile: x (2, 0) has no elements");
    invalid(ore_quantile(x, ore_scalar(NAN, ORE_FLOAT32), 0, false),
            "quantile: a q outside 0 .. 1");
    invalid(ore_bincount(x, NULL, 0),
            "bincount: x (2, 3) of float32, expected one dim of integers");
    ore_tensor *i = WHOLE(ORE_SHAPE(2), 1, -2);
    invalid(ore_bincount(i, NULL, 0), "bincount: an element below 0");
    invalid(ore_bincount(i, NULL, -1), "bincount: minlength -1, expected 0 or more");
    invalid(ore_bincount(i, ones(ORE_SHAPE(3)), 0),
            "bincount: weights (3,) for x (2,), expected the same shape");
    invalid(ore_histc(i, 3, 0, 1), "histc: dtype int64, expected a floating one");
    invalid(ore_histc(x, 0, 0, 1), "histc: 0 bins, expected 1 or more");
    invalid(ore_histc(x, 2, 1, 0), "histc: a range of 1 .. 0, expected finite and growing");
    invalid(ore_histc(ore_full(ORE_SHAPE(2), NAN, ORE_FLOAT32), 2, 0, 0),
            "histc: a range of nan .. nan, expected finite and growing");
    invalid(ore_one_hot(WHOLE(ORE_SHAPE(2), 0, 7), 6),
            "one_hot: index 7 at 1 out of range, expected 0 .. 5");
    invalid(ore_one_hot(i, -1), "one_hot: index -2 at 1 out of range, expected 0 .. 1");
    invalid(ore_histc(x, 2, 1, 1 + 1e-12), "histc: a range of 1 .. 1, expected finite and growing");
    invalid(ore_one_hot(i, 0), "one_hot: 0 classes, expected 1 or more, or -1 and an index");
    invalid(ore_one_hot(x, 3), "one_hot: index of float32, expected int64 or int32");
}

static void advanced_indices(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *i = WHOLE(ORE_SHAPE(2), 0, 2);
    ore_tensor *three = WHOLE(ORE_SHAPE(3), 0, 0, 0), *mask = ore_ones(ORE_SHAPE(3), ORE_BOOL);
    invalid(ore_index(x, &i, 1), "index: index 2 out of range for dim 0 of 2");
    ore_tensor *below = WHOLE(ORE_SHAPE(1), -4);
    invalid(ore_index(x, (ore_tensor *[]){NULL, below}, 2),
            "index: index -4 out of range for dim 1 of 3");
    invalid(ore_index(x, (ore_tensor *[]){NULL, NULL, i}, 3),
            "index: more than the 2 indices that x has dims");
    invalid(ore_index(x, (ore_tensor *[]){three, i}, 2),
            "index: shapes (3,) and (2,) do not broadcast");
    invalid(ore_index(x, &x, 1), "index: index of float32, expected int64 or int32");
    invalid(ore_index(x, &mask, 1), "index: mask (3,) does not fit x (2, 3) from dim 0 on");
    invalid(ore_index(x, NULL, 1), "index: a list of 1 indices, expected one");
    ore_tensor *many = ore_zeros(ORE_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), ORE_INT64);
    invalid(ore_index(x, &many, 1), "index: a result of 9 dims, expected at most 8");
    ore_tensor *none = NULL, *wide = ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT64);
    invalid(ore_index_put(x, &none, 1, x, false), "index_put: no index, expected one or more");
    invalid(ore_index_put(x, &three, 1, wide, false),
            "index_put: (2, 3) cannot be expanded to (3, 3)");
    invalid(ore_index_put(x, &three, 1, ore_scalar(1, ORE_FLOAT64), true),
            "index_put: values of float64 for x of float32, expected the same dtype");
    ore_tensor *leaf = ore_set_requires_grad(ones(ORE_SHAPE(2, 3)), true);
    assert_null(ore_index_put_(leaf, &three, 1, ore_scalar(1, ORE_FLOAT32), true));
    assert_int_equal(ore_error_status(), ORE_STATE);
    ore_error_clear();
}

static void scatters(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *i = WHOLE(ORE_SHAPE(1, 2), 0, 3);
    invalid(ore_scatter(x, 1, i, x), "scatter: index 3 at 1 out of range, expected 0 .. 2");
    invalid(ore_scatter_add(x, 0, i, x), "scatter_add: index 3 at 1 out of range, expected 0 .. 1");
    invalid(ore_scatter(x, 2, i, x), "scatter: dim 2 out of range, expected -2 .. 1");
    invalid(ore_scatter(x, 1, i, ones(ORE_SHAPE(1, 1))),
            "scatter: index (1, 2) for x (2, 3) and source (1, 1) along dim 1, expected as many "
            "dims, no larger than the source nor, in the other dims, than x");
    invalid(ore_scatter_value(x, 0, ore_zeros(ORE_SHAPE(2, 4), ORE_INT64), 1),
            "scatter: index (2, 4) for x (2, 3) and source (2, 4) along dim 0, expected as many "
            "dims, no larger than the source nor, in the other dims, than x");
    invalid(ore_scatter(x, 1, i, ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT64)),
            "scatter: values of float64 for x of float32, expected the same dtype");
    invalid(
        ore_index_add(x, 1, WHOLE(ORE_SHAPE(2), 0, 1), x),
        "index_add: index (2,) and source (2, 3) for x (2, 3), expected an index of one dim and "
        "as many slices along dim 1");
    invalid(ore_index_add(x, 0, WHOLE(ORE_SHAPE(2), 0, -1), x),
            "index_add: index -1 at 1 out of range, expected 0 .. 1");
    invalid(ore_masked_select(x, x), "masked_select: mask of float32, expected bool");
    invalid(ore_masked_select(x, ore_ones(ORE_SHAPE(2), ORE_BOOL)),
            "masked_select: shapes (2, 3) and (2,) do not broadcast");
}

static void rearranging(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *zero = ore_scalar(0, ORE_FLOAT32), *parts[2];
    invalid(
        ore_repeat(x, ORE_SHAPE(2)),
        "repeat: repeats (2,) of x (2, 3), expected 0 .. 2^31 - 1 and one for each dim or more");
    invalid(ore_repeat(x, ORE_SHAPE(2, -1)),
            "repeat: repeats (2, -1) of x (2, 3), expected 0 .. 2^31 - 1 and one for each dim "
            "or more");
    invalid(ore_repeat_interleave(x, -1, 0),
            "repeat_interleave: -1 repeats, expected 0 .. 2^31 - 1");
    invalid(ore_repeat_interleave(zero, 2, 0),
            "repeat_interleave: a 0-d tensor has no dim to repeat along");
    invalid(
        ore_repeat_interleave_each(x, WHOLE(ORE_SHAPE(3), 1, 1, 1), 0),
        "repeat_interleave: repeats (3,) of int64, expected a whole number for each of the 2 of "
        "dim 0");
    invalid(ore_repeat_interleave_each(x, WHOLE(ORE_SHAPE(2), 1, -1), 0),
            "repeat_interleave: a number of repeats below 0");
    invalid(ore_roll(x, NULL, ORE_ALL),
            "roll: a list of 0 dims, expected 0 .. 8 and a shift for each");
    invalid(ore_roll(x, (int64_t[]){1}, ORE_DIMS(2)), "roll: dim 2 out of range, expected -2 .. 1");
    invalid(ore_flip(x, ORE_DIMS(1, -1)), "flip: dim 1 is named twice");
    assert_int_equal(ore_unbind(x, 1, parts, 2), -1);
    invalid(NULL, "unbind: 3 parts along dim 1, expected 0 .. 2");
    invalid(ore_unfold(x, 1, 4, 1),
            "unfold: windows of 4 by steps of 1 along dim 1 of 3, expected 0 .. 3, a step of 1 or "
            "more, and 1 .. 7 dims");
    invalid(ore_unfold(x, 1, 2, 0),
            "unfold: windows of 2 by steps of 0 along dim 1 of 3, expected 0 .. 3, a step of 1 or "
            "more, and 1 .. 7 dims");
    ore_meshgrid(&x, 1, "ij", parts);
    invalid(NULL, "meshgrid: tensor 0 has shape (2, 3), expected at most one dim");
    ore_meshgrid(&zero, 1, "ji", parts);
    invalid(NULL, "meshgrid: indexing 'ji', expected 'ij' or 'xy'");
    ore_meshgrid(&zero, 0, "ij", parts);
    invalid(NULL, "meshgrid: 0 tensors, expected 1 .. 8");
}

static void pads_and_diagonals(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3));
    invalid(ore_pad(x, (int64_t[]){1, 1, 1}, 3, ORE_PAD_CONSTANT, 0),
            "pad: a list of 3, expected two for each of at most 2 dims");
    invalid(ore_pad(x, (int64_t[]){-2, -2}, 2, ORE_PAD_CONSTANT, 0),
            "pad: -2 and -2 leave nothing of dim 1 of 3");
    invalid(ore_pad(x, (int64_t[]){3, 0}, 2, ORE_PAD_REFLECT, 0),
            "pad: 3 beside dim 1 of 3, expected at most 2");
    invalid(ore_pad(x, (int64_t[]){0, 4}, 2, ORE_PAD_CIRCULAR, 0),
            "pad: 4 beside dim 1 of 3, expected at most 3");
    invalid(ore_pad(x, (int64_t[]){0, 4}, 2, (ore_pad_mode)7, 0), "pad: mode 7 is none");
    invalid(ore_diagonal(x, 0, 1, -1), "diagonal: dims 1 and -1 are the same");
    invalid(ore_diagonal(ones(ORE_SHAPE(3)), 0, 0, 1),
            "diagonal: shape (3,), expected at least 2 dims");
    invalid(ore_diag(ones(ORE_SHAPE(1, 1, 1)), 0), "diag: shape (1, 1, 1), expected 1 or 2 dims");
    invalid(ore_diag(ones(ORE_SHAPE(1)), INT64_MIN),
            "diag: diagonal -9223372036854775808 is out of range");
    invalid(ore_tril_indices(-1, 2, 0),
            "tril_indices: a matrix of -1 by 2, expected no size below 0");
}

static void contractions(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *two[] = {x, x};
    ore_tensor *mixed[] = {x, ore_ones(ORE_SHAPE(2, 3), ORE_FLOAT64)};
    invalid(ore_einsum("ij,jk", two, 2), "einsum: 'ij,jk': a letter stands for different sizes");
    invalid(ore_einsum("ij", two, 2), "einsum: 'ij': fewer operands than tensors");
    invalid(ore_einsum("ij,ij,ij", two, 2), "einsum: 'ij,ij,ij': more operands than tensors");
    invalid(ore_einsum("ijk", two, 1), "einsum: 'ijk': an operand has more letters than dims");
    invalid(ore_einsum("i", two, 1), "einsum: 'i': an operand has fewer letters than dims");
    invalid(ore_einsum("ij->k", two, 1),
            "einsum: 'ij->k': the result has a letter that no operand has");
    invalid(ore_einsum("ij->ii", two, 1), "einsum: 'ij->ii': the result has a letter twice");
    invalid(ore_einsum("i1", two, 1), "einsum: 'i1': an operand has what is no letter");
    invalid(ore_einsum("ij->1", two, 1), "einsum: 'ij->1': the result has what is no letter");
    invalid(ore_einsum("ij-", two, 1), "einsum: 'ij-': '-' without '>'");
    invalid(ore_einsum("", two, 0), "einsum: 0 tensors, expected 1 .. 8");
    invalid(ore_einsum("ij,ij", mixed, 2),
            "einsum: tensors of float32 and float64, expected one dtype");
    invalid(ore_tensordot(x, x, ORE_DIMS(1), ORE_DIMS(0)),
            "tensordot: shapes (2, 3) and (2, 3) over 1 and 1 dim, expected as many of the same "
            "sizes and a result of at most 8 dims");
    invalid(ore_outer(x, x), "outer: shapes (2, 3) and (2, 3), expected 1 and 1 dim");
    invalid(ore_bmm(ones(ORE_SHAPE(2, 1, 1)), ones(ORE_SHAPE(3, 1, 1))),
            "bmm: shapes (2, 1, 1) and (3, 1, 1), expected as many matrices");
    invalid(ore_mv(x, x), "mv: shapes (2, 3) and (2, 3), expected 2 and 1 dim");
    invalid(ore_addmm(ones(ORE_SHAPE(4, 2, 2)), x, ore_t(x), 1, 1),
            "addmm: c (4, 2, 2) does not broadcast to (2, 2)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reductions, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(order_and_counts, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(advanced_indices, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(scatters, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(rearranging, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(pads_and_diagonals, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(contractions, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
