/* test_vmath.c: the vector functions against libm in double, over every part of float's range.
 * test_vmath_wide.c compiles this file once more for the 64-byte level. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/vector/vmath.h"

typedef struct function {
    const char *name;
    void (*run)(const float *x, float *y);
    double (*truth)(double x);
    double ulps;     /* bound in units in the last place; 0: bounded by `absolute` */
    double absolute; /* bound on |error| / max(1, |truth|) */
} function;

enum { COUNT = 4096 };

#define RUN(name)                                                                                  \
    static void run_##name(const float *x, float *y) {                                             \
        for (int i = 0; i < COUNT; i += VF_LANES)                                                  \
            vf_store(y + i, vf_##name(vf_load(x + i)));                                            \
    }
RUN(exp)
RUN(log)
RUN(tanh)
RUN(erf)
RUN(sigmoid)
RUN(gelu)
RUN(gelu_slope)
RUN(gelu_tanh)
RUN(gelu_tanh_slope)

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double phi(double x) {
    return erfc(-x / sqrt(2)) / 2;
}
static double gelu(double x) {
    return x * phi(x);
}
static double gelu_slope(double x) {
    return phi(x) + (fabs(x) < 40 ? x * exp(-x * x / 2) / sqrt(2 * M_PI) : 0);
}
static double inner(double x) {
    return 2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
}
static double gelu_tanh(double x) {
    return x * sigmoid(inner(x));
}
static double gelu_tanh_slope(double x) {
    double s = sigmoid(inner(x)), slope = 2 * sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
    return s + (fabs(x) < 40 ? x * s * (1 - s) * slope : 0);
}

