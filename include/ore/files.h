/* files.h: files, folders and digests.
 *
 * Messages of refused file operations read "PATH: what failed: the system's reason", status ORE_IO;
 * files that are not what they should be give "PATH: what is wrong", status ORE_DATA. While an
 * error is pending every function that writes refuses and returns that error's status. Returned
 * text (char *) is the caller's, to be given to ore_string_free. */
#ifndef ORE_FILES_H
#define ORE_FILES_H

#include <ore/base.h>

ORE_BEGIN_DECLS

/* ---- files (src/base/files.c) ---- */

typedef enum ore_path_kind {
    ORE_PATH_MISSING, /* nothing is there */
    ORE_PATH_FILE,
    ORE_PATH_FOLDER,
    ORE_PATH_OTHER,   /* a pipe, a terminal, a device */
    ORE_PATH_LINK,    /* a symbolic link: of an entry alone */
    ORE_PATH_UNKNOWN, /* the system could not tell; an error is pending, which says why */
} ore_path_kind;

/* What is at the end of a path, links followed; one that leads nowhere is missing. ORE_IO where the
 * system cannot tell: only what is known to be absent is missing. */
ORE_API ore_path_kind ore_path_kind_of(const char *path);
/* The same of the entry itself, links not followed. */
ORE_API ore_path_kind ore_path_kind_of_entry(const char *path);
/* "folder/name"; name alone where folder is "" or name starts with "/". */
ORE_API char *ore_path_join(const char *folder, const char *name);
/* The whole file and a NUL after it; its size into *bytes unless that is NULL. An empty file is
 * no error and gives 0 bytes. Pipes are read to their end. */
ORE_API char *ore_file_read(const char *path, size_t *bytes);
/* The file is replaced whole or stays as it was, through a full disk or a kill at any moment: the
 * bytes go to a temporary file beside it (".ore-tmp-..."), are synced, and take its name by a
 * rename. A link at `path` is replaced, not followed. */
ORE_API ore_status ore_file_write(const char *path, const void *data, size_t bytes);
/* Adds bytes at the end of a file, which is made if missing. When the disk fills the file gets its
 * former size back. Not synced. */
ORE_API ore_status ore_file_append(const char *path, const void *data, size_t bytes);
/* Cuts a file to `bytes`; a file shorter than that is ORE_DATA. */
ORE_API ore_status ore_file_truncate(const char *path, size_t bytes);
/* Makes `to` another name of the file `from` (a hard link), or a copy of it where links cannot be;
 * `to` must not exist. */
ORE_API ore_status ore_file_link(const char *from, const char *to);
/* Makes a folder and those above it; one that exists is no error. */
ORE_API ore_status ore_folder_make(const char *path);
typedef ore_status (*ore_entry_visitor)(void *user, const char *folder, const char *name);
/* Calls visit for each entry of a folder, in any order, until one does not return ORE_OK; returns
 * that, or ORE_IO where the folder cannot be read. The visitor may remove the entry. */
ORE_API ore_status ore_folder_visit(const char *folder, ore_entry_visitor visit, void *user);
/* Removes a file, link or whole folder; links inside are removed, not followed. Missing is no
 * error. Works while an error is pending, for cleaning up after it. */
ORE_API ore_status ore_tree_remove(const char *path);

/* ---- digests (src/base/digest.c) ---- */

/* 128 bits that tell whether data is the same as it was: XXH3 of the library xxHash, as fast as
 * memory. It finds damage and mistakes; it is no protection against a forger. */
typedef struct ore_digest {
    uint64_t high;
    uint64_t low;
} ore_digest;

enum { ORE_DIGEST_TEXT_BYTES = 48 }; /* more than the text of any digest, its NUL included */

/* NULL stands for no bytes. Raises nothing. */
ORE_API ore_digest ore_digest_of(const void *data, size_t bytes);
ORE_API bool ore_digest_equal(ore_digest a, ore_digest b);
/* "xxh3-128:" and 32 hexadecimal digits, those that xxh128sum prints. */
ORE_API void ore_digest_text(ore_digest digest, char text[ORE_DIGEST_TEXT_BYTES]);
/* Reads such a text; false (no error raised) for anything else, NULL included, and *digest stays
 * as it was. */
ORE_API bool ore_digest_from_text(const char *text, ore_digest *digest);

ORE_END_DECLS

#endif
