/* arguments.h: a command line, read once into words and flags with their values. Which values the
 * keys take is options.h's to check. */
#ifndef ORE_TOOL_ARGUMENTS_H
#define ORE_TOOL_ARGUMENTS_H

#include "models/config.h"

enum { ARGUMENT_KEY_BYTES = 128, ARGUMENT_NO_BYTES = 3 /* of "no-" */ };

typedef struct argument {
    const char *word; /* as it was given: "gpt", "--lr=0.1", "--lr"; borrowed from argv */
    char key[ARGUMENT_KEY_BYTES]; /* of a flag, without dashes and value; "": it is no flag */
    const char *value;            /* of a flag; NULL: none was given */
    const char *next;             /* what followed a flag that got no value; NULL: nothing */
    bool plain;                   /* a word after "--", whatever it begins with */
} argument;

typedef struct arguments {
    argument *items; /* (count) in the order of the command line; owned */
    int count;
    bool help; /* --help or -h was given */
} arguments;

/* Tells the field of a key of the command; NULL: it has no such key. */
typedef const config_field *(*argument_field)(const void *user, const char *key);

/* Reads --key value, --key=value, --switch, --no-switch and words that are no flags; "--" ends the
 * flags. Only a field can tell whether the word after --key is its value: a switch takes true,
 * false and their like, and any other key, known or not, takes what does not begin with two dashes.
 * Needs arguments_free, also after a failure (ORE_MEMORY). */
ore_status arguments_read(arguments *a, int argc, char **argv, argument_field field,
                          const void *user);
/* Adds an item at the end; what it points to is borrowed. */
ore_status arguments_add(arguments *a, argument item);
/* A flag as an item: "--KEY=VALUE". */
argument argument_of(const char *key, const char *value);
void arguments_free(arguments *a);

/* The i-th word that is no flag; NULL if there are fewer. */
const argument *arguments_word(const arguments *a, int i);
/* ORE_INVALID for a word that looks like a flag with one dash: "-x: unknown option; ..". */
ore_status argument_check_word(const argument *word);
/* The last flag of that key, in which dashes and underscores are the same; NULL if there is
 * none. */
const argument *arguments_find(const arguments *a, const char *key);
/* Whether the item is a flag that begins with "no-" or "no_". */
bool argument_negated(const char *key);

#endif
