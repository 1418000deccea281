/* elementary.h: elementary functions of double that give the same bits with every compiler,
 * processor and C library: plain additions, multiplications and divisions in a written order. Every
 * result that is to be the same everywhere takes them from here and not from libm.
 *
 * Each is within ORE_MATH_ULPS units in the last place of the true value, with the values of C11's
 * Annex F at zeros, infinities and NaN and gradual underflow; floating-point exceptions are not
 * promised. A float's function is the double's, rounded. */
#ifndef ORE_BASE_ELEMENTARY_H
#define ORE_BASE_ELEMENTARY_H

#define ORE_MATH_ULPS 0.9

double ore_math_exp(double x);
double ore_math_expm1(double x);
double ore_math_log(double x);
double ore_math_log1p(double x);
double ore_math_log2(double x);
double ore_math_log10(double x);
double ore_math_pow(double x, double y);
double ore_math_sin(double x);
double ore_math_cos(double x);
double ore_math_tanh(double x);
double ore_math_erf(double x);
double ore_math_erfc(double x);

#endif
