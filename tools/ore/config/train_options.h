/* train_options.h: the config of `ore train`: the keys common to all models, and the model with its
 * own. */
#ifndef ORE_TOOL_TRAIN_OPTIONS_H
#define ORE_TOOL_TRAIN_OPTIONS_H

#include "cli/arguments.h"
#include "cli/options.h"
#include "models/family.h"

/* The value of the key data that means standard input. */
#define DATA_STANDARD_INPUT "-"

/* The values of the keys that are choices, beside those that have an enum in the library: schedule
 * is an ore_schedule_kind, device an ore_device, dtype an ore_dtype, model a place in the list of
 * models. */
enum { DECAY_MATRICES, DECAY_ALL };
enum {
#define OPTIMIZER(name, reads) OPTIMIZER_##name,
#include "config/optimizers.def"
#undef OPTIMIZER
};

typedef struct train_config {
    /* One member per row of train_options.def, named by its key. */
#define INT(group, key, ...)    int64_t key;
#define FLOAT(group, key, ...)  double key;
#define SWITCH(group, key, ...) int key;
#define TEXT(group, key, ...)   char *key;
#define CHOICE(group, key, ...) int key;
#include "config/train_options.def"
#undef INT
#undef FLOAT
#undef SWITCH
#undef TEXT
#undef CHOICE
    /* The configs of the model's family and of its task, structs of their own; owned by the
     * train_options. */
    void *net, *task;
} train_config;

typedef struct train_options {
    train_config config;
    options options;
    /* What the command line of a resumed run changes of its config.json: */
    char asked_data[4096], asked_val_data[4096]; /* other paths of its texts; "": the same */
    int64_t steps_before; /* its number of steps, where more are asked for; else 0 */
} train_options;

/* ---- the model ---- */

const named_model *train_model_of(const train_config *c);
const model_family *family_of(const train_config *c);
const model_task *task_of(const train_config *c);
/* Two sizes that every language model has; that of the vocabulary may be CONFIG_AUTO_INT. */
int64_t train_vocab_size(const train_config *c);
int64_t train_block_size(const train_config *c);

/* ---- rows (train_rows.c) ---- */

/* The rows that apply to a model, with its defaults. */
const option *train_option_rows(const named_model *m, int *count);
/* Whether a row says which data there is and how it is read, and whether it names a file or folder
 * of data, as data, val_data and vocab do. */
bool train_row_is_data(const option *row);
bool train_row_is_path(const option *row);
/* The field of a key that all models or some have; NULL if none has. */
const config_field *train_field(const char *key);
/* The word that the value of a choice of train_options.def stands for. */
const char *train_word(const train_config *c, const char *key);
/* For a key that these rows lack but another model has: sets the error and returns true
 * (options.h). */
bool train_refuse_key(const options *o, const char *key, const char *label);
/* "gpt|transformer|.." into text of CONFIG_DOMAIN_BYTES; returns text. */
const char *train_model_names(char *text);

/* ---- values (train_options.c) ---- */

/* The model's defaults. Needs train_options_free, also after a failure. */
ore_status train_options_init(train_options *t, const named_model *m);
/* The config that a run's config.json holds; `file` names it in messages. Needs
 * train_options_free, also after a failure. */
ore_status train_options_load(train_options *t, ore_json *saved, const char *file);
void train_options_free(train_options *t);

/* Replaces each "auto" that depends on other keys, then checks what two keys say together. */
ore_status train_options_resolve(train_options *t);

/* "runs/NAME" into text: the preset's name, or the data file's without folder and ending, with
 * "MODEL-" before it for models other than the first. */
const char *train_default_out(const train_config *c, char *text, size_t bytes);

/* ---- the command line (train_read.c) ---- */

/* The config.json of the run in a folder, to be freed with ore_json_free; NULL with an error where
 * there is no run to go on with. */
typedef ore_json *(*train_saved_config)(const char *dir);

/* Reads the command line of `ore train`: MODEL, flags, and the preset and the file that they name.
 * With --resume and no model, it takes the model of the run, whose config `saved` reads (NULL: runs
 * cannot be resumed here). Values that depend on the data or on other keys stay "auto" until
 * train_options_resolve. To be released with train_options_free, also after a failure. */
ore_status train_options_read(train_options *t, const arguments *a, train_saved_config saved);

/* ---- resuming a run (train_adopt.c) ---- */

/* For a resumed run: compares what the user has set with the run's config.json, ORE_DATA naming the
 * first key that differs, then takes the run's values. More steps and other paths of its texts are
 * allowed, and are kept in `t` until the run takes them. */
ore_status train_options_adopt(train_options *t, ore_json *saved, const char *where);

/* ---- help (train_help.c) ---- */

/* All models with their keys, and the recipes. */
void train_print_models(FILE *out, bool markdown);
/* The help of the model that the command line names; false if it names none. */
bool train_print_model_help(const arguments *a, FILE *out);

#endif
