/* pairs.c: pairs of texts as a task. */
#include "models/tasks/classes.h"
#include "models/tasks/pairs.h"

static const config_field fields[] = {CONFIG_FIELDS_END};

const model_task task_pairs = {
    .name = "pairs",
    .item = "token",
    .embedded = "dates",
    .data_domain = "FILE",
    .data_help =
        "TSV of pairs to train on, two texts with a tab between them in each line; -: from "
        "standard input, of which the run keeps a copy; none: embedded dates",
    .val_data_help = "the same to validate on; none: a share of the training data",
    .fields = fields,
    .measures = classes_measures,
    .measure = classes_measure};
