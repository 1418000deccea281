/* train_report.c: what `ore train` prints. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/terminal.h"
#include "cli/interrupt.h"
#include "run/loss_curve.h"
#include "run/rundir.h"
#include "config/train_idle.h"
#include "train/train_run.h"
#include "cli/words.h"

/* ---- before ---- */

/* Prints what more steps change in the learning rate, which depends on the number of steps. */
static void print_extension(const train_run *run) {
    train_config before = *run->config;
    before.steps = run->options->steps_before;
    char had[COUNT_BYTES], has[COUNT_BYTES];
    int64_t step = ore_run_state(run->run)->step;
    grouped_text(before.steps, had);
    counted_text(run->config->steps, "step", has);
    ore_schedule old = train_schedule(&before), now = train_schedule(run->config);
    double was = ore_schedule_lr(&old, step), is = ore_schedule_lr(&now, step);
    printf("extended    from %s to %s: the %s schedule", had, has,
           train_word(run->config, "schedule"));
    if (now.kind == ORE_SCHEDULE_CONSTANT)
        printf(" goes on with learning rate %.4g\n", is);
    else if (was == is)
        printf(" of %s goes on with learning rate %.4g, as that of %s would, and comes to its end "
               "later\n",
               has, is, had);
    else
        printf(" of %s goes on with learning rate %.4g, where that of %s had come to "
               "%.4g\n",
               has, is, had, was);
}

/* Prints which options that the user has set this data has no use for. */
static void print_idle_with_data(const train_run *run) {
    const options *o = &run->options->options;
    char text[OPTION_REASON_BYTES];
    for (int i = 0; i < o->count && run->data.task->idle; i++) {
        const char *key = o->rows[i].field.key;
        const char *reason =
            o->origin[i] == ORIGIN_FLAG ? run->data.task->idle(&run->data, run->config, key) : NULL;
        if (reason && !train_idle_reason(run->options, key, false, text))
            option_print_idle(stdout, key, reason);
    }
}

void train_print_start(const train_run *run, int64_t steps) {
    const train_config *c = run->config;
    char text[512], count[COUNT_BYTES], threads[COUNT_BYTES], step[128];
    printf("data        %s\n", train_data_text(&run->data, text, sizeof text));
    train_data_print_notes(&run->data, stdout);
    train_print_idle(run->options, terminal_columns(stdout) > 0, stdout);
    print_idle_with_data(run);
    run->data.task->print_files(&run->data, stdout);
    run->model.family->describe(c->net, text, sizeof text);
    printf("model       %s: %s; %s\n", train_model_of(c)->name, text,
           counted_text(ore_module_parameter_count(run->model.module, false), "parameter", count));
    if (ore_run_state(run->run)->step > 0)
        printf("resumed     at step %lld\n", (long long)ore_run_state(run->run)->step);
    if (run->options->steps_before > 0)
        print_extension(run);
    printf("run         %s: %s of %s, %s, %s kernels\n", run->dir,
           counted_text(steps, "step", count),
           train_data_step_text(&run->data, c, step, sizeof step),
           counted_text(ore_num_threads(), "thread", threads), ore_cpu_level());
    fflush(stdout);
}

/* ---- evaluations ---- */

void train_print_evaluation(train_run *run, const ore_fit_report *r) {
    char val[64] = "";
    long long step = (long long)r->state->step;
    if (!isnan(r->val_loss))
        snprintf(val, sizeof val, "  validation loss %.4f%s", r->val_loss,
                 r->best && step > 0 ? "  (lowest so far)" : "");
    progress_note(&run->progress, "step %lld  train loss %.4f%s", step, r->train_loss, val);
    if (!run->config->convergence || isnan(r->change_percent))
        return;
    progress_note(&run->progress, "train loss change %+.2f%% against the lowest so far",
                  r->change_percent);
    if (r->converged)
        progress_note(&run->progress, "converged at step %lld", step);
}

/* ---- after ---- */

void train_print_seconds(const ore_fit_seconds *s) {
    const struct {
        const char *name;
        double seconds;
    } rows[] = {{"data", s->data},           {"forward", s->forward},
                {"loss", s->loss},           {"backward", s->backward},
                {"optimizer", s->optimizer}, {"evaluation", s->evaluation}};
    double rest = s->total;
    printf("\ntime in     seconds   share\n");
    for (int i = 0; i < 6; i++) {
        printf("%-10s %8.2f  %5.1f%%\n", rows[i].name, rows[i].seconds,
               s->total > 0 ? 100 * rows[i].seconds / s->total : 0);
        rest -= rows[i].seconds;
    }
    printf("%-10s %8.2f  %5.1f%%  (metrics, checkpoints, pictures, messages)\n", "other", rest,
           s->total > 0 ? 100 * rest / s->total : 0);
    printf("%-10s %8.2f\n\n", "total", s->total);
}

