/* test_split.c: the splitters written for published patterns against PCRE2 with the same
 * patterns, the meaning of patterns, and the behaviors of "Split". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/composed/classes.h"
#include "text/composed/split.h"
#include "text/composed/splitters.h"

static int find(void *user, const char *text, size_t size, size_t from, bool open, size_t *start,
                size_t *end) {
    return ore_matcher_find(user, text, size, from, open, start, end);
}

/* ---- texts ---- */

static uint32_t random_state = 1;

static uint32_t draw(uint32_t below) {
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)random_state * below >> 32);
}

/* Characters that the patterns tell apart, and some that look like them. */
static const char *const telling[] = {"'",
                                      "s",
                                      "S",
                                      "t",
                                      "ll",
                                      "LL",
                                      "re",
                                      "Ve",
                                      "\xC5\xBF",
                                      " ",
                                      "  ",
                                      "\n",
                                      "\r\n",
                                      "\t",
                                      "\xC2\xA0",
                                      "\xC2\x85",
                                      "\xE1\xA0\x8E",
                                      "\xE2\x80\xA8",
                                      "\xE3\x80\x80",
                                      "\xE2\x80\x8B",
                                      "a",
                                      "B",
                                      "\xC3\xA9",
                                      "\xC3\x89",
                                      "\xC7\x85",
                                      "\xCA\xB0",
                                      "\xE4\xB8\xAD",
                                      "\xCC\x81",
                                      "\xE0\xA4\xBE",
                                      "1",
                                      "23",
                                      "\xD9\xA3",
                                      "\xE2\x85\xA7",
                                      "\xC2\xB2",
                                      ".",
                                      "/",
                                      "!",
                                      "\xE2\x80\x99",
                                      "\xF0\x9F\x98\x80",
                                      "\xF0\x9D\x94\xB8",
                                      "\xE2\x92\xB6",
                                      "_",
                                      "-",
                                      "\xD0\x96",
                                      "\xD0\xB6",
                                      "\xCE\xA3",
                                      "\xE1\x9A\x80",
                                      "\x0B",
                                      "\x1C",
                                      "\x7F"};
enum { TELLING = sizeof telling / sizeof *telling, TEXT_BYTES = 256 };

/* A character of any kind that both libraries know: PCRE2's tables may be older. */
static uint32_t any_character(ore_matcher *unknown) {
    for (;;) {
        uint32_t c = draw(4) ? draw(0x3000) : draw(ORE_CODE_POINTS);
        char bytes[ORE_UTF8_BYTES_MAX];
        size_t start, end;
        if (!ore_utf8_valid(c))
            continue;
        size_t n = (size_t)ore_utf8_encode(c, bytes);
        if (ore_matcher_find(unknown, bytes, n, 0, false, &start, &end) == ORE_MATCH_NONE)
            return c;
    }
}

static size_t make_text(char *text, ore_matcher *unknown) {
    size_t used = 0;
    for (uint32_t parts = 1 + draw(24), any = draw(4) == 0; parts > 0; parts--) {
        const char *part = telling[draw(TELLING)];
        if (any) {
            used += (size_t)ore_utf8_encode(any_character(unknown), text + used);
            continue;
        }
        for (uint32_t times = draw(8) ? 1 : 1 + draw(6); times > 0; times--, used += strlen(part))
            memcpy(text + used, part, strlen(part));
    }
    return used;
}

/* ---- the published patterns ---- */

static void expect_same_splits(const ore_flow *a, const ore_flow *b) {
    assert_int_equal(a->split_count, b->split_count);
    if (a->split_count > 0)
        assert_memory_equal(a->splits, b->splits, (size_t)a->split_count * sizeof *a->splits);
}

static void compare(const char *name, const char *pattern_text) {
    enum { TEXTS = 30000 };
    const ore_published_pattern *published = ore_published_by_name(name);
    ore_pattern *pattern = ore_pattern_new(pattern_text, "test");
    ore_pattern *unknown_pattern = ore_pattern_new("\\p{Cn}", "test");
    assert_non_null(pattern);
    ore_matcher *matcher = ore_matcher_begin(pattern),
                *unknown = ore_matcher_begin(unknown_pattern);
    ore_flow a = {0}, b = {0};
    for (int i = 0; i < TEXTS; i++) {
        char text[24 * 6 * 4];
        size_t size = make_text(text, unknown);
        ore_flow_begin(&a, text, size);
        ore_flow_begin(&b, text, size);
        assert_int_equal(ore_flow_split_published(&a, published), ORE_OK);
        assert_int_equal(ore_flow_split_by(&b, find, matcher, ORE_SPLIT_ISOLATED, false), ORE_OK);
        expect_same_splits(&a, &b);
    }
    ore_flow_release(&a);
    ore_flow_release(&b);
    ore_matcher_end(matcher);
    ore_matcher_end(unknown);
    ore_pattern_free(pattern);
    ore_pattern_free(unknown_pattern);
}

