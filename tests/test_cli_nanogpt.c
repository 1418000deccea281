/* test_cli_nanogpt.c: what the commands make of a checkpoint of nanoGPT, golden/nanogpt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "support/run.h"

#define CHECKPOINT ORE_TEST_DIR "/golden/nanogpt/ckpt.pt"

static child_result result;

static void write_ids(void) {
    write_text_file(run_path("ids"), "1 2 0 3 10");
}

static void test_its_folder_gives_the_same_logits(void **state) {
    (void)state;
    write_ids();
    run_oref(&result, "convert " CHECKPOINT " %s", run_path("folder"));
    assert_int_equal(result.status, 0);
    assert_string_equal(result.err,
                        "ore convert: the folder has no tokenizer: the file has none\n");
    run_well(&result, "logits " CHECKPOINT " --ids %s --out %s", run_path("ids"),
             run_path("a.npy"));
    run_well(&result, "logits %s --ids %s --out %s", run_path("folder"), run_path("ids"),
             run_path("b.npy"));
    assert_same_file(run_path("a.npy"), run_path("b.npy"));
}

static void test_it_is_trained_on(void **state) {
    const char *text = run_path("abc");
    (void)state;
    write_text_file(text, "abcabdacbdabcadbcabdcabcdbacdbacbdacbdabcdabcdabdcabcdbacbdacbdabcd"
                          "abcabdacbdabcadbcabdcabcdbacdbacbdacbdabcdabcdabdcabcdbacbdacbdabcd");
    run_well(&result,
             "train gpt --init " CHECKPOINT
             " --tokenizer char --val-fraction 0.3 --batch-size 2 --steps 4 "
             "--eval-interval 2 --eval-batches 1 --data %s --out %s --stop-at 2",
             text, run_path("run"));
    run_well(&result, "train --resume --out %s", run_path("run"));
    run_well(&result, "sample %s --tokens 5", run_path("run"));
}

/* What needs a tokenizer says that there is none, and how to name one. */
static void test_it_has_no_tokenizer(void **state) {
    static const char none[] = CHECKPOINT
        ": a checkpoint of PyTorch has no tokenizer: name one with --tokenizer (ore train), or put "
        "its tokenizer.json into the folder that ore convert makes";
    char line[1200];
    (void)state;
    write_text_file(run_path("text"), "abcabcabcabcabcabcabcabcabcabcabcabc");
    snprintf(line, sizeof line, "ore sample: %s", none);
    expect_failure(&result, 1, line, "sample " CHECKPOINT " --tokens 5");
    snprintf(line, sizeof line, "ore logits: %s", none);
    expect_failure(&result, 1, line, "logits " CHECKPOINT " --text %s --out o.npy",
                   run_path("text"));
    snprintf(line, sizeof line, "ore train: %s", none);
    expect_failure(&result, 1, line, "train gpt --init " CHECKPOINT " --data %s --out %s",
                   run_path("text"), run_path("run"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_its_folder_gives_the_same_logits, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(test_it_is_trained_on, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_it_has_no_tokenizer, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
