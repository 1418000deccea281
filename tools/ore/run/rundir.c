/* rundir.c: checks, makes and clears the folder of a run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ore/run.h>

#include "cli/options.h"
#include "run/rundir.h"

/* What a run puts into its folder, the files of any task among it. */
static const char *const run_files[] = {
    "config.json",        "current",          "current.new",           "checkpoints",
    "model.safetensors",  "best.safetensors", "optimizer.safetensors", "digests.json",
    "state.json",         "tokenizer.json",   "metrics.jsonl",         "loss.svg",
    "loss.png",           "diagnostics.svg",  "diagnostics.png",       "run-data.txt",
    "run-val-data.txt",   "run-data",         "run-val-data",          "labels.json",
    "master.safetensors",
};
enum { RUN_FILES = sizeof run_files / sizeof run_files[0] };

ore_status rundir_path(const char *dir, const char *name, char *path) {
    int n = snprintf(path, RUNDIR_PATH_BYTES, "%s/%s", dir, name);
    if (n >= RUNDIR_PATH_BYTES)
        return ore_fail(ORE_INVALID, "%.64s...: the path is too long", dir);
    return ORE_OK;
}

bool rundir_find(const char *dir, const char *name, char *path) {
    return rundir_path(dir, name, path) == ORE_OK && ore_path_kind_of(path) == ORE_PATH_FILE;
}

static bool is_file(const char *dir, const char *name) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_find(dir, name, path);
}

/* Other programs write a config.json beside a model, too, but without these two keys. */
bool rundir_is_run(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (!rundir_find(dir, "config.json", path))
        return false;
    ore_json *config = ore_json_load(path);
    bool ours = ore_json_kind_of(config, "model") == ORE_JSON_STRING &&
                ore_json_kind_of(config, "eval_interval") == ORE_JSON_INT;
    if (!config)
        ore_error_clear(); /* a file that cannot be read as ours is not ours */
    ore_json_free(config);
    return ours;
}

bool rundir_has_digest(const char *file) {
    char folder[RUNDIR_PATH_BYTES], path[RUNDIR_PATH_BYTES];
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    if (name - file >= RUNDIR_PATH_BYTES)
        return false;
    snprintf(folder, sizeof folder, "%.*s", (int)(name - file), file);
    if (!rundir_find(*folder ? folder : ".", "digests.json", path))
        return false;
    ore_json *digests = ore_json_load(path);
    ore_json *files = digests ? ore_json_get_object(digests, "files") : NULL;
    bool named = files && ore_json_kind_of(files, name) == ORE_JSON_OBJECT;
    if (!files)
        ore_error_clear(); /* another program's */
    ore_json_free(digests);
    return named;
}

static ore_status take_number(void *user, const char *folder, const char *name) {
    long *largest = user, number = strtol(name, NULL, 10);
    (void)folder;
    *largest = number > *largest ? number : *largest;
    return ORE_OK;
}

/* The number of a checkpoint that a run without RUN/current still has. 0 if there is none, or only
 * number 1, which may be left by a process that was killed while it made it, and is of step 0. */
static ore_status stray_checkpoint(const char *dir, long *number) {
    char path[RUNDIR_PATH_BYTES];
    long largest = 0;
    *number = 0;
    if (rundir_path(dir, "current", path) != ORE_OK ||
        ore_path_kind_of_entry(path) != ORE_PATH_MISSING ||
        rundir_path(dir, "checkpoints", path) != ORE_OK ||
        ore_path_kind_of_entry(path) == ORE_PATH_MISSING)
        return ore_error_status();
    if (ore_ok() && ore_folder_visit(path, take_number, &largest) == ORE_OK && largest > 1)
        *number = largest;
    return ore_error_status();
}

/* Counts an entry of the folder; files that a killed process has left half-written do not count. */
static ore_status count_entry(void *user, const char *folder, const char *name) {
    int *count = user;
    (void)folder;
    *count += strncmp(name, ".ore-tmp-", 9) != 0;
    return ORE_OK;
}

/* ORE_DATA unless the folder is empty; the message says that it does not hold a `what`. */
static ore_status check_empty(const char *dir, const char *what) {
    int count = 0;
    if (ore_folder_visit(dir, count_entry, &count) != ORE_OK || count == 0)
        return ore_error_status();
    return ore_fail(ORE_DATA, "%s: is not empty and holds no %s; choose another --out", dir, what);
}

