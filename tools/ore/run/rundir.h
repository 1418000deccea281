/* rundir.h: the folder of a run: config.json, weights, tokenizer, metrics, pictures. A folder that
 * holds other things than a run is never changed. */
#ifndef ORE_TOOL_RUNDIR_H
#define ORE_TOOL_RUNDIR_H

#include <ore/io.h>

enum { RUNDIR_PATH_BYTES = 4096 }; /* Linux's PATH_MAX */

/* Writes DIR/NAME to path (RUNDIR_PATH_BYTES); ORE_INVALID where it is too long. */
ore_status rundir_path(const char *dir, const char *name, char *path);
/* The same; whether a file is there. False with an error if the system cannot tell. */
bool rundir_find(const char *dir, const char *name, char *path);
/* Whether the config.json of a folder is a run's; false for what cannot be read. */
bool rundir_is_run(const char *dir);
/* Whether the digests.json beside a file names it, so that a run is damaged where it is replaced;
 * false for what cannot be read. */
bool rundir_has_digest(const char *file);
/* Checks what is at `dir`. For a new run there may be nothing, an empty folder or, with force, a
 * run; for a resumed run there must be a run. Changes nothing, unless a --force that was killed
 * must be settled (rundir_settle). */
ore_status rundir_check(const char *dir, bool resume, bool force);
/* Makes the folder and those above it, locks it, and, with force, sets an earlier run in it aside,
 * which is put back if this run ends before its first checkpoint. *made becomes the number of
 * folders that were made; -1 after a failure that has changed nothing, such as when another process
 * has put a run there since rundir_check. */
ore_status rundir_start(const char *dir, bool force, int *made);
/* Makes a folder and those above it, where they are missing. */
ore_status rundir_make(const char *dir);
/* Opens a folder of another kind, recognised by the file `mark` in it: makes the folder where it is
 * missing, and locks it. ORE_DATA where it holds other things. */
ore_status rundir_open_marked(const char *dir, const char *mark);
/* Sets the error ORE_DATA, which says why no checkpoint of the run in `dir` can be read. */
ore_status rundir_fail_no_checkpoint(const char *dir);
/* Waits, for at most 30 seconds, until no other process trains in the folder: a run of a sweep that
 * was killed saves a checkpoint before it ends. Does nothing if the folder does not exist or cannot
 * be opened, which the next function that reads it reports. */
void rundir_await(const char *dir);
/* After a failure, undoes what rundir_start and the writing of a config did; an earlier run that
 * was set aside is put back. Works while an error is pending. */
void rundir_abandon(const char *dir, int made);

/* ---- a run that replaces another (rundir_replace.c) ---- */

/* Whether a run is set aside in `dir`; path (RUNDIR_PATH_BYTES) becomes the folder that it is
 * in. */
bool rundir_aside(const char *dir, char *path);
/* Sets a run aside: moves RUN/current, and then the files of these names, into a folder of their
 * own in RUN. */
ore_status rundir_set_aside(const char *dir, const char *const *names, int count);
/* Settles what was set aside: removes it if the new run has a checkpoint, else puts it back. For a
 * process that has locked the folder. */
ore_status rundir_settle_locked(const char *dir);
/* The same, but first locks the folder, if there is anything to settle. */
ore_status rundir_settle(const char *dir);

/* The config.json of a run, to be freed with ore_json_free. */
ore_json *rundir_read_config(const char *dir);
/* Writes config.json, completely or not at all. */
ore_status rundir_write_config(const char *dir, const ore_json *config);

#endif
