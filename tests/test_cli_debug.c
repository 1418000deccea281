/* test_cli_debug.c: `ore train --audit`, `--anomaly` and `--profile`: what they tell, and that they
 * change no weight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "support/run.h"

static child_result result;

static void they_change_no_weight(void **state) {
    (void)state;
    const char *plain = run_path("plain"), *seen = run_path("seen"), *trace = run_path("t.json");
    run_well(&result, "train gpt " TINY "--steps 20 --out %s", plain);
    assert_null(strstr(result.out, "audit"));
    run_well(&result, "train gpt " TINY "--steps 20 --audit --anomaly --profile %s --out %s", trace,
             seen);
    assert_same_training(plain, seen);
    assert_non_null(strstr(result.out, "audit: every parameter has a gradient"));
    assert_non_null(strstr(result.out, "10 steps:\noperation "));
    assert_non_null(strstr(result.out, "\nlinear backward "));
    assert_non_null(strstr(result.out, "\ntransformer.h.0.mlp "));
    assert_non_null(strstr(result.out, "trace in "));
    json_error_t error;
    json_t *json = json_load_file(trace, 0, &error);
    assert_true(json_array_size(json_object_get(json, "traceEvents")) > 1000);
    json_decref(json);
}

/* Steps so large that numbers leave float32's range. */
static void an_anomaly_ends_the_run(void **state) {
    (void)state;
    run_oref(&result,
             "train gpt " TINY "--steps 200 --optimizer sgd --lr 1000 --grad-clip 0 "
             "--warmup-steps 0 --anomaly --out %s",
             run_path("run"));
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, ": its "));
    assert_non_null(strstr(result.err, "input 0 ("));
}

static void a_profile_that_cannot_be_written_is_told(void **state) {
    (void)state;
    run_well(&result, "train bigram --steps 3 --profile %s/no/t.json --out %s", run_path(""),
             run_path("run"));
    assert_non_null(strstr(result.out, "no profile: "));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(they_change_no_weight),
        TEST(an_anomaly_ends_the_run),
        TEST(a_profile_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
