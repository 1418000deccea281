/* checkpoint.c: checkpoint folders, written completely before one rename makes them current.
 * ore/io.h has the layout. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/memory.h"
#include "io/checkpoint_digests.h"

/* Bytes. A link's text is a short path of our own, so a longer one is not ours; a file's name has
 * at most 255 bytes on Linux; of a path a message shows so much that the rest of the message still
 * fits the error buffer. */
enum { LINK_BYTES = 1024, NAME_BYTES = 256, PATH_SHOWN_BYTES = 600 };

#define FOLDER_FORMAT "checkpoints/%06ld"

static const char *const store = "checkpoints";
static const char *const unfinished = "checkpoints/writing";
static const char *const pointer = "current";
static const char *const next_pointer = "current.new";

/* ---- links ---- */

/* Reads the text of the link at `path` into `text`: "" where nothing is there, or something that is
 * no link. A text that does not fit is cut, and then is none of ours. */
static ore_status read_link(const char *path, char text[LINK_BYTES]) {
    ssize_t length = readlink(path, text, LINK_BYTES - 1);
    text[length > 0 ? length : 0] = 0;
    if (length >= 0 || errno == EINVAL || errno == ENOENT || errno == ENOTDIR)
        return ORE_OK;
    return ore_fail_errno(path, "cannot read the link");
}

/* The N of a link to "checkpoints/N"; 0 for any other text than ore_checkpoint_commit gives a
 * link. */
static long link_number(const char *link) {
    char expected[LINK_BYTES];
    long number = 0;
    if (sscanf(link, "checkpoints/%ld", &number) != 1 || number <= 0)
        return 0;
    snprintf(expected, sizeof expected, FOLDER_FORMAT, number);
    return strcmp(link, expected) == 0 ? number : 0;
}

/* The number of the current checkpoint; 0 where there is none, -1 with an error. A RUN/current that
 * is not exactly what ore_checkpoint_commit makes is an error too: all checkpoints that it does not
 * name get removed, so a wrong reading would remove good ones. */
static long current_number(const char *run) {
    char link[LINK_BYTES];
    char *path = ore_path_join(run, pointer);
    ore_path_kind kind = path ? ore_path_kind_of_entry(path) : ORE_PATH_UNKNOWN;
    long number = kind == ORE_PATH_MISSING ? 0 : -1;
    if (kind != ORE_PATH_MISSING && kind != ORE_PATH_UNKNOWN && read_link(path, link) == ORE_OK) {
        number = link_number(link);
        if (number == 0)
            number = -1;
        if (number < 0)
            ore_fail(ORE_STATE,
                     "%.*s: not the link of a run, expected one to checkpoints/NUMBER: copy runs "
                     "with their links (cp -r, cp -a)",
                     PATH_SHOWN_BYTES, path);
    }
    ore_release(path);
    return number;
}

/* Makes a symbolic link at `path` with the text `target`. */
static ore_status make_link(const char *target, const char *path) {
    if (symlink(target, path) == 0)
        return ORE_OK;
    if (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS)
        return ore_fail(ORE_IO,
                        "%.*s: cannot make a symbolic link: %s; a run needs a file system that "
                        "has them",
                        PATH_SHOWN_BYTES, path, strerror(errno));
    return ore_fail_errno(path, "cannot make a symbolic link");
}

/* ---- begin ---- */

/* Removes an entry of the run's folder that a killed process has left behind half-written. */
static ore_status clear_temporary(void *unused, const char *folder, const char *name) {
    (void)unused;
    if (!ore_file_is_left_behind(name))
        return ORE_OK;
    char *path = ore_path_join(folder, name);
    ore_status status = path ? ore_tree_remove(path) : ore_error_status();
    ore_release(path);
    return status;
}

/* Removes an entry of RUN/checkpoints unless its name is `kept`. */
static ore_status clear_old(void *kept, const char *folder, const char *name) {
    if (strcmp(name, kept) == 0)
        return ORE_OK;
    char *path = ore_path_join(folder, name);
    ore_status status = path ? ore_tree_remove(path) : ore_error_status();
    ore_release(path);
    return status;
}

