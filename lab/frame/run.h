/* run.h: running rungs, and showing their records. */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include <stdio.h>

#include "lab/frame/rung.h"

typedef struct lab_record lab_record;

typedef struct lab_options {
    const char *folder; /* for pictures; "runs/lab" */
    const char *words;  /* a file with one word per line; NULL: see lab_words */
    const char *text;   /* a file with a text; NULL: see lab_text_path */
    bool quick;         /* false */
    FILE *out;          /* where the story is printed as it is told; NULL (default): nowhere */
} lab_options;

lab_options lab_defaults(void);
/* A new lab; NULL with ORE_MEMORY. */
lab *lab_new(const lab_options *options);
void lab_free(lab *l);

/* Seeds the default generator with 1, runs a rung and prints its table. Returns its record, to be
 * released with lab_record_free; an error that stopped the rung is kept in it, and is no longer
 * pending. NULL with ORE_MEMORY. */
lab_record *lab_run(lab *l, const lab_rung *rung);
void lab_record_free(lab_record *record);

typedef struct lab_counts {
    int64_t agree, differ; /* of published rows and conditions; a missing row differs */
    int64_t not_run;       /* left out because of --quick */
    int64_t apart;         /* rows that are not compared, or not with this data */
} lab_counts;

/* Whether --quick has changed anything: not every rung has a long training. */
bool lab_has_cut(const lab *l);
/* Counts the results of a record. One that stopped with an error has at least one difference. */
lab_counts lab_count(const lab_record *record);
/* The error that stopped the rung; NULL if none did. */
const char *lab_error_of(const lab_record *record);
/* Writes what differs, as "bigram: p1.names, 2 checks", to text, which it returns. */
const char *lab_differences_text(const lab_record *record, char *text, size_t bytes);
void lab_print_table(const lab_record *record, FILE *out);
/* Writes one page with the stories, tables and pictures of n records, which needs no other file. */
ore_status lab_write_report(lab *l, lab_record *const *records, int n, const char *path);

#endif
