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
#include <ore/grad_scaler.h>

ORE_BEGIN_DECLS

/* The model's output for a batch's x; NULL in the options means ore_module_forward(module, x). This
 * function and the next return new handles; the output is released once the loss is computed. */
typedef ore_tensor *(*ore_forward_function)(void *user, ore_tensor *x);
/* The same of a whole batch, for models that read more of it than x: the lengths of its rows, or y,
 * as a decoder reads the tokens before the one that it predicts. */
typedef ore_tensor *(*ore_forward_batch_function)(void *user, const ore_batch *batch);
/* The 0-d mean loss of an output and its targets; NULL in the options means cross entropy over the
 * last dim, with ORE_IGNORE_INDEX left out. */
typedef ore_tensor *(*ore_loss_function)(void *user, ore_tensor *output, ore_tensor *target);
/* What an evaluation measures of a batch's output beside its loss, such as how many targets are the
 * likeliest class: adds one number for each measure, a sum over the batch's targets, to sums. */
enum { ORE_MEASURES_MAX = 4 };
typedef void (*ore_measure_function)(void *user, ore_tensor *output, const ore_batch *batch,
                                     double *sums);
/* The mean loss over a split, or over a part of it. It is called in eval mode, without recording,
 * in a scope of its own. If it draws random numbers, they must come from a generator of its own
 * that it seeds from `step`: then evaluations do not change the training, and a resumed run gets
 * the same losses. NaN with an error pending means failure; NaN without an error means that there
 * is no such split, and neither the best loss nor the stopping rule takes notice. */
typedef double (*ore_evaluate_function)(void *user, ore_part part, int64_t step);

/* Where a run stands. A caller that resumes saves it and hands it back. */
typedef struct ore_fit_state {
    int64_t step;           /* steps done */
    double best_val;        /* lowest validation loss so far; infinity before the first */
    int64_t best_step;      /* where; -1 before the first */
    int64_t bad_evals;      /* evaluations since without a lower one */
    double min_train;       /* lowest estimated train loss so far; infinity before the first */
    int64_t converged_step; /* first step whose estimate was within 1% of min_train; -1: none */
    int64_t tokens;         /* targets trained on */
    bool unevaluated;       /* this step's evaluation failed: ore_fit makes it first */
    /* of float16 alone: by which losses are multiplied (0 before the first step), the steps without
     * an overflow since it last changed, and those whose gradients overflowed, which changed no
     * weight */
    double loss_scale;
    int64_t loss_scale_steps, skipped_steps;
} ore_fit_state;
ORE_API ore_fit_state ore_fit_state_start(void);

/* Wall time spent so far in this call, by phase. */
typedef struct ore_fit_seconds {
    double data, forward, loss, backward, optimizer, evaluation, total;
} ore_fit_seconds;

typedef struct ore_watch ore_watch; /* diagnostics, below */

/* What happened at a step, for progress, logs and checkpoints. */
typedef struct ore_fit_report {
    const ore_fit_state *state; /* after the step */
    int64_t steps;              /* the schedule's length */
    double loss;                /* of this step's batches, penalties not counted */
    double lr;                  /* of group 0 */
    double grad_norm;           /* before clipping by norm; NaN without it */
    bool evaluated;             /* the fields below are this step's */
    double train_loss, val_loss;
    bool best;             /* val_loss is the lowest so far */
    double change_percent; /* (train_loss - m) / m 100, m the lowest of the evaluations
                              before; NaN at the first */
    bool converged;        /* |change_percent| <= 1 */
    const ore_fit_seconds *seconds;
} ore_fit_report;
/* Called after every step, and once before the first with step 0 when that is evaluated (there
 * is no step's loss then: loss and grad_norm are NaN, and lr is what the first step will use).
 * After a step whose evaluation failed, evaluated is false and state->unevaluated true; the error,
 * set aside for this call, then ends the run. A state that is unevaluated is first evaluated and
 * reported, without a step's loss. Gradients are none again. Returns false to end the run. An error
 * it leaves pending ends the run too. */
typedef bool (*ore_report_function)(void *user, const ore_fit_report *report);

/* What the ranks of one run, each of which calls ore_fit with its share of the batches
 * (ore_loader_share), tell each other in a step. */
