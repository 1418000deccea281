/* Any bytes as a text: refused with ORE_DATA, or what is read agrees with decoding one character
 * after the other, and encoding gives the kept bytes back. */
#include <stdlib.h>
#include <string.h>

#include <ore/text.h>

#include "base/utf8.h"
#include "check.h"

/* The kept characters; -1 where a byte is wrong and that is an error. */
static int64_t decode(const uint8_t *data, size_t size, const ore_text_options *o,
                      uint32_t *code_points) {
    const uint8_t *at = data, *end = data + size;
    int64_t count = 0;
    bool ends_lines = size > 0 && !memchr(data, '\n', size);
    while (at < end) {
        uint32_t c = 0;
        char again[ORE_UTF8_BYTES_MAX];
        int n = ore_utf8_decode(at, end, &c);
        check(n >= 0 && n <= end - at);
        if (n == 0 && o->invalid_utf8 == ORE_UTF8_ERROR)
            return -1;
        if (n) {
            check(c < 0x80 || (ore_utf8_encode(c, again) == n && !memcmp(again, at, (size_t)n)));
            check(ore_utf8_valid(c));
            if (c == '\r' && ends_lines)
                code_points[count++] = '\n';
            else if (c != '\r' || !o->strip_cr)
                code_points[count++] = c;
        }
        at += n ? n : 1;
    }
    return count;
}

static void check_tokens(const ore_text *text, int64_t count) {
    ore_tokenizer *tokenizer = ore_tokenizer_new_char(text, false);
    ore_tokens *tokens = ore_tokens_of_text(text, tokenizer);
    check(tokens && tokens->length == count);
    int64_t *ids = malloc((size_t)count * sizeof *ids);
    check(ids && tokens->read(tokens, 0, count, ids) == ORE_OK);
    int64_t bytes = tokens->bytes(tokens, ids, count);
    check(bytes == ore_text_kept_bytes(text));
    check(ore_tokenizer_decode(tokenizer, ids, count, NULL, 0) == bytes);
    free(ids);
    ore_tokens_close(tokens);
    ore_tokenizer_free(tokenizer);
}

/* The whole text, in pieces of at most `capacity` bytes. */
static int64_t read_all(const ore_text *text, size_t capacity, uint32_t *code_points) {
    char piece[64];
    int64_t at = 0, count = 0, got;
    while ((got = ore_text_read(text, &at, piece, capacity)) > 0) {
        const uint8_t *from = (const uint8_t *)piece, *end = from + got;
        for (int n; from < end; from += n, count++)
            check((n = ore_utf8_decode(from, end, &code_points[count])) > 0);
    }
    check(got == 0);
    return count;
}

/* The bytes before the text of UTF-8 with a byte order mark: 3, else 0; -1 where the mark tells
 * another encoding. */
static int mark_bytes(const uint8_t *data, size_t size) {
    if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        return 3;
    bool wide = size >= 2 && (memcmp(data, "\xFF\xFE", 2) == 0 || memcmp(data, "\xFE\xFF", 2) == 0);
    bool wider = size >= 4 && memcmp(data, "\0\0\xFE\xFF", 4) == 0;
    return wide || wider ? -1 : 0;
}

/* A text of another encoding is only read to its end. */
static void try_converted(const uint8_t *data, size_t size, const ore_text_options *o,
                          uint32_t *got) {
    ore_text *text = ore_text_open_memory("fuzz", data, size, o);
    check((text != NULL) == ore_ok());
    ore_error_clear();
    if (!text)
        return;
    int64_t count = ore_text_length(text);
    check(count > 0 && count <= (int64_t)size && read_all(text, 7, got) == count);
    check_tokens(text, count);
    ore_text_close(text);
}

static void try_options(const uint8_t *data, size_t size, const ore_text_options *o, uint32_t *want,
                        uint32_t *got) {
    int mark = mark_bytes(data, size);
    if (mark < 0) {
        try_converted(data, size, o, got);
        return;
    }
    int64_t count = decode(data + mark, size - (size_t)mark, o, want);
    ore_text *text = ore_text_open_memory("fuzz", data, size, o);
    check((text != NULL) == (count > 0));
    if (!text) {
        check_error();
        return;
    }
    check(ore_text_length(text) == count);
    for (size_t capacity = ORE_UTF8_BYTES_MAX; capacity <= 64; capacity += 20) {
        check(read_all(text, capacity, got) == count);
        check(!memcmp(want, got, (size_t)count * sizeof *got));
    }
    if (o->strip_cr)
        check_tokens(text, count);
    ore_text_close(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t *want = malloc((size + 1) * sizeof *want), *got = malloc((size + 1) * sizeof *got);
    check(want && got);
    ore_error_clear();
    /* The size stands for the draw of the options, so that an input always takes the same way. */
    ore_text_options o = {.invalid_utf8 = size % 3 ? ORE_UTF8_IGNORE : ORE_UTF8_ERROR,
                          .strip_cr = size % 3 == 2};
    try_options(data, size, &o, want, got);
    free(want);
    free(got);
    return 0;
}
