/* test_cli_moves.c: runs and texts that move, texts from standard input, and runs that get more
 * steps than they began with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

#define STEPS TINY "--steps 30 "

static child_result result;

static bool config_has(const char *run, const char *text) {
    char path[700];
    snprintf(path, sizeof path, "%s/config.json", run);
    char *config = read_file(path, NULL);
    bool has = strstr(config, text) != NULL;
    free(config);
    return has;
}

/* In a folder of its own: text.txt, val.txt and a run of them that has stopped at step 10. */
static void make_project(const char *folder) {
    char path[600];
    const char *text = text_file();
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/text.txt", folder);
    assert_int_equal(link(text, path), 0);
    snprintf(path, sizeof path, "%s/val.txt", folder);
    write_text_file(path, "gold in the hill and the iron ore in the hill and gold and ore\n");
    run_well(&result,
             "train gpt " STEPS "--stop-at 10 --data %s/text.txt --val-data %s/val.txt --out "
             "%s/runs/run",
             folder, folder, folder);
}

static const char *straight_run(const char *project) {
    const char *run = run_path("straight");
    run_well(&result, "train gpt " STEPS "--data %s/text.txt --val-data %s/val.txt --out %s",
             project, project, run);
    return run;
}

/* ---- runs that move ---- */

static void test_a_run_moves_with_its_texts(void **state) {
    (void)state;
    const char *here = run_path("here"), *there = run_path("there");
    char run[600], text[700];
    make_project(here);
    const char *straight = straight_run(here);
    assert_int_equal(rename(here, there), 0);
    snprintf(run, sizeof run, "%s/runs/run", there);
    run_well(&result, "eval %s", run);
    expect_said(&result, "data        val.txt, validation split: ");
    run_well(&result, "train gpt --resume --stop-at 20 --out %s", run);
    snprintf(text, sizeof text, "\"data\": \"%s/text.txt\"", there);
    assert_true(config_has(run, text));
    snprintf(text, sizeof text, "\"val_data\": \"%s/val.txt\"", there);
    assert_true(config_has(run, text));
    run_well(&result, "train gpt --resume --out %s", run);
    assert_same_training(run, straight);
}

static void test_a_run_moves_alone(void **state) {
    (void)state;
    const char *here = run_path("here"), *away = run_path("away");
    char run[600];
    make_project(here);
    snprintf(run, sizeof run, "%s/runs/run", here);
    assert_int_equal(rename(run, away), 0);
    run_well(&result, "eval %s", away);
    run_well(&result, "train gpt --resume --out %s", away);
    assert_same_training(away, straight_run(here));
}

/* The text at the old place is another one by now; that beside the copy is the run's. */
static void test_a_copy_of_a_project(void **state) {
    (void)state;
    const char *here = run_path("here"), *there = run_path("there");
    char path[600];
    make_project(here);
    const char *straight = straight_run(here);
    child_run(&result, (const char *const[]){"/bin/cp", "-r", here, there, NULL});
    assert_int_equal(result.status, 0);
    snprintf(path, sizeof path, "%s/text.txt", here);
    unlink(path); /* not the other name of the same file */
    write_text_file(path, "iron ore in the hill\n");
    run_well(&result, "eval %s/runs/run --split train", there);
    run_well(&result, "train gpt --resume --out %s/runs/run", there);
    snprintf(path, sizeof path, "%s/runs/run", there);
    assert_same_training(path, straight);
}

