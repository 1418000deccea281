/* run_state.h: what the command has in state.json of a checkpoint beside the library's: what the
 * run was trained on. */
#ifndef ORE_TOOL_RUN_STATE_H
#define ORE_TOOL_RUN_STATE_H

#include <ore/run.h>

#include "tasks/task.h"

typedef struct run_state {
    ore_fit_state fit;  /* the library's: where the run stands */
    data_identity data; /* to notice that it changed */
    const run_task *task;
    bool has_file[TASK_FILES_MAX];   /* false: of a run made before there were digests */
    ore_digest file[TASK_FILES_MAX]; /* of the bytes of the task's files */
} run_state;

/* Adds the command's members to the object of a state.json. */
ore_status run_state_add(const run_state *state, ore_json *object);
/* Reads all members of a run_state. ORE_DATA, naming file and key, for what is no such object. */
ore_status run_state_read(run_state *state, const run_task *task, ore_json *object,
                          const char *path);
/* The same of a file. */
ore_status run_state_load(run_state *state, const run_task *task, const char *path);
/* What DIR/state.json says; false, without an error, where there is none that can be read. */
bool run_state_peek(run_state *state, const run_task *task, const char *dir);
/* Keeps the digests of the task's files in DIR. */
ore_status run_state_keep_files(run_state *state, const run_task *task, const char *dir);
/* ORE_DATA, naming the file, where one in DIR is not that whose digest was kept. */
ore_status run_state_check_files(const run_state *state, const char *dir);

#endif
