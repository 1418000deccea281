/* train_model.h: what a run's config says about model, optimizer, schedule and random streams. */
#ifndef ORE_TOOL_TRAIN_MODEL_H
#define ORE_TOOL_TRAIN_MODEL_H

#include <ore/optim.h>

#include "config/train_options.h"

/* A model of any family. */
typedef struct model {
    const model_family *family;
    ore_module *module; /* the root, first member of the family's struct; NULL until it is made */
    int64_t block_size; /* tokens that a prediction sees, at most or, of contexts, exactly */
} model;

/* The streams that a run's seed gives rise to. */
typedef enum train_stream {
    STREAM_WEIGHTS, /* the seed itself, as torch.manual_seed(seed) would give */
    STREAM_BATCHES,
    STREAM_DROPOUT,
    STREAM_EVALUATION, /* one for each part and step */
    STREAM_SAMPLE,
    STREAM_SWEEP, /* one for each key and trial of `ore sweep` */
} train_stream;

uint64_t train_seed(const train_config *c, train_stream stream, int64_t part, int64_t step);

/* Makes the model of a config whose vocab_size is a number, with the run's first weights, its
 * dropout drawing from `g`, which is left at the start of the dropout stream. Needs model_free,
 * also after a failure. */
ore_status model_init(model *m, const train_config *c, ore_generator *g);
void model_free(model *m);
/* (1, T) ids -> (1, V): the logits after the last token. */
ore_tensor *model_last(const model *m, ore_tensor *ids);

/* Does the config's update rule read that key? True for keys that all rules read. */
bool train_rule_reads(const train_config *c, const char *key);
ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root);
ore_schedule train_schedule(const train_config *c);

#endif
