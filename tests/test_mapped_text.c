/* test_mapped_text.c: UTF-8 and mapped texts, against an independent decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ore/text.h>

#include "support/scratch.h"
#include "support/shared.h"
#include "base/utf8.h"

/* RFC 3629, section 4, written out as its grammar: lead and second byte decide. */
static int grammar(const uint8_t *s, ptrdiff_t n, uint32_t *cp) {
    static const struct {
        uint8_t lead0, lead1, second0, second1;
        int bytes;
    } rules[] = {
        {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        int bytes = rules[r].bytes;
        if (n < 1 || s[0] < rules[r].lead0 || s[0] > rules[r].lead1)
            continue;
        if (n < bytes || (bytes > 1 && (s[1] < rules[r].second0 || s[1] > rules[r].second1)))
            return 0;
        uint32_t value = bytes == 1 ? s[0] : s[0] & (0xFFu >> (bytes + 1));
        for (int i = 1; i < bytes; i++) {
            if (s[i] < 0x80 || s[i] > 0xBF)
                return 0;
            value = value * 64 + (s[i] - 0x80u);
        }
        *cp = value;
        return bytes;
    }
    return 0;
}

static void check_sequence(const uint8_t *s, int n) {
    uint32_t got = 0, want = 0;
    int used = ore_utf8_decode(s, s + n, &got);
    int expected = grammar(s, n, &want);
    if (used != expected || (used && got != want))
        fail_msg("%02X %02X %02X %02X: %d bytes, expected %d", s[0], s[1], s[2], s[3], used,
                 expected);
}

static void test_decode_every_sequence(void **state) {
    (void)state;
    uint8_t s[4] = {0};
    for (uint32_t v = 0; v < 1u << 24; v += v < 0xC00000 ? 257 : 1) {
        s[0] = (uint8_t)(v >> 16), s[1] = (uint8_t)(v >> 8), s[2] = (uint8_t)v;
        for (int n = 0; n <= 3; n++)
            check_sequence(s, n);
        for (int last = 0x7F; last <= 0xC0 && s[0] >= 0xF0 && s[0] < 0xF6; last += 0x0D) {
            s[3] = (uint8_t)last;
            check_sequence(s, 4);
        }
    }
}

static void test_encode_every_character(void **state) {
    (void)state;
    for (uint32_t c = 0; c < ORE_CODE_POINTS; c++) {
        char bytes[ORE_UTF8_BYTES_MAX];
        uint32_t back = 0;
        if (!ore_utf8_valid(c))
            continue;
        int n = ore_utf8_encode(c, bytes);
        assert_int_equal(n, ore_utf8_bytes(c));
        assert_int_equal(grammar((const uint8_t *)bytes, n, &back), n);
        assert_int_equal(back, c);
    }
    assert_false(ore_utf8_valid(0xD800));
    assert_false(ore_utf8_valid(0xDFFF));
    assert_false(ore_utf8_valid(0x110000));
}

/* ---- texts ---- */

/* What a text of these bytes must hold: every character decoded one after the other. */
static int64_t decode_all(const uint8_t *s, size_t n, ore_text_options o, uint32_t *cps) {
    int64_t count = 0;
    bool ends_lines = !memchr(s, '\n', n); /* what a carriage return does then */
    for (size_t at = 0; at < n;) {
        uint32_t cp;
        int used = grammar(s + at, (ptrdiff_t)(n - at), &cp);
        if (used && cp == '\r' && ends_lines)
            cps[count++] = '\n';
        else if (used && !(o.strip_cr && cp == '\r'))
            cps[count++] = cp;
        at += used ? (size_t)used : 1;
    }
    return count;
}

/* The whole text in pieces of at most `capacity` bytes, as code points; how many there are. */
static int64_t read_all(const ore_text *text, size_t capacity, uint32_t *cps) {
    char *piece = malloc(capacity);
    int64_t at = 0, count = 0, got;
    while ((got = ore_text_read(text, &at, piece, capacity)) > 0) {
        assert_true(got <= (int64_t)capacity);
        for (int64_t i = 0, n; i < got; i += n, count++) {
            n = grammar((const uint8_t *)piece + i, got - i, &cps[count]);
            assert_true(n > 0); /* whole characters only */
        }
    }
    assert_int_equal(got, 0);
    assert_int_equal(ore_text_read(text, &at, piece, capacity), 0); /* and stays there */
    free(piece);
    return count;
}

static void check_text(const ore_text *text, const uint8_t *s, size_t n, ore_text_options o) {
    uint32_t *want = malloc((n + 1) * sizeof *want), *got = malloc((n + 1) * sizeof *got);
    int64_t count = decode_all(s, n, o, want), bytes = 0;
    assert_int_equal(ore_text_length(text), count);
    static const size_t capacities[] = {4, 5, 6, 7, 64, 4096, 1 << 16};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        assert_int_equal(read_all(text, capacities[i], got), count);
        assert_memory_equal(got, want, (size_t)count * sizeof *got);
    }
    static uint8_t seen[ORE_CODE_POINTS];
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < count; i++) {
        seen[want[i]] = 1;
        bytes += ore_utf8_bytes(want[i]);
    }
    assert_int_equal(ore_text_kept_bytes(text), bytes);
    assert_int_equal(ore_text_dropped_bytes(text), (int64_t)n - bytes);
    int64_t size = ore_text_alphabet(text, NULL, 0), i = 0;
    assert_true(size <= count);
    ore_text_alphabet(text, got, size);
    for (uint32_t c = 0; c < ORE_CODE_POINTS; c++)
        if (seen[c])
            assert_int_equal(got[i++], c);
    assert_int_equal(i, size);
    free(want);
    free(got);
}

