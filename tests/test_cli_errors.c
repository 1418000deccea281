/* test_cli_errors.c: what goes wrong in a run, from outside: the exact line, the exit status, and
 * that nothing that was there is harmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/disk.h"
#include "support/run.h"

static child_result result;

static bool exists(const char *path) {
    struct stat s;
    return lstat(path, &s) == 0;
}

static const char *file_of(const char *run, const char *name) {
    static char paths[4][700];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", run, name);
    return path;
}

/* A finished tiny run. */
static const char *make_run(const char *name) {
    const char *out = run_path(name);
    run_well(&result, "train gpt " TINY "--steps 3 --data %s --out %s", text_file(), out);
    return out;
}

static void expect_one_line(int status) {
    assert_int_equal(result.status, status);
    char *end = strchr(result.err, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], '\0');
    assert_memory_equal(result.err, "ore ", 4);
}

/* ---- data ---- */

/* Training on `path` fails with "ore train: PATH: reason" and makes no folder. */
static void expect_data_error(const char *path, const char *reason) {
    char line[1024];
    snprintf(line, sizeof line, "ore train: %s: %s", path, reason);
    expect_failure(&result, 1, line, "train gpt " TINY "--steps 3 --data %s --out %s", path,
                   run_path("runs/r"));
    assert_false(exists(run_path("runs")));
}

static void test_bad_data(void **state) {
    (void)state;
    const char *path = run_path("data.txt");
    expect_data_error(path, "cannot open: No such file or directory");
    write_text_file(path, "");
    expect_data_error(path, "the file is empty");
    write_text_file(path, "short");
    expect_data_error(path, "the train part has 4 tokens, block_size 16 needs at least one more "
                            "than that: lower --block-size");
    write_text_file(path, "good until here\xff");
    expect_data_error(path, "byte 15 (0xFF) is not valid UTF-8; --invalid-utf8 ignore would drop "
                            "1 such byte");
    mkdir(run_path("folder"), 0777);
    expect_data_error(run_path("folder"), "no shards, or not complete: there is no data.json");
    expect_data_error("/dev/null", "not a regular file, expected a text file");
    write_text_file(path, "a");
    if (geteuid() == 0)
        return; /* root may read everything */
    chmod(path, 0);
    expect_data_error(path, "cannot open: Permission denied");
}

static void test_bad_validation_data(void **state) {
    (void)state;
    const char *val = run_path("val.txt"), *text = text_file();
    char line[1024];
    write_text_file(val, "iron zinc");
    snprintf(line, sizeof line,
             "ore train: %s: character 'z' (U+007A) at position 5 is not in the vocabulary of 13",
             val);
    expect_failure(&result, 1, line, "train gpt " TINY "--steps 3 --data %s --val-data %s --out %s",
                   text, val, run_path("r"));
    assert_false(exists(run_path("r")));
}

static void test_bad_settings(void **state) {
    (void)state;
    const char *text = text_file(), *out = run_path("r");
    expect_failure(&result, 1,
                   "ore train: --device cuda: this build of Ore has no CUDA; expected cpu or auto",
                   "train gpt --device cuda --data %s --out %s", text, out);
    expect_failure(&result, 1, "ore train: --vocab-size 3: the tokenizer has 13 tokens",
                   "train gpt " TINY "--vocab-size 3 --data %s --out %s", text, out);
    expect_failure(&result, 2,
                   "ore train: n_head 3 does not divide n_embd 8; every head takes an equal "
                   "share of the channels",
                   "train gpt " TINY "--n-head 3 --data %s --out %s", text, out);
    assert_false(exists(out));
}

static void test_a_loss_that_is_not_finite(void **state) {
    (void)state;
    const char *out = run_path("r");
    run_oref(&result,
             "train gpt " TINY "--steps 400 --lr 1000 --schedule constant --grad-clip 0 --data %s "
             "--out %s",
             text_file(), out);
    expect_one_line(1);
    assert_non_null(strstr(result.err, " at step "));
    /* whole, but perhaps far too large to sample from */
    run_oref(&result, "sample %s --tokens 3", out);
    assert_true(result.status == 0 || strstr(result.err, "sample: logit "));
}

/* ---- places ---- */

