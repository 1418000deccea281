/* train_run.c: putting a run together, and training. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ore/io.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "run/rundir.h"
#include "train/train_run.h"
#include "cli/words.h"

static const double most_between_checkpoints_s = 600;

/* ---- parts ---- */

/* Rows of the token table: those of the tokenizer unless more are asked for. */
static ore_status settle_vocab_size(train_run *run) {
    char text[32], count[COUNT_BYTES];
    int64_t size = run->data.tokenizer ? ore_tokenizer_size(run->data.tokenizer) : 0;
    if (!ore_ok())
        return ore_error_status();
    int64_t asked = train_vocab_size(run->config);
    if (asked != CONFIG_AUTO_INT && asked < size)
        return ore_fail(ORE_DATA, "--vocab-size %lld: the tokenizer has %s", (long long)asked,
                        counted_text(size, "token", count));
    if (asked != CONFIG_AUTO_INT)
        return ORE_OK;
    snprintf(text, sizeof text, "%lld", (long long)size);
    return options_replace(&run->options->options, "vocab_size", text);
}

static ore_status open_loaders(train_run *run) {
    const train_config *c = run->config;
    run->batch_generator = ore_generator_new(train_seed(c, STREAM_BATCHES, 0, 0));
    run->evaluation_generator = ore_generator_new(0);
    run->loader = train_data_random_loader(&run->data, c, ORE_PART_TRAIN, run->batch_generator);
    if (ore_ok() && !run->loader)
        return train_data_fail_empty(&run->data, c);
    for (int part = ORE_PART_TRAIN; part <= ORE_PART_VAL; part++)
        run->evaluation_loaders[part] =
            train_data_random_loader(&run->data, c, (ore_part)part, run->evaluation_generator);
    return ore_error_status();
}

/* A model beyond the machine's memory is refused before the system has to kill something. */
static ore_status check_memory(const train_config *c) {
    const double float_bytes = 4, copies = 4; /* weights, gradients and AdamW's two moments */
    double parameters = family_of(c)->parameters(c->net), gib = 1 << 30;
    double needed = copies * float_bytes * parameters;
    double there = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (needed <= there)
        return ORE_OK;
    return ore_fail(ORE_MEMORY,
                    "%s: %.0f million parameters need %.0f GiB with their gradients and the "
                    "optimizer's state; this machine has %.0f GiB",
                    train_model_of(c)->name, parameters / 1e6, needed / gib, there / gib);
}

/* The run's texts and what is read from them. A resumed run's are those of its checkpoint, or it is
 * told that they are not. */
static ore_status open_data(train_run *run) {
    const train_config *c = run->config;
    char path[RUNDIR_PATH_BYTES];
    run_state then;
    bool told = c->resume && run_state_peek(&then, run->dir);
    char *checkpoint = c->resume ? ore_checkpoint_current(run->dir) : NULL;
    bool saved = checkpoint != NULL; /* with its tokenizer beside it */
    ore_string_free(checkpoint);
    if (!ore_ok() || rundir_path(run->dir, "tokenizer.json", path) != ORE_OK)
        return ore_error_status();
    if (told && run_state_check_tokenizer(&then, run->dir) != ORE_OK)
        return ore_error_status();
    if (c->resume)
        data_places_find(&run->places, run->options, run->dir, told ? &then.data : NULL, true);
    else
        data_places_of(&run->places, c);
    if (ore_ok() && train_data_open(&run->data, c, &run->places, saved ? path : NULL) == ORE_OK &&
        settle_vocab_size(run) == ORE_OK)
        open_loaders(run);
    if (told)
        data_places_explain(&run->places, &run->data, &then.data);
    return ore_error_status();
}

/* Everything that can fail before the run's folder is touched. */
static ore_status open_parts(train_run *run) {
    const train_config *c = run->config;
    if (open_data(run) != ORE_OK || check_memory(c) != ORE_OK)
        return ore_error_status();
    run->generator = ore_generator_new(0);
    if (run->generator && model_init(&run->model, c, run->generator) == ORE_OK)
        run->optimizer = train_optimizer_new(c, run->model.module);
    return ore_error_status();
}

