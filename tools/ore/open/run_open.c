/* run_open.c: opens the config, the model and the weights of a run, and runs the commands that read
 * runs. */
#include <stdio.h>
#include <string.h>

#include <ore/init.h>
#include <ore/io.h>
#include <ore/weights.h>

#include "cli/command.h"
#include "open/data_places.h"
#include "open/published.h"
#include "open/run_open.h"

/* What the data told when the run began is known. */
static ore_status check_known(const train_config *c, const char *path) {
    for (const config_field *f = family_of(c)->fields; f->key; f++)
        if (!f->general && config_is_auto(f, c->net))
            return ore_fail(ORE_DATA, "%s: %s: expected %s", path, f->key, config_kind_text(f));
    return ORE_OK;
}

static ore_status read_config(opened_run *run, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    train_options *t = &run->options;
    if (rundir_path(dir, "config.json", path) != ORE_OK)
        return ore_error_status();
    ore_json *config = rundir_read_config(dir);
    if (config)
        train_options_load(t, config, path);
    ore_json_free(config);
    return ore_ok() ? check_known(&t->config, path) : ore_error_status();
}

static ore_status check_place(const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (ore_path_kind_of(dir) != ORE_PATH_FOLDER)
        return ore_fail(ORE_IO, "%s: no such run directory", *dir ? dir : "\"\"");
    if (rundir_path(dir, "config.json", path) == ORE_OK &&
        ore_path_kind_of(path) == ORE_PATH_MISSING)
        return ore_fail(ORE_DATA, "%s: holds no run (no config.json)", dir);
    return ore_error_status();
}

/* Reads the options of the run or the published model at a path. */
static ore_status read_options(opened_run *run, const char *path) {
    char type[PUBLISHED_TYPE_BYTES];
    run->published = published_type(path, type);
    if (!ore_ok())
        return ore_error_status();
    if (run->published)
        return published_options(&run->options, path, type);
    return check_place(path) == ORE_OK ? read_config(run, path) : ore_error_status();
}

/* ---- the checkpoint ---- */

static ore_status load_state(opened_run *run, const char *folder) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(folder, "state.json", path) != ORE_OK)
        return ore_error_status();
    run->has_state = ore_path_kind_of(path) != ORE_PATH_MISSING;
    if (run->has_state && ore_checkpoint_verify(folder, "state.json") == ORE_OK &&
        run_state_load(&run->state, run_task_of(&run->options.config), path) == ORE_OK)
        run_state_check_files(&run->state, run->dir);
    return ore_error_status();
}

static const char *weights_name(bool best) {
    return best ? "best.safetensors" : "model.safetensors";
}

/* Loads the weights from the folder of a checkpoint, or of a model that was made elsewhere. */
static ore_status load_from(opened_run *run, const char *folder, bool best) {
    const char *weights = weights_name(best);
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(folder, weights, path) != ORE_OK)
        return ore_error_status();
    if (ore_path_kind_of(path) == ORE_PATH_MISSING)
        return best && folder != run->dir
                   ? ore_fail(ORE_DATA, "%s: holds no best.safetensors; was anything validated on?",
                              run->dir)
                   : rundir_fail_no_checkpoint(run->dir);
    return load_state(run, folder) == ORE_OK ? ore_module_load_assign(run->model.module, path)
                                             : ore_error_status();
}

/* After an error: whether the run has a new checkpoint by now; if so, the error is cleared. */
static bool was_replaced(const char *dir, const char *folder) {
    ore_error error;
    ore_error_take(&error);
    char *now = ore_checkpoint_current(dir);
    bool replaced = now && strcmp(now, folder) != 0;
    ore_string_free(now);
    if (!replaced) {
        ore_error_clear();
        ore_error_raise(&error);
    }
    return replaced;
}

/* Whether weights that were made elsewhere have replaced the run's link to those of its
 * checkpoint. */
static bool has_own_file(const opened_run *run, bool best) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_path(run->dir, weights_name(best), path) == ORE_OK &&
           ore_path_kind_of_entry(path) == ORE_PATH_FILE;
}

/* Loads the checkpoint. If the run is training meanwhile, it may remove the checkpoint while that
 * is read, after making a new one; then the new one is read, from its beginning, so that files of
 * two are never mixed. */
static ore_status load_checkpoint(opened_run *run, bool best) {
    if (has_own_file(run, best))
        return load_from(run, run->dir, best);
    for (bool again = true; again;) {
        char *folder = ore_checkpoint_current(run->dir);
        if (ore_ok())
            load_from(run, folder ? folder : run->dir, best);
        again = folder && !ore_ok() && was_replaced(run->dir, folder);
        ore_string_free(folder);
    }
    return ore_error_status();
}

static ore_status load_published(const opened_run *run) {
    const model_family *family = run->model.family;
    return family->published_load(run->model.module, run->dir);
}

/* Makes the model and loads its weights, in place of any that would be drawn. */
static ore_status open_model(opened_run *run, bool best) {
    run->generator = ore_generator_new(0);
    ore_skip_init_begin();
    if (run->generator)
        model_init(&run->model, &run->options.config, run->generator);
    ore_skip_init_end();
    if (ore_ok() && (run->published ? load_published(run) : load_checkpoint(run, best)) == ORE_OK)
        ore_module_eval(run->model.module);
    return ore_error_status();
}

