/* numbers.h: arrays of float32 or float64 numbers for tests of kernels. They are allocated to the
 * byte, so that AddressSanitizer sees a read past an end, and freed with free. */
#ifndef ORE_TESTS_NUMBERS_H
#define ORE_TESTS_NUMBERS_H

#include <ore/ore.h>

/* In 0 .. 1, the same numbers in every run. */
double next_number(void);
/* n zeros of any dtype. */
void *new_bytes(int64_t n, ore_dtype dtype);
/* n numbers in -4 .. 4; with `odd`, now and then one of the values where functions bend. */
void *new_numbers(int64_t n, ore_dtype dtype, bool odd);
void *copy_of(const void *data, int64_t n, ore_dtype dtype);

/* Element i of a contiguous tensor of float32 or float64. */
double value_at(const ore_tensor *t, int64_t i);
void assert_near(double got, double want, double tolerance);

/* The distance from 1 to the next number. */
double unit_of(ore_dtype dtype);
/* Fails unless got is within `tolerance` of |want| + scale; NaN equals NaN. */
void assert_close(const char *what, int64_t n, ore_dtype dtype, const void *got, const void *want,
                  double tolerance, double scale);

#endif
