/* test_nanogpt.c: a checkpoint of nanoGPT as a model: golden/nanogpt, which nanogpt_compare.py
 * makes; and model_args that Ore has no place for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "io/zip.h"
#include "models/gpt/nanogpt.h"
#include "models/gpt/parts.h"
#include "support/errors.h"
#include "support/run.h"

#define CHECKPOINT ORE_TEST_DIR "/golden/nanogpt/ckpt.pt"
#define ANSWERS    ORE_TEST_DIR "/golden/nanogpt/answers.safetensors"

static double largest(ore_tensor *x) {
    return ore_item(ore_amax(ore_flatten(ore_abs(x), 0, -1), ORE_DIMS(0), false));
}

/* The logits are torch's, up to 1e-5 of the largest. */
static void test_it_answers_as_torch_does(void **state) {
    gpt_config c;
    gpt model;
    (void)state;
    ore_no_grad_begin();
    assert_int_equal(gpt_published_config(CHECKPOINT, &c), ORE_OK);
    assert_int_equal(c.bias, 0);
    assert_int_equal(c.block_size, 16);
    assert_true(c.dropout == 0.1);
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    ore_module_eval(&model.module);
    assert_int_equal(gpt_published_load(&model, CHECKPOINT), ORE_OK);
    assert_ptr_equal(model.lm_head.weight, model.wte.weight);
    ore_safetensors *file = ore_safetensors_open(ANSWERS);
    ore_tensor *ids = ore_safetensors_tensor(file, "ids"); /* (T) */
    ore_tensor *want = ore_safetensors_tensor(file, "logits");
    ore_tensor *logits = ore_select(gpt_forward(&model, ore_unsqueeze(ids, 0)), 0, 0);
    double off = largest(ore_sub(logits, want)), most = largest(want);
    assert_true(ore_ok());
    assert_true(off <= 1e-5 * most);
    ore_safetensors_close(file);
    gpt_free(&model);
    ore_no_grad_end();
}

/* ---- model_args ---- */

#define TEXT(length, text)      "X" length "\0\0\0" text
#define NUMBER(length, key, of) TEXT(length, key) "K" of
#define SIZES                                                                                      \
    NUMBER("\7", "n_layer", "\1")                                                                  \
    NUMBER("\6", "n_head", "\2")                                                                   \
    NUMBER("\6", "n_embd", "\4")                                                                   \
    NUMBER("\x0a", "block_size", "\10")
#define VOCABULARY       NUMBER("\x0a", "vocab_size", "\5")
#define CHECK_POINT(all) "\x80\2}" TEXT("\x0a", "model_args") "}(" all "us."

/* Reads the config of a checkpoint that is this pickle alone. */
static ore_status read_pickle(const char *pickle, size_t bytes, gpt_config *c) {
    ore_zip_writer zip;
    const char *path = run_path("c.pt");
    ore_zip_writer_open(&zip, path);
    ore_zip_writer_put(&zip, "c/data.pkl", NULL, 0, pickle, bytes);
    assert_int_equal(ore_zip_writer_commit(&zip), ORE_OK);
    return gpt_published_config(path, c);
}

static void test_fields_that_are_missing(void **state) {
    static const char whole[] = CHECK_POINT(SIZES VOCABULARY);
    gpt_config c;
    gpt model;
    (void)state;
    assert_int_equal(read_pickle(whole, sizeof whole - 1, &c), ORE_OK);
    assert_int_equal(c.n_embd, 4);
    assert_int_equal(c.vocab_size, 5);
    assert_int_equal(c.bias, 1);
    assert_true(c.dropout == 0);
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    gpt_published_load(&model, run_path("c.pt"));
    assert_error(ORE_DATA, "model._orig_mod.transformer.wte.weight: missing");
    gpt_free(&model);
}

#define CASE(pickle, status, message)                                                              \
    { pickle, sizeof pickle - 1, status, message }

static void test_wrong_fields_are_named(void **state) {
    static const struct {
        const char *pickle;
        size_t bytes;
        ore_status status;
        const char *message;
    } cases[] = {
        CASE(CHECK_POINT(SIZES), ORE_DATA, "c.pt: vocab_size: missing"),
        CASE(CHECK_POINT(SIZES VOCABULARY NUMBER("\x9", "n_kv_head", "\1")), ORE_UNSUPPORTED,
             "c.pt: n_kv_head: a key that Ore does not know of nanoGPT"),
        CASE(CHECK_POINT(SIZES VOCABULARY TEXT("\4", "bias") "]"), ORE_UNSUPPORTED,
             "c.pt: bias: an object or an array is nothing that Ore has"),
        CASE(CHECK_POINT(SIZES VOCABULARY TEXT("\6", "n_head") "K\3"), ORE_DATA, "n_head 3"),
        CASE(CHECK_POINT(SIZES VOCABULARY TEXT("\6", "n_embd") TEXT("\1", "x")), ORE_DATA,
             "n_embd x"),
    };
    gpt_config c;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_pickle(cases[i].pickle, cases[i].bytes, &c), cases[i].status);
        assert_error(cases[i].status, cases[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_answers_as_torch_does, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(test_fields_that_are_missing, run_setup, run_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_fields_are_named, run_setup, run_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
