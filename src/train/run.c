/* run.c: training in a folder: opening it, evaluating, and when checkpoints are saved. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ore/ops.h>

#include "base/dtype.h"
#include "base/memory.h"
#include "train/fit.h"
#include "train/run.h"

/* ---- random streams ---- */

/* A step of splitmix64 (S. Vigna): maps numbers to numbers so that neighbours differ in about half
 * of their 64 bits. */
static uint64_t spread(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t ore_stream_seed(uint64_t seed, int stream, int64_t part, int64_t step) {
    if (stream == ORE_STREAM_WEIGHTS)
        return seed;
    return spread(spread(spread(seed + (uint64_t)stream) + (uint64_t)part) + (uint64_t)step);
}

/* ---- opening ---- */

ore_run_options ore_run_defaults(void) {
    return (ore_run_options){
        .fit = ore_fit_defaults(), .save_dtype = ORE_FLOAT32, .checkpoint_s = 600};
}

static ore_status check_count(const char *name, int64_t value) {
    if (value >= 0)
        return ORE_OK;
    return ore_fail(ORE_INVALID, "run: %s %lld, expected at least 0", name, (long long)value);
}

static ore_status check_options(const ore_run_options *o) {
    const ore_fit_options *fit = &o->fit;
    if (!fit->module || !fit->loader || !fit->optimizer)
        return ore_fail(ORE_INVALID, "run: %s is NULL",
                        !fit->module   ? "module"
                        : !fit->loader ? "loader"
                                       : "optimizer");
    check_count("generator_count", o->generator_count);
    check_count("evaluation_batches", o->evaluation_batches);
    check_count("checkpoint_interval", o->checkpoint_interval);
    if (ore_ok() && o->save_dtype != ORE_FLOAT32 && !ore_dtype_is_half(o->save_dtype))
        ore_fail(ORE_INVALID, "run: save_dtype %s, expected float32, bfloat16 or float16",
                 ore_dtype_name(o->save_dtype));
    for (int64_t i = 0; i < o->generator_count && ore_ok(); i++)
        if (!o->generators[i].name || !o->generators[i].generator)
            ore_fail(ORE_INVALID, "run: generator %lld has no %s", (long long)i,
                     o->generators[i].name ? "generator" : "name");
    return ore_error_status();
}

/* Lines about steps in metrics.jsonl, about a megabyte: longer runs write every second, third ..
 * step, since a curve does not show more than some thousand points. */
enum { STEP_LINES_MAX = 10000 };

static ore_status fill(ore_run *run, const char *folder, const ore_run_options *options) {
    size_t count = (size_t)options->generator_count;
    run->options = *options;
    run->fit = ore_fit_state_start();
    run->saved_step = -1;
    run->folder = ore_copy_text(folder);
    run->metrics.path = ore_path_join(folder, "metrics.jsonl");
    run->metrics.interval = 1 + options->fit.steps / STEP_LINES_MAX;
    run->generators = ore_alloc_zero((count + 1) * sizeof *run->generators);
    run->place.generators = ore_alloc_zero((count + 1) * sizeof *run->place.generators);
    if (ore_ok() && count > 0)
        memcpy(run->generators, options->generators, count * sizeof *run->generators);
    return ore_error_status();
}

/* Begins a checkpoint before the first step, to find out whether one can be written at all: after
 * hours of training it would be too late. */
static ore_status check_checkpoint(const ore_run *run) {
    if (run->saved_step >= 0 && !ore_fit_is_over(&run->options.fit, &run->fit, NULL))
        ore_string_free(ore_checkpoint_begin(run->folder));
    return ore_error_status();
}

ore_run *ore_run_open(const char *folder, const ore_run_options *options) {
    if (!folder || !options)
        ore_fail(ORE_INVALID, "run: %s is NULL", folder ? "options" : "folder");
    if (!ore_ok() || check_options(options) != ORE_OK)
        return NULL;
    ore_run *run = ore_alloc_zero(sizeof *run);
    if (!run)
        return NULL;
    if (fill(run, folder, options) == ORE_OK && ore_folder_make(folder) == ORE_OK) {
        run->locked = ore_run_lock(folder) == ORE_OK;
        run->claimed = run->locked && ore_run_claim(folder);
        if (run->claimed && ore_run_load(run) == ORE_OK && check_checkpoint(run) == ORE_OK)
            return run;
    }
    ore_run_close(run);
    return NULL;
}

void ore_run_close(ore_run *run) {
    if (!run)
        return;
    if (run->claimed)
        ore_run_disclaim(run->folder);
    if (run->locked)
        ore_run_unlock(run->folder);
    ore_release(run->place.generators);
    ore_release(run->generators);
    ore_release(run->metrics.path);
    ore_release(run->folder);
    ore_release(run);
}

const ore_fit_state *ore_run_state(const ore_run *run) {
    return &run->fit;
}

int64_t ore_run_saved_step(const ore_run *run) {
    return run->saved_step;
}

/* ---- evaluation ---- */

static void observe(void *user, int64_t batches) {
    const ore_run_options *o = &((ore_run *)user)->options;
    o->evaluating(o->fit.user, batches);
}

static double evaluate(void *user, ore_part part, int64_t step) {
    ore_run *run = user;
    const ore_run_options *o = &run->options;
    const ore_fit_options *fit = &o->fit;
    if (part == ORE_PART_TRAIN) /* the first part: if evaluating fails, a resumed run starts here */
        ore_run_note_streams(run);
    if (fit->evaluate)
        return fit->evaluate(fit->user, part, step);
    ore_loader *loader = part == ORE_PART_TRAIN ? o->evaluate_train : o->evaluate_val;
    ore_evaluation e;
    if (!loader)
        return NAN;
    if (o->evaluation_generator)
        ore_generator_seed(o->evaluation_generator,
                           ore_stream_seed(o->seed, ORE_STREAM_EVALUATION, part, step));
    ore_objective objective = ore_objective_of(fit);
    ore_evaluate_batches(&objective, loader, o->evaluation_batches, o->evaluating ? observe : NULL,
                         run, &e);
    return e.loss;
}

/* ---- training ---- */

static bool is_due(const ore_run *run, const ore_fit_report *r) {
    const ore_run_options *o = &run->options;
    int64_t step = r->state->step;
    int64_t interval = o->checkpoint_interval ? o->checkpoint_interval : o->fit.eval_interval;
    if (step > 0 && interval > 0 && step % interval == 0)
        return true;
    return (r->evaluated && (r->best || step == 0)) ||
           ore_clock_s() - run->saved_s > o->checkpoint_s;
}

/* Notes the place of the run between two steps, for the next checkpoint: that of the loader and of
 * the generators too. A step that fails has drawn its batch already, and a resumed run must draw
 * the same batch again. The same holds for what a failed evaluation, or the one before the first
 * step, has drawn: a resumed run repeats these. */
static void note(ore_run *run, const ore_fit_state *state) {
    bool again = state->step == 0 || state->unevaluated;
    run->fit = *state;
    run->place.fit = state->step > 0 ? *state : ore_fit_state_start();
    if (!again)
        ore_run_note_streams(run);
}

static bool report(void *user, const ore_fit_report *r) {
    ore_run *run = user;
    const ore_fit_options *fit = &run->options.fit;
    note(run, r->state);
    run->best = r->evaluated && r->best;
    ore_metrics_add(&run->metrics, r);
    bool go_on = !fit->report || fit->report(fit->user, r);
    if (r->state->unevaluated)
        return false; /* save_what_is_whole saves after an error */
    if (is_due(run, r) || !go_on) {
        ore_run_save(run, run->best);
        run->saved_s = ore_clock_s();
    }
    return go_on && ore_ok();
}

static bool weights_are_finite(const ore_module *module) {
    bool finite = true;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_tensor_list weights = ore_module_parameters(module);
    for (int64_t i = 0; finite && i < weights.count; i++) {
        ore_tensor *all = ore_all(ore_isfinite(weights.items[i].tensor), ORE_ALL, false);
        finite = all && ore_item(all) != 0;
    }
    ore_tensor_list_free(&weights);
    ore_no_grad_end();
    ore_scope_end();
    return finite;
}

/* Writes the metrics that are buffered. Where that fails, they are dropped with a note, and the run
 * goes on to its checkpoint: the weights are worth more than the lines about them. */
static void save_metrics(ore_run *run) {
    const ore_run_options *o = &run->options;
    char text[ORE_MESSAGE_BYTES + 64];
    if (ore_metrics_flush(&run->metrics) == ORE_OK)
        return;
    snprintf(text, sizeof text, "%d lines of metrics are lost: %s", ore_metrics_drop(&run->metrics),
             ore_error_message());
    ore_error_clear();
    if (o->note)
        o->note(o->fit.user, text);
}

/* After an error: saves the metrics and a checkpoint of the last complete step, as far as that is
 * possible, and keeps the error. If it came from an evaluation, the checkpoint is of the step
 * before it, and a resumed run begins with that evaluation. */
static void save_what_is_whole(ore_run *run, const ore_fit_result *result) {
    ore_error error;
    ore_error_take(&error);
    save_metrics(run);
    bool whole = run->fit.step > 0 && run->fit.step == result->state.step;
    if (whole && run->saved_step != run->fit.step && weights_are_finite(run->options.fit.module))
        ore_run_save(run, run->best);
    ore_error_clear();
    ore_error_raise(&error);
}

ore_status ore_run_fit(ore_run *run, ore_fit_result *result) {
    *result = (ore_fit_result){.end = ORE_FIT_FAILED, .state = ore_fit_state_start()};
    if (!ore_ok() || !run)
        return ore_fail(ORE_INVALID, "run: the run is NULL");
    const ore_run_options *o = &run->options;
    bool evaluates = o->fit.evaluate || o->evaluate_train || o->evaluate_val;
    const ore_fit_hooks hooks = {run, evaluates ? evaluate : NULL, report};
    result->state = run->fit;
    if (ore_metrics_cut(&run->metrics, (size_t)run->place.metrics_bytes) != ORE_OK ||
        ore_fit_is_over(&o->fit, &run->fit, &result->end))
        return ore_error_status();
    run->saved_s = ore_clock_s();
    run->place.fit = run->fit;
    ore_run_note_streams(run);
    ore_fit_hooked(&o->fit, &hooks, &run->fit, result);
    if (!ore_ok())
        save_what_is_whole(run, result);
    else if (run->saved_step != run->fit.step)
        ore_run_save(run, false);
    return ore_error_status();
}
