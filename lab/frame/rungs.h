/* rungs.h: the list of rungs. */
#ifndef LAB_RUNGS_H
#define LAB_RUNGS_H

#include "lab/frame/lab.h"

typedef enum lab_data { LAB_DATA_NONE, LAB_DATA_WORDS, LAB_DATA_TEXT } lab_data;

typedef struct lab_rung {
    const char *name, *title;
    lab_data data;
    const char *rows, *data_rows; /* patterns, see rungs.def */
    ore_status (*run)(lab *l);
} lab_rung;

/* All of them, in order. */
int lab_rung_count(void);
const lab_rung *lab_rung_at(int i);
/* NULL if there is none of that name. */
const lab_rung *lab_rung_find(const char *name);
/* Does the id match one of the patterns? */
bool lab_matches(const char *patterns, const char *id);

#endif
