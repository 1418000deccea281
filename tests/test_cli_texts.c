/* test_cli_texts.c: texts as they come: marks, other encodings, line ends and wrong bytes are told;
 * empty names are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

/* A file of one piece again and again. */
static const char *repeated(const char *name, const char *piece, size_t bytes, int times) {
    const char *path = run_path(name);
    char *text = malloc(bytes * (size_t)times);
    for (int i = 0; i < times; i++)
        memcpy(text + (size_t)i * bytes, piece, bytes);
    write_file(path, text, bytes * (size_t)times);
    free(text);
    return path;
}

/* ---- how a text was read ---- */

static void test_what_was_not_read_as_it_stands_is_told(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *flags, *note;
    } rows[] = {
        {"crlf.txt", "iron\r\n", "--strip-cr",
         "note        crlf.txt: 100 carriage returns were dropped\n"},
        {"wrong.txt", "iron\xff\n", "--invalid-utf8 ignore",
         "note        wrong.txt: 100 bytes that are no UTF-8 were dropped\n"},
        {"mac.txt", "iron\r", "",
         "note        mac.txt: it has no line feed; its carriage returns are read as line ends\n"},
        {"mac.txt", "iron\r", "--strip-cr",
         "note        mac.txt: it has no line feed; its carriage returns are read as line ends\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = repeated(rows[i].name, rows[i].text, strlen(rows[i].text), 100);
        run_well(&result, "train gpt " TINY "--steps 1 %s --data %s --out %s --force",
                 rows[i].flags, path, run_path("run"));
        expect_said(&result, rows[i].note);
        run_well(&result, "eval %s", run_path("run"));
        expect_said(&result, rows[i].note);
    }
    run_well(&result, "train gpt " TINY "--steps 1 --warmup-steps 0 --data %s --out %s",
             text_file(), run_path("plain"));
    assert_null(strstr(result.out, "note "));
}

static void test_marks_are_told(void **state) {
    (void)state;
    enum { PAIRS = 200 };
    char wide[2 + 2 * PAIRS] = "\xff\xfe", marked[3 + PAIRS] = "\xef\xbb\xbf";
    const char *out = run_path("run"), *path = run_path("wide.txt");
    for (int i = 0; i < PAIRS; i++) {
        marked[3 + i] = wide[2 + 2 * i] = "ore\n"[i % 4];
        wide[3 + 2 * i] = 0;
    }
    write_file(path, wide, sizeof wide);
    write_file(run_path("marked.txt"), marked, sizeof marked);
    run_well(&result, "train gpt " TINY "--steps 1 --data %s --val-data %s --vocab %s --out %s",
             path, run_path("marked.txt"), run_path("marked.txt"), out);
    expect_said(&result, "note        wide.txt: it was converted from UTF-16LE\n");
    expect_said(&result, "note        marked.txt: its byte order mark was dropped\n");
    expect_said(&result, "tokens: 200 train, 200 validation");
    expect_said(&result, "vocabulary  4 tokens");
}

/* A new run may drop them; a run that goes on, and `ore eval`, have no option for it. */
static void test_wrong_bytes_name_only_a_control_that_is_there(void **state) {
    (void)state;
    static const char *const flags[] = {"--data", "--val-data", "--vocab"};
    const char *bad = repeated("bad.txt", "ore\xff\xfe\xff\n", 7, 100);
    const char *nothing = repeated("nothing.txt", "\xff", 1, 100);
    const char *run = run_path("run"), *text = text_file();
    char line[1024];
    snprintf(line, sizeof line,
             "ore train: %s: byte 3 (0xFF) is not valid UTF-8; --invalid-utf8 ignore would drop "
             "300 such bytes",
             bad);
    for (int i = 0; i < 3; i++)
        expect_failure(&result, 1, line, "train gpt " TINY "--steps 1 %s %s %s --out %s", flags[i],
                       bad, i > 0 ? "--preset names" : "", run);
    memcpy(line, "ore sweep", strlen("ore sweep"));
    expect_failure(&result, 1, line, "sweep gpt " TINY "--data %s --grid lr=1,2 --out %s", bad,
                   run);
    snprintf(line, sizeof line, "ore train: %s: byte 0 (0xFF) is not valid UTF-8", nothing);
    expect_failure(&result, 1, line, "train gpt " TINY "--data %s --out %s", nothing, run);
    run_well(&result, "train gpt " TINY "--steps 1 --data %s --out %s", text, run);
    snprintf(line, sizeof line, "ore eval: %s: byte 3 (0xFF) is not valid UTF-8", bad);
    expect_failure(&result, 1, line, "eval %s --data %s", run, bad);
}

/* ---- names that are empty ---- */

/* As of a shell's variable that is not set: the default would be another run than was meant. */
static void test_an_empty_name_is_refused(void **state) {
    (void)state;
    static const char *const words[][2] = {
        {"train gpt --data=", "ore train: --data \"\": expected a FILE"},
        {"train gpt --val-data=", "ore train: --val-data \"\": expected a FILE"},
        {"train gpt --out=", "ore train: --out \"\": expected a DIR"},
        {"train gpt --preset=", "ore train: --preset \"\": expected a NAME"},
        {"train gpt --config=", "ore train: --config \"\": expected a FILE"},
        {"eval /nonexistent --data=", "ore eval: --data \"\": expected a FILE"},
        {"sweep mlp --grid lr=1,2 --out=", "ore sweep: --out \"\": expected a DIR"},
        {"bench gpt --text=", "ore bench: --text \"\": expected a FILE"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        expect_failure(&result, 2, words[i][1], "%s", words[i][0]);
    run_well(&result, "train gpt " TINY "--steps 1 --data %s --out %s", text_file(),
             run_path("run"));
    run_well(&result, "sample %s --tokens 1 --prompt=", run_path("run"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_not_read_as_it_stands_is_told),
        TEST(test_marks_are_told),
        TEST(test_wrong_bytes_name_only_a_control_that_is_there),
        TEST(test_an_empty_name_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
