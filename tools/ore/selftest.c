/* selftest.c: checks of the kernels in force against plain arithmetic. */
#include <math.h>
#include <string.h>
#include <time.h>

#include <ore/ops.h>

#include "selftest.h"

enum { ELEMENTS = 4097 };

/* Values in (-2, 2) that no table of exact results would hold. */
static double sample(int64_t i) {
    return 2 * sin(0.7 * (double)i + 0.1);
}

static ore_tensor *samples(ore_dtype dtype) {
    double values[ELEMENTS];
    for (int64_t i = 0; i < ELEMENTS; i++)
        values[i] = sample(i);
    return ore_to(ore_from_data(values, ORE_SHAPE(ELEMENTS), ORE_FLOAT64), dtype);
}

static ore_status check_elementwise(void) {
    const float *x = ore_data(samples(ORE_FLOAT32));
    const float *y = ore_data(ore_tanh(ore_exp(samples(ORE_FLOAT32))));
    for (int64_t i = 0; x && y && i < ELEMENTS; i++) {
        double expected = tanh(exp((double)x[i]));
        if (fabs((double)y[i] - expected) > 1e-6)
            return ore_fail(ORE_STATE, "tanh(exp(%g)) is %.9g, expected %.9g", (double)x[i],
                            (double)y[i], expected);
    }
    return ore_error_status();
}

/* d/dx sum(x tanh x) = tanh x + x (1 - tanh^2 x) */
static ore_status check_gradient(void) {
    ore_tensor *leaf = ore_set_requires_grad(samples(ORE_FLOAT64), true);
    ore_backward(ore_sum(ore_mul(leaf, ore_tanh(leaf)), ORE_ALL, false));
    const double *gradient = ore_ok() ? ore_data(ore_grad(leaf)) : NULL;
    for (int64_t i = 0; gradient && i < ELEMENTS; i++) {
        double x = sample(i), t = tanh(x), expected = t + x * (1 - t * t);
        if (fabs(gradient[i] - expected) > 1e-12)
            return ore_fail(ORE_STATE, "the gradient at %g is %.17g, expected %.17g", x,
                            gradient[i], expected);
    }
    return ore_error_status();
}

/* Bytes of a sum over rows that is long enough to be cut into pieces. */
static void sum_with(int threads, double *total, float *means) {
    ore_set_num_threads(threads);
    ore_tensor *x = ore_expand(ore_unsqueeze(samples(ORE_FLOAT32), 0), ORE_SHAPE(64, ELEMENTS));
    ore_tensor *mixed = ore_mul(ore_contiguous(x), ore_exp(x));
    *total = ore_item(ore_sum(mixed, ORE_ALL, false));
    ore_copy_out(ore_mean(mixed, ORE_DIMS(1), false), means, 64 * sizeof *means);
}

static ore_status check_threads(void) {
    int threads = ore_num_threads();
    double one, many;
    float one_mean[64], many_mean[64];
    sum_with(1, &one, one_mean);
    sum_with(threads > 1 ? threads : 2, &many, many_mean);
    ore_set_num_threads(threads);
    if (ore_ok() &&
        (memcmp(&one, &many, sizeof one) || memcmp(one_mean, many_mean, sizeof one_mean)))
        return ore_fail(ORE_STATE, "one thread and several disagree: %.9g, %.9g", one, many);
    return ore_error_status();
}

static const struct check {
    const char *name;
    ore_status (*run)(void);
} checks[] = {
    {"elementwise kernels", check_elementwise},
    {"gradients", check_gradient},
    {"threads", check_threads},
};

enum { CHECKS = sizeof checks / sizeof checks[0] };

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

ore_status selftest_run(double seconds, selftest_result *result) {
    double began = now_s();
    *result = (selftest_result){.checks = CHECKS};
    do {
        for (int i = 0; i < CHECKS; i++) {
            ore_scope_begin();
            checks[i].run();
            ore_scope_end();
            ore_error_locate(checks[i].name);
            if (!ore_ok())
                return ore_error_status();
        }
        result->rounds++;
        result->took_s = now_s() - began;
    } while (result->took_s < seconds);
    return ORE_OK;
}
