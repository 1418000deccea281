/* rectifier.c: activations; the equations are in src/ops/rectifier.c and src/ops/smooth.c. */
#include <tgmath.h>

#include "backend/cpu/scalar/loops.h"

#define T      float
#define SUFFIX f32
#include "backend/cpu/scalar/rectifier_any.inc"
#include "backend/cpu/scalar/smooth_any.inc"
#undef T
#undef SUFFIX
#define T      double
#define SUFFIX f64
#include "backend/cpu/scalar/rectifier_any.inc"
#include "backend/cpu/scalar/smooth_any.inc"
