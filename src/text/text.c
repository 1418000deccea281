/* text.c: a UTF-8 text addressed by code point without being in memory. */
#include <string.h>

#include "base/error.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "text/encoding.h"
#include "text/text.h"
#include "text/utf8.h"

/* A mark is the byte offset of a kept code point whose number is a multiple of this. */
enum { MARK_DISTANCE = 4096 };

struct ore_text {
    char *name;
    const uint8_t *bytes;
    int64_t size_bytes;
    ore_mapping mapping; /* zero for a text in memory */
    uint8_t *converted;  /* UTF-8 of a text in another encoding, or NULL; then it is `bytes` */
    ore_digest digest;   /* of the source's bytes, mark and all */
    ore_text_options options;
    ore_text_facts facts;
    int64_t length, kept_bytes;
    bool indexed; /* false while code point n is byte n */
    int64_t *marks;
    int64_t mark_count, mark_capacity;
    uint64_t *seen; /* one bit per code point there is */
    uint32_t largest;
};

ore_text_options ore_text_defaults(void) {
    return (ore_text_options){.invalid_utf8 = ORE_UTF8_ERROR, .strip_cr = false};
}

static void see(ore_text *text, uint32_t code_point) {
    text->seen[code_point / 64] |= UINT64_C(1) << code_point % 64;
    text->largest = code_point > text->largest ? code_point : text->largest;
}

static ore_status push_mark(ore_text *text, int64_t offset) {
    void *marks = text->marks;
    ore_status status =
        ore_grow(&marks, &text->mark_capacity, text->mark_count + 1, sizeof(int64_t));
    text->marks = marks;
    if (status == ORE_OK)
        text->marks[text->mark_count++] = offset;
    return status;
}

/* From here on code point numbers and byte offsets part: notes the marks of what lies behind. */
static ore_status start_marks(ore_text *text) {
    text->indexed = true;
    for (int64_t n = 0; n < text->length; n += MARK_DISTANCE)
        if (push_mark(text, n) != ORE_OK)
            return ORE_MEMORY;
    return ORE_OK;
}

/* Counts a run of kept code points: ASCII, or a single one of any length. */
static ore_status keep_run(ore_text *text, int64_t offset, int64_t count, int64_t bytes) {
    if (text->indexed)
        for (int64_t n = text->mark_count * MARK_DISTANCE; n < text->length + count;
             n += MARK_DISTANCE)
            if (push_mark(text, offset + n - text->length) != ORE_OK)
                return ORE_MEMORY;
    text->length += count;
    text->kept_bytes += bytes;
    return ORE_OK;
}

/* Bytes of kept ASCII from `at` on; their bits are set in `ascii`. */
static int64_t ascii_run(const ore_text *text, const uint8_t *at, const uint8_t *end,
                         uint8_t *ascii) {
    const uint8_t *from = at;
    if (text->options.strip_cr || text->facts.cr_line_ends)
        for (; at < end && *at < 0x80 && *at != '\r'; at++)
            ascii[*at] = 1;
    else
        for (; at < end && *at < 0x80; at++)
            ascii[*at] = 1;
    return at - from;
}

/* Carriage returns that end lines are kept, as line feeds; --strip-cr is for those of another
 * file. */
static bool is_dropped(const ore_text *text, uint32_t code_point) {
    return code_point == '\r' && text->options.strip_cr && !text->facts.cr_line_ends;
}

static uint32_t as_read(const ore_text *text, uint32_t code_point) {
    return code_point == '\r' && text->facts.cr_line_ends ? '\n' : code_point;
}

/* One character that is not kept ASCII: *used is the bytes it took. */
static ore_status scan_other(ore_text *text, const uint8_t *at, const uint8_t *end, int *used) {
    uint32_t code_point = 0;
    int n = ore_utf8_decode(at, end, &code_point);
    int64_t offset = at - text->bytes;
    if (n == 0 && text->options.invalid_utf8 == ORE_UTF8_ERROR)
        return ore_fail(ORE_DATA, "%s: byte %lld (0x%02X) is not valid UTF-8", text->name,
                        (long long)(offset + (text->facts.mark ? 3 : 0)), *at);
    *used = n ? n : 1;
    bool line_end = n && code_point == '\r' && text->facts.cr_line_ends;
    if (!line_end && !text->indexed && start_marks(text) != ORE_OK)
        return ORE_MEMORY;
    text->facts.invalid_bytes += n == 0;
    text->facts.dropped_cr += n && is_dropped(text, code_point);
    if (n == 0 || is_dropped(text, code_point))
        return ORE_OK;
    see(text, as_read(text, code_point));
    return keep_run(text, offset, 1, n);
}

