/* test_tokenizer.c: the character tokenizer, its file, and texts read through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include <ore/io.h>
#include <ore/text.h>

#include "support/scratch.h"
#include "support/shared.h"
#include "base/utf8.h"

static ore_text *text_of(const char *s) {
    ore_text *text = ore_text_open_memory("memory", s, strlen(s), NULL);
    assert_non_null(text);
    return text;
}

static ore_tokenizer *tokenizer_of(const char *s, bool separator) {
    ore_text *text = text_of(s);
    ore_tokenizer *tokenizer = ore_tokenizer_new_char(text, separator);
    assert_non_null(tokenizer);
    ore_text_close(text);
    return tokenizer;
}

/* The id of one character. */
static int64_t id_of(const ore_tokenizer *t, uint32_t code_point) {
    char bytes[ORE_UTF8_BYTES_MAX];
    return ore_tokenizer_id(t, bytes, (size_t)ore_utf8_encode(code_point, bytes));
}

/* ---- ids ---- */

static void test_alphabet_in_rising_order(void **state) {
    (void)state;
    ore_tokenizer *t = tokenizer_of("hello \xF0\x9F\x98\x80 \xC3\xA9\nA", false);
    static const uint32_t want[] = {'\n', ' ', 'A', 'e', 'h', 'l', 'o', 0xE9, 0x1F600};
    assert_int_equal(ore_tokenizer_size(t), 9);
    assert_int_equal(ore_tokenizer_separator(t), -1);
    assert_string_equal(ore_tokenizer_type(t), "char");
    for (int id = 0; id < 9; id++)
        assert_int_equal(id_of(t, want[id]), id);
    assert_int_equal(id_of(t, 'z'), -1);
    assert_int_equal(id_of(t, 0x10FFFF), -1);
    ore_tokenizer_free(t);
}

static void test_separator_comes_first(void **state) {
    (void)state;
    ore_tokenizer *t = tokenizer_of("\tbc\na", true);
    assert_int_equal(ore_tokenizer_size(t), 5);
    assert_int_equal(ore_tokenizer_separator(t), 0);
    assert_int_equal(id_of(t, '\n'), 0);
    assert_int_equal(id_of(t, '\t'), 1); /* which is below '\n' */
    assert_int_equal(id_of(t, 'a'), 2);
    int64_t ids[4];
    char text[4];
    assert_int_equal(ore_tokenizer_encode(t, "ab\nc", 4, ids, 4), 4);
    assert_memory_equal(ids, ((int64_t[]){2, 3, 0, 4}), sizeof ids);
    assert_int_equal(ore_tokenizer_decode(t, ids, 4, text, 4), 4);
    assert_memory_equal(text, "ab\nc", 4);
    ore_tokenizer_free(t);
    t = tokenizer_of("ab", true); /* no line end in the text: the separator is there all the same */
    assert_int_equal(ore_tokenizer_size(t), 3);
    ore_tokenizer_free(t);
}

static void test_new_alphabet(void **state) {
    (void)state;
    static const uint32_t letters[] = {'c', 'a', 'c', 'b', 'a', '\n', '\n'};
    ore_tokenizer *t = ore_tokenizer_new_alphabet(letters, 7, false);
    ore_tokenizer *of_text = tokenizer_of("abc\n", false), *lines = tokenizer_of("abc\n", true);
    assert_int_equal(ore_tokenizer_size(t), 4);
    assert_true(ore_tokenizer_equal(t, of_text));
    assert_false(ore_tokenizer_equal(t, lines));
    ore_tokenizer *same = ore_tokenizer_new_alphabet(letters, 7, true);
    assert_true(ore_tokenizer_equal(same, lines));
    /* of {"type": "char", "special_tokens": {}, "vocab": ["\n", "a", "b", "c"]} */
    static const char json[] = "{\"type\": \"char\", \"special_tokens\": {}, "
                               "\"vocab\": [\"\\n\", \"a\", \"b\", \"c\"]}";
    assert_true(ore_digest_equal(ore_tokenizer_digest(t), ore_digest_of(json, sizeof json - 1)));
    ore_tokenizer_free(same);
    ore_tokenizer_free(lines);
    ore_tokenizer_free(of_text);
    ore_tokenizer_free(t);
    assert_null(ore_tokenizer_new_alphabet(letters, 0, false));
    assert_error(ORE_INVALID, "tokenizer: 0 characters, expected 1 to 1114112");
    assert_null(ore_tokenizer_new_alphabet((uint32_t[]){'a', 0xD800}, 2, false));
    assert_error(ORE_INVALID, "tokenizer: U+D800 is no character");
    assert_null(ore_tokenizer_new_alphabet((uint32_t[]){0x110000}, 1, false));
    assert_error(ORE_INVALID, "tokenizer: U+110000 is no character");
}

