/* step.c: one step of training. */
#include <math.h>

#include <ore/ops.h>

#include "core/leaves.h"
#include "optim/optimizer.h"
#include "train/fit.h"

/* The loader's next batch; at the end of a pass, the first batch of the next pass. */
static ore_batch next_batch(const ore_fit_run *run) {
    ore_loader *loader = run->options->loader;
    ore_batch batch = ore_objective_next(&run->objective, loader);
    if (!batch.x && ore_ok())
        batch = ore_objective_next(&run->objective, loader);
    if (!batch.x)
        ore_fail(ORE_DATA, "fit: the loader has no batch");
    return batch;
}

/* Fetches all batches of the step, and returns how many targets they have together on all ranks.
 * This comes before the first backward pass, since the weight of each batch is its share of
 * these. */
static int64_t fetch(ore_fit_run *run) {
    int64_t targets = 0;
    for (int64_t i = 0; i < run->options->accumulate && ore_ok(); i++) {
        run->batches[i] = next_batch(run);
        targets += run->batches[i].global_tokens;
    }
    if (ore_ok() && targets == 0)
        ore_fail(ORE_DATA, "fit: the batches of step %lld have no target",
                 (long long)run->result->state.step + 1);
    return targets;
}

/* The weight of batch i, targets_i / targets: the sum of weight_i loss_i is the mean over all
 * targets. */
static double weight_of(const ore_fit_run *run, int64_t i, int64_t targets) {
    return (double)run->batches[i].tokens / (double)targets;
}

/* Adds d(weight loss)/dw to the gradients; with float16 the weight holds the scale. */
static void backward(ore_tensor *loss, double weight) {
    ore_scope_begin();
    if (weight == 1)
        ore_backward(loss);
    else
        ore_backward_from(loss, ore_mul_scalar(ore_ones_like(loss), weight), false);
    ore_scope_end();
}

/* The last of the step's batches that has targets on this rank; -1 where none has. */
static int64_t last_batch(const ore_fit_run *run) {
    int64_t last = run->options->accumulate - 1;
    while (last >= 0 && run->batches[last].tokens == 0)
        last--;
    return last;
}

static void run_batches(ore_fit_run *run, int64_t targets) {
    const ore_fit_options *o = run->options;
    ore_fit_seconds *seconds = &run->result->seconds;
    int64_t last = ore_ok() ? last_batch(run) : -1;
    for (int64_t i = 0; i < run->options->accumulate && ore_ok(); i++) {
        const ore_batch *batch = &run->batches[i];
        run->losses[i] = NULL;
        if (batch->tokens == 0) /* it has no mean */
            continue;
        run->losses[i] = ore_objective_loss(&run->objective, batch, seconds);
        double clock = ore_clock_s();
        if (i == last && o->reduce && o->ready)
            ore_leaves_observe(o->ready, o->user);
        if (run->losses[i])
            backward(run->losses[i], weight_of(run, i, targets) * run->scaler.scale);
        ore_leaves_observe(NULL, NULL);
        ore_lap(&seconds->backward, &clock);
    }
}

/* Adds d(l1 sum |w| + l2 sum w^2)/dw, scaled as the losses, to the gradient of every parameter. */
static void add_penalties(const ore_fit_run *run) {
    double l1 = run->options->l1 * run->scaler.scale, l2 = run->options->l2 * run->scaler.scale;
    for (int64_t i = 0; (l1 > 0 || l2 > 0) && i < run->trained_count && ore_ok(); i++) {
        ore_tensor *w = run->trained[i];
        if (!ore_requires_grad(w))
            continue;
        ore_scope_begin();
        if (l1 > 0)
            ore_backward(ore_mul_scalar(ore_sum(ore_abs(w), ORE_ALL, false), l1));
        if (l2 > 0)
            ore_backward(ore_mul_scalar(ore_sum(ore_square(w), ORE_ALL, false), l2));
        ore_scope_end();
    }
}

/* The step's loss. It is read after all backward passes have been launched, since reading waits for
 * the device. */
static double read_loss(const ore_fit_run *run, int64_t targets) {
    double loss = 0;
    for (int64_t i = 0; i < run->options->accumulate && ore_ok(); i++)
        if (run->losses[i])
            loss += weight_of(run, i, targets) * ore_item(run->losses[i]);
    return ore_ok() ? loss : NAN;
}

/* Sums the gradients, and the loss, over all ranks by the caller's reduce; returns that loss. */
static double reduce(const ore_fit_run *run, double loss) {
    const ore_fit_options *o = run->options;
    if (!o->reduce || !ore_ok())
        return loss;
    ore_fit_reduction reduction = {.step = run->result->state.step + 1,
                                   .parameters = run->trained,
                                   .count = run->trained_count,
                                   .loss = loss};
    ore_scope_begin();
    ore_no_grad_begin();
    o->reduce(o->user, &reduction);
    ore_no_grad_end();
    ore_scope_end();
    return reduction.loss;
}

