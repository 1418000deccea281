/* train_run.c: makes the parts of a run, and trains. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ore/io.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "run/rundir.h"
#include "train/train_init.h"
#include "train/train_run.h"
#include "cli/words.h"

/* ---- parts ---- */

static ore_status open_loaders(train_run *run) {
    const train_config *c = run->config;
    run->batch_generator =
        ore_generator_new(ore_stream_seed((uint64_t)c->seed, ORE_STREAM_BATCHES, 0, 0));
    run->evaluation_generator = ore_generator_new(0);
    run->loader = train_data_train_loader(&run->data, c, run->batch_generator);
    if (ore_ok() && !run->loader)
        return train_data_fail_empty(&run->data, c);
    for (int part = ORE_PART_TRAIN; part <= ORE_PART_VAL; part++)
        run->evaluation_loaders[part] =
            train_data_random_loader(&run->data, c, (ore_part)part, run->evaluation_generator);
    return ore_error_status();
}

/* ORE_MEMORY for a model that needs more memory than the machine has, before the system has to kill
 * a process. */
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

/* Opens the run's data. For a resumed run it must be that of its checkpoint. */
static ore_status open_data(train_run *run) {
    const train_config *c = run->config;
    const run_task *task = run_task_of(c);
    run_state then;
    bool told = c->resume && run_state_peek(&then, task, run->dir);
    char *checkpoint = c->resume ? ore_checkpoint_current(run->dir) : NULL;
    bool saved = checkpoint != NULL; /* with the task's files beside it */
    ore_string_free(checkpoint);
    if (!ore_ok() || (told && run_state_check_files(&then, run->dir) != ORE_OK))
        return ore_error_status();
    if (c->resume)
        data_places_find(&run->places, run->options, run->dir, told ? &then.data : NULL, true);
    else
        data_places_of(&run->places, c);
    if (ore_ok() &&
        train_data_open(&run->data, c, &run->places, saved ? run->dir : NULL) == ORE_OK &&
        task->settle(&run->data, run->options) == ORE_OK)
        open_loaders(run);
    if (told)
        data_places_explain(&run->places, &run->data, &then.data);
    return ore_error_status();
}

/* Makes everything that can fail before the run's folder is changed. */
static ore_status open_parts(train_run *run) {
    const train_config *c = run->config;
    if (open_data(run) != ORE_OK || check_memory(c) != ORE_OK)
        return ore_error_status();
    run->generator = ore_generator_new(0);
    if (run->generator && train_init_model(c, run->dir, &run->model, run->generator) == ORE_OK &&
        model_to_device(&run->model, (ore_device)c->device) == ORE_OK)
        run->optimizer = train_optimizer_new(c, run->model.module);
    return ore_error_status();
}

static void close_parts(train_run *run) {
    ore_run_close(run->run);
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
    return write_config(run) == ORE_OK ? train_data_save(&run->data, run->dir) : ore_error_status();
}

/* ORE_DATA if more steps are asked for a run that one of its own rules has ended. */
static ore_status check_extension(const train_run *run) {
    const ore_fit_options o = train_fit_options(run->config);
    const ore_fit_state *state = ore_run_state(run->run);
    ore_fit_end end = ORE_FIT_DONE;
    ore_fit_is_over(&o, state, &end);
    if (run->options->steps_before == 0 || (end != ORE_FIT_PATIENCE && end != ORE_FIT_CONVERGED))
        return ore_error_status();
    return ore_fail(ORE_DATA,
                    "--steps %lld: the run in %s ended at step %lld by --%s, which more steps do "
                    "not change",
                    (long long)o.steps, run->dir, (long long)state->step,
                    end == ORE_FIT_PATIENCE ? "patience" : "stop-when-converged");
}

/* Opens the last checkpoint of a resumed run. Its config is changed only now that the data is known
 * to be the run's. */
static ore_status open_checkpoint(train_run *run) {
    bool moved;
    if (train_checkpoint_open(run) != ORE_OK || check_extension(run) != ORE_OK ||
        data_places_settle(&run->places, run->options, &moved) != ORE_OK)
        return ore_error_status();
    if (ore_run_saved_step(run->run) < 0)
        return write_beginning(run);
    return moved || run->options->steps_before > 0 ? write_config(run) : ORE_OK;
}

/* Makes the folder of a new run, or opens the last checkpoint of a resumed one. *made becomes the
 * number of folders that were made; -1 if everything is still as it was before. */
static ore_status open_folder(train_run *run, int *made) {
    *made = -1;
    if (run->config->resume)
        open_checkpoint(run);
    else if (rundir_start(run->dir, run->config->force, made) == ORE_OK &&
             write_beginning(run) == ORE_OK)
        train_checkpoint_open(run);
    if (ore_ok())
        data_places_keep(&run->places, run->dir, &run->data);
    run->state.data = train_data_identity(&run->data);
    return run_state_keep_files(&run->state, run->data.task, run->dir);
}

/* ---- training ---- */

/* After an error: prints which checkpoint of the run there is. */
static void tell_what_is_saved(train_run *run) {
    ore_error error;
    ore_error_take(&error);
    train_draw(run, false);
    if (ore_run_saved_step(run->run) > 0)
        printf("saved step %lld in %s\n", (long long)ore_run_saved_step(run->run), run->dir);
    fflush(stdout);
    ore_error_raise(&error);
}

static void train(train_run *run, ore_fit_result *result) {
    const train_config *c = run->config;
    const ore_fit_options o = train_fit_options(c);
    int64_t end = o.stop_at > 0 && o.stop_at < o.steps ? o.stop_at : o.steps;
    int64_t log = c->log_interval != CONFIG_AUTO_INT ? c->log_interval : (end + 19) / 20;
    int64_t first = ore_run_state(run->run)->step;
    double rows = (double)(c->batch_size * c->accumulate);
    bool over = ore_fit_is_over(&o, ore_run_state(run->run), NULL);
    train_print_start(run, end);
    progress_begin(&run->progress, stdout, first, end, log > 0 ? log : 1,
                   run->data.task->model->item, train_data_row_items(&run->data, c) * rows);
    if (!over && c->diagnostics)
        diagnostics_start(&run->diagnostics, &run->model, end, first);
    train_debug_begin(&run->debug, c, run->model.module);
    ore_run_fit(run->run, result);
    if (!over)
        progress_end(&run->progress);
    train_debug_end(&run->debug, c);
    if (!ore_ok())
        tell_what_is_saved(run);
}

/* ---- a run ---- */

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
    if (interrupt_requested()) /* its sweep was killed; another may begin this run by now */
        return EXIT_BROKEN;
    if (open_folder(run, &made) == ORE_OK) {
        train(run, &result);
        status = finish(run, &result);
        ore_fit_result_free(&result);
    }
    if (!ore_ok() && made >= 0 && (!run->run || ore_run_saved_step(run->run) < 0))
        rundir_abandon(run->dir, made);
    return status;
}

int train_run_whole(train_options *asked, const char *dir) {
    train_run run = {.options = asked, .config = &asked->config, .dir = dir};
    int status = run_parts(&run);
    close_parts(&run);
    return status;
}
