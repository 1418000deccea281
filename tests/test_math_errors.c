/* test_math_errors.c: what mathematical functions, activations, losses and changes in place say
 * about arguments that cannot be, word for word; and values at their edges. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/refusals.h"

static void functions(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *i = ore_to(x, ORE_INT64);
    invalid(ore_sin(NULL), "sin: argument 1 is NULL");
    invalid(ore_floor(NULL), "floor: argument 1 is NULL");
    invalid(ore_isnan(NULL), "isnan: argument 1 is NULL");
    invalid(ore_logical_or(x, NULL), "logical_or: argument 2 is NULL");
    invalid(ore_round_decimals(i, 2),
            "round_decimals: 2 decimals of int64, expected a floating dtype");
    invalid(ore_remainder(x, ones(ORE_SHAPE(2))),
            "remainder: shapes (2, 3) and (2,) do not broadcast");
    invalid(ore_remainder(i, ore_zeros_like(i)), "remainder: an integer is divided by 0");
    invalid(ore_fmod_scalar(i, 0), "fmod: an integer is divided by 0");
    assert_true(isnan(ore_item(ore_remainder_scalar(ones(ORE_SCALAR), 0))));
    const int64_t least = INT64_MIN;
    ore_tensor *edge = ore_from_data(&least, ORE_SCALAR, ORE_INT64);
    assert_int_equal(ore_item_int(ore_remainder_scalar(edge, -1)), 0);
    assert_int_equal(ore_item_int(ore_fmod_scalar(edge, -1)), 0);
}

static void activations(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3));
    invalid(ore_hardtanh(x, 1, -1), "hardtanh: bounds 1 and -1, expected the lower one first");
    invalid(ore_glu(x, 1), "glu: x (2, 3) along dim 1, expected an even size");
    invalid(ore_glu(x, 2), "glu: dim 2 out of range, expected -2 .. 1");
    invalid(ore_prelu(x, ones(ORE_SHAPE(2))),
            "prelu: weight (2,) for x (2, 3), expected (1,) or (3,)");
    invalid(ore_prelu(x, ore_ones(ORE_SHAPE(3), ORE_FLOAT64)),
            "prelu: weight of float64 for x of float32");
    invalid(ore_prelu(ore_to(x, ORE_INT64), x), "prelu: dtype int64, expected a floating one");
    invalid(ore_swiglu(x, ones(ORE_SHAPE(2))), "swiglu: shapes (2, 3) and (2,) do not broadcast");
    assert_true(ore_item(ore_softplus(ore_scalar(1000, ORE_FLOAT32), 1, 20)) == 1000);
    assert_true(ore_item(ore_logsigmoid(ore_scalar(-1000, ORE_FLOAT32))) == -1000);
    assert_true(ore_item(ore_silu(ore_scalar(-1000, ORE_FLOAT32))) == 0);
    assert_true(isnan(ore_item(ore_leaky_relu(ore_scalar(NAN, ORE_FLOAT32), 0.1))));
}

static void losses(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *y = ones(ORE_SHAPE(2));
    ore_tensor *i = ore_to(x, ORE_INT64);
    invalid(ore_mse_loss(i, x, ORE_MEAN), "mse_loss: x of int64, expected a floating dtype");
    invalid(ore_l1_loss(x, x, ORE_BATCHMEAN), "l1_loss: unknown reduction 3");
    invalid(ore_smooth_l1_loss(x, x, ORE_MEAN, -1),
            "smooth_l1_loss: beta is -1, expected 0 or more");
    invalid(ore_huber_loss(x, x, ORE_MEAN, 0), "huber_loss: delta is 0, expected above 0");
    invalid(ore_l1_penalty(&x, 0), "l1_penalty: 0 parameters, expected 1 or more");
    invalid(ore_binary_cross_entropy(x, y, NULL, ORE_MEAN),
            "binary_cross_entropy: target (2,) for x (2, 3), expected the same shape");
    invalid(ore_binary_cross_entropy(ore_mul_scalar(x, 1.5), x, NULL, ORE_MEAN),
            "binary_cross_entropy: x holds 1.5, expected 0 .. 1");
    invalid(ore_binary_cross_entropy(ore_mul_scalar(x, NAN), x, NULL, ORE_MEAN),
            "binary_cross_entropy: x holds nan, expected 0 .. 1");
    invalid(ore_binary_cross_entropy_with_logits(x, y, NULL, NULL, ORE_MEAN),
            "binary_cross_entropy_with_logits: target (2,) for x (2, 3), expected the same shape");
    invalid(ore_kl_div(ones(ORE_SCALAR), ones(ORE_SCALAR), ORE_BATCHMEAN, false),
            "kl_div: x () has no batch to take the mean of");
    assert_true(ore_item(ore_binary_cross_entropy(ones(ORE_SCALAR), ore_scalar(0, ORE_FLOAT32),
                                                  NULL, ORE_MEAN)) == 100);
}

/* Numbers of (8, 1) and targets of (8) would broadcast to 8 x 8. */
static void losses_of_other_shapes(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(8, 1)), *t = ones(ORE_SHAPE(8));
    invalid(ore_mse_loss(x, t, ORE_MEAN),
            "mse_loss: target (8,) for x (8, 1), expected the same shape");
    invalid(ore_l1_loss(x, t, ORE_SUM),
            "l1_loss: target (8,) for x (8, 1), expected the same shape");
    invalid(ore_smooth_l1_loss(x, t, ORE_NONE, 0),
            "smooth_l1_loss: target (8,) for x (8, 1), expected the same shape");
    invalid(ore_huber_loss(t, x, ORE_MEAN, 1),
            "huber_loss: target (8, 1) for x (8,), expected the same shape");
    invalid(ore_kl_div(x, t, ORE_BATCHMEAN, true),
            "kl_div: target (8,) for x (8, 1), expected the same shape");
    invalid(ore_hinge_loss(x, t, ORE_MEAN),
            "hinge_loss: target (8,) for x (8, 1), expected the same shape");
    invalid(ore_hinge_embedding_loss(x, ones(ORE_SCALAR), 1, ORE_MEAN),
            "hinge_embedding_loss: target () for x (8, 1), expected the same shape");
    invalid(ore_binary_cross_entropy(x, x, t, ORE_MEAN),
            "binary_cross_entropy: weight (8,) for x (8, 1), expected one that broadcasts to it");
    invalid(ore_binary_cross_entropy_with_logits(x, x, t, NULL, ORE_MEAN),
            "binary_cross_entropy_with_logits: weight (8,) for x (8, 1), expected one that "
            "broadcasts to it");
    invalid(ore_binary_cross_entropy_with_logits(x, x, NULL, t, ORE_MEAN),
            "binary_cross_entropy_with_logits: pos_weight (8,) for x (8, 1), expected one that "
            "broadcasts to it");
    invalid(ore_triplet_margin_loss(x, t, x, NULL),
            "triplet_margin_loss: positive (8,) for anchor (8, 1), expected as many dims");
    invalid(ore_triplet_margin_loss(x, x, t, NULL),
            "triplet_margin_loss: negative (8,) for anchor (8, 1), expected as many dims");
}

