/* refusals.c: tests of what builders say about arguments that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/refusals.h"

void refused(const void *result, ore_status status, const char *message) {
    assert_string_equal(ore_error_message(), message);
    assert_int_equal(ore_error_status(), status);
    assert_null(result);
    ore_error_clear();
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

int begin_scope(void **state) {
    (void)state;
    ore_scope_begin();
    return 0;
}

int end_scope(void **state) {
    (void)state;
    ore_scope_end();
    return ore_ok() ? 0 : -1;
}
