/* run.h: what the files of a run share. */
#ifndef ORE_TRAIN_RUN_H
#define ORE_TRAIN_RUN_H

#include <ore/run.h>

/* ---- metrics.jsonl (metrics.c) ---- */

/* About 800 lines, so that even a run of 200 steps a second writes only every few seconds. */
enum { ORE_METRICS_BUFFER_BYTES = 1 << 16 };

typedef struct ore_metrics {
    char *path;
    int64_t interval; /* steps from one line about a step to the next */
    size_t file_bytes, used;
    char buffer[ORE_METRICS_BUFFER_BYTES]; /* lines that are not in the file yet */
} ore_metrics;

/* Truncates the file to `bytes`; 0 removes it. */
ore_status ore_metrics_cut(ore_metrics *m, size_t bytes);
ore_status ore_metrics_add(ore_metrics *m, const ore_fit_report *report);
/* Writes the buffered lines; file_bytes is then the size of the file. */
ore_status ore_metrics_flush(ore_metrics *m);
/* Drops the buffered lines, and returns how many there were. */
int ore_metrics_drop(ore_metrics *m);

/* ---- one run in a folder (run_lock.c) ---- */

/* Marks a folder that this process has locked as used by an ore_run; false with ORE_STATE where
 * another ore_run of the process uses it. ore_run_disclaim takes the mark away. */
bool ore_run_claim(const char *folder);
void ore_run_disclaim(const char *folder);

/* ---- a run (run.c) ---- */

/* What a checkpoint holds beside the weights and the optimizer's state: the place between two
 * steps. */
typedef struct ore_run_place {
    ore_fit_state fit;
    int64_t metrics_bytes; /* of metrics.jsonl at that moment */
    uint8_t loader[ORE_LOADER_STATE_BYTES];
    uint8_t (*generators)[ORE_GENERATOR_STATE_BYTES]; /* (generator_count) */
} ore_run_place;

struct ore_run {
    ore_run_options options;
    ore_run_generator *generators; /* (options.generator_count) a copy of the options' */
    char *folder;
    bool locked, claimed;
    ore_fit_state fit;   /* at the last report */
    ore_run_place place; /* at the last report: what the next checkpoint will hold */
    int64_t saved_step;
    double saved_s; /* ore_clock_s() of the last checkpoint */
    bool best;      /* the last report's weights are the best so far */
    ore_metrics metrics;
};

/* ---- state.json (run_state.c) ---- */

/* run->place as a JSON object, with what the options' write_state adds; to be freed with
 * ore_json_free. */
ore_json *ore_run_state_to_json(const ore_run *run);
/* Reads such an object into run->place, and gives it to the options' read_state. */
ore_status ore_run_state_from_json(ore_run *run, ore_json *state, const char *path);

/* ---- checkpoints (run_checkpoint.c) ---- */

/* Sets in run->place where the loader and the generators are now. */
void ore_run_note_streams(ore_run *run);
/* Writes run->place, the weights and the optimizer's state as the run's new checkpoint; with `best`
 * these weights also become the best ones. */
ore_status ore_run_save(ore_run *run, bool best);
/* Sets the run to its last checkpoint, or to the start where it has none yet. */
ore_status ore_run_load(ore_run *run);

#endif