static const function functions[] = {
    {"exp", run_exp, exp, 2, 0},
    {"log", run_log, log, 2, 0},
    {"tanh", run_tanh, tanh, 2, 0},
    {"erf", run_erf, erf, 2, 0},
    {"sigmoid", run_sigmoid, sigmoid, 0, 1.5e-7},
    {"gelu", run_gelu, gelu, 0, 2.5e-7},
    {"gelu_slope", run_gelu_slope, gelu_slope, 0, 2.5e-7},
    {"gelu_tanh", run_gelu_tanh, gelu_tanh, 0, 2.5e-7},
    {"gelu_tanh_slope", run_gelu_tanh_slope, gelu_tanh_slope, 0, 5e-7},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static bool is_close(const function *f, double truth, float got) {
    float rounded = (float)truth;
    if (isnan(rounded) || isnan(got))
        return isnan(rounded) && isnan(got);
    if (isinf(rounded) || isinf(got)) /* the last number before overflow may round either way */
        return rounded == got || fabs(fabs(truth) / 0x1p128 - 1) < 0x1p-22;
    if (f->ulps == 0)
        return fabs(got - truth) <= f->absolute * fmax(1, fabs(truth));
    double unit = ldexp(1, ilogb(fmax(fabs(truth), 0x1p-126)) - 23);
    return fabs(got - truth) <= f->ulps * unit;
}

static bool here(void) {
    return strstr(ore_cpu_levels_text(), "avx2") || strstr(ore_cpu_levels_text(), "neon");
}

/* Every exponent, both signs, some 250 mantissas each. */
static void test_whole_range(void **state) {
    (void)state;
    if (!here())
        skip();
    static float x[COUNT], y[COUNT];
    uint64_t bits = 0;
    while (bits < (UINT64_C(1) << 32)) {
        for (int i = 0; i < COUNT; i++, bits += 32771) {
            uint32_t word = (uint32_t)bits;
            memcpy(&x[i], &word, sizeof word);
        }
        for (int k = 0; k < FUNCTIONS; k++) {
            functions[k].run(x, y);
            for (int i = 0; i < COUNT; i++) {
                if (isinf(x[i]))
                    continue;
                double truth = functions[k].truth((double)x[i]);
                if (!is_close(&functions[k], truth, y[i]))
                    fail_msg("%s(%a) is %.9g, expected %.9g", functions[k].name, (double)x[i],
                             (double)y[i], truth);
            }
        }
    }
}

/* Densely where networks live. */
static void test_ordinary_values(void **state) {
    (void)state;
    if (!here())
        skip();
    static float x[COUNT], y[COUNT];
    for (int block = 0; block < 100; block++) {
        for (int i = 0; i < COUNT; i++)
            x[i] = (float)(block * COUNT + i - 50 * COUNT) * (24.0f / (100 * COUNT)) * 1.0001f;
        for (int k = 0; k < FUNCTIONS; k++) {
            functions[k].run(x, y);
            for (int i = 0; i < COUNT; i++) {
                double truth = functions[k].truth((double)x[i]);
                if (!is_close(&functions[k], truth, y[i]))
                    fail_msg("%s(%a) is %.9g, expected %.9g", functions[k].name, (double)x[i],
                             (double)y[i], truth);
            }
        }
    }
}

static float value_of(void (*run)(const float *, float *), float at) {
    static float x[COUNT], y[COUNT];
    for (int i = 0; i < COUNT; i++)
        x[i] = at;
    run(x, y);
    for (int i = 1; i < COUNT; i++) /* of a NaN neither C nor IEEE 754 says which sign it gets */
        if (!isnan(y[i]) || !isnan(y[0]))
            assert_memory_equal(&y[i], &y[0], sizeof y[0]);
    return y[0];
}

static void test_special_values(void **state) {
    (void)state;
    if (!here())
        skip();
    assert_true(value_of(run_exp, 0) == 1);
    assert_true(value_of(run_exp, -0.0f) == 1);
    assert_true(value_of(run_exp, -INFINITY) == 0);
    assert_true(value_of(run_exp, INFINITY) == INFINITY);
    assert_true(value_of(run_exp, 89) == INFINITY);
    assert_true(value_of(run_exp, -104) == 0);
    assert_true(value_of(run_exp, -103) == 0x1p-149f);
    assert_true(value_of(run_log, 1) == 0);
    assert_true(value_of(run_log, 0) == -INFINITY);
    assert_true(value_of(run_log, -0.0f) == -INFINITY);
    assert_true(value_of(run_log, INFINITY) == INFINITY);
    assert_true(isnan(value_of(run_log, -1)));
    assert_true(isnan(value_of(run_log, -INFINITY)));
    for (int sign = -1; sign <= 1; sign += 2) {
        assert_true(value_of(run_tanh, (float)sign * INFINITY) == (float)sign);
        assert_true(value_of(run_erf, (float)sign * INFINITY) == (float)sign);
        assert_int_equal(signbit(value_of(run_tanh, (float)sign * 0.0f)) != 0, sign < 0);
        assert_int_equal(signbit(value_of(run_erf, (float)sign * 0.0f)) != 0, sign < 0);
    }
    assert_true(value_of(run_sigmoid, 0) == 0.5f);
    assert_true(value_of(run_sigmoid, INFINITY) == 1);
    assert_true(value_of(run_sigmoid, -INFINITY) == 0);
    assert_true(value_of(run_gelu, 0) == 0);
    assert_true(value_of(run_gelu_tanh, 0) == 0);
    assert_true(value_of(run_gelu_slope, 0) == 0.5f);
    assert_true(value_of(run_gelu_tanh_slope, 0) == 0.5f);
    for (int k = 0; k < FUNCTIONS; k++)
        assert_true(isnan(value_of(functions[k].run, NAN)));
}

static void test_lane_helpers(void **state) {
    (void)state;
    if (!here())
        skip();
    float x[VF_LANES], y[VF_LANES] = {0};
    for (int i = 0; i < VF_LANES; i++)
        x[i] = (float)((i * 5) % VF_LANES);
    assert_true(vf_sum(vf_load(x)) == (float)(VF_LANES * (VF_LANES - 1) / 2));
    assert_true(vf_largest(vf_load(x)) == (float)(VF_LANES - 1));
    vf part = vf_load_part(x, 3, -1);
    assert_true(part[2] == x[2] && part[3] == -1 && part[VF_LANES - 1] == -1);
    vf_store_part(y, vf_set(7), 2);
    assert_true(y[1] == 7 && y[2] == 0);
    vf chosen = vf_select(vf_load(x) > vf_set(3), vf_set(1), vf_set(2));
    vf larger = vf_max(vf_load(x), vf_set(3)), less = vf_min(vf_load(x), vf_set(3));
    for (int i = 0; i < VF_LANES; i++) {
        assert_true(chosen[i] == (x[i] > 3 ? 1.0f : 2.0f));
        assert_true(larger[i] == fmaxf(x[i], 3) && less[i] == fminf(x[i], 3));
    }
    assert_true(isnan(vf_max(vf_set(1), vf_set(NAN))[0]) && vf_max(vf_set(NAN), vf_set(1))[0] == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_range),
        cmocka_unit_test(test_ordinary_values),
        cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_lane_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
