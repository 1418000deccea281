/* test_word_tokenizer.c: texts cut into words, vocabularies by frequency, and their files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <ore/ore.h>

#include "support/loaders.h"
#include "support/pieces.h"
#include "support/scratch.h"

/* A tokenizer of all words of a text. */
static ore_tokenizer *words_of(const char *text, const ore_word_options *options) {
    ore_word_counts *counts = ore_word_counts_new(options);
    ore_word_counts_add(counts, text, strlen(text));
    ore_tokenizer *t = ore_tokenizer_new_words(counts);
    ore_word_counts_free(counts);
    return t;
}

/* The text's words, with | between them. */
static const char *split(const char *text, const ore_word_options *options) {
    static char shown[4096];
    size_t used = 0;
    int64_t ids[512];
    ore_tokenizer *t = words_of(text, options);
    assert_non_null(t);
    int64_t count = ore_tokenizer_encode(t, text, strlen(text), ids, 512);
    assert_true(count >= 0 && count <= 512);
    for (int64_t i = 0; i < count; i++) {
        size_t bytes;
        const char *word = ore_tokenizer_bytes(t, ids[i], &bytes);
        bool space = bytes > 1 && *word == ' ';
        used += (size_t)snprintf(shown + used, sizeof shown - used, "%s%.*s", i ? "|" : "",
                                 (int)bytes - space, word + space);
    }
    ore_tokenizer_free(t);
    return shown;
}

static void test_words(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"The cat, the dog.", "The|cat|,|the|dog|."},
        {"  don't stop - it's well-known\t", "don't|stop|-|it's|well-known"},
        {"'quoted' words'", "'|quoted|'|words|'"},
        {"3.14 1,000.5 a.b 3. x2", "3.14|1,000.5|a|.|b|3|.|x2"},
        {"see http://a.b/c?d=e, (www.x.org) now", "see|http://a.b/c?d=e|,|(|www.x.org|)|now"},
        {"http:// www. @ @me_2: a@b", "http|:|/|/|www|.|@|@me_2|:|a|@b"},
        {"one\ntwo\r\n\nthree", "one|\n|two|\n|\n|three"},
        {"\xC3\xA9t\xC3\xA9\xC2\xA0\xE2\x80\x94 \xE2\x80\x9Cok\xE2\x80\x9D",
         "\xC3\xA9t\xC3\xA9|\xE2\x80\x94|\xE2\x80\x9C|ok|\xE2\x80\x9D"},
        {"\xE6\x97\xA5\xE6\x9C\xAC \xD0\x96\xD0\x95", "\xE6\x97\xA5|\xE6\x9C\xAC|\xD0\x96\xD0\x95"},
        {"an <unk> <pad>. <b>", "an|<unk>|<pad>|.|<|b|>"},
        {"_a $5 #tag", "_a|$|5|#|tag"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(split(cases[i][0], NULL), cases[i][1]);
    ore_word_options o = ore_word_defaults();
    o.lowercase = true;
    o.rules = ORE_WORD_URLS | ORE_WORD_USERS | ORE_WORD_NUMBERS;
    assert_string_equal(
        split("Ask @Ann: HTTP or http://X.y; 12 of 1,5 \xC3\x84pfel 3D \xD0\x96", &o),
        "ask|<user>|:|http|or|<url>|;|<number>|of|<number>|\xC3\xA4pfel|3d|"
        "\xD0\xB6");
    char long_word[601];
    memset(long_word, 'x', 600);
    long_word[600] = '\0';
    ore_tokenizer *t = words_of(long_word, NULL);
    assert_int_equal(ore_tokenizer_size(t), 4); /* 255 + 255 + 90 letters */
    assert_int_equal(ore_tokenizer_encode(t, long_word, 600, NULL, 0), 3);
    ore_tokenizer_free(t);
}

/* ---- vocabularies ---- */

static void assert_tokens(ore_tokenizer *t, int64_t count, const char *const *want) {
    assert_non_null(t);
    assert_int_equal(ore_tokenizer_size(t), count);
    for (int64_t id = 0; id < count; id++) {
        size_t bytes;
        const char *at = ore_tokenizer_bytes(t, id, &bytes);
        bool space = bytes > 1 && *at == ' ';
        assert_int_equal(bytes - space, strlen(want[id]));
        assert_memory_equal(at + space, want[id], bytes - space);
        assert_int_equal(ore_tokenizer_id(t, at, bytes), id);
        assert_int_equal(ore_tokenizer_id(t, want[id], strlen(want[id])), id);
    }
    ore_tokenizer_free(t);
}

static const char letters_text[] = "b a b c a b\nd c 7 e";

