/* train_optimizer.h: what a run's config says about optimizer and schedule. A further update rule
 * is a row of optimizers.def. */
#ifndef ORE_TOOL_TRAIN_OPTIMIZER_H
#define ORE_TOOL_TRAIN_OPTIMIZER_H

#include <ore/optim.h>

#include "config/train_options.h"

/* Does the config's update rule read that key? True for keys that all rules read. */
bool train_optimizer_reads(const train_config *c, const char *key);
/* Does it keep something of each parameter from step to step? */
bool train_optimizer_has_state(const train_config *c);
ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root);
ore_schedule train_schedule(const train_config *c);

#endif
