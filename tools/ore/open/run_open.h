/* run_open.h: opening a run, finished or not, to read it. */
#ifndef ORE_TOOL_RUN_OPEN_H
#define ORE_TOOL_RUN_OPEN_H

#include <stdio.h>

#include <ore/train.h>

#include "open/run_state.h"

typedef struct opened_run {
    train_options options; /* those of its config.json */
    model model;           /* in eval mode */
    ore_generator *generator;
    char dir[RUNDIR_PATH_BYTES];
    bool published; /* it is a checkpoint that others made, and dir its folder or file */
    bool has_state; /* it has a state.json; false for weights that were made elsewhere */
    run_state state;
    train_data data; /* of opened_run_data */
    bool has_data;
} opened_run;

/* Reads DIR/config.json and the weights of its checkpoint, the last or the best ones; or what
 * others made (published.h). To be released with opened_run_close, also after a failure. */
ore_status opened_run_open(opened_run *run, const char *dir, bool best);
/* The same with weights of the dtypes that are stored, to be written anew. */
ore_status opened_run_open_stored(opened_run *run, const char *dir, bool best);
void opened_run_close(opened_run *run);
/* The data that the run was trained on, wherever it is now: the run's, opened by the first call.
 * NULL on failure. */
const train_data *opened_run_data(opened_run *run);
/* The data that a loss is measured over. */
typedef struct measured_data {
    const char *file; /* "": the run's own data, which must be what it was trained on */
    bool whole;       /* all of `file`; else the part of it, or of the run's data: */
    ore_part part;
} measured_data;
/* The loss over it and what else the task measures, and into `notes` (NULL: nowhere) how it was
 * read and what of it counts. */
ore_status opened_run_evaluate(opened_run *run, const measured_data *m, FILE *notes,
                               ore_evaluation *out);

/* The rows of `best` and `threads`, members of a struct, for the commands below. */
#define RUN_READER_ROWS(group, config)                                                             \
    {group,                                                                                        \
     CONFIG_FIELD_SWITCH(config, best, "false", NULL,                                              \
                         "the weights of the lowest validation loss, not the last ones"),          \
     OPTION_UNSAVED, 0},                                                                           \
    {                                                                                              \
        group,                                                                                     \
            CONFIG_FIELD_INT(config, threads, "auto", "[1, 256]",                                  \
                             "threads; results do not depend on it; auto: all cores"),             \
            OPTION_UNSAVED, 0                                                                      \
    }

/* A command that opens a run: what it takes, and what it does then. */
typedef struct run_reader {
    const option *rows;
    int count;
    option_structs structs; /* the rows' */
    void *config;           /* for work */
    const int *best;        /* members of the structs */
    const int64_t *threads; /* or CONFIG_AUTO_INT */
    const char *usage;      /* "ore eval DIR [--best]", for where DIR is missing */
    ore_status (*work)(opened_run *run, const void *config);
} run_reader;

/* The task of the run that a command line names; that of language models where it names none that
 * can be read, of which run_reader_run tells. */
const run_task *run_reader_task(const arguments *a);
/* Reads flags and DIR, opens the run, works, closes it. Returns the exit status. */
int run_reader_run(const run_reader *reader, const arguments *a);

#endif
