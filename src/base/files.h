/* files.h: what the library itself needs beside the file functions of ore/files.h: files written
 * piece by piece, and folders synced. */
#ifndef ORE_BASE_FILES_H
#define ORE_BASE_FILES_H

#include <ore/files.h>

struct stat;
enum { ORE_PATH_SHOWN_BYTES = 700 }; /* of a path in a message: leaves room for the reason */

/* An open descriptor and what fstat says of it, or -1 with an error. Folders are refused here,
 * since opening one to read succeeds. */
int ore_open_to_read(const char *path, struct stat *information);

/* A file that takes the name `path` only at commit; until then the old one stays. After an error
 * only abort is left; commit and abort both end the writer. */
typedef struct ore_file_writer {
    char *path;
    char *temporary_path;
    int descriptor;
} ore_file_writer;

ore_status ore_file_writer_open(ore_file_writer *writer, const char *path);
ore_status ore_file_writer_put(ore_file_writer *writer, const void *data, size_t bytes);
/* Writes over what was put at `offset` before. */
ore_status ore_file_writer_put_at(ore_file_writer *writer, const void *data, size_t bytes,
                                  int64_t offset);
ore_status ore_file_writer_commit(ore_file_writer *writer);
void ore_file_writer_abort(ore_file_writer *writer);

/* Names of the files that writers use before commit start so; the process number follows. */
#define ORE_TEMPORARY_PREFIX ".ore-tmp-"
/* Whether it is the name of such a file, of a process that has ended. */
bool ore_file_is_left_behind(const char *name);

/* fsync of a file or folder by its path. */
ore_status ore_path_sync(const char *path);
/* The folder that holds `path`; "." for a plain name. */
char *ore_path_parent(const char *path);
/* ORE_IO "path: what: text of errno". */
ore_status ore_fail_errno(const char *path, const char *what);

#endif