static void check_finite(const ore_fit_run *run, const char *what, double value) {
    if (ore_ok() && !isfinite(value))
        ore_fail(ORE_DATA,
                 "fit: %s is %g at step %lld: lower the learning rate or clip the gradients; the "
                 "weights are those before the step",
                 what, isnan(value) ? (double)NAN : value, (long long)run->result->state.step + 1);
}

/* Clips the gradients and updates the parameters. By norm, the optimizer's step multiplies by the
 * factor itself, which saves a pass over memory; but where a watch reads the gradients, they are
 * clipped before. */
static void update(const ore_fit_run *run, ore_watch *watch, double *grad_norm) {
    const ore_fit_options *o = run->options;
    double scale = 1;
    if (o->clip_value > 0)
        ore_clip_grad_value_of(run->trained, run->trained_count, o->clip_value);
    if (o->clip_norm > 0) {
        *grad_norm = watch ? ore_clip_grad_norm_of(run->trained, run->trained_count, o->clip_norm)
                           : ore_grad_norm_of(run->trained, run->trained_count);
        check_finite(run, "the gradient's norm", *grad_norm);
        scale = watch ? 1 : ore_clip_scale(*grad_norm, o->clip_norm);
    }
    if (o->schedule && ore_ok())
        ore_optimizer_schedule(o->optimizer, o->schedule, run->result->state.step);
    if (watch)
        ore_watch_gradients(watch);
    ore_optimizer_step_scaled(o->optimizer, scale);
}

/* The same of gradients that are scaled. Where they overflow the step changes nothing but the
 * scale, which is an error once it is so small that something else must be what overflows. */
static void update_scaled(ore_fit_run *run, ore_watch *watch, double *grad_norm) {
    static const double least_scale = 0x1p-24; /* the smallest number of float16 */
    ore_fit_state *state = &run->result->state;
    ore_grad_scaler *scaler = &run->scaler;
    ore_grad_scaler_unscale(scaler, run->options->optimizer);
    bool finite = ore_ok() && scaler->finite[0];
    if (finite)
        update(run, watch, grad_norm);
    else if (ore_ok() && scaler->scale < least_scale)
        ore_fail(ORE_DATA,
                 "fit: gradients overflow float16 at step %lld, whatever their scale: use "
                 "bfloat16, or lower the learning rate; the weights are those before the step",
                 (long long)state->step + 1);
    if (ore_grad_scaler_update(scaler) != ORE_OK)
        return;
    state->loss_scale = scaler->scale;
    state->loss_scale_steps = scaler->growth_tracker;
    state->skipped_steps += !finite;
}

void ore_fit_clear_gradients(ore_fit_run *run) {
    ore_error error;
    ore_error_take(&error);
    if (run->objective.module)
        ore_module_zero_grad(run->objective.module);
    ore_optimizer_zero_grad(run->options->optimizer);
    ore_error_raise(&error);
}

/* The watch, if it records the step that begins now; else NULL. */
static ore_watch *watch_of(const ore_fit_run *run) {
    ore_watch *watch = run->options->watch;
    int64_t step = run->result->state.step + 1;
    bool first = run->result->loss_count == 0, last = step == run->options->steps;
    return watch && (first || last || step % watch->interval == 0) ? watch : NULL;
}

ore_status ore_fit_step(ore_fit_run *run, double *grad_norm) {
    ore_fit_result *result = run->result;
    ore_fit_seconds *seconds = &result->seconds;
    ore_watch *watch = watch_of(run);
    *grad_norm = NAN;
    ore_scope_begin();
    double clock = ore_clock_s();
    int64_t targets = fetch(run);
    ore_lap(&seconds->data, &clock);
    if (watch)
        ore_watch_begin(watch, result->state.step + 1);
    run_batches(run, targets);
    clock = ore_clock_s();
    double loss = reduce(run, read_loss(run, targets));
    add_penalties(run);
    check_finite(run, "loss", loss);
    ore_lap(&seconds->backward, &clock);
    if (ore_ok() && run->options->autocast == ORE_FLOAT16)
        update_scaled(run, watch, grad_norm);
    else if (ore_ok())
        update(run, watch, grad_norm);
    if (watch)
        ore_watch_end(watch);
    ore_fit_clear_gradients(run);
    ore_lap(&seconds->optimizer, &clock);
    ore_scope_end();
    if (!ore_ok())
        return ore_error_status();
    result->losses[result->loss_count++] = loss;
    result->state.step++;
    result->state.tokens += targets;
    return ORE_OK;
}
