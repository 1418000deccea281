/* fit.c: the loop over the steps of a training, with evaluations, reports, and the rules that end
 * it. */
#include <math.h>

#include "base/dtype.h"
#include "base/memory.h"
#include "optim/optimizer.h"
#include "train/fit.h"

ore_fit_options ore_fit_defaults(void) {
    return (ore_fit_options){.accumulate = 1};
}

ore_fit_state ore_fit_state_start(void) {
    return (ore_fit_state){
        .best_val = INFINITY, .best_step = -1, .min_train = INFINITY, .converged_step = -1};
}

void ore_fit_result_free(ore_fit_result *result) {
    ore_release(result->losses);
    result->losses = NULL;
    result->loss_count = 0;
}

/* ---- options ---- */

static const char *missing(const ore_fit_options *o) {
    return !o->module && !o->forward && !o->forward_batch ? "module"
           : !o->loader                                   ? "loader"
           : !o->optimizer                                ? "optimizer"
                                                          : NULL;
}

static ore_status check_count(const char *name, int64_t value, int64_t min) {
    if (value >= min)
        return ORE_OK;
    return ore_fail(ORE_INVALID, "fit: %s %lld, expected at least %lld", name, (long long)value,
                    (long long)min);
}

static ore_status check_number(const char *name, double value) {
    if (value >= 0 && isfinite(value))
        return ORE_OK;
    return ore_fail(ORE_INVALID, "fit: %s %g, expected at least 0", name, value);
}

static ore_status check_options(const ore_fit_options *o, const ore_fit_hooks *hooks,
                                const ore_fit_state *state) {
    if (!ore_ok())
        return ore_error_status();
    if (missing(o))
        return ore_fail(ORE_INVALID, "fit: %s is NULL", missing(o));
    check_count("steps", o->steps, 1);
    check_count("stop_at", o->stop_at, 0);
    check_count("accumulate", o->accumulate, 1);
    check_count("eval_interval", o->eval_interval, 0);
    check_count("patience", o->patience, 0);
    check_count("the state's step", state->step, 0);
    check_number("l1", o->l1);
    check_number("l2", o->l2);
    check_number("clip_value", o->clip_value);
    check_number("clip_norm", o->clip_norm);
    check_number("the state's loss_scale", state->loss_scale);
    if (o->autocast != ORE_FLOAT32 && !ore_dtype_is_half(o->autocast))
        ore_fail(ORE_INVALID, "fit: autocast %s, expected float32, bfloat16 or float16",
                 ore_dtype_name(o->autocast));
    if (!hooks->evaluate && (o->patience > 0 || o->stop_when_converged))
        ore_fail(ORE_INVALID, "fit: %s without an evaluate function",
                 o->patience > 0 ? "patience" : "stop_when_converged");
    if (o->ready && !o->reduce)
        ore_fail(ORE_INVALID, "fit: ready without a reduce function");
    return ore_error_status();
}

/* ---- evaluation ---- */

static double evaluate_part(const ore_fit_run *run, ore_part part) {
    const ore_fit_hooks *hooks = run->hooks;
    if (!ore_ok())
        return NAN;
    ore_scope_begin();
    ore_no_grad_begin();
    double loss = hooks->evaluate(hooks->user, part, run->result->state.step);
    ore_no_grad_end();
    ore_scope_end();
    return loss;
}

/* Compares the train loss with the lowest one so far: sets the report's change, and counts towards
 * the rule that ends a training which has converged. */
static void watch_convergence(ore_fit_state *state, ore_fit_report *report) {
    double min = state->min_train, now = report->train_loss;
    if (isnan(now))
        return;
    if (isfinite(min)) {
        report->change_percent = now == min ? 0 : (now - min) / min * 100;
        report->converged = fabs(report->change_percent) <= 1;
    }
    if (report->converged && state->converged_step < 0)
        state->converged_step = state->step;
    if (now < min)
        state->min_train = now;
}

