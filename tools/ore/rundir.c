/* rundir.c: checking, making and clearing the folder of a run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ore/io.h>

#include "options.h"
#include "rundir.h"

/* What a run puts into its folder, besides config.json. */
static const char *const run_files[] = {
    "current",           "current.new",      "checkpoints",
    "model.safetensors", "best.safetensors", "optimizer.safetensors",
    "state.json",        "tokenizer.json",   "metrics.jsonl",
    "loss.svg",          "loss.png",         "diagnostics.svg",
    "diagnostics.png",
};
enum { RUN_FILES = sizeof run_files / sizeof run_files[0] };

ore_status rundir_path(const char *dir, const char *name, char *path) {
    int n = snprintf(path, RUNDIR_PATH_BYTES, "%s/%s", dir, name);
    if (n >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", dir);
    return ORE_OK;
}

static bool is_file(const char *dir, const char *name) {
    char path[RUNDIR_PATH_BYTES];
    struct stat s;
    return snprintf(path, sizeof path, "%s/%s", dir, name) < RUNDIR_PATH_BYTES &&
           stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* Other programs put a config.json beside a model, too: ours names both of these. */
static bool is_run(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (!is_file(dir, "config.json") || rundir_path(dir, "config.json", path) != ORE_OK)
        return false;
    json_t *config = json_load_file(path, 0, NULL);
    bool ours = json_is_string(json_object_get(config, "model")) &&
                json_is_integer(json_object_get(config, "eval_interval"));
    json_decref(config);
    return ours;
}

/* The checkpoint that a run without its `current` still holds: its number; 0 where there is none
 * but the first, which a process killed while it made it leaves, too, and whose step is 0. */
static long stray_checkpoint(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    struct stat s;
    long number = 0;
    if (rundir_path(dir, "current", path) != ORE_OK || lstat(path, &s) == 0 ||
        rundir_path(dir, "checkpoints", path) != ORE_OK)
        return 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strtol(entry->d_name, NULL, 10) > number)
            number = strtol(entry->d_name, NULL, 10);
    if (folder)
        closedir(folder);
    return number > 1 ? number : 0;
}

/* A file that was being written when its process was killed does not count. */
static bool is_empty(DIR *folder) {
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            strncmp(entry->d_name, ".ore-tmp-", 9) != 0)
            return false;
    return true;
}

static ore_status check_resumed(const char *dir) {
    if (!is_file(dir, "config.json"))
        return ore_fail(ORE_DATA, "%s: no run is there to resume (no config.json)", dir);
    long number = stray_checkpoint(dir);
    if (number > 0)
        return ore_fail(ORE_DATA,
                        "%s/current: missing, expected a link to the run's checkpoint, such as "
                        "checkpoints/%06ld",
                        dir, number);
    return ORE_OK;
}

ore_status rundir_check(const char *dir, bool resume, bool force) {
    struct stat s;
    if (stat(dir, &s) != 0) {
        if (errno != ENOENT)
            return ore_fail(ORE_IO, "%s: cannot be read: %s", dir, strerror(errno));
        return resume ? ore_fail(ORE_DATA, "%s: no run is there to resume", dir) : ORE_OK;
    }
    if (!S_ISDIR(s.st_mode))
        return ore_fail(ORE_DATA, "%s: exists and is no folder", dir);
    if (resume)
        return check_resumed(dir);
    bool run = is_run(dir);
    if (run && !force)
        return ore_fail(ORE_DATA,
                        "%s: holds a run already; --resume goes on with it, --force replaces it",
                        dir);
    if (run)
        return ORE_OK;
    DIR *folder = opendir(dir);
    if (!folder)
        return ore_fail(ORE_IO, "%s: cannot be read: %s", dir, strerror(errno));
    bool empty = is_empty(folder);
    closedir(folder);
    if (!empty)
        return ore_fail(ORE_DATA, "%s: is not empty and holds no run; choose another --out", dir);
    return ORE_OK;
}

