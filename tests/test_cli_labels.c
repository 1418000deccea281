/* test_cli_labels.c: `ore train encoder` from outside: texts with labels as CSV and JSON lines,
 * what it learns of them, exact resumes, answers, evaluation, and what bad data is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

#define SMALL                                                                                      \
    "--n-layer 1 --n-head 2 --n-embd 16 --n-hidden 32 --block-size 64 --batch-size 16 "            \
    "--eval-interval 50 --eval-batches 4 --warmup-steps 10 --dropout 0 "

/* ---- data ---- */

/* Texts of 5 to 9 words, one of which is "gold": "rich" where "big" stands before it, "poor" where
 * it is "no"; the other of the two stands behind it. */
static void make_text(int i, char *text, bool *rich) {
    static const char *const others[] = {"the", "hill", "of", "iron", "in"};
    int state = i * 7919 + 13, place = 1 + state / 3 % 2 * 2, words = 5 + state % 5;
    *rich = state % 2;
    text[0] = '\0';
    for (int k = 0; k < words; k++) {
        const char *word = k == place       ? "gold"
                           : k == place - 1 ? *rich ? "big" : "no"
                           : k == place + 1 ? *rich ? "no" : "big"
                                            : others[(state / (k + 1)) % 5];
        strcat(text, k ? " " : "");
        strcat(text, word);
    }
}

enum { TEXTS = 300, TEXT_BYTES = 128 };

static const char *csv_file(const char *name, int first, int count) {
    const char *path = run_path(name);
    char *all = calloc((size_t)count + 1, TEXT_BYTES);
    strcpy(all, "number,label,text\n");
    for (int i = first; i < first + count; i++) {
        char text[TEXT_BYTES], line[2 * TEXT_BYTES];
        bool rich;
        make_text(i, text, &rich);
        snprintf(line, sizeof line, "%d,%s,\"%s\"\n", i, rich ? "rich" : "poor", text);
        strcat(all, line);
    }
    write_text_file(path, all);
    free(all);
    return path;
}

static const char *jsonl_file(const char *name, int first, int count) {
    const char *path = run_path(name);
    char *all = calloc((size_t)count + 1, TEXT_BYTES);
    for (int i = first; i < first + count; i++) {
        char text[TEXT_BYTES], line[2 * TEXT_BYTES];
        bool rich;
        make_text(i, text, &rich);
        snprintf(line, sizeof line, "{\"text\": \"%s\", \"label\": \"%s\"}\n", text,
                 rich ? "rich" : "poor");
        strcat(all, line);
    }
    write_text_file(path, all);
    free(all);
    return path;
}

/* ---- learning and answers ---- */

static void test_it_learns_and_answers(void **state) {
    (void)state;
    const char *out = run_path("run"), *data = csv_file("gold.csv", 0, TEXTS);
    run_well(&result, "train encoder " SMALL "--steps 300 --lr 0.005 --data %s --out %s", data,
             out);
    expect_said(&result, "data        gold.csv: 300 texts: 270 train, 30 validation\n");
    expect_said(&result, "labels      2 labels: poor, rich\n");
    expect_said(&result, "model       encoder: 1 layer, 2 heads, 16 channels, up to 64 tokens; ");
    expect_said(&result, ": 300 steps of 16 texts, ");
    expect_said(&result, "\ntexts of the validation split, with the label that each gets:\n");
    run_well(&result, "eval %s", out);
    expect_said(&result, "data        gold.csv, validation split: 30 texts\n");
    assert_true(said_number(&result, "loss") < 0.2);
    assert_true(said_number(&result, "accuracy") > 0.95);
    run_well(&result, "eval %s --data %s", out, csv_file("others.csv", 5000, 40));
    expect_said(&result, "data        others.csv, the whole file: 40 texts\n");
    assert_true(said_number(&result, "accuracy") > 0.95);
    set_input("big gold no hill of\n\nno gold big hill of\r\n");
    run_well(&result, "sample %s", out);
    assert_true(strncmp(result.out, "rich\t0.9", 8) == 0);
    expect_said(&result, "\tbig gold no hill of\npoor\t0.9");
    expect_said(&result, "\tno gold big hill of\n");
    set_input("big gold no zorgle @anna\n"); /* a word that nobody knows, a user's name */
    run_well(&result, "sample %s", out);
    assert_true(strncmp(result.out, "rich\t0.", 7) == 0);
    set_input("big gold no hill of\n");
    run_well(&result, "sample %s --top 5", out);
    expect_said(&result, "\tpoor\t0.0");
    child_run(&result, (const char *const[]){ORE_BINARY, "sample", out, "--text",
                                             "big gold no hill of", NULL});
    assert_true(strncmp(result.out, "rich\t", 5) == 0);
}

