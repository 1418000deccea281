/* run.h: running rungs, and showing what they leave. */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include <stdio.h>

#include "lab/frame/rung.h"

typedef struct lab_record lab_record;

typedef struct lab_options {
    const char *folder; /* for pictures; "runs/lab" */
    const char *words;  /* a file with a word a line; NULL: see lab_words */
    const char *text;   /* a running text; NULL: see lab_text_path */
    bool quick;         /* false */
    FILE *out;          /* where the story goes as it is told; NULL (default): nowhere */
} lab_options;

lab_options lab_defaults(void);
/* NULL with an error if there is no memory. */
lab *lab_new(const lab_options *options);
void lab_free(lab *l);

/* Runs the rung from a fresh default generator (seed 1) and prints its table. What it leaves, to
 * be given to lab_record_free; an error that stopped it is part of that and no longer pending.
 * NULL with ORE_MEMORY. */
lab_record *lab_run(lab *l, const lab_rung *rung);
void lab_record_free(lab_record *record);

typedef struct lab_counts {
    int64_t agree, differ; /* published rows and checks; a missing row differs */
    int64_t not_run;       /* left out by --quick */
    int64_t apart;         /* rows that are not to be compared, or not with this data */
} lab_counts;

/* Has a rung been cut short by `quick`? Not all have a long training. */
bool lab_has_cut(const lab *l);
/* A rung that stopped with an error has at least one difference. */
lab_counts lab_count(const lab_record *record);
/* Why the rung stopped, NULL if it did not. */
const char *lab_error_of(const lab_record *record);
/* What differs, "bigram: p1.names, 2 checks", into text; returns text. */
const char *lab_differences_text(const lab_record *record, char *text, size_t bytes);
void lab_print_table(const lab_record *record, FILE *out);
/* One page with the stories, tables and pictures of n records; needs no other file. */
ore_status lab_write_report(lab *l, lab_record *const *records, int n, const char *path);

#endif
