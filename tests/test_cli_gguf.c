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
    write_text_file(run_path("ids"), "1 5 7 10 3 9 0 4 2 8 8 1 6 3 0 7");
    run_well(&result, "logits %s --ids %s --out %s", a, run_path("ids"), run_path("a.npy"));
    run_well(&result, "logits %s --ids %s --out %s", b, run_path("ids"), run_path("b.npy"));
}

/* Both give the same logits, bit by bit. */
static void assert_same_logits(const char *a, const char *b) {
    write_logits(a, b);
    assert_same_file(run_path("a.npy"), run_path("b.npy"));
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

/* Weights and what is said of them come back from GGUF as they were. */
static void test_families(void **state) {
    (void)state;
    static const char *const families[] = {"gpt2", "llama", "mistral", "qwen2", "qwen3", "phi3"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const char *file = run_path("m.gguf");
        convert(golden(families[i]), file, "");
        assert_non_null(strstr(result.err, "the file has no tokenizer"));
        assert_same_logits(golden(families[i]), file);
    }
}

/* Makes a run of a model like Llama, with its tokenizer, a file and a folder of that. */
static ore_json *config_after(const char *options) {
    const char *run = run_path("run"), *file = run_path("m.gguf"), *back = run_path("back");
    run_oref(&result,
             "train gpt " TINY "--steps 1 --norm-kind rms --positions rotary --mlp gated "
             "--activation silu --no-fused-qkv --no-bias --tokenizer bpe:300 %s --data %s --out %s "
             "--force",
             options, text_file(), run);
    assert_int_equal(result.status, 0);
    convert(run, file, "");
    assert_string_equal(result.err, "");
    convert(file, back, "--force");
    assert_near_logits(run, back);
    run_well(&result, "info %s", file);
    ore_json *json = ore_json_load(run_path("back/config.json"));
    assert_non_null(json);
    return json;
}

/* Of Llama 3's rotary positions a file has a factor for each frequency, as llama.cpp writes it,
 * from which the numbers are found again; of Mistral's window the key. */
static void test_llamas(void **state) {
    (void)state;
    int64_t number = 0;
    double factor = 0;
    ore_json *json =
        config_after("--n-embd 32 --rope-scaling llama3 --rope-factor 32 --rope-original 64");
    expect_said(&result, "rope_freqs.weight");
    assert_string_equal(ore_json_get_string(json, "model_type"), "llama");
    ore_json *scaling = ore_json_get_object(json, "rope_scaling");
    assert_string_equal(ore_json_get_string(scaling, "rope_type"), "llama3");
    ore_json_get_int(scaling, "original_max_position_embeddings", &number);
    ore_json_get_double(scaling, "factor", &factor);
    assert_true(number == 64 && factor == 32);
    ore_json_free(json);
    json = config_after("--window 9");
    expect_said(&result, "llama.attention.sliding_window");
    assert_string_equal(ore_json_get_string(json, "model_type"), "mistral");
    ore_json_get_int(json, "sliding_window", &number);
    assert_int_equal(number, 9);
    ore_json_free(json);
    json =
        config_after("--rope-scaling yarn --rope-factor 4 --rope-original 8 --rope-beta-fast 24");
    scaling = ore_json_get_object(json, "rope_scaling");
    ore_json_get_double(scaling, "beta_fast", &factor);
    assert_true(factor == 24);
    ore_json_free(json);
}

/* A file goes back to a folder with its chat template, without a tokenizer where it has none. */
static void test_back_to_a_folder(void **state) {
    (void)state;
    const char *run = run_path("run"), *file = run_path("m.gguf"), *back = run_path("back");
    run_oref(&result, "train gpt " TINY "--steps 1 --tokenizer bpe:300 --data %s --out %s",
             text_file(), run);
    write_text_file(run_path("run/chat_template.jinja"), "{{ messages }}\n");
    convert(run, file, "");
    convert(file, back, "");
    assert_string_equal(result.err, "");
    assert_same_file(run_path("run/chat_template.jinja"), run_path("back/chat_template.jinja"));
    run_well(&result, "info %s --template", back);
    assert_string_equal(result.out, "{{ messages }}\n\n");
    run_well(&result, "info %s --template", file);
    assert_string_equal(result.out, "{{ messages }}\n\n");
    run_well(&result, "sample %s --prompt a --tokens 2 --num 1", back);
    convert(golden("qwen3"), file, "");
    convert(file, run_path("bare"), "");
    assert_string_equal(result.err,
                        "ore convert: the folder has no tokenizer: the file has none\n");
    assert_same_logits(golden("qwen3"), run_path("bare"));
}

/* A golden model whose config.json has another text in a place. */
static const char *changed(const char *family, const char *from, const char *to) {
    static const char *const names[] = {"config.json", "model.safetensors"};
    char path[600];
    size_t bytes;
    ore_folder_make(run_path("changed"));
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", golden(family), names[i]);
        char *data = read_file(path, &bytes), *at = i == 0 ? strstr(data, from) : NULL;
        FILE *file =
            fopen(run_path(i == 0 ? "changed/config.json" : "changed/model.safetensors"), "wb");
        assert_true(file && (at || i == 1));
        size_t before = at ? (size_t)(at - data) : bytes;
        fwrite(data, 1, before, file);
        if (at) {
            fputs(to, file);
            fwrite(at + strlen(from), 1, bytes - before - strlen(from), file);
        }
        fclose(file);
        free(data);
    }
    return run_path("changed");
}

static void test_no_place(void **state) {
    (void)state;
    static const struct {
        const char *family, *message;
    } cases[] = {
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
    run_oref(&result, "convert %s %s",
             changed("llama", "\"low_freq_factor\": 1.0", "\"low_freq_factor\": 2.0"),
             run_path("m.gguf"));
    assert_non_null(strstr(result.err, "ore convert: GGUF has no place for rope_"));
    run_oref(&result, "convert %s %s",
             changed("qwen3", "\"rope_type\": \"default\"",
                     "\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, "
                     "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 16"),
             run_path("m.gguf"));
    assert_non_null(
        strstr(result.err, "ore convert: GGUF's qwen3 has no place for rope_scaling llama3\n"));
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

/* Another activation than the architecture's is a key, of which other readers may not know. */
static void test_another_activation(void **state) {
    (void)state;
    static const char *const words[] = {"gelu", "relu", "silu"};
    for (int i = 0; i < 3; i++) {
        run_oref(&result, "train gpt " TINY "--steps 1 --activation %s --data %s --out %s --force",
                 words[i], text_file(), run_path("run"));
        assert_int_equal(result.status, 0);
        convert(run_path("run"), run_path("run.gguf"), "");
        char note[128];
        snprintf(note, sizeof note, "ore convert: gpt2.hidden_activation %s: ", words[i]);
        assert_non_null(strstr(result.err, note));
        assert_near_logits(run_path("run"), run_path("run.gguf"));
    }
    convert(golden("gpt2"), run_path("run.gguf"), "");
    assert_null(strstr(result.err, "hidden_activation"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
        TEST(test_families), TEST(test_llamas), TEST(test_back_to_a_folder),
        TEST(test_no_place), TEST(test_run),    TEST(test_another_activation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
