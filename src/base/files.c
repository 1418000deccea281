/* files.c: reading and replacing files, so that a full disk or a kill loses nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/given.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/system.h"

ore_status ore_fail_errno(const char *path, const char *what) {
    return ore_fail(ORE_IO, "%.*s: %s: %s", ORE_PATH_SHOWN_BYTES, *path ? path : "\"\"", what,
                    strerror(errno));
}

/* ---- paths ---- */

/* What stat or lstat says of a path. Only "no such file" (ENOENT, ENOTDIR) means that nothing is
 * there; after any other error the file may exist, so the answer is unknown. */
static ore_path_kind look(const char *path, int (*look_at)(const char *, struct stat *)) {
    struct stat information;
    if (!path)
        return ORE_PATH_MISSING;
    if (look_at(path, &information) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ORE_PATH_MISSING;
        ore_fail_errno(path, "cannot look at it");
        return ORE_PATH_UNKNOWN;
    }
    if (S_ISREG(information.st_mode))
        return ORE_PATH_FILE;
    if (S_ISLNK(information.st_mode))
        return ORE_PATH_LINK;
    return S_ISDIR(information.st_mode) ? ORE_PATH_FOLDER : ORE_PATH_OTHER;
}

ore_path_kind ore_path_kind_of(const char *path) {
    return look(path, stat);
}

ore_path_kind ore_path_kind_of_entry(const char *path) {
    return look(path, lstat);
}

char *ore_path_join(const char *folder, const char *name) {
    if (!folder || !name) {
        ore_fail(ORE_INVALID, "path_join: a folder or name that is NULL");
        return NULL;
    }
    size_t head = strlen(folder);
    if (head == 0 || name[0] == '/')
        return ore_copy_text(name);
    bool slash = folder[head - 1] != '/';
    size_t bytes = head + strlen(name) + 2;
    char *path = ore_alloc(bytes);
    if (path)
        snprintf(path, bytes, "%s%s%s", folder, slash ? "/" : "", name);
    return path;
}

char *ore_path_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ore_copy_text(".");
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    return ore_copy_bytes(path, length);
}

const char *ore_path_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

ore_status ore_path_sync(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return ore_fail_errno(path, "cannot open");
    ore_status status = ORE_OK;
    /* EINVAL: a file system whose folders cannot be synced orders renames by itself. */
    if (ore_system_sync(descriptor) != 0 && errno != EINVAL)
        status = ore_fail_errno(path, "cannot sync to disk");
    close(descriptor);
    return status;
}

static ore_status sync_parent(const char *path) {
    char *parent = ore_path_parent(path);
    ore_status status = parent ? ore_path_sync(parent) : ore_error_status();
    ore_release(parent);
    return status;
}

/* ---- reading ---- */

int ore_open_to_read(const char *path, struct stat *information) {
    if (!path) {
        ore_fail(ORE_INVALID, "file: its path is NULL");
        return -1;
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        ore_fail_errno(path, "cannot open");
        return -1;
    }
    if (fstat(descriptor, information) != 0) {
        ore_fail_errno(path, "cannot read");
        goto fail;
    }
    if (S_ISDIR(information->st_mode)) {
        errno = EISDIR;
        ore_fail_errno(path, "cannot read");
        goto fail;
    }
    return descriptor;
fail:
    close(descriptor);
    return -1;
}

/* Reads to the end of the file into *text, which grows as needed. */
static ore_status read_to_end(int descriptor, const char *path, char **text, int64_t *capacity,
                              int64_t *size) {
    for (;;) {
        if (*size + 1 >= *capacity) {
            ore_status status = ore_grow((void **)text, capacity, *size + 4096, 1);
            if (status != ORE_OK)
                return status;
        }
        ssize_t got = read(descriptor, *text + *size, (size_t)(*capacity - *size - 1));
        if (got == 0)
            return ORE_OK;
        if (got < 0 && errno != EINTR)
            return ore_fail_errno(path, "cannot read");
        *size += got > 0 ? got : 0;
    }
}

char *ore_file_read(const char *path, size_t *bytes) {
    if (!ore_ok())
        return NULL;
    struct stat information;
    int descriptor = ore_open_to_read(path, &information);
    if (descriptor < 0)
        return NULL;
    char *text = NULL;
    int64_t capacity = 0;
    int64_t size = 0;
    /* One byte for the NUL and one that shows the end of the file without growing. */
    ore_status status = ore_grow((void **)&text, &capacity, information.st_size + 2, 1);
    if (status == ORE_OK)
        status = read_to_end(descriptor, path, &text, &capacity, &size);
    close(descriptor);
    if (status != ORE_OK) {
        ore_release(text);
        return NULL;
    }
    text[size] = 0;
    if (bytes)
        *bytes = (size_t)size;
    return text;
}

/* ---- writing ---- */

