/* run_lock.c: one process at a time trains in a folder. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "train/run.h"

/* The folders that this process has locked. flock's lock belongs to a descriptor: a second
 * descriptor of the same folder would have to wait, even in the same process, so the first one is
 * kept here. */
typedef struct held_lock {
    dev_t device;
    ino_t number;
    int descriptor, count;
    bool open; /* an ore_run uses it */
} held_lock;

static struct held_locks {
    pthread_mutex_t mutex;
    held_lock *items;
    int64_t count, capacity;
} held = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static held_lock *find(const struct stat *folder) {
    for (int64_t i = 0; i < held.count; i++)
        if (held.items[i].device == folder->st_dev && held.items[i].number == folder->st_ino)
            return &held.items[i];
    return NULL;
}

static held_lock *find_path(const char *folder) {
    struct stat s;
    return stat(folder, &s) == 0 ? find(&s) : NULL;
}

/* Takes the lock; false where another process still holds it after a second, in which one that was
 * killed gives it up. */
static bool take(int descriptor) {
    enum { TRIES = 20, PAUSE_NS = 1000000000 / TRIES };
    for (int tries = 0; flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
         tries++) {
        if (tries == TRIES)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
    return true; /* also where the file system has no locks */
}

/* Locks a folder that is open as `descriptor`, which it takes over, also on failure. */
static ore_status lock(int descriptor, const char *folder) {
    struct stat s;
    if (fstat(descriptor, &s) != 0) {
        ore_fail(ORE_IO, "%s: cannot be read: %s", folder, strerror(errno));
    } else if (find(&s)) {
        find(&s)->count++;
    } else if (!take(descriptor)) {
        ore_fail(ORE_STATE, "%s: another process is training in it", folder);
    } else if (ore_grow((void **)&held.items, &held.capacity, held.count + 1, sizeof *held.items) ==
               ORE_OK) {
        held.items[held.count++] = (held_lock){s.st_dev, s.st_ino, descriptor, 1, false};
        return ORE_OK;
    }
    close(descriptor);
    return ore_error_status();
}

ore_status ore_run_lock(const char *folder) {
    if (!ore_ok())
        return ore_error_status();
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return ore_fail(ORE_IO, "%s: cannot be opened: %s", folder, strerror(errno));
    if (access(folder, W_OK) != 0) {
        ore_fail(ORE_IO, "%s: cannot be written: %s", folder, strerror(errno));
        close(descriptor);
        return ore_error_status();
    }
    pthread_mutex_lock(&held.mutex);
    lock(descriptor, folder);
    pthread_mutex_unlock(&held.mutex);
    return ore_error_status();
}

void ore_run_unlock(const char *folder) {
    pthread_mutex_lock(&held.mutex);
    held_lock *own = find_path(folder);
    if (own && --own->count == 0) {
        close(own->descriptor);
        *own = held.items[--held.count];
    }
    pthread_mutex_unlock(&held.mutex);
}

bool ore_run_claim(const char *folder) {
    pthread_mutex_lock(&held.mutex);
    held_lock *own = find_path(folder);
    bool claimed = own && !own->open;
    if (claimed)
        own->open = true;
    pthread_mutex_unlock(&held.mutex);
    if (!claimed)
        ore_fail(ORE_STATE, "%s: this program has opened the run already", folder);
    return claimed;
}

void ore_run_disclaim(const char *folder) {
    pthread_mutex_lock(&held.mutex);
    held_lock *own = find_path(folder);
    if (own)
        own->open = false;
    pthread_mutex_unlock(&held.mutex);
}
