/* test_cli_train.c: `ore train` from outside: what a run leaves, and that stopping, killing and
 * resuming one, or another number of threads, changes no byte of it. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

static bool exists(const char *folder, const char *name) {
    char path[600];
    struct stat s;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &s) == 0;
}

/* ---- what a run leaves ---- */

static void test_a_run_from_start_to_end(void **state) {
    (void)state;
    const char *out = run_path("deep/folder/run");
    run_well(&result, "train gpt " TINY "--block-size 32 --steps 20 --out %s", out);
    static const char *const said[] = {"data        embedded names: ",
                                       "vocabulary  27 tokens",
                                       " parameters\n",
                                       "step 0  train loss ",
                                       "step 20/20  loss ",
                                       "step 20  train loss ",
                                       "time in     seconds   share\n",
                                       "data  ",
                                       "forward  ",
                                       "loss  ",
                                       "backward  ",
                                       "optimizer  ",
                                       "evaluation  ",
                                       "saved step 20 in ",
                                       "new lines, none of them in the data:\n"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if (!strstr(result.out, said[i]))
            fail_msg("'%s' is not in the output:\n%s", said[i], result.out);
    static const char *const files[] = {
        "config.json", "model.safetensors", "best.safetensors", "optimizer.safetensors",
        "state.json",  "tokenizer.json",    "metrics.jsonl"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (!exists(out, files[i]))
            fail_msg("%s is missing", files[i]);
}

static void test_pictures(void **state) {
    (void)state;
    const char *out = run_path("run");
    run_show_gnuplot();
    run_well(&result, "train gpt " TINY "--steps 12 --diagnostics --data %s --out %s", text_file(),
             out);
    if (strstr(result.out, "no picture: "))
        skip(); /* no gnuplot */
    static const char *const files[] = {"loss.svg", "loss.png", "diagnostics.svg",
                                        "diagnostics.png"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        assert_true(exists(out, files[i]));
}

static void test_without_gnuplot(void **state) {
    (void)state;
    run_well(&result, "train gpt " TINY "--steps 3 --data %s --out %s", text_file(),
             run_path("run"));
    assert_non_null(strstr(result.out, "no picture: "));
}

static void test_diagnostics_change_nothing(void **state) {
    (void)state;
    const char *text = text_file(), *a = run_path("a"), *b = run_path("b");
    run_well(&result, "train gpt " TINY "--steps 12 --data %s --out %s", text, a);
    run_well(&result, "train gpt " TINY "--steps 12 --diagnostics --data %s --out %s", text, b);
    assert_same_run(a, b);
}

static void test_an_unvalidated_run(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    run_well(&result, "train gpt " TINY "--steps 12 --val-fraction 0 --data %s --out %s", text,
             out);
    assert_null(strstr(result.out, "validation"));
    assert_false(exists(out, "best.safetensors"));
    run_well(&result, "sample %s --tokens 5", out);
}

/* ---- threads, seeds, force ---- */

static void test_threads_change_nothing(void **state) {
    (void)state;
    const char *text = text_file(), *paths[] = {run_path("1"), run_path("2"), run_path("3")};
    for (int i = 0; i < 3; i++)
        run_well(&result,
                 "train gpt " TINY "--n-embd 32 --n-layer 2 --batch-size 16 --block-size 48 "
                 "--steps 10 --data %s --out %s --threads %d",
                 text, paths[i], i + 1);
    assert_same_run(paths[0], paths[1]);
    assert_same_run(paths[0], paths[2]);
}

static void test_seeds_and_force(void **state) {
    (void)state;
    const char *text = text_file(), *a = run_path("a"), *b = run_path("b");
    run_well(&result, "train gpt " TINY "--steps 5 --data %s --out %s", text, a);
    run_well(&result, "train gpt " TINY "--steps 15 --seed 2 --data %s --out %s", text, b);
    char first[600], second[600];
    snprintf(first, sizeof first, "%s/model.safetensors", a);
    snprintf(second, sizeof second, "%s/model.safetensors", b);
    size_t bytes;
    char *one = read_file(first, &bytes), *two = read_file(second, NULL);
    assert_memory_not_equal(one, two, bytes);
    free(one);
    free(two);
    run_well(&result, "train gpt " TINY "--steps 5 --force --data %s --out %s", text, b);
    assert_same_run(a, b);
}

/* ---- stopping and going on ---- */

static void test_stop_at_and_resume(void **state) {
    (void)state;
    const char *text = text_file(), *whole = run_path("whole"), *parts = run_path("parts");
    run_well(&result, "train gpt " TINY "--steps 40 --patience 9 --data %s --out %s", text, whole);
    run_well(&result, "train gpt " TINY "--steps 40 --patience 9 --data %s --out %s --stop-at 7",
             text, parts);
    assert_non_null(strstr(result.out, "saved step 7 in "));
    assert_non_null(strstr(result.out, "go on with: ore train gpt --resume --out "));
    for (int stop = 10; stop < 40; stop += 11) {
        run_well(&result, "train gpt --resume --stop-at %d --threads %d --out %s", stop,
                 1 + stop % 2, parts);
        assert_non_null(strstr(result.out, "resumed     at step "));
    }
    run_well(&result, "train gpt --resume --out %s", parts);
    assert_same_run(whole, parts);
    run_well(&result, "train gpt --resume --out %s", parts); /* nothing left to do */
    assert_same_run(whole, parts);
}

static void test_other_optimizers_resume(void **state) {
    (void)state;
    static const char *const ways[] = {
        "--optimizer sgd --lr 0.1 --momentum 0.9 --nesterov --schedule linear --accumulate 2",
        "--optimizer sgd --lr 0.1",
        "--optimizer adam --decay all --l1 0.001 --l2 0.001 --grad-clip-value 0.01 --norm post",
        "--optimizer adamw --schedule constant --positions sinusoidal",
        "--optimizer adagrad --lr 0.01",
        "--optimizer rmsprop --momentum 0.5",
        "--optimizer adadelta --lr 1",
        "--optimizer adamax --decay all",
        "--optimizer nadam",
        "--optimizer radam",
        "--optimizer lion --lr 0.0001",
        "--optimizer adafactor --lr 0.01"};
    const char *text = text_file();
    for (int i = 0; i < (int)(sizeof ways / sizeof *ways); i++) {
        char names[2][16];
        snprintf(names[0], sizeof names[0], "whole%d", i);
        snprintf(names[1], sizeof names[1], "parts%d", i);
        const char *whole = run_path(names[0]), *parts = run_path(names[1]);
        run_well(&result, "train gpt " TINY "--steps 14 %s --data %s --out %s", ways[i], text,
                 whole);
        run_well(&result, "train gpt " TINY "--steps 14 %s --data %s --out %s --stop-at 6", ways[i],
                 text, parts);
        run_well(&result, "train gpt --resume --out %s", parts);
        assert_same_run(whole, parts);
    }
}

static void test_early_stopping(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run"), *copy = run_path("copy");
    const char *way = "--steps 500 --lr 3 --schedule constant --patience 2 --grad-clip 0";
    run_well(&result, "train gpt " TINY "%s --data %s --out %s", way, text, out);
    assert_non_null(strstr(result.out, "stopped early: no lower validation loss in 2 evaluations"));
    run_well(&result, "train gpt " TINY "%s --data %s --out %s", way, text, copy);
    run_well(&result, "train gpt --resume --out %s", copy); /* it is over */
    assert_non_null(strstr(result.out, "stopped early: "));
    assert_null(strstr(result.out, "go on with: "));
    assert_same_run(out, copy);
}

static void test_convergence(void **state) {
    (void)state;
    const char *text = text_file();
    const char *way = "--schedule constant --lr 1e-6 --steps 30";
    run_well(&result, "train gpt " TINY "%s --convergence --data %s --out %s", way, text,
             run_path("a"));
    assert_non_null(strstr(result.out, "train loss change "));
    assert_non_null(strstr(result.out, "% against the lowest so far\n"));
    assert_non_null(strstr(result.out, "converged at step 10\n"));
    assert_non_null(strstr(result.out, "saved step 30 "));
    run_well(&result, "train gpt " TINY "%s --stop-when-converged --data %s --out %s", way, text,
             run_path("b"));
    assert_non_null(strstr(result.out, "converged at step 10\n"));
    assert_non_null(strstr(result.out, "saved step 10 "));
}

/* ---- signals ---- */

#define LONG_RUN                                                                                   \
    "train gpt " TINY "--n-embd 16 --batch-size 8 --steps 150 --checkpoint-interval 7 "            \
    "--log-interval 1 "

/* Reads until `mark` has come, then goes on reading on a second call with NULL, to the end. */
static bool read_until(int fd, const char *mark) {
    char text[1 << 16] = "", more[512];
    size_t used = 0;
    for (ssize_t n = read(fd, more, sizeof more); n > 0; n = read(fd, more, sizeof more)) {
        if (used + (size_t)n >= sizeof text)
            used = 0;
        memcpy(text + used, more, (size_t)n);
        text[used += (size_t)n] = '\0';
        if (mark && strstr(text, mark))
            return true;
    }
    return false;
}

static void test_interrupts(void **state) {
    (void)state;
    static const char *const marks[] = {"\nrun  ", "\nstep 0 ", "\nstep 3/", "\nstep 70 ",
                                        "\nstep 99/"};
    const char *text = text_file(), *whole = run_path("whole");
    char words[2048], name[16];
    run_well(&result, LONG_RUN "--data %s --out %s", text, whole);
    for (int i = 0; i < 5; i++) {
        int fd;
        snprintf(name, sizeof name, "run%d", i);
        const char *out = run_path(name);
        snprintf(words, sizeof words, LONG_RUN "--data %s --out %s", text, out);
        pid_t pid = ore_start(words, &fd);
        assert_true(read_until(fd, marks[i]));
        kill(pid, i % 2 ? SIGTERM : SIGINT);
        read_until(fd, NULL);
        close(fd);
        assert_int_equal(ore_wait(pid), 130);
        assert_true(exists(out, "model.safetensors"));
        run_well(&result, "sample %s --tokens 5", out);
        run_well(&result, "train gpt --resume --out %s", out);
        assert_same_run(whole, out);
    }
}

static void test_an_interrupted_run_says_how_to_go_on(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    char words[2048], line[600];
    int fd;
    snprintf(words, sizeof words, LONG_RUN "--steps 100000 --data %s --out %s", text, out);
    snprintf(line, sizeof line, "go on with: ore train gpt --resume --out %s\n", out);
    pid_t pid = ore_start(words, &fd);
    assert_true(read_until(fd, "\n")); /* it has begun */
    kill(pid, SIGTERM);
    assert_true(read_until(fd, line));
    read_until(fd, NULL);
    close(fd);
    assert_int_equal(ore_wait(pid), 130);
}

static void test_kills(void **state) {
    (void)state;
    char words[1024];
    snprintf(words, sizeof words, LONG_RUN "--data %s", text_file());
    const char *whole = run_path("whole");
    run_well(&result, "%s --out %s", words, whole);
    for (long i = 0; i < 12; i++) {
        char name[16];
        snprintf(name, sizeof name, "run%ld", i);
        const char *out = run_path(name);
        train_with_kills(words, out, 1000 + 4637 * i);
        assert_same_run(whole, out);
    }
}

static void test_one_process_a_run(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    char words[2048], line[700];
    int fd;
    snprintf(words, sizeof words, LONG_RUN "--steps 100000 --data %s --out %s", text, out);
    pid_t pid = ore_start(words, &fd);
    assert_true(read_until(fd, "\nstep 3/"));
    snprintf(line, sizeof line, "ore train: %s: another process is training in it", out);
    expect_failure(&result, 1, line, "train gpt --resume --out %s", out);
    expect_failure(&result, 1, line, "train gpt --force --data %s --out %s", text, out);
    kill(pid, SIGINT);
    read_until(fd, NULL);
    close(fd);
    assert_int_equal(ore_wait(pid), 130);
    run_well(&result, "sample %s --tokens 5", out);
}

/* A killed run may leave the lock, for a moment, to a program that it was just starting. */
static void test_a_lock_that_ends(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 3 --data %s --out %s", text, out);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t holder = fork();
    if (holder == 0) {
        int folder = open(out, O_RDONLY | O_DIRECTORY);
        bool locked = flock(folder, LOCK_EX) == 0 && write(ready[1], "", 1) == 1;
        pause_us(200000);
        _exit(!locked);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    run_well(&result, "train gpt --resume --out %s", out);
    assert_int_equal(ore_wait(holder), 0);
    close(ready[0]);
    close(ready[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_run_from_start_to_end, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_pictures, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_without_gnuplot, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_diagnostics_change_nothing, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_an_unvalidated_run, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_threads_change_nothing, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_seeds_and_force, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_stop_at_and_resume, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_other_optimizers_resume, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_early_stopping, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_convergence, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_interrupts, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_an_interrupted_run_says_how_to_go_on, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(test_kills, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_one_process_a_run, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_lock_that_ends, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
