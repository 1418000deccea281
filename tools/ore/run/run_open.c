/* run_open.c: config, model and weights of a run's folder, and the commands that read one. */
#include <stdio.h>
#include <string.h>

#include <ore/io.h>
#include <ore/weights.h>

#include "cli/command.h"
#include "run/data_places.h"
#include "run/rundir.h"
#include "run/run_open.h"
#include "run/train_data.h"

static ore_status read_config(opened_run *run, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    train_options *t = &run->options;
    if (rundir_path(dir, "config.json", path) != ORE_OK)
        return ore_error_status();
    ore_json *config = rundir_read_config(dir);
    if (config)
        train_options_load(t, config, path);
    ore_json_free(config);
    if (ore_ok() && train_vocab_size(&t->config) == CONFIG_AUTO_INT)
        ore_fail(ORE_DATA, "%s: vocab_size: expected a number", path);
    return ore_error_status();
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

/* ---- the checkpoint ---- */

static ore_status load_state(opened_run *run, const char *folder) {
    char path[RUNDIR_PATH_BYTES];
    if (rundir_path(folder, "state.json", path) != ORE_OK)
        return ore_error_status();
    run->has_state = ore_path_kind_of(path) != ORE_PATH_MISSING;
    if (run->has_state && ore_checkpoint_verify(folder, "state.json") == ORE_OK &&
        run_state_load(&run->state, path) == ORE_OK)
        run_state_check_tokenizer(&run->state, run->dir);
    return ore_error_status();
}

static const char *weights_name(bool best) {
    return best ? "best.safetensors" : "model.safetensors";
}

/* From the folder of a checkpoint, or of weights made elsewhere. */
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
    return load_state(run, folder) == ORE_OK ? ore_module_load(run->model.module, path)
                                             : ore_error_status();
}

/* After an error: whether the run has another checkpoint now. Then the error goes. */
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

/* Weights made elsewhere in the place of the run's link to the checkpoint's. */
static bool has_own_file(const opened_run *run, bool best) {
    char path[RUNDIR_PATH_BYTES];
    return rundir_path(run->dir, weights_name(best), path) == ORE_OK &&
           ore_path_kind_of_entry(path) == ORE_PATH_FILE;
}

/* A run that trains meanwhile removes the checkpoint that is being read here once it has another,
 * which is read then; no file is ever compared with the digests of another checkpoint. */
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

ore_status opened_run_open(opened_run *run, const char *dir, bool best) {
    *run = (opened_run){0};
    if (check_place(dir) != ORE_OK || read_config(run, dir) != ORE_OK)
        return ore_error_status();
    snprintf(run->dir, sizeof run->dir, "%s", dir);
    run->generator = ore_generator_new(0);
    if (run->generator && model_init(&run->model, &run->options.config, run->generator) == ORE_OK &&
        rundir_path(dir, "tokenizer.json", run->tokenizer_path) == ORE_OK &&
        load_checkpoint(run, best) == ORE_OK)
        ore_module_eval(run->model.module);
    return ore_error_status();
}

void opened_run_close(opened_run *run) {
    model_free(&run->model);
    ore_generator_free(run->generator);
    train_options_free(&run->options);
}

ore_status opened_run_open_data(const opened_run *run, train_data *data) {
    data_places places;
    const data_identity *of_run = run->has_state ? &run->state.data : NULL;
    *data = (train_data){0};
    if (!ore_ok() || data_places_find(&places, &run->options, run->dir, of_run, false) != ORE_OK)
        return ore_error_status();
    train_data_open(data, &run->options.config, &places, run->tokenizer_path);
    if (of_run)
        data_places_explain(&places, data, of_run);
    return of_run ? train_data_check(data, of_run) : ore_error_status();
}

/* Another text in place of the run's: whole, or cut as the run's was, of which no share was held
 * out to validate on where another text was there for it. */
static ore_status take_file(opened_run *run, const measured_text *m) {
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

ore_status opened_run_evaluate(opened_run *run, const measured_text *m, FILE *notes,
                               ore_evaluation *out) {
    const train_config *c = &run->options.config;
    train_data data = {0};
    ore_loader *loader = NULL;
    ore_part part = m->whole ? ORE_PART_TRAIN : m->part; /* all that there is is to train on */
    char line[512];
    if (!*m->file)
        opened_run_open_data(run, &data);
    else if (take_file(run, m) == ORE_OK)
        train_data_open(&data, c, NULL, run->tokenizer_path);
    if (ore_ok())
        loader = train_data_pass_loader(&data, c, part);
    if (loader)
        ore_evaluate_loader(run->model.module, NULL, NULL, NULL, loader, 0, out);
    if (ore_ok() && notes) {
        train_data_print_notes(&data, notes);
        fprintf(notes, "data        %s\n",
                train_data_part_text(&data, m->whole, part, out->tokens, line, sizeof line));
    }
    ore_loader_free(loader);
    train_data_close(&data);
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

int run_reader_run(const run_reader *reader, const arguments *a) {
    options o;
    const char *dir = NULL;
    int status;
    if (options_init(&o, reader->rows, reader->count, reader->config, NULL) != ORE_OK ||
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
