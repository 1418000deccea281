/* train_model.h: the model of a run. */
#ifndef ORE_TOOL_TRAIN_MODEL_H
#define ORE_TOOL_TRAIN_MODEL_H

#include <ore/train.h>

#include "config/train_optimizer.h"

/* A model of any family. */
typedef struct model {
    const model_family *family;
    ore_module *module; /* the root, first member of the family's struct; NULL until it is made */
    ore_device device;  /* where its parameters lie, and the ids that it takes */
    int64_t block_size; /* of a family that has it: tokens that a prediction sees, at most or, of
                           contexts, exactly */
} model;

/* Makes the model of a config whose vocab_size is a number, with the run's first weights, its
 * dropout drawing from `g`, which is left at the start of the dropout stream. Needs model_free,
 * also after a failure. */
ore_status model_init(model *m, const train_config *c, ore_generator *g);
/* Moves the parameters and buffers; before an optimizer is made for them. */
ore_status model_to_device(model *m, ore_device device);
void model_free(model *m);
/* The model's output for a batch; `user` is the model. Of what its family needs no batch for, the
 * root's forward. */
ore_tensor *model_forward(void *user, const ore_batch *batch);
/* Options of a fit with what makes the model's loss of a batch: module, forward_batch, loss, and
 * the model as user. */
ore_fit_options model_fit_options(model *m);
/* (1, T) ids -> (1, V): the logits after the last token. */
ore_tensor *model_last(const model *m, ore_tensor *ids);

#endif
