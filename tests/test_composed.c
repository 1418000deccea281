/* test_composed.c: composed tokenizers from rank files and from vocabularies with merges: ids,
 * ranges, texts in pieces and by threads, broken UTF-8, and files that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/text.h>

#include "support/composed.h"
#include "support/pieces.h"
#include "support/published.h"
#include "support/scratch.h"
#include "support/shared.h"

enum { IDS = 4096 };

static void expect_ids(const ore_tokenizer *t, const char *text, size_t bytes, const int64_t *want,
                       int64_t count) {
    int64_t ids[IDS];
    assert_int_equal(ore_tokenizer_encode(t, text, bytes, ids, IDS), count);
    assert_memory_equal(ids, want, (size_t)count * sizeof *ids);
}

/* ---- merging ---- */

/* Pairs merge by rank, of equal ones the first; a split that is a token as a whole is that. */
static void test_merges_by_rank(void **state) {
    (void)state;
    static const char *const tokens[] = {"bc", "ab", "abc", "cd", "aa", "aaa", " abcd"};
    ore_tokenizer *t = ore_tokenizer_load_with(ranks_file("t.tiktoken", tokens, 7),
                                               &(ore_tokenizer_options){"gpt2"});
    assert_non_null(t);
    expect_ids(t, "abcd", 4, (int64_t[]){258, 'd'}, 2);  /* "bc" before "ab" and "cd" */
    expect_ids(t, "abc", 3, (int64_t[]){258}, 1);        /* a whole split */
    expect_ids(t, "aaaaa", 5, (int64_t[]){260, 261}, 2); /* from the left */
    expect_ids(t, "aaa", 3, (int64_t[]){261}, 1);
    expect_ids(t, "x abcd", 6, (int64_t[]){'x', 262}, 2); /* no merges lead to it */
    expect_ids(t, "", 0, NULL, 0);
    ore_tokenizer_free(t);
}

/* The heap of long splits and the scan of short ones do the same. */
static void test_long_splits(void **state) {
    (void)state;
    enum { LONG = 3000 };
    static const char *const tokens[] = {"ab", "ba", "aba", "bab", "abab", "aa", "abababab"};
    static char text[LONG];
    ore_tokenizer *t = ore_tokenizer_load_with(ranks_file("t.tiktoken", tokens, 7),
                                               &(ore_tokenizer_options){"gpt2"});
    uint32_t random = 1;
    for (int i = 0; i < LONG; i++) {
        random = random * 1664525 + 1013904223;
        text[i] = random >> 28 ? "ab"[i % 2] : "aab"[(random >> 20) % 3];
    }
    int64_t ids[LONG], count = ore_tokenizer_encode(t, text, LONG, ids, LONG), want[LONG];
    assert_int_equal(merge_slowly(t, text, LONG, want), count);
    assert_memory_equal(ids, want, (size_t)count * sizeof *ids);
    ore_tokenizer_free(t);
}

/* ---- pieces, threads, ranges ---- */

static const char sample[] =
    "The theory's 1234 th\xC3\xA9 \xE4\xB8\xAD\xE6\x96\x87  \n\n  x\xE2\x82 "
    "y\xFF\xFE it'll \t\r\n (we've)...  \xF0\x9F\x98\x80 \xC2\xA0 end  ";

static ore_tokenizer *sample_tokenizer(const char *pattern) {
    static const char *const tokens[] = {"th",   " th", "he",  "The",      " the",     "ory",
                                         "'s",   "  ",  " 1",  "23",       "\xC3\xA9", "\n\n",
                                         "  \n", "'ll", "...", "\xFF\xFE", "\xE4\xB8", "34"};
    ore_tokenizer *t =
        ore_tokenizer_load_with(ranks_file("t.tiktoken", tokens, sizeof tokens / sizeof *tokens),
                                &(ore_tokenizer_options){pattern});
    assert_non_null(t);
    return t;
}

