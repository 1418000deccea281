/* sweep.h: a sweep: its trials, the state of each, and the files of its folder:
 *   sweep.json     the keys that vary, the config that all runs share, and every result
 *   sweep.tsv      the results as a table, the best first
 *   sweep.svg/png  the losses over the values that vary
 *   NAME/          a run of `ore train`; NAME is its values, as "lr=0.1,n_hidden=200"
 *   logs/NAME.txt  what that run printed */
#ifndef ORE_TOOL_SWEEP_H
#define ORE_TOOL_SWEEP_H

#include <ore/train.h>

#include "run/rundir.h"
#include "sweep/sweep_space.h"

typedef enum sweep_state {
    SWEEP_WAITING,  /* not finished; there may be a run to resume */
    SWEEP_DONE,     /* trained and evaluated */
    SWEEP_DIVERGED, /* its loss became NaN or infinite, and would again: it is not repeated */
    SWEEP_FAILED,   /* failed for another reason; the next sweep tries it again */
} sweep_state;

typedef struct sweep_result {
    sweep_trial trial;
    sweep_state state;
    double seconds;    /* of training, in all attempts together */
    double val_loss;   /* over the whole validation split, with the best weights */
    double train_loss; /* estimated by the run when it saved these weights */
    int64_t best_step, steps, parameters;
    char message[256]; /* why it failed */
} sweep_result;

typedef struct sweep {
    char dir[RUNDIR_PATH_BYTES];
    train_options base; /* the options that all trials share, unresolved; defaults for the axes */
    sweep_space space;
    const arguments *words; /* the model and the flags to pass to `ore train` */
    int64_t jobs;
    sweep_result *results; /* (count) those of this command's trials, then those of earlier ones */
    int count, asked_count;
    char test_name[SWEEP_NAME_BYTES]; /* the run that the test split was used for, or "" */
    ore_evaluation test;
} sweep;

/* Writes the folder of a result's run, "DIR/NAME", to path. */
ore_status sweep_run_path(const sweep *s, const sweep_result *r, char *path);
/* The result with the lowest validation loss; NULL if no run is done. */
const sweep_result *sweep_best(const sweep *s);

/* ---- running (sweep_run.c) ---- */

/* The resolved options of one trial. To be released with train_options_free, also after a
 * failure. */
ore_status sweep_trial_options(const sweep *s, const sweep_trial *trial, train_options *t);
/* Opens the texts of the trials once, so that their tokens are in the cache before several runs
 * want them. All results of a sweep must be of the same data: ORE_DATA where the data of a run that
 * is there already has changed. */
ore_status sweep_prepare_data(const sweep *s);
/* Trains every trial that is not done, evaluates it and keeps its result. An interrupt ends this
 * early and without an error; the same command resumes the runs. */
ore_status sweep_run_all(sweep *s);
/* ORE_DATA, with the reason of the first one, if some of this command's runs have failed. */
ore_status sweep_failures(const sweep *s);
/* Evaluates the best run on the test split, once for the whole sweep. */
ore_status sweep_test_best(sweep *s);

/* ---- results (sweep_results.c) ---- */

/* Reads DIR/sweep.json, if there is one, into the results of this command's runs, and appends the
 * results of other runs. ORE_DATA if that sweep varies other keys, or its runs share another
 * config. */
ore_status sweep_results_read(sweep *s);
/* Writes sweep.json and sweep.tsv. */
ore_status sweep_results_write(const sweep *s);
/* Prints the results in the order of their losses, and the name of the best run. */
void sweep_results_print(const sweep *s);

/* ---- picture (sweep_draw.c) ---- */

/* Draws DIR/sweep.svg and .png, a panel for each number that varies; nothing where fewer than two
 * runs are done. ORE_UNSUPPORTED without gnuplot. */
ore_status sweep_draw(const sweep *s);

#endif
