/* test_elementary.c: the elementary functions of src/base/elementary against mpmath
 * (golden/elementary_golden.py) within the bound that elementary.h promises, at special values of
 * C11's Annex F, and over the rows that use them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/elementary/elementary.h"

typedef struct function {
    const char *name;
    double (*of)(double x);
    double least, most; /* at -inf and inf; NaN where there is no limit */
} function;

static const function functions[] = {
    {"exp", ore_math_exp, 0, INFINITY},     {"expm1", ore_math_expm1, -1, INFINITY},
    {"log", ore_math_log, NAN, INFINITY},   {"log1p", ore_math_log1p, NAN, INFINITY},
    {"log2", ore_math_log2, NAN, INFINITY}, {"log10", ore_math_log10, NAN, INFINITY},
    {"sin", ore_math_sin, NAN, NAN},        {"cos", ore_math_cos, NAN, NAN},
    {"tanh", ore_math_tanh, -1, 1},         {"erf", ore_math_erf, -1, 1},
    {"erfc", ore_math_erfc, 2, 0},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static double value_of(const char *name, double x, double y) {
    for (int i = 0; i < FUNCTIONS; i++)
        if (!strcmp(functions[i].name, name))
            return functions[i].of(x);
    assert_string_equal(name, "pow");
    return ore_math_pow(x, y);
}

/* The distance to the next double away from zero; the golden values' unit. */
static double last_place(double x) {
    int power;
    frexp(x, &power);
    return ldexp(1, power - 53 < -1074 || x == 0 ? -1074 : power - 53);
}

/* Rows `function x y nearest rest`. */
static void every_value_is_within_the_bound(void **state) {
    (void)state;
    FILE *file = fopen(ORE_TEST_DIR "/golden/elementary.tsv", "r");
    assert_non_null(file);
    char line[200], name[16];
    double x, y, nearest, rest;
    int rows = 0, outside = 0;
    while (fgets(line, sizeof line, file)) {
        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%15s %la %la %la %lf", name, &x, &y, &nearest, &rest), 5);
        double got = value_of(name, x, y), off = (got - nearest) / last_place(nearest) - rest;
        rows++;
        if (!(fabs(off) < ORE_MATH_ULPS)) {
            print_error("%s(%a, %a) is %a, %.3f units from the truth\n", name, x, y, got, off);
            outside++;
        }
    }
    fclose(file);
    assert_true(rows > 1000);
    assert_int_equal(outside, 0);
}

static bool same(double a, double b) {
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

#define MUST(call, expected)                                                                       \
    if (!same(call, expected))                                                                     \
    fail_msg("%s is %a, expected %a", #call, call, (double)(expected))

static void limits_and_nan(void **state) {
    (void)state;
    for (int i = 0; i < FUNCTIONS; i++) {
        const function *f = functions + i;
        if (!same(f->of(-INFINITY), f->least) || !same(f->of(INFINITY), f->most) ||
            !isnan(f->of(NAN)))
            fail_msg("%s: %a at -inf, %a at inf, %a at NaN", f->name, f->of(-INFINITY),
                     f->of(INFINITY), f->of(NAN));
    }
    MUST(ore_math_exp(710), INFINITY);
    MUST(ore_math_exp(1e300), INFINITY);
    MUST(ore_math_exp(-746), 0.0);
    MUST(ore_math_exp(-1e300), 0.0);
    MUST(ore_math_expm1(1e300), INFINITY);
    MUST(ore_math_log(1), 0.0);
    MUST(ore_math_log1p(-1), -INFINITY);
    MUST(ore_math_log1p(-1.5), NAN);
    MUST(ore_math_cos(0), 1.0);
    MUST(ore_math_erfc(-1e300), 2.0);
}

static void zeros_keep_their_sign(void **state) {
    (void)state;
    static const char *const odd[] = {"expm1", "log1p", "sin", "tanh", "erf"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_true(same(value_of(odd[i], 0.0, 0), 0.0));
        assert_true(same(value_of(odd[i], -0.0, 0), -0.0));
    }
    static const char *const logarithms[] = {"log", "log2", "log10"};
    for (size_t i = 0; i < sizeof logarithms / sizeof *logarithms; i++) {
        assert_true(same(value_of(logarithms[i], 0.0, 0), -INFINITY));
        assert_true(same(value_of(logarithms[i], -0.0, 0), -INFINITY));
        assert_true(isnan(value_of(logarithms[i], -1, 0)));
        assert_true(isnan(value_of(logarithms[i], -1e-310, 0)));
    }
}

static void powers_of_special_values(void **state) {
    (void)state;
    MUST(ore_math_pow(NAN, 0), 1.0);
    MUST(ore_math_pow(1, NAN), 1.0);
    MUST(ore_math_pow(NAN, 1), NAN);
    MUST(ore_math_pow(2, NAN), NAN);
    MUST(ore_math_pow(-1, INFINITY), 1.0);
    MUST(ore_math_pow(-1, -INFINITY), 1.0);
    MUST(ore_math_pow(0.5, -INFINITY), INFINITY);
    MUST(ore_math_pow(-1.5, -INFINITY), 0.0);
    MUST(ore_math_pow(0.5, INFINITY), 0.0);
    MUST(ore_math_pow(-1.5, INFINITY), INFINITY);
    MUST(ore_math_pow(0.0, -3), INFINITY);
    MUST(ore_math_pow(-0.0, -3), -INFINITY);
    MUST(ore_math_pow(-0.0, -2), INFINITY);
    MUST(ore_math_pow(-0.0, 3), -0.0);
    MUST(ore_math_pow(-0.0, 2.5), 0.0);
    MUST(ore_math_pow(-INFINITY, -3), -0.0);
    MUST(ore_math_pow(-INFINITY, -2), 0.0);
    MUST(ore_math_pow(-INFINITY, 3), -INFINITY);
    MUST(ore_math_pow(-INFINITY, 4), INFINITY);
    MUST(ore_math_pow(INFINITY, -0.5), 0.0);
    MUST(ore_math_pow(INFINITY, 0.5), INFINITY);
    MUST(ore_math_pow(-8, 1.0 / 3), NAN);
    MUST(ore_math_pow(-2, 3), -8.0);
    MUST(ore_math_pow(-2, 1023), -0x1p1023);
    MUST(ore_math_pow(2, 1024), INFINITY);
    MUST(ore_math_pow(-2, 1025), -INFINITY);
    MUST(ore_math_pow(2, -1074), 0x1p-1074);
    MUST(ore_math_pow(-2, -1077), -0.0);
    MUST(ore_math_pow(10, 22), 1e22);
    MUST(ore_math_pow(3, 33), 5559060566555523.0);
}

/* Whole results come out whole, which callers may rely on. */
static void whole_logarithms(void **state) {
    (void)state;
    for (int k = -1074; k < 1024; k++)
        assert_true(ore_math_log2(ldexp(1, k)) == k);
    double ten = 1;
    for (int k = 0; k <= 22; k++, ten *= 10)
        assert_true(ore_math_log10(ten) == k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_within_the_bound),
        cmocka_unit_test(limits_and_nan),
        cmocka_unit_test(zeros_keep_their_sign),
        cmocka_unit_test(powers_of_special_values),
        cmocka_unit_test(whole_logarithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
