/* selftest.c: checks the kernels of the level in use against plain arithmetic. */
#include <math.h>
#include <string.h>

#include <ore/ops.h>

#include "doctor/selftest.h"

enum { ELEMENTS = 4097 }; /* one more than a multiple of every vector's length */

/* Element i of the inputs: values in (-2, 2) that rounding affects. */
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

/* Computes sums that are long enough to be cut into chunks, with this number of threads. */
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

/* Checks c = a b, with a (M, K) and b (K, N), and the same with b as a transposed view, against
 * sums in double. */
static ore_status check_matmul(void) {
    enum { M = 33, K = 65, N = 17 }; /* each one more than a multiple of a vector's length */
    ore_tensor *all = samples(ORE_FLOAT32);
    ore_tensor *a = ore_view(ore_narrow(all, 0, 0, M * K), ORE_SHAPE(M, K));
    ore_tensor *b = ore_view(ore_narrow(all, 0, M * K, K * N), ORE_SHAPE(K, N));
    const float *x = ore_data(a), *y = ore_data(b);
    const float *z = ore_data(ore_matmul(a, b));
    const float *w = ore_data(ore_matmul(a, ore_t(ore_contiguous(ore_t(b)))));
    for (int i = 0; x && y && z && w && i < M * N; i++) {
        double expected = 0;
        for (int k = 0; k < K; k++)
            expected += (double)x[i / N * K + k] * (double)y[k * N + i % N];
        if (fabs((double)z[i] - expected) > 1e-4 || fabs((double)w[i] - expected) > 1e-4)
            return ore_fail(ORE_STATE, "element %d is %.9g and %.9g, expected %.9g", i,
                            (double)z[i], (double)w[i], expected);
    }
    return ore_error_status();
}

/* Checks products of bfloat16, which some levels compute by instructions of their own: of numbers
 * -1, 0 and 1, so that every sum is exact. */
static ore_status check_bfloat16(void) {
    enum { M = 33, K = 65, N = 17 };
    float x[M * K], y[K * N];
    for (int i = 0; i < M * K; i++)
        x[i] = (float)(i * i % 7 % 3 - 1);
    for (int i = 0; i < K * N; i++)
        y[i] = (float)(i * i % 11 % 3 - 1);
    ore_tensor *a = ore_to(ore_from_data(x, ORE_SHAPE(M, K), ORE_FLOAT32), ORE_BFLOAT16);
    ore_tensor *b = ore_to(ore_from_data(y, ORE_SHAPE(K, N), ORE_FLOAT32), ORE_BFLOAT16);
    const float *z = ore_data(ore_to(ore_matmul(a, b), ORE_FLOAT32));
    for (int i = 0; z && i < M * N; i++) {
        float expected = 0;
        for (int k = 0; k < K; k++)
            expected += x[i / N * K + k] * y[k * N + i % N];
        if (z[i] != expected)
            return ore_fail(ORE_STATE, "element %d is %.9g, expected %.9g", i, (double)z[i],
                            (double)expected);
    }
    return ore_error_status();
}

/* Checks the numbers of torch.manual_seed(0); torch.rand(3), and after the same seed of
 * torch.randn(3). */
static ore_status check_random(void) {
    static const float expected[2][3] = {
        {0.49625658988952637f, 0.7682217955589294f, 0.08847743272781372f},
        {1.5409960746765137f, -0.293428897857666f, -2.1787893772125244f}};
    ore_generator *g = ore_generator_new(0);
    const float *uniform = ore_data(ore_rand(ORE_SHAPE(3), ORE_FLOAT32, g));
    if (g)
        ore_generator_seed(g, 0);
    const float *normal = ore_data(ore_randn(ORE_SHAPE(3), ORE_FLOAT32, g));
    ore_generator_free(g);
    for (int i = 0; uniform && normal && i < 3; i++)
        if (uniform[i] != expected[0][i] || fabsf(normal[i] - expected[1][i]) > 1e-6f)
            return ore_fail(ORE_STATE, "draw %d is %.9g and %.9g, expected %.9g and %.9g", i,
                            (double)uniform[i], (double)normal[i], (double)expected[0][i],
                            (double)expected[1][i]);
    return ore_error_status();
}

static const struct check {
    const char *name;
    ore_status (*run)(void);
} checks[] = {
    {"elementwise kernels", check_elementwise},
    {"gradients", check_gradient},
    {"matrix products", check_matmul},
    {"products of bfloat16", check_bfloat16},
    {"random numbers", check_random},
    {"threads", check_threads},
};

enum { CHECKS = sizeof checks / sizeof checks[0] };

ore_status selftest_run(double seconds, selftest_result *result) {
    double began = ore_clock_s();
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
        result->took_s = ore_clock_s() - began;
    } while (result->took_s < seconds);
    return ORE_OK;
}
