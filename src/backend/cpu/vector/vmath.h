/* vmath.h: exp, log, tanh, erf and the activations made of them, on float vectors of any width.
 *
 * Within 2 units in the last place of the true value for exp, log, tanh and erf, with their limits
 * at 0, overflow, underflow (gradual), infinity and NaN. Coefficients: tools/fit_vmath.py. */
#ifndef ORE_BACKEND_VMATH_H
#define ORE_BACKEND_VMATH_H

#include "backend/cpu/vector/vec.h"

/* c[0] + c[1] x + ... */
VEC_INLINE vf vf_polynomial(vf x, const float *c, int count) {
    vf sum = vf_set(c[count - 1]);
    UNROLL for (int i = count - 2; i >= 0; i--) sum = vf_fma(sum, x, vf_set(c[i]));
    return sum;
}

/* 2^n for -126 <= n <= 127. */
VEC_INLINE vf vf_power_of_2(vi n) {
    return (vf)((n + 127) << 23);
}

/* e^x = 2^n e^r, n = x / log 2 rounded, |r| <= log(2) / 2. log 2 is cut so that n times its first
 * part is exact; 2^n is applied in two halves, since n reaches below and above the exponents. */
VEC_INLINE vf vf_exp(vf x) {
    static const float p[] = {0.5f, 0.166665763f, 0.0416665561f, 0.00836317893f, 0.0013926184f};
    const float round = 0x1.8p23f, log2_high = 0x1.62e4p-1f, log2_low = 0x1.7f7d1cp-20f;
    x = vf_max(vf_set(-105.0f), vf_min(vf_set(89.5f), x));
    vf shifted = vf_fma(x, vf_set(1.44269504f), vf_set(round));
    vi n = (vi)shifted - (vi)vf_set(round);
    vf whole = shifted - round;
    vf r = vf_fma(whole, vf_set(-log2_high), x);
    r = vf_fma(whole, vf_set(-log2_low), r);
    vf e = vf_fma(r * r, vf_polynomial(r, p, 5), r) + 1.0f;
    vi half = n >> 1;
    return e * vf_power_of_2(half) * vf_power_of_2(n - half);
}

/* Unsigned: where x is not positive, the steps below wrap and their result is dropped. */
typedef uint32_t vf_bits __attribute__((vector_size(VEC_BYTES)));

/* log x = n log 2 + log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2), log(1 + f) = f - f^2/2 + f^3 P(f). */
VEC_INLINE vf vf_log(vf x) {
    static const float p[] = {0.333333313f,  -0.24999997f,  0.200007156f,
                              -0.166678026f, 0.142490581f,  -0.124256872f,
                              0.116854198f,  -0.114797339f, 0.0697161183f};
    const float log2_high = 0x1.62e4p-1f, log2_low = 0x1.7f7d1cp-20f, min_normal = 0x1p-126f;
    const uint32_t sqrt_half = 0x3f3504f3u; /* its bits */
    vi tiny = x < vf_set(min_normal);
    vf scaled = vf_select(tiny, x * 0x1p23f, x);
    vi n = (vi)((vf_bits)scaled - sqrt_half) >> 23;
    vf f = (vf)((vf_bits)scaled - ((vf_bits)n << 23)) - 1.0f;
    n += tiny & -23;
    vf whole = __builtin_convertvector(n, vf), square = f * f;
    vf tail = vf_fma(square * f, vf_polynomial(f, p, 9), whole * log2_low);
    vf y = vf_fma(whole, vf_set(log2_high), f + vf_fma(square, vf_set(-0.5f), tail));
    y = vf_select(x == vf_set(__builtin_inff()), x, y);
    y = vf_select(x == (vf){0}, vf_set(-__builtin_inff()), y);
    return vf_select(x >= (vf){0}, y, vf_set(__builtin_nanf("")));
}

/* x + x^3 P(x^2) near 0, else 1 - 2 / (e^2x + 1). */
VEC_INLINE vf vf_tanh(vf x) {
    static const float p[] = {-0.333333343f, 0.133333042f,    -0.0539593101f,
                              0.0217693392f, -0.00834532082f, 0.00229430478f};
    vf size = vf_abs(x), square = x * x;
    vf near = vf_fma(x * square, vf_polynomial(square, p, 6), x);
    vf far = 1.0f - 2.0f / (vf_exp(size + size) + 1.0f);
    return vf_copysign(vf_select(size < vf_set(0.625f), near, far), x);
}

/* x + x P(x^2) up to 1, else 1 - erfc(|x|), erfc(1 + t) = e^Q(t), Q fitted for t <= 3; from there
 * on erf rounds to 1. */
VEC_INLINE vf vf_erf(vf x) {
    static const float p[] = {0.128379166f,   -0.376126379f,    0.112837821f,    -0.0268654302f,
                              0.00522103161f, -0.000848408032f, 0.000112659589f, -9.66704465e-06f};
    static const float q[] = {-1.84960556f,    -2.63896775f,     -0.84310472f,
                              -0.041575741f,   0.0100778081f,    -0.00205430086f,
                              0.000320239575f, -3.29608301e-05f, 1.6371514e-06f};
    vf size = vf_abs(x), square = x * x;
    vf near = vf_fma(x, vf_polynomial(square, p, 8), x);
    vf t = vf_min(vf_set(3.0f), size - 1.0f);
    vf far = 1.0f - vf_exp(vf_polynomial(t, q, 9));
    return vf_copysign(vf_select(size < vf_set(1.0f), near, far), x);
}

/* ---- activations and their derivatives ---- */

/* 1 / (1 + e^-x) */
VEC_INLINE vf vf_sigmoid(vf x) {
    return 1.0f / (vf_exp(-x) + 1.0f);
}

/* x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2 */
VEC_INLINE vf vf_gelu(vf x) {
    return 0.5f * x * (vf_erf(x * 0.707106781f) + 1.0f);
}

/* Phi(x) + x phi(x), phi(x) = e^(-x^2/2) / sqrt(2 pi) */
VEC_INLINE vf vf_gelu_slope(vf x) {
    vf density = vf_exp(x * x * -0.5f) * 0.398942280f;
    return vf_fma(x, density, 0.5f * (vf_erf(x * 0.707106781f) + 1.0f));
}

/* x (1 + tanh u) / 2 = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3) */
VEC_INLINE vf vf_gelu_tanh(vf x) {
    vf slope = vf_fma(x * x, vf_set(0.044715f * 1.595769122f), vf_set(1.595769122f));
    return x * vf_sigmoid(x * slope);
}

/* s + x s (1 - s) (2u)', s = sigmoid(2u) = 1 / (1 + e), 1 - s = e s. Past the bounds on x it stays
 * 0 or 1, and within them e is finite. */
VEC_INLINE vf vf_gelu_tanh_slope(vf x) {
    x = vf_max(vf_set(-10.0f), vf_min(vf_set(13.0f), x));
    vf square = x * x;
    vf e = vf_exp(-x * vf_fma(square, vf_set(0.044715f * 1.595769122f), vf_set(1.595769122f)));
    vf s = 1.0f / (e + 1.0f);
    vf slope = vf_fma(square, vf_set(3.0f * 0.044715f * 1.595769122f), vf_set(1.595769122f));
    return vf_fma(x * s * (e * s), slope, s);
}

#endif
