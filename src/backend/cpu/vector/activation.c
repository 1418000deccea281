/* activation.c: exp, log, and activations with their derivatives; backward rows give dx from
 * a = dy and b = y or x. The float64 forms that need no exp are here too. */
#include "backend/cpu/vector/elementwise.h"
#include "backend/cpu/vector/vmath.h"

#define T         float
#define V         vf
#define LANES     VF_LANES
#define VEC(name) vf_##name
#define FN(name)  name##_f32
#include "backend/cpu/vector/activation_any.inc"

UNARY(exp, vf_exp(a))
UNARY(log, vf_log(a))
UNARY(tanh, vf_tanh(a))
UNARY(sigmoid, vf_sigmoid(a))
UNARY(gelu, vf_gelu(a))
BINARY(gelu_backward, a *vf_gelu_slope(b))
UNARY(gelu_tanh, vf_gelu_tanh(a))
BINARY(gelu_tanh_backward, a *vf_gelu_tanh_slope(b))
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
#include "backend/cpu/vector/activation_any.inc"