static void test_all_characters_there_are(void **state) {
    (void)state;
    static uint32_t all[0x110000];
    int64_t n = 0;
    for (uint32_t c = 0; c < 0x110000; c++)
        if (c < 0xD800 || c > 0xDFFF)
            all[n++] = c;
    ore_tokenizer *t = ore_tokenizer_new_alphabet(all, n, false);
    assert_int_equal(ore_tokenizer_size(t), 0x110000 - 0x800);
    assert_int_equal(id_of(t, 0x10FFFF), 0x110000 - 0x800 - 1);
    ore_tokenizer_free(t);
}

/* ---- encoding and decoding ---- */

static void test_encode(void **state) {
    (void)state;
    ore_tokenizer *t = tokenizer_of("a\xC3\xA9\xE2\x82\xAC", false);
    int64_t ids[3] = {9, 9, 9};
    assert_int_equal(ore_tokenizer_encode(t,
                                          "\xE2\x82\xAC\xC3\xA9"
                                          "a",
                                          6, ids, 3),
                     3);
    assert_memory_equal(ids, ((int64_t[]){2, 1, 0}), sizeof ids);
    assert_int_equal(ore_tokenizer_encode(t, "aaaa", 4, NULL, 0), 4);
    ids[1] = 7;
    assert_int_equal(ore_tokenizer_encode(t, "aaaa", 4, ids, 1), 4);
    assert_int_equal(ids[1], 7);
    assert_int_equal(ore_tokenizer_encode(t, "", 0, ids, 3), 0);
    assert_int_equal(ore_tokenizer_encode(t, "a\xC3\xA9xa", 5, ids, 3), -1);
    assert_error(ORE_DATA,
                 "encode: character 'x' (U+0078) at position 2 is not in the vocabulary of 3");
    assert_int_equal(ore_tokenizer_encode(t, "\xE2\x82\xAD", 3, ids, 3), -1);
    assert_error(ORE_DATA, "character '\xE2\x82\xAD' (U+20AD) at position 0");
    assert_int_equal(ore_tokenizer_encode(t, "a\n", 2, ids, 3), -1);
    assert_error(ORE_DATA, "character U+000A at position 1"); /* one line, though */
    assert_int_equal(ore_tokenizer_encode(t, "aa\xC3", 3, ids, 3), -1);
    assert_error(ORE_DATA, "encode: byte 2 (0xC3) of the text is not valid UTF-8");
    ore_tokenizer_free(t);
}

static void test_decode(void **state) {
    (void)state;
    ore_tokenizer *t = tokenizer_of("a\xC3\xA9\xE2\x82\xAC", false);
    int64_t ids[] = {2, 0, 1};
    char text[8] = "zzzzzzz";
    assert_int_equal(ore_tokenizer_decode(t, ids, 3, NULL, 0), 6);
    assert_int_equal(ore_tokenizer_decode(t, ids, 3, text, 5), 6);
    assert_memory_equal(text,
                        "\xE2\x82\xAC"
                        "a\xC3zz",
                        7);
    assert_int_equal(ore_tokenizer_decode(t, ids, 3, text, 8), 6);
    assert_memory_equal(text,
                        "\xE2\x82\xAC"
                        "a\xC3\xA9z",
                        7);
    ids[1] = 3;
    assert_int_equal(ore_tokenizer_decode(t, ids, 3, text, 8), -1);
    assert_error(ORE_INVALID, "decode: id 3, expected 0 to 2");
    ids[1] = -1;
    assert_int_equal(ore_tokenizer_decode(t, ids, 3, text, 8), -1);
    assert_error(ORE_INVALID, "decode: id -1");
    ore_tokenizer_free(t);
}

