/* pairs.c: pairs of texts as a task. */
#include <ore/ops.h>

#include "models/tasks/pairs.h"

static const config_field fields[] = {CONFIG_FIELDS_END};

/* Tokens that are the likeliest of all, when those before them are right. */
static const char *const measures[] = {"accuracy", NULL};

static void measure(const model_family *f, void *net, ore_tensor *output, const ore_batch *batch,
                    double *sums) {
    (void)f;
    (void)net;
    ore_tensor *right = ore_eq(ore_argmax(output, -1, false), batch->y); /* padding never is */
    sums[0] += ore_item(ore_sum(ore_to(right, ORE_FLOAT64), ORE_ALL, false));
}

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
    .measures = measures,
    .measure = measure};
