/* test_init.c: initialisers of whole matrices against PyTorch's (golden/init_golden.py), truncated
 * normals, gains, errors. test_random.c has the others. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "support/errors.h"

static ore_shape shape_of(const char *text) {
    ore_shape shape = {.ndim = 0};
    for (char *end; *text >= '0' && *text <= '9'; text = *end == 'x' ? end + 1 : end)
        shape.dim[shape.ndim++] = strtol(text, &end, 10);
    return shape;
}

static bool row_agrees(const char *call, uint64_t seed, const char *shape, char *wanted) {
    ore_tensor *t = ore_set_requires_grad(ore_zeros(shape_of(shape), ORE_FLOAT64), true);
    ore_manual_seed(seed);
    if (!strcmp(call, "orthogonal"))
        assert_ptr_equal(ore_init_orthogonal(t, 1.5, NULL), t);
    else
        assert_ptr_equal(ore_init_sparse(t, 0.3, 0.5, NULL), t);
    for (int64_t i = 0; i < ore_numel(t); i++) {
        double want = strtod(wanted, &wanted), got = ((const double *)ore_data(t))[i];
        if (fabs(got - want) > 1e-13)
            return false;
    }
    return true;
}

static void matrices_are_torchs(void **state) {
    (void)state;
    FILE *f = fopen(ORE_TEST_DIR "/golden/init.tsv", "r");
    assert_non_null(f);
    static char line[1 << 14];
    int rows = 0;
    while (fgets(line, sizeof line, f)) {
        char *rest = NULL, *call = strtok_r(line, "\t", &rest);
        if (*call == '#')
            continue;
        char *seed = strtok_r(NULL, "\t", &rest), *shape = strtok_r(NULL, "\t", &rest);
        ore_scope_begin();
        if (!row_agrees(call, strtoull(seed, NULL, 10), shape, rest))
            fail_msg("%s %s of %s differs", call, shape, seed);
        ore_scope_end();
        rows++;
    }
    fclose(f);
    assert_int_equal(rows, 16);
    assert_true(ore_ok());
}

static void truncated_normals_stay_within(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(7);
    ore_tensor *t = ore_empty(ORE_SHAPE(100, 100), ORE_FLOAT64);
    ore_init_trunc_normal(t, 0.5, 2, -1, 3, g);
    assert_true(ore_item(ore_amin(t, ORE_ALL, false)) >= -1);
    assert_true(ore_item(ore_amax(t, ORE_ALL, false)) <= 3);
    /* with phi and Phi at -0.75 and 1.25: mean 0.5 + 2 (phi(a) - phi(b)) / (Phi(b) - Phi(a)) */
    double pi = acos(-1), a = -0.75, b = 1.25;
    double mass = (erf(b / sqrt(2)) - erf(a / sqrt(2))) / 2;
    double mean = 0.5 + 2 * (exp(-a * a / 2) - exp(-b * b / 2)) / sqrt(2 * pi) / mass;
    assert_true(fabs(ore_item(ore_mean(t, ORE_ALL, false)) - mean) < 0.04);
    /* erf undoes what erfinv did to the draws */
    ore_generator_seed(g, 3);
    ore_tensor *u = ore_uniform_(ore_empty(ORE_SHAPE(4000), ORE_FLOAT64), erf(-5 / sqrt(2)),
                                 erf(5 / sqrt(2)), g);
    ore_generator_seed(g, 3);
    ore_tensor *x = ore_init_trunc_normal(ore_empty(ORE_SHAPE(4000), ORE_FLOAT64), 0, 1, -5, 5, g);
    for (int i = 0; i < 4000; i++) {
        double want = ((const double *)ore_data(u))[i], got = ((const double *)ore_data(x))[i];
        assert_true(fabs(erf(got / sqrt(2)) - want) < 1e-15 + 1e-15 * fabs(want));
    }
    ore_generator_free(g);
    ore_scope_end();
    assert_true(ore_ok());
}

