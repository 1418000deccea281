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

/* ---- losses ---- */

static double real(const json_t *args, const char *key) {
    return json_number_value(json_object_get(args, key));
}

static ore_reduction reduction_of(const json_t *args) {
    const char *name = json_string_value(json_object_get(args, "reduction"));
    return strcmp(name, "mean") == 0   ? ORE_MEAN
           : strcmp(name, "sum") == 0  ? ORE_SUM
           : strcmp(name, "none") == 0 ? ORE_NONE
                                       : ORE_BATCHMEAN;
}

CASE(mse, ore_mse_loss(in[0], in[1], reduction_of(args)))
CASE(l1, ore_l1_loss(in[0], in[1], reduction_of(args)))
CASE(smooth_l1, ore_smooth_l1_loss(in[0], in[1], reduction_of(args), real(args, "beta")))
CASE(huber, ore_huber_loss(in[0], in[1], reduction_of(args), real(args, "delta")))
CASE(bce, ore_binary_cross_entropy(ore_sigmoid(in[0]), in[1], NULL, reduction_of(args)))
CASE(bce_with_logits, ore_binary_cross_entropy_with_logits(in[0], in[1], NULL, n > 2 ? in[2] : NULL,
                                                           reduction_of(args)))
CASE(cross_entropy_prob, ore_cross_entropy(in[0], in[1], NULL))
CASE(cosine_similarity,
     ore_cosine_similarity(in[0], in[1], (int)real(args, "dim"), real(args, "eps")))
CASE(hinge, ore_hinge_loss(in[0], in[1], ORE_MEAN))

/* The cases are of log softmax(x) and softmax(target), or its logarithm. */
static ore_tensor *kl_div(const json_t *args, ore_tensor **in, int n) {
    bool log_target = real(args, "log_target") != 0;
    ore_tensor *target = log_target ? ore_log_softmax(in[1], 1) : ore_softmax(in[1], 1);
    (void)n;
    return ore_kl_div(ore_log_softmax(in[0], 1), target, reduction_of(args), log_target);
}

static ore_tensor *nll(const json_t *args, ore_tensor **in, int n) {
    ore_nll_loss_options o = ore_nll_loss_defaults();
    o.reduction = reduction_of(args);
    o.ignore_index = (int64_t)real(args, "ignore_index");
    o.weight = n > 2 ? in[2] : NULL;
    return ore_nll_loss(in[0], in[1], &o);
}

static ore_tensor *multi_margin(const json_t *args, ore_tensor **in, int n) {
    ore_multi_margin_options o = ore_multi_margin_defaults();
    (void)n;
    o.reduction = reduction_of(args);
    o.p = (int)real(args, "p");
    o.margin = real(args, "margin");
    return ore_multi_margin_loss(in[0], in[1], &o);
}

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
    {.name = "mse_loss", .single = mse},
    {.name = "l1_loss", .single = l1},
    {.name = "smooth_l1_loss", .single = smooth_l1},
    {.name = "huber_loss", .single = huber},
    {.name = "bce", .single = bce},
    {.name = "bce_with_logits", .single = bce_with_logits},
    {.name = "kl_div", .single = kl_div},
    {.name = "nll_loss", .single = nll},
    {.name = "cross_entropy_prob", .single = cross_entropy_prob},
    {.name = "hinge", .single = hinge},
    {.name = "multi_margin_loss", .single = multi_margin},
    {.name = "cosine_similarity", .single = cosine_similarity},
};

const golden_op *golden_find_math(const char *name) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}
