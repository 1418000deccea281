/* sweep.h: a sweep: its trials, how far each is, and the files of its folder:
 *   sweep.json     what is varied, the config that all runs share, and every result
 *   sweep.tsv      the results as a table, the best first
 *   sweep.svg/png  losses over the values
 *   NAME/          a run of `ore train`; NAME is its values, as "lr=0.1,n_hidden=200"
 *   logs/NAME.txt  what it said */
#ifndef ORE_TOOL_SWEEP_H
#define ORE_TOOL_SWEEP_H

#include <ore/train.h>

#include "run/rundir.h"
#include "sweep/sweep_space.h"

typedef enum sweep_state {
    SWEEP_WAITING,  /* not at its end; there may be a run to go on with */
    SWEEP_DONE,     /* trained and evaluated */
    SWEEP_DIVERGED, /* its loss stopped being a number, as it would again */
    SWEEP_FAILED,   /* for another reason; tried again by the next sweep */
} sweep_state;

typedef struct sweep_result {
    sweep_trial trial;
    sweep_state state;
    double seconds;    /* of training, all attempts together */
    double val_loss;   /* over the whole validation split, with the best weights */
    double train_loss; /* the estimate when these weights were found */
    int64_t best_step, steps, parameters;
    char message[256]; /* why it failed */
} sweep_result;

typedef struct sweep {
    char dir[RUNDIR_PATH_BYTES];
    train_options base; /* what all trials share, unresolved; its defaults where an axis varies */
    sweep_space space;
    const arguments *words; /* of the command line, for `ore train`: model and flags */
    int64_t jobs;
    sweep_result *results; /* (count); those of this command's trials first */
    int count, asked_count;
    char test_name[SWEEP_NAME_BYTES]; /* the run that the test split was used for, or "" */
    ore_evaluation test;
} sweep;

/* "DIR/NAME" of a result's run into path. */
ore_status sweep_run_path(const sweep *s, const sweep_result *r, char *path);
/* The result of lowest validation loss; NULL if none is done. */
const sweep_result *sweep_best(const sweep *s);

/* ---- running (sweep_run.c) ---- */

/* The options of one trial, resolved. Needs train_options_free, also after a failure. */
ore_status sweep_trial_options(const sweep *s, const sweep_trial *trial, train_options *t);
/* Reads each text of the trials once, so that the cache of tokens has it for all of them. The
 * results of one sweep are of the same data: ORE_DATA where that of a run that stands there has
 * changed since. */
ore_status sweep_prepare_data(const sweep *s);
/* Trains every trial that is not done, evaluates it and keeps its result. Ends early, without an
 * error, after an interrupt, whose runs can be gone on with. */
ore_status sweep_run_all(sweep *s);
/* ORE_DATA if some of this command's runs failed, with the first one's reason. */
ore_status sweep_failures(const sweep *s);
/* Evaluates the best run on the test split, once for the whole sweep. */
ore_status sweep_test_best(sweep *s);

/* ---- results (sweep_results.c) ---- */

/* Reads DIR/sweep.json, if there is one, into the results of the same runs; those of other runs
 * are added. ORE_DATA if that sweep varies other keys or shares another config. */
ore_status sweep_results_read(sweep *s);
/* Writes sweep.json and sweep.tsv. */
ore_status sweep_results_write(const sweep *s);
/* The results in order of their losses, and the best one's name. */
void sweep_results_print(const sweep *s);

/* ---- picture (sweep_draw.c) ---- */

/* DIR/sweep.svg and .png: a panel for each number that varies. ORE_UNSUPPORTED without gnuplot;
 * nothing where fewer than two runs are done. */
ore_status sweep_draw(const sweep *s);

#endif