static void watch_best(ore_fit_state *state, ore_fit_report *report) {
    if (isnan(report->val_loss))
        return;
    report->best = report->val_loss < state->best_val;
    state->bad_evals = report->best ? 0 : state->bad_evals + 1;
    if (report->best) {
        state->best_val = report->val_loss;
        state->best_step = state->step;
    }
}

static void evaluate(ore_fit_run *run, ore_fit_report *report) {
    ore_module *module = run->objective.module;
    ore_fit_state *state = &run->result->state;
    double clock = ore_clock_s();
    if (module)
        ore_module_eval(module);
    report->train_loss = evaluate_part(run, ORE_PART_TRAIN);
    report->val_loss = evaluate_part(run, ORE_PART_VAL);
    if (module)
        ore_module_train(module, true);
    ore_lap(&run->result->seconds.evaluation, &clock);
    state->unevaluated = !ore_ok();
    if (!ore_ok())
        return;
    report->evaluated = true;
    watch_convergence(state, report);
    watch_best(state, report);
}

/* Whether an evaluation is due after this step. */
static bool due(const ore_fit_run *run, int64_t step) {
    const ore_fit_options *o = run->options;
    bool divides = o->eval_interval > 0 && step % o->eval_interval == 0;
    return run->hooks->evaluate && (divides || step == o->steps);
}

/* ---- the run ---- */

static ore_fit_report new_report(const ore_fit_run *run) {
    return (ore_fit_report){.state = &run->result->state,
                            .steps = run->options->steps,
                            .loss = NAN,
                            .lr = NAN,
                            .grad_norm = NAN,
                            .train_loss = NAN,
                            .val_loss = NAN,
                            .change_percent = NAN,
                            .seconds = &run->result->seconds};
}

/* Reports the step that was made; false if the caller wants the training to end. A step whose
 * evaluation failed is complete all the same and is reported too, so that the caller can save
 * it. */
static bool report_step(const ore_fit_run *run, const ore_fit_report *report) {
    const ore_fit_hooks *hooks = run->hooks;
    ore_error error;
    if (!hooks->report || (!ore_ok() && report->state->step == 0))
        return true;
    ore_error_take(&error);
    bool go_on = hooks->report(hooks->user, report);
    if (error.status != ORE_OK)
        ore_error_clear(); /* the error of the evaluation came first, and is the one to keep */
    ore_error_raise(&error);
    return go_on;
}

/* Evaluates where that is due, and reports; false if the caller wants the training to end. */
static bool conclude_step(ore_fit_run *run, ore_fit_report *report) {
    const ore_fit_options *o = run->options;
    report->lr = ore_optimizer_group_count(o->optimizer) ? ore_optimizer_lr(o->optimizer, 0) : NAN;
    if (run->result->state.unevaluated || due(run, run->result->state.step))
        evaluate(run, report);
    run->result->seconds.total = ore_clock_s() - run->started;
    return report_step(run, report);
}

bool ore_fit_is_over(const ore_fit_options *options, const ore_fit_state *state, ore_fit_end *end) {
    ore_fit_end unused, *why = end ? end : &unused;
    if (!options || !state || state->unevaluated)
        return false;
    if (state->step >= options->steps)
        *why = ORE_FIT_DONE;
    else if (options->patience > 0 && state->bad_evals >= options->patience)
        *why = ORE_FIT_PATIENCE;
    else if (options->stop_when_converged && state->converged_step >= 0)
        *why = ORE_FIT_CONVERGED;
    else if (options->stop_at > 0 && state->step >= options->stop_at)
        *why = ORE_FIT_STOPPED;
    else
        return false;
    return true;
}

/* Whether the training has ended, and why. The rules that look at the state come before the
 * caller's wish to stop, so that a resumed training ends for the same reason as one that was never
 * stopped. */
static bool ended(const ore_fit_run *run, bool stop, ore_fit_end *end) {
    if (!ore_ok()) {
        *end = ORE_FIT_FAILED;
        return true;
    }
    if (ore_fit_is_over(run->options, &run->result->state, end))
        return true;
    *end = ORE_FIT_STOPPED;
    return stop;
}

