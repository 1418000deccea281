/* test_tokenizer_trainer.c: tokenizers learned from texts: the tokens of Hugging Face's tokenizers,
 * the same ones for any number of threads, files, round trips, and what is refused. */
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
#include "support/scratch.h"

static const char *const model_names[] = {"bpe", "wordpiece", "unigram"};
enum { MODELS = 3 };

static ore_text *names_text(void) {
    ore_text *text = ore_text_open(ORE_SOURCE_DIR "/data/names.txt", NULL);
    assert_non_null(text);
    return text;
}

/* A tokenizer of one text, and what its trainer says of it (NULL: nothing). */
static ore_tokenizer *learn(const ore_tokenizer_trainer_options *o, const char *text, size_t bytes,
                            ore_tokenizer_trainer_facts *facts) {
    ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(o);
    ore_tokenizer_trainer_add_memory(trainer, text, bytes);
    ore_tokenizer *t = ore_tokenizer_trainer_finish(trainer);
    if (!t)
        fprintf(stderr, "%s\n", ore_error_message());
    assert_non_null(t);
    if (facts)
        *facts = ore_tokenizer_trainer_facts_of(trainer);
    ore_tokenizer_trainer_free(trainer);
    return t;
}

/* ---- published results ---- */

static void assert_token(const ore_tokenizer *t, int64_t id, const char *hex) {
    size_t bytes;
    char text[512] = "";
    const char *token = ore_tokenizer_bytes(t, id, &bytes);
    assert_non_null(token);
    for (size_t i = 0; i < bytes; i++)
        sprintf(text + 2 * i, "%02x", (unsigned)(uint8_t)token[i]);
    assert_string_equal(text, hex);
}

static void test_tokens_are_those_of_tokenizers(void **state) {
    (void)state;
    ore_text *text = names_text();
    ore_tokenizer *learned[2];
    for (int m = 0; m < 2; m++) {
        ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
        o.model = (ore_vocab_model)m;
        o.vocab_size = 10000;
        o.min_frequency = m ? 100 : 40;
        o.lowercase = true;
        ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&o);
        assert_int_equal(ore_tokenizer_trainer_add(trainer, text), ORE_OK);
        learned[m] = ore_tokenizer_trainer_finish(trainer);
        assert_non_null(learned[m]);
        ore_tokenizer_trainer_free(trainer);
    }
    FILE *file = fopen(ORE_TEST_DIR "/golden/tokenizer_trainer.tsv", "r");
    assert_non_null(file);
    char kind[16], hex[256], token[128];
    int64_t next = 256, pieces = 0;
    while (fscanf(file, "%15s %255s", kind, hex) == 2) {
        if (strcmp(kind, "bpe") == 0) {
            assert_token(learned[0], next++, hex);
            continue;
        }
        size_t bytes = strlen(hex) / 2;
        for (size_t i = 0; i < bytes; i++) {
            unsigned byte;
            sscanf(hex + 2 * i, "%2x", &byte);
            token[i] = (char)byte;
        }
        assert_true(ore_tokenizer_id(learned[1], token, bytes) >= 0);
        pieces++;
    }
    fclose(file);
    assert_int_equal(next, ore_tokenizer_size(learned[0]));
    assert_int_equal(pieces, ore_tokenizer_size(learned[1]));
    ore_tokenizer_free(learned[0]);
    ore_tokenizer_free(learned[1]);
    ore_text_close(text);
}

/* ---- the same for any number of threads ---- */