static void test_decoder(void **state) {
    (void)state;
    ore_tokenizer *t = tokenizer_of("a\xC3\xA9\xE2\x82\xAC", true);
    ore_decoder decoder;
    char text[ORE_PIECE_BYTES];
    ore_decoder_init(&decoder, t);
    assert_int_equal(ore_decoder_next(&decoder, 3, text), 3);
    assert_string_equal(text, "\xE2\x82\xAC");
    assert_int_equal(ore_decoder_next(&decoder, 0, text), 1);
    assert_string_equal(text, "\n");
    assert_int_equal(ore_decoder_next(&decoder, 4, text), -1);
    assert_error(ORE_INVALID, "decode: id 4, expected 0 to 3");
    ore_tokenizer_free(t);
}

/* ---- tokenizer.json ---- */

static void test_file_round_trip(void **state) {
    (void)state;
    static const char s[] =
        "quote\" back\\slash\t\r\n\x01\x7F\0\xC3\xA9\xE2\x80\xA8\xF0\x9F\x98\x80";
    ore_text *text = ore_text_open_memory("memory", s, sizeof s - 1, NULL);
    for (int separator = 0; separator < 2; separator++) {
        ore_tokenizer *t = ore_tokenizer_new_char(text, separator);
        const char *path = scratch_path("tokenizer.json");
        assert_int_equal(ore_tokenizer_save(t, path), ORE_OK);
        ore_tokenizer *back = ore_tokenizer_load(path);
        if (!back)
            fail_msg("%s", ore_error_message());
        assert_true(ore_tokenizer_equal(t, back));
        assert_int_equal(ore_tokenizer_separator(back), separator - 1);
        ore_tokenizer_free(back);
        ore_tokenizer_free(t);
    }
    ore_text_close(text);
}

static void test_file_is_readable(void **state) {
    (void)state;
    ore_tokenizer *t = tokenizer_of("ab\n", true);
    const char *path = scratch_path("tokenizer.json");
    assert_int_equal(ore_tokenizer_save(t, path), ORE_OK);
    ore_json *json = ore_json_load(path);
    char *text = ore_json_text(json, false);
    assert_string_equal(text, "{\"type\": \"char\", \"special_tokens\": {\"separator\": 0}, "
                              "\"vocab\": [\"\\n\", \"a\", \"b\"]}");
    ore_string_free(text);
    ore_json_free(json);
    ore_tokenizer_free(t);
}

static void expect_bad_file(const char *json, const char *message) {
    assert_null(ore_tokenizer_load(scratch_file("bad.json", json, strlen(json))));
    assert_error(ORE_DATA, message);
}

static void test_files_that_are_none(void **state) {
    (void)state;
    assert_null(ore_tokenizer_load(scratch_path("none.json")));
    assert_error(ORE_IO, "none.json: ");
    expect_bad_file("{\"type\": \"char\"", "bad.json: line 1");
    expect_bad_file("{\"type\": \"bpe\", \"special_tokens\": {}, \"vocab\": [\"a\"]}",
                    "bad.json: type \"bpe\", expected \"char\"");
    expect_bad_file("{\"special_tokens\": {}, \"vocab\": [\"a\"]}", "bad.json: type: missing");
    expect_bad_file("{\"type\": \"char\", \"special_tokens\": {}}", "bad.json: vocab: missing");
    expect_bad_file("{\"type\": \"char\", \"special_tokens\": {}, \"vocab\": [\"a\", 3]}",
                    "bad.json: vocab[1]: ");
    expect_bad_file("{\"type\": \"char\", \"special_tokens\": {}, \"vocab\": [\"ab\"]}",
                    "bad.json: vocab[0]: \"ab\", expected one character");
    expect_bad_file("{\"type\": \"char\", \"special_tokens\": {}, \"vocab\": [\"a\", \"a\"]}",
                    "bad.json: tokenizer: 'a' (U+0061) is in the vocabulary twice");
    expect_bad_file("{\"type\": \"char\", \"special_tokens\": {}, \"vocab\": []}",
                    "bad.json: tokenizer: 0 characters");
    expect_bad_file(
        "{\"type\": \"char\", \"special_tokens\": {\"separator\": 1}, \"vocab\": [\"a\"]}",
        "bad.json: separator 1, the vocabulary has 1 token");
    expect_bad_file(
        "{\"type\": \"char\", \"special_tokens\": {\"separator\": 0}, \"vocab\": [\"a\"]}",
        "bad.json: the separator is not \"\\n\"");
    ore_tokenizer *t = tokenizer_of("ab", false);
    assert_int_equal(ore_tokenizer_save(t, scratch_path("no/such/folder.json")), ORE_IO);
    assert_error(ORE_IO, "folder.json: ");
    ore_tokenizer_free(t);
}

