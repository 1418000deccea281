/* train_init.h: a run that begins with the weights of another model (--init). */
#ifndef ORE_TOOL_TRAIN_INIT_H
#define ORE_TOOL_TRAIN_INIT_H

#include "run/train_model.h"

/* Gives the options of a new run the config of the model that --init names, and its tokenizer,
 * wherever the user has not set them; nothing without --init. ORE_DATA for a model of another
 * family. */
ore_status train_init_options(train_options *t);
/* Makes the model of the run in `dir` as model_init does, but unless the run has a checkpoint with
 * the weights of that model, and none are drawn. */
ore_status train_init_model(const train_config *c, const char *dir, model *m, ore_generator *g);

#endif
