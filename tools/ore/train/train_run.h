/* train_run.h: a run of `ore train`: its parts, its checkpoints, and what it prints. */
#ifndef ORE_TOOL_TRAIN_RUN_H
#define ORE_TOOL_TRAIN_RUN_H

#include <ore/run.h>

#include "open/data_places.h"
#include "open/run_state.h"
#include "train/diagnostics.h"
#include "train/train_debug.h"
#include "cli/progress.h"

typedef struct train_run {
    train_options *options;
    const train_config *config;
    const char *dir;
    data_places places;
    train_data data;
    model model;
    ore_generator *generator; /* of the first weights, then of dropout */
    ore_optimizer *optimizer;
    ore_schedule schedule;
    ore_generator *batch_generator, *evaluation_generator;
    ore_loader *loader, *evaluation_loaders[ORE_PART_COUNT];
    ore_run *run;    /* NULL until it is opened */
    run_state state; /* the command's members of the next checkpoint's state.json */
    double drawn_s;  /* monotonic seconds of the last loss curve; 0: none yet */
    bool told_interrupt;
    progress progress;
    diagnostics diagnostics;
    train_debug debug;
} train_run;

/* Trains as the resolved options say, in `dir`, which must have passed rundir_check. Returns the
 * exit status. */
int train_run_whole(train_options *asked, const char *dir);

/* ---- the library's run (train_checkpoint.c) ---- */

/* Opens run->run, which sets the parts to the last checkpoint, if there is one. */
ore_status train_checkpoint_open(train_run *run);

/* ---- output (train_report.c) ---- */

void train_print_start(const train_run *run, int64_t steps);
void train_print_evaluation(train_run *run, const ore_fit_report *report);
void train_print_end(train_run *run, const ore_fit_result *result);
void train_print_seconds(const ore_fit_seconds *seconds);
/* Prints a sample of the model's answers. False if it was interrupted. */
bool train_print_sample(train_run *run);
/* Draws the loss curve, and, if this is the last time, the diagnostics. If a picture cannot be
 * drawn, a line says why; that is no error, since the checkpoints are what matters. */
void train_draw(train_run *run, bool last);

/* The functions that the library calls during training; user is the train_run. */
bool train_on_report(void *user, const ore_fit_report *report);
void train_on_backward(void *user, ore_fit_reduction *reduction);
void train_on_batch(void *user, int64_t batches);
void train_on_saved(void *user, int64_t step);
void train_on_note(void *user, const char *text);

#endif
