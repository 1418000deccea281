/* zip.c: reading ZIP archives. The list of members at the end is read; headers before members are
 * asked only where the data begin. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/zip.h"
#include "io/zip_records.h"

enum { LONGEST_NOTE = 65535, PATH_SHOWN_BYTES = 400, NAME_SHOWN_BYTES = 200 };

/* The most that deflate makes smaller, by its longest copies. */
enum { LARGEST_RATIO = 1032 };

typedef struct archive {
    const char *path;
    const uint8_t *bytes;
    size_t size;
} archive;

static ore_status fail(const archive *a, const char *problem) {
    return ore_fail(ORE_DATA, "%.*s: %s", PATH_SHOWN_BYTES, a->path, problem);
}

static uint64_t number_at(const uint8_t *at, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}

static bool begins(const uint8_t *at, uint32_t signature) {
    return number_at(at, 4) == signature;
}

bool ore_zip_begins(const uint8_t *bytes, size_t size) {
    return size >= LOCAL_BYTES && begins(bytes, LOCAL_BEGINS);
}

/* ---- the end: where the list of members is ---- */

typedef struct directory {
    uint64_t count, bytes, offset;
} directory;

static const uint8_t *find_end(const archive *a) {
    size_t furthest = a->size < END_BYTES + LONGEST_NOTE ? a->size : END_BYTES + LONGEST_NOTE;
    for (size_t back = END_BYTES; back <= furthest; back++)
        if (begins(a->bytes + a->size - back, END_BEGINS))
            return a->bytes + a->size - back;
    return NULL;
}

/* The record with 64-bit numbers, to which a locator before the end leads. */
static ore_status read_end64(const archive *a, const uint8_t *end, directory *d) {
    if ((size_t)(end - a->bytes) < LOCATOR_BYTES || !begins(end - LOCATOR_BYTES, LOCATOR_BEGINS))
        return ORE_OK; /* numbers that happen to be the largest */
    uint64_t offset = number_at(end - LOCATOR_BYTES + 8, 8);
    if (a->size < END64_BYTES || offset > a->size - END64_BYTES ||
        !begins(a->bytes + offset, END64_BEGINS))
        return fail(a, "damaged: the end of the archive is not where its locator says");
    *d = (directory){number_at(a->bytes + offset + 32, 8), number_at(a->bytes + offset + 40, 8),
                     number_at(a->bytes + offset + 48, 8)};
    return ORE_OK;
}

static ore_status read_end(const archive *a, directory *d) {
    const uint8_t *end = find_end(a);
    if (!end)
        return fail(a, "cut short: the list of members, at the end of a ZIP archive, is missing");
    *d = (directory){number_at(end + 10, 2), number_at(end + 12, 4), number_at(end + 16, 4)};
    if ((d->count == UINT16_MAX || d->bytes == UINT32_MAX || d->offset == UINT32_MAX) &&
        read_end64(a, end, d) != ORE_OK)
        return ore_error_status();
    if (d->offset > a->size || d->bytes > a->size - d->offset ||
        d->count > d->bytes / CENTRAL_BYTES)
        return fail(a, "damaged: the list of members does not fit the archive");
    return ORE_OK;
}

/* ---- members ---- */

static ore_status fail_member(const char *path, const ore_zip_member *m, ore_status status,
                              const char *problem) {
    int shown = m->name_bytes < NAME_SHOWN_BYTES ? (int)m->name_bytes : NAME_SHOWN_BYTES;
    return ore_fail(status, "%.*s: %.*s: %s", PATH_SHOWN_BYTES, path, shown, m->name, problem);
}

/* Numbers of 64 bits stand in an extra field for each of 32 that is the largest. */
static void read_extra64(const uint8_t *extra, size_t bytes, uint64_t *numbers[3]) {
    while (bytes >= EXTRA_HEAD) {
        size_t length = (size_t)number_at(extra + 2, 2), used = 0;
        if (length > bytes - EXTRA_HEAD)
            return;
        for (int i = 0; i < 3 && number_at(extra, 2) == EXTRA64_FIELD; i++)
            if (*numbers[i] == UINT32_MAX && used + 8 <= length) {
                *numbers[i] = number_at(extra + EXTRA_HEAD + used, 8);
                used += 8;
            }
        extra += EXTRA_HEAD + length;
        bytes -= EXTRA_HEAD + length;
    }
}

