/* test_cli_ends.c: the ways out of a training run that did not come to its end, and helpers that
 * fail: what was reached is kept. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

/* Weights grow in each step until a loss is no number. */
#define DIVERGING                                                                                  \
    TINY "--optimizer sgd --lr 1000 --warmup-steps 0 --weight-decay 10 --grad-clip 0 --steps 200 "

static void a_run_whose_loss_is_nan_keeps_its_last_step(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("nan"), *stopped = run_path("stopped");
    run_oref(&result, "train gpt " DIVERGING "--data %s --out %s", text, out);
    assert_int_equal(result.status, 1);
    const char *at = strstr(result.err, "loss is nan at step ");
    assert_non_null(at);
    long step = strtol(at + strlen("loss is nan at step "), NULL, 10) - 1;
    assert_true(step > 0 && step < 199);
    char line[100];
    snprintf(line, sizeof line, "saved step %ld in", step);
    assert_non_null(strstr(result.out, line));
    /* weights, optimizer, state of loader and generators, metrics: those of a run stopped there */
    run_oref(&result, "train gpt " DIVERGING "--data %s --out %s --stop-at %ld", text, stopped,
             step); /* saved; the sample that it would print then has no finite logits */
    assert_same_run(out, stopped);
    /* a resumed run begins at that step and meets the same end */
    run_oref(&result, "train gpt --resume --out %s", out);
    assert_int_equal(result.status, 1);
    snprintf(line, sizeof line, "loss is nan at step %ld:", step + 1);
    assert_non_null(strstr(result.err, line));
    assert_same_run(out, stopped);
}

static void gnuplot_that(const char *does) {
    char path[600];
    snprintf(path, sizeof path, "%s", run_path("bin"));
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(setenv("PATH", path, 1), 0);
    snprintf(path, sizeof path, "%s/gnuplot", run_path("bin"));
    write_text_file(path, does);
    assert_int_equal(chmod(path, 0755), 0);
}

static void a_failing_gnuplot_is_a_note(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    gnuplot_that("#!/bin/sh\necho 'line 1: cannot open the moon' >&2\nexit 3\n");
    run_well(&result, "train gpt " TINY "--steps 10 --diagnostics --data %s --out %s", text, out);
    assert_non_null(strstr(result.out, "no picture: "));
    assert_non_null(strstr(result.out, "cannot open the moon"));
    assert_non_null(strstr(result.out, "saved step 10 in"));
    run_well(&result, "eval %s", out);
}

/* Starts `ore` and, once the gnuplot of bin/ has come to the picture of a name, sends SIGTERM; the
 * exit status. What ore says goes to result.out. */
static int stopped_while_drawing(const char *words) {
    struct stat s;
    int fd;
    size_t used = 0;
    pid_t run = ore_start(words, &fd);
    while (stat(run_path("bin/began"), &s) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    kill(run, SIGTERM);
    for (ssize_t n = 1; n > 0; used += n > 0 ? (size_t)n : 0)
        n = read(fd, result.out + used, sizeof result.out - 1 - used);
    result.out[used] = '\0';
    close(fd);
    return ore_wait(run);
}

#define HANGS "echo hangs > \"${0%%/*}/began\"\nexec /bin/sleep 1000\n"

/* A signal while gnuplot hangs ends the wait for it, not the run, whose last step is saved. */
static void a_hanging_gnuplot_hears_of_a_stop(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    char words[2048], script[1024];
    snprintf(script, sizeof script, "#!/bin/sh\n" HANGS);
    gnuplot_that(script);
    snprintf(words, sizeof words, "train gpt " TINY "--steps 10 --data %s --out %s", text, out);
    assert_int_equal(stopped_while_drawing(words), 130);
    assert_non_null(strstr(result.out, "no picture: figure_save: gnuplot was stopped"));
    run_well(&result, "eval %s", out);
}

/* The same for the second picture of a run: a gnuplot that hangs once the first one is there. */
static void a_hanging_diagnosis_hears_of_a_stop(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    char words[2048], script[1024];
    snprintf(script, sizeof script,
             "#!/bin/sh\nif [ ! -e %s/loss.png ]; then echo a picture; exit 0; fi\n" HANGS, out);
    gnuplot_that(script);
    snprintf(words, sizeof words, "train gpt " TINY "--steps 10 --diagnostics --data %s --out %s",
             text, out);
    assert_int_equal(stopped_while_drawing(words), 130);
    assert_non_null(strstr(result.out, "no picture: figure_save: gnuplot was stopped"));
    run_well(&result, "eval %s", out);
}

static void a_sweep_whose_gnuplot_hangs_hears_of_a_stop(void **state) {
    (void)state;
    const char *way = "sweep bigram --steps 20 --eval-batches 2 --grid lr=0.01,0.1 --data %s "
                      "--out %s";
    char words[2048], script[1024];
    snprintf(words, sizeof words, way, text_file(), run_path("sweep"));
    run_well(&result, "%s", words); /* the runs are done, their table is drawn again */
    snprintf(script, sizeof script, "#!/bin/sh\n" HANGS);
    gnuplot_that(script);
    assert_int_equal(stopped_while_drawing(words), 130);
    assert_non_null(strstr(result.out, "best: lr="));
    assert_non_null(strstr(result.out, "no picture: figure_save: gnuplot was stopped"));
}

static void a_lecture_needs_no_gnuplot(void **state) {
    (void)state;
    char name[600], cwd[600];
    snprintf(name, sizeof name, "%s", run_path("lab"));
    assert_int_equal(mkdir(name, 0777), 0);
    assert_non_null(getcwd(cwd, sizeof cwd));
    assert_int_equal(chdir(name), 0);
    gnuplot_that("#!/bin/sh\nexit 3\n");
    run_oref(&result, "lab bigram --quick");
    assert_int_equal(chdir(cwd), 0);
    assert_string_equal(result.err, "");
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.out, "is left out: figure_save: gnuplot failed"));
}

/* Its metrics are the largest file here: the first that a limit on files stops. */
static void steps_are_saved_without_their_metrics(void **state) {
    (void)state;
    char words[1024], line[200];
    const char *out = run_path("run");
    snprintf(words, sizeof words,
             "train gpt " TINY "--steps 400 --checkpoint-interval 1000 --eval-interval 390 "
             "--data %s --out %s",
             text_file(), out);
    run_ore_limited(&result, words, RLIMIT_FSIZE, 40000);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "metrics.jsonl: cannot write: File too large\n"));
    assert_non_null(strstr(result.out, " lines of metrics are lost: "));
    snprintf(line, sizeof line, "saved step 390 in %s", out);
    assert_non_null(strstr(result.out, line));
    run_well(&result, "train gpt --resume --out %s", out);
    assert_non_null(strstr(result.out, "resumed     at step 390\n"));
    assert_non_null(strstr(result.out, "saved step 400 in"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_whose_loss_is_nan_keeps_its_last_step, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(a_failing_gnuplot_is_a_note, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(a_hanging_gnuplot_hears_of_a_stop, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(a_hanging_diagnosis_hears_of_a_stop, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(a_sweep_whose_gnuplot_hangs_hears_of_a_stop, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(a_lecture_needs_no_gnuplot, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(steps_are_saved_without_their_metrics, run_setup,
                                        run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