/* Removes everything in RUN/checkpoints but the current checkpoint. */
static ore_status clear_store(const char *run) {
    long number = current_number(run);
    if (number < 0)
        return ore_error_status();
    char kept[LINK_BYTES];
    snprintf(kept, sizeof kept, FOLDER_FORMAT, number);
    char *folder = ore_path_join(run, store);
    ore_status status = folder ? ore_folder_make(folder) : ore_error_status();
    if (status == ORE_OK)
        status = ore_folder_visit(folder, clear_old, kept + strlen(store) + 1);
    ore_release(folder);
    return status;
}

/* Checks that RUN/NAME is a link to current/NAME: ORE_STATE where something else has the name. A
 * missing link is made where `make` says so, and is no error otherwise. */
static ore_status visit_link(const char *run, const char *name, bool make) {
    char target[NAME_BYTES + 16];
    char found[LINK_BYTES];
    char *path = ore_path_join(run, name);
    if (!path)
        return ore_error_status();
    snprintf(target, sizeof target, "%s/%s", pointer, name);
    ore_path_kind kind = ore_path_kind_of_entry(path);
    ore_status status = ore_error_status();
    if (kind == ORE_PATH_MISSING && make) {
        status = make_link(target, path);
    } else if (kind != ORE_PATH_MISSING && status == ORE_OK) {
        status = read_link(path, found);
        if (status == ORE_OK && strcmp(found, target) != 0)
            status = ore_fail(ORE_STATE,
                              "%.*s: in the way of a checkpoint's file, expected a link to %.100s",
                              PATH_SHOWN_BYTES, path, target);
    }
    ore_release(path);
    return status;
}

static ore_status check_entry(void *run, const char *folder, const char *name) {
    (void)folder;
    return visit_link(run, name, false);
}

/* Checks the links of the current checkpoint's files before the next one is written, which will
 * have the same files: what is in the way of a link is told before the work, not after it. */
static ore_status check_links(const char *run) {
    char *folder = ore_path_join(run, pointer);
    if (folder && ore_path_kind_of(folder) == ORE_PATH_FOLDER)
        ore_folder_visit(folder, check_entry, (void *)(uintptr_t)run);
    ore_release(folder);
    return ore_error_status();
}

char *ore_checkpoint_begin(const char *run_folder) {
    if (!ore_ok())
        return NULL;
    if (ore_folder_visit(run_folder, clear_temporary, NULL) != ORE_OK ||
        clear_store(run_folder) != ORE_OK || check_links(run_folder) != ORE_OK)
        return NULL;
    char *folder = ore_path_join(run_folder, unfinished);
    if (folder && ore_folder_make(folder) == ORE_OK)
        return folder;
    ore_release(folder);
    return NULL;
}

ore_status ore_checkpoint_carry(const char *run_folder, const char *name) {
    if (!ore_ok())
        return ore_error_status();
    char *current = ore_checkpoint_current(run_folder);
    if (!current)
        return ore_fail(ORE_STATE, "%.*s: no checkpoint to carry %.100s over from",
                        PATH_SHOWN_BYTES, run_folder, name);
    char *folder = ore_path_join(run_folder, unfinished);
    char *from = ore_path_join(current, name);
    char *to = folder ? ore_path_join(folder, name) : NULL;
    ore_status status = from && to ? ore_file_link(from, to) : ore_error_status();
    if (status == ORE_OK)
        status = ore_checkpoint_verify(current, name);
    ore_release(to);
    ore_release(from);
    ore_release(folder);
    ore_release(current);
    return status;
}

/* ---- commit ---- */

static ore_status sync_entry(void *unused, const char *folder, const char *name) {
    (void)unused;
    char *path = ore_path_join(folder, name);
    ore_status status = path ? ore_path_sync(path) : ore_error_status();
    ore_release(path);
    return status;
}

/* Makes the link RUN/NAME -> current/NAME unless it is there. Its target may not exist until
 * RUN/current moves to the new checkpoint. */
