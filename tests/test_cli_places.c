/* test_cli_places.c: what surrounds a run, from outside: folders that are not one's own, files that
 * are in the way or gone, limits, signals. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/run.h"

static child_result result;

static bool exists(const char *path) {
    struct stat s;
    return lstat(path, &s) == 0;
}

static void expect_text(const char *path, const char *text) {
    char *data = read_file(path, NULL);
    assert_string_equal(data, text);
    free(data);
}

/* ---- folders ---- */

/* Other programs keep a model under the same names. */
static void test_a_model_of_another_program_is_kept(void **state) {
    (void)state;
    static const char *const names[] = {"config.json", "model.safetensors", "tokenizer.json"};
    static const char *const texts[] = {"{\"model_type\": \"gpt2\", \"n_layer\": 12}", "weights",
                                        "{\"version\": \"1.0\"}"};
    static const char *const flags[] = {"", "--force"};
    const char *text = text_file(), *dir = run_path("gpt2");
    char paths[3][600], line[1024];
    mkdir(dir, 0777);
    for (int i = 0; i < 3; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", dir, names[i]);
        write_text_file(paths[i], texts[i]);
    }
    snprintf(line, sizeof line,
             "ore train: %s: is not empty and holds no run; choose another --out", dir);
    for (int i = 0; i < 2; i++)
        expect_failure(&result, 1, line, "train gpt " TINY "--steps 3 --data %s --out %s %s", text,
                       dir, flags[i]);
    for (int i = 0; i < 3; i++)
        expect_text(paths[i], texts[i]);
}

/* Started anew it would end with the loss of the checkpoint that is still there. */
static void test_a_run_without_its_pointer_is_not_started_anew(void **state) {
    (void)state;
    const char *run = run_path("run"), *copy = run_path("copy"), *text = text_file();
    char pointer[600], checkpoint[600], line[1024], link[64] = "";
    const char *way = "train gpt " TINY "--steps 20 --stop-at 3 --data %s --out %s";
    run_well(&result, way, text, run);
    run_well(&result, way, text, copy);
    snprintf(pointer, sizeof pointer, "%s/current", run);
    assert_true(readlink(pointer, link, sizeof link - 1) > 0);
    unlink(pointer);
    snprintf(line, sizeof line,
             "ore train: %s: missing, expected a link to the run's checkpoint, such as %s", pointer,
             link);
    expect_failure(&result, 1, line, "train gpt --resume --out %s", run);
    snprintf(line + strlen("ore "), sizeof line - strlen("ore "),
             "eval: %s: missing, expected a link to the run's checkpoint, such as %s", pointer,
             link);
    expect_failure(&result, 1, line, "eval %s", run);
    snprintf(checkpoint, sizeof checkpoint, "%s/%s", run, link);
    assert_true(exists(checkpoint));
    assert_int_equal(symlink(link, pointer), 0);
    run_well(&result, "train gpt --resume --out %s", run);
    run_well(&result, "train gpt --resume --out %s", copy);
    assert_same_run(run, copy);
}

/* Of a run that --force was replacing when it was killed, until a resume puts it back. */
static void test_a_run_set_aside_is_named(void **state) {
    (void)state;
    const char *run = run_path("run"), *text = text_file();
    char words[2048], pointer[600], expected[1024];
    run_well(&result, "train gpt " TINY "--steps 3 --data %s --out %s", text, run);
    run_well(&result, "eval %s", run);
    char *before = strdup(result.out);
    snprintf(pointer, sizeof pointer, "%s/current", run);
    snprintf(words, sizeof words,
             "train gpt " TINY "--steps 3 --eval-batches 1000000 --force --data %s --out %s", text,
             run);
    pid_t pid = ore_start(words, NULL);
    while (exists(pointer))
        usleep(1000);
    snprintf(words, sizeof words, "%s/tokenizer.json", run); /* of the new run */
    snprintf(pointer, sizeof pointer, "%s/replaced/tokenizer.json", run);
    while (!exists(pointer) || !exists(words))
        usleep(1000);
    kill(pid, SIGKILL);
    ore_wait(pid);
    snprintf(expected, sizeof expected,
             "ore eval: %s: holds no checkpoint yet; the run that --force replaces is in "
             "%s/replaced",
             run, run);
    expect_failure(&result, 1, expected, "eval %s", run);
    expect_failure(&result, 1, expected, "eval %s --best", run);
    run_well(&result, "eval %s/replaced", run);
    assert_string_equal(result.out, before);
    run_well(&result, "train gpt --resume --out %s", run);
    run_well(&result, "eval %s", run);
    assert_string_equal(result.out, before);
    free(before);
}

