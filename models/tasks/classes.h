/* classes.h: what tasks whose answer is one of some classes share. */
#ifndef ORE_MODELS_CLASSES_H
#define ORE_MODELS_CLASSES_H

#include "models/task.h"

/* The measures of such a task, "accuracy", and their function: how many logits (B, classes) are
 * largest at y (B). */
extern const char *const classes_measures[];
void classes_measure(const model_family *f, void *net, ore_tensor *output, const ore_batch *batch,
                     double *sums);

#endif
