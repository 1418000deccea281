/* test_gguf_vocabs.c: the vocabularies of published models as llama.cpp's sources have them, each
 * with texts and the ids that the model's own tokenizer gives: GGUF files that have only a
 * tokenizer. They come out of PyPI's package llama-cpp-python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ore.h>

#include "support/errors.h"
#include "support/published.h"
#include "text/composed/gguf_patterns.h"
#include "text/composed/split.h"

#define VOCAB(name) "llamacpp/*/vendor/llama.cpp/models/ggml-vocab-" name ".gguf"

static void check_vocab(void **state) {
    char inputs[1100], outputs[1100];
    const char *path = published_file(*state);
    ore_tokenizer *t = ore_tokenizer_load(path);
    if (!t)
        fail_msg("%s", ore_error_message());
    snprintf(inputs, sizeof inputs, "%s.inp", path);
    snprintf(outputs, sizeof outputs, "%s.out", path);
    assert_in_range(expect_published_ids(t, inputs, outputs), 47, 60);
    ore_tokenizer_free(t);
}

/* GPT-NeoX's file was made before files named their pre-tokenizer, which is GPT-2's. The ids are
 * what Hugging Face's tokenizers makes of its tokens and merges with that. */
static void test_a_file_without_a_pattern(void **state) {
    (void)state;
    static const char text[] = "Hello world, it's 1234 spaces\n";
    static const int64_t want[] = {12092, 1533, 13, 352, 434, 1249, 1706, 8470, 187};
    int64_t ids[32];
    enum { COUNT = sizeof want / sizeof *want };
    const char *path = published_file(VOCAB("gpt-neox"));
    assert_null(ore_tokenizer_load(path));
    assert_error(ORE_INVALID, "no tokenizer.ggml.pre, as in files from before llama.cpp wrote it");
    ore_tokenizer *t = ore_tokenizer_load_with(path, &(ore_tokenizer_options){"gpt2"});
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_encode(t, text, strlen(text), ids, 32), COUNT);
    assert_memory_equal(ids, want, sizeof want);
    ore_tokenizer_free(t);
    path = published_file(VOCAB("gpt-2"));
    assert_null(ore_tokenizer_load_with(path, &(ore_tokenizer_options){"gpt2"}));
    assert_error(ORE_INVALID, "a pattern is given, but the file says how it splits texts");
}

static void test_what_ore_lacks(void **state) {
    (void)state;
    assert_null(ore_tokenizer_load(published_file(VOCAB("gemma-4"))));
    assert_error(ORE_UNSUPPORTED, "the tokenizer \"gemma4\", Ore reads gpt2, llama, t5 and bert");
}

/* Every pattern that a name stands for is one that Ore reads. */
static void test_patterns_are_read(void **state) {
    (void)state;
    assert_true(ore_gguf_pre_count > 80);
    for (int i = 0; i < ore_gguf_pre_count; i++) {
        const ore_gguf_pre *pre = ore_gguf_pres + i;
        for (int k = 0; k < ORE_GGUF_PRE_PATTERNS && pre->patterns[k]; k++) {
            ore_stage *stage = ore_split_new(pre->patterns[k], pre->name);
            if (!stage)
                fail_msg("%s", ore_error_message());
            ore_stage_free(stage);
        }
    }
}

#define CASES(name)                                                                                \
    { name, check_vocab, NULL, NULL, VOCAB(name) }

int main(void) {
    const struct CMUnitTest tests[] = {
        CASES("bert-bge"),
        CASES("command-r"),
        CASES("deepseek-coder"),
        CASES("deepseek-llm"),
        CASES("falcon"),
        CASES("gpt-2"),
        CASES("llama-bpe"),
        CASES("llama-spm"),
        CASES("mpt"),
        CASES("phi-3"),
        CASES("qwen2"),
        CASES("qwen35"),
        CASES("refact"),
        CASES("starcoder"),
        cmocka_unit_test(test_a_file_without_a_pattern),
        cmocka_unit_test(test_what_ore_lacks),
        cmocka_unit_test(test_patterns_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