static char *varied_text(size_t *bytes) {
    static const char *const words[] = {"the ",
                                        "running ",
                                        "run, ",
                                        "\xC3\xA9t\xC3\xA9 ",
                                        "\n",
                                        "  ",
                                        "1234 ",
                                        "don't ",
                                        "\xE4\xB8\xAD\xE6\x96\x87",
                                        "(x+y)",
                                        "antidisestablish "};
    enum { TIMES = 60000, WORDS = sizeof words / sizeof *words };
    char *text = malloc(TIMES * 24);
    size_t used = 0;
    uint64_t seed = 5;
    for (int i = 0; i < TIMES; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t r = seed >> 33;
        const char *word = words[r % WORDS];
        if (r % 5 == 0)
            used += (size_t)sprintf(text + used, "w%llux ", (unsigned long long)(r / 7 % 3000));
        memcpy(text + used, word, strlen(word));
        used += strlen(word);
    }
    *bytes = used;
    return text;
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    size_t bytes;
    char *text = varied_text(&bytes);
    int before = ore_num_threads();
    for (int m = 0; m < MODELS; m++) {
        ore_digest first = {0};
        for (int threads = 1; threads <= 5; threads += 2) {
            ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
            o.model = (ore_vocab_model)m;
            o.vocab_size = 900;
            assert_int_equal(ore_set_num_threads(threads), ORE_OK);
            ore_tokenizer *t = learn(&o, text, bytes, NULL);
            ore_digest digest = ore_tokenizer_digest(t);
            if (threads == 1)
                first = digest;
            if (!ore_digest_equal(first, digest))
                fail_msg("%s: %d threads learn another vocabulary", model_names[m], threads);
            ore_tokenizer_free(t);
        }
    }
    ore_set_num_threads(before);
    free(text);
}

static void test_order_of_texts_changes_nothing(void **state) {
    (void)state;
    static const char *const texts[] = {"one two two three", " three three two", "one\n",
                                        "two one"};
    for (int m = 0; m < MODELS; m++) {
        ore_tokenizer *learned[2];
        for (int order = 0; order < 2; order++) {
            ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
            o.model = (ore_vocab_model)m;
            o.vocab_size = 300;
            ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&o);
            for (int i = 0; i < 4; i++) {
                const char *text = texts[order ? 3 - i : i];
                ore_tokenizer_trainer_add_memory(trainer, text, strlen(text));
            }
            learned[order] = ore_tokenizer_trainer_finish(trainer);
            assert_non_null(learned[order]);
            ore_tokenizer_trainer_free(trainer);
        }
        assert_true(ore_tokenizer_equal(learned[0], learned[1]));
        ore_tokenizer_free(learned[0]);
        ore_tokenizer_free(learned[1]);
    }
}

/* ---- texts and files ---- */

static void assert_round_trip(const ore_tokenizer *t, const char *text, size_t bytes) {
    int64_t *ids = malloc((bytes + 1) * sizeof *ids);
    char *back = malloc(bytes + 1);
    int64_t count = ore_tokenizer_encode(t, text, bytes, ids, (int64_t)bytes + 1);
    assert_true(count >= 0);
    assert_int_equal(ore_tokenizer_decode(t, ids, count, back, bytes + 1), bytes);
    assert_memory_equal(back, text, bytes);
    free(ids);
    free(back);
}

static void test_round_trips(void **state) {
    (void)state;
    size_t bytes;
    char *text = varied_text(&bytes), noise[4096];
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.vocab_size = 1000;
    ore_tokenizer *bpe = learn(&o, text, bytes, NULL);
    o.model = ORE_VOCAB_UNIGRAM;
    ore_tokenizer *unigram = learn(&o, text, bytes, NULL);
    uint32_t seed = 3;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)((seed = seed * 1664525u + 1013904223u) >> 24);
    assert_round_trip(bpe, noise, sizeof noise);
    assert_round_trip(bpe, text, bytes);
    assert_round_trip(unigram, text, bytes);
    ore_tokenizer_free(bpe);
    ore_tokenizer_free(unigram);
    free(text);
}

