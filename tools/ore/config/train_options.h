/* train_options.h: the config of `ore train`, its table and its presets. */
#ifndef ORE_TOOL_TRAIN_OPTIONS_H
#define ORE_TOOL_TRAIN_OPTIONS_H

#include "config/family.h"
#include "cli/options.h"

/* One member per row of train_options.def, named by its key. Those that the model has no row for
 * are 0 or NULL, but for block_size, which then is the model's context. */
typedef struct train_config {
#define INT(group, key, ...)    int64_t key;
#define FLOAT(group, key, ...)  double key;
#define SWITCH(group, key, ...) int key;
#define TEXT(group, key, ...)   char *key;
#define CHOICE(group, key, ...) char *key;
#include "config/train_options.def"
#undef INT
#undef FLOAT
#undef SWITCH
#undef TEXT
#undef CHOICE
} train_config;

typedef struct train_options {
    train_config config;
    options options;
    /* What a resumed run is asked to have otherwise than its config.json says: */
    char asked_data[4096], asked_val_data[4096]; /* texts at another place; "": none */
    int64_t steps_before;                        /* the fewer steps that it had; 0: as many */
} train_options;

/* The rows that apply to a family, with its defaults; NULL: all of them. */
const option *train_option_rows(const model_family *f, int *count);

/* The family's defaults (NULL: all rows of the table). Needs train_options_free, also after a
 * failure. */
ore_status train_options_init(train_options *t, const model_family *f);
/* The config that a run's config.json holds; `file` names it in messages. Needs
 * train_options_free, also after a failure. */
ore_status train_options_load(train_options *t, ore_json *saved, const char *file);

/* Reads the command line of `ore train`: MODEL, flags, and the preset and file that they name.
 * "auto" stays where the data or the model decide; see train_options_resolve. Needs
 * train_options_free, also after a failure. */
ore_status train_options_read(train_options *t, int argc, char **argv);
void train_options_free(train_options *t);

/* Replaces each "auto" that depends on other keys, then checks what two keys say together. */
ore_status train_options_resolve(train_options *t);

/* "runs/NAME" into text: the preset's name, or the data file's without folder and ending, with
 * "MODEL-" before it for models other than gpt. */
const char *train_default_out(const train_config *c, char *text, size_t bytes);

/* Compares what the user set with the config.json of a run that goes on, naming the first key that
 * differs (ORE_DATA), then takes the run's values. More steps, and other places of its texts, are
 * kept for the run to take. */
ore_status train_options_adopt(train_options *t, ore_json *saved, const char *where);

/* ---- help (train_help.c) ---- */

/* All models with their keys, and the recipes. */
void train_print_models(FILE *out, bool markdown);
/* The help of the model that the words name; false if they name none. */
bool train_print_model_help(int argc, char **argv, FILE *out);

#endif
