/* temp_files.h: small files for tests, in a folder that is removed when the program ends. */
#ifndef ORE_TEST_TEMP_FILES_H
#define ORE_TEST_TEMP_FILES_H

#include <stddef.h>

/* Path of a name in the program's temporary folder; valid for the next seven calls. */
const char *temp_path(const char *name);
/* Writes a file there; returns its path as temp_path does. */
const char *temp_write(const char *name, const void *bytes, size_t size);
/* Path of a file below ORE_SHARED (default ../shared beside the repository), or NULL. */
const char *shared_file(const char *name);

#endif
