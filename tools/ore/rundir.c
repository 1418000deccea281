/* rundir.c: checking, making and clearing the folder of a run. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rundir.h"

/* What --force removes: names that a run gives its files, and those that begin with a prefix. */
static const char *const run_files[] = {
    "config.json",           "model.safetensors", "best.safetensors",
    "optimizer.safetensors", "state.json",        "tokenizer.json",
    "metrics.jsonl",         "loss.svg",          "loss.png",
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

static bool is_empty(DIR *folder) {
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
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
    bool run = is_file(dir, "config.json");
    if (run && !resume && !force)
        return ore_fail(ORE_DATA,
                        "%s: holds a run already; --resume goes on with it, --force replaces it",
                        dir);
    if (run)
        return ORE_OK;
    if (resume)
        return ore_fail(ORE_DATA, "%s: no run is there to resume (no config.json)", dir);
    DIR *folder = opendir(dir);
    if (!folder)
        return ore_fail(ORE_IO, "%s: cannot be read: %s", dir, strerror(errno));
    bool empty = is_empty(folder);
    closedir(folder);
    if (!empty)
        return ore_fail(ORE_DATA, "%s: is not empty and holds no run; choose another --out", dir);
    return ORE_OK;
}

static ore_status make_folders(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (snprintf(path, sizeof path, "%s", dir) >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", dir);
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return ore_fail(ORE_IO, "%s: cannot be made: %s", path, strerror(errno));
        if (!slash)
            return ORE_OK;
        *slash = '/';
    }
}

ore_status rundir_start(const char *dir) {
    if (make_folders(dir) != ORE_OK)
        return ore_error_status();
    for (int i = 0; i < RUN_FILES; i++) {
        char path[RUNDIR_PATH_BYTES];
        if (rundir_path(dir, run_files[i], path) != ORE_OK)
            return ore_error_status();
        if (unlink(path) != 0 && errno != ENOENT)
            return ore_fail(ORE_IO, "%s: cannot be removed: %s", path, strerror(errno));
    }
    return ORE_OK;
}

json_t *rundir_read_config(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    json_error_t error;
    if (rundir_path(dir, "config.json", path) != ORE_OK)
        return NULL;
    FILE *file = fopen(path, "rb");
    if (!file) {
        ore_fail(ORE_IO, "%s: cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    json_t *config = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    if (!config)
        ore_fail(ORE_DATA, "%s: not valid JSON: line %d: %s", path, error.line, error.text);
    return config;
}

ore_status rundir_write_config(const char *dir, const json_t *config, int digits) {
    char path[RUNDIR_PATH_BYTES], fresh[RUNDIR_PATH_BYTES];
    if (rundir_path(dir, "config.json", path) != ORE_OK ||
        rundir_path(dir, "config.json.new", fresh) != ORE_OK)
        return ore_error_status();
    FILE *file = fopen(fresh, "wb");
    if (!file)
        return ore_fail(ORE_IO, "%s: cannot be written: %s", fresh, strerror(errno));
    size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION((size_t)digits);
    bool written = json_dumpf(config, file, flags) == 0 && fputc('\n', file) != EOF &&
                   fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (fclose(file) != 0 || !written || rename(fresh, path) != 0) {
        int reason = errno;
        unlink(fresh);
        return ore_fail(ORE_IO, "%s: cannot be written: %s", path, strerror(reason));
    }
    return ORE_OK;
}