static void losses_of_labels(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *y = ones(ORE_SHAPE(2));
    ore_tensor *labels = whole(ORE_SHAPE(2), (int64_t[]){2, 3});
    ore_nll_loss_options o = ore_nll_loss_defaults();
    invalid(ore_nll_loss(x, y, NULL),
            "nll_loss: target of float32, expected int64 or int32 labels");
    invalid(ore_nll_loss(x, whole(ORE_SHAPE(1), (int64_t[]){0}), NULL),
            "nll_loss: target (1,) for x (2, 3), expected (2,)");
    invalid(ore_nll_loss(ones(ORE_SCALAR), labels, NULL), "nll_loss: x () has no classes");
    invalid(ore_nll_loss(x, labels, NULL), "nll_loss: index 3 at 1 out of range, expected 0 .. 2");
    o.weight = y;
    invalid(ore_nll_loss(x, ore_clamp_max(labels, 2), &o),
            "nll_loss: weight (2,) of float32, expected (3,) of float32");
    o.weight = NULL;
    o.ignore_index = 2;
    assert_true(isnan(ore_item(ore_nll_loss(x, ore_clamp_max(labels, 2), &o))));
    ore_multi_margin_options m = ore_multi_margin_defaults();
    m.p = 3;
    invalid(ore_multi_margin_loss(x, labels, &m), "multi_margin_loss: p is 3, expected 1 or 2");
    invalid(ore_multi_margin_loss(ones(ORE_SCALAR), labels, NULL),
            "multi_margin_loss: x (), expected (N, C) or (C)");
    invalid(ore_multi_margin_loss(x, y, NULL),
            "multi_margin_loss: target of float32, expected int64 or int32 labels");
    invalid(ore_multi_margin_loss(x, whole(ORE_SHAPE(1), (int64_t[]){0}), NULL),
            "multi_margin_loss: target (1,) for x (2, 3)");
    m.p = 1;
    m.weight = y;
    invalid(ore_multi_margin_loss(x, labels, &m), "multi_margin_loss: weight (2,) for x (2, 3)");
}