static ore_status write_all(int descriptor, const char *path, const void *data, size_t bytes) {
    const char *next = data;
    while (bytes > 0) {
        ssize_t written = write(descriptor, next, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return ore_fail_errno(path, "cannot write");
        next += written;
        bytes -= (size_t)written;
    }
    return ORE_OK;
}

/* A new file beside `path`; its name goes to *temporary_path. */
static int open_temporary(const char *path, char **temporary_path) {
    static atomic_uint serial;
    char *parent = ore_path_parent(path);
    int descriptor = -1;
    while (parent && descriptor < 0) {
        char name[64];
        snprintf(name, sizeof name, ORE_TEMPORARY_PREFIX "%ld-%u", (long)getpid(),
                 atomic_fetch_add(&serial, 1));
        *temporary_path = ore_path_join(parent, name);
        if (!*temporary_path)
            break;
        descriptor = open(*temporary_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0)
            break;
        int reason = errno;
        ore_release(*temporary_path);
        *temporary_path = NULL;
        errno = reason;
        if (reason != EEXIST) { /* EEXIST: left by a killed process of the same number */
            ore_fail_errno(path, "cannot write");
            break;
        }
    }
    ore_release(parent);
    return descriptor;
}

bool ore_file_is_left_behind(const char *name) {
    size_t prefix = strlen(ORE_TEMPORARY_PREFIX);
    if (strncmp(name, ORE_TEMPORARY_PREFIX, prefix) != 0)
        return false;
    long process = strtol(name + prefix, NULL, 10);
    return process <= 0 || (kill((pid_t)process, 0) != 0 && errno == ESRCH);
}

ore_status ore_file_writer_open(ore_file_writer *writer, const char *path) {
    *writer = (ore_file_writer){.descriptor = -1};
    if (!ore_is_given("file", "its path", path))
        return ore_error_status();
    ore_path_kind kind = ore_path_kind_of(path);
    if (kind == ORE_PATH_UNKNOWN)
        return ore_error_status();
    if (kind == ORE_PATH_FOLDER) {
        errno = EISDIR;
        return ore_fail_errno(path, "cannot write");
    }
    writer->path = ore_copy_text(path);
    if (!writer->path)
        return ore_error_status();
    writer->descriptor = open_temporary(path, &writer->temporary_path);
    if (writer->descriptor >= 0)
        return ORE_OK;
    ore_file_writer_abort(writer);
    return ore_error_status();
}

ore_status ore_file_writer_put(ore_file_writer *writer, const void *data, size_t bytes) {
    if (!ore_ok())
        return ore_error_status();
    return write_all(writer->descriptor, writer->path, data, bytes);
}

ore_status ore_file_writer_put_at(ore_file_writer *writer, const void *data, size_t bytes,
                                  int64_t offset) {
    off_t end = 0;
    if (!ore_ok())
        return ore_error_status();
    if ((end = lseek(writer->descriptor, 0, SEEK_CUR)) < 0 ||
        lseek(writer->descriptor, (off_t)offset, SEEK_SET) < 0)
        return ore_fail_errno(writer->path, "cannot write");
    if (write_all(writer->descriptor, writer->path, data, bytes) == ORE_OK &&
        lseek(writer->descriptor, end, SEEK_SET) < 0)
        ore_fail_errno(writer->path, "cannot write");
    return ore_error_status();
}

void ore_file_writer_abort(ore_file_writer *writer) {
    if (writer->descriptor >= 0)
        close(writer->descriptor);
    if (writer->temporary_path)
        unlink(writer->temporary_path);
    ore_release(writer->temporary_path);
    ore_release(writer->path);
    *writer = (ore_file_writer){.descriptor = -1};
}

ore_status ore_file_writer_commit(ore_file_writer *writer) {
    ore_status status = ore_error_status();
    if (status != ORE_OK)
        goto done;
    if (ore_system_sync(writer->descriptor) != 0) {
        status = ore_fail_errno(writer->path, "cannot sync to disk");
        goto done;
    }
    int closed = close(writer->descriptor);
    writer->descriptor = -1;
    if (closed != 0) {
        status = ore_fail_errno(writer->path, "cannot write");
        goto done;
    }
    if (rename(writer->temporary_path, writer->path) != 0) {
        status = ore_fail_errno(writer->path, "cannot replace");
        goto done;
    }
    ore_release(writer->temporary_path);
    writer->temporary_path = NULL;
    status = sync_parent(writer->path);
done:
    ore_file_writer_abort(writer);
    return status;
}

ore_status ore_file_write(const char *path, const void *data, size_t bytes) {
    ore_file_writer writer;
    ore_status status = ore_file_writer_open(&writer, path);
    if (status != ORE_OK)
        return status;
    ore_file_writer_put(&writer, data, bytes);
    return ore_file_writer_commit(&writer);
}

ore_status ore_file_append(const char *path, const void *data, size_t bytes) {
    if (!ore_is_given("file", "its path", path))
        return ore_error_status();
    int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor < 0)
        return ore_fail_errno(path, "cannot write");
    struct stat information;
    ore_status status = ORE_OK;
    if (fstat(descriptor, &information) != 0)
        status = ore_fail_errno(path, "cannot write");
    else if ((status = write_all(descriptor, path, data, bytes)) != ORE_OK &&
             S_ISREG(information.st_mode)) {
        /* A record written by half would spoil the next one, so it is cut off. */
        if (ftruncate(descriptor, information.st_size) != 0)
            status = ore_error_status();
    }
    if (close(descriptor) != 0 && status == ORE_OK)
        status = ore_fail_errno(path, "cannot write");
    return status;
}

