/* record.h: the inside of a lab: what the running rung has reported so far. */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include <stdio.h>

#include "lab/frame/lab.h"
#include "lab/frame/published.h"
#include "lab/frame/rung.h"
#include "lab/frame/text.h"

typedef enum lab_part_kind {
    LAB_HEADING,
    LAB_PARAGRAPH,
    LAB_PREFORMATTED,
    LAB_PICTURE
} lab_part_kind;

/* One part of the story. */
typedef struct lab_part {
    lab_part_kind kind;
    char *text; /* a picture's is its caption */
    char *file; /* a picture's name in the output folder, without .svg; else NULL */
} lab_part;

typedef enum lab_verdict {
    LAB_AGREES,
    LAB_DIFFERS,
    LAB_MISSING,      /* the rung did not report it: counts as differing */
    LAB_NOT_COMPARED, /* the row is marked "do not test" */
    LAB_OTHER_DATA,   /* the published result is of other data */
    LAB_NOT_RUN,      /* left out because of --quick */
    LAB_NOTE,         /* not a published result */
} lab_verdict;

/* A line of the table. */
typedef struct lab_result {
    const lab_row *row; /* NULL for a note */
    char *quantity;
    char *value;       /* Ore's result; NULL if none was reported */
    double difference; /* the largest difference of numbers; NaN where there is none */
    bool relative;     /* that difference is relative */
    lab_verdict verdict;
} lab_result;

typedef struct lab_check {
    char *text;
    bool holds;
} lab_check;

/* The record of one run of a rung. */
typedef struct lab_record {
    const lab_rung *rung;
    lab_part *parts;
    lab_result *results;
    lab_check *checks;
    int64_t part_count, result_count, check_count;
    char *error; /* the error that stopped it; NULL if none did */
    double took_s;
} lab_record;

struct lab {
    FILE *out; /* where the story is printed as it is told; NULL: nowhere */
    char *folder;
    char *words_path, *text_path; /* of --data and --text; NULL where they are not given */
    bool quick, quick_sought;     /* --quick is given; a rung has asked whether it is */
    lab_published_table *published;
    char *word_bytes; /* the file of words, its lines ended by NUL */
    const char **words;
    int64_t word_count;
    bool words_published, text_published, text_sought;
    bool line_drawn; /* the terminal shows a line of progress */
    double drawn_s;  /* when it was drawn, in seconds of ore_clock_s() */
    lab_record *record;
};

/* A verdict in words: "agrees", "differs" and so on. */
const char *lab_verdict_text(lab_verdict verdict);
/* Removes the line of progress from the terminal. */
void lab_clear_line(lab *l);
/* Adds a result for each row of the rung that it has not reported. */
void lab_complete(lab *l);
void lab_record_free(lab_record *record);

#endif
