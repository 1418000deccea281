/* refusals.c: tests of what builders say about arguments that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/refusals.h"

void refused(const void *result, ore_status status, const char *message) {
    assert_error_is(status, message);
    assert_null(result);
}

void invalid(const void *result, const char *message) {
    refused(result, ORE_INVALID, message);
}

ore_tensor *ones(ore_shape shape) {
    return ore_ones(shape, ORE_FLOAT32);
}

ore_tensor *whole(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}
