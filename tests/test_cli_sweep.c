/* test_cli_sweep.c: `ore sweep` from outside: its runs are those of `ore train`, its table is
 * theirs, whatever interrupts it, and bad flags are refused before anything runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/system.h"
#include "support/named_models.h"
#include "support/run.h"
#include "support/sweeps.h"

#define QUICK "--steps 60 --eval-interval 20 --eval-batches 4 --batch-size 16 --n-embd 4 "

static child_result result;

/* ---- helpers ---- */

static double eval_loss(const char *dir, const char *run, const char *flags) {
    double loss;
    run_oref(&result, "eval %s/%s --best %s", dir, run, flags);
    assert_int_equal(sscanf(strstr(result.out, "\nloss "), "\nloss %lf", &loss), 1);
    return loss;
}

/* ---- a grid ---- */

static void test_a_grid(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep"), *alone = run_path("alone");
    char path[700];
    run_well(&result,
             "sweep mlp " QUICK "--grid lr=0.001,0.1 --grid n_hidden=8,16 --data %s "
             "--out %s",
             text, out);
    assert_non_null(strstr(result.out, "sweep       mlp over n_hidden, lr; 4 runs\n"));
    assert_non_null(strstr(result.out, "\n4/4  n_hidden=16,lr=0.1  validation loss "));
    json_t *o = sweep_json(out);
    assert_int_equal(json_array_size(runs_of(o)), 4);
    double before = 0;
    for (size_t i = 0; i < 4; i++) { /* in order, each as ore eval says */
        const json_t *run = json_array_get(runs_of(o), i);
        assert_string_equal(text_of(run, "state"), "done");
        assert_true(loss_of(run) >= before);
        before = loss_of(run);
        assert_true(fabs(eval_loss(out, text_of(run, "run"), "") - before) < 1e-6);
        assert_int_equal(json_integer_value(json_object_get(run, "steps")), 60);
        assert_true(json_number_value(json_object_get(run, "seconds")) > 0);
    }
    const char *best = text_of(json_array_get(runs_of(o), 0), "run");
    assert_string_equal(text_of(o, "best"), best);
    snprintf(path, sizeof path, "best: %s, validation loss ", best);
    run_well(&result,
             "sweep mlp " QUICK "--grid lr=0.001,0.1 --grid n_hidden=8,16 --data %s "
             "--out %s",
             text, out);
    assert_non_null(strstr(result.out, path));
    json_decref(o);
    run_well(&result, "train mlp " QUICK "--n-hidden 16 --lr 0.1 --data %s --out %s", text, alone);
    snprintf(path, sizeof path, "%s/n_hidden=16,lr=0.1", out);
    assert_same_run(alone, path);
}

/* The table as a file: a heading and a line for each run, the columns by name. */
static void test_the_table(void **state) {
    (void)state;
    const char *out = run_path("sweep");
    char path[600], key[32], first[64], second[64];
    run_well(&result,
             "sweep bigram --steps 20 --eval-batches 2 --grid lr=0.001,0.1 --data %s "
             "--out %s",
             text_file(), out);
    snprintf(path, sizeof path, "%s/sweep.tsv", out);
    char *table = read_file(path, NULL);
    char *lines[4] = {strtok(table, "\n"), strtok(NULL, "\n"), strtok(NULL, "\n"),
                      strtok(NULL, "\n")};
    assert_string_equal(lines[0], "lr\tvalidation_loss\ttrain_loss\tbest_step\tsteps\tseconds\t"
                                  "parameters\tstate\trun");
    assert_int_equal(sscanf(lines[1], "%31s %63s", key, first), 2);
    assert_string_equal(key, "0.1"); /* the faster one is further down after 20 steps */
    assert_int_equal(sscanf(lines[2], "%31s %63s", key, second), 2);
    assert_string_equal(key, "0.001");
    assert_true(strtod(first, NULL) < strtod(second, NULL));
    assert_null(lines[3]);
    free(table);
}

