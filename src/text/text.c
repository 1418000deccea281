/* text.c: a text, in a mapped file or in memory, read as a stream of UTF-8 whatever its
 * encoding. */
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/mapping.h"
#include "base/memory.h"
#include "text/encoding.h"
#include "text/text.h"
#include "base/utf8.h"

enum { WINDOW_BYTES = 1 << 24 }; /* of a file, that are in memory at a time: 16 MiB */

struct ore_text {
    char *name;
    const uint8_t *bytes; /* the text after its byte order mark */
    int64_t size_bytes;   /* of that */
    int mark_bytes;
    const ore_encoding *encoding;
    ore_mapping mapping; /* zero for a text in memory */
    ore_digest digest;   /* of all bytes of the source, the mark included */
    ore_text_options options;
    ore_text_facts facts;
    int64_t length, kept_bytes;
    uint64_t *seen; /* one bit per code point: whether it occurs in the text */
    uint32_t largest;
};

ore_text_options ore_text_defaults(void) {
    return (ore_text_options){.invalid_utf8 = ORE_UTF8_ERROR, .strip_cr = false};
}

/* ---- characters ---- */

typedef enum verdict { KEPT, DROPPED, INVALID } verdict;

/* Decodes the character at `at`, before `end`: returns the bytes that it takes, and sets *what to
 * whether the text has it, drops it by its options, or is invalid there. */
static int next_character(const ore_text *text, const uint8_t *at, const uint8_t *end,
                          uint32_t *code_point, verdict *what) {
    int n = ore_encoding_decode(text->encoding, at, end, code_point);
    *what = KEPT;
    if (n == 0) {
        *what = INVALID;
        int unit = text->encoding->unit_bytes;
        return end - at < unit ? (int)(end - at) : unit;
    }
    /* In a text whose lines end with carriage returns alone these become line feeds. In any other
     * text they are characters, which strip_cr drops. */
    if (*code_point == '\r' && text->facts.cr_line_ends)
        *code_point = '\n';
    else if (*code_point == '\r' && text->options.strip_cr)
        *what = DROPPED;
    return n;
}

/* ---- opening ---- */

static void see(ore_text *text, uint32_t code_point) {
    text->seen[code_point / 64] |= UINT64_C(1) << code_point % 64;
    text->largest = code_point > text->largest ? code_point : text->largest;
}

/* How many bytes from `at` on are ASCII characters that are kept; ascii[c] is set for each of
 * them. */
static int64_t ascii_run(const ore_text *text, const uint8_t *at, const uint8_t *end,
                         uint8_t *ascii) {
    const uint8_t *from = at;
    if (text->encoding->unit_bytes > 1)
        return 0;
    if (text->options.strip_cr || text->facts.cr_line_ends)
        for (; at < end && *at < 0x80 && *at != '\r'; at++)
            ascii[*at] = 1;
    else
        for (; at < end && *at < 0x80; at++)
            ascii[*at] = 1;
    return at - from;
}

static ore_status fail_byte(const ore_text *text, const uint8_t *at) {
    long long offset = at - text->bytes + text->mark_bytes;
    if (text->encoding->unit_bytes > 1)
        return ore_fail(ORE_DATA, "%s: byte %lld is not valid %s", text->name, offset,
                        text->encoding->name);
    return ore_fail(ORE_DATA, "%s: byte %lld (0x%02X) is not valid UTF-8", text->name, offset, *at);
}

/* Counts one character that is not ASCII, or is dropped; *used becomes the bytes that it takes. */
static ore_status scan_other(ore_text *text, const uint8_t *at, const uint8_t *end, int *used) {
    uint32_t code_point = 0;
    verdict what;
    *used = next_character(text, at, end, &code_point, &what);
    if (what == INVALID && text->options.invalid_utf8 == ORE_UTF8_ERROR)
        return fail_byte(text, at);
    if (what == INVALID)
        text->facts.invalid_bytes += *used;
    else if (what == DROPPED)
        text->facts.dropped_cr++;
    if (what != KEPT)
        return ORE_OK;
    see(text, code_point);
    text->length++;
    text->kept_bytes += ore_utf8_bytes(code_point);
    return ORE_OK;
}

/* What has been read of a file, in windows, need not stay in memory: after a step from `before` to
 * `at`, forgets the window that ended meanwhile. */
static void forget(const ore_text *text, int64_t before, int64_t at) {
    int64_t window = at / WINDOW_BYTES;
    if (window > before / WINDOW_BYTES)
        ore_mapping_forget(&text->mapping, (size_t)(before / WINDOW_BYTES) * WINDOW_BYTES,
                           (size_t)window * WINDOW_BYTES);
}

static ore_digest digest_of(const ore_text *text) {
    ore_digest_stream stream;
    if (ore_digest_begin(&stream) != ORE_OK)
        return (ore_digest){0};
    for (int64_t at = 0; at < text->size_bytes; at += WINDOW_BYTES) {
        int64_t left = text->size_bytes - at, n = left < WINDOW_BYTES ? left : WINDOW_BYTES;
        ore_digest_put(&stream, text->bytes + at, (size_t)n);
        forget(text, at, at + n);
    }
    return ore_digest_end(&stream);
}

