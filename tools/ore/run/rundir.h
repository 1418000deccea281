/* rundir.h: the folder of a run: config.json, weights, tokenizer, metrics, pictures. Nothing in a
 * folder that holds no run is ever touched. */
#ifndef ORE_TOOL_RUNDIR_H
#define ORE_TOOL_RUNDIR_H

#include <ore/io.h>

enum { RUNDIR_PATH_BYTES = 4096 };

/* DIR/NAME into path; ORE_INVALID where it is too long. */
ore_status rundir_path(const char *dir, const char *name, char *path);
/* Checks what is at `dir`, and changes nothing but to settle what a killed --force left. A new run
 * wants nothing there, an empty folder or, with force, a run; a resumed run wants a run. */
ore_status rundir_check(const char *dir, bool resume, bool force);
/* Makes the folder, with those above it, locks it, and sets an earlier run in it aside, which
 * comes back if this one ends before its first checkpoint. *made: how many folders were new;
 * -1 where it failed and changed nothing, as where another process has put a run there since
 * rundir_check. */
ore_status rundir_start(const char *dir, bool force, int *made);
/* Makes a folder with those above it, where they are missing. */
ore_status rundir_make(const char *dir);
/* A folder of another kind, which a file `mark` in it tells: makes it where it is missing and locks
 * it. ORE_DATA where it holds other things. */
ore_status rundir_open_marked(const char *dir, const char *mark);
/* ORE_DATA that says why no checkpoint of the run in `dir` can be read. */
ore_status rundir_fail_no_checkpoint(const char *dir);
/* Waits, for 30 seconds at most, until no other process trains in the folder: the run of a sweep
 * that was killed saves a checkpoint before it ends. A folder that is not there or cannot be opened
 * is for whoever reads it next to tell. */
void rundir_await(const char *dir);
/* Takes back what rundir_start and the writing of a config did, after a failure: an earlier run
 * that was set aside is there again. Works while an error is pending. */
void rundir_abandon(const char *dir, int made);

/* ---- a run that replaces another (rundir_replace.c) ---- */

/* Whether a run is set aside in `dir`; its folder into `path` of RUNDIR_PATH_BYTES. */
bool rundir_aside(const char *dir, char *path);
/* Moves RUN/current and then the files of those names into a folder of their own in RUN. */
ore_status rundir_set_aside(const char *dir, const char *const *names, int count);
/* Puts what was set aside back where the new run has no checkpoint, else removes it. For a process
 * that has locked the folder. */
ore_status rundir_settle_locked(const char *dir);
/* The same after locking it, if there is anything to settle. */
ore_status rundir_settle(const char *dir);

/* The config.json of a run, to be freed with ore_json_free. */
ore_json *rundir_read_config(const char *dir);
/* Writes config.json whole or not at all. */
ore_status rundir_write_config(const char *dir, const ore_json *config);

#endif
