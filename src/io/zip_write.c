/* zip_write.c: writing ZIP archives of stored members. Times are those of the format's first
 * day, so that equal tensors give equal files. */
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "io/zip.h"
#include "io/zip_records.h"

enum {
    ALIGNMENT = 64,
    EXTRA64_BYTES = EXTRA_HEAD + 24, /* two sizes and an offset of 64 bits */
    VERSION = 45,                    /* 4.5, which has sizes of 64 bits */
    FIRST_DAY = 1 << 5 | 1,          /* 1 January 1980 */
    PADDING_FIELD = 0x4f52,          /* an extra field that nobody reads */
    NAME_BYTES_MAX = 4096,
};

static uint8_t *put(uint8_t *at, uint64_t number, size_t bytes) {
    memcpy(at, &number, bytes);
    return at + bytes;
}

static uint32_t or_largest(uint64_t number) {
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

ore_status ore_zip_writer_open(ore_zip_writer *writer, const char *path) {
    *writer = (ore_zip_writer){.offset = 0};
    return ore_file_writer_open(&writer->file, path);
}

static ore_status put_bytes(ore_zip_writer *writer, const void *bytes, size_t size) {
    writer->offset += size;
    return ore_file_writer_put(&writer->file, bytes, size);
}

/* What stands in both headers of a member. */
static uint8_t *put_facts(uint8_t *at, uint32_t crc, uint64_t size, size_t name, size_t extra) {
    at = put(at, VERSION, 2);
    at = put(at, 1 << 11, 2); /* names are UTF-8 */
    at = put(at, 0, 2);       /* stored */
    at = put(at, 0, 2);       /* midnight */
    at = put(at, FIRST_DAY, 2);
    at = put(at, crc, 4);
    at = put(at, or_largest(size), 4);
    at = put(at, or_largest(size), 4);
    at = put(at, name, 2);
    return put(at, extra, 2);
}

/* An extra field with 64-bit sizes, and the offset where there is one. */
static uint8_t *put_extra64(uint8_t *at, uint64_t size, uint64_t offset) {
    at = put(at, EXTRA64_FIELD, 2);
    at = put(at, EXTRA64_BYTES - EXTRA_HEAD, 2);
    at = put(at, size, 8);
    at = put(at, size, 8);
    return put(at, offset, 8);
}

/* The list's entry of a member. */
static ore_status list_member(ore_zip_writer *writer, const char *name, uint32_t crc, uint64_t size,
                              uint64_t offset) {
    size_t name_bytes = strlen(name);
    bool large = size >= UINT32_MAX || offset >= UINT32_MAX;
    size_t extra = large ? EXTRA64_BYTES : 0, bytes = CENTRAL_BYTES + name_bytes + extra;
    if (ore_grow((void **)&writer->directory, &writer->directory_capacity,
                 writer->directory_bytes + (int64_t)bytes, 1) != ORE_OK)
        return ore_error_status();
    uint8_t *at = (uint8_t *)writer->directory + writer->directory_bytes;
    at = put(at, CENTRAL_BEGINS, 4);
    at = put(at, VERSION, 2);
    at = put_facts(at, crc, large ? UINT32_MAX : size, name_bytes, extra);
    at = put(at, 0, 2); /* no note */
    at = put(at, 0, 2); /* the first disk */
    at = put(at, 0, 2);
    at = put(at, 0, 4);
    at = put(at, large ? UINT32_MAX : offset, 4);
    memcpy(at, name, name_bytes);
    if (large)
        put_extra64(at + name_bytes, size, offset);
    writer->directory_bytes += (int64_t)bytes;
    writer->count++;
    return ORE_OK;
}

static uint32_t checksum(uint32_t crc, const void *data, size_t bytes) {
    return (uint32_t)crc32_z(crc, data, bytes);
}

ore_status ore_zip_writer_put(ore_zip_writer *writer, const char *name, const void *head,
                              size_t head_bytes, const void *data, size_t bytes) {
    uint8_t header[LOCAL_BYTES + NAME_BYTES_MAX + EXTRA64_BYTES + EXTRA_HEAD + ALIGNMENT] = {0};
    uint64_t offset = writer->offset, size = head_bytes + bytes;
    size_t name_bytes = strlen(name), extra = size >= UINT32_MAX ? EXTRA64_BYTES : 0;
    if (!ore_no_error())
        return ore_error_status();
    if (name_bytes > NAME_BYTES_MAX)
        return ore_fail(ORE_INVALID, "zip: a name of %zu bytes, expected at most %d", name_bytes,
                        NAME_BYTES_MAX);
    uint32_t crc = checksum(checksum(0, head, head_bytes), data, bytes);
    size_t before = LOCAL_BYTES + name_bytes + extra + EXTRA_HEAD;
    size_t padding = (ALIGNMENT - (offset + before) % ALIGNMENT) % ALIGNMENT;
    uint8_t *at = put(header, LOCAL_BEGINS, 4);
    at = put_facts(at, crc, size, name_bytes, extra + EXTRA_HEAD + padding);
    memcpy(at, name, name_bytes);
    at += name_bytes;
    if (extra > 0)
        at = put_extra64(at, size, offset);
    at = put(at, PADDING_FIELD, 2);
    put(at, padding, 2);
    put_bytes(writer, header, before + padding);
    put_bytes(writer, head, head_bytes);
    put_bytes(writer, data, bytes);
    return list_member(writer, name, crc, size, offset);
}

ore_status ore_zip_writer_commit(ore_zip_writer *writer) {
    uint8_t end[END64_BYTES + LOCATOR_BYTES + END_BYTES] = {0}, *at = end;
    uint64_t count = (uint64_t)writer->count, bytes = (uint64_t)writer->directory_bytes;
    uint64_t offset = writer->offset;
    bool large = count >= UINT16_MAX || offset >= UINT32_MAX;
    put_bytes(writer, writer->directory, (size_t)bytes);
    if (large) {
        at = put(at, END64_BEGINS, 4);
        at = put(at, END64_BYTES - 12, 8);
        at = put(at, VERSION | VERSION << 16, 4);
        at = put(at, 0, 8); /* the first disk, in which the list is, too */
        at = put(at, count, 8);
        at = put(at, count, 8);
        at = put(at, bytes, 8);
        at = put(at, offset, 8);
        at = put(at, LOCATOR_BEGINS, 4);
        at = put(at, 0, 4);
        at = put(at, offset + bytes, 8);
        at = put(at, 1, 4);
    }
    at = put(at, END_BEGINS, 4);
    at = put(at, 0, 4);
    at = put(at, large ? UINT16_MAX : count, 2);
    at = put(at, large ? UINT16_MAX : count, 2);
    at = put(at, or_largest(bytes), 4);
    at = put(at, large ? UINT32_MAX : offset, 4);
    at += 2; /* no note */
    put_bytes(writer, end, (size_t)(at - end));
    ore_release(writer->directory);
    return ore_file_writer_commit(&writer->file);
}
