/* losses.c: cases of losses. */
#include <math.h>

#include <ore/ops.h>

#include "cases/cases.h"

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

static ore_tensor *numbers(ore_shape shape, const double *values) {
    return ore_from_data(values, shape, ORE_FLOAT64);
}

/* Weights of 4 classes; labels of 5 rows; and signs, 1 or -1, of 5 rows. */
static ore_tensor *weights(void) {
    return numbers(ORE_SHAPE(4), (double[]){0.5, 2, 1.5, 0.25});
}

static ore_tensor *labels(int64_t second) {
    return integers(ORE_SHAPE(5), (int64_t[]){3, 0, second, 2, 0});
}

static ore_tensor *signs(void) {
    return numbers(ORE_SHAPE(5), (double[]){1, -1, -1, 1, 1});
}

static ore_tensor *soft_with_options(ore_tensor **in) {
    ore_cross_entropy_options o = ore_cross_entropy_defaults();
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

static ore_tensor *multi_margin_of(ore_tensor *x, int p, bool weighted) {
    ore_multi_margin_options o = ore_multi_margin_defaults();
    o.p = p;
    o.margin = 0.7;
    o.weight = weighted ? weights() : NULL;
    return ore_multi_margin_loss(x, labels(1), &o);
}

static ore_tensor *triplet_of(ore_tensor **in, double p, bool swap) {
    ore_triplet_margin_options o = ore_triplet_margin_defaults();
    o.p = p;
    o.swap = swap;
    return ore_triplet_margin_loss(in[0], in[1], in[2], &o);
}

#define ROWS "cases/losses.def"
#define LIST op_cases_losses
#include "cases/list.inc"
