/* activation.h: the non-linearities that a config can choose by name. The table of fields of each
 * family lists those that it takes. */
#ifndef ORE_MODELS_ACTIVATION_H
#define ORE_MODELS_ACTIVATION_H

#include <ore/tensor.h>

typedef enum model_activation {
    ACTIVATION_GELU,
    ACTIVATION_GELU_TANH,
    ACTIVATION_RELU,
    ACTIVATION_TANH,
    ACTIVATION_SILU
} model_activation;

/* The function of a choice: ore_gelu for ACTIVATION_GELU and so on. */
ore_tensor_function activation_function(model_activation activation);

#endif
