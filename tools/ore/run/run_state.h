/* run_state.h: state.json of a checkpoint: where a run stands besides weights and optimizer. */
#ifndef ORE_TOOL_RUN_STATE_H
#define ORE_TOOL_RUN_STATE_H

#include <ore/data.h>
#include <ore/train.h>

#include "run/train_data.h"

typedef struct run_state {
    ore_fit_state fit;
    int64_t metrics_bytes;   /* of metrics.jsonl at that moment */
    data_identity data;      /* to notice that it changed */
    bool tokenizer_digested; /* false: of a run made before there was one */
    ore_digest tokenizer;    /* of the bytes of tokenizer.json */
    uint8_t loader[ORE_LOADER_STATE_BYTES];
    uint8_t dropout[ORE_GENERATOR_STATE_BYTES];
} run_state;

ore_status run_state_save(const run_state *state, const char *path);
/* ORE_DATA, naming file and key, for what is no such file. */
ore_status run_state_load(run_state *state, const char *path);
/* What DIR/state.json says; false, without an error, where there is none that can be read. */
bool run_state_peek(run_state *state, const char *dir);
/* Keeps the digest of DIR/tokenizer.json. */
ore_status run_state_keep_tokenizer(run_state *state, const char *dir);
/* ORE_DATA, naming the file, where DIR/tokenizer.json is not the one whose digest was kept. */
ore_status run_state_check_tokenizer(const run_state *state, const char *dir);

#endif
