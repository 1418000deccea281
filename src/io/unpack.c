/* unpack.c: blocks of compressed bytes whose unpacked size is known. */
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "io/stream.h"

/* ---- snappy: https://github.com/google/snappy/blob/main/format_description.txt ---- */

typedef struct snappy {
    const uint8_t *at, *end;
    uint8_t *start, *to, *to_end;
} snappy;

/* A little-endian number of 1 .. 4 bytes; false where they are not there. */
static bool take_number(snappy *s, int bytes, size_t *number) {
    *number = 0;
    if (s->end - s->at < bytes)
        return false;
    for (int i = 0; i < bytes; i++)
        *number |= (size_t)*s->at++ << 8 * i;
    return true;
}

/* The unpacked size, in groups of seven bits, that stands first. */
static bool take_size(snappy *s, uint64_t *size) {
    *size = 0;
    for (int shift = 0; shift < 35 && s->at < s->end; shift += 7) {
        uint8_t byte = *s->at++;
        *size |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool put_literal(snappy *s, uint8_t tag) {
    enum { LONG = 60 }; /* from here on the length stands in 1 .. 4 bytes behind the tag */
    size_t length = tag >> 2;
    if (length >= LONG && !take_number(s, (int)length - LONG + 1, &length))
        return false;
    length++;
    if (length > (size_t)(s->end - s->at) || length > (size_t)(s->to_end - s->to))
        return false;
    memcpy(s->to, s->at, length);
    s->at += length;
    s->to += length;
    return true;
}

/* Copies `length` bytes from `offset` before; they may overlap, and then repeat. */
static bool put_copy(snappy *s, uint8_t tag) {
    size_t offset, length = (size_t)(tag >> 2) + 1;
    bool read = take_number(s, (tag & 3) == 1 ? 1 : (tag & 3) == 2 ? 2 : 4, &offset);
    if ((tag & 3) == 1) {
        length = (size_t)(tag >> 2 & 7) + 4;
        offset |= (size_t)(tag >> 5) << 8;
    }
    if (!read || offset == 0 || offset > (size_t)(s->to - s->start) ||
        length > (size_t)(s->to_end - s->to))
        return false;
    const uint8_t *from = s->to - offset;
    if (offset >= length)
        memcpy(s->to, from, length);
    else
        for (size_t i = 0; i < length; i++)
            s->to[i] = from[i];
    s->to += length;
    return true;
}

static bool unpack_snappy(const uint8_t *packed, size_t bytes, uint8_t *to, size_t size) {
    snappy s = {packed, packed + bytes, to, to, to + size};
    uint64_t said;
    if (!take_size(&s, &said) || said != size)
        return false;
    while (s.at < s.end) {
        uint8_t tag = *s.at++;
        if (!(tag & 3 ? put_copy(&s, tag) : put_literal(&s, tag)))
            return false;
    }
    return s.to == s.to_end;
}

/* ---- gzip ---- */

static bool unpack_gzip(const uint8_t *packed, size_t bytes, uint8_t *to, size_t size) {
    enum { ANY_HEADER = 15 + 32 }; /* zlib's way to say: gzip's or its own */
    z_stream z = {0};
    if (bytes > UINT32_MAX || size > UINT32_MAX || inflateInit2(&z, ANY_HEADER) != Z_OK)
        return false;
    z.next_in = (Bytef *)(uintptr_t)packed; /* not written to */
    z.avail_in = (uInt)bytes;
    z.next_out = to;
    z.avail_out = (uInt)size;
    bool whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0;
    inflateEnd(&z);
    return whole;
}

bool ore_unpack(ore_packing packing, const uint8_t *packed, size_t bytes, uint8_t *to,
                size_t size) {
    switch (packing) {
    case ORE_PACKING_SNAPPY:
        return unpack_snappy(packed, bytes, to, size);
    case ORE_PACKING_GZIP:
        return unpack_gzip(packed, bytes, to, size);
    case ORE_PACKING_ZSTD:
        return ZSTD_decompress(to, size, packed, bytes) == size;
    default:
        if (bytes == size && size > 0)
            memcpy(to, packed, size);
        return bytes == size;
    }
}
