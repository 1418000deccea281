/* numbers.c: arrays of numbers for tests of kernels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/numbers.h"

double next_number(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

void *new_bytes(int64_t n, ore_dtype dtype) {
    void *data = calloc((size_t)n, ore_dtype_size(dtype));
    assert_non_null(data);
    return data;
}

static void put(void *data, ore_dtype dtype, int64_t i, double x) {
    if (dtype == ORE_FLOAT32)
        ((float *)data)[i] = (float)x;
    else
        ((double *)data)[i] = x;
}

static double get(const void *data, ore_dtype dtype, int64_t i) {
    return dtype == ORE_FLOAT32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

void *new_numbers(int64_t n, ore_dtype dtype, bool odd) {
    static const double odds[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-30, 100, -100};
    void *data = new_bytes(n, dtype);
    for (int64_t i = 0; i < n; i++)
        put(data, dtype, i, odd && i % 11 == 5 ? odds[i / 11 % 8] : 8 * next_number() - 4);
    return data;
}

void *copy_of(const void *data, int64_t n, ore_dtype dtype) {
    void *copy = new_bytes(n, dtype);
    memcpy(copy, data, (size_t)n * ore_dtype_size(dtype));
    return copy;
}

void assert_close(const char *what, int64_t n, ore_dtype dtype, const void *got, const void *want,
                  double tolerance, double scale) {
    for (int64_t i = 0; i < n; i++) {
        double a = get(got, dtype, i), b = get(want, dtype, i);
        if (a != b && !(isnan(a) && isnan(b)) && !(fabs(a - b) <= tolerance * (fabs(b) + scale)))
            fail_msg("%s of %s, size %lld, at %lld: %.9g, scalar has %.9g", what,
                     ore_dtype_name(dtype), (long long)n, (long long)i, a, b);
    }
}

double value_at(const ore_tensor *t, int64_t i) {
    if (ore_tensor_dtype(t) == ORE_FLOAT32)
        return (double)((const float *)ore_data(t))[i];
    return ((const double *)ore_data(t))[i];
}

void assert_near(double got, double want, double tolerance) {
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, expected %.17g within %g", got, want, tolerance);
}

double unit_of(ore_dtype dtype) {
    return dtype == ORE_FLOAT32 ? 0x1p-23 : 0x1p-52;
}
