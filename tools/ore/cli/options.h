/* options.h: the options of a command, one table of rows each. The rows are used to read flags and
 * JSON files, to fill a config struct, and to write --help, docs/commands.md and config.json. Each
 * row has a field (models/config.h), which says what type a value has and which values it may have.
 *
 * Every value has an origin, and a value of a lower origin never replaces one of a higher: so flags
 * can be read first, then the file and the preset that they name. Failures set an error
 * (ore/base.h): ORE_INVALID for what the user wrote, ORE_IO or ORE_DATA for a file. */
#ifndef ORE_TOOL_OPTIONS_H
#define ORE_TOOL_OPTIONS_H

#include <stdio.h>

#include "cli/arguments.h"
#include "models/config.h"

enum {
    OPTION_SAVED = 0,
    OPTION_UNSAVED = 1,  /* does not change a run's results: options_to_json leaves it out */
    OPTION_FLAG_ONLY = 2 /* unsaved, and cannot be set in a file */
};

/* A field of a config, as an option of a command. */
typedef struct option {
    const char *group; /* the heading that it stands under in the help */
    config_field field;
    int kind; /* OPTION_SAVED and the like */
    int part; /* the index of the struct that holds its value, in options.values */
} option;

typedef enum option_origin {
    ORIGIN_DEFAULT,
    ORIGIN_PRESET,
    ORIGIN_FILE,
    ORIGIN_FLAG,
} option_origin;

enum {
    OPTION_ROWS_MAX = 128,
    OPTION_PARTS = 3, /* structs that one table of rows can fill */
    OPTION_HINT_BYTES = 160,  /* of the text of options_hint */
    OPTION_REASON_BYTES = 128 /* of a text that says why an option changes nothing */
};

/* The structs of the rows of part 0, 1 ..; NULL where no row has that part. */
typedef struct option_structs {
    void *of_part[OPTION_PARTS];
} option_structs;

/* Which actions, the words behind a command's name, take an option: "encode, show or bench". */
typedef struct option_users {
    const char *key, *actions;
} option_users;

typedef struct options options;
struct options {
    const option *rows;
    int count;
    option_structs structs;
    option_origin origin[OPTION_ROWS_MAX];
    /* For a key that these rows do not have but another table has: sets the error, whose message
     * begins with `label`, and returns true. NULL: there is no other table. */
    bool (*refuse)(const options *o, const char *key, const char *label);
};

/* Fills the config structs, which outlive the options, with the defaults. */
ore_status options_init(options *o, const option *rows, int count, option_structs structs);
/* Releases the texts of the config structs. */
void options_free(options *o);

/* Sets the error for an unknown option, with a hint at the one that was perhaps meant. */
ore_status options_fail_unknown(const options *o, const char *name);
/* The hint for an unknown key, which a message ends with: "; did you mean --steps?", or "" where no
 * key is near (options_suggest.c). `flag`: keys are written as flags. Returns text. */
const char *options_hint(const options *o, const char *name, bool flag, char *text, size_t bytes);
/* The row of a key written with dashes or underscores; NULL if there is none. */
const option *options_find(const options *o, const char *key);
/* Where the value of an existing key came from. */
option_origin options_origin(const options *o, const char *key);
/* The struct that holds a row's value. */
void *options_part(const options *o, const option *row);
/* For each row whose field has a general field (config.h): gives it that field's value, where it is
 * "auto" itself, or where the general one has a higher origin. */
ore_status options_settle(options *o);
/* Checks and stores one value. The message of a failure begins with `label`. */
ore_status options_set(options *o, const option *row, const char *text, option_origin origin,
                       const char *label);
/* Sets an existing key, whatever its origin: for a preset's values and for an "auto" that has
 * become known. The text must be one that the row takes. */
ore_status options_replace(options *o, const char *key, const char *text);

/* Sets the options from the flags of a command line. Its other words go to words[], at most
 * `capacity`; elements without a word keep their value. */
ore_status options_take(options *o, const arguments *a, const char **words, int capacity);
/* ORE_INVALID where a flag is none of this action's. Options that are not among the `count` of
 * `users` are those of all actions. */
ore_status options_check_action(const options *o, const option_users *users, int count,
                                const char *action);
/* Sets the options from the members of a JSON object, which messages call `where`. */
ore_status options_parse_json(options *o, ore_json *object, const char *where,
                              option_origin origin);
/* The same from a JSON file. */
ore_status options_read_file(options *o, const char *path);
/* The JSON object in a file, to be freed with ore_json_free; NULL with ORE_IO or ORE_DATA. */
ore_json *options_load_json(const char *path);
/* Adds the saved keys and their values to an object. */
ore_status options_to_json(const options *o, ore_json *object);

/* A value as a user would write it, into text; returns text. */
const char *option_value_text(const options *o, const option *row, char *text, size_t bytes);
/* "n_layer" as "--n-layer". */
const char *option_flag_text(const char *key, char *text, size_t bytes);

void options_print_help(const option *rows, int count, FILE *out);
/* Prints one line of help; the right side, if it is long, goes on below itself. */
void help_print_pair(FILE *out, const char *left, const char *right);
/* Prints "note        --momentum changes nothing with --optimizer adamw". */
void option_print_idle(FILE *out, const char *key, const char *reason);
void options_print_markdown(const option *rows, int count, FILE *out);

/* What a key `dtype` takes: float32 and the half types, also by short names. */
extern const config_choice option_dtypes[];

#endif
