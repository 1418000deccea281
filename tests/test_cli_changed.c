/* test_cli_changed.c: the text of a run is cut short, written to or replaced while it trains. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

#define LONG TINY "--steps 1000000 --eval-interval 100000 --checkpoint-interval 5 "

static child_result result;

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

/* The step of the run's checkpoint; -1 while there is none. */
static long step_of(const char *run) {
    char path[600];
    struct stat s;
    snprintf(path, sizeof path, "%s/state.json", run);
    if (stat(path, &s) != 0)
        return -1;
    char *state = read_file(path, NULL), *at = strstr(state, "\"step\": ");
    long step = at ? strtol(at + strlen("\"step\": "), NULL, 10) : -1;
    free(state);
    return step;
}

/* Starts a run of the text and waits until it has come some way. */
static pid_t start(const char *text, const char *run) {
    char words[2048];
    snprintf(words, sizeof words, "train gpt " LONG "--data %s --out %s", text, run);
    pid_t child = ore_start(words, NULL);
    while (step_of(run) < 5)
        nap();
    return child;
}

/* The run has ended with this line about its text; with the text as it was it goes on from its last
 * whole step, as if nothing had happened. */
static void expect_end(pid_t child, const char *text, const char *run, const char *problem,
                       const char *bytes, size_t size) {
    char line[1024];
    assert_int_equal(ore_wait(child), 1);
    snprintf(line, sizeof line, "ore train: %s: %s", text, problem);
    if (strncmp(ore_start_errors(), line, strlen(line)) != 0)
        fail_msg("'%s', expected '%s'", ore_start_errors(), line);
    assert_ptr_equal(strchr(ore_start_errors(), '\n') + 1,
                     ore_start_errors() + strlen(ore_start_errors())); /* one line */
    write_file(text, bytes, size);
    long step = step_of(run);
    assert_true(step >= 5);
    const char *straight = run_path("straight");
    run_well(&result, "train gpt --resume --out %s --stop-at %ld", run, step + 3);
    run_well(&result, "train gpt " LONG "--data %s --out %s --stop-at %ld", text, straight,
             step + 3);
    assert_same_run(run, straight);
}

static void test_a_text_cut_short(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run");
    size_t size;
    char *bytes = read_file(text, &size);
    pid_t child = start(text, run);
    assert_int_equal(truncate(text, 0), 0);
    expect_end(child, text, run, "was cut short while in use: 0 bytes, expected ", bytes, size);
    free(bytes);
}

static void test_a_text_written_to(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run");
    size_t size;
    char *bytes = read_file(text, &size), *other = malloc(size);
    memset(other, 0xFF, size);
    pid_t child = start(text, run);
    int file = open(text, O_WRONLY);
    assert_int_equal(write(file, other, size), size);
    close(file);
    expect_end(child, text, run, "was changed while in use", bytes, size);
    free(other);
    free(bytes);
}

/* Another file under the name leaves the run the one that it has opened. */
static void test_a_text_replaced(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *other = run_path("other.txt");
    size_t size;
    char *bytes = read_file(text, &size);
    pid_t child = start(text, run);
    write_text_file(other, "something else\n");
    assert_int_equal(rename(other, text), 0);
    long step = step_of(run);
    while (step_of(run) < step + 10)
        nap();
    kill(child, SIGTERM);
    assert_int_equal(ore_wait(child), 130);
    run_oref(&result, "train gpt --resume --out %s", run);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, text));
    write_file(text, bytes, size);
    run_well(&result, "train gpt --resume --out %s --stop-at %ld", run, step_of(run) + 1);
    free(bytes);
}

