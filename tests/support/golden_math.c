/* golden_math.c: the ops of golden/ops.json that are mathematical functions, activations and
 * losses. Options that a case's name or note tells, rather than its arguments, stand here. */
#include <string.h>

#include "support/golden_ops.h"

#define CASE(name, result)                                                                         \
    static ore_tensor *name(const json_t *args, ore_tensor **in, int n) {                          \
        (void)args, (void)in, (void)n;                                                             \
        return result;                                                                             \
    }

/* ---- activations ---- */

CASE(clamp_min, ore_clamp_min(in[0], 0.1))
CASE(relu6_of_5x, ore_relu6(ore_mul_scalar(in[0], 5)))
CASE(hardtanh, ore_hardtanh(in[0], -1, 1))
CASE(hardswish_of_2x, ore_hardswish(ore_mul_scalar(in[0], 2)))
CASE(hardsigmoid_of_2x, ore_hardsigmoid(ore_mul_scalar(in[0], 2)))
CASE(leaky_relu, ore_leaky_relu(in[0], 0.01))
CASE(leaky_relu_steeper, ore_leaky_relu(in[0], 0.2))
CASE(elu, ore_elu(in[0], 1))
CASE(elu_half, ore_elu(in[0], 0.5))
CASE(softplus, ore_softplus(in[0], 1, 20))
CASE(softplus_of_two, ore_softplus(in[0], 2, 1))

static const golden_op ops[] = {
    {.name = "sin", .one = ore_sin},
    {.name = "cos", .one = ore_cos},
    {.name = "erf", .one = ore_erf},
    {.name = "log1p", .one = ore_log1p},
    {.name = "expm1", .one = ore_expm1},
    {.name = "log2", .one = ore_log2},
    {.name = "log10", .one = ore_log10},
    {.name = "rsqrt", .one = ore_rsqrt},
    {.name = "reciprocal", .one = ore_reciprocal},
    {.name = "sign", .one = ore_sign},
    {.name = "floor", .one = ore_floor},
    {.name = "ceil", .one = ore_ceil},
    {.name = "round", .one = ore_round},
    {.name = "trunc", .one = ore_trunc},
    {.name = "clamp_min", .single = clamp_min},
    {.name = "relu6", .single = relu6_of_5x},
    {.name = "hardtanh", .single = hardtanh},
    {.name = "hardswish", .single = hardswish_of_2x},
    {.name = "hardsigmoid", .single = hardsigmoid_of_2x},
    {.name = "leaky_relu", .single = leaky_relu},
    {.name = "leaky_relu_0.2", .single = leaky_relu_steeper},
    {.name = "elu", .single = elu},
    {.name = "elu_0.5", .single = elu_half},
    {.name = "selu", .one = ore_selu},
    {.name = "silu", .one = ore_silu},
    {.name = "mish", .one = ore_mish},
    {.name = "softplus", .single = softplus},
    {.name = "softplus_beta2_thr1", .single = softplus_of_two},
    {.name = "softsign", .one = ore_softsign},
    {.name = "logsigmoid", .one = ore_logsigmoid},
};

const golden_op *golden_find_math(const char *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
