/* test_cli_pairs.c: `ore train seq2seq` from outside: what it learns of a TSV of pairs, exact
 * resumes, what it writes for lines, evaluation, and what bad data is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

#define SMALL "--n-embd 16 --n-hidden 32 --n-head 2 --n-layer 1 --batch-size 16 --block-size 8 "

/* Words of 3 letters out of "abcd", and the same backwards: rows first .. of them. */
static const char *pair_file(const char *name, int first, int count) {
    char text[8192], *at = text;
    for (int i = first; i < first + count; i++) {
        char w[3] = {"abcd"[i % 4], "abcd"[i / 4 % 4], "abcd"[i / 16 % 4]};
        at += sprintf(at, "%c%c%c\t%c%c%c\n", w[0], w[1], w[2], w[2], w[1], w[0]);
    }
    write_text_file(run_path(name), text);
    return run_path(name);
}

static void test_it_learns_and_answers(void **state) {
    (void)state;
    const char *out = run_path("run"), *data = pair_file("words.tsv", 0, 64);
    run_well(&result,
             "train seq2seq " SMALL "--steps 300 --lr 0.01 --eval-interval 100 --data %s --out %s",
             data, out);
    expect_said(&result, "data        words.tsv: 64 pairs: 57 train, 7 validation\n");
    expect_said(&result, "vocabulary  5 tokens, the end of a text among them\n");
    expect_said(&result,
                "model       seq2seq: 1 layer each side, 2 heads, 16 channels, up to 8 tokens; ");
    expect_said(&result, ": 300 steps of 16 pairs, ");
    expect_said(&result, "\npairs of the validation split, and what the model writes:\n");
    run_well(&result, "eval %s --data %s", out, data);
    expect_said(&result, "data        words.tsv, the whole file: 256 tokens\n");
    const char *accuracy = strstr(result.out, "accuracy ");
    double value = 0;
    assert_true(accuracy && sscanf(accuracy, "accuracy %lf", &value) == 1 && value > 0.9);
    run_well(&result, "eval %s", out);
    expect_said(&result, "data        words.tsv, validation split: 28 tokens\n");
    run_well(&result, "sample %s --text abc", out);
    assert_string_equal(result.out, "cba\n");
    set_input("dab\r\n\naab\n");
    run_well(&result, "sample %s --beams 1", out);
    assert_string_equal(result.out, "bad\n\nbaa\n");
}

static void test_resume_and_threads(void **state) {
    (void)state;
    const char *whole = run_path("whole"), *parts = run_path("parts");
    const char *data = pair_file("words.tsv", 0, 50), *val = pair_file("val.tsv", 50, 14);
    static const char *const kinds[] = {"transformer", "bahdanau", "luong"};
    for (int i = 0; i < 3; i++) {
        char flags[256];
        snprintf(flags, sizeof flags,
                 SMALL
                 "--kind %s --dropout 0.1 --steps 12 --eval-interval 4 --accumulate 2 --force",
                 kinds[i]);
        run_well(&result, "train seq2seq %s --threads 1 --data %s --val-data %s --out %s", flags,
                 data, val, whole);
        run_well(&result,
                 "train seq2seq %s --threads 3 --stop-at 3 --data %s --val-data %s --out %s", flags,
                 data, val, parts);
        run_well(&result, "train seq2seq --resume --threads 2 --stop-at 7 --out %s", parts);
        run_well(&result, "train --resume --out %s", parts);
        assert_same_training(whole, parts);
        assert_same_file(run_path("whole/config.json"), run_path("parts/config.json"));
        assert_same_file(run_path("whole/tokenizer.json"), run_path("parts/tokenizer.json"));
    }
}

static void test_kills(void **state) {
    (void)state;
    static const char *const kinds[] = {"transformer", "luong"};
    const char *data = pair_file("words.tsv", 0, 50);
    for (int i = 0; i < 2; i++) {
        char words[1024], names[2][32];
        snprintf(names[0], sizeof names[0], "whole-%s", kinds[i]);
        snprintf(names[1], sizeof names[1], "killed-%s", kinds[i]);
        const char *whole = run_path(names[0]), *killed = run_path(names[1]);
        snprintf(words, sizeof words,
                 "train seq2seq " SMALL "--kind %s --dropout 0.1 --steps 160 --eval-interval 10 "
                 "--data %s",
                 kinds[i], data);
        run_well(&result, "%s --out %s", words, whole);
        train_with_kills(words, killed, 4000);
        assert_same_run(whole, killed);
    }
}

static void expect_refusal(const char *text, const char *message) {
    char line[1024];
    const char *data = run_path("bad.tsv");
    write_text_file(data, text);
    snprintf(line, sizeof line, "ore train: %s: %s", data, message);
    expect_failure(&result, 1, line, "train seq2seq " SMALL "--steps 2 --data %s --out %s", data,
                   run_path("none"));
}

static void test_bad_data(void **state) {
    (void)state;
    expect_refusal("a\tb\nno tab\n",
                   "line 2, field 'to': missing: the line has 1 field, expected 2 "
                   "separated by a tab");
    expect_refusal("no tab\n", "line 1, field 'to': missing: the line has 1 field, expected at "
                               "least 2");
    expect_refusal("a\tb\n", "1 pair, of which a share of 0.9 leaves none to train on: expected at "
                             "least 2");
    expect_refusal("a\tb\nb\t\n", "line 2, field 'to': empty");
    expect_refusal("a\tb\n\tb\n", "line 2, field 'from': empty");
    expect_refusal("a\tb\nabcdefghi\tb\n", "line 2, field 'from': 9 tokens, expected at most 8: "
                                           "raise --block-size");
    expect_refusal("a\tb\na\tabcdefgh\n", "line 2, field 'to': 9 tokens with the end, expected at "
                                          "most 8: raise --block-size");
    const char *data = pair_file("words.tsv", 0, 20), *out = run_path("run");
    run_well(&result, "train seq2seq " SMALL "--steps 2 --data %s --out %s", data, out);
    set_input("abc\nabz\n");
    expect_failure(&result, 1,
                   "ore sample: standard input: line 2: encode: character 'z' (U+007A) at "
                   "position 2 is not in the vocabulary of 5",
                   "sample %s", out);
    expect_failure(&result, 1, "ore train: --vocab-size 3: the tokenizer has 5 tokens",
                   "train seq2seq " SMALL "--vocab-size 3 --data %s --out %s", data,
                   run_path("other"));
    expect_failure(&result, 2,
                   "ore train: n_head 3 does not divide n_embd 64; every head takes an equal share "
                   "of the channels",
                   "train seq2seq --n-head 3 --data %s --out %s", data, run_path("other"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_learns_and_answers, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_resume_and_threads, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_kills, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bad_data, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