/* Finds a member's data behind the header at `offset`. */
static ore_status place_data(const archive *a, ore_zip_member *m, uint64_t offset,
                             uint64_t packed_bytes, uint64_t size) {
    const uint8_t *header = a->bytes + offset;
    if (a->size < LOCAL_BYTES || offset > a->size - LOCAL_BYTES || !begins(header, LOCAL_BEGINS))
        return fail_member(a->path, m, ORE_DATA, "damaged: it is not where the list says");
    uint64_t begin = offset + LOCAL_BYTES + number_at(header + 26, 2) + number_at(header + 28, 2);
    if (begin > a->size || packed_bytes > a->size - begin)
        return fail_member(a->path, m, ORE_DATA, "cut short: it ends behind the archive");
    bool possible = m->deflated ? size / LARGEST_RATIO <= packed_bytes : size == packed_bytes;
    if (!possible)
        return fail_member(a->path, m, ORE_DATA, "damaged: a size that it cannot have");
    m->packed = a->bytes + begin;
    m->packed_bytes = (size_t)packed_bytes;
    m->size = (size_t)size;
    return ORE_OK;
}

/* Reads the entry of the list at *at, of at most `left` bytes. */
static ore_status read_member(const archive *a, const uint8_t **at, size_t left,
                              ore_zip_member *m) {
    enum { ENCRYPTED = 1, STORED = 0, DEFLATED = 8 };
    const uint8_t *entry = *at;
    if (left < CENTRAL_BYTES || !begins(entry, CENTRAL_BEGINS))
        return fail(a, "damaged: the list of members");
    size_t name = (size_t)number_at(entry + 28, 2), extra = (size_t)number_at(entry + 30, 2);
    size_t bytes = CENTRAL_BYTES + name + extra + (size_t)number_at(entry + 32, 2);
    if (bytes > left)
        return fail(a, "damaged: the list of members");
    *at += bytes;
    m->name = (const char *)entry + CENTRAL_BYTES;
    m->name_bytes = name;
    m->crc = (uint32_t)number_at(entry + 16, 4);
    uint64_t packed = number_at(entry + 20, 4), size = number_at(entry + 24, 4),
             offset = number_at(entry + 42, 4), method = number_at(entry + 10, 2);
    read_extra64(entry + CENTRAL_BYTES + name, extra, (uint64_t *[]){&size, &packed, &offset});
    if (number_at(entry + 8, 2) & ENCRYPTED)
        return fail_member(a->path, m, ORE_UNSUPPORTED, "encrypted");
    if (method != STORED && method != DEFLATED)
        return fail_member(a->path, m, ORE_UNSUPPORTED,
                           "a compression other than deflate, which Ore does not read");
    m->deflated = method == DEFLATED;
    return place_data(a, m, offset, packed, size);
}

static int compare_texts(const char *a, size_t a_bytes, const char *b, size_t b_bytes) {
    int order = memcmp(a, b, a_bytes < b_bytes ? a_bytes : b_bytes);
    return order ? order : a_bytes < b_bytes ? -1 : a_bytes > b_bytes;
}

typedef struct named {
    const ore_zip_member *member;
    int64_t number;
} named;

static int compare_members(const void *a, const void *b) {
    const ore_zip_member *x = ((const named *)a)->member, *y = ((const named *)b)->member;
    return compare_texts(x->name, x->name_bytes, y->name, y->name_bytes);
}