static const char *const patterns[] = {"gpt2",
                                       "cl100k",
                                       "o200k",
                                       "\\w+|[^\\w\\s]+|\\s+",
                                       "(?<=e)x|\\p{L}+",
                                       "\\s+(?!\\S)|\\d{1,3}+|."};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

static void test_pieces_do_not_matter(void **state) {
    (void)state;
    for (int p = 0; p < PATTERNS; p++) {
        ore_tokenizer *t = sample_tokenizer(patterns[p]);
        int64_t want[256], count = ore_tokenizer_encode(t, sample, sizeof sample - 1, want, 256);
        assert_true(count > 20);
        assert_pieces_do_not_matter(t, sample, sizeof sample - 1, want, count, 29);
        ore_tokenizer_free(t);
    }
}

static void test_bytes_survive(void **state) {
    (void)state;
    for (int p = 0; p < PATTERNS; p++) {
        ore_tokenizer *t = sample_tokenizer(patterns[p]);
        uint32_t random = 7;
        for (int round = 0; round < 200; round++) {
            char text[64], back[64];
            size_t bytes = (size_t)round % 64;
            for (size_t i = 0; i < bytes; i++)
                text[i] = (char)((random = random * 1664525 + 1013904223) >> 24);
            int64_t ids[64], count = ore_tokenizer_encode(t, text, bytes, ids, 64);
            assert_int_equal(ore_tokenizer_decode(t, ids, count, back, sizeof back), bytes);
            assert_memory_equal(back, text, bytes);
        }
        ore_tokenizer_free(t);
    }
}

/* A run of bytes that are no UTF-8 is a split of its own. */
static void test_broken_utf8(void **state) {
    (void)state;
    ore_tokenizer *t = sample_tokenizer("gpt2");
    expect_ids(t, "th\xFF\xFEhe", 6, (int64_t[]){256, 271, 258}, 3);
    expect_ids(t, "t\xE4\xB8", 3, (int64_t[]){'t', 272}, 2);
    ore_tokenizer_free(t);
}

static void test_ranges(void **state) {
    (void)state;
    ore_tokenizer *t = sample_tokenizer("gpt2");
    int64_t ids[256];
    ore_token_range ranges[256];
    int64_t count = ore_tokenizer_encode_with(t, NULL, sample, sizeof sample - 1, ids, ranges, 256),
            at = 0;
    for (int64_t i = 0; i < count; i++) {
        size_t bytes;
        const char *token = ore_tokenizer_bytes(t, ids[i], &bytes);
        assert_int_equal(ranges[i].start, at);
        assert_int_equal(ranges[i].end - at, bytes);
        assert_memory_equal(sample + at, token, bytes);
        at = ranges[i].end;
    }
    assert_int_equal(at, sizeof sample - 1);
    const ore_encode_options with = {.add_special = true}; /* this kind of file has none */
    assert_false(ore_encode_defaults().add_special);
    assert_int_equal(ore_tokenizer_encode_with(t, &with, sample, sizeof sample - 1, NULL, NULL, 0),
                     count);
    ore_tokenizer_free(t);
}

/* A text that threads divide has the ids and ranges that one gives. */
static void test_threads_do_not_matter(void **state) {
    (void)state;
    enum { BYTES = 1 << 20 };
    int threads = ore_num_threads();
    ore_tokenizer *t = sample_tokenizer("cl100k");
    char *text = malloc(BYTES);
    int64_t *ids[2] = {malloc(BYTES * sizeof(int64_t)), malloc(BYTES * sizeof(int64_t))}, count[2];
    ore_token_range *ranges[2] = {malloc(BYTES * sizeof **ranges), malloc(BYTES * sizeof **ranges)};
    for (size_t i = 0; i < BYTES; i++)
        text[i] = sample[i % (sizeof sample - 1)];
    for (int k = 0; k < 2; k++) {
        ore_set_num_threads(k ? 4 : 1);
        count[k] = ore_tokenizer_encode_with(t, NULL, text, BYTES, ids[k], ranges[k], BYTES);
    }
    ore_set_num_threads(threads);
    assert_true(count[0] > BYTES / 4);
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(ids[0], ids[1], (size_t)count[0] * sizeof(int64_t));
    assert_memory_equal(ranges[0], ranges[1], (size_t)count[0] * sizeof **ranges);
    for (int k = 0; k < 2; k++) {
        free(ids[k]);
        free(ranges[k]);
    }
    free(text);
    ore_tokenizer_free(t);
}