static ore_status scan(ore_text *text) {
    const uint8_t *at = text->bytes, *end = at + text->size_bytes;
    uint8_t ascii[128] = {0};
    while (at < end) {
        int64_t before = at - text->bytes;
        bool far = end - at > WINDOW_BYTES;
        int64_t run = ascii_run(text, at, far ? at + WINDOW_BYTES : end, ascii);
        text->length += run;
        text->kept_bytes += run;
        at += run;
        int used = 0;
        if (at < end && scan_other(text, at, end, &used) != ORE_OK)
            return ore_error_status();
        at += used;
        forget(text, before, at - text->bytes);
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

/* Finds the encoding by the byte order mark, which is not part of the text. */
static void read_encoding(ore_text *text) {
    text->encoding = ore_encoding_of(text->bytes, (size_t)text->size_bytes, &text->mark_bytes);
    text->bytes += text->mark_bytes;
    text->size_bytes -= text->mark_bytes;
    text->facts.encoding = text->encoding->name;
    text->facts.mark = text->mark_bytes > 0 && text->encoding->unit_bytes == 1;
}

static bool holds(const ore_text *text, char character) {
    return ore_encoding_holds(text->encoding, text->bytes, text->size_bytes, character);
}

/* Scans the text, whose bytes have been set; on failure closes it and returns NULL. */
static ore_text *text_finish(ore_text *text) {
    if (ore_ok() && text->size_bytes == 0)
        ore_fail(ORE_DATA, "%s: the text is empty", text->name);
    if (ore_ok()) {
        text->digest = digest_of(text);
        read_encoding(text);
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
    /* The kind of the path is asked first, because opening a pipe would wait for a writer. */
    ore_path_kind kind = ore_path_kind_of(path);
    if (kind == ORE_PATH_FOLDER || kind == ORE_PATH_OTHER)
        ore_fail(ORE_IO, "%s: %s, expected a text file", path,
                 kind == ORE_PATH_FOLDER ? "a folder" : "not a regular file");
    if (ore_ok() && ore_mapping_open(&text->mapping, path) == ORE_OK) {
        text->bytes = text->mapping.bytes;
        text->size_bytes = (int64_t)text->mapping.size;
    }
    return text_finish(text);
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
    ore_release(text->seen);
    ore_release(text->name);
    ore_release(text);
}

/* ---- properties ---- */

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

int64_t ore_text_source_bytes(const ore_text *text) {
    return text->size_bytes + text->mark_bytes;
}

ore_text_facts ore_text_facts_of(const ore_text *text) {
    return text->facts;
}

ore_text_options ore_text_options_of(const ore_text *text) {
    return text->options;
}

ore_digest ore_text_digest(const ore_text *text) {
    return text->digest;
}

ore_status ore_text_check(const ore_text *text) {
    return ore_mapping_check(&text->mapping, text->name, &text->digest);
}

int64_t ore_text_alphabet(const ore_text *text, uint32_t *code_points, int64_t capacity) {
    int64_t count = 0;
    for (uint32_t c = 0; c <= text->largest; c++) {
        uint64_t rest = text->seen[c / 64] >> c % 64;
        if (rest & 1) {
            if (count < capacity)
                code_points[count] = c;
            count++;
        } else if (rest == 0) {
            c |= 63;
        }
    }
    return count;
}

/* ---- reading ---- */

/* Whether the text is UTF-8 of which nothing is dropped, so that its bytes can be copied; line ends
 * may still be translated. */
static bool is_plain(const ore_text *text) {
    return text->encoding->unit_bytes == 1 && text->kept_bytes == text->size_bytes;
}

/* Copies as many whole characters of a plain text as fit, and returns the bytes that they take. */
static size_t copy_plain(const ore_text *text, const uint8_t *at, size_t left, char *bytes,
                         size_t capacity) {
    size_t n = left < capacity ? left : capacity;
    for (int back = 0; n < left && back < ORE_UTF8_BYTES_MAX - 1 && (at[n] & 0xC0) == 0x80; back++)
        n--;
    memcpy(bytes, at, n);
    for (size_t i = 0; text->facts.cr_line_ends && i < n; i++)
        bytes[i] = bytes[i] == '\r' ? '\n' : bytes[i];
    return n;
}

int64_t ore_text_read(const ore_text *text, int64_t *at, char *bytes, size_t capacity) {
    if (!ore_ok())
        return -1;
    if (*at < 0 || *at > text->size_bytes || capacity < ORE_UTF8_BYTES_MAX) {
        ore_fail(ORE_INVALID, "%s: read from %lld into %zu bytes, expected 0 to %lld and %d bytes",
                 text->name, (long long)*at, capacity, (long long)text->size_bytes,
                 ORE_UTF8_BYTES_MAX);
        return -1;
    }
    const uint8_t *from = text->bytes + *at, *end = text->bytes + text->size_bytes;
    size_t used = 0;
    if (is_plain(text)) {
        used = copy_plain(text, from, (size_t)(end - from), bytes, capacity);
        from += used;
    }
    while (from < end && used + ORE_UTF8_BYTES_MAX <= capacity && !is_plain(text)) {
        uint32_t code_point;
        verdict what;
        from += next_character(text, from, end, &code_point, &what);
        if (what == KEPT)
            used += (size_t)ore_utf8_encode(code_point, bytes + used);
    }
    if (ore_text_check(text) != ORE_OK)
        return -1;
    forget(text, *at, from - text->bytes);
    *at = from - text->bytes;
    return (int64_t)used;
}
