/* rundir_replace.c: a run that is replaced by another is kept complete, in a folder of its own
 * beside the new run's files, until the new run has a checkpoint.
 *
 * RUN/current says which of the two is valid. It is set aside first and put back last. So, wherever
 * the process is killed: if there is no RUN/current, the run that was set aside is the valid one
 * and is put back; if there is one, the new run is valid, and the old one is removed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ore/run.h>

#include "run/rundir.h"

static const char *const aside = "replaced";
static const char *const pointer = "current";

static bool is_there(const char *dir, const char *name) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_path(dir, name, path) == ORE_OK &&
           ore_path_kind_of_entry(path) != ORE_PATH_MISSING;
}

/* Moves FROM/name to TO/name, replacing what is there; does nothing if FROM/name does not exist. */
static ore_status move(const char *from, const char *to, const char *name) {
    char source[RUNDIR_PATH_BYTES], target[RUNDIR_PATH_BYTES];
    if (!is_there(from, name) || rundir_path(from, name, source) != ORE_OK ||
        rundir_path(to, name, target) != ORE_OK || !ore_ok() || ore_tree_remove(target) != ORE_OK)
        return ore_error_status();
    if (rename(source, target) != 0)
        return ore_fail(ORE_IO, "%s: cannot be moved to %s: %s", source, target, strerror(errno));
    return ORE_OK;
}

bool rundir_aside(const char *dir, char *path) {
    return is_there(dir, aside) && rundir_path(dir, aside, path) == ORE_OK && ore_ok();
}

ore_status rundir_set_aside(const char *dir, const char *const *names, int count) {
    char folder[RUNDIR_PATH_BYTES];
    if (rundir_path(dir, aside, folder) == ORE_OK && ore_folder_make(folder) == ORE_OK)
        move(dir, folder, pointer);
    for (int i = 0; i < count && ore_ok(); i++)
        move(dir, folder, names[i]);
    if (!ore_ok()) {
        ore_error error;
        ore_error_take(&error);
        rundir_settle_locked(dir);
        ore_error_clear();
        ore_error_raise(&error);
    }
    return ore_error_status();
}

static ore_status put_back_entry(void *dir, const char *folder, const char *name) {
    return strcmp(name, pointer) == 0 ? ORE_OK : move(folder, dir, name);
}

/* Removes files that a killed process was writing; the lock ensures that no other process writes
 * here. */
static ore_status remove_temporary(void *user, const char *folder, const char *name) {
    char path[RUNDIR_PATH_BYTES];
    (void)user;
    return strncmp(name, ".ore-tmp-", 9) == 0 && rundir_path(folder, name, path) == ORE_OK
               ? ore_tree_remove(path)
               : ore_error_status();
}

static ore_status put_back(const char *dir, const char *folder) {
    char own[RUNDIR_PATH_BYTES];
    snprintf(own, sizeof own, "%s", dir);
    if (ore_folder_visit(folder, put_back_entry, own) == ORE_OK &&
        ore_folder_visit(dir, remove_temporary, NULL) == ORE_OK)
        move(folder, dir, pointer);
    return ore_ok() ? ore_tree_remove(folder) : ore_error_status();
}

ore_status rundir_settle_locked(const char *dir) {
    char folder[RUNDIR_PATH_BYTES];
    if (!rundir_aside(dir, folder))
        return ore_error_status();
    bool stands = is_there(dir, pointer);
    if (!ore_ok())
        return ore_error_status();
    return stands ? ore_tree_remove(folder) : put_back(dir, folder);
}

ore_status rundir_settle(const char *dir) {
    if (!is_there(dir, aside) || !ore_ok())
        return ore_error_status();
    return ore_run_lock(dir) == ORE_OK ? rundir_settle_locked(dir) : ore_error_status();
}