static void losses_of_vectors(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *y = ones(ORE_SHAPE(2));
    invalid(ore_cosine_similarity(x, y, 1, 1e-8),
            "cosine_similarity: shapes (2, 3) and (2,) do not broadcast");
    invalid(ore_cosine_similarity(x, x, 2, 1e-8),
            "cosine_similarity: dim 2 out of range, expected -2 .. 1");
    ore_tensor *i = ore_to(x, ORE_INT64);
    invalid(ore_cosine_similarity(i, i, 1, 1e-8),
            "cosine_similarity: dtype int64, expected a floating one");
    invalid(ore_cosine_embedding_loss(x, y, y, 0, ORE_MEAN),
            "cosine_embedding_loss: target (2,) for x (2, 3), expected the same shape");
    invalid(ore_cosine_embedding_loss(x, x, ones(ORE_SHAPE(3)), 0, ORE_MEAN),
            "cosine_embedding_loss: target (3,) for (2, 3), expected (N) for (N, D) or () for (D)");
    invalid(ore_pairwise_distance(x, x, 0, 1e-6, false),
            "pairwise_distance: p is 0 over 2 dims, expected p above 0 and 1 dim or more");
    invalid(ore_triplet_margin_loss(x, x, NULL, NULL), "triplet_margin_loss: argument 1 is NULL");
    ore_tensor *zero = ore_set_requires_grad(ore_zeros(ORE_SHAPE(1, 3), ORE_FLOAT32), true);
    ore_backward(ore_sum(ore_cosine_similarity(zero, x, 1, 1e-8), ORE_ALL, false));
    ore_backward(ore_sum(ore_pairwise_distance(zero, zero, 2, 0, false), ORE_ALL, false));
    assert_true(isfinite(ore_item(ore_sum(ore_grad(zero), ORE_ALL, false))));
    for (int k = 0; k < 3; k++) { /* a difference of 0 beside others, whatever the power */
        double p = (double[]){0.5, 1.5, 3}[k];
        ore_set_grad(zero, NULL);
        ore_tensor *some = ore_from_data((float[]){0, 1, 0.25f}, ORE_SHAPE(1, 3), ORE_FLOAT32);
        ore_backward(ore_sum(ore_pairwise_distance(zero, some, p, 0, false), ORE_ALL, false));
        const float *slope = ore_data(ore_grad(zero));
        double distance = pow(1 + pow(0.25, p), 1 / p);
        assert_true(slope[0] == 0);
        assert_float_equal(slope[1], -pow(1 / distance, p - 1), 1e-6);
        assert_float_equal(slope[2], -pow(0.25 / distance, p - 1), 1e-6);
    }
}

static void in_place(void **state) {
    (void)state;
    ore_tensor *x = ones(ORE_SHAPE(2, 3)), *i = ore_to(x, ORE_INT64);
    invalid(ore_exp_(i), "exp_: a result of float32 does not fit into int64");
    invalid(ore_div_scalar_(i, 2), "div_: a result of float32 does not fit into int64");
    invalid(ore_relu_(NULL), "relu_: argument 1 is NULL");
    invalid(ore_clamp_(x, NAN, 1), "clamp_: bounds nan and 1, expected numbers");
    invalid(ore_masked_fill_(ones(ORE_SHAPE(3)), ore_eq(x, x), 0),
            "masked_fill_: (2, 3) does not broadcast to (3,)");
    invalid(ore_f_dropout_(x, 2, true, NULL), "dropout_: p is 2, expected 0 to 1");
    ore_tensor *leaf = ore_set_requires_grad(ones(ORE_SHAPE(2)), true);
    assert_null(ore_relu_(leaf));
    assert_false(ore_ok());
    ore_error_clear();
    ore_no_grad_begin();
    assert_ptr_equal(ore_neg_(leaf), leaf);
    ore_no_grad_end();
    assert_true(ore_item(ore_sum(leaf, ORE_ALL, false)) == -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(functions, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(activations, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(losses, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(losses_of_other_shapes, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(losses_of_labels, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(losses_of_vectors, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(in_place, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
