/* files.h: what the library needs beside the functions of ore/files.h: files that are written a
 * part at a time, and folders that are synced. */
#ifndef ORE_BASE_FILES_H
#define ORE_BASE_FILES_H

#include <ore/files.h>

struct stat;
/* max bytes of a path in a message, which leaves room for the reason */
enum { ORE_PATH_SHOWN_BYTES = 700 };

/* Opens a file to read: its descriptor, with what fstat says of it in *information, or -1 with an
 * error. A folder is an error here: opening one succeeds, only reading fails. */
int ore_open_to_read(const char *path, struct stat *information);

/* A file that gets the name `path` only at commit; until then the old file stays. After an error
 * only abort may be called. commit and abort both end the writer. */
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

/* How the names of files begin that a writer has not committed yet; the process number follows. */
#define ORE_TEMPORARY_PREFIX ".ore-tmp-"
/* Whether `name` is that of such a file whose process has ended. */
bool ore_file_is_left_behind(const char *name);

/* fsync of a file or folder by its path. */
ore_status ore_path_sync(const char *path);
/* The folder that holds `path`; "." for a plain name. */
char *ore_path_parent(const char *path);
/* The part of `path` behind the last slash: all of it where there is none. */
const char *ore_path_name(const char *path);
/* ORE_IO "path: what: text of errno". */
ore_status ore_fail_errno(const char *path, const char *what);

#endif
