/* options.h: one table per command says which keys it takes. The same rows read flags and JSON
 * files, check values, fill a config struct, and write --help, docs/commands.md and config.json.
 *
 * A value has an origin, and one of lower origin never replaces one of higher: flags can be read
 * first, then the file and the preset that they name. Failures are pending errors (ore/base.h):
 * ORE_INVALID for what the user wrote, ORE_IO or ORE_DATA for a file. */
#ifndef ORE_TOOL_OPTIONS_H
#define ORE_TOOL_OPTIONS_H

#include <stdio.h>

#include <ore/io.h>

typedef enum option_type {
    OPTION_INT,    /* int64_t */
    OPTION_FLOAT,  /* double */
    OPTION_BOOL,   /* int: 0, 1 or OPTION_AUTO_BOOL */
    OPTION_TEXT,   /* char *, never NULL, owned by the options */
    OPTION_CHOICE, /* char *, one of the domain's words */
} option_type;

/* What "auto" is stored as; only keys whose default is "auto" take it. Texts hold "auto", floats
 * NaN. */
#define OPTION_AUTO_INT INT64_MIN
enum { OPTION_AUTO_BOOL = -1 };

enum {
    OPTION_SAVED = 0,
    OPTION_UNSAVED = 1,  /* not part of what a run is: left out of options_to_json */
    OPTION_FLAG_ONLY = 2 /* unsaved, and not to be set from a file */
};

typedef struct option {
    const char *group;
    const char *key; /* with underscores */
    option_type type;
    size_t offset;        /* of the value in the config struct */
    const char *fallback; /* the default as a user would write it */
    const char *domain;   /* numbers: "[0, 1)"; choices: "a|b"; texts: "FILE" */
    int kind;             /* OPTION_SAVED .. */
    const char *help;
} option;

typedef enum option_origin {
    ORIGIN_DEFAULT,
    ORIGIN_PRESET,
    ORIGIN_FILE,
    ORIGIN_FLAG,
} option_origin;

enum {
    OPTION_ROWS_MAX = 128,
    OPTION_LABEL_BYTES = 512,
    OPTION_HINT_BYTES = 160,
    OPTION_NO_BYTES = 3 /* of "no-" */
};

typedef struct options options;
struct options {
    const option *rows;
    int count;
    void *values; /* the config struct */
    option_origin origin[OPTION_ROWS_MAX];
    /* Raises the error for a key that the rows lack and another table has, and returns true;
     * `label` starts its message. NULL: there is no other table. */
    bool (*refuse)(const options *o, const char *key, const char *label);
};

/* Fills the config struct with the defaults. `values` outlives the options. */
ore_status options_init(options *o, const option *rows, int count, void *values);
/* Releases the texts of the config struct. */
void options_free(options *o);

/* Raises the error for an option that there is not, naming the nearest. */
ore_status options_fail_unknown(const options *o, const char *name);
/* What may have been meant by a key that there is not, to go behind the words that say so: "; did
 * you mean --steps?", or "" (options_suggest.c). `flag`: keys are written as flags. */
const char *options_hint(const options *o, const char *name, bool flag, char *text, size_t bytes);
/* Dashes and underscores are the same. */
bool options_same_key(const char *a, const char *b);
/* Does it begin with "no-" or "no_"? */
bool option_negated(const char *name);
/* The row of a key written with dashes or underscores; NULL if there is none. */
const option *options_find(const options *o, const char *key);
/* Where the value of an existing key came from. */
option_origin options_origin(const options *o, const char *key);
/* Checks and stores one value. `label` starts the message of a failure. */
ore_status options_set(options *o, const option *row, const char *text, option_origin origin,
                       const char *label);
/* Sets an existing key from a preset or as a resolved "auto", whatever its origin is; no text may
 * fail its row's check. */
ore_status options_replace(options *o, const char *key, const char *text);

/* Reads --key value, --key=value, --flag, --no-flag. What is no flag goes to positionals[], at
 * most `capacity` of them; "--" ends the flags. */
ore_status options_parse_flags(options *o, int argc, char **argv, const char **positionals,
                               int capacity, int *n);
/* Reads a JSON object of keys; `where` names it in messages. */
ore_status options_parse_json(options *o, ore_json *object, const char *where,
                              option_origin origin);
ore_status options_read_file(options *o, const char *path);
/* A file's JSON, to be freed with ore_json_free; NULL with ORE_IO or ORE_DATA. */
ore_json *options_load_json(const char *path);
/* A member as a user would write it on the command line, into text; false for objects, arrays, null
 * and what is missing. */
bool options_json_scalar(const ore_json *object, const char *key, char *text, size_t bytes);
/* Adds the saved keys and their values to an object. */
ore_status options_to_json(const options *o, ore_json *object);

/* As ore_number_text, but "auto" for NaN. */
const char *option_number_text(double value, char text[ORE_NUMBER_TEXT_BYTES]);
/* A value as a user would write it, into text; returns text. */
const char *option_value_text(const options *o, const option *row, char *text, size_t bytes);
/* "n_layer" as "--n-layer". */
const char *option_flag_text(const char *key, char *text, size_t bytes);
/* "0 <= dropout < 1" of a number's row. */
const char *option_range_text(const option *row, char *text, size_t bytes);

void options_print_help(const option *rows, int count, FILE *out);
/* One line of help, the right side folded under itself. */
void help_print_pair(FILE *out, const char *left, const char *right);
void options_print_markdown(const option *rows, int count, FILE *out);

#endif
