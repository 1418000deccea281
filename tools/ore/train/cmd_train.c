/* cmd_train.c: `ore train`. */
#include "cli/command.h"
#include "run/rundir.h"
#include "train/train_init.h"
#include "train/train_run.h"

static int print_config(const train_options *t) {
    ore_json *config = ore_json_object_new();
    options_to_json(&t->options, config);
    char *text = ore_json_text(config, true);
    if (text)
        fputs(text, stdout);
    ore_string_free(text);
    ore_json_free(config);
    return ore_ok() ? EXIT_OK : EXIT_RUN;
}

/* For --resume: takes the values of the run's config for all that the user has not set. */
static int read_run_config(train_options *t, const char *out) {
    ore_json *saved = rundir_read_config(out);
    if (saved)
        train_options_adopt(t, saved, out);
    ore_json_free(saved);
    return ore_ok() ? EXIT_OK : EXIT_RUN;
}

/* The run gets the best device that this build has, unless the user has set one. */
static ore_status settle_device(train_options *t) {
    bool cuda = ore_device_is_available(ORE_CUDA);
    if (t->config.device == ORE_CUDA && !cuda)
        return ore_fail(ORE_UNSUPPORTED,
                        "--device cuda: this build of Ore has no CUDA; expected cpu or auto");
    if (t->config.device == CONFIG_AUTO)
        t->config.device = cuda ? ORE_CUDA : ORE_CPU;
    return ORE_OK;
}

static int run_options(train_options *t) {
    char text[RUNDIR_PATH_BYTES];
    const train_config *c = &t->config;
    const char *out = *c->out ? c->out : train_default_out(c, text, sizeof text);
    if (c->resume && (rundir_check(out, true, false) != ORE_OK || read_run_config(t, out) != 0))
        return EXIT_RUN;
    if (train_options_resolve(t) != ORE_OK)
        return usage_failure();
    if (c->print_config)
        return print_config(t);
    if (settle_device(t) != ORE_OK || rundir_check(out, c->resume, c->force) != ORE_OK ||
        (c->force && data_places_check_replaced(t, out) != ORE_OK))
        return EXIT_RUN;
    if (c->threads != CONFIG_AUTO_INT && ore_set_num_threads((int)c->threads) != ORE_OK)
        return EXIT_USAGE;
    return train_run_whole(t, out);
}

static ore_json *saved_config(const char *dir) {
    return rundir_check(dir, true, false) == ORE_OK ? rundir_read_config(dir) : NULL;
}

static int run(const arguments *a) {
    train_options t;
    int status;
    if (train_options_read(&t, a, saved_config) == ORE_OK && train_init_options(&t) == ORE_OK)
        status = run_options(&t);
    else
        status = usage_failure();
    train_options_free(&t);
    return status;
}

const command command_train = {
    .name = "train",
    .summary = "Train a model on a text",
    .usage = "ore train MODEL [--data FILE] [--preset NAME] [--out DIR] [--KEY VALUE ...]",
    .about =
        "Trains a model on a text file, or on the embedded list of names, and leaves a run\n"
        "directory with its config, weights, tokenizer, metrics and loss curve. A value comes\n"
        "from its flag, else from --config, else from the preset, else it is the default.\n"
        "A switch is set by --flag, --flag true, or --no-flag. Ctrl-C saves a checkpoint;\n"
        "--resume goes on as if the run had never stopped. ore train MODEL --help shows what\n"
        "applies to one model.",
    .run = run,
    .field = train_field,
    .more_help = train_print_models,
    .help_for = train_print_model_help,
};