static ore_status scan(ore_text *text) {
    const uint8_t *at = text->bytes, *end = at + text->size_bytes;
    uint8_t ascii[128] = {0};
    while (at < end) {
        int64_t run = ascii_run(text, at, end, ascii);
        if (run > 0 && keep_run(text, at - text->bytes, run, run) != ORE_OK)
            return ORE_MEMORY;
        at += run;
        int used = 0;
        if (at < end && scan_other(text, at, end, &used) != ORE_OK)
            return ore_error_status();
        at += used;
    }
    for (uint32_t c = 0; c < 128; c++)
        if (ascii[c])
            see(text, c);
    if (text->size_bytes == 0)
        return ore_fail(ORE_DATA, "%s: the text is empty but for its byte order mark", text->name);
    int64_t dropped = text->facts.invalid_bytes + text->facts.dropped_cr;
    if (text->length == 0)
        return ore_fail(ORE_DATA, "%s: no character is left after dropping %lld byte%s", text->name,
                        (long long)dropped, ore_plural(dropped));
    return ORE_OK;
}

static ore_text *text_new(const char *name, const ore_text_options *options) {
    ore_text *text = ore_alloc_zero(sizeof *text);
    if (!text)
        return NULL;
    text->options = options ? *options : ore_text_defaults();
    text->name = ore_copy_text(name);
    text->seen = ore_alloc_zero(ORE_CODE_POINTS / 8);
    return text;
}

/* A byte order mark is no character of the text, and tells its encoding. */
static ore_status read_encoding(ore_text *text) {
    int mark_bytes;
    const ore_encoding *encoding =
        ore_encoding_of(text->bytes, (size_t)text->size_bytes, &mark_bytes);
    text->facts.encoding = encoding->name;
    text->facts.mark = mark_bytes > 0;
    text->bytes += mark_bytes;
    text->size_bytes -= mark_bytes;
    if (encoding->unit_bytes == 1)
        return ORE_OK;
    text->converted = ore_encoding_convert(encoding, text->name, text->bytes, &text->size_bytes,
                                           text->options.invalid_utf8 == ORE_UTF8_IGNORE,
                                           &text->facts.invalid_bytes);
    text->bytes = text->converted;
    text->facts.mark = false; /* places in the converted text count from its own start */
    return ore_error_status();
}

static bool holds(const ore_text *text, int byte) {
    return text->size_bytes > 0 && memchr(text->bytes, byte, (size_t)text->size_bytes);
}

/* Reads the bytes that have been set; closes the text where that fails. */
static ore_text *text_finish(ore_text *text) {
    if (ore_ok() && text->size_bytes == 0)
        ore_fail(ORE_DATA, "%s: the text is empty", text->name);
    if (ore_ok()) {
        text->digest = ore_digest_of(text->bytes, (size_t)text->size_bytes);
        read_encoding(text);
    }
    if (ore_ok()) {
        text->facts.cr_line_ends = !holds(text, '\n') && holds(text, '\r');
        scan(text);
    }
    if (ore_ok() && ore_text_check(text) == ORE_OK)
        return text;
    ore_text_close(text);
    return NULL;
}

ore_text *ore_text_open(const char *path, const ore_text_options *options) {
    if (!ore_ok())
        return NULL;
    ore_text *text = text_new(path, options);
    if (!text)
        return NULL;
    /* Asked first, because opening a pipe waits for a writer. */
    ore_path_kind kind = ore_path_kind_of(path);
    if (kind == ORE_PATH_FOLDER || kind == ORE_PATH_OTHER)
        ore_fail(ORE_IO, "%s: %s, expected a text file", path,
                 kind == ORE_PATH_FOLDER ? "a folder" : "not a regular file");
    if (ore_ok() && ore_mapping_open(&text->mapping, path) == ORE_OK) {
        text->bytes = text->mapping.bytes;
        text->size_bytes = (int64_t)text->mapping.size;
    }
    text = text_finish(text);
    if (text && text->converted) /* nothing is read from the file any more */
        ore_mapping_close(&text->mapping);
    return text;
}

ore_text *ore_text_open_memory(const char *name, const void *bytes, size_t size_bytes,
                               const ore_text_options *options) {
    if (!ore_ok())
        return NULL;
    ore_text *text = text_new(name, options);
    if (!text)
        return NULL;
    text->bytes = bytes;
    text->size_bytes = (int64_t)size_bytes;
    return text_finish(text);
}

void ore_text_close(ore_text *text) {
    if (!text)
        return;
    ore_mapping_close(&text->mapping);
    ore_release(text->converted);
    ore_release(text->seen);
    ore_release(text->marks);
    ore_release(text->name);
    ore_release(text);
}