typedef struct ore_fit_reduction {
    int64_t step;                  /* being made, counted from 1 */
    ore_tensor *const *parameters; /* (count): the optimizer's, whose gradients are ore_grad */
    int64_t count;
    double loss; /* this rank's part; to be made the sum of all ranks' */
} ore_fit_reduction;
/* Called between backward and update. Each rank's losses are weighed by its targets over those of
 * all ranks (ore_batch's global_tokens), so the sum over the ranks of a gradient is that of the
 * mean over all targets: it takes the place of each rank's own (in ore_grad's memory, or by
 * ore_set_grad), as the sum of the losses does. No gradient (NULL) counts as zeros: a rank whose
 * share has no target has none. Penalties and clipping come after, from the sums. An error that it
 * leaves pending ends the run as any other in a step: weights, optimizer and state are those of the
 * step before. A rank whose step fails earlier does not call it: whatever carries the sums has to
 * tell the others. */
typedef void (*ore_reduce_function)(void *user, ore_fit_reduction *reduction);

typedef struct ore_fit_options {
    ore_module *module;           /* switched between train and eval; NULL only with a forward */
    ore_forward_function forward; /* NULL: the module's */
    ore_forward_batch_function forward_batch; /* NULL; or called in the place of forward */
    ore_loss_function loss;                   /* NULL: cross entropy */
    ore_loader *loader;                       /* needed; passes begin again as they end */
    ore_optimizer *optimizer;                 /* needed */
    const ore_schedule *schedule; /* of step 0, 1 ..; NULL: the optimizer's rates stay */
    int64_t steps;                /* needed: the run ends when state.step reaches it */
    int64_t stop_at;              /* or this; 0: no earlier end */
    int64_t accumulate;           /* 1: batches whose gradients make a step. Each counts by its
                                     targets, so that the sum is the gradient of one large batch */
    ore_dtype autocast;        /* ORE_FLOAT32; or the half type in which forward and loss compute,
                                  as autocast.h says, evaluations included. With float16 losses are
                                  scaled by an ore_grad_scaler, whose state is in ore_fit_state */
    double l1, l2; /* 0: loss += l1 sum |w| + l2 sum w^2 over the optimizer's parameters */
    double clip_value, clip_norm;   /* 0: none; by value comes first */
    ore_evaluate_function evaluate; /* NULL: no evaluation */
    int64_t eval_interval;          /* at steps that it divides, 0 among them, and at `steps`;
                                       0: at `steps` only. An earlier end is not evaluated, so that
                                       a run stopped and resumed does not differ */
    int64_t patience;           /* ends after so many evaluations without a lower validation loss;
                                   0: never */
    bool stop_when_converged;   /* ends at the first evaluation that finds it converged */
    ore_report_function report; /* NULL: none */
    ore_watch *watch;           /* NULL: none; or records the first step of the call, those that its
                                   interval divides, and `steps` */
    ore_reduce_function reduce; /* NULL: this process is alone */
    ore_grad_hook ready;        /* NULL: none. With reduce: called for each leaf whose part of the
                                   step's gradient is complete, while the step's last backward goes
                                   on, so that its sum over the ranks can begin; reduce waits for
                                   it. Not called for a leaf without a gradient */
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

/* The stopping rule: whether a run that stands at `state` has come to its end, by `steps`, by
 * patience, by convergence, or by stop_at; *end (NULL: not told) says which. A state whose
 * evaluation is still to be made has not. Reads these options and `evaluate` alone, and raises
 * nothing. */
ORE_API bool ore_fit_is_over(const ore_fit_options *options, const ore_fit_state *state,
                             ore_fit_end *end);

typedef struct ore_fit_result {
    ore_fit_end end;
    ore_fit_state state;
    ore_fit_seconds seconds;
    double *losses; /* of each step of this call */
    int64_t loss_count;
} ore_fit_result;
ORE_API void ore_fit_result_free(ore_fit_result *result);

/* Trains from *state (NULL: from the start) and fills *result even when it fails; the state is
 * then that of the last whole step. A loss, or a norm to clip by, that is not finite is ORE_DATA
 * ("fit: loss is nan at step 17: ..."), raised before the optimizer steps: weights and optimizer
 * are those of step 16. Other errors: ORE_INVALID for options out of range, ORE_DATA for a loader
 * without batches, and whatever the functions leave pending. Gradients are set to none before,
 * after, and between steps; the module comes back in the mode (train or eval) its root had.
 * Beside the state, an exact resume needs what the caller holds: parameters, the optimizer's
 * state, the loader's, and that of the generators in use. */
ORE_API ore_status ore_fit(const ore_fit_options *options, const ore_fit_state *state,
                           ore_fit_result *result);

/* ---- evaluation ---- */

typedef struct ore_evaluation {
    double loss;                       /* mean over the targets, in nats */
    double perplexity;                 /* exp(loss) */
    double bits_per_byte;              /* loss tokens / (ln 2 bytes); NaN where bytes is 0 */
    int64_t tokens;                    /* targets */
    int64_t bytes;                     /* of text that they stand for */
    double measures[ORE_MEASURES_MAX]; /* the sums of a measure function over the targets */
} ore_evaluation;

/* The loss over a loader's batches, each counting by its targets: all of one pass (max_batches 0),
 * or at most max_batches, as for estimates over random ones. The loader starts at the beginning of
 * a pass and is left there; random ones go on drawing. The module is in eval mode meanwhile and
 * nothing is recorded. module, forward, loss and user are as in ore_fit_options. ORE_INVALID: no
 * limit and a loader without end. ORE_DATA: no target, or a loss that is not finite. On failure
 * *out holds NaN. */
ORE_API ore_status ore_evaluate_loader(ore_module *module, ore_forward_function forward,
                                       ore_loss_function loss, void *user, ore_loader *loader,
                                       int64_t max_batches, ore_evaluation *out);
/* The same with all of a fit's options that say what a batch's loss is (module, forward,
 * forward_batch, loss, user; the others are not read), and with what else is measured (NULL:
 * nothing). */
ORE_API ore_status ore_evaluate_fit(const ore_fit_options *options, ore_measure_function measure,
                                    ore_loader *loader, int64_t max_batches, ore_evaluation *out);

/* ---- diagnostics ---- */

/* Whether layers saturate or die, and whether parameters move at a good pace: distributions of
 * activations and gradients, and the size of updates against that of the data they change (about
 * 1e-3 is healthy). Recording reads and never changes: losses stay the same bit for bit. */

enum { ORE_DISTRIBUTION_BINS = 100 };

typedef struct ore_distribution {
    int64_t count;    /* finite values; 0: none, and then every double here is NaN or 0 */
    double mean, std; /* std by n - 1 */
    double low, high; /* min and max */
    double zeros;     /* share of values that are 0: dead or dropped units */
    double saturated; /* share of values with |v| > 0.97: the flat ends of a tanh */
    double middle[ORE_DISTRIBUTION_BINS];  /* of bins of equal width from low to high */
    double density[ORE_DISTRIBUTION_BINS]; /* times the width of a bin they sum to 1 */
} ore_distribution;
/* Of all the values of a floating tensor; the others count for nothing. */
ORE_API ore_status ore_distribution_of(ore_tensor *t, ore_distribution *out);

/* A module of the tree whose output passes ore_module_result. */
typedef struct ore_watched_layer {
    const ore_module *module;
    char *path;
    ore_distribution activations; /* of the last recorded step's last batch */
} ore_watched_layer;

typedef struct ore_watched_parameter {
    ore_tensor *tensor; /* the module's */
    char *name;
    ore_distribution gradient;   /* of the last recorded step, as the optimizer got it */
    double gradient_to_data;     /* std(gradient) / std(data), then */
    double *log_ratios;          /* (record_count): log10(std(update) / std(data)), data being
                                    the new values; NaN where that is no number */
    int64_t log_ratios_capacity; /* the rest is the watch's own */
    ore_tensor *before;
} ore_watched_parameter;

/* To be read; changed only by the functions below. */
struct ore_watch {
    const ore_module *module;
    int64_t interval;
    ore_watched_layer *layers; /* (layer_count), in the order of their first outputs */
    int64_t layer_count, layer_capacity;
    ore_watched_parameter *parameters; /* (parameter_count): those that required a gradient */
    int64_t parameter_count;
    int64_t *steps; /* (record_count): the recorded ones, counted from 1 */
    int64_t record_count, step_capacity;
    int64_t step; /* under way; 0: none */
};

/* Watches a module, which must outlive the watch. interval < 1 is ORE_INVALID. */
ORE_API ore_watch *ore_watch_new(const ore_module *module, int64_t interval);
ORE_API void ore_watch_free(ore_watch *watch); /* NULL is allowed */
/* For loops written by hand, around a step to record: begin before forward, gradients between
 * backward and the optimizer's step, end after it. End also ends a step that failed, which then is
 * not recorded. */
ORE_API ore_status ore_watch_begin(ore_watch *watch, int64_t step);
ORE_API ore_status ore_watch_gradients(ore_watch *watch);
ORE_API ore_status ore_watch_end(ore_watch *watch);

ORE_END_DECLS

#endif
