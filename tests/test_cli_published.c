/* test_cli_published.c: models that others made, by the commands: logits, convert, train --init,
 * sample; and runs as folders of Hugging Face. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/tensor_file.h>

#include "support/run.h"

#define LLAMA ORE_TEST_DIR "/golden/hf/llama"
#define IDS   "1, 2 3\n10 0"

static child_result result;

/* ---- logits ---- */

static ore_shape shape_in(const char *path, const char *name) {
    ore_tensor_file *file = ore_tensor_file_open(path);
    const ore_tensor_entry *entry = ore_tensor_file_find(file, name);
    assert_non_null(entry);
    assert_int_equal(entry->coding, ORE_CODING_FLOAT32);
    ore_shape shape = entry->shape;
    ore_tensor_file_close(file);
    return shape;
}

static void test_logits_are_an_array(void **state) {
    (void)state;
    write_text_file(run_path("ids"), IDS);
    run_well(&result, "logits " LLAMA " --ids %s --out %s --hidden %s", run_path("ids"),
             run_path("o.npz"), run_path("h.npz"));
    assert_true(ore_shape_equal(shape_in(run_path("o.npz"), "logits"), ORE_SHAPE(5, 11)));
    assert_true(ore_shape_equal(shape_in(run_path("h.npz"), "hidden"), ORE_SHAPE(4, 5, 8)));
    expect_failure(&result, 1, "ore logits: o.txt: expected a name that ends in .npy or .npz",
                   "logits " LLAMA " --ids %s --out o.txt", run_path("ids"));
    expect_failure(&result, 1, "ore logits: h.txt: expected a name that ends in .npy or .npz",
                   "logits " LLAMA " --ids %s --out %s --hidden h.txt", run_path("ids"),
                   run_path("new.npy"));
    expect_failure(&result, 1,
                   "ore logits: same.npz: the file of both --out and --hidden; expected two",
                   "logits " LLAMA " --ids %s --out same.npz --hidden same.npz", run_path("ids"));
    assert_int_equal(ore_path_kind_of(run_path("new.npy")), ORE_PATH_MISSING);
}

static void test_wrong_ids_are_named(void **state) {
    char line[600];
    const char *ids = run_path("ids");
    (void)state;
    write_text_file(ids, "1 11");
    snprintf(line, sizeof line, "ore logits: %s: id 11, expected 0 to 10", ids);
    expect_failure(&result, 1, line, "logits " LLAMA " --ids %s --out o.npy", ids);
    write_text_file(ids, "1 two");
    snprintf(line, sizeof line, "ore logits: %s: two: expected whole numbers", ids);
    expect_failure(&result, 1, line, "logits " LLAMA " --ids %s --out o.npy", ids);
    write_text_file(ids, "");
    snprintf(line, sizeof line, "ore logits: %s: 0 tokens, expected 1 to 64", ids);
    expect_failure(&result, 1, line, "logits " LLAMA " --ids %s --out o.npy", ids);
    expect_failure(&result, 1, "ore logits: expected --out FILE.npy, --hidden FILE.npz, or both",
                   "logits " LLAMA " --ids %s", ids);
    expect_failure(&result, 1, "ore logits: expected either --text FILE or --ids FILE",
                   "logits " LLAMA " --out o.npy");
}

/* A folder of Hugging Face that does not say what it is. */
static void test_a_missing_type_is_named(void **state) {
    static const char *const configs[][2] = {
        {"{\"architectures\": [\"LlamaForCausalLM\"]}", "missing"},
        {"{\"model_type\": 3}", "no string"}};
    char line[600];
    (void)state;
    assert_int_equal(ore_folder_make(run_path("untyped")), ORE_OK);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        write_text_file(run_path("untyped/config.json"), configs[i][0]);
        snprintf(line, sizeof line,
                 "ore logits: %s: model_type: %s, expected a string, as \"llama\"",
                 run_path("untyped/config.json"), configs[i][1]);
        expect_failure(&result, 1, line, "logits %s --ids %s --out o.npy", run_path("untyped"),
                       run_path("ids"));
    }
}

/* ---- runs and folders ---- */

static char *model_type_of(const char *folder, char *text) {
    char path[600];
    snprintf(path, sizeof path, "%s/config.json", folder);
    ore_json *json = ore_json_load(path);
    assert_non_null(json);
    snprintf(text, 64, "%s", ore_json_get_string(json, "model_type"));
    ore_json_free(json);
    return text;
}

/* The logits of two models for the same ids have the same bits. */
static void assert_same_logits(const char *a, const char *b) {
    write_text_file(run_path("few"), "1 2 0 3 2");
    run_well(&result, "logits %s --ids %s --out %s", a, run_path("few"), run_path("a.npy"));
    run_well(&result, "logits %s --ids %s --out %s", b, run_path("few"), run_path("b.npy"));
    assert_same_file(run_path("a.npy"), run_path("b.npy"));
}

