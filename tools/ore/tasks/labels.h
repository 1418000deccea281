/* labels.h: texts with labels, and a model that gives new texts theirs: the parts of the task that
 * labels.c puts together. */
#ifndef ORE_TOOL_LABELS_H
#define ORE_TOOL_LABELS_H

#include <ore/text.h>

#include "models/tasks/labels.h"
#include "tasks/task.h"

typedef struct labelled_text {
    char *text; /* owned */
    size_t bytes;
    int64_t line; /* in its source */
    int source;
    char *label;        /* owned; as it stands in the source */
    int64_t class;      /* its place among the classes */
    int64_t *ids;       /* (count) owned */
    int64_t count;      /* tokens that are read */
    int64_t all_tokens; /* that it has */
} labelled_text;

typedef struct labels_data labels_data;

/* The texts of one part, as a data set of x (T) and y (). */
typedef struct labels_part {
    ore_dataset dataset;
    const labels_data *data;
    int64_t *rows; /* (dataset.length) places in data->texts */
    int64_t *lengths;
} labels_part;

enum { LABELS_SAMPLERS_MAX = 8 };

struct labels_data {
    char *names[SOURCES]; /* owned; train_data's */
    labelled_text *texts;
    int64_t count, capacity;
    char **classes; /* (class_count), in the order of their bytes */
    int64_t class_count;
    ore_tokenizer *tokenizer;
    labels_part parts[ORE_PART_COUNT];
    ore_sampler *samplers[LABELS_SAMPLERS_MAX]; /* of the loaders that were made */
    int sampler_count;
};

const labels_data *labels_of(const train_data *d);

/* ---- data (labels_data.c): functions of a run_task ---- */

ore_status labels_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                       const char *dir);
void labels_close(train_data *d);
ore_status labels_save(const train_data *d, const char *dir);
/* The classes of the run in `dir` into classes[] (owned by the caller, as its texts) and *count. */
ore_status labels_load_classes(const char *dir, char ***classes, int64_t *count);
void labels_free_classes(char **classes, int64_t count);
/* The ids of a text, at most `max` of them with `cut`, or else ORE_DATA where it has more, or none;
 * how many it has in all into *all. Owned by the caller. */
int64_t *labels_encode(const ore_tokenizer *tokenizer, const char *text, size_t bytes, int64_t max,
                       bool cut, int64_t *count, int64_t *all);

/* ---- batches (labels_batches.c) ---- */

ore_status labels_make_parts(labels_data *l, const train_config *c, bool has_val);
void labels_close_parts(labels_data *l);
int64_t labels_items(const train_data *d, ore_part part);
ore_loader *labels_random_loader(const train_data *d, const train_config *c, ore_part part,
                                 ore_generator *g);
ore_loader *labels_pass_loader(const train_data *d, const train_config *c, ore_part part);

#endif