static void test_runs_are_not_repeated(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    const char *way = "sweep bigram --steps 20 --eval-batches 2 --data %s --out %s --grid lr=%s";
    struct stat before, after;
    char path[600];
    run_well(&result, way, text, out, "0.01,0.1");
    snprintf(path, sizeof path, "%s/lr=0.1/checkpoints", out);
    assert_int_equal(stat(path, &before), 0);
    run_well(&result, way, text, out, "0.1,0.01,0.3"); /* one more */
    assert_non_null(strstr(result.out, "; 3 runs, 2 of them done\n"));
    assert_non_null(strstr(result.out, "\n1/1  lr=0.3  validation loss "));
    assert_int_equal(stat(path, &after), 0);
    struct timespec times[] = {ore_system_modified(&before), ore_system_modified(&after)};
    assert_memory_equal(&times[0], &times[1], sizeof times[0]);
    run_well(&result, way, text, out, "0.5"); /* the earlier ones stay in the table */
    json_t *o = sweep_json(out);
    assert_int_equal(json_array_size(runs_of(o)), 4);
    json_decref(o);
}

static void test_jobs_change_nothing(void **state) {
    (void)state;
    const char *text = text_file(), *one = run_path("one"), *three = run_path("three");
    const char *way = "sweep mlp " QUICK "--grid lr=0.003,0.03 --grid activation=tanh,relu "
                      "--data %s --out %s --jobs %d";
    run_well(&result, way, text, one, 1);
    run_well(&result, way, text, three, 3);
    assert_same_sweeps(one, three);
}

/* ---- drawn values ---- */

static void test_random(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("a"), *more = run_path("b");
    const char *way = "sweep mlp --steps 2 --eval-batches 1 --n-embd 2 --random lr=1e-4..1:log "
                      "--random n_hidden=3..5 --random activation=tanh,relu --trials %d --seed 7 "
                      "--data %s --out %s";
    int small = 0, seen[6] = {0};
    run_well(&result, way, 4, text, out);
    run_well(&result, way, 16, text, more);
    json_t *o = sweep_json(out), *m = sweep_json(more);
    assert_int_equal(json_array_size(runs_of(o)), 4);
    assert_int_equal(json_array_size(runs_of(m)), 16);
    for (size_t i = 0; i < 4; i++) /* the first trials are the same ones */
        assert_true(exists(more, text_of(json_array_get(runs_of(o), i), "run")));
    for (size_t i = 0; i < 16; i++) {
        const json_t *values = json_object_get(json_array_get(runs_of(m), i), "values");
        double lr = strtod(text_of(values, "lr"), NULL);
        long hidden = strtol(text_of(values, "n_hidden"), NULL, 10);
        assert_true(lr >= 1e-4 && lr <= 1);
        assert_true(hidden >= 3 && hidden <= 5);
        small += lr < 0.01;
        seen[hidden]++;
    }
    assert_true(small >= 3 && small <= 13); /* half of the decades lie below 0.01 */
    assert_true(seen[3] && seen[4] && seen[5]);
    json_decref(m);
    json_decref(o);
}

/* Each point of the grid gets the same draws; draws that come out alike are one run. */
static void test_random_beside_a_grid(void **state) {
    (void)state;
    const char *out = run_path("sweep");
    int of_seed[2] = {0};
    run_well(&result,
             "sweep mlp --steps 2 --eval-batches 1 --n-embd 2 --grid seed=1,2 --random "
             "n_hidden=3..4 --trials 12 --data %s --out %s",
             text_file(), out);
    json_t *o = sweep_json(out);
    assert_int_equal(json_array_size(runs_of(o)), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *values = json_object_get(json_array_get(runs_of(o), i), "values");
        of_seed[text_of(values, "seed")[0] - '1']++;
    }
    assert_int_equal(of_seed[0], 2);
    assert_int_equal(of_seed[1], 2);
    json_decref(o);
}

/* ---- the test split ---- */

