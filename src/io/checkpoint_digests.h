/* checkpoint_digests.h: the digests of a checkpoint's files, by chunks. */
#ifndef ORE_IO_CHECKPOINT_DIGESTS_H
#define ORE_IO_CHECKPOINT_DIGESTS_H

#include <stdatomic.h>

#include <ore/io.h>

#include "base/mapping.h"

/* Writes digests.json of all other files in the folder, in the order of their names. */
ore_status ore_checkpoint_digests_write(const char *folder);

/* What digests.json says of one file. */
typedef struct ore_chunk_digests {
    int64_t bytes, chunk_bytes; /* sizes of the file, and of each chunk but the last */
    int64_t count;
    ore_digest *digests;  /* (count) */
    atomic_bool *checked; /* (count): ore_chunk_digests_check has found the chunk right */
} ore_chunk_digests;

/* Whether the folder has a digests.json that names the file; false with the error pending where it
 * cannot be read. */
bool ore_chunk_digests_listed(const char *folder, const char *name);
/* The digests of one file of a checkpoint's folder. NULL without an error where the folder has no
 * digests.json; NULL with ORE_DATA where that is damaged or does not list the file. */
ore_chunk_digests *ore_chunk_digests_read(const char *folder, const char *name);
void ore_chunk_digests_free(ore_chunk_digests *digests);
/* ORE_DATA, naming the file, unless `bytes` is the listed size. */
ore_status ore_chunk_digests_check_size(const ore_chunk_digests *digests, const char *path,
                                        int64_t bytes);
/* Compares the chunks that overlap bytes from .. from + bytes - 1 of a file of the listed size,
 * which are about to be used. Where they differ because the file has changed since it was mapped,
 * the error says that, not that the file is damaged. A chunk found right is not compared again.
 * NULL digests: nothing is. */
ore_status ore_chunk_digests_check(ore_chunk_digests *digests, const ore_mapping *mapping,
                                   const char *path, int64_t from, size_t bytes);

#endif
