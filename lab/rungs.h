/* rungs.h: the list of rungs. */
#ifndef LAB_RUNGS_H
#define LAB_RUNGS_H

#include "lab/frame/rung.h"

/* All of them, in order. */
int lab_rung_count(void);
const lab_rung *lab_rung_at(int i);
/* NULL if there is none of that name. */
const lab_rung *lab_rung_find(const char *name);

#endif
