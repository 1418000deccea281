/* options.h: one table per command says which keys it takes. The same rows read flags and JSON
 * files, fill a config struct, and write --help, docs/commands.md and config.json; what one value
 * is, and which ones a key takes, its field says (models/config.h).
 *
 * A value has an origin, and one of lower origin never replaces one of higher: flags can be read
 * first, then the file and the preset that they name. Failures are pending errors (ore/base.h):
 * ORE_INVALID for what the user wrote, ORE_IO or ORE_DATA for a file. */
#ifndef ORE_TOOL_OPTIONS_H
#define ORE_TOOL_OPTIONS_H

#include <stdio.h>

#include "cli/arguments.h"
#include "models/config.h"

enum {
    OPTION_SAVED = 0,
    OPTION_UNSAVED = 1,  /* not part of what a run is: left out of options_to_json */
    OPTION_FLAG_ONLY = 2 /* unsaved, and not to be set from a file */
};

/* A field of a config, as a command takes it. */
typedef struct option {
    const char *group; /* its heading in the help */
    config_field field;
    int kind; /* OPTION_SAVED .. */
    int part; /* which of the options' structs holds its value */
} option;

typedef enum option_origin {
    ORIGIN_DEFAULT,
    ORIGIN_PRESET,
    ORIGIN_FILE,
    ORIGIN_FLAG,
} option_origin;

enum {
    OPTION_ROWS_MAX = 128,
    OPTION_PARTS = 2, /* structs that one table of rows fills */
    OPTION_HINT_BYTES = 160,
    OPTION_REASON_BYTES = 128 /* of why an option changes nothing */
};

typedef struct options options;
struct options {
    const option *rows;
    int count;
    void *values[OPTION_PARTS]; /* the config structs */
    option_origin origin[OPTION_ROWS_MAX];
    /* Raises the error for a key that the rows lack and another table has, and returns true;
     * `label` starts its message. NULL: there is no other table. */
    bool (*refuse)(const options *o, const char *key, const char *label);
};

/* Fills the config struct with the defaults; `values`, which outlives the options, is the struct of
 * the rows of part 0, and `more` that of part 1; NULL where no row has that. */
ore_status options_init(options *o, const option *rows, int count, void *values, void *more);
/* Releases the texts of the config structs. */
void options_free(options *o);

/* Raises the error for an option that there is not, naming the nearest. */
ore_status options_fail_unknown(const options *o, const char *name);
/* What may have been meant by a key that there is not, to go behind the words that say so: "; did
 * you mean --steps?", or "" (options_suggest.c). `flag`: keys are written as flags. */
const char *options_hint(const options *o, const char *name, bool flag, char *text, size_t bytes);
/* The row of a key written with dashes or underscores; NULL if there is none. */
const option *options_find(const options *o, const char *key);
/* Where the value of an existing key came from. */
option_origin options_origin(const options *o, const char *key);
/* The struct that holds a row's value. */
void *options_part(const options *o, const option *row);
/* Gives each row whose field has a general one (config.h) that one's value, where it is "auto" or
 * the general one was set by an origin above its own. */
ore_status options_settle(options *o);
/* Checks and stores one value. `label` starts the message of a failure. */
ore_status options_set(options *o, const option *row, const char *text, option_origin origin,
                       const char *label);
/* Sets an existing key from a preset or as a resolved "auto", whatever its origin is; no text may
 * fail its row's check. */
ore_status options_replace(options *o, const char *key, const char *text);

/* Takes the values of a command line's flags. Its words go to words[], at most `capacity` of them;
 * those that are not given stay as they were. */
ore_status options_take(options *o, const arguments *a, const char **words, int capacity);
/* Reads a JSON object of keys; `where` names it in messages. */
ore_status options_parse_json(options *o, ore_json *object, const char *where,
                              option_origin origin);
ore_status options_read_file(options *o, const char *path);
/* A file's JSON, to be freed with ore_json_free; NULL with ORE_IO or ORE_DATA. */
ore_json *options_load_json(const char *path);
/* Adds the saved keys and their values to an object. */
ore_status options_to_json(const options *o, ore_json *object);

/* A value as a user would write it, into text; returns text. */
const char *option_value_text(const options *o, const option *row, char *text, size_t bytes);
/* "n_layer" as "--n-layer". */
const char *option_flag_text(const char *key, char *text, size_t bytes);

void options_print_help(const option *rows, int count, FILE *out);
/* One line of help, the right side folded under itself. */
void help_print_pair(FILE *out, const char *left, const char *right);
/* "note        --momentum changes nothing with --optimizer adamw" */
void option_print_idle(FILE *out, const char *key, const char *reason);
void options_print_markdown(const option *rows, int count, FILE *out);

#endif
