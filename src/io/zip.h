/* zip.h: ZIP archives in memory (PKWARE's APPNOTE.TXT 6.3.9), as torch.save and numpy.savez write
 * them: members that are stored or deflated, 64-bit sizes, one disk, nothing encrypted. */
#ifndef ORE_IO_ZIP_H
#define ORE_IO_ZIP_H

#include "base/files.h"

typedef struct ore_zip_member {
    const char *name; /* of the archive, not ended by a NUL */
    size_t name_bytes;
    bool deflated;
    const uint8_t *packed; /* (packed_bytes) as it lies in the archive */
    size_t packed_bytes;
    size_t size;
    uint32_t crc;
} ore_zip_member;

typedef struct ore_zip {
    const char *path; /* for messages; borrowed */
    ore_zip_member *members;
    int64_t count;
    int64_t *by_name; /* (count) numbers of members in the order of their names */
} ore_zip;

/* Whether bytes begin as an archive with members does. */
bool ore_zip_begins(const uint8_t *bytes, size_t size);
/* Reads the list of members, of bytes that outlive it. ORE_DATA for what is damaged or has a name
 * twice; ORE_UNSUPPORTED for encryption and other compressions. */
ore_status ore_zip_open(ore_zip *zip, const char *path, const uint8_t *bytes, size_t size);
void ore_zip_close(ore_zip *zip);
/* The member of that name, or NULL. Raises nothing. */
const ore_zip_member *ore_zip_find(const ore_zip *zip, const char *name, size_t bytes);
/* Bytes skip .. skip + bytes - 1 of a member. Where they end with the member, a deflated one is
 * compared with its checksum. */
ore_status ore_zip_unpack(const char *path, const ore_zip_member *member, size_t skip, void *out,
                          size_t bytes);

/* ---- writing (zip_write.c) ---- */

/* An archive of stored members, whose data begin at multiples of 64 bytes, so that they can be
 * mapped. */
typedef struct ore_zip_writer {
    ore_file_writer file;
    uint64_t offset;
    char *directory; /* grows with each member */
    int64_t directory_bytes, directory_capacity, count;
} ore_zip_writer;

ore_status ore_zip_writer_open(ore_zip_writer *writer, const char *path);
/* Adds a member of two pieces, one behind the other. */
ore_status ore_zip_writer_put(ore_zip_writer *writer, const char *name, const void *head,
                              size_t head_bytes, const void *data, size_t bytes);
ore_status ore_zip_writer_commit(ore_zip_writer *writer);

#endif
