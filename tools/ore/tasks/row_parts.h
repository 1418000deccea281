/* row_parts.h: data that comes as rows of files, texts with labels say, cut into parts, and batches
 * of rows of like lengths. */
#ifndef ORE_TOOL_ROW_PARTS_H
#define ORE_TOOL_ROW_PARTS_H

#include "tasks/train_data.h"

/* The rows of one part, as a data set. */
typedef struct row_part {
    ore_dataset dataset;
    const void *data; /* the task's */
    int64_t *rows;    /* (dataset.length) places among the task's rows */
} row_part;

enum { ROW_SAMPLERS_MAX = 8 };

typedef struct row_parts {
    row_part part[ORE_PART_COUNT];
    ore_sampler *samplers[ROW_SAMPLERS_MAX]; /* of the loaders that were made */
    int sampler_count;
} row_parts;

/* Cuts rows 0 .. of_data - 1, those of --data, as train_data_cut does; the of_val rows behind them,
 * those of --val-data, are all to validate on. `form` has the fields and the get of each part's
 * data set, which `data` is for. */
ore_status row_parts_cut(row_parts *p, const train_config *c, int64_t of_data, int64_t of_val,
                         bool has_val, const ore_dataset *form, const void *data);
void row_parts_free(row_parts *p);
/* The part that a data set is of: what its get begins with. */
const row_part *row_part_of(const ore_dataset *dataset);

/* Batches of rows of like lengths, those of the first field: in random order with a generator, else
 * from the longest to the shortest, once each. length(data, row) is what a row has. */
ore_loader *row_parts_loader(row_parts *p, const train_config *c, ore_part which, ore_generator *g,
                             int64_t (*length)(const void *data, int64_t row));

#endif
