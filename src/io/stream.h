/* stream.h: the bytes of a file or of memory, one after the other, unpacked where they are
 * compressed. */
#ifndef ORE_IO_STREAM_H
#define ORE_IO_STREAM_H

#include <ore/base.h>

/* A source is compressed if it begins as gzip (RFC 1952) or Zstandard (RFC 8878) does; several
 * members or frames, one behind the other, are one stream. Memory does not depend on the source:
 * what is compressed takes a window of at most 128 MiB, which Zstandard's own default allows and
 * its usual levels use 8 MiB of. */
typedef struct ore_stream ore_stream;

/* Over a descriptor, which may be a pipe and stays the caller's, or (descriptor -1) over memory,
 * which is not copied. `name` is for messages and borrowed. Reads the first bytes. */
ore_stream *ore_stream_open(const char *name, int descriptor, const void *memory, int64_t bytes);
/* NULL is allowed. */
void ore_stream_close(ore_stream *stream);
/* "gzip", "Zstandard", or NULL for what is read as it stands. */
const char *ore_stream_packing(const ore_stream *stream);

/* The next bytes, at most `capacity`, which is at least 1: how many came; 0 at the end, -1 on an
 * error. ORE_DATA: compressed data that is damaged or ends early. */
int64_t ore_stream_read(ore_stream *stream, void *bytes, int64_t capacity);

/* ---- whole blocks (src/io/unpack.c) ---- */

typedef enum ore_packing {
    ORE_PACKING_NONE,
    ORE_PACKING_SNAPPY,
    ORE_PACKING_GZIP,
    ORE_PACKING_ZSTD,
} ore_packing;

/* Unpacks `bytes` bytes to exactly `size`; false, raising nothing, where they are not that. */
bool ore_unpack(ore_packing packing, const uint8_t *packed, size_t bytes, uint8_t *to, size_t size);

#endif