static void float32_and_many_columns(void **state) {
    (void)state;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(5);
    ore_tensor *q = ore_init_orthogonal(ore_empty(ORE_SHAPE(40, 3, 20), ORE_FLOAT32), 1, g);
    q = ore_reshape(q, ORE_SHAPE(40, 60));
    ore_tensor *off = ore_sub(ore_matmul(q, ore_transpose(q, 0, 1)), ore_eye(40, 40, ORE_FLOAT32));
    assert_true(ore_item(ore_amax(ore_abs(off), ORE_ALL, false)) < 1e-6);
    ore_tensor *eye = ore_init_eye(ore_empty(ORE_SHAPE(2, 3), ORE_FLOAT32));
    assert_memory_equal(ore_data(eye), ((float[]){1, 0, 0, 0, 1, 0}), 6 * sizeof(float));
    assert_non_null(ore_init_orthogonal(ore_empty(ORE_SHAPE(0, 3), ORE_FLOAT32), 1, g));
    ore_generator_free(g);
    ore_scope_end();
    assert_true(ore_ok());
}

static void gains_are_torchs(void **state) {
    (void)state;
    static const double wanted[] = {1, 1, 1, 5.0 / 3, 1.4142135623730951, 1.4141428569978354, 0.75};
    for (int k = ORE_GAIN_LINEAR; k <= ORE_GAIN_SELU; k++)
        assert_true(fabs(ore_calculate_gain((ore_nonlinearity)k, 0.01) - wanted[k]) < 1e-15);
    assert_true(isnan(ore_calculate_gain((ore_nonlinearity)99, 0)));
    assert_error(ORE_INVALID, "calculate_gain: nonlinearity 99");
}

static void columns_of_nothing_take_no_time(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *t = ore_zeros(ORE_SHAPE(0, INT64_C(1) << 58), ORE_FLOAT32);
    assert_ptr_equal(ore_init_sparse(t, 0.5, 1, NULL), t);
    ore_scope_end();
}

static void wrong_calls_are_named(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *v = ore_zeros(ORE_SHAPE(3), ORE_FLOAT32);
    ore_tensor *m = ore_zeros(ORE_SHAPE(3, 2), ORE_FLOAT32);
    assert_null(ore_init_orthogonal(v, 1, NULL));
    assert_error(ORE_INVALID, "orthogonal: shape (3,), expected 2 dims or more");
    assert_null(ore_init_eye(v));
    assert_error(ORE_INVALID, "eye: shape (3,), expected 2 dims");
    assert_null(ore_init_sparse(v, 0.5, 1, NULL));
    assert_error(ORE_INVALID, "sparse: shape (3,), expected 2 dims");
    assert_null(ore_init_sparse(m, 1.5, 1, NULL));
    assert_error(ORE_INVALID, "sparse: sparsity 1.5, expected 0 to 1");
    assert_null(ore_init_trunc_normal(v, 0, 0, -2, 2, NULL));
    assert_error(ORE_INVALID, "trunc_normal: std 0 in [-2, 2], expected std > 0 and low < high");
    assert_null(ore_init_trunc_normal(ore_zeros(ORE_SHAPE(3), ORE_INT64), 0, 1, -2, 2, NULL));
    assert_error(ORE_INVALID, "trunc_normal: int64, expected float32 or float64");
    assert_null(ore_init_kaiming_normal(m, 0, (ore_fan_mode)2, ORE_GAIN_RELU, NULL));
    assert_error(ORE_INVALID, "kaiming_normal: mode 2, expected ORE_FAN_IN or ORE_FAN_OUT");
    assert_null(ore_init_kaiming_uniform(m, 0, ORE_FAN_IN, (ore_nonlinearity)99, NULL));
    assert_error(ORE_INVALID, "kaiming_uniform: nonlinearity 99, expected one of ore_nonlinearity");
    assert_null(ore_init_xavier_uniform(v, 1, NULL));
    assert_error(ORE_INVALID, "xavier_uniform: shape (3,), expected two dims or more");
    assert_null(ore_init_xavier_normal(NULL, 1, NULL));
    assert_error(ORE_INVALID, "xavier_normal: argument 1 is NULL");
    assert_null(ore_init_eye(NULL));
    assert_error(ORE_INVALID, "eye: argument 1 is NULL");
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_are_torchs),
        cmocka_unit_test(truncated_normals_stay_within),
        cmocka_unit_test(float32_and_many_columns),
        cmocka_unit_test(gains_are_torchs),
        cmocka_unit_test(columns_of_nothing_take_no_time),
        cmocka_unit_test(wrong_calls_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
