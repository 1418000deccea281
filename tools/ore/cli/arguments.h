/* arguments.h: a command line, read once into words and flags with their values. Whether a value is
 * one that the key takes is checked in options.h. */
#ifndef ORE_TOOL_ARGUMENTS_H
#define ORE_TOOL_ARGUMENTS_H

#include "models/config.h"

enum { ARGUMENT_KEY_BYTES = 128, ARGUMENT_NO_BYTES = 3 /* of "no-" */ };

typedef struct argument {
    const char *word; /* as the user wrote it: "gpt", "--lr=0.1", "--lr"; borrowed from argv */
    char key[ARGUMENT_KEY_BYTES]; /* of a flag, without its dashes; "" for a word that is no flag */
    const char *value;            /* of a flag; NULL where none was given */
    const char *next;             /* the word after a flag without a value; NULL at the end */
    bool plain;                   /* after "--": not a flag, even if it begins with a dash */
} argument;

typedef struct arguments {
    argument *items; /* (count) in the order of the command line; owned */
    int count;
    bool help; /* --help or -h was given */
} arguments;

/* Returns the field of a key of the command; NULL if it has no such key. */
typedef const config_field *(*argument_field)(const void *user, const char *key);

/* Reads --key value, --key=value, --switch, --no-switch and words that are no flags; "--" ends the
 * flags. Whether the word after --key is its value depends on the key's field: a switch takes
 * "true", "false" and the like; any other key, known or not, takes a word that does not begin with
 * two dashes. To be released with arguments_free, also after a failure (ORE_MEMORY). */
ore_status arguments_read(arguments *a, int argc, char **argv, argument_field field,
                          const void *user);
/* Adds an item at the end; what it points to is borrowed. */
ore_status arguments_add(arguments *a, argument item);
/* The item that stands for the flag --KEY=VALUE. */
argument argument_of(const char *key, const char *value);
void arguments_free(arguments *a);

/* Word i, counted from 0, of those that are no flags; NULL if there are fewer. */
const argument *arguments_word(const arguments *a, int i);
/* ORE_INVALID for a word that looks like a flag with one dash: "-x: unknown option; ..". */
ore_status argument_check_word(const argument *word);
/* The last flag of that key, in which dashes and underscores are the same; NULL if there is
 * none. */
const argument *arguments_find(const arguments *a, const char *key);
/* Whether the item is a flag that begins with "no-" or "no_". */
bool argument_negated(const char *key);

#endif
