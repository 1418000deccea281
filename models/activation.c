/* activation.c: the functions by their choices. */
#include <ore/ops.h>

#include "models/activation.h"

ore_tensor_function activation_function(model_activation activation) {
    static const ore_tensor_function functions[] = {[ACTIVATION_GELU] = ore_gelu,
                                                    [ACTIVATION_GELU_TANH] = ore_gelu_tanh,
                                                    [ACTIVATION_RELU] = ore_relu,
                                                    [ACTIVATION_TANH] = ore_tanh,
                                                    [ACTIVATION_SILU] = ore_silu};
    return functions[activation];
}