static ore_status show_entry(void *run, const char *folder, const char *name) {
    (void)folder;
    return visit_link(run, name, true);
}

/* Makes RUN/current a link to `target`: a new link is made beside it and renamed over it, so that
 * there is one at every moment. */
static ore_status move_pointer(const char *run, const char *target) {
    char *path = ore_path_join(run, pointer);
    char *next = ore_path_join(run, next_pointer);
    ore_status status = path && next ? ore_tree_remove(next) : ore_error_status();
    if (status == ORE_OK)
        status = make_link(target, next);
    if (status == ORE_OK && rename(next, path) != 0)
        status = ore_fail_errno(path, "cannot replace");
    ore_release(next);
    ore_release(path);
    return status == ORE_OK ? ore_path_sync(run) : status;
}

/* Renames the finished folder to the next free number, and writes its path in the run to `target`:
 * "checkpoints/000007". */
static ore_status number_folder(const char *run, const char *folder, char target[LINK_BYTES]) {
    long number = current_number(run);
    if (number < 0)
        return ore_error_status();
    snprintf(target, LINK_BYTES, FOLDER_FORMAT, number + 1);
    char *numbered = ore_path_join(run, target);
    char *parent = ore_path_join(run, store);
    ore_status status = numbered && parent ? ore_tree_remove(numbered) : ore_error_status();
    if (status == ORE_OK && rename(folder, numbered) != 0)
        status = ore_fail_errno(numbered, "cannot rename to");
    if (status == ORE_OK)
        status = ore_path_sync(parent);
    ore_release(parent);
    ore_release(numbered);
    return status;
}

ore_status ore_checkpoint_commit(const char *run_folder) {
    if (!ore_ok())
        return ore_error_status();
    char target[LINK_BYTES];
    char *folder = ore_path_join(run_folder, unfinished);
    ore_status status = folder ? ore_checkpoint_digests_write(folder) : ore_error_status();
    if (status == ORE_OK)
        status = ore_folder_visit(folder, sync_entry, NULL);
    if (status == ORE_OK)
        status = ore_path_sync(folder);
    if (status == ORE_OK)
        status = ore_folder_visit(folder, show_entry, (void *)(uintptr_t)run_folder);
    if (status == ORE_OK)
        status = number_folder(run_folder, folder, target);
    if (status == ORE_OK)
        status = move_pointer(run_folder, target);
    ore_release(folder);
    /* The new checkpoint is complete and current. If an old one cannot be removed, the next
     * ore_checkpoint_begin tries again, and reports it. */
    if (status == ORE_OK && clear_store(run_folder) != ORE_OK)
        ore_error_clear();
    return status;
}

char *ore_checkpoint_current(const char *run_folder) {
    if (!ore_ok())
        return NULL;
    char link[LINK_BYTES], later[LINK_BYTES];
    char *folder = NULL;
    char *path = ore_path_join(run_folder, pointer);
    ore_path_kind entry = path ? ore_path_kind_of_entry(path) : ORE_PATH_UNKNOWN;
    if (entry == ORE_PATH_MISSING || entry == ORE_PATH_UNKNOWN || read_link(path, link) != ORE_OK)
        goto done;
    ore_path_kind kind = ore_path_kind_of(path);
    /* If another process commits meanwhile, the folder that the link named is removed: read the
     * link again. */
    while (kind == ORE_PATH_MISSING && read_link(path, later) == ORE_OK &&
           strcmp(link, later) != 0) {
        strcpy(link, later);
        kind = ore_path_kind_of(path);
    }
    /* A run that was copied with its links followed has a folder there in place of the link. */
    if (kind == ORE_PATH_FOLDER)
        folder = link[0] ? ore_path_join(run_folder, link) : ore_copy_text(path);
    else if (kind != ORE_PATH_UNKNOWN)
        ore_fail(ORE_DATA, "%.*s: leads to %.100s, which is no folder", PATH_SHOWN_BYTES, path,
                 link[0] ? link : "itself");
done:
    ore_release(path);
    return folder;
}
