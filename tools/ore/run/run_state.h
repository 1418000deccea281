/* run_state.h: what the command has in state.json of a checkpoint beside the library's: what the
 * run was trained on. */
#ifndef ORE_TOOL_RUN_STATE_H
#define ORE_TOOL_RUN_STATE_H

#include <ore/run.h>

#include "run/train_data.h"

typedef struct run_state {
    ore_fit_state fit;       /* the library's: where the run stands */
    data_identity data;      /* to notice that it changed */
    bool tokenizer_digested; /* false: of a run made before there was one */
    ore_digest tokenizer;    /* of the bytes of tokenizer.json */
} run_state;

/* Adds the command's members to the object of a state.json. */
ore_status run_state_add(const run_state *state, ore_json *object);
/* Reads all members of a run_state. ORE_DATA, naming file and key, for what is no such object. */
ore_status run_state_read(run_state *state, ore_json *object, const char *path);
/* The same of a file. */
ore_status run_state_load(run_state *state, const char *path);
/* What DIR/state.json says; false, without an error, where there is none that can be read. */
bool run_state_peek(run_state *state, const char *dir);
/* Keeps the digest of DIR/tokenizer.json. */
ore_status run_state_keep_tokenizer(run_state *state, const char *dir);
/* ORE_DATA, naming the file, where DIR/tokenizer.json is not the one whose digest was kept. */
ore_status run_state_check_tokenizer(const run_state *state, const char *dir);

#endif
