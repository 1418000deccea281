/* train.h: the trainer: steps, accumulation, clipping, evaluation, early stopping.
 *
 *     ore_fit_options o = ore_fit_defaults();
 *     o.module = &net.module;            its forward gives logits; the loss is cross entropy
 *     o.loader = loader;
 *     o.optimizer = optimizer;
 *     o.steps = 1000;
 *     ore_fit_result r;
 *     ore_fit(&o, NULL, &r);             r.losses[0 .. r.loss_count - 1]
 *     ore_fit_result_free(&r);
 */
#ifndef ORE_TRAIN_H
#define ORE_TRAIN_H

#include <ore/data.h>
#include <ore/optim.h>

ORE_BEGIN_DECLS

/* Model output of a batch's x; NULL in the options means ore_module_forward(module, x). */
typedef ore_tensor *(*ore_forward_function)(void *user, ore_tensor *x);
/* The 0-d mean loss of an output and its targets; NULL in the options means cross entropy over the
 * last dim, with ORE_IGNORE_INDEX left out. */
typedef ore_tensor *(*ore_loss_function)(void *user, ore_tensor *output, ore_tensor *target);
/* Mean loss over (part of) a split, without recording; `step` seeds whatever it draws, so that a
 * resumed run evaluates alike. NaN with an error pending on failure. */
typedef double (*ore_evaluate_function)(void *user, ore_part part, int64_t step);

/* Where a run stands. A caller that resumes saves it and hands it back. */
typedef struct ore_fit_state {
    int64_t step;           /* steps done */
    double best_val;        /* least validation loss so far; infinity before the first */
    int64_t best_step;      /* where; -1 before the first */
    int64_t bad_evals;      /* evaluations since without a lower one */
    double least_train;     /* least estimated train loss so far; infinity before the first */
    int64_t converged_step; /* first step whose estimate was within 1% of the least; -1: none */
    int64_t tokens;         /* targets trained on */
} ore_fit_state;
ORE_API ore_fit_state ore_fit_state_start(void);

/* Wall time spent so far in this call, by phase. */
typedef struct ore_fit_seconds {
    double data, forward, loss, backward, optimizer, evaluation, total;
} ore_fit_seconds;

/* What happened at a step, for progress, logs and checkpoints. */
typedef struct ore_fit_report {
    const ore_fit_state *state; /* after the step */
    int64_t steps;              /* the schedule's length */
    double loss;                /* of this step's batches, penalties not counted */
    double lr;                  /* of group 0 */
    double grad_norm;           /* before clipping; NaN where nothing was clipped by norm */
    bool evaluated;             /* the fields below are this step's */
    double train_loss, val_loss;
    bool best;             /* val_loss is the least so far */
    double change_percent; /* of train_loss against the least so far; NaN at the first */
    bool converged;        /* |change_percent| <= 1 */
    const ore_fit_seconds *seconds;
} ore_fit_report;
/* Called after every step, and once before the first with step 0 when that is evaluated. Returns
 * false to end the run. Errors it leaves pending end the run too. */
typedef bool (*ore_report_function)(void *user, const ore_fit_report *report);

typedef struct ore_fit_options {
    ore_module *module;           /* switched between train and eval; needed */
    ore_forward_function forward; /* NULL: the module's */
    ore_loss_function loss;       /* NULL: cross entropy */
    ore_loader *loader;           /* needed; passes begin again as they end */
    ore_optimizer *optimizer;     /* needed */
    const ore_schedule *schedule; /* NULL: the optimizer's rates stay */
    int64_t steps;                /* needed: the run ends when state.step reaches it */
    int64_t stop_at;              /* or this; 0: no earlier end */
    int64_t accumulate; /* 1: batches whose gradients make a step. Each batch counts by its
                                     targets, so that the sum is the gradient of one large batch */
    double l1, l2;      /* 0: loss += l1 sum |w| + l2 sum w^2 over trained parameters */
    double clip_norm, clip_value;   /* 0: none */
    ore_evaluate_function evaluate; /* NULL: no evaluation */
    int64_t eval_interval; /* at steps that it divides, and at the last; 0: the last only */
    int64_t patience;      /* 0: no early stopping */
    bool stop_when_converged;
    ore_report_function report; /* NULL: none */
    void *user;                 /* for all of these functions */
} ore_fit_options;
ORE_API ore_fit_options ore_fit_defaults(void);

typedef enum ore_fit_end {
    ORE_FIT_DONE,      /* steps reached */
    ORE_FIT_STOPPED,   /* stop_at, or report returned false */
    ORE_FIT_PATIENCE,  /* no lower validation loss for too long */
    ORE_FIT_CONVERGED, /* the train loss stands still */
    ORE_FIT_FAILED,    /* an error is pending */
} ore_fit_end;

typedef struct ore_fit_result {
    ore_fit_end end;
    ore_fit_state state;
    ore_fit_seconds seconds;
    double *losses; /* of each step of this call */
    int64_t loss_count;
} ore_fit_result;
ORE_API void ore_fit_result_free(ore_fit_result *result);

/* Trains from *state (NULL: from the start) and fills *result even when it fails. A loss that is
 * not finite is ORE_DATA ("fit: loss is nan at step 17: ..."), raised before the optimizer
 * steps. */
ORE_API ore_status ore_fit(const ore_fit_options *options, const ore_fit_state *state,
                           ore_fit_result *result);

ORE_END_DECLS

#endif
