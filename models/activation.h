/* activation.h: the non-linearities that configs choose by a word. A family's table of fields lists
 * those that it takes. */
#ifndef ORE_MODELS_ACTIVATION_H
#define ORE_MODELS_ACTIVATION_H

#include <ore/tensor.h>

typedef enum model_activation {
    ACTIVATION_GELU,
    ACTIVATION_GELU_TANH,
    ACTIVATION_RELU,
    ACTIVATION_TANH
} model_activation;

/* ore_gelu for ACTIVATION_GELU and so on. */
ore_tensor_function activation_function(model_activation activation);

#endif