/* Lines are only new as long as the text is what it was. */
static void test_a_text_written_to_under_new_lines(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run");
    char words[1024], lines[4096];
    int output;
    run_well(&result,
             "train gpt " TINY "--block-size 128 --documents lines --steps 1 --data %s --out %s",
             text, run);
    snprintf(words, sizeof words, "sample %s --unseen --num 20000", run);
    pid_t child = ore_start(words, &output);
    assert_true(read(output, lines, sizeof lines) > 0);
    int file = open(text, O_WRONLY);
    assert_int_equal(write(file, "other\n", 6), 6);
    close(file);
    while (read(output, lines, sizeof lines) > 0)
        continue;
    close(output);
    assert_int_equal(ore_wait(child), 1);
    assert_non_null(strstr(ore_start_errors(), "text.txt: was changed while in use"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

/* A text that is only validated on fails in an evaluation: the steps since the last one are kept,
 * and the evaluation is made up for. */
static void test_a_validation_text_cut_short(void **state) {
    (void)state;
    const char *text = text_file(), *val = run_path("val.txt"), *run = run_path("run");
    const char *way =
        "train gpt " TINY "--steps 100000 --eval-interval 4000 --data %s --val-data %s "
        "--out %s";
    const char *straight = run_path("straight");
    char words[2048];
    size_t size;
    char *bytes = read_file(text, &size);
    write_file(val, bytes, size);
    snprintf(words, sizeof words, way, text, val, run);
    pid_t child = ore_start(words, NULL);
    while (step_of(run) < 0)
        nap();
    assert_int_equal(truncate(val, 10), 0);
    assert_int_equal(ore_wait(child), 1);
    assert_non_null(strstr(ore_start_errors(), "val.txt: was cut short while in use: 10 bytes, "));
    long step = step_of(run);
    assert_true(step > 0 && step % 4000 == 0);
    write_file(val, bytes, size);
    snprintf(words, sizeof words, "%s --stop-at %ld", way, step);
    run_well(&result, words, text, val, straight);
    run_well(&result, "train gpt --resume --stop-at %ld --out %s", step, run);
    assert_same_run(run, straight);
    free(bytes);
}

/* What is wrong with a text that is another one now comes after that, and options that would help a
 * new run are none for this one. */
static void test_a_text_that_is_another_one(void **state) {
    (void)state;
    static const char *const others[] = {"ore", "ore \xFF iron", "ORE IRON GOLD HILL ORE IRON", ""};
    const char *commands[] = {"train gpt --resume --out", "eval"};
    const char *text = text_file(), *run = run_path("run");
    char line[1024];
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text, run);
    for (int i = 0; i < 4; i++) {
        write_text_file(text, others[i]);
        for (int k = 0; k < 2; k++) {
            run_oref(&result, "%s %s", commands[k], run);
            assert_int_equal(result.status, 1);
            snprintf(line, sizeof line, "%s: the %s has changed since the run began: ", text,
                     i == 0 && k == 1 ? "data" : "text");
            assert_non_null(strstr(result.err, line));
            assert_null(strstr(result.err, "lower --block-size"));
            assert_null(strstr(result.err, "invalid-utf8"));
        }
    }
}

/* ---- a run that is read while it trains ---- */

static void replace_link(const char *run, int number) {
    char target[64], path[600], next[600];
    snprintf(target, sizeof target, "checkpoints/%06d", number);
    snprintf(path, sizeof path, "%s/current", run);
    snprintf(next, sizeof next, "%s/current.new", run);
    if (symlink(target, next) != 0 || rename(next, path) != 0)
        _exit(1);
}

/* Two checkpoints become the current one in turn, faster than anyone can read either. */
static void test_a_run_is_read_while_it_trains(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *other = run_path("other");
    char words[2048];
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text, run);
    run_well(&result, "train gpt " TINY "--steps 20 --data %s --out %s", text, other);
    snprintf(words, sizeof words,
             "/bin/cp -rL %s/current %s/checkpoints/000100 && /bin/cp -rL %s/current "
             "%s/checkpoints/000101",
             run, run, other, run);
    assert_int_equal(system(words), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(60); /* should the test fail meanwhile */
        for (int i = 0;; i++)
            replace_link(run, 100 + i % 2);
    }
    for (int i = 0; i < 40; i++)
        run_well(&result, i % 2 ? "sample %s --tokens 2" : "eval %s", run);
    kill(child, SIGKILL);
    ore_wait(child);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_text_cut_short),
        TEST(test_a_text_written_to),
        TEST(test_a_text_replaced),
        TEST(test_a_validation_text_cut_short),
        TEST(test_a_text_written_to_under_new_lines),
        TEST(test_a_text_that_is_another_one),
        TEST(test_a_run_is_read_while_it_trains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