ore_status opened_run_open(opened_run *run, const char *dir, bool best) {
    if (opened_run_open_stored(run, dir, best) != ORE_OK)
        return ore_error_status();
    const model_family *family = run->model.family;
    return family->widen ? family->widen(run->model.module)
                         : ore_module_to(run->model.module, ORE_FLOAT32);
}

ore_status opened_run_open_stored(opened_run *run, const char *dir, bool best) {
    *run = (opened_run){0};
    if (read_options(run, dir) != ORE_OK)
        return ore_error_status();
    snprintf(run->dir, sizeof run->dir, "%s", dir);
    return open_model(run, best);
}

void opened_run_close(opened_run *run) {
    if (run->has_data)
        train_data_close(&run->data);
    model_free(&run->model);
    ore_generator_free(run->generator);
    train_options_free(&run->options);
}

const train_data *opened_run_data(opened_run *run) {
    data_places places;
    const data_identity *of_run = run->has_state ? &run->state.data : NULL;
    if (run->has_data)
        return ore_ok() ? &run->data : NULL;
    if (!ore_ok() || data_places_find(&places, &run->options, run->dir, of_run, false) != ORE_OK)
        return NULL;
    run->has_data = true;
    train_data_open(&run->data, &run->options.config, &places, run->dir);
    if (of_run)
        data_places_explain(&places, &run->data, of_run);
    if (of_run)
        train_data_check(&run->data, of_run);
    return ore_ok() ? &run->data : NULL;
}

/* Takes another file in place of the run's data: all of it, or split as the run's was. If the run
 * had a file of its own to validate on, no part of the main one was held out for that, and none is
 * here. */
static ore_status take_file(opened_run *run, const measured_data *m) {
    options *o = &run->options.options;
    bool own_val = *run->options.config.val_data;
    if (own_val && !m->whole && m->part == ORE_PART_VAL)
        return ore_fail(ORE_DATA,
                        "--split validation: the run's own is another text, so %s has none; "
                        "without --split the whole file is measured",
                        m->file);
    options_replace(o, "data", m->file);
    if (m->whole || own_val)
        options_replace(o, "val_fraction", "0");
    if (m->whole)
        options_replace(o, "test_fraction", "0");
    return options_replace(o, "val_data", "");
}

static void measure(void *user, ore_tensor *output, const ore_batch *batch, double *sums) {
    const model *m = user;
    family_task(m->family)->measure(m->family, m->module, output, batch, sums);
}

static ore_status evaluate(opened_run *run, const train_data *data, ore_part part,
                           ore_evaluation *out) {
    const model_task *task = task_of(&run->options.config);
    const ore_fit_options o = model_fit_options(&run->model);
    ore_loader *loader = train_data_pass_loader(data, &run->options.config, part);
    if (loader)
        ore_evaluate_fit(&o, task->measure ? measure : NULL, loader, 0, out);
    ore_loader_free(loader);
    return ore_error_status();
}

ore_status opened_run_evaluate(opened_run *run, const measured_data *m, FILE *notes,
                               ore_evaluation *out) {
    const train_data *data = NULL;
    train_data other = {0};
    ore_part part = m->whole ? ORE_PART_TRAIN : m->part; /* not split: all of it */
    char line[512];
    if (!*m->file)
        data = opened_run_data(run);
    else if (take_file(run, m) == ORE_OK &&
             train_data_open(&other, &run->options.config, NULL, run->dir) == ORE_OK)
        data = &other;
    if (data && evaluate(run, data, part, out) == ORE_OK && notes) {
        train_data_print_notes(data, notes);
        fprintf(notes, "data        %s\n",
                train_data_part_text(data, m->whole, part, out->tokens, line, sizeof line));
    }
    train_data_close(&other);
    return ore_error_status();
}

/* ---- commands ---- */

static int open_and_work(const run_reader *reader, const char *dir) {
    opened_run run;
    if (opened_run_open(&run, dir, *reader->best) == ORE_OK)
        reader->work(&run, reader->config);
    opened_run_close(&run);
    return ore_ok() ? EXIT_OK : EXIT_RUN;
}

const run_task *run_reader_task(const arguments *a) {
    const argument *word = arguments_word(a, 0);
    const run_task *task = task_at(0);
    opened_run run = {0};
    if (word && *word->word)
        read_options(&run, word->word);
    if (run.options.config.net && ore_ok())
        task = run_task_of(&run.options.config);
    train_options_free(&run.options);
    ore_error_clear();
    return task;
}

int run_reader_run(const run_reader *reader, const arguments *a) {
    options o;
    const char *dir = NULL;
    int status;
    if (options_init(&o, reader->rows, reader->count, reader->structs) != ORE_OK ||
        options_take(&o, a, &dir, 1) != ORE_OK) {
        status = usage_failure();
    } else if (!dir) {
        ore_fail(ORE_INVALID, "which run? Expected: %s", reader->usage);
        status = EXIT_USAGE;
    } else if (*reader->threads != CONFIG_AUTO_INT &&
               ore_set_num_threads((int)*reader->threads) != ORE_OK) {
        status = EXIT_USAGE;
    } else {
        status = open_and_work(reader, dir);
    }
    options_free(&o);
    return status;
}
