/* test_optim_papers.c: the optimizers that torch 1.13 lacks against the rules of their papers,
 * written out in plain float64. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/optim.h>

#include "support/numbers.h"

static ore_tensor *values(const double *v, ore_shape shape, ore_dtype dtype) {
    return ore_from_data(v, shape, dtype);
}

/* ---- plain float64 forms of what torch 1.13 lacks ---- */

enum { ROWS = 3, COLS = 2, PLAIN_STEPS = 6 };

static double gradient_value(int step, int i) {
    return sin(1 + 3 * step + 1.3 * i * i);
}

/* Chen et al. 2023, algorithm 2: written out for one element. */
static void lion_plain(double *p, double *m, double g, double lr, double decay) {
    double c = 0.9 * *m + 0.1 * g;
    *p -= lr * ((c > 0 ? 1 : c < 0 ? -1 : 0) + decay * *p);
    *m = 0.99 * *m + 0.01 * g;
}

static void lion_follows_its_paper(void **state) {
    (void)state;
    for (int maximize = 0; maximize < 2; maximize++) {
        ore_scope_begin();
        double plain[ROWS] = {1, -0.5, 0.25}, m[ROWS] = {0};
        ore_tensor *p = ore_set_requires_grad(values(plain, ORE_SHAPE(ROWS), ORE_FLOAT64), true);
        ore_lion_options options = ore_lion_defaults();
        options.lr = 0.01;
        options.weight_decay = 0.3;
        options.maximize = maximize;
        ore_optimizer *o = ore_lion_new(NULL, &options);
        ore_optimizer_add(o, ore_optimizer_add_group(o, NULL), p, NULL);
        for (int step = 0; step < 50; step++) {
            double g[ROWS];
            for (int i = 0; i < ROWS; i++) {
                g[i] = gradient_value(step, i);
                lion_plain(&plain[i], &m[i], maximize ? -g[i] : g[i], 0.01, 0.3);
            }
            ore_set_grad(p, ore_from_data(g, ORE_SHAPE(ROWS), ORE_FLOAT64));
            assert_int_equal(ore_optimizer_step(o), ORE_OK);
            for (int i = 0; i < ROWS; i++)
                assert_true(fabs(value_at(p, i) - plain[i]) < 1e-13);
        }
        ore_optimizer_free(o);
        ore_scope_end();
    }
}

/* X = a X + (b A + c A A) X, A = X X', for a tall x by its transpose: entry by entry. */
static void newton_schulz_plain(double x[COLS][ROWS]) {
    for (int step = 0; step < 5; step++) {
        double a[COLS][COLS] = {{0}}, b[COLS][COLS], next[COLS][ROWS];
        for (int i = 0; i < COLS; i++)
            for (int j = 0; j < COLS; j++)
                for (int k = 0; k < ROWS; k++)
                    a[i][j] += x[i][k] * x[j][k];
        for (int i = 0; i < COLS; i++)
            for (int j = 0; j < COLS; j++) {
                b[i][j] = -4.7750 * a[i][j];
                for (int k = 0; k < COLS; k++)
                    b[i][j] += 2.0315 * a[i][k] * a[k][j];
            }
        for (int i = 0; i < COLS; i++)
            for (int j = 0; j < ROWS; j++) {
                next[i][j] = 3.4445 * x[i][j];
                for (int k = 0; k < COLS; k++)
                    next[i][j] += b[i][k] * x[k][j];
            }
        memcpy(x, next, sizeof next);
    }
}

static void muon_plain(double p[ROWS][COLS], double m[ROWS][COLS], double g[ROWS][COLS], double lr,
                       double scale) {
    double x[COLS][ROWS], norm = 0;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++) {
            m[i][j] = 0.95 * m[i][j] + 0.05 * g[i][j];
            x[j][i] = 0.05 * g[i][j] + 0.95 * m[i][j];
            norm += x[j][i] * x[j][i];
        }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++)
            x[j][i] /= sqrt(norm);
    newton_schulz_plain(x);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++)
            p[i][j] = p[i][j] * (1 - lr * 0.1) - lr * scale * x[j][i];
}