static void test_vocabularies(void **state) {
    (void)state;
    ore_word_options o = ore_word_defaults();
    assert_tokens(words_of(letters_text, &o), 9,
                  (const char *[]){"<unk>", "<pad>", "b", "a", "c", "\n", "7", "d", "e"});
    o.min_frequency = 2;
    o.separator = true;
    o.rules = ORE_WORD_NUMBERS;
    assert_tokens(words_of(letters_text, &o), 7,
                  (const char *[]){"<unk>", "<pad>", "\n", "<number>", "b", "a", "c"});
    o.max_size = 5;
    assert_tokens(words_of(letters_text, &o), 5,
                  (const char *[]){"<unk>", "<pad>", "\n", "<number>", "b"});
    o.max_size = 3;
    assert_null(words_of(letters_text, &o));
    assert_error_is(ORE_INVALID, "words: max_size 3, expected at least 4, for the special tokens");
    o.max_size = -1;
    assert_null(ore_word_counts_new(&o));
    assert_error_is(ORE_INVALID, "words: min_frequency 2, max_size -1, rules 4, expected at least "
                                 "1, at least 0, and rules there are");
    o = ore_word_defaults();
    o.rules = 8;
    assert_null(ore_word_counts_new(&o));
    assert_error(ORE_INVALID, "rules 8");
}

static void test_special_tokens(void **state) {
    (void)state;
    ore_word_options o = ore_word_defaults();
    o.separator = true;
    o.rules = ORE_WORD_USERS;
    ore_tokenizer *t = words_of(letters_text, &o);
    assert_string_equal(ore_tokenizer_type(t), "word");
    assert_int_equal(ore_tokenizer_special(t, "unk"), 0);
    assert_int_equal(ore_tokenizer_special(t, "pad"), 1);
    assert_int_equal(ore_tokenizer_separator(t), 2);
    assert_int_equal(ore_tokenizer_special(t, "user"), 3);
    assert_int_equal(ore_tokenizer_special(t, "url"), -1);
    int64_t ids[8];
    assert_int_equal(ore_tokenizer_encode(t, "a @x zzz\nb", 10, ids, 8), 5);
    assert_int_equal(ids[1], 3);
    assert_int_equal(ids[2], 0);
    assert_int_equal(ids[3], 2);
    ore_tokenizer_free(t);
}

/* ---- pieces ---- */

/* Words, long ones and many spaces: the same ids however the text is cut, and the same words
 * counted in a file. */
static void test_pieces_do_not_matter(void **state) {
    (void)state;
    char text[8000];
    size_t used = 0;
    while (used < 4000) {
        used += (size_t)sprintf(text + used, "w%zu don't http://x.y/%zu. %*s\n\xC3\xA9", used % 7,
                                used % 5, (int)(used % 300), "");
        memset(text + used, 'y', used % 400);
        used += used % 400;
    }
    ore_text *opened = ore_text_open_memory("text", text, used, NULL);
    ore_tokenizer *t = ore_tokenizer_new_word(opened, NULL);
    ore_text_close(opened);
    assert_non_null(t);
    static int64_t want[2048];
    int64_t count = ore_tokenizer_encode(t, text, used, want, 2048);
    assert_true(count > 30);
    for (int64_t i = 0; i < count; i++)
        assert_true(want[i] > 1); /* each word is known */
    static const size_t sizes[] = {1, 3, 255, 256, 257, 511, 512, 513, 4000};
    for (size_t a = 0; a < sizeof sizes / sizeof *sizes; a++)
        for (size_t b = 0; b < sizeof sizes / sizeof *sizes; b++)
            assert_pieces(t, text, used, want, count, sizes[a], sizes[b]);
    ore_tokenizer_free(t);
}

static void test_bytes_that_are_no_text(void **state) {
    (void)state;
    ore_tokenizer *t = words_of("a b", NULL);
    int64_t ids[8];
    assert_int_equal(ore_tokenizer_encode(t, "a b \xFF", 5, ids, 8), -1);
    assert_error_is(ORE_DATA, "encode: byte 4 (0xFF) of the text is not valid UTF-8");
    assert_int_equal(ore_tokenizer_encode(t, "a\xC3", 2, ids, 8), -1);
    assert_error_is(ORE_DATA, "encode: byte 1 (0xC3) of the text is not valid UTF-8");
    ore_tokenizer_free(t);
    ore_word_counts *counts = ore_word_counts_new(NULL);
    ore_word_counts_add(counts, "x \x80", 3);
    assert_error_is(ORE_DATA, "words: byte 2 (0x80) of the text is not valid UTF-8");
    ore_word_counts_free(counts);
    ore_word_counts_free(NULL);
}

/* ---- decoding ---- */

static void test_decoding(void **state) {
    (void)state;
    static const char text[] = "Well, (yes) it's 5 % of @all:\nhttp://a.b!\nA";
    static const char want[] = "Well, ( yes) it's 5% of @all:\nhttp://a.b!\nA";
    ore_tokenizer *t = words_of(text, NULL);
    int64_t ids[64], again[64], count = ore_tokenizer_encode(t, text, strlen(text), ids, 64);
    char back[256], pieces[1024] = "", piece[ORE_PIECE_BYTES];
    int64_t bytes = ore_tokenizer_decode(t, ids, count, back, sizeof back);
    assert_int_equal(bytes, strlen(want));
    assert_memory_equal(back, want, strlen(want));
    assert_int_equal(ore_tokenizer_encode(t, back, (size_t)bytes, again, 64), count);
    assert_memory_equal(ids, again, (size_t)count * sizeof *ids);
    ore_decoder decoder;
    ore_decoder_init(&decoder, t);
    for (int64_t i = 0; i < count; i++) {
        assert_true(ore_decoder_next(&decoder, ids[i], piece) >= 0);
        strcat(pieces, piece);
    }
    assert_string_equal(pieces, want);
    ore_tokenizer_free(t);
}