static void test_folders_that_cannot_be(void **state) {
    (void)state;
    const char *text = text_file();
    char line[1024], out[600];
    snprintf(out, sizeof out, "%s/run", text);
    snprintf(line, sizeof line, "ore train: %s: cannot be read: Not a directory", out);
    expect_failure(&result, 1, line, "train gpt " TINY "--steps 3 --data %s --out %s", text, out);
#ifdef ORE_LINUX
    expect_failure(&result, 1,
                   "ore train: /proc/ore-run: cannot be made: No such file or directory",
                   "train gpt " TINY "--steps 3 --data %s --out /proc/ore-run", text);
#endif
    if (geteuid() == 0)
        return; /* root may write everywhere */
    const char *closed = run_path("closed");
    mkdir(closed, 0555);
    snprintf(line, sizeof line, "ore train: %s/run: cannot be made: Permission denied", closed);
    expect_failure(&result, 1, line, "train gpt " TINY "--steps 3 --data %s --out %s/run", text,
                   closed);
    snprintf(line, sizeof line, "ore train: %s: cannot be written: Permission denied", closed);
    expect_failure(&result, 1, line, "train gpt " TINY "--steps 3 --data %s --out %s", text,
                   closed);
}

static void test_a_run_is_not_overwritten(void **state) {
    (void)state;
    const char *run = make_run("run"), *copy = make_run("copy"), *bad = run_path("bad.txt");
    char line[1024];
    snprintf(line, sizeof line,
             "ore train: %s: holds a run already; --resume goes on with it, --force replaces it",
             run);
    expect_failure(&result, 1, line, "train gpt " TINY "--steps 5 --data %s --out %s", text_file(),
                   run);
    assert_same_run(run, copy);
    write_text_file(bad, "\xff");
    run_oref(&result, "train gpt " TINY "--force --data %s --out %s", bad, run);
    expect_one_line(1); /* with --force, too, what is bad shows first */
    assert_same_run(run, copy);
}

static void test_resume_with_another_config(void **state) {
    (void)state;
    const char *run = make_run("run"), *copy = make_run("copy");
    static const char *const flags[][3] = {{"--n-embd", "16", "8"},
                                           {"--lr", "0.5", "0.001"},
                                           {"--warmup-steps", "9", "5"},
                                           {"--seed", "3", "1"},
                                           {"--norm", "post", "pre"}};
    for (int i = 0; i < 5; i++) {
        char line[1024];
        snprintf(line, sizeof line,
                 "ore train: %s %s: the run in %s has %s; a run keeps its config on --resume",
                 flags[i][0], flags[i][1], run, flags[i][2]);
        expect_failure(&result, 1, line, "train gpt --resume --out %s %s %s", run, flags[i][0],
                       flags[i][1]);
    }
    assert_same_run(run, copy);
}

static void test_data_that_changed(void **state) {
    (void)state;
    const char *run = run_path("run"), *text = text_file();
    char line[1024];
    run_well(&result, "train gpt " TINY "--steps 9 --stop-at 3 --data %s --out %s", text, run);
    size_t bytes;
    char *data = read_file(text, &bytes);
    write_file(text, data, 4000);
    free(data);
    run_oref(&result, "train gpt --resume --out %s", run);
    snprintf(line, sizeof line,
             "ore train: %s: the data has changed since the run began: 3600 tokens to train on and "
             "400 to validate on, expected %d and %d\n",
             text, (int)(bytes * 9 / 10), (int)(bytes - bytes * 9 / 10));
    assert_string_equal(result.err, line);
    assert_int_equal(result.status, 1);
}

/* The same length and alphabet: two letters of a word changed places. */
static void test_data_of_the_same_size(void **state) {
    (void)state;
    const char *run = run_path("run"), *text = text_file(), *sweep = run_path("sweep");
    const char *commands[] = {"train gpt --resume --out", "eval"};
    char line[1024];
    size_t bytes;
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text, run);
    run_well(&result, "sweep gpt " TINY "--steps 10 --data %s --out %s --grid lr=1e-3,2e-3", text,
             sweep);
    char *data = read_file(text, &bytes);
    size_t at = 1;
    while (data[at] == data[at + 1])
        at++;
    char first = data[at];
    data[at] = data[at + 1];
    data[at + 1] = first;
    write_file(text, data, bytes);
    snprintf(line, sizeof line,
             "%s: the text has changed since the run began: its digest is xxh3-128:", text);
    for (int i = 0; i < 2; i++) {
        run_oref(&result, "%s %s", commands[i], run);
        assert_int_equal(result.status, 1);
        assert_non_null(strstr(result.err, line));
    }
    run_oref(&result, "sweep gpt " TINY "--steps 10 --data %s --out %s --grid lr=1e-3,2e-3,4e-3",
             text, sweep);
    assert_int_not_equal(result.status, 0);
    assert_non_null(strstr(result.err, line));
    run_well(&result, "eval %s --data %s", run, text); /* any text may be asked for */
    data[at + 1] = data[at];
    data[at] = first;
    write_file(text, data, bytes);
    free(data);
    run_well(&result, "train gpt --resume --out %s", run);
    run_well(&result, "eval %s", run);
}

