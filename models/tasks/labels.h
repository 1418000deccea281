/* labels.h: texts with labels as a task: each text belongs to one class. */
#ifndef ORE_MODELS_LABELS_H
#define ORE_MODELS_LABELS_H

#include "models/task.h"

/* Batches: x (B, T) ids and x_lengths (B); y (B) classes. A family gives logits (B, classes); its
 * config has vocab_size, block_size (tokens of a text at most) and n_classes. */
extern const model_task task_labels;

typedef struct labels_config {
    char *text_field, *label_field; /* columns of CSV, members of JSON lines */
    int format;                     /* an ore_table_format */
    char *tokenizer;                /* TASK_TOKENIZERS */
    int64_t min_frequency;
    int cut;
} labels_config;

#endif
