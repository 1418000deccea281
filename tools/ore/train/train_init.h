/* train_init.h: a run that begins with the weights of another model (--init). */
#ifndef ORE_TOOL_TRAIN_INIT_H
#define ORE_TOOL_TRAIN_INIT_H

#include "run/train_model.h"

/* Gives the options of a new run the config of the model that --init names, and its tokenizer,
 * wherever the user has not set them; nothing without --init. ORE_DATA for a model of another
 * family. */
ore_status train_init_options(train_options *t);
/* Replaces the first weights of a run in `dir` by those, unless it has a checkpoint. */
ore_status train_init_weights(const train_config *c, const char *dir, model *m);

#endif