static ore_status check_pointer(const char *dir) {
    long number;
    if (stray_checkpoint(dir, &number) == ORE_OK && number > 0)
        return ore_fail(ORE_DATA,
                        "%s/current: missing, expected a link to the run's checkpoint, such as "
                        "checkpoints/%06ld",
                        dir, number);
    return ore_error_status();
}

static ore_status check_resumed(const char *dir) {
    if (!is_file(dir, "config.json"))
        return ore_ok() ? ore_fail(ORE_DATA, "%s: no run is there to resume (no config.json)", dir)
                        : ore_error_status();
    return check_pointer(dir);
}

ore_status rundir_fail_no_checkpoint(const char *dir) {
    char aside[RUNDIR_PATH_BYTES];
    if (check_pointer(dir) != ORE_OK)
        return ore_error_status();
    bool replaced = rundir_aside(dir, aside);
    return ore_fail(ORE_DATA, "%s: holds no checkpoint yet%s%s", dir,
                    replaced ? "; the run that --force replaces is in " : "",
                    replaced ? aside : "");
}

ore_status rundir_check(const char *dir, bool resume, bool force) {
    struct stat s;
    if (rundir_settle(dir) != ORE_OK)
        return ore_error_status();
    if (stat(dir, &s) != 0) {
        if (errno != ENOENT)
            return ore_fail(ORE_IO, "%s: cannot be read: %s", dir, strerror(errno));
        return resume ? ore_fail(ORE_DATA, "%s: no run is there to resume", dir) : ORE_OK;
    }
    if (!S_ISDIR(s.st_mode))
        return ore_fail(ORE_DATA, "%s: exists and is no folder", dir);
    if (resume)
        return check_resumed(dir);
    bool run = rundir_is_run(dir);
    if (run && !force)
        return ore_fail(ORE_DATA,
                        "%s: holds a run already; --resume goes on with it, --force replaces it",
                        dir);
    if (run || !ore_ok())
        return ore_error_status();
    return check_empty(dir, "run");
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

void rundir_await(const char *dir) {
    enum { PATIENCE_S = 30 }; /* a large model's checkpoint on a slow disk takes seconds */
    for (int tries = 0; tries < PATIENCE_S && ore_ok(); tries++) { /* one second each */
        bool busy = ore_run_lock(dir) == ORE_STATE;
        if (ore_ok())
            ore_run_unlock(dir);
        ore_error_clear();
        if (!busy)
            return;
    }
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
    if (make_folders(dir, &count) != ORE_OK || ore_run_lock(dir) != ORE_OK ||
        rundir_check(dir, false, force) != ORE_OK) {
        remove_folders(dir, count);
        return ore_error_status();
    }
    if (is_file(dir, "config.json"))
        rundir_set_aside(dir, run_files, RUN_FILES);
    if (ore_ok())
        *made = count;
    return ore_error_status();
}

ore_status rundir_make(const char *dir) {
    int made = 0;
    return make_folders(dir, &made);
}

ore_status rundir_open_marked(const char *dir, const char *mark) {
    ore_path_kind kind = ore_path_kind_of(dir);
    if (ore_ok() && kind != ORE_PATH_MISSING && kind != ORE_PATH_FOLDER)
        return ore_fail(ORE_DATA, "%s: exists and is no folder", dir);
    if (!ore_ok() || rundir_make(dir) != ORE_OK || ore_run_lock(dir) != ORE_OK ||
        is_file(dir, mark) || !ore_ok())
        return ore_error_status();
    return check_empty(dir, mark);
}

void rundir_abandon(const char *dir, int made) {
    ore_error error;
    ore_error_take(&error);
    if (remove_files(dir) == ORE_OK)
        rundir_settle_locked(dir);
    remove_folders(dir, made);
    ore_error_clear();
    ore_error_raise(&error);
}

ore_json *rundir_read_config(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_path(dir, "config.json", path) == ORE_OK ? options_load_json(path) : NULL;
}

ore_status rundir_write_config(const char *dir, const ore_json *config) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_path(dir, "config.json", path) == ORE_OK ? ore_json_write(config, path)
                                                           : ore_error_status();
}
