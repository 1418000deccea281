/* prepare_files.c: the files that paths and folders name, in an order of their own. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/system.h"
#include "text/prepare.h"

static ore_status add(ore_input_list *list, char *path) {
    void *paths = list->paths;
    if (path && ore_grow(&paths, &list->capacity, list->count + 1, sizeof(char *)) == ORE_OK) {
        list->paths = paths;
        list->paths[list->count++] = path;
        return ORE_OK;
    }
    ore_release(path);
    return ore_error_status();
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static ore_status add_tree(ore_input_list *list, const char *path);

/* The visitor of a folder: the names that count. */
static ore_status add_name(void *user, const char *folder, const char *name) {
    (void)folder;
    return name[0] == '.' ? ORE_OK : add(user, ore_copy_text(name));
}

/* The folder that is written is none to read, wherever it lies. */
static bool is_output(const ore_input_list *list, const char *folder) {
    struct stat own;
    return stat(folder, &own) == 0 && own.st_dev == list->output_device &&
           own.st_ino == list->output_number;
}

static ore_status add_folder(ore_input_list *list, const char *folder) {
    ore_input_list names = {0};
    if (is_output(list, folder))
        return ORE_OK;
    ore_folder_visit(folder, add_name, &names);
    if (names.count > 0)
        qsort(names.paths, (size_t)names.count, sizeof *names.paths, by_name);
    for (int64_t i = 0; i < names.count && ore_ok(); i++) {
        char *path = ore_path_join(folder, names.paths[i]);
        /* a link to a folder may lead back to here */
        bool loop = path && ore_path_kind_of_entry(path) == ORE_PATH_LINK &&
                    ore_path_kind_of(path) == ORE_PATH_FOLDER;
        if (path && !loop && ore_ok())
            add_tree(list, path);
        ore_release(path);
    }
    ore_input_list_release(&names);
    return ore_error_status();
}

static ore_status add_tree(ore_input_list *list, const char *path) {
    ore_path_kind kind = ore_path_kind_of(path);
    if (kind == ORE_PATH_FOLDER)
        return add_folder(list, path);
    if (kind == ORE_PATH_FILE)
        return add(list, ore_copy_text(path));
    return ore_ok() ? ore_fail(kind == ORE_PATH_MISSING ? ORE_IO : ORE_DATA, "%.*s: %s",
                               ORE_PATH_SHOWN_BYTES, path,
                               kind == ORE_PATH_MISSING ? "no such file or folder"
                                                        : "is neither a file nor a folder")
                    : ore_error_status();
}

/* Name, size and time of each file. */
static ore_status take_digest(ore_input_list *list) {
    ore_digest_stream stream;
    if (ore_digest_begin(&stream) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < list->count && ore_ok(); i++) {
        struct stat now;
        if (stat(list->paths[i], &now) != 0) {
            ore_fail_errno(list->paths[i], "cannot read");
            break;
        }
        struct timespec modified = ore_system_modified(&now);
        int64_t numbers[] = {now.st_size, modified.tv_sec, modified.tv_nsec};
        ore_digest_put(&stream, list->paths[i], strlen(list->paths[i]) + 1);
        ore_digest_put(&stream, numbers, sizeof numbers);
    }
    list->digest = ore_digest_end(&stream);
    return ore_error_status();
}

ore_status ore_input_list_read(ore_input_list *list, const char *const *paths, int64_t count,
                               const char *output) {
    struct stat folder;
    *list = (ore_input_list){0};
    if (stat(output, &folder) != 0)
        return ore_fail_errno(output, "cannot look at it");
    list->output_device = folder.st_dev;
    list->output_number = folder.st_ino;
    for (int64_t i = 0; i < count && ore_ok(); i++)
        add_tree(list, paths[i]);
    if (ore_ok() && list->count == 0)
        ore_fail(ORE_DATA, "%.*s: has no files", ORE_PATH_SHOWN_BYTES,
                 count > 0 ? paths[0] : "prepare");
    return ore_ok() ? take_digest(list) : ore_error_status();
}

void ore_input_list_release(ore_input_list *list) {
    for (int64_t i = 0; i < list->count; i++)
        ore_release(list->paths[i]);
    ore_release(list->paths);
    *list = (ore_input_list){0};
}
