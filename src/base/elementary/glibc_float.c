/* glibc_float.c: glibc's logf, expf, sinf and cosf evaluate in double and round once. The methods
 * and coefficients are those of Arm's optimized routines (S. Nagy, W. Dijkstra, 2017-2018), for
 * erff those of Sun's fdlibm (1993) in float32. */
#include <math.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/elementary/glibc.h"
#include "base/elementary/tables.h"

/* x = 2^k z with z in [0.7, 1.4), of which the upper bits choose c near it:
 * log x = k log 2 + log c + P(z / c - 1). */
float ore_glibc_logf(float x) {
    static const struct {
        double inverse, log; /* of c */
    } table[16] = {
        {0x1.661ec79f8f3bep+0, -0x1.57bf7808caadep-2},
        {0x1.571ed4aaf883dp+0, -0x1.2bef0a7c06ddbp-2},
        {0x1.49539f0f010bp+0, -0x1.01eae7f513a67p-2},
        {0x1.3c995b0b80385p+0, -0x1.b31d8a68224e9p-3},
        {0x1.30d190c8864a5p+0, -0x1.6574f0ac07758p-3},
        {0x1.25e227b0b8eap+0, -0x1.1aa2bc79c81p-3},
        {0x1.1bb4a4a1a343fp+0, -0x1.a4e76ce8c0e5ep-4},
        {0x1.12358f08ae5bap+0, -0x1.1973c5a611cccp-4},
        {0x1.0953f419900a7p+0, -0x1.252f438e10c1ep-5},
        {0x1p+0, 0x0p+0},
        {0x1.e608cfd9a47acp-1, 0x1.aa5aa5df25984p-5},
        {0x1.ca4b31f026aap-1, 0x1.c5e53aa362eb4p-4},
        {0x1.b2036576afce6p-1, 0x1.526e57720db08p-3},
        {0x1.9c2d163a1aa2dp-1, 0x1.bc2860d22477p-3},
        {0x1.886e6037841edp-1, 0x1.1058bc8a07ee1p-2},
        {0x1.767dcf5534862p-1, 0x1.4043057b6ee09p-2},
    };
    const double a0 = -0x1.00ea348b88334p-2, a1 = 0x1.5575b0be00b6ap-2, a2 = -0x1.ffffef20a4123p-2;
    const double log2 = 0x1.62e42fefa39efp-1;
    uint32_t above = ore_float_bits(x) - 0x3f330000u;
    int k = (int32_t)above >> 23;
    double z = (double)ore_float_of_bits(ore_float_bits(x) - (above & 0xff800000u));
    uint32_t i = above >> 19 & 15;
    double r = z * table[i].inverse - 1, start = table[i].log + k * log2, r2 = r * r;
    return (float)((a0 * r2 + (a1 * r + a2)) * r2 + (start + r));
}

/* e^x = 2^(k/32) 2^(r/32), |r| <= 1/2. */
float ore_glibc_expf(float x) {
    const double per_unit = 0x1.71547652b82fep+0 * 32, round = 0x1.8p52;
    const double c0 = 0x1.c6af84b912394p-5 / 32 / 32 / 32, c1 = 0x1.ebfce50fac4f3p-3 / 32 / 32;
    const double c2 = 0x1.62e42ff0c52d6p-1 / 32;
    double z = per_unit * (double)x, shifted = z + round, r = z - (shifted - round);
    int k = (int)(shifted - round);
    double power = ldexp(ore_exp2_table[k & 31][0], k >> 5);
    return (float)(((c0 * r + c1) * (r * r) + (c2 * r + 1)) * power);
}

/* The sine of quadrant n's angle at distance x from its start, |x| <= pi / 4; n + 1 for the
 * cosine. */
static float quadrant(double x, int n) {
    double x2 = x * x, y;
    if (n & 1) {
        double x4 = x2 * x2, late = -0x1.6c087e89a359dp-10 + x2 * 0x1.99343027bf8c3p-16;
        y = ((1 + x2 * -0x1.ffffffd0c621cp-2) + x4 * 0x1.55553e1068f19p-5) + x4 * x2 * late;
    } else {
        double x3 = x * x2, late = 0x1.1107605230bc4p-7 + x2 * -0x1.994eb3774cf24p-13;
        y = (x + x3 * -0x1.555545995a603p-3) + x3 * x2 * late;
    }
    return (float)(n & 2 ? -y : y);
}

