/* test_cli_device.c: `ore train` on a second device, one of guarded memory: the command, built with
 * guarded_command.c, makes the same run there as on the CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/run.h"

enum { WORDS_MAX = 64 };

static child_result result;

/* Trains a small GPT on `device`. */
static void try_train(const char *device, const char *out, const char *more) {
    char line[2048], *rest = line;
    const char *argv[WORDS_MAX] = {ORE_GUARDED_COMMAND};
    int n = 1;
    snprintf(line, sizeof line, "train gpt " TINY "--device %s --data %s --out %s %s", device,
             text_file(), out, more);
    for (char *word; (word = strtok_r(rest, " ", &rest)) && n < WORDS_MAX - 1;)
        argv[n++] = word;
    child_run(&result, argv);
}

/* The same, which must succeed. */
static void train(const char *device, const char *out, const char *more) {
    try_train(device, out, more);
    assert_string_equal(result.err, "");
    assert_int_equal(result.status, 0);
}

static void assert_device(const char *out, const char *device) {
    char path[700], want[64];
    snprintf(path, sizeof path, "%s/config.json", out);
    snprintf(want, sizeof want, "\"device\": \"%s\"", device);
    char *config = read_file(path, NULL);
    assert_non_null(strstr(config, want));
    free(config);
}

static void test_a_run_there_is_that_of_the_cpu(void **state) {
    (void)state;
    const char *here = run_path("here"), *there = run_path("there"), *best = run_path("best");
    train("cpu", here, "--steps 12");
    train("cuda", there, "--steps 12");
    assert_same_training(here, there);
    assert_device(here, "cpu");
    assert_device(there, "cuda");
    train("auto", best, "--steps 3");
    assert_device(best, "cuda");
}

static void test_a_run_goes_on_there(void **state) {
    (void)state;
    const char *whole = run_path("whole"), *parts = run_path("parts");
    train("cuda", whole, "--steps 12");
    train("cuda", parts, "--steps 12 --stop-at 5");
    train("cuda", parts, "--steps 12 --resume");
    assert_same_training(whole, parts);
}

/* That it is not the CPU which trains, a row shows that the device lacks. */
static void test_a_row_that_is_not_there(void **state) {
    (void)state;
    try_train("cuda", run_path("lion"), "--steps 3 --optimizer lion");
    assert_string_equal(result.err, "ore train: lion_step: no TEST kernel for float32\n");
    assert_int_equal(result.status, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_run_there_is_that_of_the_cpu, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(test_a_run_goes_on_there, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_row_that_is_not_there, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