static ore_status sort_members(ore_zip *zip) {
    named *names = ore_alloc((size_t)(zip->count + 1) * sizeof *names);
    zip->by_name = names ? ore_alloc((size_t)(zip->count + 1) * sizeof *zip->by_name) : NULL;
    for (int64_t i = 0; zip->by_name && i < zip->count; i++)
        names[i] = (named){&zip->members[i], i};
    if (zip->by_name)
        qsort(names, (size_t)zip->count, sizeof *names, compare_members);
    for (int64_t i = 0; zip->by_name && i < zip->count; i++) {
        zip->by_name[i] = names[i].number;
        if (i > 0 && compare_members(&names[i - 1], &names[i]) == 0)
            fail_member(zip->path, names[i].member, ORE_DATA, "the archive has it twice");
    }
    ore_release(names);
    return ore_error_status();
}

ore_status ore_zip_open(ore_zip *zip, const char *path, const uint8_t *bytes, size_t size) {
    *zip = (ore_zip){.path = path};
    archive a = {path, bytes, size};
    directory d = {0, 0, 0};
    if (!ore_no_error() || read_end(&a, &d) != ORE_OK)
        return ore_error_status();
    zip->members = ore_alloc_zero((size_t)d.count * sizeof *zip->members + 1);
    const uint8_t *at = bytes + d.offset, *end = at + d.bytes;
    while (zip->members && (uint64_t)zip->count < d.count && ore_no_error())
        read_member(&a, &at, (size_t)(end - at), &zip->members[zip->count++]);
    if (ore_no_error() && sort_members(zip) == ORE_OK)
        return ORE_OK;
    ore_zip_close(zip);
    return ore_error_status();
}

void ore_zip_close(ore_zip *zip) {
    ore_release(zip->by_name);
    ore_release(zip->members);
    *zip = (ore_zip){0};
}

const ore_zip_member *ore_zip_find(const ore_zip *zip, const char *name, size_t bytes) {
    int64_t low = 0, high = zip->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const ore_zip_member *m = &zip->members[zip->by_name[middle]];
        int order = compare_texts(m->name, m->name_bytes, name, bytes);
        if (order == 0)
            return m;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- data ---- */

enum { SCRATCH_BYTES = 16384, LARGEST_PIECE = 1 << 30 /* bytes: zlib counts them in 32 bits */ };

/* Inflates the next `bytes` bytes to `out`, or to nowhere where that is NULL. */
static bool inflate_bytes(z_stream *stream, uint8_t *out, size_t bytes, uLong *crc) {
    uint8_t scratch[SCRATCH_BYTES];
    int status = Z_OK;
    while (bytes > 0) {
        size_t room = out ? LARGEST_PIECE : SCRATCH_BYTES;
        uInt piece = (uInt)(bytes < room ? bytes : room);
        stream->next_out = out ? out : scratch;
        stream->avail_out = piece;
        status = inflate(stream, Z_NO_FLUSH);
        uInt made = piece - stream->avail_out;
        if ((status != Z_OK && status != Z_STREAM_END) || made == 0)
            return false;
        *crc = crc32(*crc, out ? out : scratch, made);
        out = out ? out + made : NULL;
        bytes -= made;
    }
    return true;
}

static ore_status unpack_deflated(const char *path, const ore_zip_member *m, size_t skip, void *out,
                                  size_t bytes) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)m->packed};
    uLong crc = crc32(0, NULL, 0);
    if (m->packed_bytes > UINT32_MAX)
        return fail_member(path, m, ORE_UNSUPPORTED, "more than 4 GiB of deflated bytes");
    stream.avail_in = (uInt)m->packed_bytes;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return ore_fail(ORE_MEMORY, "zip: out of memory");
    bool right = inflate_bytes(&stream, NULL, skip, &crc) &&
                 inflate_bytes(&stream, out, bytes, &crc) &&
                 (skip + bytes < m->size || crc == m->crc);
    inflateEnd(&stream);
    return right ? ORE_OK : fail_member(path, m, ORE_DATA, "damaged: its bytes do not inflate");
}

ore_status ore_zip_unpack(const char *path, const ore_zip_member *m, size_t skip, void *out,
                          size_t bytes) {
    if (skip > m->size || bytes > m->size - skip)
        return fail_member(path, m, ORE_DATA, "cut short");
    if (m->deflated)
        return unpack_deflated(path, m, skip, out, bytes);
    memcpy(out, m->packed + skip, bytes);
    return ORE_OK;
}
