/* aligned.c: a text as normalizers change it, with what each of its bytes stands for. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/aligned.h"

enum { REPLACEMENT = 0xFFFD };

/* How far changes may lengthen a text: NFKD makes at most 11 bytes of one; the rest is for what a
 * file prepends. */
enum { GROWTH_MAX = 64, GROWTH_BYTES = 1 << 24 };

/* Makes room for `size` bytes in one of the two buffers. */
static ore_status make_room(char **bytes, ore_span **spans, int64_t *capacity, int64_t size,
                            bool with_spans) {
    enum { SMALLEST = 64 };
    if (size <= *capacity && (!with_spans || *spans))
        return ORE_OK;
    int64_t wanted = size < SMALLEST ? SMALLEST : size + size / 2;
    char *more = ore_alloc((size_t)wanted);
    ore_span *more_spans = with_spans ? ore_alloc((size_t)wanted * sizeof *more_spans) : NULL;
    if (!more || (with_spans && !more_spans)) {
        ore_release(more);
        ore_release(more_spans);
        return ore_error_status();
    }
    int64_t kept = *capacity < wanted ? *capacity : wanted;
    if (kept > 0) {
        memcpy(more, *bytes, (size_t)kept);
        if (more_spans && *spans)
            memcpy(more_spans, *spans, (size_t)kept * sizeof *more_spans);
    }
    ore_release(*bytes);
    ore_release(*spans);
    *bytes = more;
    *spans = more_spans;
    *capacity = wanted;
    return ORE_OK;
}

void ore_aligned_release(ore_aligned *text) {
    ore_release(text->bytes);
    ore_release(text->spans);
    ore_release(text->spare);
    ore_release(text->spare_spans);
    *text = (ore_aligned){0};
}

bool ore_text_is_ascii(const char *bytes, int64_t size) {
    unsigned char all = 0;
    for (int64_t i = 0; i < size; i++)
        all |= (unsigned char)bytes[i];
    return all < 0x80;
}

uint32_t ore_character_at(const char *text, int64_t size, int64_t at, int *bytes) {
    const uint8_t *begin = (const uint8_t *)text + at;
    uint32_t code_point = *begin;
    *bytes = 1;
    if (code_point >= 0x80)
        *bytes = ore_utf8_decode(begin, (const uint8_t *)text + size, &code_point);
    if (*bytes > 0)
        return code_point;
    *bytes = 1;
    return REPLACEMENT;
}

