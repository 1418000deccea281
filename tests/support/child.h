/* child.h: runs a program as a child and keeps what it said. */
#ifndef ORE_TEST_CHILD_H
#define ORE_TEST_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHILD_OUTPUT_BYTES = 1 << 18 };

typedef struct child_result {
    int status; /* exit status, or 256 + the signal that ended it */
    char out[CHILD_OUTPUT_BYTES], err[CHILD_OUTPUT_BYTES];
} child_result;

/* Runs argv[0] with arguments up to a NULL and waits for its end. */
void child_run(child_result *result, const char *const *argv);
/* Runs the built `ore` with words split at spaces: "train gpt --steps 3". */
void run_ore(child_result *result, const char *words);

/* The same with a limit that setrlimit sets, as RLIMIT_AS; with RLIMIT_FSIZE a file that grows too
 * large gives an error, as a full disk does, not a signal. */
void run_ore_limited(child_result *result, const char *words, int resource, size_t limit);

/* Starts the built `ore` without waiting; its output goes nowhere, or into *output_fd, to be read
 * and closed, unless that is NULL. */
pid_t ore_start(const char *words, int *output_fd);
/* What the last `ore` started so has said on standard error. */
const char *ore_start_errors(void);
/* Waits for it; its exit status, or 256 + the signal that ended it. */
int ore_wait(pid_t pid);

/* A fresh folder under the temporary directory; `path` has room for 256 bytes. */
void temporary_folder(char *path);
/* Removes a folder that temporary_folder made, with all in it. */
void remove_folder(const char *path);
void write_text_file(const char *path, const char *text);
void write_file(const char *path, const void *data, size_t bytes);
/* A file's bytes, NUL added, to be freed; their number into *bytes unless that is NULL. */
char *read_file(const char *path, size_t *bytes);

#endif
