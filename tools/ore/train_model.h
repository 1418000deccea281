/* train_model.h: what a run's config says about model, optimizer, schedule and random streams. */
#ifndef ORE_TOOL_TRAIN_MODEL_H
#define ORE_TOOL_TRAIN_MODEL_H

#include <ore/optim.h>

#include "models/gpt/gpt.h"
#include "train_options.h"

/* The streams that a run's seed gives rise to. */
typedef enum train_stream {
    STREAM_WEIGHTS, /* the seed itself, as torch.manual_seed(seed) would give */
    STREAM_BATCHES,
    STREAM_DROPOUT,
    STREAM_EVALUATION, /* one for each part and step */
    STREAM_SAMPLE,
} train_stream;

uint64_t train_seed(const train_config *c, train_stream stream, int64_t part, int64_t step);

/* Of a config whose vocab_size is a number. */
gpt_config train_gpt_config(const train_config *c);
/* Makes the model with the run's first weights, its dropout drawing from `g`, which is left at the
 * start of the dropout stream. */
ore_status train_model_init(gpt *model, const train_config *c, ore_generator *g);

ore_optimizer *train_optimizer_new(const train_config *c, const ore_module *root);
ore_schedule train_schedule(const train_config *c);

/* Writes the model's state, in the model's order. */
ore_status model_save(const gpt *model, const char *path);
/* Reads it back. ORE_DATA, naming the file, unless names, shapes and dtypes are the model's. */
ore_status model_load(gpt *model, const char *path);
ore_status optimizer_save(const ore_optimizer *optimizer, const char *path);
ore_status optimizer_load(ore_optimizer *optimizer, const char *path);

#endif