int64_t ore_character_before(const char *text, int64_t at) {
    do
        at--;
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

/* ---- texts ---- */

/* Appends `count` bytes that stand for the same. */
static void append(ore_aligned *text, const char *bytes, int count, ore_span span) {
    memcpy(text->bytes + text->size, bytes, (size_t)count);
    for (int i = 0; text->spans && i < count; i++)
        text->spans[text->size + i] = span;
    text->size += count;
}

/* A text in which something is not UTF-8; there is room. */
static void set_repaired(ore_aligned *text, const uint8_t *bytes, size_t size, uint32_t origin) {
    char replacement[ORE_UTF8_BYTES_MAX];
    int replacement_bytes = ore_utf8_encode(REPLACEMENT, replacement);
    text->size = 0;
    for (const uint8_t *at = bytes, *end = bytes + size; at < end;) {
        uint32_t code_point, start = origin + (uint32_t)(at - bytes);
        int n = ore_utf8_decode(at, end, &code_point);
        if (n > 0) {
            append(text, (const char *)at, n, (ore_span){start, start + (uint32_t)n});
        } else {
            int begun = ore_utf8_begun(at, end);
            n = begun ? begun : 1;
            append(text, replacement, replacement_bytes, (ore_span){start, start + (uint32_t)n});
        }
        at += n;
    }
}

/* The same where all is UTF-8. */
static void set_whole(ore_aligned *text, const uint8_t *bytes, size_t size, uint32_t origin) {
    text->size = (int64_t)size;
    if (size > 0)
        memcpy(text->bytes, bytes, size);
    for (size_t at = 0; text->spans && at < size;) {
        size_t end = at + 1;
        while (end < size && (bytes[end] & 0xC0) == 0x80)
            end++;
        ore_span span = {origin + (uint32_t)at, origin + (uint32_t)end};
        for (; at < end; at++)
            text->spans[at] = span;
    }
}

ore_status ore_aligned_set(ore_aligned *text, const char *bytes, size_t size, uint32_t origin,
                           bool with_spans) {
    if (size + origin > INT32_MAX)
        return ore_fail(ORE_DATA, "tokenizer: %zu bytes of text without a place to part it", size);
    text->limit = GROWTH_MAX * (int64_t)size + GROWTH_BYTES;
    if (!with_spans) {
        ore_release(text->spans);
        ore_release(text->spare_spans);
        text->spans = text->spare_spans = NULL;
    }
    size_t wrong = 0;
    const uint8_t *begin = (const uint8_t *)bytes, *end = begin + size;
    for (const uint8_t *at = begin; at < end;) {
        uint32_t code_point;
        int n = *at < 0x80 ? 1 : ore_utf8_decode(at, end, &code_point);
        wrong += n == 0;
        at += n ? n : 1;
    }
    enum { MORE = 2 }; /* a byte that is not UTF-8 may become three */
    if (make_room(&text->bytes, &text->spans, &text->capacity, (int64_t)(size + MORE * wrong),
                  with_spans) != ORE_OK)
        return ore_error_status();
    text->origin = origin;
    text->begins = text->ends = true;
    if (wrong > 0)
        set_repaired(text, begin, size, origin);
    else
        set_whole(text, begin, size, origin);
    return ORE_OK;
}

/* ---- changes ---- */

void ore_rewrite_begin(ore_rewrite *rewrite, ore_aligned *text) {
    *rewrite = (ore_rewrite){.text = text};
}

/* The number of bytes of the character of the old text at `at`. */
static int bytes_at(const ore_aligned *text, int64_t at) {
    unsigned char first = (unsigned char)text->bytes[at];
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

void ore_rewrite_skip(ore_rewrite *rewrite, int64_t characters) {
    for (; characters > 0 && rewrite->read < rewrite->text->size; characters--)
        rewrite->read += bytes_at(rewrite->text, rewrite->read);
}

static ore_status spare_room(ore_rewrite *rewrite, int64_t bytes) {
    ore_aligned *text = rewrite->text;
    if (bytes > text->limit - rewrite->written)
        return ore_fail(ORE_DATA,
                        "tokenizer: its normalizers make more than %lld bytes of a part of a text",
                        (long long)text->limit);
    return make_room(&text->spare, &text->spare_spans, &text->spare_capacity,
                     rewrite->written + bytes, text->spans != NULL);
}

ore_status ore_rewrite_write(ore_rewrite *rewrite, const char *bytes, int64_t count,
                             ore_span span) {
    ore_aligned *text = rewrite->text;
    if (spare_room(rewrite, count) != ORE_OK)
        return ore_error_status();
    memcpy(text->spare + rewrite->written, bytes, (size_t)count);
    for (int64_t i = 0; text->spans && i < count; i++)
        text->spare_spans[rewrite->written + i] = span;
    rewrite->written += count;
    return ORE_OK;
}

/* Writes bytes that stand for what byte `like` of the old text stands for; before its start, for
 * nothing, and beyond its end, for what its last one does. */
static ore_status put_like(ore_rewrite *rewrite, const char *bytes, int64_t count, int64_t like) {
    const ore_aligned *text = rewrite->text;
    ore_span span = {text->origin, text->origin};
    like = like < text->size ? like : text->size - 1;
    if (text->spans && like >= 0)
        span = text->spans[like];
    return ore_rewrite_write(rewrite, bytes, count, span);
}

ore_status ore_rewrite_put(ore_rewrite *rewrite, uint32_t code_point, int64_t change) {
    char bytes[ORE_UTF8_BYTES_MAX];
    int count = ore_utf8_encode(code_point, bytes);
    if (change > 0)
        return put_like(rewrite, bytes, count, rewrite->read - 1);
    ore_status status = put_like(rewrite, bytes, count, rewrite->read);
    ore_rewrite_skip(rewrite, 1 - change);
    return status;
}

ore_status ore_rewrite_insert(ore_rewrite *rewrite, const char *bytes, int64_t count) {
    return count > 0 ? put_like(rewrite, bytes, count, rewrite->read - 1) : ORE_OK;
}

ore_status ore_rewrite_copy(ore_rewrite *rewrite, int64_t end) {
    ore_aligned *text = rewrite->text;
    int64_t count = end - rewrite->read;
    if (count <= 0)
        return ORE_OK;
    if (spare_room(rewrite, count) != ORE_OK)
        return ore_error_status();
    memcpy(text->spare + rewrite->written, text->bytes + rewrite->read, (size_t)count);
    if (text->spans)
        memcpy(text->spare_spans + rewrite->written, text->spans + rewrite->read,
               (size_t)count * sizeof *text->spans);
    rewrite->written += count;
    rewrite->read = end;
    return ORE_OK;
}

void ore_rewrite_end(ore_rewrite *rewrite) {
    ore_aligned *text = rewrite->text;
    char *bytes = text->bytes;
    ore_span *spans = text->spans;
    int64_t capacity = text->capacity;
    text->size = rewrite->written;
    if (rewrite->written == 0)
        return;
    text->bytes = text->spare;
    text->spans = text->spare_spans;
    text->capacity = text->spare_capacity;
    text->spare = bytes;
    text->spare_spans = spans;
    text->spare_capacity = capacity;
}

ore_status ore_rewrite_finish(ore_rewrite *rewrite) {
    bool changed = rewrite->read > 0 || rewrite->written > 0;
    if (changed && ore_no_error() && ore_rewrite_copy(rewrite, rewrite->text->size) == ORE_OK)
        ore_rewrite_end(rewrite);
    return ore_error_status();
}