/* ---- files ---- */

static void test_files(void **state) {
    (void)state;
    ore_word_options o = ore_word_defaults();
    o.lowercase = true;
    o.rules = ORE_WORD_URLS | ORE_WORD_NUMBERS;
    o.separator = true;
    ore_tokenizer *t = words_of("A don't\n\xC3\x89 12 http://x", &o), *back;
    const char *path = scratch_path("tokenizer.json");
    assert_int_equal(ore_tokenizer_save(t, path), ORE_OK);
    back = ore_tokenizer_load(path);
    assert_non_null(back);
    assert_true(ore_tokenizer_equal(t, back));
    int64_t ids[8], again[8];
    assert_int_equal(ore_tokenizer_encode(t, "A 7 b\n", 6, ids, 8), 4);
    assert_int_equal(ore_tokenizer_encode(back, "A 7 b\n", 6, again, 8), 4);
    assert_memory_equal(ids, again, 4 * sizeof *ids);
    ore_tokenizer_free(back);
    ore_tokenizer_free(t);
}

static void refuse(const char *specials, const char *rest, const char *message) {
    char text[512];
    int n = snprintf(text, sizeof text,
                     "{\"type\": \"word\", \"special_tokens\": {%s}, \"lowercase\": true, %s}",
                     specials, rest);
    assert_null(ore_tokenizer_load(scratch_file("bad.json", text, (size_t)n)));
    assert_error(ORE_DATA, message);
}

static void test_files_that_are_wrong(void **state) {
    (void)state;
    static const char both[] = "\"unk\": 0, \"pad\": 1";
    refuse(both, "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\", \"two words\"]",
           "bad.json: vocab[2]: \"two words\" is no word of this tokenizer");
    refuse(both, "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\", \"Upper\"]",
           "vocab[2]: \"Upper\" is no word");
    refuse(both, "\"rules\": [\"number\"], \"vocab\": [\"<unk>\", \"<pad>\", \"12\"]",
           "vocab[2]: \"12\" is no word");
    refuse(both, "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\", \"\"]", "vocab[2]: \"\" is no");
    refuse(both, "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\", \"a\", \"a\"]",
           "vocab[3]: \"a\" is in the vocabulary twice");
    refuse(both, "\"rules\": [\"urls\"], \"vocab\": [\"<unk>\", \"<pad>\"]",
           "rules[0]: \"urls\", expected \"url\", \"user\" or \"number\"");
    refuse(both, "\"rules\": [\"url\"], \"vocab\": [\"<unk>\", \"<pad>\"]",
           "special_tokens: url is not \"<url>\"");
    refuse("\"unk\": 1, \"pad\": 1", "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\"]",
           "special_tokens: unk is not \"<unk>\"");
    refuse("\"unk\": 0", "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\"]",
           "special_tokens: pad is not \"<pad>\"");
    refuse("\"unk\": 0, \"pad\": 1, \"separator\": 1",
           "\"rules\": [], \"vocab\": [\"<unk>\", \"<pad>\"]",
           "special_tokens: separator is not \"\\n\"");
    refuse(both, "\"vocab\": [\"<unk>\", \"<pad>\"]", "rules: missing, expected an array");
}

/* ---- lines as samples ---- */

static void test_lines_as_samples(void **state) {
    (void)state;
    static const char text[] = "a b\n\nb z a";
    ore_tokenizer *t = words_of("a b a", NULL);
    const char *path = scratch_file("lines.txt", text, sizeof text - 1);
    ore_dataset *lines = ore_line_dataset_new(path, t);
    ore_sample sample = {.seed = 0};
    assert_int_equal(lines->length, 3);
    assert_int_equal(ore_dataset_get(lines, 2, &sample), ORE_OK);
    assert_ids(sample.fields[0], ORE_SHAPE(3), (int64_t[]){3, 0, 2});
    assert_int_equal(ore_dataset_get(lines, 1, &sample), ORE_OK);
    assert_int_equal(ore_numel(sample.fields[0]), 0);
    ore_dataset_close(lines);
    ore_tokenizer *letters =
        ore_tokenizer_new_alphabet((const uint32_t[]){'a', 'b', ' '}, 3, false);
    lines = ore_line_dataset_new(path, letters);
    assert_int_equal(ore_dataset_get(lines, 2, &sample), ORE_DATA);
    assert_error(ORE_DATA, "lines.txt: line 3, field 'text': encode: character 'z' (U+007A) at "
                           "position 2 is not in the vocabulary of 3");
    ore_dataset_close(lines);
    ore_tokenizer_free(letters);
    ore_tokenizer_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_vocabularies),
        cmocka_unit_test(test_special_tokens),
        cmocka_unit_test(test_pieces_do_not_matter),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_files_that_are_wrong),
        cmocka_unit_test_setup_teardown(test_lines_as_samples, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