static void muon_follows_its_rule(void **state) {
    (void)state;
    for (int match = 0; match < 2; match++) {
        ore_scope_begin();
        double plain[ROWS][COLS] = {{1, 2}, {-0.5, 0}, {0.25, -1}}, m[ROWS][COLS] = {{0}};
        ore_shape shape = ORE_SHAPE(ROWS, COLS);
        ore_tensor *p = ore_set_requires_grad(values(*plain, shape, ORE_FLOAT64), true);
        ore_muon_options options = ore_muon_defaults();
        options.lr = 0.02;
        options.match_rms_adamw = match;
        ore_optimizer *o = ore_muon_new(NULL, &options);
        ore_optimizer_add(o, ore_optimizer_add_group(o, NULL), p, NULL);
        for (int step = 0; step < PLAIN_STEPS; step++) {
            double g[ROWS][COLS];
            for (int i = 0; i < ROWS * COLS; i++)
                g[i / COLS][i % COLS] = gradient_value(step, i);
            muon_plain(plain, m, g, 0.02, match ? 0.2 * sqrt(3) : sqrt(1.5));
            ore_set_grad(p, ore_from_data(g, shape, ORE_FLOAT64));
            assert_int_equal(ore_optimizer_step(o), ORE_OK);
            for (int i = 0; i < ROWS * COLS; i++)
                assert_true(fabs(value_at(p, i) - plain[i / COLS][i % COLS]) < 1e-12);
        }
        ore_optimizer_free(o);
        ore_scope_end();
    }
}

/* Shazeer & Stern 2018, algorithm 5, for a matrix. */
static void adafactor_plain(double p[ROWS][COLS], double *r, double *c, double g[ROWS][COLS],
                            int t) {
    double fresh = pow(t, -0.8), rms = 0, mean = 0, size = 0, u[ROWS][COLS];
    for (int i = 0; i < ROWS; i++)
        r[i] *= 1 - fresh;
    for (int j = 0; j < COLS; j++)
        c[j] *= 1 - fresh;
    for (int i = 0; i < ROWS * COLS; i++) {
        double square = pow(g[i / COLS][i % COLS], 2);
        r[i / COLS] += fresh * square / COLS;
        c[i % COLS] += fresh * square / ROWS;
        size += pow(p[i / COLS][i % COLS], 2) / (ROWS * COLS);
    }
    for (int i = 0; i < ROWS; i++)
        mean += r[i] / ROWS;
    for (int i = 0; i < ROWS * COLS; i++) {
        u[i / COLS][i % COLS] = g[i / COLS][i % COLS] / sqrt(r[i / COLS] * c[i % COLS] / mean);
        rms += pow(u[i / COLS][i % COLS], 2) / (ROWS * COLS);
    }
    double rate = fmin(1e-2, 1 / sqrt(t)) * fmax(1e-3, sqrt(size)) / fmax(1, sqrt(rms));
    for (int i = 0; i < ROWS * COLS; i++)
        p[i / COLS][i % COLS] -= rate * u[i / COLS][i % COLS];
}

static void adafactor_follows_its_paper(void **state) {
    (void)state;
    ore_scope_begin();
    double plain[ROWS][COLS] = {{1, 2}, {-0.5, 0}, {0.25, -1}}, r[ROWS] = {0}, c[COLS] = {0};
    ore_shape shape = ORE_SHAPE(ROWS, COLS);
    ore_tensor *p = ore_set_requires_grad(values(*plain, shape, ORE_FLOAT64), true);
    ore_optimizer *o = ore_adafactor_new(NULL, NULL);
    ore_optimizer_add(o, ore_optimizer_add_group(o, NULL), p, NULL);
    for (int step = 0; step < PLAIN_STEPS; step++) {
        double g[ROWS][COLS];
        for (int i = 0; i < ROWS * COLS; i++)
            g[i / COLS][i % COLS] = gradient_value(step, i);
        adafactor_plain(plain, r, c, g, step + 1);
        ore_set_grad(p, ore_from_data(g, shape, ORE_FLOAT64));
        assert_int_equal(ore_optimizer_step(o), ORE_OK);
        for (int i = 0; i < ROWS * COLS; i++)
            assert_true(fabs(value_at(p, i) - plain[i / COLS][i % COLS]) < 1e-12);
    }
    ore_optimizer_free(o);
    ore_scope_end();
    assert_true(ore_ok());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lion_follows_its_paper),
        cmocka_unit_test(muon_follows_its_rule),
        cmocka_unit_test(adafactor_follows_its_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
