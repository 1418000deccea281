/* fit.h: what the parts of the trainer share. */
#ifndef ORE_TRAIN_FIT_H
#define ORE_TRAIN_FIT_H

#include <ore/train.h>

/* ---- a batch (batch.c) ---- */

/* How a batch becomes a loss; the fields are those of ore_fit_options. */
typedef struct ore_objective {
    ore_module *module;
    ore_forward_function forward;
    ore_forward_batch_function forward_batch;
    ore_loss_function loss;
    void *user;
    ore_measure_function measure; /* NULL: none. Called with each output that has targets, */
    double *sums;                 /* and this */
    ore_device device;            /* where the module's first parameter is */
} ore_objective;

ore_objective ore_objective_of(const ore_fit_options *options);
/* The loader's next batch on the objective's device; x is NULL at the end of a pass. */
ore_batch ore_objective_next(const ore_objective *objective, ore_loader *loader);
/* The 0-d loss of a batch as a handle of the innermost scope; the forward's own are let go. Times
 * are added to seconds->forward and seconds->loss. */
ore_tensor *ore_objective_loss(const ore_objective *objective, const ore_batch *batch,
                               ore_fit_seconds *seconds);

/* Adds the time since *from to *sum, and moves *from on. */
void ore_lap(double *sum, double *from);

/* ---- evaluation (evaluate.c) ---- */

/* Called before the first batch of an evaluation and after each; how many are done. */
typedef void (*ore_evaluation_observer)(void *user, int64_t batches);

/* What ore_evaluate_loader does, with an observer (NULL: none). */
ore_status ore_evaluate_batches(const ore_objective *objective, ore_loader *loader,
                                int64_t max_batches, ore_evaluation_observer observer, void *user,
                                ore_evaluation *out);

/* ---- a run of steps (fit.c) ---- */

/* Functions that stand in the place of those of the same name in the options, with a user of their
 * own. */
typedef struct ore_fit_hooks {
    void *user;
    ore_evaluate_function evaluate;
    ore_report_function report;
} ore_fit_hooks;
ore_status ore_fit_hooked(const ore_fit_options *options, const ore_fit_hooks *hooks,
                          const ore_fit_state *state, ore_fit_result *result);

/* ---- a step (step.c) ---- */

/* A call of ore_fit under way. */
typedef struct ore_fit_run {
    const ore_fit_options *options;
    const ore_fit_hooks *hooks;
    ore_fit_result *result; /* its state is the place, its seconds add up */
    ore_objective objective;
    ore_batch *batches;   /* (accumulate): the step's */
    ore_tensor **losses;  /* (accumulate): theirs, 0-d; NULL for a batch without targets */
    ore_tensor **trained; /* (trained_count): the optimizer's parameters */
    int64_t trained_count;
    double started; /* ore_clock_s() */
} ore_fit_run;

/* Makes one step, notes its loss in the result and moves the state on. *grad_norm is for the
 * report. On failure neither weights nor state have changed. */
ore_status ore_fit_step(ore_fit_run *run, double *grad_norm);
/* Sets every gradient to none, also while an error is pending. */
void ore_fit_clear_gradients(ore_fit_run *run);

#endif
