/* child.h: runs a program as a child and keeps what it said. */
#ifndef ORE_TEST_CHILD_H
#define ORE_TEST_CHILD_H

#include <stdbool.h>
#include <stddef.h>

enum { CHILD_OUTPUT_BYTES = 1 << 18 };

typedef struct child_result {
    int status; /* exit status, or 256 + the signal that ended it */
    char out[CHILD_OUTPUT_BYTES], err[CHILD_OUTPUT_BYTES];
} child_result;

/* Runs argv[0] with arguments up to a NULL and waits for its end. */
void child_run(child_result *result, const char *const *argv);
/* Runs the built `ore` with words split at spaces: "train gpt --steps 3". */
void ore_run(child_result *result, const char *words);

/* A fresh folder under the temporary directory; `path` has room for 256 bytes. */
void temporary_folder(char *path);
/* Removes a folder that temporary_folder made, with all in it. */
void remove_folder(const char *path);
void write_text_file(const char *path, const char *text);

#endif
