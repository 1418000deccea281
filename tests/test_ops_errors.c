/* test_ops_errors.c: what ops say about arguments that cannot be, word for word. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/refusals.h"

static void arguments(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3));
    invalid(ore_add(x, NULL), "add: argument 2 is NULL");
    invalid(ore_softmax(NULL, 0), "softmax: argument 1 is NULL");
    invalid(ore_cross_entropy(x, NULL, NULL), "cross_entropy: argument 2 is NULL");
    invalid(ore_sum(x, ORE_DIMS(2), false), "sum: dim 2 out of range, expected -2 .. 1");
    invalid(ore_sum(x, ORE_DIMS(0, -2), false), "sum: dim 0 is named twice");
    invalid(ore_zeros(ORE_SHAPE(2, -1), ORE_FLOAT32), "zeros: negative size in shape (2, -1)");
    invalid(ore_arange(0, 1, 0, ORE_FLOAT32),
            "arange: from 0 to 1 by 0: expected a finite range towards the end");
    invalid(ore_linspace(0, 1, -1, ORE_FLOAT32), "linspace: -1 steps, expected 0 or more");
    invalid(ore_from_data(NULL, ORE_SHAPE(2), ORE_FLOAT32), "from_data: data is NULL");
    ore_item(x);
    invalid(NULL, "item: shape (2, 3), expected one element");
    ore_copy_out(x, NULL, 5);
    invalid(NULL, "copy_out: 5 bytes for float32 of shape (2, 3), expected 24");
    invalid(ore_data(ore_t(x)),
            "data: the tensor is not contiguous on the CPU; use ore_contiguous");
}

static void elementwise(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *y = ones(ORE_SHAPE(4));
    ore_tensor *i = ore_to(x, ORE_INT64);
    invalid(ore_mul(x, y), "mul: shapes (2, 3) and (4,) do not broadcast");
    invalid(ore_lt(x, y), "lt: shapes (2, 3) and (4,) do not broadcast");
    invalid(ore_where(x, x, x), "where: condition of float32, expected bool");
    invalid(ore_masked_fill(y, ore_eq(x, x), 0),
            "masked_fill: shapes (4,) and (2, 3) do not broadcast");
    invalid(ore_clamp(x, NAN, 1), "clamp: bounds nan and 1, expected numbers");
    invalid(ore_add_(x, y), "add_: shapes (2, 3) and (4,) do not broadcast");
    invalid(ore_mul_(ones(ORE_SHAPE(3)), x), "mul_: (2, 3) does not broadcast to (3,)");
    invalid(ore_div_(i, x), "div_: a result of float32 does not fit into int64");
    invalid(ore_fill_(ore_expand(ones(ORE_SHAPE(1)), ORE_SHAPE(3)), 0),
            "fill_: an expanded view, whose elements share memory, cannot be changed in place");
    invalid(ore_f_dropout(x, 1.5, true, NULL), "dropout: p is 1.5, expected 0 to 1");
}

static void reductions(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 0)), *i = ore_to(ones(ORE_SHAPE(3)), ORE_INT64);
    invalid(ore_mean(i, ORE_ALL, false), "mean: dtype int64, expected a floating one");
    invalid(ore_var(i, ORE_ALL, 1, false), "var: dtype int64, expected a floating one");
    invalid(ore_std(i, ORE_ALL, 1, false), "std: dtype int64, expected a floating one");
    invalid(ore_amax(x, ORE_ALL, false), "amax: no elements along dim 1 of shape (2, 0)");
    invalid(ore_max_dim(x, 1, false, NULL), "max_dim: no elements along dim 1 of shape (2, 0)");
    invalid(ore_argmin_all(x), "argmin_all: no elements along dim 1 of shape (2, 0)");
    invalid(ore_argmax(i, 1, false), "argmax: dim 1 out of range, expected -1 .. 0");
    assert_non_null(ore_amax(x, ORE_DIMS(0), false));
    assert_true(isnan(ore_item(ore_var(ones(ORE_SHAPE(1)), ORE_ALL, 1, false))));
    assert_true(isnan(ore_item(ore_std(ones(ORE_SHAPE(2)), ORE_ALL, 3, false))));
    assert_true(isnan(ore_item(ore_mean(x, ORE_ALL, false))));
}

static void products_and_norms(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *i = ore_to(x, ORE_INT64);
    invalid(ore_matmul(x, x), "matmul: shapes (2, 3) and (2, 3): the last size of one is not the "
                              "first of the other's matrix");
    invalid(ore_f_linear(x, ones(ORE_SHAPE(5, 4)), NULL),
            "linear: x (2, 3) does not end in in_features of weight (5, 4)");
    invalid(ore_f_linear(x, ones(ORE_SHAPE(5, 3)), x), "linear: bias (2, 3), expected (5,)");
    invalid(ore_f_linear_add(x, ones(ORE_SHAPE(5, 3)), NULL, x),
            "linear: residual (2, 3) of float32, expected (2, 5) of float32");
    invalid(ore_softmax(i, 0), "softmax: dtype int64, expected a floating one");
    invalid(ore_log_softmax(x, 2), "log_softmax: dim 2 out of range, expected -2 .. 1");
    invalid(ore_f_layer_norm(x, ORE_SHAPE(2), NULL, NULL, 1e-5),
            "layer_norm: x (2, 3) does not end in the normalized shape (2,)");
    invalid(ore_f_layer_norm(x, ORE_SCALAR, NULL, NULL, 1e-5),
            "layer_norm: x (2, 3) does not end in the normalized shape ()");
    invalid(ore_f_layer_norm(x, ORE_SHAPE(3), ones(ORE_SHAPE(2)), NULL, 1e-5),
            "layer_norm: weight (2,) of float32, expected (3,) of float32");
    invalid(ore_f_layer_norm(x, ORE_SHAPE(3), NULL, ore_ones(ORE_SHAPE(3), ORE_FLOAT64), 1e-5),
            "layer_norm: bias (3,) of float64, expected (3,) of float32");
    invalid(ore_f_layer_norm(i, ORE_SHAPE(3), NULL, NULL, 1e-5),
            "layer_norm: dtype int64, expected a floating one");
}

static void cross_entropies(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(4, 4));
    ore_tensor *labels = whole(ORE_SHAPE(4), (int64_t[]){0, -100, 3, 7});
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    invalid(ore_cross_entropy(x, labels, NULL),
            "cross_entropy: label 7 at 3 out of range, expected 0 .. 3 or -100");
    labels = whole(ORE_SHAPE(4), (int64_t[]){0, -1, 3, 2});
    invalid(ore_cross_entropy(x, labels, NULL),
            "cross_entropy: label -1 at 1 out of range, expected 0 .. 3 or -100");
    o.ignore_index = -1;
    assert_non_null(ore_cross_entropy(x, labels, &o));
    invalid(ore_cross_entropy(x, ore_to(labels, ORE_UINT8), NULL),
            "cross_entropy: target of uint8, expected int64 or int32 labels");
    invalid(ore_cross_entropy(ones(ORE_SHAPE(3, 4)), labels, NULL),
            "cross_entropy: target (4,) for x (3, 4), expected (3,)");
    invalid(ore_cross_entropy(ones(ORE_SHAPE(4, 5, 2)), labels, NULL),
            "cross_entropy: target (4,) for x (4, 5, 2), expected (4, 2)");
    invalid(ore_cross_entropy(ones(ORE_SHAPE(4, 0)), labels, NULL),
            "cross_entropy: x (4, 0) has no classes");
    invalid(ore_cross_entropy(ore_to(x, ORE_INT64), labels, NULL),
            "cross_entropy: x (4, 4) of int64, expected floating logits (C), (N, C) or "
            "(N, C, d1, ..)");
    o.label_smoothing = 1.5;
    invalid(ore_cross_entropy(x, labels, &o),
            "cross_entropy: label_smoothing 1.5, expected 0 .. 1");
    o = ore_cross_entropy_defaults();
    o.weight = ones(ORE_SHAPE(3));
    invalid(ore_cross_entropy(x, labels, &o),
            "cross_entropy: weight (3,) of float32, expected (4,) of float32");
    assert_true(isnan(ore_item(ore_cross_entropy(x, ore_full(ORE_SHAPE(4), -100, ORE_INT64),
                                                 NULL)))); /* a mean of nothing, as in PyTorch */
}