static void close_parts(train_run *run) {
    diagnostics_free(&run->diagnostics);
    ore_optimizer_free(run->optimizer);
    model_free(&run->model);
    ore_generator_free(run->generator);
    for (int part = 0; part < ORE_PART_COUNT; part++)
        ore_loader_free(run->evaluation_loaders[part]);
    ore_loader_free(run->loader);
    ore_generator_free(run->evaluation_generator);
    ore_generator_free(run->batch_generator);
    train_data_close(&run->data);
}

static ore_status write_config(const train_run *run) {
    ore_json *config = ore_json_object_new();
    if (options_to_json(&run->options->options, config) == ORE_OK)
        rundir_write_config(run->dir, config);
    ore_json_free(config);
    return ore_error_status();
}

static ore_status write_beginning(const train_run *run) {
    char path[RUNDIR_PATH_BYTES];
    write_config(run);
    if (rundir_path(run->dir, "tokenizer.json", path) == ORE_OK)
        ore_tokenizer_save(run->data.tokenizer, path);
    return ore_error_status();
}

/* More steps are nothing to a run that its own config has ended. */
static ore_status check_extension(const train_run *run) {
    const train_config *c = run->config;
    ore_fit_end end;
    if (run->options->steps_before == 0 || !train_is_over(c, &run->fit, &end) ||
        end == ORE_FIT_DONE)
        return ore_error_status();
    return ore_fail(ORE_DATA,
                    "--steps %lld: the run in %s ended at step %lld by --%s, which more steps do "
                    "not change",
                    (long long)c->steps, run->dir, (long long)run->fit.step,
                    end == ORE_FIT_PATIENCE ? "patience" : "stop-when-converged");
}

/* Before the first of the steps that it is for: whether a checkpoint can be made at all. */
static ore_status check_checkpoint(const train_run *run) {
    if (ore_ok() && !train_is_over(run->config, &run->fit, NULL))
        ore_string_free(ore_checkpoint_begin(run->dir));
    return ore_error_status();
}

/* The last checkpoint of a run that goes on. Its config changes only now, when its data is known to
 * be the run's. */
static ore_status open_checkpoint(train_run *run) {
    bool moved;
    if (train_checkpoint_load(run) != ORE_OK || check_extension(run) != ORE_OK ||
        (run->has_checkpoint && check_checkpoint(run) != ORE_OK) ||
        data_places_settle(&run->places, run->options, &moved) != ORE_OK)
        return ore_error_status();
    if (!run->has_checkpoint)
        return write_beginning(run);
    return moved || run->options->steps_before > 0 ? write_config(run) : ORE_OK;
}

/* A new run's folder, or the last checkpoint of one that goes on. *made: folders that were new; -1
 * where what was there before is still as it was. */
static ore_status open_folder(train_run *run, int *made) {
    *made = -1;
    if (!run->config->resume) {
        if (rundir_start(run->dir, run->config->force, made) == ORE_OK)
            write_beginning(run);
    } else if (rundir_lock(run->dir) == ORE_OK) {
        open_checkpoint(run);
    }
    if (ore_ok())
        data_places_keep(&run->places, run->dir, &run->data);
    run_state_keep_tokenizer(&run->state, run->dir);
    return ore_ok() ? metrics_open(&run->metrics, run->dir, (size_t)run->state.metrics_bytes,
                                   run->config->steps)
                    : ore_error_status();
}

/* ---- training ---- */

static void tell_interrupt(train_run *run) {
    if (!interrupt_requested() || run->told_interrupt)
        return;
    run->told_interrupt = true;
    if (run->saved_step < 0)
        progress_note(&run->progress, "stopping after this evaluation; Ctrl-C again stops at once, "
                                      "before there is a checkpoint");
    else
        progress_note(&run->progress,
                      "stopping after this evaluation; Ctrl-C again stops at once, at the "
                      "checkpoint of step %lld",
                      (long long)run->saved_step);
}

