/* errors.h: tests of pending errors, and the setup that lets none reach the next test. */
#ifndef ORE_TESTS_ERRORS_H
#define ORE_TESTS_ERRORS_H

#include <ore/ore.h>

/* Each fails the test unless an error of that status is pending, and clears it: one whose message,
 * a single line, holds `part`, or is `message` to the letter. */
void assert_error(ore_status status, const char *part);
void assert_error_is(ore_status status, const char *message);

/* cmocka setups: nothing is left of an earlier test that failed, no error and no ore_no_grad_begin;
 * begin_scope also opens a scope, which the teardown end_scope ends. A test passes only if no error
 * is pending at its end. */
int clean_start(void **state);
int begin_scope(void **state);
int end_scope(void **state);

#endif
