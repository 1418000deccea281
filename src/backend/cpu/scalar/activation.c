/* activation.c: activations and their derivatives; the equations are in src/ops/activation.c. */
#include "backend/cpu/scalar/loops.h"

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/activation_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/activation_any.inc"