static void test_published_patterns(void **state) {
    (void)state;
    static const char *const names[] = {"gpt2", "cl100k", "cl100k-lines", "o200k"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ore_published_pattern *published = ore_published_by_name(names[i]);
        assert_non_null(published);
        for (int k = 0; published->texts[k]; k++) {
            assert_ptr_equal(ore_published_by_text(published->texts[k]), published);
            compare(names[i], published->texts[k]);
        }
        if (published->tiktoken)
            assert_ptr_equal(ore_published_by_name(published->tiktoken), published);
    }
    assert_null(ore_published_by_name("gpt3"));
    assert_null(ore_published_by_text("\\w+"));
}

/* Where a text may be cut, its parts have the splits of the whole. */
static void test_cuts(void **state) {
    (void)state;
    ore_pattern *unknown_pattern = ore_pattern_new("\\p{Cn}", "test");
    ore_matcher *unknown = ore_matcher_begin(unknown_pattern);
    static const char *const names[] = {"gpt2", "cl100k", "cl100k-lines", "o200k"};
    ore_flow whole = {0}, part = {0};
    int cuts = 0;
    for (int i = 0; i < 20000; i++) {
        const ore_published_pattern *published = ore_published_by_name(names[i % 4]);
        char text[24 * 6 * 4];
        size_t size = make_text(text, unknown);
        ore_flow_begin(&whole, text, size);
        ore_flow_split_published(&whole, published);
        for (size_t at = 1; at < size; at++) {
            if (((unsigned char)text[at] & 0xC0) == 0x80 || !ore_published_may_cut(text, size, at))
                continue;
            ore_flow_begin(&part, text, at);
            ore_flow_split_published(&part, published);
            int64_t before = part.split_count;
            assert_true(before <= whole.split_count);
            assert_memory_equal(part.splits, whole.splits, (size_t)before * sizeof *part.splits);
            ore_flow_begin(&part, text + at, size - at);
            ore_flow_split_published(&part, published);
            assert_int_equal(before + part.split_count, whole.split_count);
            assert_int_equal(whole.splits[before].start, at);
            cuts++;
        }
    }
    assert_true(cuts > 1000);
    ore_flow_release(&whole);
    ore_flow_release(&part);
    ore_matcher_end(unknown);
    ore_pattern_free(unknown_pattern);
}

/* ---- what patterns mean ---- */

static void expect_splits(const char *pattern_text, ore_split_behavior behavior, bool invert,
                          const char *text, const char *want) {
    ore_pattern *pattern = ore_pattern_new(pattern_text, "test");
    assert_non_null(pattern);
    ore_matcher *matcher = ore_matcher_begin(pattern);
    ore_flow flow = {0};
    char got[1024] = "";
    ore_flow_begin(&flow, text, strlen(text));
    assert_int_equal(ore_flow_split_by(&flow, find, matcher, behavior, invert), ORE_OK);
    for (int64_t i = 0; i < flow.split_count; i++) {
        strncat(got, text + flow.splits[i].start, flow.splits[i].end - flow.splits[i].start);
        strcat(got, "|");
    }
    assert_string_equal(got, want);
    ore_flow_release(&flow);
    ore_matcher_end(matcher);
    ore_pattern_free(pattern);
}

static void isolated(const char *pattern, const char *text, const char *want) {
    expect_splits(pattern, ORE_SPLIT_ISOLATED, false, text, want);
}

/* Oniguruma's meaning, which tokenizer.json has, where PCRE2's is another. Its splits were made by
 * Hugging Face's tokenizers 0.23.3. */
