/* test_cli_half.c: weights in half of the bytes: runs that save them so and still go on from the
 * float32 ones, conversions between dtypes, and every command over what comes of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>
#include <ore/tensor_file.h>

#include "support/run.h"

#define LLAMA   ORE_TEST_DIR "/golden/hf/llama"
#define QWEN    ORE_TEST_DIR "/golden/hf/qwen3"
#define ENCODER ORE_TEST_DIR "/golden/bert/encoder"

static child_result result;

/* ---- what is in files ---- */

static const char *in(const char *folder, const char *name) {
    char path[600];
    snprintf(path, sizeof path, "%s/%s", strrchr(folder, '/') + 1, name);
    return run_path(path);
}

/* All floating tensors of a file have this coding. */
static void assert_all_are(const char *path, ore_coding coding) {
    ore_tensor_file *file = ore_tensor_file_open(path);
    assert_true(ore_tensor_file_count(file) > 0);
    for (int64_t i = 0; i < ore_tensor_file_count(file); i++)
        assert_int_equal(ore_tensor_file_at(file, i)->coding, coding);
    ore_tensor_file_close(file);
}

/* Every tensor of `half` is that of `whole`, rounded to its own dtype. */
static void assert_rounded(const char *half, const char *whole) {
    ore_tensor_file *a = ore_tensor_file_open(half), *b = ore_tensor_file_open(whole);
    assert_true(a && b);
    assert_int_equal(ore_tensor_file_count(a), ore_tensor_file_count(b));
    for (int64_t i = 0; i < ore_tensor_file_count(a); i++) {
        const char *name = ore_tensor_file_at(a, i)->name;
        ore_tensor *x = ore_tensor_file_tensor(a, name), *y = ore_tensor_file_tensor(b, name);
        ore_tensor *same = ore_all(ore_eq(x, ore_to(y, ore_tensor_dtype(x))), ORE_ALL, false);
        assert_true(same && ore_item(same) != 0);
    }
    ore_tensor_file_close(b);
    ore_tensor_file_close(a);
}

static void expect_dtype(const char *folder, const char *dtype) {
    ore_json *json = ore_json_load(in(folder, "config.json"));
    assert_non_null(json);
    assert_string_equal(ore_json_get_string(json, "torch_dtype"), dtype);
    ore_json_free(json);
}

/* The largest difference of two models' logits, relative to the largest of them. */
static double logits_apart(const char *a, const char *b) {
    write_text_file(run_path("ids"), "1 2 0 3 2");
    run_well(&result, "logits %s --ids %s --out %s", a, run_path("ids"), run_path("a.npz"));
    run_well(&result, "logits %s --ids %s --out %s", b, run_path("ids"), run_path("b.npz"));
    ore_tensor_file *x = ore_tensor_file_open(run_path("a.npz"));
    ore_tensor_file *y = ore_tensor_file_open(run_path("b.npz"));
    ore_tensor *p = ore_tensor_file_tensor(x, "logits"), *q = ore_tensor_file_tensor(y, "logits");
    double off = ore_item(ore_amax(ore_abs(ore_sub(p, q)), ORE_ALL, false));
    double most = ore_item(ore_amax(ore_abs(q), ORE_ALL, false));
    ore_tensor_file_close(y);
    ore_tensor_file_close(x);
    assert_true(most > 0);
    return off / most;
}

/* ---- runs ---- */

static const struct {
    const char *word, *dtype;
    ore_coding coding;
    double apart; /* logits: a few roundings of weights */
} halves[] = {{"bf16", "bfloat16", ORE_CODING_BFLOAT16, 3e-2},
              {"f16", "float16", ORE_CODING_FLOAT16, 4e-3}};