const char *ore_text_name(const ore_text *text) {
    return text->name;
}

int64_t ore_text_length(const ore_text *text) {
    return text->length;
}

int64_t ore_text_kept_bytes(const ore_text *text) {
    return text->kept_bytes;
}

int64_t ore_text_dropped_bytes(const ore_text *text) {
    return text->facts.invalid_bytes + text->facts.dropped_cr;
}

ore_text_facts ore_text_facts_of(const ore_text *text) {
    return text->facts;
}

ore_digest ore_text_digest(const ore_text *text) {
    return text->digest;
}

ore_status ore_text_check(const ore_text *text) {
    return ore_mapping_check(&text->mapping, text->name, &text->digest);
}

/* The next kept code point at or after `at`, and the byte after it; at the end, where only a text
 * that has changed has none left, U+0000. */
static const uint8_t *next_kept(const ore_text *text, const uint8_t *at, uint32_t *code_point) {
    const uint8_t *end = text->bytes + text->size_bytes;
    while (at < end) {
        int n = ore_utf8_decode(at, end, code_point);
        at += n ? n : 1;
        if (n && !is_dropped(text, *code_point))
            return at;
    }
    *code_point = 0;
    return at;
}

/* `skip` characters on from `at`, in text of which nothing is dropped. */
static const uint8_t *skip_whole(const ore_text *text, const uint8_t *at, int64_t skip) {
    const uint8_t *end = text->bytes + text->size_bytes;
    const uint64_t tops = UINT64_C(0x8080808080808080), ones = tops >> 7;
    /* A character starts at each byte that is not of the form 10xxxxxx. */
    for (; skip >= 8 && end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t continuing = word & ~(word << 1) & tops;
        skip -= 8 - (int64_t)(((continuing >> 7) * ones) >> 56);
    }
    while (at < end && (*at & 0xC0) == 0x80)
        at++;
    for (; skip > 0 && at < end; skip--)
        at += 1 + (*at >= 0xC0) + (*at >= 0xE0) + (*at >= 0xF0);
    return at;
}

/* Where code point `start` lies, or dropped bytes before it. */
static const uint8_t *locate(const ore_text *text, int64_t start) {
    if (!text->indexed)
        return text->bytes + start;
    const uint8_t *at = text->bytes + text->marks[start / MARK_DISTANCE];
    int64_t skip = start % MARK_DISTANCE;
    if (text->kept_bytes == text->size_bytes)
        return skip_whole(text, at, skip);
    uint32_t ignored;
    for (; skip > 0; skip--)
        at = next_kept(text, at, &ignored);
    return at;
}

ore_status ore_text_read_unchecked(const ore_text *text, int64_t start, int64_t count,
                                   uint32_t *code_points) {
    if (start < 0 || count < 0 || start > text->length - count)
        return ore_fail(ORE_INVALID, "%s: %lld code point%s from %lld on asked for, it has %lld",
                        text->name, (long long)count, ore_plural(count), (long long)start,
                        (long long)text->length);
    if (count == 0)
        return ORE_OK;
    const uint8_t *at = locate(text, start);
    if (text->indexed)
        for (int64_t i = 0; i < count; i++)
            at = next_kept(text, at, &code_points[i]);
    else
        for (int64_t i = 0; i < count; i++)
            code_points[i] = at[i];
    for (int64_t i = 0; text->facts.cr_line_ends && i < count; i++)
        code_points[i] = as_read(text, code_points[i]);
    return ore_mapping_is_lost(&text->mapping) ? ore_mapping_fail(&text->mapping, text->name)
                                               : ORE_OK;
}

ore_status ore_text_read(const ore_text *text, int64_t start, int64_t count,
                         uint32_t *code_points) {
    ore_status status = ore_text_read_unchecked(text, start, count, code_points);
    return status == ORE_OK ? ore_text_check(text) : status;
}

int64_t ore_text_next_seen(const ore_text *text, uint32_t from) {
    for (uint32_t c = from; c <= text->largest; c++) {
        uint64_t rest = text->seen[c / 64] >> c % 64;
        if (rest & 1)
            return c;
        if (rest == 0)
            c |= 63;
    }
    return -1;
}

int64_t ore_text_alphabet(const ore_text *text, uint32_t *code_points, int64_t capacity) {
    int64_t count = 0;
    for (int64_t c = -1; (c = ore_text_next_seen(text, (uint32_t)(c + 1))) >= 0; count++)
        if (count < capacity)
            code_points[count] = (uint32_t)c;
    return count;
}
