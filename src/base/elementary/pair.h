/* pair.h: sums of two doubles, the second below the last place of the first (T. J. Dekker, "A
 * floating-point technique for extending the available precision", 1971; D. Knuth's sum). */
#ifndef ORE_BASE_ELEMENTARY_PAIR_H
#define ORE_BASE_ELEMENTARY_PAIR_H

#include <stdint.h>
#include <string.h>

typedef struct ore_pair_f64 {
    double high, low;
} ore_pair_f64;

static inline uint64_t bits_of_double(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double power_of_2(int n) { /* -1022 <= n <= 1023 */
    return double_of_bits((uint64_t)(n + 1023) << 52);
}

/* x without its lower 27 bits, so that products of such numbers are exact. */
static inline double upper_half(double x) {
    return double_of_bits(bits_of_double(x) & ~UINT64_C(0x7ffffff));
}

/* a + b without an error. */
static inline ore_pair_f64 exact_sum(double a, double b) {
    double sum = a + b, of_b = sum - a;
    return (ore_pair_f64){sum, (a - (sum - of_b)) + (b - of_b)};
}

/* The same for |a| >= |b|, or a of 0. */
static inline ore_pair_f64 ordered_sum(double a, double b) {
    double sum = a + b;
    return (ore_pair_f64){sum, b - (sum - a)};
}

/* a b, its error below 2^-105 of it, where nothing underflows. */
static inline ore_pair_f64 exact_product(double a, double b) {
    double product = a * b, a1 = upper_half(a), b1 = upper_half(b), a2 = a - a1, b2 = b - b1;
    return (ore_pair_f64){product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
}

static inline ore_pair_f64 pair_product(ore_pair_f64 a, ore_pair_f64 b) {
    ore_pair_f64 p = exact_product(a.high, b.high);
    return ordered_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

/* a / b to a few units of the second part. */
static inline ore_pair_f64 pair_quotient(ore_pair_f64 a, ore_pair_f64 b) {
    double q = a.high / b.high;
    ore_pair_f64 back = exact_product(q, b.high);
    double rest = ((a.high - back.high) - back.low) + a.low - q * b.low;
    return ordered_sum(q, rest / b.high);
}

/* c[0] + c[1] x + ..., count >= 2: the even and the odd powers apart, since each sum waits for the
 * one before it. */
static inline double polynomial_of(double x, const double *c, int count) {
    double square = x * x, last = c[count - 1], other = c[count - 2];
    for (int i = count - 3; i > 0; i -= 2) {
        last = last * square + c[i];
        other = other * square + c[i - 1];
    }
    return count % 2 ? (last * square + c[0]) + other * x : other + last * x;
}

/* What the functions have in common, in exp.c and log.c: */

/* e^(x + dx) = 2^*power of the result, for |x| <= 800 and |dx| <= 2^-16; the second part is below
 * 2^-5 of the first. */
ore_pair_f64 ore_exp_pair(double x, double dx, int *power);
/* (high + low) 2^power, rounded once where it is subnormal too. */
double ore_scaled_pair(ore_pair_f64 x, int power);

#endif
