/* test_gradcheck_losses.c: gradients of losses, of their targets too, against central differences.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/gradients.h"

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

static ore_tensor *numbers(ore_shape shape, const double *values) {
    return ore_from_data(values, shape, ORE_FLOAT64);
}

/* Weights of 4 classes, labels of 5 rows and signs of 5 rows. */
static ore_tensor *weights(void) {
    return numbers(ORE_SHAPE(4), (double[]){0.5, 2, 1.5, 0.25});
}

static ore_tensor *labels(int64_t second) {
    return integers(ORE_SHAPE(5), (int64_t[]){3, 0, second, 2, 0});
}

static ore_tensor *signs(void) {
    return numbers(ORE_SHAPE(5), (double[]){1, -1, -1, 1, 1});
}

#define FUNCTION(name, result)                                                                     \
    static ore_tensor *name(void *user, ore_tensor **in, int n) {                                  \
        (void)in, (void)n, (void)user;                                                             \
        return result;                                                                             \
    }

FUNCTION(mse, ore_mse_loss(in[0], in[1], ORE_MEAN))
FUNCTION(l1, ore_l1_loss(in[0], in[1], ORE_SUM))
FUNCTION(smooth_l1, ore_smooth_l1_loss(in[0], in[1], ORE_NONE, 0.5))
FUNCTION(smooth_l1_zero, ore_smooth_l1_loss(in[0], in[1], ORE_MEAN, 0))
FUNCTION(huber, ore_huber_loss(in[0], in[1], ORE_MEAN, 0.7))
FUNCTION(l1_penalty, ore_l1_penalty(in, 2))
FUNCTION(l2_penalty, ore_l2_penalty(in, 2))

FUNCTION(bce, ore_binary_cross_entropy(in[0], in[1], in[2], ORE_MEAN))
FUNCTION(bce_logits, ore_binary_cross_entropy_with_logits(in[0], in[1], NULL, NULL, ORE_SUM))
FUNCTION(bce_logits_weighted,
         ore_binary_cross_entropy_with_logits(in[0], in[1], in[2], in[3], ORE_MEAN))
FUNCTION(kl, ore_kl_div(in[0], in[1], ORE_BATCHMEAN, false))
FUNCTION(kl_log, ore_kl_div(in[0], in[1], ORE_NONE, true))
FUNCTION(soft, ore_cross_entropy(in[0], in[1], NULL))

static ore_tensor *soft_with_options(void *user, ore_tensor **in, int n) {
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
    (void)n, (void)user;
    o.reduction = ORE_SUM;
    o.label_smoothing = 0.2;
    o.weight = weights();
    return ore_cross_entropy(in[0], in[1], &o);
}

static ore_tensor *nll(ore_tensor *x, ore_tensor *target, ore_reduction reduction, bool weighted) {
    ore_nll_loss_options o = ore_nll_loss_defaults();
    o.reduction = reduction;
    o.weight = weighted ? weights() : NULL;
    return ore_nll_loss(x, target, &o);
}

FUNCTION(nll_mean, nll(in[0], labels(1), ORE_MEAN, false))
FUNCTION(nll_weighted, nll(ore_t(in[0]), labels(-100), ORE_MEAN, true))
FUNCTION(nll_none, nll(in[0], labels(-100), ORE_NONE, true))
FUNCTION(nll_places, ore_nll_loss(in[0], integers(ORE_SHAPE(2, 2), (int64_t[]){3, 0, 1, 2}), NULL))
FUNCTION(nll_one, ore_nll_loss(in[0], integers(ORE_SCALAR, (int64_t[]){2}), NULL))

FUNCTION(hinge, ore_hinge_loss(in[0], signs(), ORE_MEAN))
FUNCTION(hinge_embedding, ore_hinge_embedding_loss(in[0], signs(), 0.8, ORE_NONE))

static ore_tensor *multi_margin_of(ore_tensor *x, int p, bool weighted) {
    ore_multi_margin_options o = ore_multi_margin_defaults();
    o.p = p;
    o.margin = 0.7;
    o.weight = weighted ? weights() : NULL;
    return ore_multi_margin_loss(x, labels(1), &o);
}

FUNCTION(multi_margin, multi_margin_of(in[0], 1, false))
FUNCTION(multi_margin_square, multi_margin_of(in[0], 2, true))
FUNCTION(multi_margin_one, ore_multi_margin_loss(in[0], integers(ORE_SCALAR, (int64_t[]){1}), NULL))

FUNCTION(cosine, ore_cosine_similarity(in[0], in[1], 1, 1e-8))
FUNCTION(cosine_large_eps, ore_cosine_similarity(in[0], in[1], -1, 100))
FUNCTION(cosine_embedding, ore_cosine_embedding_loss(in[0], in[1], signs(), 0.1, ORE_MEAN))
FUNCTION(distance, ore_pairwise_distance(in[0], in[1], 2, 1e-6, true))
FUNCTION(distance_one, ore_pairwise_distance(in[0], in[1], 1, 1e-6, false))
FUNCTION(distance_three, ore_pairwise_distance(in[0], in[1], 3, 1e-6, false))
FUNCTION(distance_largest, ore_pairwise_distance(in[0], in[1], INFINITY, 1e-6, false))