/* The same rows as JSON lines, with the fields' own names, give the same weights. */
static void test_json_lines(void **state) {
    (void)state;
    const char *a = run_path("a"), *b = run_path("b");
    run_well(&result, "train encoder " SMALL "--steps 20 --data %s --out %s",
             csv_file("gold.csv", 0, 60), a);
    run_well(&result, "train encoder " SMALL "--steps 20 --data %s --out %s",
             jsonl_file("gold.jsonl", 0, 60), b);
    assert_same_file(run_path("a/model.safetensors"), run_path("b/model.safetensors"));
    write_text_file(run_path("named.tsv"), "what\tkind\nthe gold\tx\nno gold\ty\nbig gold\tx\n");
    run_well(&result,
             "train encoder " SMALL "--steps 2 --data %s --text-field what --label-field kind "
             "--val-fraction 0 --out %s --force",
             run_path("named.tsv"), a);
    expect_said(&result, "named.tsv: 3 texts: 3 train\n");
    expect_said(&result, "labels      2 labels: x, y\n");
}

static void test_resume_and_threads(void **state) {
    (void)state;
    const char *whole = run_path("whole"), *parts = run_path("parts");
    const char *data = csv_file("gold.csv", 0, 100), *val = csv_file("val.csv", 900, 30);
    const char *flags = "--steps 40 --eval-interval 10 --dropout 0.1 --accumulate 2";
    run_well(&result, "train encoder " SMALL "%s --threads 1 --data %s --val-data %s --out %s",
             flags, data, val, whole);
    run_well(&result,
             "train encoder " SMALL "%s --threads 3 --stop-at 7 --data %s --val-data %s --out %s",
             flags, data, val, parts);
    run_well(&result, "train encoder --resume --threads 2 --stop-at 23 --out %s", parts);
    run_well(&result, "train --resume --out %s", parts);
    assert_same_run(whole, parts);
    char *labels = read_file(run_path("whole/labels.json"), NULL);
    assert_non_null(strstr(labels, "poor"));
    free(labels);
    write_text_file(run_path("parts/labels.json"), "{\"labels\": [\"rich\", \"poor\"]}");
    char line[700];
    snprintf(line, sizeof line,
             "ore eval: %s/labels.json: damaged: it is not the labels of the run's checkpoint, "
             "whose digest state.json has",
             parts);
    expect_failure(&result, 1, line, "eval %s", parts);
}

static void test_kills(void **state) {
    (void)state;
    const char *whole = run_path("whole"), *killed = run_path("killed");
    char words[1024];
    snprintf(words, sizeof words,
             "train encoder " SMALL "--steps 400 --eval-interval 10 --dropout 0.1 --data %s "
             "--val-data %s",
             csv_file("gold.csv", 0, 100), csv_file("val.csv", 900, 30));
    run_well(&result, "%s --out %s", words, whole);
    train_with_kills(words, killed, 4000);
    assert_same_run(whole, killed);
}

static void test_standard_input(void **state) {
    (void)state;
    const char *a = run_path("a"), *b = run_path("b"), *data = csv_file("gold.csv", 0, 60);
    char *bytes = read_file(data, NULL);
    run_well(&result, "train encoder " SMALL "--steps 4 --data %s --out %s", data, a);
    set_input(bytes);
    run_well(&result, "train encoder " SMALL "--steps 4 --stop-at 2 --data - --out %s", b);
    run_well(&result, "train --resume --out %s", b); /* from the run's own copy */
    assert_same_training(a, b);
    free(bytes);
    set_input_file(run_path("."));
    expect_failure(&result, 1, "ore sample: standard input: cannot be read: Is a directory",
                   "sample %s", a);
    FILE *file = fopen(run_path("nul.txt"), "w");
    fwrite("big\nno\0gold\n", 1, 12, file);
    fclose(file);
    set_input_file(run_path("nul.txt"));
    expect_failure(&result, 1,
                   "ore sample: standard input: line 2: byte 2 is a NUL, which no text has",
                   "sample %s", a);
}