static void test_files(void **state) {
    (void)state;
    size_t bytes;
    char *text = varied_text(&bytes);
    for (int m = 0; m < MODELS; m++) {
        static const char *const specials[] = {"[CLS]", "[SEP]", "a b", "[UNK]", "<unk>", "\n"};
        ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
        o.model = (ore_vocab_model)m;
        o.vocab_size = 700;
        o.special_tokens = specials;
        o.special_count = 6;
        ore_tokenizer *t = learn(&o, text, bytes, NULL);
        assert_int_equal(ore_tokenizer_save(t, scratch_path("trained.json")), ORE_OK);
        ore_tokenizer *read = ore_tokenizer_load(scratch_path("trained.json"));
        assert_non_null(read);
        assert_true(ore_tokenizer_equal(t, read));
        for (int i = 0; i < 6; i++)
            assert_int_equal(ore_tokenizer_special(read, specials[i]), i);
        int64_t ids[2][64];
        static const char sample[] = "the running\xC3\xA9t\xC3\xA9[SEP]run a b, w17x\n";
        int64_t count = ore_tokenizer_encode(t, sample, sizeof sample - 1, ids[0], 64);
        assert_int_equal(ore_tokenizer_encode(read, sample, sizeof sample - 1, ids[1], 64), count);
        assert_true(count > 5 && count <= 64);
        assert_memory_equal(ids[0], ids[1], (size_t)count * sizeof **ids);
        int found = 0;
        for (int64_t i = 0; i < count; i++)
            found |= ids[0][i] == 1 ? 1 : ids[0][i] == 2 ? 2 : 0;
        assert_int_equal(found, 3);
        assert_int_equal(ids[0][count - 1], 5);
        ore_tokenizer_free(t);
        ore_tokenizer_free(read);
    }
    free(text);
}

/* Special tokens are no part of what is learned. */
static void test_special_tokens_in_texts(void **state) {
    (void)state;
    static const char *const specials[] = {"<|endoftext|>"};
    char text[2000] = "";
    for (int i = 0; i < 100; i++)
        strcat(text, "ab<|endoftext|>");
    for (int with = 0; with < 2; with++) {
        ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
        o.special_tokens = specials;
        o.special_count = with;
        ore_tokenizer *t = learn(&o, text, strlen(text), NULL);
        int64_t ids[400], count = ore_tokenizer_encode(t, text, strlen(text), ids, 400);
        assert_int_equal(ore_tokenizer_size(t), with ? 1 + 256 + 1 : 256 + 1 + 8 + 2);
        assert_int_equal(count, with ? 200 : 400);
        ore_tokenizer_free(t);
    }
}

/* ---- how a text is split ---- */

static int64_t tokens_with(const char *pattern, const char *text) {
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.pattern = pattern;
    ore_tokenizer *t = learn(&o, text, strlen(text), NULL);
    int64_t count = ore_tokenizer_encode(t, text, strlen(text), NULL, 0);
    ore_tokenizer_free(t);
    return count;
}

static void test_patterns(void **state) {
    (void)state;
    const char *text = "ab ab, ab ab, ab ab, ab ab, 2024 2024";
    assert_int_equal(tokens_with("gpt2", text), 4 * 3 + 2);
    assert_int_equal(tokens_with("cl100k", text), 4 * 3 + 6); /* " ", "202", "4" */
    assert_int_equal(tokens_with("[a-z]+|[^a-z]+", text), 8 + 4 + 3 + 4);
    assert_true(tokens_with("none", text) < 12);
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.pattern = "(";
    assert_null(ore_tokenizer_trainer_new(&o));
    assert_error(ORE_DATA, "missing closing parenthesis");
}

/* ---- sizes ---- */

static void test_tokens_by_size(void **state) {
    (void)state;
    size_t bytes;
    char *text = varied_text(&bytes);
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.vocab_size = 800;
    ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&o);
    ore_tokenizer_trainer_add_memory(trainer, text, bytes);
    ore_tokenizer *t = ore_tokenizer_trainer_finish(trainer);
    ore_tokenizer_trainer_facts f = ore_tokenizer_trainer_facts_of(trainer);
    assert_int_equal(f.bytes, bytes);
    assert_int_equal(f.first_tokens, bytes);
    assert_int_equal(f.tokens, ore_tokenizer_encode(t, text, bytes, NULL, 0));
    assert_int_equal(ore_tokenizer_trainer_tokens(trainer, 256), bytes);
    assert_int_equal(ore_tokenizer_trainer_tokens(trainer, 800), f.tokens);
    assert_int_equal(ore_tokenizer_trainer_tokens(trainer, 255), -1);
    assert_int_equal(ore_tokenizer_trainer_tokens(trainer, 801), -1);
    o.vocab_size = 400;
    ore_tokenizer *smaller = learn(&o, text, bytes, NULL);
    assert_int_equal(ore_tokenizer_trainer_tokens(trainer, 400),
                     ore_tokenizer_encode(smaller, text, bytes, NULL, 0));
    for (int64_t id = 0; id < 400; id++) {
        size_t a, b;
        const char *x = ore_tokenizer_bytes(t, id, &a), *y = ore_tokenizer_bytes(smaller, id, &b);
        assert_true(a == b && memcmp(x, y, a) == 0);
    }
    ore_tokenizer_free(smaller);
    ore_tokenizer_free(t);
    ore_tokenizer_trainer_free(trainer);
    free(text);
}

