/* test_cli_words.c: how the command words what it says: counts, notes about options that change
 * nothing, commands to paste, and terminals of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/run.h"
#include "tools/ore/words.h"

static child_result result;

static void expect_said(const char *words) {
    if (!strstr(result.out, words))
        fail_msg("'%s' is not in the output:\n%s", words, result.out);
}

/* ---- counts -------------------------------------------------------------------------------------
 */

static void test_one_of_each(void **state) {
    (void)state;
    const char *text = text_file();
    run_well(&result,
             "train mlp --data %s --block-size 1 --n-embd 1 --n-hidden 1 --steps 1 "
             "--warmup-steps 0 --eval-batches 1 --threads 1 --out %s",
             text, run_path("mlp"));
    expect_said(": 1 token of 1 number, 1 x 1 hidden unit");
    expect_said(": 1 step of 64 x 1, 1 thread, ");
    run_well(&result,
             "train gpt --data %s --block-size 1 --n-embd 1 --n-head 1 --n-layer 1 --steps 1 "
             "--warmup-steps 0 --eval-batches 1 --threads 2 --out %s",
             text, run_path("gpt"));
    expect_said(": 1 layer, 1 head, 1 channel, block 1; ");
    expect_said(", 2 threads, ");
    write_text_file(run_path("letters.txt"), "a\nb\na\nb\na\nb\na\nb\na\nb\n");
    char line[512];
    snprintf(line, sizeof line,
             "ore train: %s: line 3 has 1 token, which with its separator is more than block_size "
             "1: expected --block-size 2, or --documents none, which reads one running text",
             run_path("letters.txt"));
    expect_failure(&result, 1, line,
                   "train gpt --data %s --documents lines --block-size 1 --out %s",
                   run_path("letters.txt"), run_path("lines"));
}

static void test_long_counts(void **state) {
    (void)state;
    run_well(&result,
             "train gpt --data %s " TINY "--n-embd 64 --steps 1000000 --stop-at 1 --out %s",
             text_file(), run_path("run"));
    expect_said(" parameters\n");
    expect_said(": 1 step of 4 x 16");
    expect_said("other  ");
    expect_said("%  (metrics, checkpoints, pictures, messages)\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_of_each),
        TEST(test_long_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
