/* erf.c: the error function: a polynomial near 0, and erfc(x) = e^(-x^2) erfcx(x), where erfcx is
 * smooth: polynomials up to 4 and one in 1 / x^2 beyond (cut as by W. J. Cody, "Rational Chebyshev
 * approximations for the error function", 1969). */
#include <math.h>

#include "base/elementary/elementary.h"
#include "base/elementary/pair.h"
#include "base/elementary/tables.h"

/* e^(x^2) erfc(x), 0.5 <= x < 28 */
static ore_pair_f64 scaled_erfc(double x) {
    if (x < 4) {
        int i = (int)(2 * x) - 1;
        const double *row = ore_erfcx_table[i];
        double h = x - (0.75 + 0.5 * i), tail = h * polynomial_of(h, row + 2, 15);
        ore_pair_f64 y = ordered_sum(row[0], tail);
        y.low += row[1];
        return y;
    }
    const ore_pair_f64 inverse_root_pi = {0x1.20dd750429b6dp-1, 0x1.1ae3a914fed8p-57};
    ore_pair_f64 y = pair_quotient(inverse_root_pi, (ore_pair_f64){x, 0});
    double z = 1 / (x * x);
    y.low -= y.high * (z * polynomial_of(z, ore_erfc_tail, 16));
    return ordered_sum(y.high, y.low);
}

/* erfc(x) without its factor 2^*power, 0.5 <= x < 28 */
static ore_pair_f64 upper_tail(double x, int *power) {
    ore_pair_f64 square = exact_product(x, x);
    ore_pair_f64 e = ore_exp_pair(-square.high, -square.low, power);
    return pair_product(e, scaled_erfc(x));
}

/* x + x P(x^2) for |x| <= 1 */
static ore_pair_f64 near_zero(double x) {
    return ordered_sum(x, x * polynomial_of(x * x, ore_erf_near, 15));
}

double ore_math_erf(double x) {
    double size = fabs(x);
    if (isnan(x))
        return x;
    if (size < 0x1p-1000)
        return 0x1p-60 * near_zero(0x1p60 * x).high; /* no bits lost on the way */
    if (size < 0.75)
        return near_zero(x).high;
    if (size > 6)
        return copysign(1, x);
    int power;
    ore_pair_f64 rest = upper_tail(size, &power), y;
    double scale = power_of_2(power);
    y = ordered_sum(1, -rest.high * scale);
    return copysign(y.high + (y.low - rest.low * scale), x);
}

double ore_math_erfc(double x) {
    int power;
    if (isnan(x))
        return x;
    if (x > 28)
        return 0;
    if (x >= 0.5) {
        ore_pair_f64 y = upper_tail(x, &power);
        return ore_scaled_pair(y, power);
    }
    if (x > -1) {
        ore_pair_f64 y = near_zero(x), sum = exact_sum(1, -y.high);
        return sum.high + (sum.low - y.low);
    }
    return 1 + ore_math_erf(-x);
}
