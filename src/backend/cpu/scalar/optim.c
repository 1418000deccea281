/* optim.c: steps of the optimizers and the norm of gradients, the oracle of every faster one. */
#include <math.h>

#include "backend/cpu/cpu.h"

#define T       float
#define SQRT    sqrtf
#define NAME(x) x##_f32
#include "backend/cpu/scalar/optim_any.inc"
#undef T
#undef SQRT
#undef NAME

#define T       double
#define SQRT    sqrt
#define NAME(x) x##_f64
#include "backend/cpu/scalar/optim_any.inc"
#undef T
#undef SQRT
#undef NAME