/* Stopping and resuming changes no byte, and neither does what is saved what is trained. */
static void test_a_run_in_half_goes_on_exactly(void **state) {
    const char *plain = run_path("plain"), *whole = run_path("whole"), *parts = run_path("parts");
    (void)state;
    run_well(&result, "train gpt " TINY "--steps 20 --data %s --out %s", text_file(), plain);
    for (int i = 0; i < 2; i++) {
        const char *word = halves[i].word;
        run_well(&result, "train gpt " TINY "--steps 20 --save-dtype %s --data %s --out %s --force",
                 word, text_file(), whole);
        run_well(&result,
                 "train gpt " TINY "--steps 20 --save-dtype %s --data %s --out %s --force "
                 "--stop-at 13",
                 word, text_file(), parts);
        run_well(&result, "train --resume --out %s", parts);
        assert_same_run(whole, parts);
        assert_same_file(in(whole, "master.safetensors"), in(parts, "master.safetensors"));
        assert_same_file(in(whole, "master.safetensors"), in(plain, "model.safetensors"));
        assert_same_file(in(whole, "metrics.jsonl"), in(plain, "metrics.jsonl"));
        assert_all_are(in(whole, "model.safetensors"), halves[i].coding);
        assert_all_are(in(whole, "best.safetensors"), halves[i].coding);
        assert_rounded(in(whole, "model.safetensors"), in(plain, "model.safetensors"));
    }
}

/* Nor does a kill at any moment. */
static void test_a_run_in_half_is_killed(void **state) {
    char words[1024];
    (void)state;
    snprintf(words, sizeof words,
             "train gpt " TINY "--steps 60 --checkpoint-interval 7 --save-dtype bf16 --data %s",
             text_file());
    const char *whole = run_path("whole");
    run_well(&result, "%s --out %s", words, whole);
    for (long i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "run%ld", i);
        const char *out = run_path(name);
        train_with_kills(words, out, 3000 + 9273 * i);
        assert_same_run(whole, out);
        assert_same_file(in(whole, "master.safetensors"), in(out, "master.safetensors"));
    }
}

/* Without the float32 weights it does not go on from rounded ones unsaid. */
static void test_a_run_without_its_master_weights_is_refused(void **state) {
    const char *run = run_path("run");
    (void)state;
    run_well(&result,
             "train gpt " TINY "--steps 20 --save-dtype bf16 --data %s --out %s --stop-at 10",
             text_file(), run);
    ore_tree_remove(in(run, "current/master.safetensors"));
    run_oref(&result, "train --resume --out %s", run);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "model.safetensors: tensor 'transformer.wte.weight': "));
    assert_non_null(strstr(result.err, "bfloat16 in the file, expected "));
}

/* Commands that open a run open it in half as well, families other than the GPT among them. */
static void test_commands_read_a_run_in_half(void **state) {
    const char *plain = run_path("plain"), *half = run_path("half");
    (void)state;
    run_well(&result, "train gpt " TINY "--steps 20 --data %s --out %s", text_file(), plain);
    run_well(&result, "eval %s", plain);
    double loss = said_number(&result, "loss");
    for (int i = 0; i < 2; i++) {
        run_well(&result, "train gpt " TINY "--steps 20 --save-dtype %s --data %s --out %s --force",
                 halves[i].word, text_file(), half);
        run_well(&result, "sample %s --prompt a --tokens 5", half);
        run_well(&result, "sample %s --best --prompt a --tokens 5", half);
        run_well(&result, "eval %s", half);
        assert_true(fabs(said_number(&result, "loss") - loss) < 0.01);
        assert_true(logits_apart(half, plain) < halves[i].apart);
        run_well(&result, "info %s --check", half);
        run_well(&result,
                 "train gpt --init %s --steps 1 --warmup-steps 0 --eval-interval 1 "
                 "--eval-batches 1 --data %s --out %s --force",
                 half, text_file(), run_path("on"));
        assert_all_are(in(run_path("on"), "model.safetensors"), ORE_CODING_FLOAT32);
        run_well(&result, "convert %s %s --force", half, run_path("folder"));
        expect_dtype(run_path("folder"), halves[i].dtype);
        assert_all_are(in(run_path("folder"), "model.safetensors"), halves[i].coding);
        assert_true(logits_apart(run_path("folder"), half) == 0);
    }
    run_well(&result, "train lstm --steps 2 --eval-interval 2 --save-dtype bf16 --out %s",
             run_path("lstm"));
    assert_all_are(in(run_path("lstm"), "model.safetensors"), ORE_CODING_BFLOAT16);
    run_well(&result, "eval %s", run_path("lstm"));
    run_well(&result, "sample %s --num 1", run_path("lstm"));
}