/* ---- data ---- */

static void test_a_path_that_json_cannot_hold(void **state) {
    (void)state;
    const char *run = run_path("run"), *copy = run_path("copy"), *data = run_path("l\xe9.txt");
    const char *way = "train gpt " TINY "--steps 3 --data %s --out %s";
    char line[1024];
    run_well(&result, way, text_file(), run);
    run_well(&result, way, text_file(), copy);
    assert_int_equal(link(text_file(), data), 0);
    snprintf(line, sizeof line, "ore train: --data %s: expected UTF-8, as config.json keeps it",
             data);
    expect_failure(&result, 2, line, "train gpt " TINY "--force --data %s --out %s", data, run);
    assert_same_run(run, copy);
}

static void test_nothing_left_to_train_on(void **state) {
    (void)state;
    const char *path = run_path("one.txt"), *out = run_path("run");
    char line[1024];
    write_text_file(path, "a\n");
    snprintf(line, sizeof line,
             "ore train: %s: 1 line, of which a share of 0.5 leaves none to train on: expected at "
             "least 2, or --documents none, which reads one running text",
             path);
    expect_failure(&result, 1, line,
                   "train gpt " TINY "--documents lines --val-fraction 0.5 --data %s --out %s",
                   path, out);
    assert_false(exists(out));
}

static void test_a_config_that_is_a_folder(void **state) {
    (void)state;
    const char *dir = run_path("folder");
    char line[1024];
    mkdir(dir, 0777);
    snprintf(line, sizeof line, "ore train: %s: cannot be read: Is a directory", dir);
    expect_failure(&result, 1, line, "train gpt --config %s", dir);
}

/* ---- signals ---- */

/* A file that outgrows its limit raises a signal, which would end the command without a word. */
static void test_a_limit_on_files_is_an_error(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("run");
    struct rlimit kept, limit;
    getrlimit(RLIMIT_FSIZE, &kept);
    limit = (struct rlimit){2000, kept.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    run_oref(&result, "train gpt " TINY "--steps 3 --data %s --out %s", text, out);
    setrlimit(RLIMIT_FSIZE, &kept);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "File too large"));
    assert_false(exists(out));
}

/* A terminal that is closed. */
static void test_a_hang_up_saves(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *copy = run_path("copy");
    const char *way =
        "train gpt " TINY "--steps 2000 --log-interval 1 --stop-at %d --eval-interval "
        "1000 --data %s --out %s";
    char words[2048], line[256];
    int output, status;
    snprintf(words, sizeof words, way, 2000, text, run);
    pid_t pid = ore_start(words, &output);
    FILE *lines = fdopen(output, "r");
    while (fgets(line, sizeof line, lines) && strncmp(line, "step 5/", 7) != 0)
        continue;
    kill(pid, SIGHUP);
    while (fgets(line, sizeof line, lines))
        continue;
    fclose(lines);
    status = ore_wait(pid);
    assert_int_equal(status, 130);
    run_well(&result, "train gpt --resume --out %s", run);
    assert_null(strstr(result.out, "resumed     at step 0"));
    assert_non_null(strstr(result.out, "resumed     at step "));
    run_well(&result, way, 2000, text, copy);
    assert_same_run(run, copy);
}

/* The reader of its output ends before it does, as `tee` in a pipe that Ctrl-C stops. */
static void test_a_closed_pipe_saves(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *copy = run_path("copy");
    const char *way = "train gpt " TINY "--steps 60 --log-interval 1 --data %s --out %s";
    char words[2048], line[256] = "";
    run_well(&result, way, text, copy);
    for (int interrupt = 0; interrupt < 2; interrupt++) {
        int output;
        snprintf(words, sizeof words, way, text, run);
        pid_t pid = ore_start(words, &output);
        FILE *lines = fdopen(output, "r");
        while (strncmp(line, "step 5/", 7) != 0 && fgets(line, sizeof line, lines))
            continue;
        fclose(lines);
        if (interrupt)
            kill(pid, SIGINT);
        assert_int_equal(ore_wait(pid), 130);
        run_well(&result, "train gpt --resume --out %s", run);
        assert_null(strstr(result.out, "resumed     at step 0"));
        assert_non_null(strstr(result.out, "resumed     at step "));
        assert_same_run(run, copy);
        remove_folder(run);
        line[0] = '\0';
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_model_of_another_program_is_kept, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(test_a_run_without_its_pointer_is_not_started_anew,
                                        run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_run_set_aside_is_named, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_path_that_json_cannot_hold, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left_to_train_on, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_config_that_is_a_folder, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_limit_on_files_is_an_error, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_hang_up_saves, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_closed_pipe_saves, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
