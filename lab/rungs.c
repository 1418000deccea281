/* rungs.c: the list of rungs. */
#include <string.h>

#include "lab/rungs.h"

#define RUNG(name, title, data, rows, data_rows) ore_status lecture_##name(lab *l);
#include "lab/rungs.def"
#undef RUNG

#define RUNG(name, title, data, rows, data_rows)                                                   \
    {#name, title, LAB_DATA_##data, rows, data_rows, lecture_##name},
static const lab_rung rungs[] = {
#include "lab/rungs.def"
};
#undef RUNG

enum { RUNGS = sizeof rungs / sizeof rungs[0] };

int lab_rung_count(void) {
    return RUNGS;
}

const lab_rung *lab_rung_at(int i) {
    return &rungs[i];
}

const lab_rung *lab_rung_find(const char *name) {
    for (int i = 0; i < RUNGS; i++)
        if (strcmp(rungs[i].name, name) == 0)
            return &rungs[i];
    return NULL;
}
