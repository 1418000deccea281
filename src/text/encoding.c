/* encoding.c: byte order marks, and UTF-16 and UTF-32 to UTF-8. */
#include <string.h>

#include "base/memory.h"
#include "text/encoding.h"
#include "text/utf8.h"

/* UTF-32 comes first: the little-endian mark of UTF-16 begins its own. */
static const ore_encoding encodings[] = {
    {"UTF-8", 1, false, 3, (const uint8_t[]){0xEF, 0xBB, 0xBF}},
    {"UTF-32LE", 4, false, 4, (const uint8_t[]){0xFF, 0xFE, 0, 0}},
    {"UTF-32BE", 4, true, 4, (const uint8_t[]){0, 0, 0xFE, 0xFF}},
    {"UTF-16LE", 2, false, 2, (const uint8_t[]){0xFF, 0xFE}},
    {"UTF-16BE", 2, true, 2, (const uint8_t[]){0xFE, 0xFF}},
};
enum { ENCODINGS = sizeof encodings / sizeof *encodings };

const ore_encoding *ore_encoding_of(const uint8_t *bytes, size_t size, int *mark_bytes) {
    for (int i = 0; i < ENCODINGS; i++) {
        size_t mark = (size_t)encodings[i].mark_bytes;
        *mark_bytes = encodings[i].mark_bytes;
        if (size >= mark && memcmp(bytes, encodings[i].mark, mark) == 0)
            return &encodings[i];
    }
    *mark_bytes = 0;
    return &encodings[0];
}

static uint32_t unit_at(const ore_encoding *encoding, const uint8_t *at) {
    uint32_t unit = 0;
    for (int i = 0; i < encoding->unit_bytes; i++)
        unit |= (uint32_t)at[i] << 8 * (encoding->big_endian ? encoding->unit_bytes - 1 - i : i);
    return unit;
}

/* The code point that starts at `at` and its bytes; 0 where none does. */
static int decode(const ore_encoding *encoding, const uint8_t *at, int64_t left,
                  uint32_t *code_point) {
    int unit = encoding->unit_bytes;
    if (left < unit)
        return 0;
    uint32_t high = *code_point = unit_at(encoding, at);
    if (ore_utf8_valid(high))
        return unit;
    if (unit != 2 || high >= 0xDC00 || left < 2 * unit)
        return 0;
    uint32_t low = unit_at(encoding, at + unit);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *code_point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return 2 * unit;
}

uint8_t *ore_encoding_convert(const ore_encoding *encoding, const char *name, const uint8_t *bytes,
                              int64_t *size_bytes, bool ignore, int64_t *invalid_bytes) {
    /* A unit of 2 bytes takes at most 3 in UTF-8, and one of 4 at most 4. */
    uint8_t *text = ore_alloc((size_t)*size_bytes + (size_t)*size_bytes / 2 + ORE_UTF8_MOST);
    int64_t used = 0;
    for (int64_t at = 0; text && at < *size_bytes;) {
        uint32_t code_point;
        int64_t left = *size_bytes - at;
        int n = decode(encoding, bytes + at, left, &code_point);
        if (n == 0 && !ignore) {
            ore_fail(ORE_DATA, "%s: byte %lld is not valid %s", name,
                     (long long)at + encoding->mark_bytes, encoding->name);
            ore_release(text);
            return NULL;
        }
        if (n > 0)
            used += ore_utf8_encode(code_point, (char *)text + used);
        int64_t taken = n > 0 ? n : left < encoding->unit_bytes ? left : encoding->unit_bytes;
        *invalid_bytes += n == 0 ? taken : 0;
        at += taken;
    }
    *size_bytes = used;
    return text;
}
