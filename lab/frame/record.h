/* record.h: the inside of a lab: what the rung that runs has told so far. */
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
    char *text; /* of a picture: its caption */
    char *file; /* of a picture: its name in the output folder, without ending; else NULL */
} lab_part;

typedef enum lab_verdict {
    LAB_AGREES,
    LAB_DIFFERS,
    LAB_MISSING,      /* nobody reported it: counts as differing */
    LAB_NOT_COMPARED, /* "do not test" */
    LAB_OTHER_DATA,   /* published for data that is not this */
    LAB_NOT_RUN,      /* left out by --quick */
    LAB_NOTE,         /* not published */
} lab_verdict;

/* A line of the table. */
typedef struct lab_result {
    const lab_row *row; /* NULL for a note */
    char *quantity;
    char *value;       /* what Ore has, NULL if nothing came */
    double difference; /* the largest one, NaN where none was taken */
    bool relative;     /* the difference is relative */
    lab_verdict verdict;
} lab_result;

typedef struct lab_check {
    char *text;
    bool holds;
} lab_check;

/* What one run of a rung leaves. */
typedef struct lab_record {
    const lab_rung *rung;
    lab_part *parts;
    lab_result *results;
    lab_check *checks;
    int64_t part_count, result_count, check_count;
    char *error; /* why it stopped, NULL if it did not */
    double took_s;
} lab_record;

struct lab {
    FILE *out; /* the story as it goes; NULL: silent */
    char *folder;
    char *words_path, *text_path; /* NULL: none given */
    bool quick, quick_sought;     /* asked for; a rung has looked */
    lab_published_table *published;
    char *word_bytes; /* the file, its lines ended by NUL */
    const char **words;
    int64_t word_count;
    bool words_published, text_published, text_sought;
    bool line_drawn; /* a progress line stands on the terminal */
    double drawn_s;  /* since when */
    lab_record *record;
};

/* "agrees", "differs" ... */
const char *lab_verdict_text(lab_verdict verdict);
/* Takes a progress line off the terminal. */
void lab_clear_line(lab *l);
/* Adds what the rung owed and did not report. */
void lab_complete(lab *l);
void lab_record_free(lab_record *record);

#endif