/* ---- texts as tokens ---- */

static void test_tokens_of_text(void **state) {
    (void)state;
    static char s[3000];
    for (int i = 0; i < 3000; i += 3)
        memcpy(s + i, i % 2 ? "\xC3\xA9x" : "\nab", 3);
    ore_text *text = ore_text_open_memory("memory", s, sizeof s, NULL);
    ore_tokenizer *t = ore_tokenizer_new_char(text, true);
    ore_tokens *tokens = ore_tokens_of_text(text, t);
    assert_string_equal(tokens->name, "memory");
    assert_int_equal(tokens->length, 2500);
    assert_int_equal(tokens->separator, 0);
    int64_t ids[2500];
    assert_int_equal(tokens->read(tokens, 0, 2500, ids), ORE_OK);
    for (int i = 0; i < 2500; i += 5)
        assert_memory_equal(ids + i, ((int64_t[]){0, 1, 2, 4, 3}), 5 * sizeof *ids);
    assert_int_equal(tokens->read(tokens, 1201, 3, ids), ORE_OK);
    assert_memory_equal(ids, ((int64_t[]){1, 2, 4}), 3 * sizeof *ids);
    assert_int_equal(tokens->bytes(tokens, ids, 3), 4);
    ore_tokens_close(tokens);
    ore_tokenizer *other = tokenizer_of("abx\n", false);
    assert_null(ore_tokens_of_text(text, other));
    assert_error(ORE_DATA, "memory: character '\xC3\xA9' (U+00E9) at position 3 is not in the "
                           "vocabulary of 4");
    ore_tokenizer_free(other);
    ore_tokenizer_free(t);
    ore_text_close(text);
}

static void test_names(void **state) {
    (void)state;
    ore_text *text = ore_text_open(shared_file("data/text/names.txt"), NULL);
    ore_tokenizer *t = ore_tokenizer_new_char(text, true);
    assert_int_equal(ore_tokenizer_size(t), 27);
    assert_int_equal(id_of(t, 'a'), 1);
    assert_int_equal(id_of(t, 'z'), 26);
    ore_tokenizer_free(t);
    ore_text_close(text);
}

static void test_tinyshakespeare(void **state) {
    (void)state;
    ore_text *text = ore_text_open(shared_file("data/text/tinyshakespeare.txt"), NULL);
    ore_tokenizer *t = ore_tokenizer_new_char(text, false);
    assert_int_equal(ore_tokenizer_size(t), 65);
    int64_t ids[9]; /* "hii there" as a published lecture encodes it */
    assert_int_equal(ore_tokenizer_encode(t, "hii there", 9, ids, 9), 9);
    assert_memory_equal(ids, ((int64_t[]){46, 47, 47, 1, 58, 46, 43, 56, 43}), sizeof ids);
    ore_tokenizer_free(t);
    ore_text_close(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alphabet_in_rising_order),
        cmocka_unit_test(test_separator_comes_first),
        cmocka_unit_test(test_new_alphabet),
        cmocka_unit_test(test_all_characters_there_are),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decoder),
        cmocka_unit_test(test_file_round_trip),
        cmocka_unit_test(test_file_is_readable),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_tokens_of_text),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_tinyshakespeare),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
