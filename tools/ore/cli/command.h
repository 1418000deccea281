/* command.h: what a command of `ore` is, and how commands end. */
#ifndef ORE_TOOL_COMMAND_H
#define ORE_TOOL_COMMAND_H

#include "cli/options.h"

enum {
    EXIT_OK = 0,
    EXIT_RUN = 1,     /* data, files, runs */
    EXIT_USAGE = 2,   /* the command line */
    EXIT_BROKEN = 130 /* Ctrl-C */
};

typedef struct command {
    const char *name;
    const char *summary; /* one line */
    const char *usage;   /* "ore NAME ..." */
    const char *about;   /* lines of help */
    /* Gets the command line after the command's name; returns an exit status. A pending error is
     * printed by the caller. */
    int (*run)(const arguments *a);
    const option *(*rows)(int *count); /* or NULL */
    /* The field of a key, where rows are not all that the command takes; or NULL. */
    const config_field *(*field)(const char *key);
    void (*more_help)(FILE *out, bool markdown); /* or NULL */
    /* Prints the help for what the command line names; false: it names nothing that has help of its
     * own. Or NULL. */
    bool (*help_for)(const arguments *a, FILE *out);
} command;

/* Exit status of a failure while the command line was read: EXIT_USAGE, or EXIT_RUN where a file
 * it names is at fault. */
int usage_failure(void);

#endif
