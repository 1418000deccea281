/* rung.h: the description of a rung of the ladder. */
#ifndef LAB_RUNG_H
#define LAB_RUNG_H

#include "lab/frame/lab.h"

typedef enum lab_data { LAB_DATA_NONE, LAB_DATA_WORDS, LAB_DATA_TEXT } lab_data;

typedef struct lab_rung {
    const char *name, *title;
    lab_data data;
    const char *rows, *data_rows; /* patterns, see lab/rungs.def */
    ore_status (*run)(lab *l);
} lab_rung;

/* Whether an id matches one of the patterns. */
bool lab_matches(const char *patterns, const char *id);

#endif
