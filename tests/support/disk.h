/* disk.h: small file systems in memory, to be filled by tests. Only Linux mounts them, and only for
 * somebody who may; elsewhere there is none, and the test skips. */
#ifndef ORE_TESTS_DISK_H
#define ORE_TESTS_DISK_H

#include <stdbool.h>
#include <stddef.h>

/* Mounts an empty one over a folder; false where that cannot be done. */
bool disk_mount(const char *folder, size_t bytes);
/* The same for this process and its children alone; the disk goes with them. */
bool disk_mount_own(const char *folder, size_t bytes);
void disk_unmount(const char *folder);

#endif
