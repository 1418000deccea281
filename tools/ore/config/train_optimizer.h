/* train_optimizer.h: the optimizer, the schedule and the steps that a run's config asks for. A new
 * update rule is a row of optimizers.def. */
#ifndef ORE_TOOL_TRAIN_OPTIMIZER_H
#define ORE_TOOL_TRAIN_OPTIMIZER_H

#include <ore/train.h>

#include "config/train_options.h"

/* Whether the config's update rule reads this key; true for keys that all rules read. */
bool train_optimizer_reads(const train_config *c, const char *key);
/* Whether the update rule keeps a state for each parameter from step to step. */
bool train_optimizer_has_state(const train_config *c);
ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root);
ore_schedule train_schedule(const train_config *c);
/* The options of ore_fit: the number of steps, clipping and the like, how often to evaluate, and
 * when to stop early. */
ore_fit_options train_fit_options(const train_config *c);

#endif
