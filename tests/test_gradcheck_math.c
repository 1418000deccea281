/* test_gradcheck_math.c: gradients of mathematical functions and activations against central
 * differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/gradients.h"

#define FUNCTION(name, result)                                                                     \
    static ore_tensor *name(void *user, ore_tensor **in, int n) {                                  \
        (void)in, (void)n, (void)user;                                                             \
        return result;                                                                             \
    }

FUNCTION(sine, ore_sin(in[0]))
FUNCTION(cosine, ore_cos(ore_t(in[0])))
FUNCTION(error_function, ore_erf(in[0]))
FUNCTION(log1plus, ore_log1p(in[0]))
FUNCTION(exp_minus_1, ore_expm1(in[0]))
FUNCTION(binary_logarithm, ore_log2(in[0]))
FUNCTION(decimal_logarithm, ore_log10(in[0]))
FUNCTION(reciprocal_root, ore_rsqrt(in[0]))
FUNCTION(reciprocal, ore_reciprocal(in[0]))
FUNCTION(sign, ore_mul(in[0], ore_sign(in[0])))
FUNCTION(floored, ore_add(in[0], ore_floor(in[0])))
FUNCTION(ceiled, ore_add(in[0], ore_ceil(in[0])))
FUNCTION(truncated, ore_add(in[0], ore_trunc(in[0])))
FUNCTION(rounded, ore_add(in[0], ore_round(in[0])))
FUNCTION(rounded_to_tenths, ore_add(in[0], ore_round_decimals(in[0], 1)))
FUNCTION(remainder_of, ore_remainder(in[0], ore_sub_scalar(in[1], 3)))
FUNCTION(fmod_of, ore_fmod(ore_mul_scalar(in[0], 3), ore_sub_scalar(in[1], 3)))
FUNCTION(remainder_number, ore_remainder_scalar(in[0], 0.75))
FUNCTION(fmod_number, ore_fmod_scalar(in[0], 0.75))
FUNCTION(clamp_min, ore_clamp_min(in[0], -0.25))
FUNCTION(clamp_max, ore_clamp_max(in[0], 0.25))

FUNCTION(leaky_relu, ore_leaky_relu(in[0], 0.2))
FUNCTION(prelu, ore_prelu(in[0], in[1]))
FUNCTION(elu, ore_elu(in[0], 0.7))
FUNCTION(selu, ore_selu(in[0]))
FUNCTION(relu6, ore_relu6(ore_mul_scalar(in[0], 5)))
FUNCTION(hardtanh, ore_hardtanh(in[0], -0.7, 1.2))
FUNCTION(hardsigmoid, ore_hardsigmoid(ore_mul_scalar(in[0], 2)))
FUNCTION(hardswish, ore_hardswish(ore_mul_scalar(in[0], 2)))
FUNCTION(silu, ore_silu(ore_t(in[0])))
FUNCTION(mish, ore_mish(in[0]))
FUNCTION(softplus, ore_softplus(in[0], 2, 1.5))
FUNCTION(softsign, ore_softsign(in[0]))
FUNCTION(logsigmoid, ore_logsigmoid(in[0]))
FUNCTION(glu, ore_glu(in[0], 1))
FUNCTION(swiglu, ore_swiglu(in[0], in[1]))

/* Each of these needs the old or the new value for its derivative. */
static ore_tensor *changed_alone(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *y = ore_mul_scalar(in[0], 1.5);
    ore_abs_(ore_sub_scalar_(ore_neg_(y), 0.1));
    ore_sqrt_(ore_add_scalar_(y, 0.5));
    ore_exp_(ore_div_scalar_(y, 2));
    ore_pow_scalar_(ore_tanh_(y), 3);
    ore_sigmoid_(ore_mul_(y, in[0]));
    return ore_relu_(ore_sub_scalar_(y, 0.5));
}

