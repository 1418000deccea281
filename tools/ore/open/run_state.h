/* run_state.h: the members that the command adds to a checkpoint's state.json: the identity of the
 * data that the run is trained on. */
#ifndef ORE_TOOL_RUN_STATE_H
#define ORE_TOOL_RUN_STATE_H

#include <ore/run.h>

#include "tasks/task.h"

typedef struct run_state {
    ore_fit_state fit;  /* the library's part: how far the run is */
    data_identity data; /* shows whether the data has changed */
    const run_task *task;
    bool has_file[TASK_FILES_MAX];   /* false: of a run made before there were digests */
    ore_digest file[TASK_FILES_MAX]; /* of the bytes of the task's files */
} run_state;

/* Adds the command's members to the object of a state.json. */
ore_status run_state_add(const run_state *state, ore_json *object);
/* Reads a run_state from a state.json. ORE_DATA, which names the file and the key, if it is not
 * one. */
ore_status run_state_read(run_state *state, const run_task *task, ore_json *object,
                          const char *path);
/* The same of a file. */
ore_status run_state_load(run_state *state, const run_task *task, const char *path);
/* Reads DIR/state.json; false, without an error, if there is none that can be read. */
bool run_state_peek(run_state *state, const run_task *task, const char *dir);
/* Keeps the digests of the task's files in DIR. */
ore_status run_state_keep_files(run_state *state, const run_task *task, const char *dir);
/* ORE_DATA, naming the file, where one in DIR is not that whose digest was kept. */
ore_status run_state_check_files(const run_state *state, const char *dir);

#endif