static void test_prompts(void **state) {
    (void)state;
    const char *run = make_run("run");
    expect_failure(&result, 1,
                   "ore sample: --prompt: encode: character 'Z' (U+005A) at position 3 is not in "
                   "the vocabulary of 13",
                   "sample %s --prompt oreZ", run);
    expect_failure(&result, 2, "ore sample: --top-p 0: out of range, expected 0 < top_p <= 1",
                   "sample %s --top-p 0", run);
    expect_failure(&result, 2,
                   "ore sample: which run? Expected: ore sample DIR [--prompt TEXT] ...", "sample");
    expect_failure(&result, 1, "ore sample: /nonexistent: no such run directory",
                   "sample /nonexistent");
    child_run(&result, (const char *const[]){ORE_BINARY, "sample", "", NULL});
    assert_string_equal(result.err, "ore sample: \"\": no such run directory\n");
    expect_failure(&result, 1, "ore eval: /nonexistent: no such run directory",
                   "eval /nonexistent");
    char line[1024];
    snprintf(line, sizeof line, "ore eval: %s: holds no run (no config.json)", run_path(""));
    expect_failure(&result, 1, line, "eval %s", run_path(""));
    expect_failure(&result, 1,
                   "ore sample: --unseen: only for models trained on lines (--documents lines)",
                   "sample %s --unseen", run);
}

/* ---- checkpoints ---- */

/* Each command that reads the file must fail in one line that names it. */
static void expect_refused(const char *run, const char *name, bool by_all) {
    static const char *const commands[] = {"train gpt --resume --out", "sample", "eval"};
    for (int i = 0; i < (by_all ? 3 : 1); i++) {
        run_oref(&result, "%s %s", commands[i], run);
        expect_one_line(1);
        if (!strstr(result.err, name))
            fail_msg("%s is not named: %s", name, result.err);
    }
}

static void test_files_cut_short(void **state) {
    (void)state;
    static const char *const names[] = {"model.safetensors", "optimizer.safetensors", "state.json",
                                        "tokenizer.json", "config.json"};
    const char *run = make_run("run");
    for (int i = 0; i < 5; i++) {
        size_t bytes;
        const char *path = file_of(run, names[i]);
        char *data = read_file(path, &bytes);
        const size_t lengths[] = {0,         1,         7,         8,         9,        100,
                                  bytes / 4, bytes / 3, bytes / 2, bytes - 9, bytes - 4};
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
            write_file(file_of(run, names[i]), data, lengths[j]);
            expect_refused(run, names[i], i == 0 || i == 4);
        }
        write_file(file_of(run, names[i]), data, bytes);
        free(data);
    }
    run_well(&result, "train gpt --resume --out %s", run);
}

static void test_wrong_headers(void **state) {
    (void)state;
    const char *run = make_run("run");
    size_t bytes;
    char *data = read_file(file_of(run, "model.safetensors"), &bytes);
    for (size_t at = 0; at < 60; at += 7) {
        char kept = data[at];
        data[at] = (char)(kept ^ 0x55);
        write_file(file_of(run, "model.safetensors"), data, bytes);
        expect_refused(run, "model.safetensors", true);
        data[at] = kept;
    }
    write_file(file_of(run, "model.safetensors"), "GGUF version of something else entirely", 39);
    expect_refused(run, "model.safetensors", true);
    free(data);
}

static void test_weights_of_another_shape(void **state) {
    (void)state;
    const char *run = make_run("run"), *other = run_path("other");
    char line[1024];
    run_well(&result, "train gpt " TINY "--steps 3 --n-embd 16 --data %s --out %s", text_file(),
             other);
    size_t bytes;
    char *data = read_file(file_of(other, "model.safetensors"), &bytes);
    write_file(file_of(run, "model.safetensors"), data, bytes);
    /* as of weights made elsewhere */
    assert_int_equal(unlink(file_of(run, "current/digests.json")), 0);
    free(data);
    snprintf(line, sizeof line,
             "ore sample: %s/checkpoints/000002/model.safetensors: tensor "
             "'transformer.wte.weight': (13, 16) float32 "
             "in the file, expected (13, 8) float32",
             run);
    expect_failure(&result, 1, line, "sample %s", run);
    expect_refused(run, "transformer.wte.weight", true);
}

/* ---- limits ---- */

