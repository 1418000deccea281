/* scratch.h: a folder of a test's own, under the folder it runs in. */
#ifndef ORE_TESTS_SCRATCH_H
#define ORE_TESTS_SCRATCH_H

#include <stddef.h>

#include "support/errors.h"

/* cmocka setup and teardown: make and remove the folder; both clear a pending error. */
int scratch_setup(void **state);
int scratch_teardown(void **state);
/* "FOLDER/name"; the last 16 answers stay valid. "" gives the folder. */
const char *scratch_path(const char *name);
/* A file of these bytes, by the C library; returns its path. */
const char *scratch_file(const char *name, const void *data, size_t bytes);

/* How many names a folder holds, hidden ones included. */
int scratch_entries(const char *path);

#endif
