/* errors.c: tests of pending errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/errors.h"

void assert_error(ore_status status, const char *part) {
    ore_error got;
    ore_error_take(&got);
    if (got.status != status || (status != ORE_OK && !strstr(got.message, part)))
        fail_msg("status %d \"%s\", expected status %d and \"%s\"", got.status,
                 got.status == ORE_OK ? "" : got.message, status, part);
    if (status != ORE_OK && strchr(got.message, '\n'))
        fail_msg("a message of several lines: %s", got.message);
}

void assert_error_is(ore_status status, const char *message) {
    ore_error got;
    ore_error_take(&got);
    assert_string_equal(got.status == ORE_OK ? "" : got.message, message);
    assert_int_equal(got.status, status);
}

int clean_start(void **state) {
    (void)state;
    ore_error_clear();
    while (!ore_grad_enabled())
        ore_no_grad_end();
    return 0;
}

int begin_scope(void **state) {
    ore_scope_begin();
    return clean_start(state);
}

int end_scope(void **state) {
    (void)state;
    ore_scope_end();
    return ore_ok() ? 0 : -1;
}
