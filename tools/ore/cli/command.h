/* command.h: what defines a command of `ore`, and the exit statuses. */
#ifndef ORE_TOOL_COMMAND_H
#define ORE_TOOL_COMMAND_H

#include "cli/options.h"

enum {
    EXIT_OK = 0,
    EXIT_RUN = 1,     /* the work failed: data, files, runs */
    EXIT_USAGE = 2,   /* the command line is wrong */
    EXIT_BROKEN = 130 /* ended by Ctrl-C: 128 + SIGINT, as shells have it */
};

typedef struct command {
    const char *name;
    const char *summary; /* one line */
    const char *usage;   /* "ore NAME ..." */
    const char *about;   /* lines of help */
    /* Gets the command line after the command's name; returns an exit status. A pending error is
     * printed by the caller. */
    int (*run)(const arguments *a);
    const option *(*rows)(int *count); /* the options; NULL: none */
    /* The field of a key that `rows` do not have but the command takes; or NULL. */
    const config_field *(*field)(const char *key);
    void (*more_help)(FILE *out, bool markdown); /* printed after the options; or NULL */
    /* Prints the help of a word of the command line, such as a model; false where no word has help
     * of its own. Or NULL. */
    bool (*help_for)(const arguments *a, FILE *out);
} command;

/* The exit status for an error that came while the command line was read: EXIT_USAGE, or EXIT_RUN
 * where it is about a file that the command line names. */
int usage_failure(void);

#endif
