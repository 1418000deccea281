/* pointwise.c: erf, rsqrt, silu and leaky relu; backward rows give dx from a = dy and b = x. */
#include "backend/cpu/vector/elementwise.h"
#include "backend/cpu/vector/vmath.h"

#define T         float
#define V         vf
#define LANES     VF_LANES
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/pointwise_any.inc"

/* s (1 + x (1 - s)) */
VEC_INLINE vf silu_slope(vf x) {
    vf s = vf_sigmoid(x);
    return s * vf_fma(x, 1.0f - s, vf_set(1));
}

UNARY(erf, vf_erf(a))
UNARY(silu, a *vf_sigmoid(a))
BINARY(silu_backward, a *silu_slope(b))
#undef T
#undef V
#undef LANES
#undef VEC
#undef FN

#define T         double
#define V         vd
#define LANES     VD_LANES
#define VEC(name) vd_##name
#define FN(name)  name##_f64
#include "backend/cpu/vector/pointwise_any.inc"
