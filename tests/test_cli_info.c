/* test_cli_info.c: `ore info` and `ore convert`. */
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
#include <ore/view.h>

#include "support/run.h"

static child_result result;

/* Three layers of two tensors and one beside them, with a note. */
static const char *model_file(const char *name) {
    enum { TENSORS = 7 };
    static char names[TENSORS][32];
    ore_tensor_item items[TENSORS];
    ore_scope_begin();
    ore_tensor *w = ore_reshape(ore_arange(0, 128, 1, ORE_FLOAT32), ORE_SHAPE(2, 64));
    for (int i = 0; i < TENSORS - 1; i += 2) {
        snprintf(names[i], sizeof *names, "h.%d.weight", i / 2);
        snprintf(names[i + 1], sizeof *names, "h.%d.bias", i / 2);
        items[i] = (ore_tensor_item){names[i], ORE_SHAPE(2, 64), ORE_CODING_FLOAT32, w};
        items[i + 1] =
            (ore_tensor_item){names[i + 1], ORE_SHAPE(64), ORE_CODING_FLOAT32, ore_select(w, 0, 0)};
    }
    items[TENSORS - 1] = (ore_tensor_item){"head", ORE_SHAPE(2, 64), ORE_CODING_FLOAT16, w};
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_json_object_new();
    ore_json_set_string(o.metadata, "general.architecture", "gpt2");
    ore_json_set_string(o.metadata, "tokenizer.chat_template", "{% for m in messages %}\n{{ m }}");
    ore_json_set_double(o.metadata, "gpt2.eps", 1e-5);
    ore_json *values = ore_json_set_array(o.metadata, "values");
    for (int i = 0; i < 20; i++)
        ore_json_add_int(values, i);
    const char *path = run_path(name);
    assert_int_equal(ore_tensor_file_write(path, items, TENSORS, &o), ORE_OK);
    ore_json_free(o.metadata);
    ore_scope_end();
    return path;
}

static void test_info(void **state) {
    (void)state;
    const char *path = model_file("m.gguf");
    run_well(&result, "info %s", path);
    expect_said(&result, "format        GGUF\n"
                         "tensors       7 tensors, 704 elements, 2.6 kB\n"
                         "  float32     6 tensors, 576 elements, 2.3 kB\n"
                         "  float16     1 tensor, 128 elements, 256 bytes\n"
                         "template      31 bytes; ore info --template prints it\n"
                         "  | {% for m in messages %}\n"
                         "  | {{ m }}\n"
                         "\n"
                         "h.{0-2}.weight  (2, 64)  float32   512 bytes  x 3\n"
                         "h.{0-2}.bias    (64,)    float32   256 bytes  x 3\n"
                         "head            (2, 64)  float16   256 bytes\n"
                         "\n"
                         "metadata\n");
    expect_said(&result, "  values                                20 elements\n");
    expect_said(&result, "  gpt2.eps                              1e-05\n");
    run_well(&result, "info %s --all --check", path);
    expect_said(&result, "not finite    0 values\n");
    expect_said(&result, "h.2.bias    (64,)    float32   256 bytes\n");
    run_well(&result, "info %s --template", path);
    assert_string_equal(result.out, "{% for m in messages %}\n{{ m }}\n");
    run_well(&result, "info %s --json", path);
    ore_json *json = ore_json_parse(result.out, strlen(result.out), "json");
    int64_t tensors = 0;
    ore_json_get_int(json, "tensors", &tensors);
    assert_int_equal(tensors, 7);
    assert_int_equal(ore_json_count(ore_json_get_array(json, "list")), 7);
    assert_string_equal(
        ore_json_get_string(ore_json_get_object(json, "metadata"), "general.architecture"), "gpt2");
    ore_json_free(json);
    assert_true(ore_ok());
}

/* A folder as on Hugging Face: its config and its template; a tokenizer that is none is told. */
static void test_folder(void **state) {
    (void)state;
    model_file("model.safetensors");
    write_text_file(run_path("config.json"), "{\"model_type\": \"gpt2\", \"n_layer\": 3}");
    write_text_file(run_path("tokenizer_config.json"), "{\"chat_template\": \"{{ x }}\"}");
    run_well(&result, "info %s", run_path(""));
    expect_said(&result, "\nconfig.json\n  model_type                            gpt2\n");
    run_well(&result, "info %s --template", run_path(""));
    assert_string_equal(result.out, "{{ x }}\n");
    write_text_file(run_path("chat_template.jinja"), "{{ y }}");
    run_well(&result, "info %s --template", run_path(""));
    assert_string_equal(result.out, "{{ y }}\n");
    write_text_file(run_path("tokenizer.json"), "{}");
    run_oref(&result, "info %s", run_path(""));
    assert_int_equal(result.status, 0);
    assert_non_null(strstr(result.err, "ore info: "));
    expect_said(&result, "7 tensors");
}