static void test_meaning(void **state) {
    (void)state;
    isolated("\\s", "a\xE1\xA0\x8E b", "a\xE1\xA0\x8E| |b|");
    isolated("[\\S]+", "a\xE1\xA0\x8E\xC2\x85 b", "a\xE1\xA0\x8E|\xC2\x85 |b|");
    isolated("\\w+", "a\xCC\x81_\xE2\x80\xBF.b", "a\xCC\x81_\xE2\x80\xBF|.|b|");
    isolated("\\d{1,2}+", "12345 6", "12345| |6|"); /* it repeats */
    isolated("b{,2}c", "bbbc", "b|bbc|");
    isolated("^x$", "x\nx", "x|\n|x|"); /* ^ and $ are those of lines */
    isolated("\\bcat\\b", "cat cats cat", "cat| cats |cat|");
    isolated("\\h+", "xyzBEEFg", "xyz|BEEF|g|"); /* hexadecimal digits */
    isolated("\\p{Han}+", "a\xE4\xB8\xAD\xE3\x80\x82", "a|\xE4\xB8\xAD|\xE3\x80\x82|");
    isolated("[^\\s\\p{L}]+", "ab 12.c", "ab |12.|c|");
    isolated("\\u00e9", "\xC3\xA9t\xC3\xA9", "\xC3\xA9|t|\xC3\xA9|");
    isolated("(?i:'S|\xC3\x89)", "x's\xC3\xA9", "x|'s|\xC3\xA9|");
    /* Properties have all of Unicode's names. */
    const char *text = "aB 1\xC2\xB2, $\xCC\x81_\xC7\x85!\t\xE0\xA5\xA6\xE2\x82\xAC";
    isolated("\\p{Punct}", text,
             "aB 1\xC2\xB2|,| $\xCC\x81|_|\xC7\x85|!|\t\xE0\xA5\xA6\xE2\x82\xAC|");
    isolated("[\\p{punctuation}$]", text,
             "aB 1\xC2\xB2|,| |$|\xCC\x81|_|\xC7\x85|!|\t\xE0\xA5\xA6\xE2\x82\xAC|");
    isolated("\\p{LC}+", text, "aB| 1\xC2\xB2, $\xCC\x81_|\xC7\x85|!\t\xE0\xA5\xA6\xE2\x82\xAC|");
    isolated("\\p{^Alpha}+", text,
             "aB| 1\xC2\xB2, $\xCC\x81_|\xC7\x85|!\t\xE0\xA5\xA6\xE2\x82\xAC|");
    isolated("[\\P{Space}]+", text,
             "aB| |1\xC2\xB2,| |$\xCC\x81_\xC7\x85!|\t|\xE0\xA5\xA6\xE2\x82\xAC|");
    isolated("\\p{Decimal Number}", text,
             "aB |1|\xC2\xB2, $\xCC\x81_\xC7\x85!\t|\xE0\xA5\xA6|\xE2\x82\xAC|");
}

static void test_behaviors(void **state) {
    (void)state;
    const char *text = "a--b-c";
    expect_splits("-", ORE_SPLIT_REMOVED, false, text, "a|b|c|");
    expect_splits("-", ORE_SPLIT_ISOLATED, false, text, "a|-|-|b|-|c|");
    expect_splits("-", ORE_SPLIT_MERGED_WITH_PREVIOUS, false, text, "a-|-|b-|c|");
    expect_splits("-", ORE_SPLIT_MERGED_WITH_NEXT, false, text, "a|-|-b|-c|");
    expect_splits("-", ORE_SPLIT_CONTIGUOUS, false, text, "a|--|b|-|c|");
    expect_splits("[a-z]", ORE_SPLIT_REMOVED, true, text, "a|b|c|");
    expect_splits("-", ORE_SPLIT_REMOVED, true, text, "-|-|-|");
}

static void test_patterns_that_are_none(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        ore_status status;
        const char *part;
    } cases[] = {
        {"(a", ORE_DATA, "test: pattern: missing closing parenthesis, at the end of \"(a\""},
        {"\\p{Foo}+", ORE_DATA,
         "test: pattern: \\p{Foo}: unknown property; expected a general category, such as "
         "Lu or P, or a script, such as Greek"},
        {"a[[b]c]", ORE_UNSUPPORTED, "a set inside of a set"},
        {"[\\W]", ORE_UNSUPPORTED, "\\W inside of brackets"},
        {"[a&&b]", ORE_UNSUPPORTED, "an intersection of sets"},
        {"(?m:.)", ORE_UNSUPPORTED, "the option m"},
        {"\\", ORE_DATA, "test: pattern: \\ at end of pattern"},
        {"[", ORE_DATA, "missing terminating ]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(ore_pattern_new(cases[i].pattern, "test"));
        assert_int_equal(ore_error_status(), cases[i].status);
        assert_non_null(strstr(ore_error_message(), cases[i].part));
        ore_error_clear();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_patterns),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_behaviors),
        cmocka_unit_test(test_patterns_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
