/* run_open.h: a finished or stopped run, opened to be read. */
#ifndef ORE_TOOL_RUN_OPEN_H
#define ORE_TOOL_RUN_OPEN_H

#include <stdio.h>

#include <ore/train.h>

#include "run/run_state.h"
#include "run/train_data.h"
#include "run/train_model.h"

typedef struct opened_run {
    train_options options; /* those of its config.json */
    model model;           /* in eval mode */
    ore_generator *generator;
    char dir[4096], tokenizer_path[4096];
    bool has_state; /* false for weights made elsewhere */
    run_state state;
} opened_run;

/* Reads DIR/config.json and the weights of its checkpoint: the last ones, or the best. Needs
 * opened_run_close, also after a failure. */
ore_status opened_run_open(opened_run *run, const char *dir, bool best);
void opened_run_close(opened_run *run);
/* The texts that the run was trained on, wherever they are now. Needs train_data_close, also after
 * a failure. */
ore_status opened_run_open_data(const opened_run *run, train_data *data);
/* What a loss is measured over. */
typedef struct measured_text {
    const char *file; /* "": the run's own text, which must be what it was trained on */
    bool whole;       /* all of `file`; else the part of it, or of the run's text: */
    ore_part part;
} measured_text;
/* The loss over it, and into `notes` (NULL: nowhere) how it was read and what of it counts. */
ore_status opened_run_evaluate(opened_run *run, const measured_text *m, FILE *notes,
                               ore_evaluation *out);

/* A command that opens a run: what it takes, and what it does then. */
typedef struct run_reader {
    const option *rows;
    int count;
    void *config;           /* the rows' struct */
    const int *best;        /* members of it */
    const int64_t *threads; /* or CONFIG_AUTO_INT */
    const char *usage;      /* "ore eval DIR [--best]", for where DIR is missing */
    ore_status (*work)(opened_run *run, const void *config);
} run_reader;

/* Reads flags and DIR, opens the run, works, closes it. Returns the exit status. */
int run_reader_run(const run_reader *reader, const arguments *a);

#endif
