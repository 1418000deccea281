/* fit.h: what the files of the trainer share. */
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
    ore_dtype autocast;
} ore_objective;

ore_objective ore_objective_of(const ore_fit_options *options);
/* The loader's next batch, moved to the objective's device; its x is NULL at the end of a pass. */
ore_batch ore_objective_next(const ore_objective *objective, ore_loader *loader);
/* Computes the loss of a batch, 0-d, a handle of the innermost scope; the handles that the forward
 * pass made are released. The times that forward and loss took are added to *seconds. */
ore_tensor *ore_objective_loss(const ore_objective *objective, const ore_batch *batch,
                               ore_fit_seconds *seconds);

/* Adds the seconds since *from to *sum, and sets *from to now. */
void ore_lap(double *sum, double *from);

/* ---- evaluation (evaluate.c) ---- */

/* Called before the first batch of an evaluation and after each one, with the number of batches
 * done. */
typedef void (*ore_evaluation_observer)(void *user, int64_t batches);

/* ore_evaluate_loader with an observer (NULL: none). */
ore_status ore_evaluate_batches(const ore_objective *objective, ore_loader *loader,
                                int64_t max_batches, ore_evaluation_observer observer, void *user,
                                ore_evaluation *out);

/* ---- a run of steps (fit.c) ---- */

/* Functions that replace those of the same names in the options, with a `user` of their own. */
typedef struct ore_fit_hooks {
    void *user;
    ore_evaluate_function evaluate;
    ore_report_function report;
} ore_fit_hooks;
/* ore_fit with such functions (NULL: none). */
ore_status ore_fit_hooked(const ore_fit_options *options, const ore_fit_hooks *hooks,
                          const ore_fit_state *state, ore_fit_result *result);

/* ---- a step (step.c) ---- */

/* The state of a call of ore_fit. */
typedef struct ore_fit_run {
    const ore_fit_options *options;
    const ore_fit_hooks *hooks;
    ore_fit_result *result; /* its state is where the training is; its seconds are summed up */
    ore_objective objective;
    ore_batch *batches;   /* (accumulate) the batches of the current step */
    ore_tensor **losses;  /* (accumulate) their losses, 0-d; NULL for a batch without targets */
    ore_tensor **trained; /* (trained_count) the optimizer's parameters */
    int64_t trained_count;
    ore_grad_scaler scaler; /* of scale 1 unless gradients are float16 */
    double started; /* ore_clock_s() */
} ore_fit_run;

/* Makes one step: sets its loss in the result and advances the state. *grad_norm becomes the norm
 * of the gradients where they are clipped by it. On failure neither weights nor state have
 * changed. */
ore_status ore_fit_step(ore_fit_run *run, double *grad_norm);
/* Removes the gradients of all parameters. Works while an error is pending, too. */
void ore_fit_clear_gradients(ore_fit_run *run);

#endif
