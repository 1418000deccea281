/* train_run.h: one run of `ore train`: its parts, its checkpoints, and what it says. */
#ifndef ORE_TOOL_TRAIN_RUN_H
#define ORE_TOOL_TRAIN_RUN_H

#include <ore/train.h>

#include "run/data_places.h"
#include "train/diagnostics.h"
#include "run/metrics.h"
#include "cli/progress.h"
#include "run/run_state.h"
#include "run/train_data.h"
#include "run/train_model.h"

typedef struct train_run {
    train_options *options;
    const train_config *config;
    const char *dir;
    data_places places;
    train_data data;
    model model;
    ore_generator *generator; /* of the first weights, then of dropout */
    ore_optimizer *optimizer;
    ore_generator *batch_generator, *evaluation_generator;
    ore_loader *loader, *evaluation_loaders[ORE_PART_COUNT];
    ore_fit_state fit; /* at the last report */
    int64_t saved_step, checkpoint_interval;
    double saved_s, drawn_s; /* monotonic seconds of the last checkpoint and loss curve */
    bool has_checkpoint, told_interrupt;
    bool best; /* the last report's weights are the best so far */
    metrics metrics;
    progress progress;
    diagnostics diagnostics;
    run_state state; /* at the last report: what the next checkpoint has */
} train_run;

/* Does what the resolved options ask for, in `dir`, which rundir_check has passed. Returns the
 * exit status. */
int train_run_whole(train_options *asked, const char *dir);

/* True if nothing is left to do in a run of that config that stands there; *end (NULL: not told):
 * why. */
bool train_is_over(const train_config *c, const ore_fit_state *s, ore_fit_end *end);

/* ---- checkpoints (train_checkpoint.c) ---- */

/* Notes where the run stands between two steps: a step that fails has drawn its batch already,
 * which a resumed run must draw again. */
void train_checkpoint_note(train_run *run);
/* What was noted last becomes the run's checkpoint, with the weights and the optimizer's state as
 * they are; with `best` the weights are also the best ones. */
ore_status train_checkpoint_save(train_run *run, bool best);
/* Takes the run to its last checkpoint; to the start where it has none yet. */
ore_status train_checkpoint_load(train_run *run);

/* ---- words (train_report.c) ---- */

void train_print_start(const train_run *run, int64_t steps);
void train_print_evaluation(train_run *run, const ore_fit_report *report);
void train_print_end(train_run *run, const ore_fit_result *result);
void train_print_seconds(const ore_fit_seconds *seconds);
/* A sample of what the model writes now. False if it was interrupted. */
bool train_print_sample(train_run *run);
/* Draws the loss curve and, at the last, the diagnostics. A picture that cannot be drawn is a line
 * that says why, and no error: the run is worth what its checkpoints are. */
void train_draw(train_run *run, bool last);

#endif