static void test_a_run_becomes_a_folder(void **state) {
    static const char *const forms[][2] = {
        {"--no-bias", "gpt2"},
        {"--norm-kind rms --positions rotary --mlp gated --activation silu --no-fused-qkv "
         "--no-bias --n-kv-head 1",
         "llama"},
    };
    char type[64];
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *run = run_path("run"), *folder = run_path("folder");
        run_well(&result, "train gpt " TINY "--steps 2 %s --data %s --out %s --force", forms[i][0],
                 text_file(), run);
        run_well(&result, "convert %s %s --force", run, folder);
        assert_string_equal(model_type_of(folder, type), forms[i][1]);
        assert_same_logits(run, folder);
        run_well(&result, "sample %s --prompt a --tokens 5", folder);
        run_well(&result, "convert %s %s --force --shard-gb 2e-6", run, run_path("shards"));
        assert_int_equal(ore_path_kind_of(run_path("shards/model.safetensors.index.json")),
                         ORE_PATH_FILE);
        assert_same_logits(run, run_path("shards"));
    }
    run_oref(&result, "convert %s %s", run_path("run"), run_path("folder"));
    assert_non_null(strstr(result.err, "holds files; --force replaces those of the same names"));
    run_oref(&result, "convert %s %s --force", run_path("run"), run_path("run"));
    assert_non_null(
        strstr(result.err, "holds a run, which the files of a folder would damage; expected "));
    static const char *const of_run[] = {"run/model.safetensors", "run/best.safetensors",
                                         "run/current/model.safetensors"};
    for (size_t i = 0; i < sizeof of_run / sizeof *of_run; i++) {
        run_oref(&result, "convert %s %s --dtype bf16", run_path("run/model.safetensors"),
                 run_path(of_run[i]));
        assert_int_equal(result.status, 1);
        assert_non_null(strstr(result.err, "belongs to a run, which it would damage; expected "));
    }
    run_well(&result, "convert %s %s", run_path("run/model.safetensors"),
             run_path("run/copy.safetensors"));
    run_well(&result, "sample %s --tokens 5", run_path("run"));
    run_well(&result, "train gpt " TINY "--steps 2 --norm post --data %s --out %s --force",
             text_file(), run_path("run"));
    run_oref(&result, "convert %s %s", run_path("run"), run_path("other"));
    assert_non_null(strstr(result.err, "no family of Hugging Face has a place for this config"));
}

/* ---- the dial ---- */

static void test_depth_sets_the_rest(void **state) {
    (void)state;
    run_well(&result,
             "train gpt --depth 12 --batch-size 12 --accumulate 40 --block-size 1024 "
             "--data %s --print-config",
             text_file());
    expect_said(&result, "\"n_layer\": 12");
    expect_said(&result, "\"n_head\": 12");
    expect_said(&result, "\"n_embd\": 768");
    expect_said(&result, "\"lr\": 0.0006,");
    /* 20 * 12 * 12 * 768^2 tokens of 491,520 a step */
    expect_said(&result, "\"steps\": 3456");
    run_well(&result, "train gpt --depth 3 --lr 0.01 --n-head 4 --data %s --print-config",
             text_file());
    expect_said(&result, "\"n_embd\": 192");
    expect_said(&result, "\"n_head\": 4");
    expect_said(&result, "\"lr\": 0.01");
    expect_failure(&result, 2, "ore train: --depth: the model mlp has no n_head",
                   "train mlp --depth 3 --data %s", text_file());
}

/* ---- training on ---- */

static void test_a_run_goes_on_from_a_model(void **state) {
    char type[64];
    const char *text = run_path("abc"), *run = run_path("run");
    (void)state;
    write_text_file(text, "abcabdacbdabcadbcabdcabcdbacdbacbdacbdabcdabcdabdcabcdbacbdacbdabcd"
                          "abcabdacbdabcadbcabdcabcdbacdbacbdacbdabcdabcdabdcabcdbacbdacbdabcd");
    run_well(&result,
             "train gpt --init " LLAMA " --tokenizer char --block-size 8 --batch-size 2 --steps 4 "
             "--eval-interval 2 --eval-batches 1 --lr 1e-9 --data %s --out %s --stop-at 2",
             text, run);
    run_well(&result, "convert %s %s", run, run_path("folder"));
    assert_string_equal(model_type_of(run_path("folder"), type), "llama");
    run_well(&result, "train --resume --out %s", run);
    run_well(&result,
             "train gpt --init %s --block-size 8 --batch-size 2 --steps 1 --eval-interval 1 "
             "--eval-batches 1 --warmup-steps 0 --data %s --out %s",
             run, text, run_path("second"));
    expect_failure(&result, 2, "ore train: --depth 2: the sizes are those of the model of --init",
                   "train gpt --init %s --depth 2 --data %s", run, text);
    expect_failure(&result, 1, "ore train: --init no-such: there is no such run, folder or file",
                   "train gpt --init no-such --data %s", text);
    run_oref(&result,
             "train gpt --init " LLAMA " --n-embd 16 --block-size 8 --tokenizer char "
             "--data %s --out %s",
             text, run_path("third"));
    assert_non_null(strstr(result.err, "model.embed_tokens.weight: a shape of (11, 8), expected "
                                       "(11, 16) by the config"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_logits_are_an_array, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_ids_are_named, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_missing_type_is_named, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_run_becomes_a_folder, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_depth_sets_the_rest, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_a_run_goes_on_from_a_model, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
