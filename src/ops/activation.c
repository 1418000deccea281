/* activation.c: the classic activation functions; more are in rectifier.c and smooth.c. */
#include "ops/pointwise.h"

/* ---- y = tanh x, dx = dy (1 - y^2) ---- */

static const ore_pointwise tanh_function = {.op = {"tanh", ore_pointwise_backward},
                                            .forward = ORE_KERNEL(tanh),
                                            .backward = ORE_KERNEL(tanh_backward),
                                            .saves = ORE_SAVE_Y};

ore_tensor *ore_tanh(ore_tensor *x) {
    return ore_pointwise_apply(&tanh_function, x, 0, 0);
}

/* ---- y = 1 / (1 + e^-x), dx = dy y (1 - y) ---- */

static const ore_pointwise sigmoid_function = {.op = {"sigmoid", ore_pointwise_backward},
                                               .forward = ORE_KERNEL(sigmoid),
                                               .backward = ORE_KERNEL(sigmoid_backward),
                                               .saves = ORE_SAVE_Y};

ore_tensor *ore_sigmoid(ore_tensor *x) {
    return ore_pointwise_apply(&sigmoid_function, x, 0, 0);
}

/* ---- y = max(x, 0), dx = dy where y > 0 ---- */

static const ore_pointwise relu_function = {.op = {"relu", ore_pointwise_backward},
                                            .forward = ORE_KERNEL(relu),
                                            .backward = ORE_KERNEL(relu_backward),
                                            .saves = ORE_SAVE_Y};

ore_tensor *ore_relu(ore_tensor *x) {
    return ore_pointwise_apply(&relu_function, x, 0, 0);
}

/* ---- gelu ---- */

/* y = x Phi(x), dx = dy (Phi(x) + x phi(x)); Hendrycks and Gimpel 2016, arXiv:1606.08415 */

static const ore_pointwise gelu_function = {.op = {"gelu", ore_pointwise_backward},
                                            .forward = ORE_KERNEL(gelu),
                                            .backward = ORE_KERNEL(gelu_backward),
                                            .saves = ORE_SAVE_X};

ore_tensor *ore_gelu(ore_tensor *x) {
    return ore_pointwise_apply(&gelu_function, x, 0, 0);
}

/* ---- y = x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3); the same paper ---- */

static const ore_pointwise gelu_tanh_function = {.op = {"gelu_tanh", ore_pointwise_backward},
                                                 .forward = ORE_KERNEL(gelu_tanh),
                                                 .backward = ORE_KERNEL(gelu_tanh_backward),
                                                 .saves = ORE_SAVE_X};

ore_tensor *ore_gelu_tanh(ore_tensor *x) {
    return ore_pointwise_apply(&gelu_tanh_function, x, 0, 0);
}

/* ---- the same as the end of another op ---- */

const ore_pointwise *ore_classic_activation(ore_tensor_function function) {
    static const struct {
        ore_tensor_function function;
        const ore_pointwise *description;
    } classics[] = {{ore_tanh, &tanh_function},
                    {ore_sigmoid, &sigmoid_function},
                    {ore_relu, &relu_function},
                    {ore_gelu, &gelu_function},
                    {ore_gelu_tanh, &gelu_tanh_function}};
    for (size_t i = 0; i < sizeof classics / sizeof classics[0]; i++)
        if (classics[i].function == function)
            return classics[i].description;
    return NULL;
}
