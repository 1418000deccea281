/* math.c: cases of mathematical functions and activations. */
#include <ore/ops.h>

#include "cases/cases.h"

/* Changes in place whose derivatives need the old or the new value. */
static ore_tensor *changed_alone(ore_tensor **in) {
    ore_tensor *y = ore_mul_scalar(in[0], 1.5);
    ore_abs_(ore_sub_scalar_(ore_neg_(y), 0.1));
    ore_sqrt_(ore_add_scalar_(y, 0.5));
    ore_exp_(ore_div_scalar_(y, 2));
    ore_pow_scalar_(ore_tanh_(y), 3);
    ore_sigmoid_(ore_mul_(y, in[0]));
    return ore_relu_(ore_sub_scalar_(y, 0.5));
}

static ore_tensor *limited_in_place(ore_tensor **in) {
    ore_tensor *y = ore_mul_scalar(in[0], 1.5);
    ore_clamp_(y, -2, 1.8);
    ore_clamp_max_(ore_clamp_min_(y, -1.5), 1.2);
    ore_generator *g = ore_generator_new(7);
    ore_f_dropout_(y, 0.3, true, g);
    ore_generator_free(g);
    return ore_masked_fill_(ore_square(y), ore_gt(in[0], ore_scalar(1, ORE_FLOAT64)), 3);
}

#define ROWS "cases/math.def"
#define LIST op_cases_math
#include "cases/list.inc"
