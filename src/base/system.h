/* system.h: calls that differ from system to system. On Linux (the build defines ORE_LINUX) they
 * are made of calls that only Linux has; elsewhere, and with ORE_PORTABLE, of what POSIX has in
 * their place. The command has its own in tools/ore/cli/system.h. */
#ifndef ORE_BASE_SYSTEM_H
#define ORE_BASE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* Makes a pipe, end[0] to read from, that started programs do not inherit; false with errno. */
bool ore_system_pipe(int end[2]);
/* Makes two connected stream sockets, likewise not inherited. end[0] does not block. */
bool ore_system_stream(int end[2]);
/* send() on end[0] of such a stream. Where the other end is closed it gives -1 with EPIPE and
 * raises no signal. */
ssize_t ore_system_send(int socket, const void *data, size_t bytes);
/* fsync that also flushes the drive's own cache, so that the data outlive a power failure; 0, or -1
 * with errno. */
int ore_system_sync(int descriptor);
/* Fills up to 256 bytes with random numbers that cannot be predicted; 0, or -1 with errno. */
int ore_system_entropy(void *bytes, size_t count);
/* Takes whole pages of a mapped file out of the process's memory until they are read again; nothing
 * where the system has no such call. */
void ore_system_forget_pages(const void *pages, size_t bytes);
/* Asks that memory which is soon written for the first time come in pages of 2 MiB where it holds
 * whole ones: the system then makes hundreds of times fewer of them ready. Nothing where the system
 * has no such call. */
void ore_system_large_pages(void *memory, size_t bytes);
/* When the file's content last changed. */
struct timespec ore_system_modified(const struct stat *file);
/* The environment variables, to pass to a program that is started. */
char **ore_system_environment(void);

#endif