static void test_the_test_split_is_used_once(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    const char *way = "sweep bigram --steps 30 --eval-batches 2 --test-fraction 0.2 --grid lr=%s "
                      "--data %s --out %s %s";
    run_well(&result, way, "0.0001,0.001", text, out, "");
    assert_null(strstr(result.out, "test split"));
    run_well(&result, way, "0.0001,0.001", text, out, "--test");
    assert_non_null(strstr(result.out, "test split, used for lr=0.001 alone: loss "));
    json_t *o = sweep_json(out);
    const json_t *test = json_object_get(o, "test");
    assert_string_equal(text_of(test, "run"), "lr=0.001");
    double loss = json_number_value(json_object_get(test, "loss"));
    assert_true(fabs(eval_loss(out, "lr=0.001", "--split test") - loss) < 1e-6);
    json_decref(o);
    run_well(&result, way, "0.0001,0.001", text, out, "--test"); /* told again, not used again */
    assert_non_null(strstr(result.out, "test split, used for lr=0.001 alone: loss "));
    expect_failure(&result, 1,
                   "ore sweep: --test: the test split has been used for lr=0.001, and is not used "
                   "again",
                   way, "0.05", text, out, "--test"); /* which is better */
    assert_non_null(strstr(result.out, "best: lr=0.05, "));
}

/* ---- runs that fail ---- */

static void test_a_run_that_diverges(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    const char *way = "sweep mlp " QUICK "--no-batch-norm --activation relu --optimizer sgd "
                      "--grad-clip 0 --grid lr=0.01,1000 --data %s --out %s";
    run_well(&result, way, text, out);
    assert_non_null(strstr(result.out, "2/2  lr=1000  fit: "));
    assert_non_null(strstr(result.out, "diverged: fit: "));
    assert_non_null(strstr(result.out, "best: lr=0.01, "));
    run_well(&result, way, text, out);
    assert_non_null(strstr(result.out, "; 2 runs, 2 of them done\n"));
}

static void test_a_run_that_fails(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    const char *way = "sweep bigram --steps 20 --eval-batches 2 --grid lr=0.01,0.1 --data %s "
                      "--out %s";
    char path[700], line[1500];
    run_well(&result, way, text, out);
    snprintf(path, sizeof path, "%s/lr=0.1", out); /* as if something else had been put there */
    remove_folder(path);
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/lr=0.1/note.txt", out);
    write_text_file(path, "mine");
    snprintf(path, sizeof path, "%s/sweep.json", out);
    unlink(path);
    snprintf(line, sizeof line,
             "ore sweep: %s: is not empty and holds no sweep.json; choose another --out", out);
    expect_failure(&result, 1, line, way, text, out);
    write_text_file(path, "{\"keys\": [\"lr\"], \"config\": {}, \"runs\": []}");
    snprintf(line, sizeof line,
             "ore sweep: 1 of 2 runs failed; lr=0.1: %s/lr=0.1: is not empty and holds no run; "
             "choose another --out",
             out);
    expect_failure(&result, 1, line, way, text, out);
    assert_non_null(strstr(result.out, "best: lr=0.01, "));
    snprintf(path, sizeof path, "%s/lr=0.1/note.txt", out);
    unlink(path);
    run_well(&result, way, text, out);
    assert_non_null(strstr(result.out, "1/1  lr=0.1  validation loss "));
}

/* ---- pictures ---- */

static void test_pictures(void **state) {
    (void)state;
    const char *out = run_path("sweep");
    run_well(&result,
             "sweep bigram --steps 20 --eval-batches 2 --grid lr=0.01,0.1 --data %s "
             "--out %s",
             text_file(), out);
    assert_non_null(strstr(result.out, "no picture: "));
    assert_false(exists(out, "sweep.svg"));
    run_show_gnuplot();
    run_oref(&result,
             "sweep bigram --steps 20 --eval-batches 2 --grid lr=0.01,0.1 --data %s "
             "--out %s",
             run_path("text.txt"), out);
    assert_int_equal(result.status, 0);
    if (strstr(result.out, "no picture: "))
        skip(); /* no gnuplot */
    assert_true(exists(out, "sweep.svg"));
    assert_true(exists(out, "sweep.png"));
}

/* ---- faults ---- */

