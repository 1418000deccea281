/* pointwise.h: functions of one tensor, element by element: a row forward, a row backward. */
#ifndef ORE_OPS_POINTWISE_H
#define ORE_OPS_POINTWISE_H

#include "ops/op.h"

/* What forward saves for backward, which reads y where dx is simpler to say by it: e^x is y. */
typedef enum ore_saved_side { ORE_SAVE_NOTHING, ORE_SAVE_X, ORE_SAVE_Y } ore_saved_side;

typedef struct ore_pointwise {
    ore_op op; /* its backward is ore_pointwise_backward, or one that composes other ops */
    size_t forward, backward; /* rows; `backward` reads (dy, x) or (dy, y) */
    ore_saved_side saves;
    bool with_numbers; /* the rows take two numbers */
} ore_pointwise;

/* y = f(x) with the numbers p and q, of x's shape; integers become float32. */
ore_tensor *ore_pointwise_apply(const ore_pointwise *f, ore_tensor *x, double p, double q);
/* Records y = f(x), which is computed already, for a function without numbers; returns y. */
ore_tensor *ore_pointwise_record(const ore_pointwise *f, ore_tensor *x, ore_tensor *y);
/* The description of ore_tanh, ore_sigmoid, ore_relu, ore_gelu or ore_gelu_tanh; NULL of others. */
const ore_pointwise *ore_classic_activation(ore_tensor_function function);
/* The numbers are passed on. */
void ore_pointwise_backward(ore_node *node, ore_tensor *dy);

/* A 0-d tensor for a number: of a's dtype, or float32 where an integer tensor meets a fraction. */
ore_tensor *ore_number_for(const ore_tensor *a, double value);

#endif
