/* system.h: what systems do differently, for the command. ORE_LINUX is defined on Linux, unless the
 * build has ORE_PORTABLE. What the library needs is in src/base/system.h. */
#ifndef ORE_TOOL_SYSTEM_H
#define ORE_TOOL_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* Keeps how this program was called: main's argv[0]. */
void system_set_program(const char *name);
/* Makes this process another of the same program, with these words; returns only on failure, with
 * errno. */
void system_exec_program(char *const *words);
/* A pipe, [0] to read from, that a started program does not inherit; false with errno. */
bool system_pipe(int end[2]);
/* Bytes of memory that the machine has, and that nothing uses; -1 where the system does not say. */
int64_t system_memory_bytes(void);
int64_t system_free_memory_bytes(void);
/* The peak of this process's memory, in bytes. */
int64_t system_peak_memory_bytes(void);

#endif