static void test_a_text_that_moves(void **state) {
    (void)state;
    const char *here = run_path("here"), *other = run_path("other.txt"), *text = run_path("t.txt");
    char run[600], from[600], line[1600];
    make_project(here);
    const char *straight = straight_run(here);
    snprintf(run, sizeof run, "%s/runs/run", here);
    snprintf(from, sizeof from, "%s/text.txt", here);
    assert_int_equal(rename(from, text), 0);
    snprintf(
        line, sizeof line,
        "ore train: %s: the run's text is there no more, nor by %s/run-data.txt; --data FILE names "
        "where it is now",
        from, run);
    expect_failure(&result, 1, line, "train gpt --resume --out %s", run);
    snprintf(line, sizeof line,
             "ore eval: %s: the run's text is there no more, nor by %s/run-data.txt", from, run);
    expect_failure(&result, 1, line, "eval %s", run);
    write_text_file(other, "iron ore in the hill and gold\n");
    run_oref(&result, "train gpt --resume --data %s --out %s", other, run);
    assert_int_equal(result.status, 1);
    snprintf(line, sizeof line, "ore train: %s: ", other);
    assert_memory_equal(result.err, line, strlen(line));
    assert_true(config_has(run, from));
    run_well(&result, "train gpt --resume --stop-at 20 --data %s --out %s", text, run);
    assert_true(config_has(run, text));
    run_well(&result, "train gpt --resume --out %s", run);
    assert_same_training(run, straight);
}

/* Its letters and its size are not enough. */
static void test_another_text_in_its_place(void **state) {
    (void)state;
    const char *run = run_path("run"), *text = text_file(), *other = run_path("other.txt");
    size_t bytes;
    run_well(&result, "train gpt " STEPS "--stop-at 10 --data %s --out %s", text, run);
    char *data = read_file(text, &bytes), first = data[0];
    for (size_t i = 1; i < bytes; i++)
        if (data[i] != first) {
            data[0] = data[i];
            data[i] = first;
            break;
        }
    write_file(other, data, bytes);
    free(data);
    run_oref(&result, "train gpt --resume --data %s --out %s", other, run);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "the text has changed since the run began: its digest is "));
}

static void test_the_text_of_a_sweep_moves(void **state) {
    (void)state;
    const char *text = text_file(), *moved = run_path("moved.txt"), *out = run_path("sweep");
    const char *way = "sweep gpt " TINY "--steps 4 --test-fraction 0.1 --data %s --out %s "
                      "--grid lr=%s";
    char line[1024];
    run_well(&result, way, text, out, "0.01,0.1");
    assert_int_equal(rename(text, moved), 0);
    run_well(&result, way, moved, out, "0.01,0.1,1e-9 --test"); /* the last is not the best */
    expect_said(&result, "; 3 runs, 2 of them done\n");
    expect_said(&result, "test split, used for lr=0.1 alone: loss ");
    write_text_file(text, "iron ore in the hill and gold\n");
    snprintf(line, sizeof line, "ore sweep: %s: the data has changed since the run began: ", text);
    run_oref(&result, way, text, out, "0.01,0.1,0.2");
    assert_int_equal(result.status, 1);
    assert_memory_equal(result.err, line, strlen(line));
}

/* ---- standard input ---- */

/* `ore` with a file as its standard input. */
static void run_with_input(const char *file, const char *words) {
    char line[4096];
    snprintf(line, sizeof line, "exec %s %s < %s", ORE_BINARY, words, file);
    child_run(&result, (const char *const[]){"/bin/sh", "-c", line, NULL});
}

static void test_a_text_from_standard_input(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *moved = run_path("moved");
    const char *file_run = run_path("file-run"), *other = run_path("other.txt");
    char words[1024], kept[600];
    snprintf(words, sizeof words, "train gpt " STEPS "--stop-at 10 --data - --out %s", run);
    run_with_input(text, words);
    assert_int_equal(result.status, 0);
    expect_said(&result, "data        standard input: ");
    snprintf(kept, sizeof kept, "%s/run-data.txt", run);
    assert_same_file(kept, text);
    assert_true(config_has(run, "\"data\": \"-\""));
    run_well(&result, "train gpt " STEPS "--data %s --out %s", text, file_run);
    unlink(text);
    assert_int_equal(rename(run, moved), 0);
    run_well(&result, "eval %s", moved);
    expect_said(&result, "data        run-data.txt, validation split: 599 tokens\n");
    run_well(&result, "train gpt --resume --stop-at 20 --out %s", moved);
    assert_true(config_has(moved, "\"data\": \"-\""));
    write_text_file(other, "iron ore in the hill and gold\n");
    snprintf(words, sizeof words, "train gpt --resume --data - --out %s", moved);
    run_with_input(other, words);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "ore train: standard input: "));
    snprintf(kept, sizeof kept, "%s/run-data.txt", moved);
    run_with_input(kept, words);
    assert_int_equal(result.status, 0);
    assert_same_training(moved, file_run);
    snprintf(words, sizeof words, "eval %s --data -", moved);
    run_with_input(kept, words);
    expect_said(&result, "data        standard input, the whole file: 5,999 tokens\n");
}