/* The mean over random batches, each counting by its targets. One batch at a time, so that Ctrl-C
 * gets an answer. */
static double evaluate(void *user, ore_part part, int64_t step) {
    train_run *run = user;
    ore_loader *loader = run->evaluation_loaders[part];
    double sum = 0, tokens = 0;
    if (!loader)
        return NAN;
    progress_pause(&run->progress);
    ore_generator_seed(run->evaluation_generator,
                       train_seed(run->config, STREAM_EVALUATION, (int64_t)part, step));
    for (int64_t i = 0; i < run->config->eval_batches && ore_ok(); i++) {
        ore_evaluation e;
        if (ore_evaluate_loader(run->model.module, NULL, NULL, run, loader, 1, &e) == ORE_OK) {
            sum += e.loss * (double)e.tokens;
            tokens += (double)e.tokens;
        }
        tell_interrupt(run);
    }
    progress_continue(&run->progress);
    return ore_ok() ? sum / tokens : NAN;
}

static bool is_due(const train_run *run, const ore_fit_report *r) {
    int64_t step = r->state->step;
    if (step > 0 && step % run->checkpoint_interval == 0)
        return true;
    return (r->evaluated && (r->best || step == 0)) ||
           ore_clock_s() - run->saved_s > most_between_checkpoints_s;
}

static bool on_report(void *user, const ore_fit_report *r) {
    enum { REDRAW_S = 60 };
    train_run *run = user;
    bool stop = interrupt_requested();
    run->fit = *r->state;
    run->best = r->evaluated && r->best;
    train_checkpoint_note(run);
    metrics_add(&run->metrics, r);
    if (!isnan(r->loss))
        progress_step(&run->progress, r->state->step, r->loss);
    if (run->config->diagnostics)
        diagnostics_report(&run->diagnostics, r);
    if (r->evaluated)
        train_print_evaluation(run, r);
    if (r->state->unevaluated)
        return false; /* saved with the error at hand */
    if (is_due(run, r) || stop) {
        train_checkpoint_save(run, run->best);
        run->saved_s = ore_clock_s();
        if (ore_clock_s() - run->drawn_s > REDRAW_S) {
            train_draw(run, false);
            run->drawn_s = ore_clock_s();
        }
    }
    return !stop && ore_ok();
}

static ore_fit_options fit_options(train_run *run, const ore_schedule *schedule) {
    const train_config *c = run->config;
    ore_fit_options o = ore_fit_defaults();
    o.module = run->model.module;
    o.loader = run->loader;
    o.optimizer = run->optimizer;
    o.schedule = schedule;
    o.steps = c->steps;
    o.stop_at = c->stop_at == CONFIG_AUTO_INT ? 0 : c->stop_at;
    o.accumulate = c->accumulate;
    o.l1 = c->l1;
    o.l2 = c->l2;
    o.clip_norm = c->grad_clip;
    o.clip_value = c->grad_clip_value;
    o.evaluate = evaluate;
    o.eval_interval = c->eval_interval;
    o.patience = c->patience;
    o.stop_when_converged = c->stop_when_converged;
    o.report = on_report;
    o.user = run;
    return o;
}

