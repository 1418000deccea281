/* log.c: logarithms and powers. With x = 2^k z and c near z, log x = k log 2 + log c + log(z / c),
 * after P. T. P. Tang (ACM TOMS 16, 1990); 1 / c has so few bits that z / c - 1 is exact in two
 * parts without a division. */
#include <math.h>

#include "base/elementary/elementary.h"
#include "base/elementary/pair.h"
#include "base/elementary/tables.h"

/* log(1 + r) = r - r^2 / 2 + r^3 P(r), added to start (high and low), for |r| <= 1 / 128 with at
 * most 26 bits in its first part and start.high + r.high exact. */
static inline ore_pair_f64 near_one(ore_pair_f64 start, ore_pair_f64 r) {
    double both = r.high + r.low, half = r.high * r.high / 2, rest = r.low * (r.high + r.low / 2);
    double cube = both * both * both, tail = cube * polynomial_of(both, ore_log_tail, 8);
    ore_pair_f64 sum = ordered_sum(start.high + r.high, -half);
    return (ore_pair_f64){sum.high, sum.low + ((start.low + r.low - rest) + tail)};
}

static inline ore_pair_f64 in_halves(double x) {
    double first = upper_half(x);
    return (ore_pair_f64){first, x - first};
}

/* k log 2 + log(x + dx) for a normal x > 0 and |dx| below its last place; the second part is below
 * 2^-15 of the first. */
static inline ore_pair_f64 log_parts(double x, double dx, int k) {
    const double log2_high = 0x1.62e42fefa38p-1, log2_low = 0x1.ef35793c7673p-45;
    uint64_t above = bits_of_double(x) - UINT64_C(0x3fe6000000000000); /* 0.6875 */
    int power = (int)((int64_t)above >> 52);
    double z = double_of_bits(bits_of_double(x) - (above & UINT64_C(0xfff) << 52));
    const double *row = ore_log_table[above >> 45 & 127];
    double inverse = row[0], first = double_of_bits(bits_of_double(z) & ~UINT64_C(0xfffffff));
    ore_pair_f64 r = {first * inverse - 1, (z - first) * inverse};
    if (inverse == 1)
        r = in_halves(z - 1);
    if (dx != 0)
        r.low += dx * double_of_bits((uint64_t)(1023 - power) << 52) * inverse;
    k += power;
    return near_one((ore_pair_f64){k * log2_high + row[1], k * log2_low + row[2]}, r);
}

/* 0: log_parts(*x, 0, *k) is to be taken; 1: *x is the result. */
static inline int has_limit(double *x, int *k) {
    *k = 0;
    if (*x >= 0x1p-1022 && *x < INFINITY)
        return 0;
    if (*x > 0 && *x < 1) {
        *x *= 0x1p54;
        *k = -54;
        return 0;
    }
    *x = *x == 0 ? -INFINITY : *x < 0 ? NAN : *x;
    return 1;
}

/* log x in another unit, which is per_unit to 26 bits and the rest of it. */
static inline double in_units(double x, ore_pair_f64 per_unit) {
    int k;
    if (has_limit(&x, &k))
        return x;
    ore_pair_f64 y = log_parts(x, 0, k);
    double first = upper_half(y.high), rest = (y.high - first) + y.low; /* first * high is exact */
    return first * per_unit.high + (first * per_unit.low + rest * (per_unit.high + per_unit.low));
}

double ore_math_log(double x) {
    int k;
    if (has_limit(&x, &k))
        return x;
    ore_pair_f64 y = log_parts(x, 0, k);
    return y.high + y.low;
}

double ore_math_log2(double x) {
    return in_units(x, (ore_pair_f64){0x1.715476p+0, 0x1.4ae0bf85ddf44p-26});
}

double ore_math_log10(double x) {
    return in_units(x, (ore_pair_f64){0x1.bcb7b1p-2, 0x1.49b9438ca9aaep-28});
}

double ore_math_log1p(double x) {
    if (x <= -1)
        return x == -1 ? -INFINITY : NAN;
    if (isnan(x) || x == INFINITY || fabs(x) < 0x1p-54)
        return x;
    ore_pair_f64 y;
    if (fabs(x) < 0x1p-8) {
        y = near_one((ore_pair_f64){0, 0}, in_halves(x));
    } else {
        ore_pair_f64 sum = exact_sum(x, 1);
        y = log_parts(sum.high, x < 0x1p60 ? sum.low : 0, 0);
    }
    return y.high + y.low;
}

/* ---- powers ---- */

/* 0: no whole number, 1: an odd one, 2: an even one. */
static int parity(double y) {
    if (fabs(y) >= 0x1p53)
        return 2;
    double whole = trunc(y);
    if (whole != y)
        return 0;
    return (int64_t)whole % 2 ? 1 : 2;
}

/* x^y of x = 0 or infinity, with the sign of odd powers. */
static double power_of_limit(double x, double y) {
    double size = (x == 0) == (y > 0) ? 0 : INFINITY;
    return signbit(x) && parity(y) == 1 ? -size : size;
}

/* For a finite x > 0 and a finite y: e^(y log x). */
static double positive_power(double x, double y) {
    int k, power;
    has_limit(&x, &k);
    ore_pair_f64 l = log_parts(x, 0, k);
    l = ordered_sum(l.high, l.low);
    double rough = l.high * y;
    if (!(fabs(rough) < 746))
        return rough > 0 ? INFINITY : 0;
    double first = upper_half(l.high), rest = (l.high - first) + l.low;
    double y_first = upper_half(y), y_rest = y - y_first;
    ore_pair_f64 e = ore_exp_pair(first * y_first, first * y_rest + rest * y, &power);
    return ore_scaled_pair(e, power);
}

double ore_math_pow(double x, double y) {
    if (x > 0 && x < INFINITY && fabs(y) < INFINITY)
        return positive_power(x, y);
    if (y == 0 || x == 1)
        return 1;
    if (isnan(x) || isnan(y))
        return x + y;
    if (isinf(y)) {
        if (x == -1)
            return 1;
        return (fabs(x) > 1) == (y > 0) ? INFINITY : 0;
    }
    if (x == 0 || isinf(x))
        return power_of_limit(x, y);
    int kind = parity(y);
    if (kind == 0)
        return NAN;
    double size = positive_power(-x, y);
    return kind == 1 ? -size : size;
}