static void indexing(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(3, 4)), *v = ones(ORE_SHAPE(2));
    ore_tensor *far = whole(ORE_SHAPE(2, 2), (int64_t[]){0, 2, 5, 1});
    invalid(ore_gather(x, 1, far), "gather: index 5 at 2 out of range, expected 0 .. 3");
    invalid(ore_gather(x, 0, whole(ORE_SHAPE(1, 1), (int64_t[]){-1})),
            "gather: index -1 at 0 out of range, expected 0 .. 2");
    invalid(ore_gather(x, 0, x), "gather: index of float32, expected int64 or int32");
    invalid(ore_gather(x, 0, whole(ORE_SHAPE(2), (int64_t[]){0, 0})),
            "gather: index (2,) for x (3, 4) along dim 0, expected as many dims and no larger size "
            "in the others");
    invalid(ore_index_select(x, 0, whole(ORE_SHAPE(2), (int64_t[]){1, 3})),
            "index_select: index 3 at 1 out of range, expected 0 .. 2");
    invalid(ore_index_select(x, 0, far), "index_select: index (2, 2), expected one dim");
    invalid(ore_index_select(x, 2, far), "index_select: dim 2 out of range, expected -2 .. 1");
    invalid(ore_f_embedding(far, x, -1), "embedding: index 5 at 2 out of range, expected 0 .. 2");
    invalid(ore_f_embedding(x, x, -1), "embedding: indices of float32, expected int64 or int32");
    invalid(ore_f_embedding(far, v, -1),
            "embedding: weight (2,), expected (num_embeddings, embedding_dim)");
    invalid(ore_f_embedding(far, x, 3), "embedding: padding_idx 3, expected -1 .. 2");
}