static void run_limited(int resource, size_t limit, const char *format, const char *text,
                        const char *out) {
    char words[2048];
    snprintf(words, sizeof words, format, text, out);
    run_ore_limited(&result, words, resource, limit);
}

static void test_memory_that_runs_out(void **state) {
    (void)state;
#ifndef ORE_LINUX
    skip(); /* macOS takes the limit and does not keep it */
#endif
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its shadow memory needs more than any limit */
#endif
    const char *text = text_file(), *out = run_path("run");
    const char *big = "train gpt " TINY "--n-embd 512 --n-layer 8 --steps 3 --data %s --out %s";
    run_limited(RLIMIT_AS, 80 << 20, big, text, out);
    expect_one_line(1);
    assert_non_null(strstr(result.err, "out of memory"));
    assert_false(exists(out));
    /* Evaluations fit, a training step does not: the first checkpoint is there, and is good. */
    const char *steps =
        "train gpt " TINY "--n-embd 128 --n-layer 6 --block-size 64 --batch-size 64 "
        "--steps 3 --data %s --out %s";
    run_limited(RLIMIT_AS, 200 << 20, steps, text, out);
    expect_one_line(1);
    assert_non_null(strstr(result.err, "out of memory"));
    run_well(&result, "sample %s --tokens 3", out);
    run_oref(&result,
             "train gpt --n-layer 1000 --n-embd 65536 --n-head 1 --data %s --out %s --force", text,
             out);
    expect_one_line(1);
    assert_non_null(strstr(result.err, "; this machine has "));
    run_well(&result, "sample %s --tokens 3", out);
}

/* A run that was stopped at step 3 cannot write any more; it is as good as before. */
static void expect_intact(const char *run, const char *copy, const char *reason) {
    expect_one_line(1);
    if (!strstr(result.err, reason))
        fail_msg("'%s' is not in: %s", reason, result.err);
    run_well(&result, "sample %s --tokens 3", run);
    assert_same_file(file_of(run, "model.safetensors"), file_of(copy, "model.safetensors"));
    assert_same_file(file_of(run, "state.json"), file_of(copy, "state.json"));
}

static void test_files_that_cannot_grow(void **state) {
    (void)state;
    const char *text = text_file(), *run = run_path("run"), *copy = run_path("copy");
    const char *way = "train gpt " TINY "--steps 20 --stop-at 3 --data %s --out %s";
    run_well(&result, way, text, run);
    run_well(&result, way, text, copy);
    run_limited(RLIMIT_FSIZE, 2000, "train gpt --resume --out %s%s", "", run);
    expect_intact(run, copy, "File too large");
    run_limited(RLIMIT_FSIZE, 2000, way, text, run_path("fresh"));
    expect_one_line(1);
    assert_false(exists(run_path("fresh")));
    run_well(&result, "train gpt --resume --out %s", run);
    run_well(&result, "train gpt --resume --out %s", copy);
    assert_same_run(run, copy);
}

static void test_a_disk_that_fills(void **state) {
    (void)state;
    const char *text = text_file(), *copy = run_path("copy"), *disk = run_path("disk");
    char run[600], filler[600];
    snprintf(run, sizeof run, "%s/run", disk);
    snprintf(filler, sizeof filler, "%s/filler", disk);
    mkdir(disk, 0777);
    if (!disk_mount(disk, 256 << 10))
        skip(); /* mounting is not permitted here; test_files_that_cannot_grow stands in */
    const char *way = "train gpt " TINY "--steps 20 --stop-at 3 --data %s --out %s";
    run_well(&result, way, text, run);
    run_well(&result, way, text, copy);
    FILE *file = fopen(filler, "wb");
    for (int i = 0; i < 1000 && fflush(file) == 0; i++)
        fwrite(result.err, 1, 4096, file);
    fclose(file);
    run_oref(&result, "train gpt --resume --out %s", run);
    expect_intact(run, copy, "No space left on device");
    unlink(filler);
    run_well(&result, "train gpt --resume --out %s", run);
    run_well(&result, "train gpt --resume --out %s", copy);
    assert_same_run(run, copy);
    disk_unmount(disk);
}

static int teardown_disk(void **state) {
    disk_unmount(run_path("disk"));
    return run_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_data, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bad_validation_data, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_bad_settings, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_loss_that_is_not_finite, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_folders_that_cannot_be, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_run_is_not_overwritten, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_resume_with_another_config, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_data_that_changed, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_data_of_the_same_size, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_prompts, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_files_cut_short, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_headers, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_weights_of_another_shape, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_memory_that_runs_out, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_grow, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_disk_that_fills, run_setup, teardown_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
