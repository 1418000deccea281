#include <stdio.h>
#ifdef ORE_LINUX
#include <sched.h>
#include <sys/mount.h>
#endif

#include "support/disk.h"

#ifdef ORE_LINUX
bool disk_mount(const char *folder, size_t bytes) {
    char size[32];
    snprintf(size, sizeof size, "size=%zu", bytes);
    return mount("ore-test", folder, "tmpfs", 0, size) == 0;
}

bool disk_mount_own(const char *folder, size_t bytes) {
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           disk_mount(folder, bytes);
}

void disk_unmount(const char *folder) {
    umount(folder);
}
#else
bool disk_mount(const char *folder, size_t bytes) {
    (void)folder, (void)bytes;
    return false;
}

bool disk_mount_own(const char *folder, size_t bytes) {
    return disk_mount(folder, bytes);
}

void disk_unmount(const char *folder) {
    (void)folder;
}
#endif