/* The beginning of a vocabulary is what a smaller one would have been. */
static void test_smaller_ones(void **state) {
    (void)state;
    size_t bytes;
    char *text = varied_text(&bytes);
    const char *const specials[] = {"<|endoftext|>", "[CLS]", "[SEP]"};
    for (int model = ORE_VOCAB_BPE; model <= ORE_VOCAB_WORDPIECE; model++) {
        ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
        o.model = (ore_vocab_model)model;
        o.vocab_size = 800;
        o.special_tokens = specials;
        o.special_count = 3;
        ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&o);
        ore_tokenizer_trainer_add_memory(trainer, text, bytes);
        ore_tokenizer *t = ore_tokenizer_trainer_finish(trainer);
        ore_tokenizer *same = ore_tokenizer_trainer_smaller(trainer, t, 800);
        assert_true(ore_tokenizer_equal(t, same));
        ore_tokenizer_free(same);
        o.vocab_size = 400;
        ore_tokenizer *learned = learn(&o, text, bytes, NULL);
        ore_tokenizer *smaller = ore_tokenizer_trainer_smaller(trainer, t, 400);
        assert_true(ore_tokenizer_equal(learned, smaller));
        ore_tokenizer_free(learned);
        ore_tokenizer_free(smaller);
        assert_null(ore_tokenizer_trainer_smaller(trainer, t, 801));
        assert_error(ORE_INVALID, "vocab_size 801, expected ");
        assert_null(ore_tokenizer_trainer_smaller(trainer, t, 20));
        assert_error(ORE_INVALID, " to 800");
        ore_tokenizer_free(t);
        ore_tokenizer_trainer_free(trainer);
    }
    free(text);
}

static void test_unigram_size_and_quality(void **state) {
    (void)state;
    size_t bytes;
    char *text = varied_text(&bytes);
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.model = ORE_VOCAB_UNIGRAM;
    int64_t before = (int64_t)bytes;
    for (o.vocab_size = 60; o.vocab_size <= 960; o.vocab_size *= 4) {
        ore_tokenizer *t = learn(&o, text, bytes, NULL);
        int64_t tokens = ore_tokenizer_encode(t, text, bytes, NULL, 0);
        assert_int_equal(ore_tokenizer_size(t), o.vocab_size);
        assert_true(tokens < before);
        assert_int_equal(ore_tokenizer_special(t, "<unk>"), 0);
        before = tokens;
        ore_tokenizer_free(t);
    }
    o.vocab_size = 30;
    o.alphabet_size = 10;
    ore_tokenizer *t = learn(&o, text, bytes, NULL);
    assert_true(ore_tokenizer_id(t, "t", 1) > 0);
    assert_int_equal(ore_tokenizer_id(t, "(", 1), -1);
    ore_tokenizer_free(t);
    free(text);
}

/* A word that is too long to be summed over as a whole is learned from in parts of 4,192 bytes at
 * most, between characters. */
static void test_unigram_of_a_long_word(void **state) {
    (void)state;
    enum { LONGEST = 4192, BYTES = 3 * LONGEST + 100 };
    static char word[BYTES + 4];
    size_t used = 0;
    uint32_t random = 3;
    while (used < BYTES) {
        random = random * 1664525u + 1013904223u;
        const char letter[] = {(char)('a' + (random >> 20) % 9), 0};
        const char *c = random >> 29 ? letter : "\xC3\xA9";
        memcpy(word + used, c, strlen(c));
        used += strlen(c);
    }
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    o.model = ORE_VOCAB_UNIGRAM;
    o.vocab_size = 300;
    ore_tokenizer *whole = learn(&o, word, used, NULL);
    ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&o);
    for (size_t at = 0, n; at < used; at += n) {
        n = used - at < LONGEST ? used - at : LONGEST;
        n -= n == LONGEST && ((unsigned char)word[at + n] & 0xC0) == 0x80;
        ore_tokenizer_trainer_add_memory(trainer, word + at, n);
    }
    ore_tokenizer *parts = ore_tokenizer_trainer_finish(trainer);
    assert_non_null(parts);
    assert_true(ore_tokenizer_equal(whole, parts));
    ore_tokenizer_free(whole);
    ore_tokenizer_free(parts);
    ore_tokenizer_trainer_free(trainer);
}

