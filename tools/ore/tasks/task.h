/* task.h: what the command does for a task of models (models/task.h): opens its data and gives
 * batches of it, and lets a trained model answer. One constant a task, listed in tasks.def; nothing
 * else in the command asks which task a run has. language.c is one to read.
 *
 * What a task must give: the two constants, a `model_task` with the options of its data and a
 * `run_task` with the functions below, and a row of tasks.def. */
#ifndef ORE_TOOL_TASK_H
#define ORE_TOOL_TASK_H

#include "run/train_model.h"
#include "tasks/train_data.h"

enum { ENDS_MAX = 8 };

/* A trained model that is asked something, in eval mode. */
typedef struct trained_model {
    const train_config *config;
    const model *model;
    const char *dir; /* of its run; or what others published, a folder or a file: */
    bool published;
    int64_t ends[ENDS_MAX]; /* the tokens that a published model ends a text with, */
    int end_count;          /* how many there are */
    /* The run's data, opened at the first call; NULL on failure. */
    const train_data *(*data)(void *user);
    void *user;
    bool (*stop)(void); /* whether the user wants it to end; NULL: never */
} trained_model;

enum { TASK_FILES_MAX = 2 };

struct run_task {
    const model_task *model;
    /* The files in a run's folder that its data is read by and its answers are written with, such
     * as tokenizer.json: a NULL ends them. rundir.c lists them, too. */
    const char *files[TASK_FILES_MAX + 1];
    const char *kept[SOURCES]; /* names of the links to the data in that folder; as above */
    bool folder;               /* the data may be a folder, too, not only a file */
    /* The digest of what is at a path, whatever of it counts. */
    ore_status (*digest)(const char *path, ore_digest *digest);

    /* ---- data ---- */

    size_t own_bytes; /* of train_data's own, which is zeros when open is called */
    /* Fills d->own, d->name and d->digest; path[i]: where each source is ("": the embedded data, or
     * none to validate on). dir: the run whose files to read; NULL: they are made from the data.
     * What it has opened when it fails, close closes. */
    ore_status (*open)(train_data *d, const train_config *c, const char *const path[SOURCES],
                       const char *dir);
    void (*close)(train_data *d);
    /* Writes `files`. */
    ore_status (*save)(const train_data *d, const char *dir);
    /* Gives the fields of the model's config that are "auto" until the data is known their values,
     * and refuses (ORE_DATA) those that the user has set and the data contradicts. */
    ore_status (*settle)(const train_data *d, train_options *t);
    /* How many items (model_task) of a part its losses count. */
    int64_t (*items)(const train_data *d, ore_part part);
    /* What batches have rows of, one of them: "text". NULL: `text` and `step_text` say it. */
    const char *row;
    /* How many rows a part has. NULL: as many as items. */
    int64_t (*rows)(const train_data *d, ore_part part);
    /* Items in a row of a batch on average. NULL: of the rows to train on. */
    double (*row_items)(const train_data *d, const train_config *c);
    /* Of a part that is not empty: random batches without end, or one pass. */
    ore_loader *(*random_loader)(const train_data *d, const train_config *c, ore_part part,
                                 ore_generator *g);
    /* Batches to train on, without end. NULL: random ones. */
    ore_loader *(*train_loader)(const train_data *d, const train_config *c, ore_generator *g);
    ore_loader *(*pass_loader)(const train_data *d, const train_config *c, ore_part part);

    /* ---- words ---- */

    /* What the data is, into text; returns text. NULL: "reviews: 9 texts: 8 train, 1 validation" */
    const char *(*text)(const train_data *d, char *text, size_t bytes);
    /* Why a key that the user has set changes nothing with this data, "with ..", or NULL where it
     * does. NULL: no data is like that. */
    const char *(*idle)(const train_data *d, const train_config *c, const char *key);
    /* NULL: data is read as it stands. */
    void (*print_notes)(const train_data *d, FILE *out);
    /* What the data is read by: the line "vocabulary  28 tokens", and others. */
    void (*print_files)(const train_data *d, FILE *out);
    /* What a step is made of, "64 x 16", into text; returns text. NULL: its rows, "64 texts" */
    const char *(*step_text)(const train_config *c, char *text, size_t bytes);
    /* Raises the error for data of which nothing is left to train on. NULL: one that counts its
     * items. */
    ore_status (*fail_empty)(const train_data *d, const train_config *c);

    /* ---- answers ---- */

    /* What `ore eval` prints. NULL: the loss and the task's measures. */
    void (*print_evaluation)(const ore_evaluation *e, FILE *out);
    /* `ore sample`: what it does, as a line of help; its own options, of part 1, in a struct of
     * sample_bytes; and the answers, to standard output. */
    const char *sample_about;
    const char *more; /* what it gives, behind a training: "more of it" */
    const option *sample_rows;
    int sample_row_count;
    size_t sample_bytes;
    ore_status (*sample)(const trained_model *m, const void *config);
    /* At the end of a training: a few answers for people, drawn with `g` if they are drawn. */
    ore_status (*show)(const trained_model *m, ore_generator *g);
};

int task_count(void);
const run_task *task_at(int i);
/* The task of a config's model. */
const run_task *run_task_of(const train_config *c);

#endif
