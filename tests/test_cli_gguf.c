/* test_cli_gguf.c: models written as GGUF files by `ore convert`, which `ore` then reads to the
 * same logits and ids; and what GGUF has no place for. */
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

static child_result result;

static const char *golden(const char *family) {
    static char path[512];
    snprintf(path, sizeof path, ORE_TEST_DIR "/golden/hf/%s", family);
    return path;
}

static void convert(const char *from, const char *to, const char *options) {
    run_oref(&result, "convert %s %s %s", from, to, options);
    if (result.status != 0)
        fail_msg("%s", result.err);
}

/* The logits of both go to a.npy and b.npy. */
static void write_logits(const char *a, const char *b) {
    write_text_file(run_path("ids"), "1 5 7 10 3 9 0 4 2");
    run_well(&result, "logits %s --ids %s --out %s", a, run_path("ids"), run_path("a.npy"));
    run_well(&result, "logits %s --ids %s --out %s", b, run_path("ids"), run_path("b.npy"));
}

/* Both give the same logits, bit by bit. */
static void assert_same_logits(const char *a, const char *b) {
    write_logits(a, b);
    assert_same_file(run_path("a.npy"), run_path("b.npy"));
}

/* Weights and what is said of them come back from GGUF as they were. */
static void test_families(void **state) {
    (void)state;
    static const char *const families[] = {"gpt2", "qwen2", "qwen3", "phi3"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const char *file = run_path("m.gguf");
        convert(golden(families[i]), file, "");
        assert_non_null(strstr(result.err, "the file has no tokenizer"));
        assert_same_logits(golden(families[i]), file);
    }
}

static void test_no_place(void **state) {
    (void)state;
    static const struct {
        const char *family, *message;
    } cases[] = {
        {"llama", "ore convert: GGUF has no place for rope_scaling llama3\n"},
        {"mistral", "ore convert: GGUF: no architecture for mistral with this config\n"},
        {"gemma2", "ore convert: GGUF has no place for query_scalar 20\n"},
        {"gemma3_text", "ore convert: GGUF has no place for query_scalar 16\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_oref(&result, "convert %s %s", golden(cases[i].family), run_path("m.gguf"));
        assert_int_equal(result.status, 1);
        assert_non_null(strstr(result.err, cases[i].message));
        assert_int_equal(ore_path_kind_of(run_path("m.gguf")), ORE_PATH_MISSING);
        assert_int_equal(ore_path_kind_of(run_path("m.gguf.part.gguf")), ORE_PATH_MISSING);
    }
}

/* The file has the weights of the run in another form, whose sums may round otherwise. */
static void assert_near_logits(const char *a, const char *b) {
    write_logits(a, b);
    ore_tensor_file *first = ore_tensor_file_open(run_path("a.npy"));
    ore_tensor_file *second = ore_tensor_file_open(run_path("b.npy"));
    ore_scope_begin();
    ore_tensor *difference =
        ore_sub(ore_tensor_file_tensor(first, "a"), ore_tensor_file_tensor(second, "b"));
    assert_true(ore_item(ore_amax(ore_abs(difference), ORE_ALL, false)) < 1e-6);
    ore_scope_end();
    ore_tensor_file_close(first);
    ore_tensor_file_close(second);
}

/* A run becomes a file that is sampled from, with its tokenizer, quantised or not. */
static void test_run(void **state) {
    (void)state;
    const char *run = run_path("run"), *file = run_path("run.gguf");
    run_oref(&result,
             "train gpt " TINY "--steps 3 --n-embd 32 --activation gelu_tanh --tokenizer bpe:300 "
             "--data %s --out %s",
             text_file(), run);
    assert_int_equal(result.status, 0);
    convert(run, file, "");
    assert_string_equal(result.err, "");
    assert_near_logits(run, file);
    write_text_file(run_path("text"), "It's 12 words\n\n and \xC3\xA9t\xC3\xA9.");
    run_well(&result, "tokenizer encode --tokenizer %s --text %s", run, run_path("text"));
    char *ids = strdup(result.out);
    run_well(&result, "tokenizer encode --tokenizer %s --text %s", file, run_path("text"));
    assert_string_equal(result.out, ids);
    free(ids);
    convert(run, file, "--type f16");
    run_well(&result, "info %s", file);
    expect_said(&result,
                "blk.0.attn_norm.weight    (32,)      float32   128 bytes"); /* vectors stay */
    convert(run, file, "--type q8_0");
    run_well(&result, "info %s", file);
    expect_said(&result, "q8_0");
    expect_said(&result, "tokenizer     composed, ");
    run_well(&result, "sample %s --prompt a --tokens 4 --num 1", file);
}

/* Another activation than the family's is not silently lost. */
static void test_another_activation(void **state) {
    (void)state;
    run_oref(&result, "train gpt " TINY "--steps 1 --data %s --out %s", text_file(),
             run_path("run"));
    assert_int_equal(result.status, 0);
    run_oref(&result, "convert %s %s", run_path("run"), run_path("run.gguf"));
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "ore convert: GGUF has no place for activation gelu\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
        TEST(test_families), TEST(test_no_place), TEST(test_run), TEST(test_another_activation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