/* ---- what is refused ---- */

static void assert_refused(const ore_tokenizer_trainer_options *o, const char *message) {
    assert_null(ore_tokenizer_trainer_new(o));
    assert_error(ORE_INVALID, message);
}

static void test_options_that_cannot_be(void **state) {
    (void)state;
    const ore_tokenizer_trainer_options good = ore_tokenizer_trainer_defaults();
    ore_tokenizer_trainer_options o = good;
    o.model = (ore_vocab_model)7;
    assert_refused(&o, "tokenizer: model 7, expected 0 to 2");
    o = good;
    o.vocab_size = 255;
    assert_refused(&o, "tokenizer: vocab_size 255, expected 256 to 16777216");
    o.vocab_size = INT64_MAX;
    assert_refused(&o, "tokenizer: vocab_size 9223372036854775807, expected 256 to 16777216");
    o = good;
    o.min_frequency = -1;
    assert_refused(&o, "tokenizer: min_frequency -1");
    o = good;
    o.special_count = 2;
    assert_refused(&o, "tokenizer: special_count 2 without texts");
    o.special_count = -1;
    assert_refused(&o, "tokenizer: special_count -1");
    const char *specials[] = {"<a>", "", "<a>"};
    o.special_tokens = specials;
    o.special_count = 2;
    assert_refused(&o, "tokenizer: special token 1 has 0 bytes, expected 1 to");
    specials[1] = "<b>";
    o.special_count = 3;
    assert_refused(&o, "tokenizer: special token \"<a>\" is there twice");
    specials[0] = "\xC3\xA9";
    assert_refused(&o, "\"\xC3\xA9\" is the letter that files write for the byte 0xE9");
}

static bool stop_at_300(void *user, int64_t tokens) {
    ++*(int *)user;
    return tokens >= 300;
}

static void test_what_cannot_be_learned(void **state) {
    (void)state;
    ore_tokenizer_trainer_options o = ore_tokenizer_trainer_defaults();
    ore_tokenizer_trainer *trainer = ore_tokenizer_trainer_new(&o);
    assert_null(ore_tokenizer_trainer_finish(trainer));
    assert_error(ORE_DATA, "tokenizer: there is no text to learn from");
    ore_tokenizer_trainer_free(trainer);
    for (int m = 1; m < MODELS; m++) {
        o.model = (ore_vocab_model)m;
        o.vocab_size = 10;
        trainer = ore_tokenizer_trainer_new(&o);
        ore_tokenizer_trainer_add_memory(trainer, "abcdefghijkl", 12);
        assert_null(ore_tokenizer_trainer_finish(trainer));
        assert_error(ORE_DATA, "expected at least");
        ore_tokenizer_trainer_free(trainer);
    }
    size_t bytes;
    char *text = varied_text(&bytes);
    int asked = 0;
    o = ore_tokenizer_trainer_defaults();
    o.stop = stop_at_300;
    o.user = &asked;
    for (int m = 0; m < MODELS; m++) {
        o.model = (ore_vocab_model)m;
        trainer = ore_tokenizer_trainer_new(&o);
        ore_tokenizer_trainer_add_memory(trainer, text, bytes);
        assert_null(ore_tokenizer_trainer_finish(trainer));
        assert_error(ORE_STATE, "tokenizer: stopped");
        ore_tokenizer_trainer_free(trainer);
    }
    assert_true(asked > 40);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_are_those_of_tokenizers),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_order_of_texts_changes_nothing),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_special_tokens_in_texts),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_tokens_by_size),
        cmocka_unit_test(test_smaller_ones),
        cmocka_unit_test(test_unigram_size_and_quality),
        cmocka_unit_test(test_unigram_of_a_long_word),
        cmocka_unit_test(test_options_that_cannot_be),
        cmocka_unit_test(test_what_cannot_be_learned),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
