/* optim_adaptive.c: steps of the optimizers beside SGD and Adam. */
#include <math.h>

#include "backend/cpu/cpu.h"

#define T       float
#define SQRT    sqrtf
#define NAME(x) x##_f32
#include "backend/cpu/scalar/optim_adaptive_any.inc"
#undef T
#undef SQRT
#undef NAME

#define T       double
#define SQRT    sqrt
#define NAME(x) x##_f64
#include "backend/cpu/scalar/optim_adaptive_any.inc"
#undef T
#undef SQRT
#undef NAME