static ore_tensor *limited_in_place(void *user, ore_tensor **in, int n) {
    (void)n, (void)user;
    ore_tensor *y = ore_mul_scalar(in[0], 1.5);
    ore_clamp_(y, -2, 1.8);
    ore_clamp_max_(ore_clamp_min_(y, -1.5), 1.2);
    ore_generator *g = ore_generator_new(7);
    ore_f_dropout_(y, 0.3, true, g);
    ore_generator_free(g);
    return ore_masked_fill_(ore_square(y), ore_gt(in[0], ore_scalar(1, ORE_FLOAT64)), 3);
}

#define ONE(...)                                                                                   \
    1, {                                                                                           \
        ORE_SHAPE(__VA_ARGS__)                                                                     \
    }
#define TWO(a, b)                                                                                  \
    2, {                                                                                           \
        a, b                                                                                       \
    }
#define S(...) ORE_SHAPE(__VA_ARGS__)

static const gradient_case cases[] = {
    {"sin", sine, -3, 3, ONE(3, 4)},
    {"cos, strided", cosine, -3, 3, ONE(3, 4)},
    {"erf", error_function, -2, 2, ONE(3, 4)},
    {"log1p", log1plus, -0.9, 2, ONE(3, 4)},
    {"expm1", exp_minus_1, -2, 2, ONE(3, 4)},
    {"log2", binary_logarithm, 0.25, 2, ONE(3, 4)},
    {"log10", decimal_logarithm, 0.25, 2, ONE(3, 4)},
    {"rsqrt", reciprocal_root, 0.25, 2, ONE(3, 4)},
    {"reciprocal", reciprocal, 0.5, 2, ONE(3, 4)},
    {"sign", sign, -2, 2, ONE(3, 4)},
    {"floor", floored, -2, 2, ONE(3, 4)},
    {"ceil", ceiled, -2, 2, ONE(3, 4)},
    {"trunc", truncated, -2, 2, ONE(3, 4)},
    {"round", rounded, -2, 2, ONE(3, 4)},
    {"round, decimals", rounded_to_tenths, -2, 2, ONE(3, 4)},
    {"remainder", remainder_of, -2, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"fmod", fmod_of, -2, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"remainder_scalar", remainder_number, -2, 2, ONE(5)},
    {"fmod_scalar", fmod_number, -2, 2, ONE(5)},
    {"clamp_min", clamp_min, -2, 2, ONE(3, 4)},
    {"clamp_max", clamp_max, -2, 2, ONE(3, 4)},
    {"leaky_relu", leaky_relu, -2, 2, ONE(3, 4)},
    {"prelu, one slope", prelu, -2, 2, TWO(S(2, 3, 2), S(1))},
    {"prelu, by channel", prelu, -2, 2, TWO(S(2, 3, 2), S(3))},
    {"prelu, one dim", prelu, -2, 2, TWO(S(4), S(1))},
    {"elu", elu, -2, 2, ONE(3, 4)},
    {"selu", selu, -2, 2, ONE(3, 4)},
    {"relu6", relu6, -2, 2, ONE(3, 4)},
    {"hardtanh", hardtanh, -2, 2, ONE(3, 4)},
    {"hardsigmoid", hardsigmoid, -2, 2, ONE(3, 4)},
    {"hardswish", hardswish, -2, 2, ONE(3, 4)},
    {"silu, strided", silu, -3, 3, ONE(3, 4)},
    {"mish", mish, -3, 3, ONE(3, 4)},
    {"softplus", softplus, -2, 2, ONE(3, 4)},
    {"softsign", softsign, -2, 2, ONE(3, 4)},
    {"logsigmoid", logsigmoid, -3, 3, ONE(3, 4)},
    {"glu", glu, -2, 2, ONE(2, 4, 3)},
    {"swiglu", swiglu, -2, 2, TWO(S(2, 1, 3), S(4, 1))},
    {"changed in place", changed_alone, -2, 2, ONE(3, 4)},
    {"limited in place", limited_in_place, -2, 2, ONE(4, 5)},
    {"silu, empty", silu, -2, 2, ONE(0, 3)},
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
