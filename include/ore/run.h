/* run.h: a run in a folder: training that can be stopped or killed at any moment, and goes on from
 * its last checkpoint to the same bits as if it had never stopped.
 *
 *     ore_run_options o = ore_run_defaults();
 *     o.fit.module = &net.module;         and what else ore_fit takes
 *     ore_run *run = ore_run_open("runs/mine", &o);
 *     ore_run_fit(run, &result);          from the last checkpoint on, or from the start
 *     ore_run_close(run);
 *
 * The folder holds a checkpoint (io.h): model.safetensors, optimizer.safetensors, state.json and,
 * once something was validated on, best.safetensors, and with save_dtype master.safetensors; and
 * beside it metrics.jsonl, which grows with the checkpoints. A program may keep files of its own
 * there. */
#ifndef ORE_RUN_H
#define ORE_RUN_H

#include <ore/io.h>
#include <ore/train.h>

ORE_BEGIN_DECLS

/* ---- random streams ---- */

/* The streams of random numbers that one seed gives rise to. */
typedef enum ore_stream {
    ORE_STREAM_WEIGHTS, /* the seed itself, as torch.manual_seed(seed) would give */
    ORE_STREAM_BATCHES,
    ORE_STREAM_DROPOUT,
    ORE_STREAM_EVALUATION, /* one for each part and step */
    ORE_STREAM_SAMPLE,
    ORE_STREAM_COUNT, /* a program's own streams go on from here */
} ore_stream;

/* The seed of a stream, and of a part and step where it has several (else 0). Seeds that are
 * neighbours give streams that have nothing in common. */
ORE_API uint64_t ore_stream_seed(uint64_t seed, int stream, int64_t part, int64_t step);

/* ---- a run ---- */

typedef struct ore_run ore_run;

/* A generator whose state is part of a checkpoint, such as the one that dropout draws from; `name`
 * is its key in state.json, which nothing else there has: a checkpoint is ORE_INVALID otherwise.
 * The loader's is saved with the loader. */
typedef struct ore_run_generator {
    const char *name;
    ore_generator *generator;
} ore_run_generator;

/* Adds members to the object of state.json, such as what tells the run's data from others. */
typedef ore_status (*ore_run_write_state)(void *user, ore_json *state);
/* Reads them back, and fails where the run cannot go on with them; `path` names the file. */
typedef ore_status (*ore_run_read_state)(void *user, ore_json *state, const char *path);

typedef struct ore_run_options {
    /* As for ore_fit; module is needed. Its report function is called after the run has noted the
     * step; returning false saves a checkpoint and ends. */
    ore_fit_options fit;
    const ore_run_generator *generators;
    int64_t generator_count;
    /* Instead of fit.evaluate: the mean loss over evaluation_batches batches of each of these (0: a
     * whole pass); NULL: that loss is not known. Where they draw, it is from evaluation_generator,
     * which ORE_STREAM_EVALUATION of `seed` seeds anew each time. */
    ore_loader *evaluate_train, *evaluate_val;
    int64_t evaluation_batches;
    ore_generator *evaluation_generator;
    uint64_t seed;
    /* A checkpoint is made after the steps that checkpoint_interval divides (0: eval_interval),
     * with the first evaluation and each with a lower validation loss, once checkpoint_s seconds
     * (600) have passed since the last, and at the end. */
    int64_t checkpoint_interval;
    double checkpoint_s;
    /* ORE_FLOAT32: model.safetensors has the weights as they are. Or the half type that it and
     * best.safetensors have them in, for whoever reads them; then master.safetensors has them as
     * they are, and the run goes on from there. */
    ore_dtype save_dtype;
    ore_run_write_state write_state; /* NULL: none */
    ore_run_read_state read_state;
    /* For people; NULL: none. After each checkpoint. */
    void (*saved)(void *user, int64_t step);
    /* Before the first batch of an evaluation and after each: how many are done. */
    void (*evaluating)(void *user, int64_t batches);
    /* What went wrong beside the error that ends the run. */
    void (*note)(void *user, const char *text);
    /* fit.user is for these functions, too. */
} ore_run_options;
ORE_API ore_run_options ore_run_defaults(void);

/* Opens the run in a folder, which is made if it is missing and locked until ore_run_close: takes
 * module, optimizer, loader and generators to its last checkpoint, and leaves them as they are
 * where there is none. The options are copied; what they point to must outlive the run. NULL on
 * failure. ORE_STATE: another process is training there, or this one has the run open. ORE_DATA,
 * naming the file: the checkpoint is damaged or of another model, optimizer or loader. */
ORE_API ore_run *ore_run_open(const char *folder, const ore_run_options *options);
/* NULL is allowed. Saves nothing. */
ORE_API void ore_run_close(ore_run *run);
/* Where it stands: after ore_run_open at its checkpoint, later at the last report. */
ORE_API const ore_fit_state *ore_run_state(const ore_run *run);
/* The step of its last checkpoint; -1 where it has none. */
ORE_API int64_t ore_run_saved_step(const ore_run *run);

/* Trains to the end as ore_fit does, *result being of this call, and leaves a checkpoint of the
 * last step; does nothing where ore_fit_is_over. An error ends the run with a checkpoint of the
 * last whole step, as far as it lets one be made: a resumed run begins with what failed.
 * metrics.jsonl is first cut to what belongs to the checkpoint. */
ORE_API ore_status ore_run_fit(ore_run *run, ore_fit_result *result);

/* Where the run of a state.json stands; `path` names the file in messages. ORE_DATA for what is no
 * such object. */
ORE_API ore_status ore_run_read_place(ore_json *state, const char *path, ore_fit_state *place);

/* Keeps other processes from training in a folder until it is unlocked as often as it was locked,
 * or this process ends. ORE_STATE: another process has it; ORE_IO: it cannot be written. */
ORE_API ore_status ore_run_lock(const char *folder);
ORE_API void ore_run_unlock(const char *folder);

/* ---- metrics.jsonl ---- */

/* A line for each step, {"step": 3, "loss": .., "lr": .., "grad_norm": ..}, and for each
 * evaluation, {"step": 3, "train_loss": .., "val_loss": ..}; null stands for what is not finite or
 * not known. A run of more than 10000 steps leaves out lines of steps evenly. Nothing in it depends
 * on time, so that a run stopped and resumed ends with the same bytes. */

typedef struct ore_curve {
    double *x, *y; /* (count): steps and losses */
    int64_t count, capacity;
} ore_curve;

typedef struct ore_metrics_curves {
    ore_curve loss, train, val; /* of single steps; of evaluations */
} ore_metrics_curves;

/* Reads such a file; needs ore_metrics_curves_free, also after a failure. */
ORE_API ore_status ore_metrics_read(const char *path, ore_metrics_curves *curves);
ORE_API void ore_metrics_curves_free(ore_metrics_curves *curves);

ORE_END_DECLS

#endif
