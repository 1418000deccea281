/* system.h: what systems do differently, for the library. On Linux, where the build defines
 * ORE_LINUX, these are calls that only Linux has. Elsewhere, and on Linux in a build with
 * ORE_PORTABLE, they are what POSIX has in their place. The command's own are in
 * tools/ore/cli/system.h. */
#ifndef ORE_BASE_SYSTEM_H
#define ORE_BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* A pipe, [0] to read from, that a program started from here does not inherit; false with errno. */
bool ore_system_pipe(int end[2]);
/* Two sockets joined as a stream, likewise. Neither reads nor writes of end[0] wait. */
bool ore_system_stream(int end[2]);
/* send() on end[0] of such a stream. Where nobody reads any more it is -1 with EPIPE, no signal. */
ssize_t ore_system_send(int socket, const void *data, size_t bytes);
/* fsync, down to what keeps its data without power; 0, or -1 with errno. */
int ore_system_sync(int descriptor);
/* At most 256 bytes that nobody can foresee; 0, or -1 with errno. */
int ore_system_entropy(void *bytes, size_t count);
/* When the file's content last changed. */
struct timespec ore_system_modified(const struct stat *file);
/* The environment, for a program to be started. */
char **ore_system_environment(void);

#endif