static uint32_t draw(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Bytes of one flavour: 0 ASCII, 1 with carriage returns, 2 all lengths, 3 with wrong bytes. */
static size_t make_bytes(uint8_t *s, size_t room, int flavour, uint32_t seed) {
    size_t n = 0;
    while (n + 4 <= room) {
        uint32_t kind = draw(&seed) % 8;
        if (flavour >= 2 && kind < 4) {
            static const uint32_t from[] = {0x20, 0x80, 0x800, 0x10000};
            n += (size_t)ore_utf8_encode(from[kind] + draw(&seed) % 90, (char *)s + n);
        } else if (flavour == 3 && kind == 4)
            s[n++] = (uint8_t)(0x80 + draw(&seed) % 0x80);
        else if (flavour && kind == 5)
            s[n++] = '\r';
        else
            s[n++] = (uint8_t)(' ' + draw(&seed) % 95);
    }
    return n;
}

static void test_texts_of_every_flavour(void **state) {
    (void)state;
    static const size_t rooms[] = {12, 13, 30, 4095, 4096, 4097, 4100, 8192, 50000};
    uint8_t *s = malloc(50000);
    for (int flavour = 0; flavour < 4; flavour++) {
        for (size_t r = 0; r < sizeof rooms / sizeof *rooms; r++) {
            size_t n = make_bytes(s, rooms[r], flavour, (uint32_t)(r + 7));
            for (int strip = 0; strip < 2; strip++) {
                ore_text_options o = ore_text_defaults();
                o.strip_cr = strip;
                o.invalid_utf8 = flavour == 3 ? ORE_UTF8_IGNORE : ORE_UTF8_ERROR;
                ore_text *text = ore_text_open_memory("memory", s, n, &o);
                if (!text)
                    fail_msg("%s", ore_error_message());
                check_text(text, s, n, o);
                ore_text_close(text);
                text = ore_text_open(scratch_file("flavour.txt", s, n), &o);
                assert_non_null(text);
                check_text(text, s, n, o);
                ore_text_close(text);
            }
        }
    }
    free(s);
}

static void test_ignored_bytes(void **state) {
    (void)state;
    /* What Python's bytes.decode("utf-8", "ignore") leaves of the same bytes. */
    static const uint8_t s[] = "a\xFF\xC3(b\xE2\x82"
                               "c\xED\xA0\x80"
                               "d\xF0\x9F\x98\x80\xC0\xAF\xF4\x90\x80\x80z\xE2\x82";
    ore_text_options o = {.invalid_utf8 = ORE_UTF8_IGNORE};
    ore_text *text = ore_text_open_memory("memory", s, sizeof s - 1, &o);
    static const uint32_t want[] = {'a', '(', 'b', 'c', 'd', 0x1F600, 'z'};
    uint32_t got[7];
    assert_int_equal(ore_text_length(text), 7);
    assert_int_equal(read_all(text, 64, got), 7);
    assert_memory_equal(got, want, sizeof want);
    ore_text_close(text);
}

static void test_reading_outside(void **state) {
    (void)state;
    ore_text *text = ore_text_open_memory("t", "abc", 3, NULL);
    char piece[4];
    int64_t at = 3;
    assert_int_equal(ore_text_read(text, &at, piece, 4), 0);
    at = 4;
    assert_int_equal(ore_text_read(text, &at, piece, 4), -1);
    assert_error(ORE_INVALID, "t: read from 4 into 4 bytes, expected 0 to 3 and 4 bytes");
    at = -1;
    assert_int_equal(ore_text_read(text, &at, piece, 4), -1);
    assert_error(ORE_INVALID, "t: read from -1 ");
    at = 0;
    assert_int_equal(ore_text_read(text, &at, piece, 3), -1);
    assert_error(ORE_INVALID, "t: read from 0 into 3 bytes");
    assert_int_equal(at, 0);
    ore_text_close(text);
}

/* ---- errors ---- */

static void test_files_that_cannot_be_opened(void **state) {
    (void)state;
    assert_null(ore_text_open(scratch_path("missing.txt"), NULL));
    assert_error(ORE_IO, "missing.txt: ");
    assert_null(ore_text_open(scratch_file("empty.txt", "", 0), NULL));
    assert_error(ORE_DATA, "empty.txt: the file is empty");
    const char *folder = scratch_path("folder");
    mkdir(folder, 0700);
    assert_null(ore_text_open(folder, NULL));
    assert_error(ORE_IO, "folder: a folder, expected a text file");
    const char *pipe = scratch_path("pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_null(ore_text_open(pipe, NULL));
    assert_error(ORE_IO, "pipe: not a regular file, expected a text file");
    assert_null(ore_text_open_memory("nothing", "", 0, NULL));
    assert_error(ORE_DATA, "nothing: the text is empty");
}

static void test_unreadable_file(void **state) {
    (void)state;
    const char *path = scratch_file("secret.txt", "abc", 3);
    chmod(path, 0);
    chmod(scratch_path(""), 0711);
    bool root = geteuid() == 0; /* who may read every file */
    if (root && seteuid(65534) != 0) {
        print_message("skipped: root may read every file\n");
        skip();
    }
    ore_text *text = ore_text_open(path, NULL);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_null(text);
    assert_error(ORE_IO, "secret.txt: ");
}

static void expect_wrong_byte(const char *s, size_t n, const char *message) {
    assert_null(ore_text_open_memory("x.txt", s, n, NULL));
    assert_error(ORE_DATA, message);
    assert_null(strstr(ore_error_message(), "ignore")); /* no control of a command's */
}

static void test_wrong_bytes(void **state) {
    (void)state;
    expect_wrong_byte("ab\xFFz", 4, "x.txt: byte 2 (0xFF) is not valid UTF-8");
    expect_wrong_byte("ab\xE2\x82", 4, "x.txt: byte 2 (0xE2)");       /* cut at the end */
    expect_wrong_byte("\xC0\xAF", 2, "x.txt: byte 0 (0xC0)");         /* overlong */
    expect_wrong_byte("a\xE0\x80\xAF", 4, "x.txt: byte 1 (0xE0)");    /* overlong */
    expect_wrong_byte("a\xED\xA0\x80", 4, "x.txt: byte 1 (0xED)");    /* a surrogate */
    expect_wrong_byte("\xF4\x90\x80\x80", 4, "x.txt: byte 0 (0xF4)"); /* above U+10FFFF */
    expect_wrong_byte("\xC3\xA9\x80", 3, "x.txt: byte 2 (0x80)");     /* continues nothing */
    ore_text_options o = {.invalid_utf8 = ORE_UTF8_IGNORE, .strip_cr = true};
    assert_null(ore_text_open_memory("x.txt", "\xFF\xFF\xFF", 3, &o));
    assert_error(ORE_DATA, "x.txt: no character is left after dropping 3 bytes");
    char *large = malloc(100001);
    memset(large, 'a', 100000);
    large[100000] = (char)0x90;
    expect_wrong_byte(large, 100001, "x.txt: byte 100000 (0x90)");
    free(large);
}

/* ---- encodings and line ends ---- */

static void expect_text(const ore_text *text, const uint32_t *want, int64_t count) {
    uint32_t got[64];
    assert_non_null(text);
    assert_int_equal(ore_text_length(text), count);
    assert_int_equal(read_all(text, 5, got), count);
    assert_memory_equal(got, want, (size_t)count * sizeof *got);
}

/* "né\n" and U+1F600, from a file and from memory. */
static void test_byte_order_marks(void **state) {
    (void)state;
    static const uint32_t want[] = {'n', 0xE9, '\n', 0x1F600};
    static const struct {
        const char *encoding, *bytes;
        size_t size;
    } cases[] = {
        {"UTF-8", "\xEF\xBB\xBFn\xC3\xA9\n\xF0\x9F\x98\x80", 11},
        {"UTF-16LE", "\xFF\xFEn\0\xE9\0\n\0\x3D\xD8\0\xDE", 12},
        {"UTF-16BE", "\xFE\xFF\0n\0\xE9\0\n\xD8\x3D\xDE\0", 12},
        {"UTF-32LE", "\xFF\xFE\0\0n\0\0\0\xE9\0\0\0\n\0\0\0\0\xF6\1\0", 20},
        {"UTF-32BE", "\0\0\xFE\xFF\0\0\0n\0\0\0\xE9\0\0\0\n\0\1\xF6\0", 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *bytes = cases[i].bytes, *path = scratch_file("m.txt", bytes, cases[i].size);
        ore_text *texts[] = {ore_text_open(path, NULL),
                             ore_text_open_memory("m", bytes, cases[i].size, NULL)};
        for (int t = 0; t < 2; t++) {
            expect_text(texts[t], want, 4);
            ore_text_facts facts = ore_text_facts_of(texts[t]);
            assert_string_equal(facts.encoding, cases[i].encoding);
            assert_int_equal(facts.mark, i == 0);
            assert_int_equal(facts.invalid_bytes, 0);
            assert_int_equal(ore_text_kept_bytes(texts[t]), 8);
            assert_int_equal(ore_text_dropped_bytes(texts[t]), 0);
            assert_true(
                ore_digest_equal(ore_text_digest(texts[t]), ore_digest_of(bytes, cases[i].size)));
            ore_text_close(texts[t]);
        }
    }
    expect_wrong_byte("\xEF\xBB\xBF\xFF", 4, "x.txt: byte 3 (0xFF) is not valid UTF-8");
    expect_wrong_byte("\xEF\xBB\xBF", 3, "x.txt: the text is empty but for its byte order mark");
    expect_wrong_byte("\xFF\xFE", 2, "x.txt: the text is empty but for its byte order mark");
}

static void test_wrong_units(void **state) {
    (void)state;
    static const struct {
        const char *message, *bytes;
        size_t size;
        int64_t dropped;
    } cases[] = {
        {"x.txt: byte 4 is not valid UTF-16LE",
         "\xFF\xFE"
         "a\0"
         "\0\xD8"
         "b\0",
         8, 2},
        {"x.txt: byte 4 is not valid UTF-16LE",
         "\xFF\xFE"
         "a\0"
         "\0\xDC",
         6, 2},
        {"x.txt: byte 4 is not valid UTF-16LE",
         "\xFF\xFE"
         "a\0"
         "b",
         5, 1},
        {"x.txt: byte 4 is not valid UTF-16LE",
         "\xFF\xFE"
         "a\0"
         "\0\xD8",
         6, 2},
        {"x.txt: byte 8 is not valid UTF-32BE", "\0\0\xFE\xFF\0\0\0a\0\x11\0\0", 12, 4},
        {"x.txt: byte 8 is not valid UTF-32BE", "\0\0\xFE\xFF\0\0\0a\0\0\xD8\0", 12, 4},
        {"x.txt: byte 8 is not valid UTF-32BE", "\0\0\xFE\xFF\0\0\0a\0\0", 10, 2},
    };
    ore_text_options o = {.invalid_utf8 = ORE_UTF8_IGNORE};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_wrong_byte(cases[i].bytes, cases[i].size, cases[i].message);
        ore_text *text = ore_text_open_memory("x", cases[i].bytes, cases[i].size, &o);
        expect_text(text, (const uint32_t[]){'a', 'b'}, i == 0 ? 2 : 1);
        assert_int_equal(ore_text_facts_of(text).invalid_bytes, cases[i].dropped);
        ore_text_close(text);
    }
}

/* Where no line feed ends a line, a carriage return does; beside one it is a character. */
static void test_line_ends(void **state) {
    (void)state;
    for (int strip = 0; strip < 2; strip++) {
        ore_text_options o = {.strip_cr = strip};
        ore_text *text = ore_text_open_memory("mac", "a\rb\r", 4, &o);
        expect_text(text, (const uint32_t[]){'a', '\n', 'b', '\n'}, 4);
        assert_true(ore_text_facts_of(text).cr_line_ends);
        assert_int_equal(ore_text_alphabet(text, NULL, 0), 3);
        ore_text_close(text);
        text = ore_text_open_memory("mac", "\xC3\xA9\rb\r", 5, &o);
        expect_text(text, (const uint32_t[]){0xE9, '\n', 'b', '\n'}, 4);
        ore_text_close(text);
        text = ore_text_open_memory("dos", "a\r\nb\r\n", 6, &o);
        if (strip)
            expect_text(text, (const uint32_t[]){'a', '\n', 'b', '\n'}, 4);
        else
            expect_text(text, (const uint32_t[]){'a', '\r', '\n', 'b', '\r', '\n'}, 6);
        assert_false(ore_text_facts_of(text).cr_line_ends);
        assert_int_equal(ore_text_facts_of(text).dropped_cr, strip ? 2 : 0);
        ore_text_close(text);
    }
}

static void test_pending_error_refuses(void **state) {
    (void)state;
    ore_fail(ORE_STATE, "before");
    assert_null(ore_text_open_memory("t", "abc", 3, NULL));
    assert_null(ore_text_open("t", NULL));
    assert_error(ORE_STATE, "before");
}

/* ---- sizes ---- */

static void test_memory_does_not_grow_with_the_text(void **state) {
    (void)state;
    size_t n = 16 << 20;
    char *s = malloc(n);
    for (size_t i = 0; i + 2 <= n; i += 2)
        memcpy(s + i, "\xC3\xA9", 2);
    const char *path = scratch_file("large.txt", s, n);
    ore_memory_stats before, after;
    ore_memory_read(&before);
    ore_text *text = ore_text_open(path, NULL);
    ore_memory_read(&after);
    assert_int_equal(ore_text_length(text), n / 2);
    assert_true(after.in_use_bytes - before.in_use_bytes < 512 << 10);
    char got[4];
    int64_t at = (int64_t)n - 2;
    assert_int_equal(ore_text_read(text, &at, got, sizeof got), 2);
    assert_memory_equal(got, "\xC3\xA9", 2);
    ore_text_close(text);
    ore_memory_read(&after);
    assert_true(after.in_use_bytes <= before.in_use_bytes + (64 << 10));
    free(s);
    unlink(path);
}

static void test_tinyshakespeare(void **state) {
    (void)state;
    const char *path = shared_file("data/text/tinyshakespeare.txt");
    ore_text *text = ore_text_open(path, NULL);
    assert_int_equal(ore_text_length(text), 1115394);
    assert_int_equal(ore_text_alphabet(text, NULL, 0), 65);
    ore_text_close(text);
}

/* That of the bytes, those included that the options drop. */
static void a_digest_is_of_all_bytes(void **state) {
    (void)state;
    static const char bytes[] = "two\r\nlines\xff\n";
    ore_text_options o = ore_text_defaults();
    o.strip_cr = true;
    o.invalid_utf8 = ORE_UTF8_IGNORE;
    ore_text *text = ore_text_open_memory("bytes", bytes, sizeof bytes - 1, &o);
    assert_non_null(text);
    assert_true(ore_digest_equal(ore_text_digest(text), ore_digest_of(bytes, sizeof bytes - 1)));
    assert_false(ore_digest_equal(ore_text_digest(text), ore_digest_of(bytes, sizeof bytes - 2)));
    ore_text_close(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_of_all_bytes),
        cmocka_unit_test(test_decode_every_sequence),
        cmocka_unit_test(test_encode_every_character),
        cmocka_unit_test(test_texts_of_every_flavour),
        cmocka_unit_test(test_ignored_bytes),
        cmocka_unit_test(test_reading_outside),
        cmocka_unit_test(test_files_that_cannot_be_opened),
        cmocka_unit_test(test_unreadable_file),
        cmocka_unit_test(test_wrong_bytes),
        cmocka_unit_test(test_byte_order_marks),
        cmocka_unit_test(test_wrong_units),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_pending_error_refuses),
        cmocka_unit_test(test_memory_does_not_grow_with_the_text),
        cmocka_unit_test(test_tinyshakespeare),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