static void test_standard_input_that_cannot_be_used(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"train gpt --val-data -", "ore train: --val-data -: only --data reads standard input\n"},
        {"train gpt --vocab -", "ore train: --vocab -: only --data reads standard input\n"},
        {"sweep mlp --grid lr=1,2 --data -",
         "ore sweep: --data -: each run of a sweep reads the text: expected a file\n"},
        {"train gpt --data -", "ore train: standard input: the text is empty\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        run_with_input("/dev/null", rows[i][0]);
        assert_string_equal(result.err, rows[i][1]);
        assert_int_equal(result.status, i == 3 ? 1 : 2);
    }
}

/* Killed between its config and its copy: nothing has been trained on, so it is read again. */
static void test_standard_input_that_was_not_kept(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *straight = run_path("straight");
    char words[1024];
    snprintf(words, sizeof words, "train gpt " STEPS "--stop-at 5 --data - --out %s", straight);
    run_with_input(text, words);
    assert_int_equal(result.status, 0);
    assert_int_equal(mkdir(run, 0777), 0);
    snprintf(words, sizeof words, "/bin/cp %s/config.json %s/", straight, run);
    assert_int_equal(system(words), 0);
    snprintf(words, sizeof words,
             "ore train: %s/run-data.txt: missing: the run keeps what it read from standard input "
             "there; --data - reads it again, since there is no checkpoint yet",
             run);
    expect_failure(&result, 1, words, "train gpt --resume --out %s", run);
    snprintf(words, sizeof words, "train gpt --resume --stop-at 5 --data - --out %s", run);
    run_with_input(text, words);
    assert_string_equal(result.err, "");
    assert_same_training(run, straight);
}

/* A copy without links is good to read, and is refused before steps that could not be saved. */
static void test_a_copy_without_links(void **state) {
    (void)state;
    const char *run = run_path("run"), *copy = run_path("copy");
    char words[1024];
    run_well(&result, "train gpt " STEPS "--stop-at 5 --data %s --out %s", text_file(), run);
    snprintf(words, sizeof words, "/bin/cp -rL %s %s", run, copy);
    assert_int_equal(system(words), 0);
    run_well(&result, "eval %s", copy);
    run_oref(&result, "train gpt --resume --out %s", copy);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "copy/current: not the link of a run, "));
    assert_null(strstr(result.out, "step 6"));
}

/* What the new run is to read would go with the old one. */
static void test_the_kept_text_of_a_run_that_is_replaced(void **state) {
    (void)state;
    const char *run = run_path("run"), *text = text_file();
    char words[1024], line[1024];
    snprintf(words, sizeof words, "train gpt " STEPS "--stop-at 1 --data - --out %s", run);
    run_with_input(text, words);
    assert_int_equal(result.status, 0);
    snprintf(
        line, sizeof line,
        "ore train: %s/run-data.txt: belongs to the run that --force replaces; copy it elsewhere "
        "first",
        run);
    expect_failure(&result, 1, line, "train gpt " STEPS "--data %s/run-data.txt --out %s --force",
                   run, run);
    run_well(&result, "train gpt --resume --stop-at 2 --out %s", run);
    run_well(&result, "train gpt " STEPS "--stop-at 1 --data %s --out %s --force", text, run);
    snprintf(words, sizeof words, "%s/run-data.txt", run); /* now a link to the text */
    assert_same_file(words, text);
    run_well(&result, "train gpt " STEPS "--stop-at 1 --data %s --out %s --force", words, run);
    assert_true(config_has(run, text));
}

/* ---- more steps ---- */

