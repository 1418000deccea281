/* system.c: calls that differ from system to system. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __APPLE__
#include <crt_externs.h>
#include <sys/random.h>
#endif

#include "base/system.h"

/* ---- descriptors that close on exec ---- */

#ifndef ORE_LINUX
/* Between a descriptor's making and this, another thread may start a program that inherits it. */
static bool close_on_exec(int end[2]) {
    for (int i = 0; i < 2; i++)
        if (fcntl(end[i], F_SETFD, FD_CLOEXEC) != 0)
            return false;
    return true;
}
#endif

bool ore_system_pipe(int end[2]) {
#ifdef ORE_LINUX
    return pipe2(end, O_CLOEXEC) == 0;
#else
    return pipe(end) == 0 && close_on_exec(end);
#endif
}

bool ore_system_stream(int end[2]) {
#ifdef ORE_LINUX
    bool made = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end) == 0;
#else
    bool made = socketpair(AF_UNIX, SOCK_STREAM, 0, end) == 0 && close_on_exec(end);
#endif
#ifdef SO_NOSIGPIPE /* macOS and FreeBSD ask the socket, POSIX each call */
    int yes = 1;
    made = made && setsockopt(end[0], SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes) == 0;
#endif
    return made && fcntl(end[0], F_SETFL, O_NONBLOCK) == 0;
}

ssize_t ore_system_send(int socket, const void *data, size_t bytes) {
#ifdef SO_NOSIGPIPE
    return send(socket, data, bytes, 0);
#else
    return send(socket, data, bytes, MSG_NOSIGNAL);
#endif
}

/* ---- the rest ---- */

int ore_system_sync(int descriptor) {
#ifdef F_FULLFSYNC /* macOS: fsync leaves data in the drive's cache; not every file system has it */
    if (fcntl(descriptor, F_FULLFSYNC) == 0)
        return 0;
#endif
    return fsync(descriptor);
}

int ore_system_entropy(void *bytes, size_t count) {
    return getentropy(bytes, count);
}

void ore_system_forget_pages(const void *pages, size_t bytes) {
#ifdef ORE_LINUX
    madvise((void *)(uintptr_t)pages, bytes, MADV_DONTNEED);
#else
    (void)pages, (void)bytes;
#endif
}

void ore_system_large_pages(void *memory, size_t bytes) {
#ifdef ORE_LINUX
    const uintptr_t page = 2 << 20, start = (uintptr_t)memory, end = (start + bytes) / page * page;
    const uintptr_t first = (start + page - 1) / page * page;
    if (first < end)
        madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
    (void)memory, (void)bytes;
#endif
}

struct timespec ore_system_modified(const struct stat *file) {
#ifdef __APPLE__
    return file->st_mtimespec;
#else
    return file->st_mtim;
#endif
}

#ifndef __APPLE__
extern char **environ;
#endif

char **ore_system_environment(void) {
#ifdef __APPLE__ /* whose shared libraries do not see the variable */
    return *_NSGetEnviron();
#else
    return environ;
#endif
}
