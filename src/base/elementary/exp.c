/* exp.c: e^x and what follows from it, by P. T. P. Tang's table-driven method (ACM TOMS 15, 1989;
 * expm1: 18, 1992). */
#include <math.h>

#include "base/elementary/elementary.h"
#include "base/elementary/pair.h"
#include "base/elementary/tables.h"

/* x = (32 power + j) log(2) / 32 + r: e^x = 2^power 2^(j / 32) e^r. log(2) / 32 is cut so that its
 * multiples' first part is exact. */
ore_pair_f64 ore_exp_pair(double x, double dx, int *power) {
    const double per_step = 0x1.71547652b82fep+5, round = 0x1.8p52;
    const double step_high = 0x1.62e42fefp-6, step_low = 0x1.473de6af278edp-39;
    double whole = (x * per_step + round) - round;
    int n = (int)whole;
    double r = (x - whole * step_high) + (dx - whole * step_low);
    double growth = r + r * r * polynomial_of(r, ore_expm1_tail, 5); /* e^r - 1 */
    const double *start = ore_exp2_table[n & 31];
    *power = (n - (n & 31)) / 32;
    return (ore_pair_f64){start[0], start[1] + start[0] * growth};
}

double ore_scaled_pair(ore_pair_f64 x, int power) {
    if (power >= -1000 && power <= 1000)
        return (x.high + x.low) * power_of_2(power);
    if (power > 1000)
        return (x.high + x.low) * power_of_2(1000) * power_of_2(power - 1000);
    if (power < -1100)
        return (x.high + x.low) * 0;
    /* in units of 2^-1022, and rounded where a subnormal number ends by adding 1 */
    double unit = power_of_2(power + 1022), high = x.high * unit, low = x.low * unit;
    if (fabs(high) < 1) {
        double one = copysign(1, high);
        ore_pair_f64 sum = ordered_sum(one, high);
        return ((sum.high + (sum.low + low)) - one) * 0x1p-1022;
    }
    return (high + low) * 0x1p-1022;
}

double ore_math_exp(double x) {
    if (isnan(x))
        return x;
    if (x > 710)
        return INFINITY;
    if (x < -746)
        return 0;
    int power;
    ore_pair_f64 y = ore_exp_pair(x, 0, &power);
    return ore_scaled_pair(y, power);
}

double ore_math_expm1(double x) {
    if (isnan(x) || fabs(x) < 0x1p-54)
        return x;
    if (x > 710)
        return INFINITY;
    if (x < -40)
        return -1;
    if (fabs(x) < 0.3) {
        double cube = x * x * x * polynomial_of(x, ore_expm1_near, 11);
        double upper = upper_half(x); /* x^2 / 2 in two parts */
        double half = upper * upper / 2, rest = (x - upper) * (x + upper) / 2;
        ore_pair_f64 sum = ordered_sum(x, half);
        return sum.high + (sum.low + (rest + cube));
    }
    int power;
    ore_pair_f64 y = ore_exp_pair(x, 0, &power);
    if (power > 64) /* where the 1 is below the last place, e^x may overflow */
        return ore_scaled_pair(y, power);
    double scale = power_of_2(power);
    ore_pair_f64 sum = exact_sum(y.high * scale, -1);
    return sum.high + (sum.low + y.low * scale);
}

/* x + x^3 P(x^2) near 0, else 1 - 2 / (e^2x + 1) */
double ore_math_tanh(double x) {
    double size = fabs(x);
    if (isnan(x) || size < 0x1p-28)
        return x;
    if (size < 0.35)
        return x + x * (x * x) * polynomial_of(x * x, ore_tanh_near, 10);
    if (size > 20)
        return copysign(1, x);
    int power;
    ore_pair_f64 e = ore_exp_pair(2 * size, 0, &power);
    double scale = power_of_2(power);
    ore_pair_f64 sum = exact_sum(e.high * scale, 1);
    sum = ordered_sum(sum.high, sum.low + e.low * scale);
    ore_pair_f64 part = pair_quotient((ore_pair_f64){2, 0}, sum), y = ordered_sum(1, -part.high);
    return copysign(y.high + (y.low - part.low), x);
}
