/* labels.h: texts with labels, and a model that gives new texts theirs: the parts of the task that
 * labels.c puts together. */
#ifndef ORE_TOOL_LABELS_H
#define ORE_TOOL_LABELS_H

#include <ore/text.h>

#include "models/tasks/labels.h"
#include "tasks/row_parts.h"
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

/* The parts are data sets of x (T) and y (). */
typedef struct labels_data {
    char *names[SOURCES]; /* owned; train_data's */
    labelled_text *texts;
    int64_t count, capacity;
    char **classes; /* (class_count), in the order of their bytes */
    int64_t class_count;
    ore_tokenizer *tokenizer;
    row_parts parts;
} labels_data;

const labels_data *labels_of(const train_data *d);

/* ---- data (labels_data.c): functions of a run_task ---- */

ore_status labels_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                       const char *dir);
void labels_close(train_data *d);
ore_status labels_save(const train_data *d, const char *dir);
/* The classes of the run in `dir` into classes[] (of class_names.h) and *count. */
ore_status labels_load_classes(const char *dir, char ***classes, int64_t *count);
/* The ids of a text, at most `max` of them with `cut`, or else ORE_DATA where it has more, or none;
 * how many it has in all into *all. Owned by the caller. */
int64_t *labels_encode(const ore_tokenizer *tokenizer, const char *text, size_t bytes, int64_t max,
                       bool cut, int64_t *count, int64_t *all);

int64_t labels_items(const train_data *d, ore_part part);
ore_loader *labels_random_loader(const train_data *d, const train_config *c, ore_part part,
                                 ore_generator *g);
ore_loader *labels_pass_loader(const train_data *d, const train_config *c, ore_part part);

#endif