static void run_steps(ore_fit_run *run) {
    const ore_fit_options *o = run->options;
    ore_fit_result *result = run->result;
    bool stop = false;
    if (!run->hooks->evaluate)
        result->state.unevaluated = false;
    bool fresh = result->state.best_step < 0 && isinf(result->state.min_train);
    bool first = result->state.step == 0 && fresh && due(run, 0);
    if (first || result->state.unevaluated) {
        ore_fit_report report = new_report(run);
        if (o->schedule && first)
            ore_optimizer_schedule(o->optimizer, o->schedule, 0);
        stop = !conclude_step(run, &report);
    }
    while (!ended(run, stop, &result->end)) {
        ore_fit_report report = new_report(run);
        if (ore_fit_step(run, &report.grad_norm) != ORE_OK)
            continue;
        report.loss = result->losses[result->loss_count - 1];
        stop = !conclude_step(run, &report);
    }
}

/* The max number of steps that this call makes. */
static int64_t steps_ahead(const ore_fit_options *o, const ore_fit_state *state) {
    int64_t last = o->stop_at > 0 && o->stop_at < o->steps ? o->stop_at : o->steps;
    return last > state->step ? last - state->step : 0;
}

static void *new_array(int64_t count, size_t element_bytes) {
    size_t bytes;
    return ore_bytes_of(count, element_bytes, &bytes) == ORE_OK ? ore_alloc(bytes) : NULL;
}

/* What a run that stands at `state` scales losses by. */
static ore_grad_scaler scaler_of(const ore_fit_options *o, const ore_fit_state *state) {
    ore_grad_scaler scaler = ore_grad_scaler_defaults();
    if (o->autocast != ORE_FLOAT16) {
        scaler.scale = 1;
    } else if (state->loss_scale > 0) {
        scaler.scale = state->loss_scale;
        scaler.growth_tracker = state->loss_scale_steps;
    }
    return scaler;
}

static void allocate(ore_fit_run *run) {
    const ore_fit_options *o = run->options;
    int64_t steps = steps_ahead(o, &run->result->state);
    run->result->losses = new_array(steps, sizeof(double));
    run->batches = new_array(o->accumulate, sizeof *run->batches);
    run->losses = new_array(o->accumulate, sizeof(ore_tensor *));
    run->trained_count = ore_optimizer_parameter_count(o->optimizer);
    run->trained = new_array(run->trained_count, sizeof(ore_tensor *));
    for (int64_t i = 0; run->trained && i < run->trained_count; i++)
        run->trained[i] = o->optimizer->parameters[i].tensor;
    run->objective = ore_objective_of(o);
    run->scaler = scaler_of(o, &run->result->state);
    if (!o->module && run->trained && run->trained_count)
        run->objective.device = ore_tensor_device(run->trained[0]);
}

ore_status ore_fit_hooked(const ore_fit_options *options, const ore_fit_hooks *hooks,
                          const ore_fit_state *state, ore_fit_result *result) {
    *result =
        (ore_fit_result){.end = ORE_FIT_FAILED, .state = state ? *state : ore_fit_state_start()};
    if (check_options(options, hooks, &result->state) != ORE_OK)
        return ore_error_status();
    ore_fit_run run = {
        .options = options, .hooks = hooks, .result = result, .started = ore_clock_s()};
    bool training = options->module && options->module->training;
    allocate(&run);
    if (ore_ok()) {
        if (options->module)
            ore_module_train(options->module, true);
        ore_fit_clear_gradients(&run);
        run_steps(&run);
        ore_fit_clear_gradients(&run);
        if (options->module)
            ore_module_train(options->module, training);
    }
    result->seconds.total = ore_clock_s() - run.started;
    ore_release(run.trained);
    ore_release(run.losses);
    ore_release(run.batches);
    return ore_error_status();
}

ore_status ore_fit(const ore_fit_options *options, const ore_fit_state *state,
                   ore_fit_result *result) {
    const ore_fit_hooks hooks = {options->user, options->evaluate, options->report};
    return ore_fit_hooked(options, &hooks, state, result);
}
