/* pictures.h: labelled pictures as a task: each picture belongs to one class. */
#ifndef ORE_MODELS_PICTURES_H
#define ORE_MODELS_PICTURES_H

#include "models/task.h"

/* Batches: x (B, C, H, W) uint8; y (B) classes. A family gives logits (B, classes); its config has
 * in_channels and n_classes. */
extern const model_task task_pictures;

typedef struct pictures_config {
    char *label_field;        /* of a CSV */
    int64_t picture_channels; /* of a CSV's pictures */
} pictures_config;

#endif