/* ---- bad data ---- */

static void expect_refusal(const char *name, const char *bytes, const char *words,
                           const char *flags) {
    char line[1024];
    write_text_file(run_path(name), bytes);
    snprintf(line, sizeof line, "ore train: %s: %s", run_path(name), words);
    expect_failure(&result, 1, line, "train encoder " SMALL "--steps 2 %s --data %s --out %s",
                   flags, run_path(name), run_path("none"));
    assert_int_not_equal(access(run_path("none"), F_OK), 0);
}

static void test_bad_rows(void **state) {
    (void)state;
    expect_refusal("a.csv", "text,kind\nx,y\n",
                   "line 1: the header has no field 'label', only 'text', 'kind'", "");
    expect_refusal(
        "b.csv", "text,label\ngold,rich\niron\n",
        "line 3, field 'label': missing: the line has 1 field, expected 2 separated by the "
        "delimiter",
        "");
    expect_refusal("c.csv", "text,label\ngold,rich\n,poor\n", "line 3, field 'text': empty", "");
    expect_refusal("d.csv", "text,label\ngold,rich\niron,\n", "line 3, field 'label': empty", "");
    expect_refusal("e.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\"\n",
                   "line 2: column 12: '}' expected near end of file", "");
    expect_refusal("f.jsonl", "{\"text\": \"a\", \"label\": \"x\"}\n{\"text\": \"b\"}\n",
                   "line 2, field 'label': missing", "");
    expect_refusal("g.csv", "text,label\n",
                   "0 texts, of which a share of 0.9 leaves none to train on: expected at least 2",
                   "");
}

static void test_long_texts(void **state) {
    (void)state;
    const char *text = "text,label\nabcdefghijklmnopqrstuvw,x\nab,y\ncd,y\n";
    expect_refusal("long.csv", text,
                   "line 2, field 'text': 23 tokens, expected at most 16: train with a larger "
                   "--block-size, or with --cut, which reads the first 16",
                   "--val-fraction 0 --tokenizer char --block-size 16");
    run_well(&result,
             "train encoder " SMALL
             "--steps 2 --tokenizer char --block-size 16 --cut --val-fraction 0 --data %s --out %s",
             run_path("long.csv"), run_path("run"));
    expect_said(&result,
                "note        of 1 text only the beginning is read: longer than --block-size\n");
}

static void test_labels_never_seen(void **state) {
    (void)state;
    const char *data = csv_file("gold.csv", 0, 40), *out = run_path("run");
    char line[1024];
    write_text_file(run_path("val.csv"), "text,label\nbig gold,rich\nno gold,golden\n");
    snprintf(line, sizeof line,
             "ore train: %s: line 3, field 'label': label 'golden' is on none of the texts that "
             "were trained on",
             run_path("val.csv"));
    expect_failure(&result, 1, line, "train encoder " SMALL "--data %s --val-data %s --out %s",
                   data, run_path("val.csv"), out);
    run_well(&result, "train encoder " SMALL "--steps 2 --data %s --out %s", data, out);
    memcpy(line, "ore eval: ", 10);
    memmove(line + 10, line + 11, strlen(line + 11) + 1);
    expect_failure(&result, 1, line, "eval %s --data %s", out, run_path("val.csv"));
    expect_failure(&result, 1, "ore train: --n-classes 1: the data has 2 labels",
                   "train encoder " SMALL "--n-classes 1 --data %s --out %s", data,
                   run_path("other"));
    expect_failure(&result, 2, "ore sample: --prompt: unknown option", "sample %s --prompt x", out);
    run_oref(&result, "train encoder --documents lines");
    assert_int_equal(result.status, 2);
    assert_non_null(strstr(result.err, "--documents: the model encoder has no such option; it is "
                                       "one of gpt, "));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_learns_and_answers, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_json_lines, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_resume_and_threads, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_kills, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_standard_input, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bad_rows, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_long_texts, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_labels_never_seen, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
