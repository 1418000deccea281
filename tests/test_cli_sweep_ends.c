/* test_cli_sweep_ends.c: `ore sweep` that is interrupted, killed or begun twice loses and repeats
 * nothing. */
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"
#include "support/sweeps.h"

static child_result result;

#define LONG_SWEEP                                                                                 \
    "sweep mlp --n-embd 4 --n-hidden 12 --steps 300 --eval-interval 50 --eval-batches 4 "          \
    "--batch-size 8 --grid lr=0.001,0.01,0.1 --data %s --out %s"

/* Starts the sweep and sends it the signal, each time a quarter later, until it ends well before
 * that. It must end by the signal or with `own_status`; whether it ever did the latter. */
static bool signal_ever_later(const char *words, int number, int own_status) {
    bool own = false;
    for (long us = 10000; us < 1000000; us += us / 4) {
        pid_t pid = ore_start(words, NULL);
        pause_us(us);
        kill(pid, number);
        int status = ore_wait(pid);
        if (status == 0)
            break;
        if (status != 256 + number && status != own_status)
            fail_msg("status %d: %s", status, ore_start_errors());
        own = own || status == own_status;
    }
    return own;
}

static void test_interrupts(void **state) {
    (void)state;
    const char *text = text_file(), *whole = run_path("whole"), *out = run_path("sweep");
    char words[2048];
    run_well(&result, LONG_SWEEP, text, whole);
    snprintf(words, sizeof words, LONG_SWEEP, text, out);
    /* by SIGINT itself where it came before the program was there to hear it */
    assert_true(signal_ever_later(words, SIGINT, 130));
    run_ore(&result, words);
    assert_int_equal(result.status, 0);
    assert_same_sweeps(whole, out);
}

static void test_kills(void **state) {
    (void)state;
    const char *text = text_file(), *whole = run_path("whole"), *out = run_path("sweep");
    char words[2048];
    run_well(&result, LONG_SWEEP, text, whole);
    snprintf(words, sizeof words, LONG_SWEEP, text, out);
    signal_ever_later(words, SIGKILL, 256 + SIGKILL);
    run_ore(&result, words);
    assert_string_equal(result.err, "");
    assert_int_equal(result.status, 0);
    assert_same_sweeps(whole, out);
}

/* A run that was killed ends a moment after its sweep: here, one that has yet to write its config
 * when the next sweep begins. */
static void test_a_run_that_is_still_ending(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep"),
               *way = "sweep bigram --steps 20 "
                      "--eval-batches 2 --grid lr=0.01,0.1 --data %s --out %s";
    char run[700], away[800], config[800], config_away[900], path[700];
    run_well(&result, way, text, out);
    snprintf(run, sizeof run, "%s/lr=0.1", out);
    snprintf(away, sizeof away, "%s-away", run);
    snprintf(path, sizeof path, "%s/sweep.json", out);
    snprintf(config, sizeof config, "%s/config.json", run);
    snprintf(config_away, sizeof config_away, "%s/config.json", away);
    assert_int_equal(rename(run, away), 0);
    assert_int_equal(mkdir(run, 0777), 0);
    write_text_file(path, "{\"keys\": [\"lr\"], \"config\": {}, \"runs\": []}");
    int folder = open(run, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(folder, LOCK_EX | LOCK_NB), 0);
    pid_t ending = fork();
    if (ending == 0) {
        pause_us(300000);
        _exit(rename(config_away, config) == 0 ? 0 : 1);
    }
    close(folder); /* the child has the lock until it ends */
    run_well(&result, way, text, out);
    assert_non_null(strstr(result.out, "lr=0.1  validation loss "));
    int status;
    assert_int_equal(waitpid(ending, &status, 0), ending);
    assert_int_equal(status, 0);
}

/* Whether a process trains in the folder. */
static bool is_locked(const char *folder) {
    int descriptor = open(folder, O_RDONLY);
    assert_true(descriptor >= 0);
    bool locked = flock(descriptor, LOCK_EX | LOCK_NB) != 0;
    close(descriptor);
    return locked;
}

/* A sweep that cannot say goodbye: the run that it had started stops by itself, and saves. */
static void test_runs_end_with_their_sweep(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep"), *run = run_path("sweep/lr=0.001");
    enum { PATIENCE_S = 60 };
    char words[2048];
    snprintf(words, sizeof words, "sweep mlp --steps 1000000 --grid lr=0.001 --data %s --out %s",
             text, out);
    pid_t pid = ore_start(words, NULL);
    while (!exists(out, "lr=0.001/model.safetensors") || !is_locked(run))
        pause_us(1000);
    kill(pid, SIGKILL);
    ore_wait(pid);
    for (int i = 0; i < PATIENCE_S * 100 && is_locked(run); i++)
        pause_us(10000);
    assert_false(is_locked(run));
    char *log = read_file(run_path("sweep/logs/lr=0.001.txt"), NULL);
    assert_non_null(strstr(log, "saved step "));
    free(log);
}

/* A run whose sweep has ended before it began makes no folder: the next sweep may have made it. */
static void test_a_run_without_its_sweep(void **state) {
    (void)state;
    setenv("ORE_PARENT", "1", 1);
    run_oref(&result, "train mlp --steps 5 --data %s --out %s", text_file(), run_path("late"));
    unsetenv("ORE_PARENT");
    assert_int_equal(result.status, 130);
    assert_int_not_equal(access(run_path("late"), F_OK), 0);
}

static void test_one_sweep_a_folder(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    char words[2048], line[700];
    snprintf(words, sizeof words,
             "sweep mlp --steps 1000000 --grid lr=0.001,0.01 --data %s --out %s", text, out);
    pid_t pid = ore_start(words, NULL);
    while (!exists(out, "lr=0.001/config.json"))
        pause_us(1000);
    snprintf(line, sizeof line, "ore sweep: %s: another process is training in it", out);
    run_ore(&result, words);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, line));
    kill(pid, SIGTERM);
    assert_int_equal(ore_wait(pid), 130);
    assert_true(exists(out, "lr=0.001/model.safetensors")); /* its run saved a checkpoint */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_interrupts),
        TEST(test_kills),
        TEST(test_a_run_that_is_still_ending),
        TEST(test_runs_end_with_their_sweep),
        TEST(test_a_run_without_its_sweep),
        TEST(test_one_sweep_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