ore_status ore_file_truncate(const char *path, size_t bytes) {
    if (!ore_is_given("file", "its path", path))
        return ore_error_status();
    struct stat information;
    if (stat(path, &information) != 0)
        return ore_fail_errno(path, "cannot open");
    if ((size_t)information.st_size < bytes)
        return ore_fail(ORE_DATA, "%.*s: cut short: %lld byte%s, expected at least %zu",
                        ORE_PATH_SHOWN_BYTES, path, (long long)information.st_size,
                        ore_plural(information.st_size), bytes);
    if (truncate(path, (off_t)bytes) != 0)
        return ore_fail_errno(path, "cannot truncate");
    return ORE_OK;
}

static ore_status copy_file(const char *from, const char *to) {
    enum { PIECE_BYTES = 1 << 16 }; /* of one read, on the stack */
    char piece[PIECE_BYTES];
    struct stat information;
    ore_file_writer writer;
    ssize_t got = -1;
    int descriptor = ore_open_to_read(from, &information);
    if (descriptor < 0)
        return ore_error_status();
    if (ore_file_writer_open(&writer, to) == ORE_OK) {
        while (ore_ok() && (got = read(descriptor, piece, sizeof piece)) != 0)
            if (got > 0)
                ore_file_writer_put(&writer, piece, (size_t)got);
            else if (errno != EINTR)
                ore_fail_errno(from, "cannot read");
        ore_file_writer_commit(&writer);
    }
    close(descriptor);
    return ore_error_status();
}

ore_status ore_file_link(const char *from, const char *to) {
    if (!ore_ok())
        return ore_error_status();
    /* AT_SYMLINK_FOLLOW: a second name for the file, not for a link that leads to it. */
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0)
        return ORE_OK;
    if (errno == ENOENT || errno == ENOTDIR)
        return ore_fail_errno(from, "cannot link");
    if (errno == EEXIST || errno == ENOSPC || errno == EACCES || errno == EROFS)
        return ore_fail_errno(to, "cannot link");
    return copy_file(from, to);
}

/* ---- folders ---- */

static ore_status make_one_folder(const char *path) {
    if (mkdir(path, 0777) == 0)
        return sync_parent(path);
    int reason = errno;
    if (ore_path_kind_of(path) == ORE_PATH_FOLDER)
        return ORE_OK;
    errno = reason;
    return ore_fail_errno(path, "cannot make the folder");
}

ore_status ore_folder_make(const char *path) {
    if (!ore_is_given("folder", "its path", path))
        return ore_error_status();
    char *prefix = ore_copy_text(path);
    if (!prefix)
        return ore_error_status();
    ore_status status = ORE_OK;
    for (char *slash = strchr(prefix, '/'); slash && status == ORE_OK;
         slash = strchr(slash + 1, '/')) {
        if (slash == prefix || slash[-1] == '/' || !slash[1])
            continue;
        *slash = 0;
        status = make_one_folder(prefix);
        *slash = '/';
    }
    size_t length = strlen(prefix);
    while (length > 1 && prefix[length - 1] == '/')
        prefix[--length] = 0;
    if (status == ORE_OK)
        status = make_one_folder(prefix);
    ore_release(prefix);
    return status;
}

ore_status ore_folder_visit(const char *folder, ore_entry_visitor visit, void *user) {
    if (!folder) /* a pending error is no reason not to look: folders are also cleared after one */
        return ore_fail(ORE_INVALID, "folder: its path is NULL");
    DIR *directory = opendir(folder);
    if (!directory)
        return ore_fail_errno(folder, "cannot open");
    ore_status status = ORE_OK;
    while (status == ORE_OK) {
        errno = 0;
        struct dirent *entry = readdir(directory);
        if (!entry) {
            if (errno != 0)
                status = ore_fail_errno(folder, "cannot read");
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = visit(user, folder, entry->d_name);
    }
    closedir(directory);
    return status;
}

static ore_status remove_entry(void *unused, const char *folder, const char *name) {
    (void)unused;
    char *path = ore_path_join(folder, name);
    ore_status status = path ? ore_tree_remove(path) : ORE_MEMORY;
    ore_release(path);
    return status;
}

ore_status ore_tree_remove(const char *path) {
    ore_path_kind kind = ore_path_kind_of_entry(path);
    if (kind == ORE_PATH_MISSING)
        return ORE_OK;
    if (kind == ORE_PATH_UNKNOWN)
        return ORE_IO;
    if (kind == ORE_PATH_FOLDER) {
        ore_status status = ore_folder_visit(path, remove_entry, NULL);
        if (status != ORE_OK)
            return status;
    }
    if ((kind == ORE_PATH_FOLDER ? rmdir(path) : unlink(path)) != 0 && errno != ENOENT)
        return ore_fail_errno(path, "cannot remove");
    return ORE_OK;
}