static const struct {
    const char *words, *line; /* after `ore sweep`; what it says */
} faults[] = {
    {"mlp", "nothing varies: expected --grid KEY=A,B,.. or --random KEY=LOW..HIGH"},
    {"mlp --grid", "--grid: a value is missing"},
    {"mlp --grid --lr 3", "--grid: a value is missing"},
    {"mlp --grid lr", "--grid lr: expected KEY=A,B,.."},
    {"mlp --grid =3", "--grid =3: expected KEY=A,B,.."},
    {"mlp --grid lr=", "--grid lr=: expected KEY=A,B,.."},
    {"mlp --random lr", "--random lr: expected KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=A,B,.."},
    {"mlp --grid lr=0.1,a", "--grid lr=a: expected a number"},
    {"mlp --grid lr=0.1,,1", "--grid lr=: expected a number"},
    {"mlp --grid lrr=1", "--lrr: unknown option; did you mean --lr?"},
    {"mlp --grid tie_weights=true",
     "--tie_weights: the model mlp has no such option; it is one of gpt and transformer"},
    {"mlp --grid lr=0.1,0.10", "--grid lr=0.1: given twice"},
    {"mlp --grid lr=0.1 --random lr=1..2", "--random lr: given twice"},
    {"mlp --grid lr=0.1 --lr 3", "--grid lr: also given as --lr"},
    {"mlp --grid threads=1,2", "--grid threads: expected a key that makes a run what it is"},
    {"mlp --grid preset=names", "--grid preset: expected a key that makes a run what it is"},
    {"mlp --grid model=mlp", "--grid model: a sweep is over one model"},
    {"mlp --random lr=0..1:log", "--random lr=0: out of range, expected 0 < lr <= 1000"},
    {"mlp --random attn_dropout=0..1:log",
     "--attn_dropout: the model mlp has no such option; it is one of gpt and transformer"},
    {"gpt --random dropout=0..0.5:log",
     "--random dropout=0..0.5:log: a logarithmic scale begins above 0"},
    {"mlp --random lr=1..0.1", "--random lr=1..0.1: expected a lower end first"},
    {"mlp --random lr=0.1..1:lin", "--random lr=0.1..1:lin: :lin: expected :log or nothing"},
    {"gpt --random min_lr=auto..1", "--random min_lr: auto is no end of a range"},
    {"mlp --grid lr=0.1 --trials 3", "--trials: nothing is drawn; expected a --random"},
    {"mlp --grid lr=0.1 --resume", "--resume: the same command goes on with a sweep"},
    {"mlp --grid lr=0.1 --force", "--force: a sweep replaces no run; choose another --out"},
    {"mlp --grid lr=0.1 --print-config", "--print-config: only for ore train"},
    {"mlp --grid lr=0.1 --stop-at 3",
     "--stop-at: the runs of a sweep go to the end of their steps"},
    {"mlp --grid lr=0.1 --test",
     "--test: nothing is held out for it: expected a --test-fraction above 0"},
    {"mlp --grid lr=0.1 --val-fraction 0", "--val-fraction 0: a sweep compares validation losses"},
    {"mlp --grid lr=0.1 --jobs 0", "--jobs 0: out of range, expected 1 <= jobs <= 64"},
    {"mlp --grid min_lr=0.1,1 --lr 0.5", "--min-lr 1: expected at most --lr 0.5"},
    {"wavenet --grid block_size=4,6",
     "block_size 6, expected a power of two, since tokens are joined in pairs"},
    {"mlp extra --grid lr=1", "extra: one argument too many"},
    {"mlp --random seed=1..1000000 --random lr=1e-5..1 --trials 10000 --grid n_layer=1,2",
     "sweep: more than 10000 runs; thin the grid out"},
};

static void test_faults_of_the_command_line(void **state) {
    (void)state;
    const char *out = run_path("sweep");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char line[400];
        snprintf(line, sizeof line, "ore sweep: %s", faults[i].line);
        expect_failure(&result, 2, line, "sweep %s --out %s", faults[i].words, out);
        assert_string_equal(result.out, "");
        assert_false(exists(out, ""));
    }
    expect_failure(&result, 1, "ore sweep: /nonexistent/x: cannot open: No such file or directory",
                   "sweep mlp --grid lr=0.1 --data /nonexistent/x --out %s", out);
    assert_false(exists(out, ""));
}

