/* checkpoint_digests.h: what checkpoint.c needs of the digests of a checkpoint's files. */
#ifndef ORE_IO_CHECKPOINT_DIGESTS_H
#define ORE_IO_CHECKPOINT_DIGESTS_H

#include <ore/io.h>

/* Writes digests.json of all other files in the folder, in the order of their names. */
ore_status ore_checkpoint_digests_write(const char *folder);

#endif
