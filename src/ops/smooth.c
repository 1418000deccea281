/* smooth.c: smooth activations and gates. */
#include "ops/pointwise.h"

/* ---- silu ---- */

/* y = x s(x), s the sigmoid, dx = dy s(x) (1 + x (1 - s(x))); Elfwing, Uchibe and Doya 2017,
 * arXiv:1702.03118 */

ore_tensor *ore_silu(ore_tensor *x) {
    static const ore_pointwise f = {{"silu", ore_pointwise_backward},
                                    ORE_KERNEL(silu),
                                    ORE_KERNEL(silu_backward),
                                    ORE_SAVE_X,
                                    false};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- mish ---- */

/* y = x tanh u, u = log(1 + e^x), dx = dy (tanh u + x s(x) (1 - tanh^2 u)); Misra 2019,
 * arXiv:1908.08681 */

ore_tensor *ore_mish(ore_tensor *x) {
    static const ore_pointwise f = {{"mish", ore_pointwise_backward},
                                    ORE_KERNEL(mish),
                                    ORE_KERNEL(mish_backward),
                                    ORE_SAVE_X,
                                    false};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- softplus ---- */

/* y = log(1 + e^(beta x)) / beta, and x where beta x > threshold; dx = dy s(beta x), and dy
 * there */

ore_tensor *ore_softplus(ore_tensor *x, double beta, double threshold) {
    static const ore_pointwise f = {{"softplus", ore_pointwise_backward},
                                    ORE_KERNEL(softplus),
                                    ORE_KERNEL(softplus_backward),
                                    ORE_SAVE_X,
                                    true};
    return ore_pointwise_apply(&f, x, beta, threshold);
}

/* ---- y = x / (1 + |x|), dx = dy / (1 + |x|)^2 ---- */

ore_tensor *ore_softsign(ore_tensor *x) {
    static const ore_pointwise f = {{"softsign", ore_pointwise_backward},
                                    ORE_KERNEL(softsign),
                                    ORE_KERNEL(softsign_backward),
                                    ORE_SAVE_X,
                                    false};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- y = log s(x) = min(x, 0) - log(1 + e^-|x|), dx = dy s(-x) ---- */

ore_tensor *ore_logsigmoid(ore_tensor *x) {
    static const ore_pointwise f = {{"logsigmoid", ore_pointwise_backward},
                                    ORE_KERNEL(logsigmoid),
                                    ORE_KERNEL(logsigmoid_backward),
                                    ORE_SAVE_X,
                                    false};
    return ore_pointwise_apply(&f, x, 0, 0);
}

/* ---- y = a s(b), a and b the halves of x along dim; Dauphin et al. 2016, arXiv:1612.08083 ---- */

ore_tensor *ore_glu(ore_tensor *x, int dim) {
    char text[ORE_SHAPE_TEXT];
    ore_tensor *half[2];
    if (!ore_usable1("glu", x))
        return NULL;
    int d = ore_wrap_dim("glu", dim, x->shape.ndim);
    if (d < 0)
        return NULL;
    if (x->shape.ndim == 0 || x->shape.dim[d] % 2 != 0) {
        ore_fail(ORE_INVALID, "glu: x %s along dim %d, expected an even size",
                 ore_shape_text(x->shape, text), dim);
        return NULL;
    }
    for (int i = 0; i < 2; i++)
        half[i] = ore_narrow(x, d, i * (x->shape.dim[d] / 2), x->shape.dim[d] / 2);
    return ore_named("glu", ore_mul(half[0], ore_sigmoid(half[1])));
}

/* ---- y = silu(gate) up; Shazeer 2020, arXiv:2002.05202, where gate = x W and up = x V ---- */

ore_tensor *ore_swiglu(ore_tensor *gate, ore_tensor *up) {
    if (!ore_no_error())
        return NULL;
    return ore_named("swiglu",
                     ore_usable2("swiglu", gate, up) ? ore_mul(ore_silu(gate), up) : NULL);
}
