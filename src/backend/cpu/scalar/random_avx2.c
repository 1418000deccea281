/* random_avx2.c: blocks of normal numbers as torch 1.13.1's AVX2 kernels round them, on any
 * processor. In float32 these take the logarithm, sine and cosine from the single-precision
 * polynomials of S. Moshier's Cephes library (netlib.org/cephes), which gcc contracted to fused
 * multiplications and additions; every fmaf here is one of those, and nothing else is fused. */
#include "backend/cpu/scalar/random_avx2.h"

#include <math.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/elementary/elementary.h"
#include "base/elementary/glibc.h"

/* log x for 0 < x <= 1: x = 2^e (1 + m) with 1 + m in [sqrt 1/2, sqrt 2). */
static float polynomial_log(float x) {
    static const float p[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,
                              -1.2420140846e-1f, 1.4249322787e-1f,  -1.6668057665e-1f,
                              2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
    enum { TERMS = sizeof p / sizeof *p };
    const float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    float e = (float)((int)(ore_float_bits(x) >> 23) - 126);
    float m = ore_float_of_bits((ore_float_bits(x) & 0x807fffffu) | 0x3f000000u);
    if (m < 0.707106781186547524f) {
        e -= 1;
        m = (m - 1) + m;
    } else {
        m -= 1;
    }
    float z = m * m, y = p[0];
    for (int k = 1; k < TERMS; k++)
        y = fmaf(y, m, p[k]);
    y = fmaf(y * m, z, e * ln2_low);
    y -= z * 0.5f;
    return (m + y) + e * ln2_high;
}

typedef struct sine_cosine {
    float sine, cosine;
} sine_cosine;

/* For x >= 0, cut by an even multiple j of pi / 4 in three parts. */
static sine_cosine polynomial_sine_cosine(float x) {
    const float four_over_pi = 1.27323954473516f;
    int j = ((int)(x * four_over_pi) + 1) & ~1;
    float part = (float)j;
    x = fmaf(part, -0.78515625f, x);
    x = fmaf(part, -2.4187564849853515625e-4f, x);
    x = fmaf(part, -3.77489497744594108e-8f, x);
    float z = x * x;
    float even = fmaf(2.443315711809948e-5f, z, -1.388731625493765e-3f);
    even = fmaf(even, z, 4.166664568298827e-2f) * z;
    even = fmaf(even, z, -(z * 0.5f)) + 1;
    float odd = fmaf(-1.9515295891e-4f, z, 8.3321608736e-3f);
    odd = fmaf(odd, z, -1.6666654611e-1f) * z;
    odd = fmaf(odd, x, x);
    float sine = j & 2 ? even : odd, cosine = j & 2 ? odd : even;
    return (sine_cosine){j & 4 ? -sine : sine, (j - 2) & 4 ? cosine : -cosine};
}

void ore_normal_block_avx2_f32(float *x, float mean, float std) {
    const float two_pi = 6.283185307179586476925286766559f;
    for (int j = 0; j < ORE_NORMAL_BLOCK / 2; j++) {
        float r = sqrtf(-2 * polynomial_log(1 - x[j]));
        sine_cosine t = polynomial_sine_cosine(two_pi * x[j + 8]);
        x[j] = fmaf(r * t.cosine, std, mean);
        x[j + 8] = fmaf(r * t.sine, std, mean);
    }
}

/* In float64 the functions are glibc's; the last step is fused. */
void ore_normal_block_avx2_f64(double *x, double mean, double std) {
    const double two_pi = 6.283185307179586476925286766559;
    for (int j = 0; j < ORE_NORMAL_BLOCK / 2; j++) {
        double r = sqrt(-2 * ore_math_log(1 - x[j])), t = two_pi * x[j + 8];
        x[j] = fma(r * ore_glibc_cos(t), std, mean);
        x[j + 8] = fma(r * ore_glibc_sin(t), std, mean);
    }
}
