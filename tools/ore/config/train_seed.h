/* train_seed.h: the random streams that a run's seed gives rise to. */
#ifndef ORE_TOOL_TRAIN_SEED_H
#define ORE_TOOL_TRAIN_SEED_H

#include "config/train_options.h"

typedef enum train_stream {
    STREAM_WEIGHTS, /* the seed itself, as torch.manual_seed(seed) would give */
    STREAM_BATCHES,
    STREAM_DROPOUT,
    STREAM_EVALUATION, /* one for each part and step */
    STREAM_SAMPLE,
    STREAM_SWEEP, /* one for each key and trial of `ore sweep` */
} train_stream;

uint64_t train_seed(const train_config *c, train_stream stream, int64_t part, int64_t step);

#endif