/* ---- files ---- */

static void expect_refused(const char *name, const char *content, const char *pattern,
                           ore_status status, const char *part) {
    const char *path = scratch_file(name, content, strlen(content));
    assert_null(ore_tokenizer_load_with(path, &(ore_tokenizer_options){pattern}));
    assert_error(status, part);
}

static void test_rank_files_that_are_wrong(void **state) {
    (void)state;
    static const char *const tokens[] = {"ab"};
    assert_null(ore_tokenizer_defaults().pattern);
    assert_true(strchr(ore_tokenizer_pcre2_version(), '.') != NULL);
    assert_true(strchr(ore_tokenizer_utf8proc_version(), '.') != NULL);
    assert_null(ore_tokenizer_load(ranks_file("t.tiktoken", tokens, 1)));
    assert_error(ORE_INVALID, "a tiktoken rank file that Ore does not know");
    expect_refused("a", "YQ== 0\nYg= 1\n", "gpt2", ORE_DATA, "line 2: expected a token in Base64");
    expect_refused("a", "YQ== 0\nYg== x\n", "gpt2", ORE_DATA, "line 2: expected a token");
    expect_refused("a", "YQ== 0\nYg== 0\n", "gpt2", ORE_DATA, "two tokens have the id 0");
    expect_refused("a", "YQ== 0\nYg== 99999999\n", "gpt2", ORE_DATA, "id 99999999, expected 0 to");
    expect_refused("a", "YQ== 0\n", "gpt2", ORE_DATA, "byte 0x00 has no rank");
    const char *path = ranks_file("t.tiktoken", tokens, 1);
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    fputs("YWJjZA== 9999999\n", f);
    fclose(f);
    assert_null(ore_tokenizer_load_with(path, &(ore_tokenizer_options){"gpt2"}));
    assert_error(ORE_DATA, "the vocabulary has ids up to 9999999 for 258 tokens");
    expect_refused("a", "YQ== 0\n", "[a", ORE_DATA, "pattern: missing terminating ]");
    expect_refused("a", "YQ== 0\n", "[a&&b]", ORE_UNSUPPORTED, "an intersection of sets");
    expect_refused("a", "hello\n", "gpt2", ORE_DATA, "");
}

/* A pattern that backtracks without an end is an error, not a hang. */
static void test_patterns_end(void **state) {
    (void)state;
    static char text[4096];
    memset(text, 'a', sizeof text - 1);
    ore_tokenizer *t = sample_tokenizer("(a+)+$|(a|aa)+b|x");
    assert_int_equal(ore_tokenizer_encode(t, "aaa", 3, NULL, 0), 3);
    ore_tokenizer_free(t);
    t = sample_tokenizer("(?:a|aa)+[bc]");
    assert_int_equal(ore_tokenizer_encode(t, text, sizeof text - 1, NULL, 0), -1);
    assert_error(ORE_DATA, "it backtracks too much on this text");
    ore_tokenizer_free(t);
}

