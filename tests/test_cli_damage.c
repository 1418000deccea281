/* test_cli_damage.c: damaged and foreign files of a checkpoint are told before they are used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <ore/io.h>

#include "support/run.h"

static child_result result;

static const char *in_run(const char *run, const char *name) {
    static char paths[8][700];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/current/%s", run, name);
    return path;
}

/* A bit of a file in place, so that hard links to it see it, too. */
static void flip(const char *path, size_t at) {
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, (long)at, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, (long)at, SEEK_SET);
    fputc(byte ^ 4, file);
    assert_int_equal(fclose(file), 0);
}

static size_t size_of(const char *path) {
    size_t bytes;
    free(read_file(path, &bytes));
    return bytes;
}

static void expect_damage(const char *name, const char *format, const char *run) {
    run_oref(&result, format, run);
    if (result.status != 1 || !strstr(result.err, name) || !strstr(result.err, "damaged: "))
        fail_msg("%s: status %d: '%s'", name, result.status, result.err);
}

static void every_bit_counts(void **state) {
    (void)state;
    static const char *const names[] = {"model.safetensors", "optimizer.safetensors", "state.json"};
    const char *run = run_path("run");
    run_well(&result, "train gpt " TINY "--steps 40 --stop-at 20 --data %s --out %s", text_file(),
             run);
    for (int f = 0; f < 3; f++) {
        const char *path = in_run(run, names[f]);
        size_t bytes = size_of(path);
        for (size_t k = 0; k < 40; k++) {
            size_t at = k * (bytes - 1) / 39;
            flip(path, at);
            expect_damage(names[f], "train gpt --resume --out %s", run);
            flip(path, at);
        }
    }
    flip(in_run(run, "model.safetensors"), 3000);
    expect_damage("model.safetensors", "eval %s", run);
    flip(in_run(run, "model.safetensors"), 3000);
    run_well(&result, "eval %s", run);
    run_well(&result, "train gpt --resume --out %s", run);
}

static void zeros_and_cuts_count(void **state) {
    (void)state;
    const char *run = run_path("run");
    size_t bytes;
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text_file(),
             run);
    char *data = read_file(in_run(run, "model.safetensors"), &bytes);
    char *zeroed = read_file(in_run(run, "model.safetensors"), NULL);
    memset(zeroed + bytes - 4096, 0, 4096);
    write_file(in_run(run, "model.safetensors"), zeroed, bytes);
    expect_damage("model.safetensors", "train gpt --resume --out %s", run);
    write_file(in_run(run, "model.safetensors"), data, bytes - 1);
    expect_damage("model.safetensors", "train gpt --resume --out %s", run);
    write_file(in_run(run, "model.safetensors"), data, bytes);
    run_well(&result, "train gpt --resume --out %s", run);
    free(zeroed);
    free(data);
}

/* The best weights are carried from checkpoint to checkpoint as a second name of one file. */
static void damaged_best_weights_are_not_carried_on(void **state) {
    (void)state;
    const char *run = run_path("run");
    run_well(&result,
             "train gpt " TINY
             "--lr 30 --warmup-steps 0 --steps 40 --stop-at 20 --data %s --out %s",
             text_file(), run);
    flip(in_run(run, "best.safetensors"), 3000);
    expect_damage("best.safetensors", "eval %s --best", run);
    expect_damage("best.safetensors", "train gpt --resume --out %s", run);
    flip(in_run(run, "best.safetensors"), 3000);
    run_well(&result, "train gpt --resume --out %s", run);
}

/* Without digests a file made elsewhere loads, and what it holds is checked. */
static void files_made_elsewhere_load(void **state) {
    (void)state;
    const char *run = run_path("run"), *other = run_path("other");
    size_t bytes;
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text_file(),
             run);
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 15 --data %s --out %s", text_file(),
             other);
    assert_int_equal(unlink(in_run(run, "digests.json")), 0);
    flip(in_run(run, "model.safetensors"), 3000);
    run_well(&result, "eval %s", run);
    char *later = read_file(in_run(other, "state.json"), &bytes);
    char *own = read_file(in_run(run, "state.json"), NULL);
    write_file(in_run(run, "state.json"), later, bytes);
    run_oref(&result, "train gpt --resume --out %s", run);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, ".step: 10, expected 15, the step of state.json"));
    write_file(in_run(run, "state.json"), own, strlen(own));
    run_well(&result, "train gpt --resume --out %s", run);
    free(own);
    free(later);
}