static ore_status make_folders(const char *dir, int *made) {
    char path[RUNDIR_PATH_BYTES];
    if (snprintf(path, sizeof path, "%s", dir) >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", dir);
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(path, 0777) == 0)
            ++*made;
        else if (errno != EEXIST)
            return ore_fail(ORE_IO, "%s: cannot be made: %s", path, strerror(errno));
        if (!slash)
            return ORE_OK;
        *slash = '/';
    }
}

static ore_status remove_files(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    for (int i = 0; i < RUN_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, run_files[i]);
        if (ore_tree_remove(path) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

/* A process that was killed may hold its lock for a moment yet: a second's patience. */
ore_status rundir_lock(const char *dir) {
    enum { LOCK_TRIES = 20 };
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return ore_fail(ORE_IO, "%s: cannot be opened: %s", dir, strerror(errno));
    if (access(dir, W_OK) != 0)
        return ore_fail(ORE_IO, "%s: cannot be written: %s", dir, strerror(errno));
    for (int tries = 0; flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK; tries++) {
        if (tries == LOCK_TRIES) {
            close(folder);
            return ore_fail(ORE_STATE, "%s: another process is training in it", dir);
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return ORE_OK; /* the lock ends with the process; file systems without locks go without */
}

static void remove_folders(const char *dir, int count) {
    char path[RUNDIR_PATH_BYTES];
    snprintf(path, sizeof path, "%s", dir);
    while (count-- > 0 && rmdir(path) == 0 && strrchr(path, '/'))
        *strrchr(path, '/') = '\0';
}

ore_status rundir_start(const char *dir, bool force, int *made) {
    int count = 0;
    *made = -1;
    if (make_folders(dir, &count) != ORE_OK || rundir_lock(dir) != ORE_OK ||
        rundir_check(dir, false, force) != ORE_OK) {
        remove_folders(dir, count);
        return ore_error_status();
    }
    *made = count;
    return remove_files(dir);
}

ore_status rundir_make(const char *dir) {
    int made = 0;
    return make_folders(dir, &made);
}

ore_status rundir_open_marked(const char *dir, const char *mark) {
    struct stat s;
    if (stat(dir, &s) == 0 && !S_ISDIR(s.st_mode))
        return ore_fail(ORE_DATA, "%s: exists and is no folder", dir);
    if (rundir_make(dir) != ORE_OK || rundir_lock(dir) != ORE_OK || is_file(dir, mark))
        return ore_error_status();
    DIR *folder = opendir(dir);
    if (!folder)
        return ore_fail(ORE_IO, "%s: cannot be read: %s", dir, strerror(errno));
    bool empty = is_empty(folder);
    closedir(folder);
    if (!empty)
        return ore_fail(ORE_DATA, "%s: is not empty and holds no %s; choose another --out", dir,
                        mark);
    return ORE_OK;
}

void rundir_abandon(const char *dir, int made) {
    char path[RUNDIR_PATH_BYTES];
    ore_error error;
    ore_error_take(&error);
    remove_files(dir);
    snprintf(path, sizeof path, "%s/config.json", dir);
    ore_tree_remove(path);
    remove_folders(dir, made);
    ore_error_clear();
    ore_error_raise(&error);
}

json_t *rundir_read_config(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_path(dir, "config.json", path) == ORE_OK ? options_load_json(path) : NULL;
}

ore_status rundir_write_config(const char *dir, const json_t *config, int digits) {
    char path[RUNDIR_PATH_BYTES];
    size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION((size_t)digits);
    if (rundir_path(dir, "config.json", path) != ORE_OK)
        return ore_error_status();
    char *text = json_dumps(config, flags), *line = NULL;
    int bytes = text ? asprintf(&line, "%s\n", text) : -1;
    if (bytes < 0)
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    else
        ore_file_write(path, line, (size_t)bytes);
    free(text);
    if (bytes >= 0)
        free(line);
    return ore_error_status();
}
