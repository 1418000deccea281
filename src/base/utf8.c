/* utf8.c: strict UTF-8 (RFC 3629, section 4). */
#include <stdio.h>

#include "base/utf8.h"

static bool continues(const uint8_t *at) {
    return (*at & 0xC0) == 0x80;
}

int ore_utf8_decode(const uint8_t *at, const uint8_t *end, uint32_t *code_point) {
    ptrdiff_t room = end - at;
    if (room < 1)
        return 0;
    uint32_t lead = at[0];
    if (lead < 0x80) {
        *code_point = lead;
        return 1;
    }
    if (lead < 0xC2 || room < 2 || !continues(at + 1))
        return 0;
    uint32_t second = at[1];
    if (lead < 0xE0) {
        *code_point = (lead & 0x1F) << 6 | (second & 0x3F);
        return 2;
    }
    if (lead > 0xF4 || room < 3 || !continues(at + 2))
        return 0;
    if (lead < 0xF0) {
        uint32_t value = (lead & 0x0F) << 12 | (second & 0x3F) << 6 | (at[2] & 0x3Fu);
        *code_point = value;
        return value >= 0x800 && ore_utf8_valid(value) ? 3 : 0;
    }
    if (room < 4 || !continues(at + 3))
        return 0;
    uint32_t value = (lead & 0x07) << 18 | (second & 0x3F) << 12 | (at[2] & 0x3Fu) << 6;
    value |= at[3] & 0x3Fu;
    *code_point = value;
    return value >= 0x10000 && ore_utf8_valid(value) ? 4 : 0;
}

int ore_utf8_begun(const uint8_t *at, const uint8_t *end) {
    ptrdiff_t room = end - at;
    if (room < 1 || *at < 0xC2 || *at > 0xF4)
        return 0;
    uint8_t lead = *at;
    int needed = 2 + (lead >= 0xE0) + (lead >= 0xF0), n = 1;
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80; /* no overlong form */
    uint8_t high = lead == 0xED   ? 0x9F
                   : lead == 0xF4 ? 0x8F
                                  : 0xBF; /* no surrogate, and nothing above U+10FFFF */
    if (room > 1 && at[1] >= low && at[1] <= high)
        for (n = 2; n < needed && n < room && continues(at + n);)
            n++;
    return n < needed ? n : 0;
}

bool ore_utf8_valid(uint32_t code_point) {
    return code_point < ORE_CODE_POINTS && (code_point < 0xD800 || code_point > 0xDFFF);
}

int ore_utf8_bytes(uint32_t code_point) {
    return 1 + (code_point >= 0x80) + (code_point >= 0x800) + (code_point >= 0x10000);
}

int ore_utf8_encode(uint32_t code_point, char *bytes) {
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    int n = ore_utf8_bytes(code_point);
    for (int i = n - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    bytes[0] = (char)(leads[n] | code_point);
    return n;
}

const char *ore_utf8_show(uint32_t code_point, char *text) {
    bool control = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
    bool separator = code_point == 0x2028 || code_point == 0x2029;
    if (control || separator || !ore_utf8_valid(code_point)) {
        snprintf(text, ORE_UTF8_SHOWN, "U+%04X", (unsigned)code_point);
        return text;
    }
    char bytes[ORE_UTF8_BYTES_MAX];
    int n = ore_utf8_encode(code_point, bytes);
    snprintf(text, ORE_UTF8_SHOWN, "'%.*s' (U+%04X)", n, bytes, (unsigned)code_point);
    return text;
}