/* A file in the place of the link is read in the checkpoint's stead, once no digest is beside it,
 * and is told before a step is trained that no checkpoint could hold. */
static void a_file_in_the_place_of_a_link_counts(void **state) {
    (void)state;
    const char *run = run_path("run"), *other = run_path("other");
    char model[700], digests[700], line[1024];
    size_t bytes;
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text_file(),
             run);
    run_well(&result, "train gpt " TINY "--steps 20 --lr 0.1 --data %s --out %s", text_file(),
             other);
    run_well(&result, "eval %s", other);
    char *expected = strdup(result.out);
    char *weights = read_file(in_run(other, "model.safetensors"), &bytes);
    snprintf(model, sizeof model, "%s/model.safetensors", run);
    snprintf(digests, sizeof digests, "%s/digests.json", run);
    assert_int_equal(unlink(model), 0);
    write_file(model, weights, bytes);
    expect_damage(model, "eval %s", run);
    assert_int_equal(unlink(digests), 0);
    run_well(&result, "eval %s", run);
    assert_string_equal(result.out, expected);
    snprintf(line, sizeof line,
             "ore train: %s: in the way of a checkpoint's file, expected a link to "
             "current/model.safetensors",
             model);
    run_oref(&result, "train gpt --resume --out %s", run);
    assert_int_equal(result.status, 1);
    assert_memory_equal(result.err, line, strlen(line));
    assert_null(strstr(result.out, "step "));
    free(weights);
    free(expected);
}

/* Another alphabet of as many characters fits the weights, and writes other words. */
static void another_tokenizer_is_told(void **state) {
    (void)state;
    static const char *const commands[] = {"sample %s --tokens 5", "eval %s",
                                           "train gpt --resume --out %s"};
    const char *run = run_path("run");
    char path[700];
    run_well(&result, "train gpt " TINY "--steps 20 --stop-at 10 --data %s --out %s", text_file(),
             run);
    snprintf(path, sizeof path, "%s/tokenizer.json", run);
    char *saved = read_file(path, NULL), *other = read_file(path, NULL);
    char *letter = strstr(other, "\"r\"");
    assert_non_null(letter);
    letter[1] = 's';
    write_text_file(path, other);
    for (int i = 0; i < 3; i++)
        expect_damage("tokenizer.json", commands[i], run);
    write_text_file(path, saved);
    for (int i = 0; i < 3; i++)
        run_well(&result, commands[i], run);
    free(other);
    free(saved);
}

/* What is missing of an optimizer's state would begin anew in silence. */
static void half_an_optimizer_is_told(void **state) {
    (void)state;
    static const char *const rules[] = {"adamw", "sgd --momentum 0.9", "rmsprop"};
    for (int i = 0; i < 3; i++) {
        const char *run = run_path(rules[i][0] == 's' ? "sgd" : rules[i]);
        run_well(&result,
                 "train gpt " TINY "--optimizer %s --steps 20 --stop-at 10 --data %s --out %s",
                 rules[i], text_file(), run);
        assert_int_equal(unlink(in_run(run, "digests.json")), 0);
        ore_safetensors *file = ore_safetensors_open(in_run(run, "optimizer.safetensors"));
        ore_safetensors_item items[256];
        int64_t kept = 0;
        ore_scope_begin();
        for (int64_t k = 0; k < ore_safetensors_count(file); k++) {
            const char *name = ore_safetensors_at(file, k)->name;
            if (strncmp(name, "transformer.wte.weight.", 23) != 0)
                items[kept++] = (ore_safetensors_item){name, ore_safetensors_tensor(file, name)};
        }
        assert_true(kept < ore_safetensors_count(file));
        assert_int_equal(ore_safetensors_write(run_path("half"), items, kept, NULL), ORE_OK);
        ore_scope_end();
        ore_safetensors_close(file);
        assert_int_equal(rename(run_path("half"), in_run(run, "optimizer.safetensors")), 0);
        run_oref(&result, "train gpt --resume --out %s", run);
        assert_int_equal(result.status, 1);
        assert_non_null(strstr(result.err, "optimizer.safetensors: nothing of "
                                           "transformer.wte.weight, "));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_bit_counts, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(zeros_and_cuts_count, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(damaged_best_weights_are_not_carried_on, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(files_made_elsewhere_load, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(a_file_in_the_place_of_a_link_counts, run_setup,
                                        run_teardown),
        cmocka_unit_test_setup_teardown(another_tokenizer_is_told, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(half_an_optimizer_is_told, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
