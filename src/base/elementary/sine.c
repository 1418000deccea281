/* sine.c: sine and cosine; beyond 105414350 the angle is reduced by the bits of 2 / pi that count
 * for it (M. Payne and R. Hanek, "Radian reduction for trigonometric functions", 1983). */
#include <math.h>
#include <stdbool.h>

#include "base/elementary/elementary.h"
#include "base/elementary/pair.h"
#include "base/elementary/tables.h"

#define NAME(name)       plain_##name
#define MUL_ADD(a, b, c) ((a) * (b) + (c))
#include "base/elementary/sine_any.inc"

enum { WINDOW = 7 }; /* words of 2 / pi: 224 bits, 33 above the point and 53 of x at most */

/* mantissa * 2^exponent * 2 / pi without multiples of 4, as WINDOW + 2 words, the lowest first; how
 * many of their bits are behind the point. */
static int product_with_two_over_pi(uint64_t mantissa, int exponent, uint32_t *product) {
    /* The bits of 2 / pi up to `skipped` give multiples of 4. */
    int skipped = exponent - 2 > 0 ? (exponent - 2) / 32 : 0;
    const uint32_t *bits = ore_two_over_pi + skipped;
    uint32_t factor[2] = {(uint32_t)mantissa, (uint32_t)(mantissa >> 32)};
    for (int i = 0; i < WINDOW + 2; i++)
        product[i] = 0;
    for (int j = 0; j < 2; j++) {
        uint64_t carry = 0;
        for (int i = 0; i < WINDOW; i++) {
            carry += (uint64_t)bits[WINDOW - 1 - i] * factor[j] + product[i + j];
            product[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        product[WINDOW + j] = (uint32_t)carry;
    }
    return 32 * (skipped + WINDOW) - exponent;
}

/* 32 bits from bit `at` on, at >= -31. */
static uint32_t word_at(const uint32_t *words, int at) {
    uint64_t both = 0;
    for (int i = 0; i < 2; i++) {
        int k = (at + 64) / 32 - 2 + i;
        both |= (uint64_t)(k >= 0 && k < WINDOW + 2 ? words[k] : 0) << (32 * i);
    }
    return (uint32_t)(both >> ((at + 64) % 32));
}

/* As plain_reduced, for 105414350 <= |x| < infinity. */
static int reduced_far(double x, double *rest, double *low) {
    const ore_pair_f64 half_pi = {1.5707963267948966, 6.123233995736766e-17};
    uint64_t bits = bits_of_double(x);
    uint64_t mantissa = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    int exponent = (int)(bits >> 52 & 2047) - 1075;
    uint32_t product[WINDOW + 2];
    int point = product_with_two_over_pi(mantissa, exponent, product);
    uint32_t n = word_at(product, point), top = word_at(product, point - 32);
    /* to the nearest: the fraction, less 1 where it is a half or more, in units of 2^-128 */
    uint32_t flip = top >> 31 ? UINT32_MAX : 0;
    n += top >> 31;
    ore_pair_f64 part = {0, 0};
    for (int i = 1; i <= 4; i++) { /* all ones less is one unit of 2^-128 off */
        double word = (double)(word_at(product, point - 32 * i) ^ flip) * ldexp(1, -32 * i);
        ore_pair_f64 sum = exact_sum(part.high, word);
        part = ordered_sum(sum.high, sum.low + part.low);
    }
    ore_pair_f64 angle = pair_product(part, half_pi);
    bool negative = (flip != 0) != (x < 0);
    *rest = negative ? -angle.high : angle.high;
    *low = negative ? -angle.low : angle.low;
    return (int)(x < 0 ? 0 - n : n) & 3;
}

double ore_math_sin(double x) {
    double rest, low;
    if (fabs(x) < 0x1p-26 || isnan(x))
        return x;
    if (fabs(x) < 105414350)
        return plain_sine(x);
    if (isinf(x))
        return NAN;
    int n = reduced_far(x, &rest, &low);
    return plain_turned(rest, low, n);
}

double ore_math_cos(double x) {
    double rest, low;
    if (isnan(x))
        return x;
    if (fabs(x) < 105414350)
        return plain_cosine(x);
    if (isinf(x))
        return NAN;
    int n = reduced_far(x, &rest, &low);
    return plain_turned(rest, low, n + 1);
}
