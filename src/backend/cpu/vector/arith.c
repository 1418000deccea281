/* arith.c: arithmetic, comparisons and choices of the floating types. */
#include <math.h>

#include "backend/cpu/vector/elementwise.h"

typedef uint8_t bytes_f32 __attribute__((vector_size(VF_LANES)));
typedef uint8_t bytes_f64 __attribute__((vector_size(VD_LANES)));

#define T         float
#define V         vf
#define I         vi
#define LANES     VF_LANES
#define NEXT      nextafterf
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/arith_any.inc"
#undef T
#undef V
#undef I
#undef LANES
#undef NEXT
#undef VEC
#undef FN

#define T         double
#define V         vd
#define I         vi64
#define LANES     VD_LANES
#define NEXT      nextafter
#define VEC(name) vd_##name
#define FN(name)  name##_f64
#include "backend/cpu/vector/arith_any.inc"
