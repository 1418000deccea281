/* train_options.h: the config of `ore train`, its table and its presets. */
#ifndef ORE_TOOL_TRAIN_OPTIONS_H
#define ORE_TOOL_TRAIN_OPTIONS_H

#include "options.h"

/* One member per row of train_options.def, named by its key. */
typedef struct train_config {
#define INT(group, key, ...)    int64_t key;
#define FLOAT(group, key, ...)  double key;
#define SWITCH(group, key, ...) int key;
#define TEXT(group, key, ...)   char *key;
#define CHOICE(group, key, ...) char *key;
#include "train_options.def"
#undef INT
#undef FLOAT
#undef SWITCH
#undef TEXT
#undef CHOICE
} train_config;

typedef struct train_options {
    train_config config;
    options options;
} train_options;

const option *train_option_rows(int *count);

/* Reads the command line of `ore train`: MODEL, flags, and the preset and file that they name.
 * "auto" stays where the data or the model decide; see train_options_resolve. Needs
 * train_options_free, also after a failure. */
ore_status train_options_read(train_options *t, int argc, char **argv);
void train_options_free(train_options *t);

/* Replaces each "auto" that depends on other keys, then checks what two keys say together. */
ore_status train_options_resolve(train_options *t);

/* "runs/NAME" into text: the preset's name, or the data file's without folder and ending. */
const char *train_default_out(const train_config *c, char *text, size_t bytes);

/* Compares what the user set with the config.json of a run that goes on, naming the first key that
 * differs (ORE_DATA), then takes the run's values. */
ore_status train_options_adopt(train_options *t, const json_t *saved, const char *where);

/* Recipes, for help and documentation. */
void train_print_presets(FILE *out, bool markdown);

#endif
