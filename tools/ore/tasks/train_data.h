/* train_data.h: the data of a run, whatever its task is. */
#ifndef ORE_TOOL_TRAIN_DATA_H
#define ORE_TOOL_TRAIN_DATA_H

#include <ore/data.h>

#include "config/train_options.h"
#include "run/rundir.h"

typedef struct run_task run_task;

/* A run's data comes from two places: --data and --val-data. */
enum { SOURCE_DATA, SOURCE_VAL, SOURCES };

/* Paths, "-", or "" where there is none. */
typedef struct data_places {
    char path[SOURCES][RUNDIR_PATH_BYTES];
} data_places;

typedef struct train_data {
    const run_task *task;
    void *own; /* of the task; NULL until it is opened */
    /* What a task's open says of each source that it has opened. */
    const char *name[SOURCES]; /* NULL: there is none, or it was not opened */
    ore_digest digest[SOURCES];
    char *input; /* the bytes that came from standard input, or NULL */
    size_t input_bytes;
} train_data;

/* What tells a run's data from others. */
typedef struct data_identity {
    int64_t train_items, val_items; /* tokens, or what else the task's losses count */
    bool digested;                  /* false: of a run made before there were digests */
    ore_digest digest[SOURCES];     /* of no bytes where there is no source */
} data_identity;

data_identity train_data_identity(const train_data *d);
/* ORE_DATA, naming the source and what differs, where the data is not that of the run. */
ore_status train_data_check(const train_data *d, const data_identity *of_run);

/* Opens the data of a resolved config where it is now, or, with places NULL, where the config says.
 * What it is read by, such as a tokenizer, is that of the run in `dir`, or made from the data where
 * that is NULL. Needs train_data_close, also after a failure. */
ore_status train_data_open(train_data *d, const train_config *c, const data_places *places,
                           const char *dir);
void train_data_close(train_data *d);
/* Writes what the data is read by into a run's folder. */
ore_status train_data_save(const train_data *d, const char *dir);
/* Reads standard input into d->input where the path is "-". For a task's open. */
ore_status train_data_read_input(train_data *d, const char *path);
/* Gives the bytes of a source to `read`, with the name that messages give it: those of a file, or
 * of standard input. For a task's open. */
typedef ore_status (*source_reader)(train_data *d, const train_config *c, int source,
                                    const char *name, const char *bytes, size_t count);
ore_status train_data_read_source(train_data *d, const train_config *c, int source,
                                  const char *path, source_reader read);
/* The digest of a file's bytes: a task's digest. */
ore_status train_data_digest_file(const char *path, ore_digest *digest);

/* How n items of --data are cut into parts: part i gets items order[begin[i]] .. of a random order,
 * that of torch.randperm under the seed which documents have, too. */
typedef struct data_cut {
    ore_tensor *order; /* (n) int64, of the caller's scope; NULL where n is 0 */
    int64_t begin[ORE_PART_COUNT], count[ORE_PART_COUNT];
} data_cut;
/* has_val: --val-data is there, and no item of --data is to validate on. For a task's open. */
ore_status train_data_cut(const train_config *c, int64_t n, bool has_val, data_cut *cut);

/* Gives a size of the model's config that is "auto" the value that the data has, for a task's
 * settle. ORE_DATA where the user asks for another one, or, with `more`, for a smaller one; `what`
 * ends the message: "the tokenizer has 812 tokens". */
ore_status train_data_settle_size(train_options *t, const char *key, int64_t size, bool more,
                                  const char *what);

/* "names.txt: 45,000 characters, ..." for people, into text; returns text. */
const char *train_data_text(const train_data *d, char *text, size_t bytes);
/* What a step is made of, into text; returns text. */
const char *train_data_step_text(const train_data *d, const train_config *c, char *text,
                                 size_t bytes);
/* Items (model_task) in a row of a batch on average. */
double train_data_row_items(const train_data *d, const train_config *c);
/* "1,003,854 train, 111,540 validation": counts of what `count` counts in each part. */
const char *train_data_parts_text(const train_data *d,
                                  int64_t (*count)(const train_data *d, ore_part part), char *text,
                                  size_t bytes);
/* A source's name without its folders. */
const char *train_data_short_name(const train_data *d, int source);
/* A line for each way in which data was not read as it stands, and for what is new in a cache. */
void train_data_print_notes(const train_data *d, FILE *out);
/* "names.txt, validation split: 4,500 tokens", of which it is all, or a part; returns text. */
const char *train_data_part_text(const train_data *d, bool whole, ore_part part, int64_t items,
                                 char *text, size_t bytes);

/* A loader of one part in random batches; NULL without an error where the part is empty. */
ore_loader *train_data_random_loader(const train_data *d, const train_config *c, ore_part part,
                                     ore_generator *g);
/* The batches to train on, likewise. */
ore_loader *train_data_train_loader(const train_data *d, const train_config *c, ore_generator *g);
/* Raises the error for data of which nothing is left to train on. */
ore_status train_data_fail_empty(const train_data *d, const train_config *c);
/* One pass over a part, every target once. ORE_DATA where the part is empty. */
ore_loader *train_data_pass_loader(const train_data *d, const train_config *c, ore_part part);

#endif