static ore_tensor *triplet_of(ore_tensor **in, double p, bool swap) {
    ore_triplet_margin_options o = ore_triplet_margin_defaults();
    o.p = p;
    o.swap = swap;
    return ore_triplet_margin_loss(in[0], in[1], in[2], &o);
}

FUNCTION(triplet, triplet_of(in, 2, false))
FUNCTION(triplet_swapped, triplet_of(in, 1, true))

#define S(...) ORE_SHAPE(__VA_ARGS__)
#define ONE(a)                                                                                     \
    1, {                                                                                           \
        a                                                                                          \
    }
#define TWO(a, b)                                                                                  \
    2, {                                                                                           \
        a, b                                                                                       \
    }
#define THREE(a, b, c)                                                                             \
    3, {                                                                                           \
        a, b, c                                                                                    \
    }
#define FOUR(a, b, c, d)                                                                           \
    4, {                                                                                           \
        a, b, c, d                                                                                 \
    }

static const gradient_case cases[] = {
    {"mse_loss", mse, -2, 2, TWO(S(3, 4), S(3, 4))},
    {"l1_loss", l1, -2, 2, TWO(S(3, 4), S(3, 4))},
    {"smooth_l1_loss", smooth_l1, -1, 1, TWO(S(3, 4), S(3, 4))},
    {"smooth_l1_loss, beta 0", smooth_l1_zero, -1, 1, TWO(S(3, 4), S(3, 4))},
    {"huber_loss", huber, -1, 1, TWO(S(3, 4), S(3, 4))},
    {"l1_penalty", l1_penalty, -1, 1, TWO(S(3, 4), S(2))},
    {"l2_penalty", l2_penalty, -1, 1, TWO(S(3, 4), ORE_SCALAR)},
    {"bce", bce, 0.05, 0.95, THREE(S(3, 4), S(3, 4), S(4))},
    {"bce_with_logits", bce_logits, -2, 2, TWO(S(3, 4), S(3, 4))},
    {"bce_with_logits, weights", bce_logits_weighted, 0.1, 2,
     FOUR(S(3, 4), S(3, 4), S(3, 1), S(4))},
    {"kl_div", kl, 0.1, 1, TWO(S(3, 4), S(3, 4))},
    {"kl_div, log_target", kl_log, -2, 0, TWO(S(3, 4), S(3, 4))},
    {"cross_entropy of probabilities", soft, 0, 1, TWO(S(3, 4, 2), S(3, 4, 2))},
    {"cross_entropy of probabilities, options", soft_with_options, 0, 1, TWO(S(3, 4), S(3, 4))},
    {"cross_entropy of probabilities, one row", soft, 0, 1, TWO(S(4), S(4))},
    {"nll_loss", nll_mean, -2, 0, ONE(S(5, 4))},
    {"nll_loss, weighted", nll_weighted, -2, 0, ONE(S(4, 5))},
    {"nll_loss, none", nll_none, -2, 0, ONE(S(5, 4))},
    {"nll_loss, places", nll_places, -2, 0, ONE(S(2, 4, 2))},
    {"nll_loss, one row", nll_one, -2, 0, ONE(S(4))},
    {"hinge_loss", hinge, -2, 2, ONE(S(5))},
    {"hinge_embedding_loss", hinge_embedding, -2, 2, ONE(S(5))},
    {"multi_margin_loss", multi_margin, -2, 2, ONE(S(5, 4))},
    {"multi_margin_loss, squares", multi_margin_square, -2, 2, ONE(S(5, 4))},
    {"multi_margin_loss, one row", multi_margin_one, -2, 2, ONE(S(4))},
    {"cosine_similarity", cosine, -2, 2, TWO(S(3, 4), S(3, 4))},
    {"cosine_similarity, broadcast", cosine, -2, 2, TWO(S(3, 4), S(4))},
    {"cosine_similarity, short vectors", cosine_large_eps, -2, 2, TWO(S(3, 4), S(3, 4))},
    {"cosine_embedding_loss", cosine_embedding, -2, 2, TWO(S(5, 4), S(5, 4))},
    {"pairwise_distance", distance, -2, 2, TWO(S(5, 4), S(5, 4))},
    {"pairwise_distance, p 1", distance_one, -2, 2, TWO(S(5, 4), S(4))},
    {"pairwise_distance, p 3", distance_three, -2, 2, TWO(S(5, 4), S(5, 4))},
    {"pairwise_distance, largest", distance_largest, -2, 2, TWO(S(5, 4), S(5, 4))},
    {"triplet_margin_loss", triplet, -1, 1, THREE(S(5, 4), S(5, 4), S(5, 4))},
    {"triplet_margin_loss, swap", triplet_swapped, -1, 1, THREE(S(5, 4), S(5, 4), S(5, 4))},
};

static void every_gradient_agrees(void **state) {
    (void)state;
    assert_int_equal(gradients_that_fail(cases, sizeof cases / sizeof *cases), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