static void test_more_steps_at_a_constant_rate(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *straight = run_path("straight");
    const char *way = "train gpt " TINY "--schedule constant --steps %d --data %s --out %s";
    char line[1024];
    run_well(&result, way, 20, text, run);
    run_well(&result, way, 40, text, straight);
    snprintf(line, sizeof line,
             "ore train: --steps 10: the run in %s has 20; --resume takes more steps, not fewer",
             run);
    expect_failure(&result, 1, line, "train gpt --resume --steps 10 --out %s", run);
    run_well(&result, "train gpt --resume --steps 40 --out %s", run);
    expect_said(&result,
                "extended    from 20 to 40 steps: the constant schedule goes on with learning rate "
                "0.001\n");
    assert_same_run(run, straight);
    run_well(&result, "train gpt --resume --steps 40 --out %s", run);
    assert_null(strstr(result.out, "extended"));
}

/* The schedule is the one of the new length from there on, wherever the run stops and goes on. */
static void test_more_steps_of_a_schedule(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *other = run_path("other");
    const char *way = "train gpt " TINY "--lr 0.01 --steps 20 --data %s --out %s";
    char path[600];
    run_well(&result, way, text, run);
    run_well(&result, way, text, other);
    run_well(&result, "train gpt --resume --steps 40 --out %s", run);
    expect_said(&result,
                "extended    from 20 to 40 steps: the cosine schedule of 40 steps goes on with "
                "learning rate 0.006501, where that of 20 had come to 0.001\n");
    run_well(&result, "train gpt --resume --steps 40 --stop-at 25 --out %s", other);
    run_well(&result, "train gpt --resume --out %s", other);
    assert_null(strstr(result.out, "extended"));
    assert_same_run(run, other);
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    char *metrics = read_file(path, NULL);
    assert_non_null(strstr(metrics, "{\"step\": 40, "));
    free(metrics);
}

/* What its own config has ended is no longer for more steps. */
static void test_more_steps_of_a_run_that_ended_early(void **state) {
    (void)state;
    static const char *const ways[] = {"--patience 1 --lr 30 --warmup-steps 0",
                                       "--stop-when-converged --lr 1e-6"};
    static const char *const names[] = {"patience", "stop-when-converged"};
    const char *text = text_file();
    char line[1024];
    for (int i = 0; i < 2; i++) {
        const char *run = run_path(names[i]);
        run_well(&result, "train gpt " TINY "--steps 400 %s --data %s --out %s", ways[i], text,
                 run);
        const char *at = strstr(result.out, "saved step ");
        assert_non_null(at);
        long step = strtol(at + strlen("saved step "), NULL, 10);
        assert_true(step < 400);
        snprintf(line, sizeof line,
                 "ore train: --steps 500: the run in %s ended at step %ld by --%s, which more "
                 "steps do not change",
                 run, step, names[i]);
        expect_failure(&result, 1, line, "train gpt --resume --steps 500 --out %s", run);
        assert_true(config_has(run, "\"steps\": 400"));
    }
}

/* Two schedules that agree in the warm-up part later. */
static void test_more_steps_in_the_warm_up(void **state) {
    (void)state;
    const char *run = run_path("run");
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 3 --data %s --out %s", text_file(),
             run);
    run_well(&result, "train gpt --resume --steps 40 --stop-at 4 --out %s", run);
    expect_said(&result,
                "extended    from 20 to 40 steps: the cosine schedule of 40 steps goes on with "
                "learning rate 0.0006667, as that of 20 would, and comes to its end later\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_run_moves_with_its_texts),
        TEST(test_a_run_moves_alone),
        TEST(test_a_copy_of_a_project),
        TEST(test_a_text_that_moves),
        TEST(test_another_text_in_its_place),
        TEST(test_the_text_of_a_sweep_moves),
        TEST(test_a_text_from_standard_input),
        TEST(test_standard_input_that_cannot_be_used),
        TEST(test_standard_input_that_was_not_kept),
        TEST(test_a_copy_without_links),
        TEST(test_the_kept_text_of_a_run_that_is_replaced),
        TEST(test_more_steps_at_a_constant_rate),
        TEST(test_more_steps_of_a_schedule),
        TEST(test_more_steps_of_a_run_that_ended_early),
        TEST(test_more_steps_in_the_warm_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