/* ---- conversions ---- */

static void test_a_folder_in_another_dtype(void **state) {
    const char *back = run_path("back"), *folder = run_path("folder");
    (void)state;
    for (int i = 0; i < 2; i++) {
        run_well(&result, "convert " LLAMA " %s --dtype %s --force", folder, halves[i].word);
        assert_all_are(in(folder, "model.safetensors"), halves[i].coding);
        assert_rounded(in(folder, "model.safetensors"), LLAMA "/model.safetensors");
        expect_dtype(folder, halves[i].dtype);
        assert_true(logits_apart(folder, LLAMA) < halves[i].apart);
        run_well(&result, "convert %s %s --dtype f32 --force", folder, back);
        assert_all_are(in(back, "model.safetensors"), ORE_CODING_FLOAT32);
        expect_dtype(back, "float32");
        assert_true(logits_apart(back, folder) < 1e-6);
        run_oref(&result, "convert " QWEN " %s --dtype %s", run_path("q.gguf"), halves[i].word);
        assert_int_equal(result.status, 0);
        assert_true(logits_apart(run_path("q.gguf"), QWEN) < halves[i].apart);
        run_well(&result, "convert " LLAMA "/model.safetensors %s --dtype %s",
                 run_path("file.safetensors"), halves[i].word);
        assert_all_are(run_path("file.safetensors"), halves[i].coding);
        assert_rounded(run_path("file.safetensors"), LLAMA "/model.safetensors");
    }
    expect_failure(&result, 2, "ore convert: expected --dtype or --type, not both",
                   "convert " LLAMA " %s --dtype f16 --type bf16", run_path("other"));
    expect_failure(&result, 1, "ore convert: --type q8_0: only .gguf files have it",
                   "convert " LLAMA " %s --type q8_0", run_path("other"));
    assert_int_equal(ore_path_kind_of(run_path("other")), ORE_PATH_MISSING);
}

/* More than float32 is read, too, and computed in float32. */
static void test_a_folder_of_doubles(void **state) {
    const char *folder = run_path("folder");
    (void)state;
    run_well(&result, "convert " LLAMA " %s --type f64", folder);
    assert_all_are(in(folder, "model.safetensors"), ORE_CODING_FLOAT64);
    expect_dtype(folder, "float64");
    assert_true(logits_apart(folder, LLAMA) == 0);
}

static void read_vector(float *x, int64_t count) {
    ore_json *json = ore_json_parse(result.out, strlen(result.out), "output");
    assert_int_equal(ore_json_count(json), count);
    for (int64_t i = 0; i < count; i++) {
        double value = 0;
        ore_json_at_double(json, i, &value);
        x[i] = (float)value;
    }
    ore_json_free(json);
}

static void test_an_encoder_in_half(void **state) {
    enum { C = 64 };
    float whole[C], half[C];
    (void)state;
    set_input("a few words");
    run_well(&result, "embed " ENCODER);
    ore_json *json = ore_json_parse(result.out, strlen(result.out), "output");
    int64_t count = ore_json_count(json);
    ore_json_free(json);
    assert_true(count > 0 && count <= C);
    read_vector(whole, count);
    for (int i = 0; i < 2; i++) {
        const char *folder = run_path("encoder");
        run_well(&result, "convert " ENCODER " %s --dtype %s --force", folder, halves[i].word);
        assert_all_are(in(folder, "model.safetensors"), halves[i].coding);
        expect_dtype(folder, halves[i].dtype);
        set_input("a few words");
        run_well(&result, "embed %s", folder);
        read_vector(half, count);
        for (int64_t k = 0; k < count; k++)
            assert_true(fabs((double)(half[k] - whole[k])) < halves[i].apart);
    }
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, run_setup, run_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_run_in_half_goes_on_exactly),
        TEST(test_a_run_in_half_is_killed),
        TEST(test_a_run_without_its_master_weights_is_refused),
        TEST(test_commands_read_a_run_in_half),
        TEST(test_a_folder_in_another_dtype),
        TEST(test_a_folder_of_doubles),
        TEST(test_an_encoder_in_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
