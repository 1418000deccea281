/* system.h: functions of the command that differ between operating systems; src/base/system.h has
 * those of the library. ORE_LINUX is defined on Linux, unless the build has ORE_PORTABLE. */
#ifndef ORE_TOOL_SYSTEM_H
#define ORE_TOOL_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* Puts something in the place of standard streams that are closed, which reads and writes fail on.
 * Else a file that is opened gets their number: its bytes would be read as the input, and output
 * would be written into it. */
void system_open_streams(void);
/* Keeps the name by which this program was started, main's argv[0]. */
void system_set_program(const char *name);
/* Starts this program anew in this process, with these words as its command line (execv). Returns
 * only on failure, with errno set. */
void system_exec_program(char *const *words);
/* Opens a pipe, end[0] to read from, which started programs do not inherit; false with errno
 * set. */
bool system_pipe(int end[2]);
/* Bytes of memory that the machine has, and that are free; -1 where the system does not say. */
int64_t system_memory_bytes(void);
int64_t system_free_memory_bytes(void);
/* The max of the memory that this process has used so far, in bytes. */
int64_t system_peak_memory_bytes(void);

#endif