bool train_is_over(const train_config *c, const ore_fit_state *s, ore_fit_end *end) {
    ore_fit_end unused, *why = end ? end : &unused;
    int64_t stop_at = c->stop_at == CONFIG_AUTO_INT ? c->steps : c->stop_at;
    *why = ORE_FIT_DONE;
    if (s->step == 0 || s->unevaluated)
        return false;
    if (c->patience > 0 && s->bad_evals >= c->patience)
        *why = ORE_FIT_PATIENCE;
    else if (c->stop_when_converged && s->converged_step >= 0)
        *why = ORE_FIT_CONVERGED;
    return *why != ORE_FIT_DONE || s->step >= c->steps || s->step >= stop_at;
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

/* Steps are worth more than the lines about them: where these cannot be written, a checkpoint may
 * still be. */
static void save_metrics(train_run *run) {
    if (metrics_flush(&run->metrics) == ORE_OK)
        return;
    progress_note(&run->progress, "%d lines of metrics are lost: %s", metrics_drop(&run->metrics),
                  ore_error_message());
    ore_error_clear();
}

/* The way out of a run that an error ended: its metrics, a checkpoint of the last whole step and
 * its picture, as far as the error lets them be. After an error in an evaluation the checkpoint is
 * of the step before it, which a resumed run evaluates first. */
static void save_what_is_whole(train_run *run, const ore_fit_result *result) {
    ore_error error;
    ore_error_take(&error);
    save_metrics(run);
    bool whole = run->fit.step > 0 && run->fit.step == result->state.step;
    if (whole && run->saved_step != run->fit.step && weights_are_finite(run->model.module))
        train_checkpoint_save(run, run->best);
    ore_error_clear();
    train_draw(run, false);
    if (run->saved_step > 0)
        printf("saved step %lld in %s\n", (long long)run->saved_step, run->dir);
    fflush(stdout);
    ore_error_raise(&error);
}

static void train(train_run *run, ore_fit_result *result) {
    const train_config *c = run->config;
    ore_schedule schedule = train_schedule(c);
    ore_fit_options o = fit_options(run, &schedule);
    int64_t end = o.stop_at > 0 && o.stop_at < o.steps ? o.stop_at : o.steps;
    int64_t log = c->log_interval != CONFIG_AUTO_INT ? c->log_interval : (end + 19) / 20;
    double rows = (double)(c->batch_size * c->accumulate);
    *result = (ore_fit_result){.end = ORE_FIT_DONE, .state = run->fit};
    run->checkpoint_interval =
        c->checkpoint_interval != CONFIG_AUTO_INT ? c->checkpoint_interval : c->eval_interval;
    run->saved_s = run->drawn_s = ore_clock_s();
    train_print_start(run, end);
    progress_begin(&run->progress, stdout, run->fit.step, end, log > 0 ? log : 1,
                   train_data_batch_tokens(&run->data, c, 1) * rows);
    if (train_is_over(c, &run->fit, &result->end))
        return;
    if (c->diagnostics)
        diagnostics_start(&run->diagnostics, &run->model, end, run->fit.step);
    run->state.data = train_data_identity(&run->data);
    train_checkpoint_note(run);
    ore_fit(&o, &run->fit, result);
    progress_end(&run->progress);
    if (!ore_ok())
        save_what_is_whole(run, result);
    else if (run->saved_step != run->fit.step)
        train_checkpoint_save(run, false);
}

/* ---- the whole ---- */

static int finish(train_run *run, const ore_fit_result *result) {
    bool interrupted = interrupt_requested();
    if (!ore_ok())
        return EXIT_RUN;
    train_draw(run, true);
    train_print_end(run, result);
    if (ore_ok() && !interrupted)
        interrupted = !train_print_sample(run);
    if (!ore_ok())
        return EXIT_RUN;
    return interrupted ? EXIT_BROKEN : EXIT_OK;
}

static int run_parts(train_run *run) {
    int made, status = EXIT_RUN;
    ore_fit_result result = {0};
    if (open_parts(run) != ORE_OK)
        return EXIT_RUN;
    interrupt_defer();
    if (open_folder(run, &made) == ORE_OK) {
        train(run, &result);
        status = finish(run, &result);
        ore_fit_result_free(&result);
    }
    if (!ore_ok() && made >= 0 && !run->has_checkpoint)
        rundir_abandon(run->dir, made);
    return status;
}

int train_run_whole(train_options *asked, const char *dir) {
    static train_run run; /* holds a buffer too large for some stacks */
    run = (train_run){.options = asked, .config = &asked->config, .dir = dir};
    run.fit = ore_fit_state_start();
    run.saved_step = -1;
    int status = run_parts(&run);
    close_parts(&run);
    return status;
}
