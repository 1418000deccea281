/* rundir.h: the folder of a run: config.json, weights, tokenizer, metrics, pictures. Nothing in a
 * folder that holds no run is ever touched. */
#ifndef ORE_TOOL_RUNDIR_H
#define ORE_TOOL_RUNDIR_H

#include <jansson.h>
#include <ore/base.h>

enum { RUNDIR_PATH_BYTES = 4096 };

/* DIR/NAME into path; ORE_INVALID where it is too long. */
ore_status rundir_path(const char *dir, const char *name, char *path);
/* Checks what is at `dir` and changes nothing. A new run wants nothing there, an empty folder or,
 * with force, a run; a resumed run wants a run. */
ore_status rundir_check(const char *dir, bool resume, bool force);
/* Makes the folder, with those above it, removes the files of an earlier run from it but for its
 * config.json, which the new one replaces, and locks it. *made: how many folders were new;
 * -1 where it failed and changed nothing, as where another process has put a run there since
 * rundir_check. */
ore_status rundir_start(const char *dir, bool force, int *made);
/* Makes a folder with those above it, where they are missing. */
ore_status rundir_make(const char *dir);
/* A folder of another kind, which a file `mark` in it tells: makes it where it is missing and locks
 * it. ORE_DATA where it holds other things. */
ore_status rundir_open_marked(const char *dir, const char *mark);
/* Keeps other processes from training in the folder until this one ends; ORE_STATE where one
 * does. */
ore_status rundir_lock(const char *dir);
/* Takes back what rundir_start and the writing of a config did, after a failure. Works while an
 * error is pending. */
void rundir_abandon(const char *dir, int made);
/* The config.json of a run; the caller's reference. */
json_t *rundir_read_config(const char *dir);
/* Writes config.json whole or not at all. */
ore_status rundir_write_config(const char *dir, const json_t *config, int digits);

#endif
