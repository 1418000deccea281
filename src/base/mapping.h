/* mapping.h: whole files mapped to read, which may change or end under the reader without harm to
 * the process. */
#ifndef ORE_BASE_MAPPING_H
#define ORE_BASE_MAPPING_H

#include <ore/files.h>

/* Where the file ends early or its disk fails while it is mapped, the bytes from there on read as
 * zeros, and ore_mapping_check says so: whoever has read asks it before the bytes are used. Opening
 * one puts a handler for SIGBUS in place, which passes on what is not of a mapping. */
typedef struct ore_mapping {
    const uint8_t *bytes;
    size_t size;
    struct ore_mapping_guard *guard; /* NULL for no mapping */
} ore_mapping;

/* A regular file. "PATH: the file is empty" is ORE_DATA. */
ore_status ore_mapping_open(ore_mapping *mapping, const char *path);
/* Gives up this hold of the bytes; they go with the last one. */
void ore_mapping_close(ore_mapping *mapping);

/* One hold more, which keeps the bytes until it is released; any thread may do that. */
struct ore_mapping_guard *ore_mapping_hold(const ore_mapping *mapping);
void ore_mapping_release(struct ore_mapping_guard *guard);
/* Lets the process write to the bytes, without a change of the file: a page that is written to
 * becomes the process's own, all others stay shared with whoever maps the file. */
ore_status ore_mapping_allow_writes(const ore_mapping *mapping, const char *path);

/* Takes the pages of bytes from .. to - 1 out of the process's memory, as far as they lie within
 * these: whoever reads a large file once from its start to its end then has only a part of it there
 * at a time. Reading them again brings them back. */
void ore_mapping_forget(const ore_mapping *mapping, size_t from, size_t to);

/* Whether all bytes read so far were the file's, at the cost of one fstat. ORE_DATA, naming the
 * file, if it has become shorter or has been written to since it was opened; with a digest (NULL:
 * none), only if its bytes are no longer those of that digest. ORE_IO where the disk fails. No
 * mapping is always in order. */
ore_status ore_mapping_check(const ore_mapping *mapping, const char *path,
                             const ore_digest *digest);
/* Raises what is wrong with a file whose bytes are not what they were. */
ore_status ore_mapping_fail(const ore_mapping *mapping, const char *path);
/* True once bytes were asked for that are gone; a few instructions. */
bool ore_mapping_is_lost(const ore_mapping *mapping);

#endif
