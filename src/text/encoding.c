/* encoding.c: byte order marks, and the decoding of UTF-8, UTF-16 and UTF-32. */
#include <string.h>

#include "text/encoding.h"
#include "base/utf8.h"

/* UTF-32 stands before UTF-16, since the mark of little-endian UTF-32 begins with that of
 * little-endian UTF-16. */
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

int ore_encoding_decode(const ore_encoding *encoding, const uint8_t *at, const uint8_t *end,
                        uint32_t *code_point) {
    int unit = encoding->unit_bytes;
    if (unit == 1)
        return ore_utf8_decode(at, end, code_point);
    if (end - at < unit)
        return 0;
    uint32_t high = *code_point = unit_at(encoding, at);
    if (ore_utf8_valid(high))
        return unit;
    if (unit != 2 || high >= 0xDC00 || end - at < 2 * unit)
        return 0;
    uint32_t low = unit_at(encoding, at + unit);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    *code_point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return 2 * unit;
}

bool ore_encoding_holds(const ore_encoding *encoding, const uint8_t *bytes, int64_t size,
                        char character) {
    int unit = encoding->unit_bytes;
    if (unit == 1)
        return size > 0 && memchr(bytes, character, (size_t)size);
    for (int64_t at = 0; at + unit <= size; at += unit)
        if (unit_at(encoding, bytes + at) == (uint32_t)character)
            return true;
    return false;
}
