/* classes.h: what tasks whose answers are classes, or tokens, share. */
#ifndef ORE_MODELS_CLASSES_H
#define ORE_MODELS_CLASSES_H

#include "models/task.h"

/* The measures of such a task, "accuracy", and their function: at how many places the logits
 * (.., classes) are largest at y (..). ORE_IGNORE_INDEX, y's padding, is no class. */
extern const char *const classes_measures[];
void classes_measure(const model_family *f, void *net, ore_tensor *output, const ore_batch *batch,
                     double *sums);

#endif