static float at_angle(float x, int n) {
    if (fabsf(x) < 0x1.921fb6p-1f)
        return fabsf(x) < 0x1p-12f ? (n ? 1 : x) : quadrant((double)x, n);
    int k = ((int32_t)((double)x * (0x1.45f306dc9c883p-1 * 0x1p24)) + 0x800000) >> 24;
    return quadrant((double)x - k * 0x1.921fb54442d18p0, k + n);
}

float ore_glibc_sinf(float x) {
    return at_angle(x, 0);
}

float ore_glibc_cosf(float x) {
    return at_angle(x, 1);
}

/* c[0] + c[1] x + ... in float32 */
static float polynomial(float x, const float *c, int count) {
    float sum = c[count - 1];
    for (int i = count - 2; i >= 0; i--)
        sum = c[i] + x * sum;
    return sum;
}

/* e^(-x^2) e^(P/Q) / x, x^2 cut so that the first exponent's part is exact. */
static float erfcf_far(float x) {
    static const float p[] = {-9.8649440333e-03f, -6.9385856390e-01f, -1.0558626175e+01f,
                              -6.2375331879e+01f, -1.6239666748e+02f, -1.8460508728e+02f,
                              -8.1287437439e+01f, -9.8143291473e+00f};
    static const float q[] = {1,
                              1.9651271820e+01f,
                              1.3765776062e+02f,
                              4.3456588745e+02f,
                              6.4538726807e+02f,
                              4.2900814819e+02f,
                              1.0863500214e+02f,
                              6.5702495575e+00f,
                              -6.0424413532e-02f};
    static const float p_far[] = {-9.8649431020e-03f, -7.9928326607e-01f, -1.7757955551e+01f,
                                  -1.6063638306e+02f, -6.3756646729e+02f, -1.0250950928e+03f,
                                  -4.8351919556e+02f};
    static const float q_far[] = {1,
                                  3.0338060379e+01f,
                                  3.2579251099e+02f,
                                  1.5367296143e+03f,
                                  3.1998581543e+03f,
                                  2.5530502930e+03f,
                                  4.7452853394e+02f,
                                  -2.2440952301e+01f};
    float s = 1 / (x * x), z = ore_float_of_bits(ore_float_bits(x) & 0xfffff000u);
    float ratio = ore_float_bits(x) < 0x4036db6eu ? polynomial(s, p, 8) / polynomial(s, q, 9)
                                           : polynomial(s, p_far, 7) / polynomial(s, q_far, 8);
    return ore_glibc_expf(-z * z - 0.5625f) * ore_glibc_expf((z - x) * (z + x) + ratio) / x;
}

float ore_glibc_erff(float x) {
    static const float p[] = {1.2837916613e-01f, -3.2504209876e-01f, -2.8481749818e-02f,
                              -5.7702702470e-03f, -2.3763017452e-05f};
    static const float q[] = {1,
                              3.9791721106e-01f,
                              6.5022252500e-02f,
                              5.0813062117e-03f,
                              1.3249473704e-04f,
                              -3.9602282413e-06f};
    static const float p_one[] = {-2.3621185683e-03f, 4.1485610604e-01f,  -3.7220788002e-01f,
                                  3.1834661961e-01f,  -1.1089469492e-01f, 3.5478305072e-02f,
                                  -2.1663755178e-03f};
    static const float q_one[] = {1,
                                  1.0642088205e-01f,
                                  5.4039794207e-01f,
                                  7.1828655899e-02f,
                                  1.2617121637e-01f,
                                  1.3637083583e-02f,
                                  1.1984500103e-02f};
    const float of_one = 8.4506291151e-01f; /* erf 1, to few bits */
    float size = fabsf(x);
    if (size < 0.84375f) {
        if (size < 0x1p-28f) /* without underflow */
            return 0.0625f * (16 * x + 16 * 1.2837916613e-01f * x);
        return x + x * (polynomial(x * x, p, 5) / polynomial(x * x, q, 6));
    }
    if (size < 1.25f)
        return copysignf(
            of_one + polynomial(size - 1, p_one, 7) / polynomial(size - 1, q_one, 7), x);
    if (size < 6)
        return copysignf(1 - erfcf_far(size), x);
    return isnan(x) ? x : copysignf(1, x);
}