static void shapes(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *scalar = ore_scalar(1, ORE_FLOAT32);
    invalid(ore_view(x, ORE_SHAPE(4, -1)), "view: shape (4, -1) does not hold the 6 elements of "
                                           "(2, 3)");
    invalid(ore_reshape(x, ORE_SHAPE(7)), "reshape: shape (7,) does not hold the 6 elements of "
                                          "(2, 3)");
    invalid(ore_view(ore_t(x), ORE_SHAPE(6)),
            "view: strides of (3, 2) do not allow (6,) without a copy; use ore_reshape");
    invalid(ore_flatten(x, 1, 0), "flatten: start dim 1 after end dim 0");
    invalid(ore_permute(x, ORE_DIMS(0)), "permute: 1 dim named, expected 2");
    invalid(ore_transpose(x, 0, 2), "transpose: dim 2 out of range, expected -2 .. 1");
    invalid(ore_t(ones(ORE_SHAPE(1, 2, 3))), "t: shape (1, 2, 3), expected at most 2 dims");
    invalid(ore_narrow(x, 1, 2, 2), "narrow: 2 elements from 2 on, expected to lie in dim 1 of 3");
    invalid(ore_narrow(scalar, 0, 0, 1), "narrow: a 0-d tensor has no dim to cut");
    invalid(ore_slice(x, 0, 0, 1, 0), "slice: step 0, expected 1 or more");
    invalid(ore_select(x, 1, 3), "select: index 3 out of range for dim 1 of 3");
    invalid(ore_expand(x, ORE_SHAPE(2, 4)), "expand: (2, 3) cannot be expanded to (2, 4)");
    invalid(ore_tril(ones(ORE_SHAPE(3)), 0), "tril: shape (3,), expected at least 2 dims");
}