static void test_vocab_and_merges(void **state) {
    (void)state;
    write_vocab(scratch_path("x.vocab.json"), scratch_path("x.merges.txt"), "h i|hi j|\xC4\xA0 hi");
    ore_tokenizer *of_vocab = ore_tokenizer_load(scratch_path("x.vocab.json"));
    ore_tokenizer *of_merges = ore_tokenizer_load(scratch_path("x.merges.txt"));
    assert_non_null(of_vocab);
    assert_true(ore_tokenizer_equal(of_vocab, of_merges));
    assert_string_equal(ore_tokenizer_type(of_vocab), "composed");
    char stages[256], few[12];
    assert_string_equal(ore_tokenizer_stages(of_vocab, stages, sizeof stages),
                        "pre-tokenizer ByteLevel, model BPE, decoder ByteLevel");
    assert_string_equal(ore_tokenizer_stages(of_vocab, few, sizeof few), "pre-tokeniz");
    expect_ids(
        of_vocab, "hij hi", 6,
        (int64_t[]){ore_tokenizer_id(of_vocab, "hij", 3), ore_tokenizer_id(of_vocab, " hi", 3)}, 2);
    ore_tokenizer_free(of_vocab);
    ore_tokenizer_free(of_merges);
    assert_null(
        ore_tokenizer_load_with(scratch_path("x.vocab.json"), &(ore_tokenizer_options){"gpt2"}));
    assert_error(ORE_INVALID, "a pattern is given, but the file is a vocabulary with merges");
    write_vocab(scratch_path("x.vocab.json"), scratch_path("x.merges.txt"), "h i|hi k");
    scratch_file("x.merges.txt", "h hq\n", 5);
    assert_null(ore_tokenizer_load(scratch_path("x.vocab.json")));
    assert_error(ORE_DATA, "x.merges.txt: merge 0: its token \"hq\" is not in the vocabulary");
    scratch_file("x.merges.txt", "i h\n", 4);
    assert_null(ore_tokenizer_load(scratch_path("x.vocab.json")));
    assert_error(ORE_DATA, "x.merges.txt: merge 0: the union of its tokens is not in the");
    scratch_file("x.merges.txt", "ih\n", 3);
    assert_null(ore_tokenizer_load(scratch_path("x.vocab.json")));
    assert_error(ORE_DATA, "expected two tokens with a space between them");
    expect_refused("y.vocab.json", "{\"a\": 0}", NULL, ORE_UNSUPPORTED, "this is no byte-level");
}

/* A token that is written as it is, and not by the letters of its bytes, is reached by no text: one
 * of the same bytes by letters is, wherever it stands. Cohere's Command R has such. */
static void test_tokens_that_no_text_reaches(void **state) {
    (void)state;
    static const char joiner[] = "\xE2\x80\x8D"; /* U+200D, whose letters are U+E2, U+122, U+12F */
    write_vocab(scratch_path("x.vocab.json"), scratch_path("x.merges.txt"),
                "\xC3\xA2 \xC4\xA2|\xC3\xA2\xC4\xA2 \xC4\xAF");
    char *rest = read_text(scratch_path("x.vocab.json")), text[1 << 14];
    for (int first = 0; first < 2; first++) {
        int size = first ? snprintf(text, sizeof text, "{\"%s\": 258, %s", joiner, rest + 1)
                         : snprintf(text, sizeof text, "%.*s, \"%s\": 258}", (int)strlen(rest) - 1,
                                    rest, joiner);
        scratch_file("x.vocab.json", text, (size_t)size);
        ore_tokenizer *t = ore_tokenizer_load(scratch_path("x.vocab.json"));
        assert_non_null(t);
        expect_ids(t, joiner, 3, (int64_t[]){257}, 1);
        assert_int_equal(ore_tokenizer_size(t), 259);
        ore_tokenizer_free(t);
    }
    free(rest);
}

/* ---- published files ---- */

static void test_gpt2_cases(void **state) {
    (void)state;
    ore_tokenizer *t = ore_tokenizer_load(shared_file("data/tokenizers/gpt2.vocab.json"));
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_size(t), 50257);
    assert_int_equal(expect_published_ids(t, shared_file("data/tokenizers/gpt2.cases.inp"),
                                          shared_file("data/tokenizers/gpt2.cases.out")),
                     47);
    ore_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_merges_by_rank, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_long_splits, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_pieces_do_not_matter, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bytes_survive, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_broken_utf8, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_ranges, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_threads_do_not_matter, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_rank_files_that_are_wrong, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_patterns_end, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_vocab_and_merges, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_tokens_that_no_text_reaches, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(test_gpt2_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
