/* run.h: what the parts of a run share. */
#ifndef ORE_TRAIN_RUN_H
#define ORE_TRAIN_RUN_H

#include <ore/run.h>

/* ---- metrics.jsonl (metrics.c) ---- */

enum { ORE_METRICS_BUFFER_BYTES = 1 << 16 }; /* some 800 lines: a write every few seconds */

typedef struct ore_metrics {
    char *path;
    int64_t interval; /* steps between lines of a step: long runs leave some out */
    size_t file_bytes, used;
    char buffer[ORE_METRICS_BUFFER_BYTES]; /* not written yet */
} ore_metrics;

/* Cuts the file to `bytes`; 0 removes it. */
ore_status ore_metrics_cut(ore_metrics *m, size_t bytes);
ore_status ore_metrics_add(ore_metrics *m, const ore_fit_report *report);
/* Writes what is held back; file_bytes is then the file's size. */
ore_status ore_metrics_flush(ore_metrics *m);
/* Drops what has not been written: how many lines. */
int ore_metrics_drop(ore_metrics *m);

/* ---- one run in a folder (run_lock.c) ---- */

/* For one run of this process, which has locked the folder; false with ORE_STATE where another has
 * it. */
bool ore_run_claim(const char *folder);
void ore_run_disclaim(const char *folder);

/* ---- a run (run.c) ---- */

/* What a checkpoint holds beside weights and optimizer, as it was between two steps. */
typedef struct ore_run_place {
    ore_fit_state fit;
    int64_t metrics_bytes; /* of metrics.jsonl at that moment */
    uint8_t loader[ORE_LOADER_STATE_BYTES];
    uint8_t (*generators)[ORE_GENERATOR_STATE_BYTES]; /* (generator_count) */
} ore_run_place;

struct ore_run {
    ore_run_options options;
    ore_run_generator *generators; /* (options.generator_count): the options' */
    char *folder;
    bool locked, claimed;
    ore_fit_state fit;   /* at the last report */
    ore_run_place place; /* at the last report: what the next checkpoint has */
    int64_t saved_step;
    double saved_s; /* ore_clock_s() of the last checkpoint */
    bool best;      /* the last report's weights are the best so far */
    ore_metrics metrics;
};

/* ---- state.json (run_state.c) ---- */

/* The object of run->place, with what the options' write_state adds; to be freed. */
ore_json *ore_run_state_to_json(const ore_run *run);
/* Reads it into run->place and, by read_state, into the caller's own. */
ore_status ore_run_state_from_json(ore_run *run, ore_json *state, const char *path);

/* ---- checkpoints (run_checkpoint.c) ---- */

/* Notes where the loader and the generators are. */
void ore_run_note_streams(ore_run *run);
/* What was noted last becomes the run's checkpoint, with the weights and the optimizer's state as
 * they are; with `best` the weights are also the best ones. */
ore_status ore_run_save(ore_run *run, bool best);
/* Takes the run to its last checkpoint; to the start where it has none yet. */
ore_status ore_run_load(ore_run *run);

#endif