static void test_no_such_model(void **state) {
    (void)state;
    char line[1024];
    const char *out = run_path("sweep");
    snprintf(line, sizeof line, "ore sweep: which model? Expected %s as the first word",
             models_with_bars());
    expect_failure(&result, 2, line, "sweep --grid lr=0.1 --out %s", out);
    snprintf(line, sizeof line, "ore sweep: perceptron: unknown model: expected %s",
             models_in_words());
    expect_failure(&result, 2, line, "sweep perceptron --grid lr=1 --out %s", out);
    assert_false(exists(out, ""));
}

static void test_names_too_long(void **state) {
    (void)state;
    char list[512] = "", line[700];
    for (int i = 0; i < 300; i++)
        list[i] = 'x';
    snprintf(line, sizeof line,
             "ore sweep: val_data=%.51s..: the values make too long a name for "
             "a folder",
             list);
    expect_failure(&result, 2, line, "sweep mlp --grid val_data=%s --out %s", list,
                   run_path("sweep"));
}

static void test_another_sweep_in_the_folder(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("sweep");
    char line[700], path[600];
    run_well(&result,
             "sweep bigram --steps 20 --eval-batches 2 --grid lr=0.01,0.1 --data %s "
             "--out %s",
             text, out);
    snprintf(line, sizeof line, "ore sweep: %s: holds a sweep over lr; choose another --out", out);
    expect_failure(&result, 1, line, "sweep bigram --grid seed=1,2 --data %s --out %s", text, out);
    snprintf(line, sizeof line,
             "ore sweep: %s: its runs have --steps 20, not 30; choose another --out", out);
    expect_failure(&result, 1, line,
                   "sweep bigram --steps 30 --eval-batches 2 --grid lr=0.01,0.1 --data %s --out %s",
                   text, out);
    snprintf(path, sizeof path, "%s/sweep.json", out);
    write_text_file(path, "[]");
    snprintf(line, sizeof line, "ore sweep: %s: keys: not as a sweep writes it", path);
    expect_failure(&result, 1, line, "sweep bigram --grid lr=0.01,0.1 --data %s --out %s", text,
                   out);
    write_text_file(path, "{\"keys\": [\"lr\"], \"config\": {}, \"runs\": [{\"run\": \"../x\"}]}");
    snprintf(line, sizeof line, "ore sweep: %s: run: not as a sweep writes it", path);
    expect_failure(&result, 1, line, "sweep bigram --grid lr=0.01,0.1 --data %s --out %s", text,
                   out);
    snprintf(line, sizeof line, "ore sweep: %s: exists and is no folder", run_path("text.txt"));
    expect_failure(&result, 1, line, "sweep bigram --grid lr=0.01,0.1 --data %s --out %s", text,
                   run_path("text.txt"));
}

/* Numbers of any length come back from sweep.json as they were. */
static void test_numbers_of_17_digits(void **state) {
    (void)state;
    const char *out = run_path("sweep"), *text = text_file();
    for (int i = 0; i < 2; i++)
        run_well(&result,
                 "sweep bigram --lr 0.30000000000000004 --steps 5 --eval-batches 1 --jobs 1 "
                 "--grid batch_size=2,3 --data %s --out %s",
                 text, out);
    json_t *o = sweep_json(out);
    const json_t *lr = json_object_get(json_object_get(o, "config"), "lr");
    assert_true(json_real_value(lr) == 0.30000000000000004);
    json_decref(o);
    char line[600];
    snprintf(line, sizeof line,
             "ore sweep: %s: its runs have --lr 0.30000000000000004, not 0.3; choose another --out",
             out);
    expect_failure(&result, 1, line,
                   "sweep bigram --lr 0.3 --steps 5 --eval-batches 1 --grid batch_size=2,3 "
                   "--data %s --out %s",
                   text, out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_grid),
        TEST(test_the_table),
        TEST(test_runs_are_not_repeated),
        TEST(test_jobs_change_nothing),
        TEST(test_random),
        TEST(test_random_beside_a_grid),
        TEST(test_the_test_split_is_used_once),
        TEST(test_a_run_that_diverges),
        TEST(test_a_run_that_fails),
        TEST(test_pictures),
        TEST(test_faults_of_the_command_line),
        TEST(test_no_such_model),
        TEST(test_names_too_long),
        TEST(test_another_sweep_in_the_folder),
        TEST(test_numbers_of_17_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
