/* json_scan.c: strings of a JSON object (RFC 8259), in one pass over its bytes. */
#include <string.h>

#include "base/utf8.h"
#include "io/json_scan.h"

enum {
    MEMBERS_MAX = 32, /* of one object: each key is compared with those before it */
    DEPTH_MAX = 16,   /* of objects and arrays */
    DIGITS_MAX = 18,  /* of an integer that surely fits 64 bits; doubles may have as many */
};

typedef struct scanner {
    const char *at, *end;
    char *const *names; /* (count) that are wanted of the outer object */
    int64_t count;
    ore_json_span *spans;
} scanner;

static bool scan_value(scanner *s, int depth);

static void skip_spaces(scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

/* Moves behind a character that has to be next. */
static bool take(scanner *s, char c) {
    bool there = s->at < s->end && *s->at == c;
    s->at += there;
    return there;
}

/* ---- strings ---- */

/* Whether one of 8 bytes is a quote, a backslash or a control character: a byte is zero, or below a
 * limit, where subtracting borrows from its highest bit. */
static bool has_special(const char *at) {
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t v;
    memcpy(&v, at, sizeof v);
    uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((v - ones * 0x20) & ~v)) &
           highs;
}

/* Four hexadecimal digits; -1 where they are not. */
static int32_t hex_of(const char *at, const char *end) {
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i], low = (char)(c | 0x20);
        bool digit = c >= '0' && c <= '9';
        if (!digit && (low < 'a' || low > 'f'))
            return -1;
        value = value << 4 | (digit ? c - '0' : low - 'a' + 10);
    }
    return value;
}

/* The character of an escape behind its backslash, and its bytes from there on; 0 for none. */
static uint32_t escape_of(const char *at, const char *end, int *bytes) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = at < end ? memchr(letters, *at, sizeof letters - 1) : NULL;
    *bytes = 1;
    if (letter)
        return (uint32_t)meanings[letter - letters];
    int32_t first = at < end && *at == 'u' ? hex_of(at + 1, end) : -1, second;
    *bytes = 5;
    if (first < 0xD800 || first > 0xDFFF)
        return first > 0 ? (uint32_t)first : 0;
    if (first > 0xDBFF || end - at < 11 || at[5] != '\\' || at[6] != 'u')
        return 0;
    second = hex_of(at + 7, end);
    *bytes = 11;
    return second < 0xDC00 || second > 0xDFFF
               ? 0
               : 0x10000 + ((uint32_t)(first & 0x3FF) << 10 | (uint32_t)(second & 0x3FF));
}

static bool scan_string(scanner *s, ore_json_span *span) {
    int bytes;
    if (!take(s, '"'))
        return false;
    *span = (ore_json_span){.start = s->at, .found = true};
    for (;;) {
        while (s->end - s->at >= 8 && !has_special(s->at))
            s->at += 8;
        if (s->at == s->end || (unsigned char)*s->at < 0x20)
            return false;
        if (*s->at == '"')
            break;
        if (*s->at++ == '\\') {
            span->escaped = true;
            if (!escape_of(s->at, s->end, &bytes))
                return false;
            s->at += bytes;
        }
    }
    span->bytes = s->at++ - span->start;
    return true;
}

int64_t ore_json_unescape(const ore_json_span *span, char *to) {
    const char *at = span->start, *end = at + span->bytes;
    char *start = to;
    while (at < end) {
        const char *slash = span->escaped ? memchr(at, '\\', (size_t)(end - at)) : NULL;
        size_t plain = (size_t)((slash ? slash : end) - at);
        memcpy(to, at, plain);
        to += plain;
        at += plain;
        if (slash) {
            int bytes;
            to += ore_utf8_encode(escape_of(at + 1, end, &bytes), to);
            at += 1 + bytes;
        }
    }
    return to - start;
}

/* ---- other values ---- */

static int digits(scanner *s) {
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at - start > DIGITS_MAX ? -1 : (int)(s->at - start);
}

static bool scan_number(scanner *s) {
    take(s, '-');
    bool zero = s->at < s->end && *s->at == '0';
    int whole = digits(s);
    if (whole < 1 || (zero && whole > 1) || (take(s, '.') && digits(s) < 1))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '-'))
            take(s, '+');
        int exponent = digits(s);
        return exponent == 1 || exponent == 2; /* such a double is finite */
    }
    return true;
}

static bool scan_word(scanner *s, const char *word) {
    size_t bytes = strlen(word);
    bool there = (size_t)(s->end - s->at) >= bytes && memcmp(s->at, word, bytes) == 0;
    s->at += there ? bytes : 0;
    return there;
}

static bool scan_array(scanner *s, int depth) {
    take(s, '[');
    skip_spaces(s);
    if (take(s, ']'))
        return true;
    do {
        if (!scan_value(s, depth))
            return false;
        skip_spaces(s);
    } while (take(s, ','));
    return take(s, ']');
}

/* ---- objects ---- */

static bool equal(const ore_json_span *key, const char *name, int64_t bytes) {
    return key->bytes == bytes && memcmp(key->start, name, (size_t)bytes) == 0;
}

/* A member's value, which goes into its span where the outer object's is wanted. */
static bool scan_member(scanner *s, const ore_json_span *key, int depth) {
    int64_t i = depth == 0 ? 0 : s->count;
    while (i < s->count && !equal(key, s->names[i], (int64_t)strlen(s->names[i])))
        i++;
    if (i == s->count)
        return scan_value(s, depth);
    skip_spaces(s);
    s->spans[i] = (ore_json_span){.found = true};
    return scan_word(s, "null") || scan_string(s, &s->spans[i]);
}

static bool scan_object(scanner *s, int depth) {
    ore_json_span keys[MEMBERS_MAX];
    int count = 0;
    take(s, '{');
    skip_spaces(s);
    if (take(s, '}'))
        return true;
    do {
        ore_json_span *key = &keys[count];
        skip_spaces(s);
        if (count == MEMBERS_MAX || !scan_string(s, key) || key->escaped)
            return false;
        for (int i = 0; i < count; i++)
            if (equal(&keys[i], key->start, key->bytes))
                return false;
        count++;
        skip_spaces(s);
        if (!take(s, ':') || !scan_member(s, key, depth))
            return false;
        skip_spaces(s);
    } while (take(s, ','));
    return take(s, '}');
}

static bool scan_value(scanner *s, int depth) {
    ore_json_span unwanted;
    skip_spaces(s);
    if (s->at == s->end || depth == DEPTH_MAX)
        return false;
    switch (*s->at) {
    case '"':
        return scan_string(s, &unwanted);
    case '{':
        return scan_object(s, depth + 1);
    case '[':
        return scan_array(s, depth + 1);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return scan_number(s);
    }
}

bool ore_json_find_strings(const char *bytes, int64_t size, char *const *names, int64_t count,
                           ore_json_span *spans) {
    scanner s = {.at = bytes, .end = bytes + size, .names = names, .count = count, .spans = spans};
    for (int64_t i = 0; i < count; i++)
        spans[i] = (ore_json_span){0};
    skip_spaces(&s);
    if (s.at == s.end || *s.at != '{' || !scan_object(&s, 0))
        return false;
    skip_spaces(&s);
    return s.at == s.end;
}
