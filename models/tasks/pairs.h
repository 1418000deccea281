/* pairs.h: pairs of texts as a task: a model reads the first and writes the second. */
#ifndef ORE_MODELS_PAIRS_H
#define ORE_MODELS_PAIRS_H

#include "models/task.h"

/* Batches: x (B, S) ids of the first texts, padded with 0, and x_lengths (B); y (B, L) ids of the
 * second ones, each with an end token, padded with ORE_IGNORE_INDEX. A family gives logits
 * (B, L, V) of y's tokens, each from those before it; its config has vocab_size and block_size
 * (tokens of a text at most, the end token counting). */
extern const model_task task_pairs;

#endif