/* Names and texts of a file do not command the terminal. */
static void test_controls_are_escaped(void **state) {
    (void)state;
    ore_scope_begin();
    ore_tensor *w = ore_zeros(ORE_SHAPE(2), ORE_FLOAT32);
    ore_tensor_item items[] = {{"a\x1b[2Jb", ORE_SHAPE(2), ORE_CODING_FLOAT32, w},
                               {"n\xc3\xa4me", ORE_SHAPE(2), ORE_CODING_FLOAT32, w}};
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_json_object_new();
    ore_json_set_string(o.metadata, "k\x07y", "v\x1b]0;t\x7f\xc2\x9bx\tc");
    const char *path = run_path("controls.safetensors");
    assert_int_equal(ore_tensor_file_write(path, items, 2, &o), ORE_OK);
    ore_json_free(o.metadata);
    ore_scope_end();
    run_well(&result, "info %s", path);
    expect_said(&result, "\na\\u001B[2Jb  (2,)  float32   8 bytes\n"
                         "n\xc3\xa4me         (2,)  float32   8 bytes\n");
    expect_said(&result,
                "  k\\u0007y                              v\\u001B]0;t\\u007F\\u009Bx\\tc\n");
}

static void test_not_finite(void **state) {
    (void)state;
    static float values[] = {1, NAN, INFINITY, 2};
    ore_scope_begin();
    ore_tensor_item item = {"w", ORE_SHAPE(4), ORE_CODING_BFLOAT16,
                            ore_from_data(values, ORE_SHAPE(4), ORE_FLOAT32)};
    const char *path = run_path("nan.safetensors");
    assert_int_equal(ore_tensor_file_write(path, &item, 1, NULL), ORE_OK);
    ore_scope_end();
    run_well(&result, "info %s --check", path);
    expect_said(&result, "not finite    2 values\n");
    run_well(&result, "convert %s %s --type q8_0", path, run_path("nan.gguf"));
}

static void test_convert(void **state) {
    (void)state;
    const char *source = model_file("m.gguf");
    const char *quantised = run_path("q.gguf"), *plain = run_path("p.safetensors");
    run_well(&result, "convert %s %s --type q8_0", source, quantised);
    expect_said(&result, "q.gguf: 7 tensors, 3 float32, 4 q8_0\n");
    run_well(&result, "convert %s %s --type q6_k", source, quantised);
    expect_said(&result, "q.gguf: 7 tensors, 3 float32, 4 q8_0\n"); /* rows of 64 */
    run_well(&result, "convert %s %s", quantised, run_path("same.gguf"));
    assert_same_file(run_path("same.gguf"), quantised);
    run_well(&result, "convert %s %s", quantised, plain);
    expect_said(&result, "p.safetensors: 7 tensors, 7 float32\n");
    run_well(&result, "convert %s %s", ORE_TEST_DIR "/fuzz/corpus/gguf_tensors/large",
             run_path("large.gguf")); /* blocks that Ore does not encode are copied */
    expect_said(&result, "5 tensors, 1 q2_k, 1 q3_k, 1 q4_k, 1 q5_k, 1 q6_k\n");
    assert_same_file(run_path("large.gguf"), ORE_TEST_DIR "/fuzz/corpus/gguf_tensors/large");
    run_well(&result, "convert %s %s --type f32", source, run_path("a.npz"));
    run_well(&result, "convert %s %s --type f16", run_path("a.npz"), run_path("b.npz"));
    run_well(&result, "convert %s %s --shard-gb 0.000001", source, run_path("s.safetensors"));
    run_well(&result, "info %s", run_path("s.safetensors.index.json"));
    expect_said(&result, "format        safetensors, in 4 files\n");
    ore_tensor_file *a = ore_tensor_file_open(source), *b = ore_tensor_file_open(plain);
    ore_scope_begin();
    ore_tensor *difference = ore_abs(
        ore_sub(ore_tensor_file_tensor(a, "h.1.weight"), ore_tensor_file_tensor(b, "h.1.weight")));
    assert_true(ore_item(ore_amax(difference, ORE_ALL, false)) <=
                0.51); /* half a step of 127 / 127 */
    ore_scope_end();
    ore_tensor_file_close(a);
    ore_tensor_file_close(b);
}

static void test_faults(void **state) {
    (void)state;
    const char *source = model_file("m.gguf");
    expect_failure(&result, 2, "ore info: expected a file of tensors, or a folder", "info");
    expect_failure(&result, 2, "ore convert: expected: ore convert SRC DST", "convert x");
    run_oref(&result, "convert %s x.bin", source);
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "nothing makes x.bin of "));
    run_oref(&result, "convert %s %s --type q9", source, run_path("x.gguf"));
    assert_non_null(strstr(result.err, "--type q9: expected f32, f16"));
    run_oref(&result, "convert %s %s --type q8_0", source, run_path("x.npz"));
    assert_non_null(strstr(result.err, "--type q8_0: only .gguf files have it"));
    write_text_file(run_path("plain.txt"), "no tensors");
    run_oref(&result, "info %s", run_path("plain.txt"));
    assert_int_equal(result.status, 1);
    assert_non_null(strstr(result.err, "plain.txt: no file of tensors that Ore knows"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
        TEST(test_info),       TEST(test_folder),  TEST(test_controls_are_escaped),
        TEST(test_not_finite), TEST(test_convert), TEST(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
