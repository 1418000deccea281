/* bce.c: binary cross entropy of probabilities; the equation is in src/ops/loss_probability.c. */
#include "backend/cpu/scalar/loops.h"
#include "base/error.h"

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/bce_any.inc"
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/bce_any.inc"
