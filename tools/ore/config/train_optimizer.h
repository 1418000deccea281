/* train_optimizer.h: what a run's config says about optimizer, schedule and steps. A further update
 * rule is a row of optimizers.def. */
#ifndef ORE_TOOL_TRAIN_OPTIMIZER_H
#define ORE_TOOL_TRAIN_OPTIMIZER_H

#include <ore/train.h>

#include "config/train_options.h"

/* Does the config's update rule read that key? True for keys that all rules read. */
bool train_optimizer_reads(const train_config *c, const char *key);
/* Does it keep something of each parameter from step to step? */
bool train_optimizer_has_state(const train_config *c);
ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root);
ore_schedule train_schedule(const train_config *c);
/* The steps: how many, how they are made, how often evaluated, and the rule by which they stop. */
ore_fit_options train_fit_options(const train_config *c);

#endif