void train_print_end(train_run *run, const ore_fit_result *result) {
    char count[COUNT_BYTES], path[4 * RUNDIR_PATH_BYTES];
    const ore_fit_state *s = ore_run_state(run->run);
    if (result->seconds.total > 0)
        train_print_seconds(&result->seconds);
    if (result->end == ORE_FIT_PATIENCE)
        printf("stopped early: no lower validation loss in %s\n",
               counted_text(run->config->patience, "evaluation", count));
    if (s->best_step >= 0)
        printf("lowest validation loss %.4f at step %lld (best.safetensors)\n", s->best_val,
               (long long)s->best_step);
    printf("saved step %lld in %s\n", (long long)s->step, run->dir);
    if (result->end == ORE_FIT_STOPPED)
        printf("go on with: ore train %s --resume --out %s\n", train_model_of(run->config)->name,
               shell_path(run->dir, path, sizeof path));
    fflush(stdout);
}

static const train_data *data_of(void *user) {
    const train_run *run = user;
    return &run->data;
}

bool train_print_sample(train_run *run) {
    char path[4 * RUNDIR_PATH_BYTES];
    const trained_model m = {.config = run->config,
                             .model = &run->model,
                             .dir = run->dir,
                             .data = data_of,
                             .user = run,
                             .stop = interrupt_requested};
    ore_generator *generator =
        ore_generator_new(ore_stream_seed((uint64_t)run->config->seed, ORE_STREAM_SAMPLE, 0, 0));
    ore_module_eval(run->model.module);
    run->data.task->show(&m, generator);
    ore_generator_free(generator);
    printf("\n%s: ore sample %s\n", run->data.task->more, shell_path(run->dir, path, sizeof path));
    return !interrupt_requested();
}

void train_draw(train_run *run, bool last) {
    if (!ore_ok())
        return;
    loss_curve_draw(run->dir, run->dir);
    if (last && run->config->diagnostics)
        diagnostics_draw(&run->diagnostics, run->dir);
    if (!ore_ok())
        progress_note(&run->progress, "no picture: %s", ore_error_message());
    ore_error_clear();
}

/* ---- while it trains ---- */

static void tell_interrupt(train_run *run) {
    int64_t saved = ore_run_saved_step(run->run);
    if (!interrupt_requested() || run->told_interrupt)
        return;
    run->told_interrupt = true;
    if (saved < 0)
        progress_note(&run->progress, "stopping after this evaluation; Ctrl-C again stops at once, "
                                      "before there is a checkpoint");
    else
        progress_note(&run->progress,
                      "stopping after this evaluation; Ctrl-C again stops at once, at the "
                      "checkpoint of step %lld",
                      (long long)saved);
}

/* The time of an evaluation does not count as that of steps. Ctrl-C is answered between its
 * batches. */
void train_on_batch(void *user, int64_t batches) {
    train_run *run = user;
    if (batches > 0) {
        progress_continue(&run->progress);
        tell_interrupt(run);
    }
    progress_pause(&run->progress);
}

bool train_on_report(void *user, const ore_fit_report *r) {
    train_run *run = user;
    bool stop = interrupt_requested();
    if (!isnan(r->loss))
        progress_step(&run->progress, r->state->step, r->loss);
    if (run->config->diagnostics)
        diagnostics_report(&run->diagnostics, r);
    train_debug_step(&run->debug);
    if (r->evaluated)
        train_print_evaluation(run, r);
    return !stop;
}

void train_on_backward(void *user, ore_fit_reduction *reduction) {
    train_run *run = user;
    (void)reduction; /* this process is alone */
    train_debug_backward(&run->debug, &run->progress);
}

/* With its first checkpoint, the run removes one that it replaces; if that fails, the next
 * checkpoint tries it again. */
void train_on_saved(void *user, int64_t step) {
    const double redraw_s = 60;
    train_run *run = user;
    (void)step;
    if (rundir_settle_locked(run->dir) != ORE_OK)
        ore_error_clear();
    if (run->drawn_s == 0)
        run->drawn_s = ore_clock_s();
    if (ore_clock_s() - run->drawn_s > redraw_s) {
        train_draw(run, false);
        run->drawn_s = ore_clock_s();
    }
}

void train_on_note(void *user, const char *text) {
    train_run *run = user;
    progress_note(&run->progress, "%s", text);
}