static void joins_and_cuts(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *parts[4];
    ore_tensor *both[] = {x, ones(ORE_SHAPE(2, 4))}, *scalars[] = {ore_scalar(1, ORE_FLOAT32)};
    invalid(ore_cat(both, 2, 0), "cat: shapes (2, 3) and (2, 4) differ in another dim than 0");
    invalid(ore_cat(both, 0, 0), "cat: 0 tensors, expected one or more");
    invalid(ore_cat(scalars, 1, 0), "cat: 0-d tensors; use ore_stack");
    invalid(ore_stack(both, 2, 0), "stack: shapes (2, 3) and (2, 4), expected equal ones");
    invalid(ore_stack(both, 0, 0), "stack: 0 tensors, expected one or more");
    assert_int_equal(ore_split(x, 0, 1, parts, 4), -1);
    invalid(NULL, "split: 3 elements in parts of 0, expected a positive size and at most 4 parts");
    assert_int_equal(ore_split(x, 1, 1, parts, 2), -1);
    invalid(NULL, "split: 3 elements in parts of 1, expected a positive size and at most 2 parts");
    assert_int_equal(ore_split_sizes(x, (int64_t[]){1, 1}, 2, 1, parts), ORE_INVALID);
    invalid(NULL, "split: 2 sizes, expected none below 0 and a sum of the 3 of dim 1");
    assert_int_equal(ore_chunk(x, 0, 1, parts, 4), -1);
    invalid(NULL, "chunk: 0 chunks, expected 1 or more");
}

static void attention(void **state) {
    (void)state;
    ore_tensor *q = ones(ORE_SHAPE(1, 2, 3, 4)), *k = ones(ORE_SHAPE(1, 2, 2, 4));
    ore_attention_options o = ore_attention_defaults();
    invalid(ore_attention(q, k, q, &o),
            "attention: q (1, 2, 3, 4), k (1, 2, 2, 4), v (1, 2, 3, 4), "
            "expected (B, H, Tq, D), (B, Hk, Tk, D), (B, Hk, Tk, Dv) with H a multiple of Hk");
    o.causal = true;
    invalid(ore_attention(q, k, k, &o),
            "attention: 3 queries over 2 keys, expected at most as many when causal");
    o.dropout = 1.5;
    invalid(ore_attention(q, q, q, &o), "attention: dropout 1.5, expected 0 <= dropout <= 1");
    ore_tensor *qkv = ore_ones(ORE_SHAPE(2, 3, 18), ORE_FLOAT32);
    invalid(ore_attention_packed(qkv, 4, NULL),
            "attention: qkv (2, 3, 18) and 4 heads, expected (B, T, 3 C) with C a multiple of "
            "them");
    invalid(ore_attention_packed(qkv, 2, &o), "attention: dropout 1.5, expected 0 <= dropout <= 1");
    invalid(ore_attention(q, q, ore_to(q, ORE_FLOAT64), NULL),
            "attention: q of float32, k of float32, v of float64, expected one dtype");
}

static void the_first_error_sticks(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *y = ones(ORE_SHAPE(4));
    ore_tensor *z = ore_cross_entropy(ore_log_softmax(ore_softmax(ore_add(x, y), 9), 1), y, NULL);
    ore_tensor *places = x;
    assert_null(ore_max_dim(x, 5, false, &places));
    assert_null(places);
    invalid(z, "add: shapes (2, 3) and (4,) do not broadcast");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(arguments),       TEST(elementwise),
        TEST(reductions),      TEST(products_and_norms),
        TEST(cross_entropies), TEST(indexing),
        TEST(shapes),          TEST(joins_and_cuts),
        TEST(attention),       TEST(the_first_error_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
