/* dataset.h: data sets: so many samples, each of which can be asked for by its number.
 *
 * A data set that is made over others borrows them: they must outlive it. Every function that
 * returns a pointer returns NULL when it fails or while an error is pending. */
#ifndef ORE_DATASET_H
#define ORE_DATASET_H

#include <ore/generator.h>
#include <ore/table.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

enum { ORE_FIELDS_MAX = 4 }; /* tensors of a sample */

/* What one number stands for: an input and its target, say. */
typedef struct ore_sample {
    ore_tensor *fields[ORE_FIELDS_MAX]; /* handles of the caller's scope */
    uint64_t seed; /* for what a data set draws: a loader gives another one to each sample of each
                      pass, the same for any number of workers */
} ore_sample;

/* Whoever makes one fills the struct. `get` is called by several threads at a time. */
typedef struct ore_dataset ore_dataset;
struct ore_dataset {
    const char *name; /* for messages */
    int64_t length;   /* samples */
    int fields;       /* tensors of each: 1 .. ORE_FIELDS_MAX */
    /* Sample i of 0 .. length - 1 into sample->fields; seed is set. */
    ore_status (*get)(const ore_dataset *dataset, int64_t i, ore_sample *sample);
    /* NULL; or where a field has one shape in all samples: those of `count` samples as one tensor
     * (count, ..), which is quicker than one by one. */
    ore_tensor *(*gather)(const ore_dataset *dataset, int field, const int64_t *indices,
                          int64_t count);
    void (*close)(ore_dataset *dataset);
};

/* Sample i; on failure its fields are NULL. ORE_INVALID, naming the data set, for an i that is none
 * of its numbers and for a field that `get` has left out. */
ORE_API ore_status ore_dataset_get(const ore_dataset *dataset, int64_t i, ore_sample *sample);
/* The size of the first dim of a field of each sample into lengths (length): what samplers of
 * batches of like lengths go by. Gets every sample once. ORE_INVALID: a field without dims. */
ORE_API ore_status ore_dataset_lengths(const ore_dataset *dataset, int field, int64_t *lengths);
/* NULL is allowed. */
ORE_API void ore_dataset_close(ore_dataset *dataset);

/* ---- kinds ---- */

/* torch's TensorDataset: sample i is row i of each of 1 .. ORE_FIELDS_MAX tensors on the CPU with
 * the same first dim, as it is when it is asked for; a tensor that is not contiguous is copied
 * once, here. */
ORE_API ore_dataset *ore_tensor_dataset_new(ore_tensor *const *tensors, int count);

/* The samples of another data set, each changed by `map`, which puts other tensors into
 * sample->fields; `fields` says how many it leaves there. Called by several threads at a time; what
 * it draws comes from a generator that it seeds from sample->seed. */
typedef ore_status (*ore_sample_map)(void *user, int64_t i, ore_sample *sample);
ORE_API ore_dataset *ore_map_dataset_new(const ore_dataset *dataset, int fields, ore_sample_map map,
                                         void *user);

/* torch's ConcatDataset: one behind the other. ORE_INVALID: none, or other numbers of fields. */
ORE_API ore_dataset *ore_concat_dataset_new(const ore_dataset *const *datasets, int64_t count);

/* torch's Subset: sample i is number indices[i] of the data set. The indices are copied.
 * ORE_INVALID, naming the index, for one that is no number of the data set. */
ORE_API ore_dataset *ore_subset_new(const ore_dataset *dataset, const int64_t *indices,
                                    int64_t count);

/* The rows of a file (table.h), of which `read` makes a sample with `fields` tensors. The file is
 * gone through once, here, and a row is read again whenever it is asked for: memory is 8 bytes a
 * row. Errors of rows come from `get`, and name file, line and field. ORE_DATA: no rows, or the
 * file has changed since. ORE_INVALID: a pipe, a compressed file or Parquet, whose rows cannot be
 * read where they stand. */
typedef ore_status (*ore_row_reader)(void *user, const ore_row *row, ore_sample *sample);
ORE_API ore_dataset *ore_table_dataset_new(const char *path, const ore_table_options *options,
                                           int fields, ore_row_reader read, void *user);

/* ---- training, validation and test part ---- */

/* torch's random_split: `count` subsets of these lengths, of the order that randperm(length) draws
 * from the generator (NULL: the default one), into parts (count), which are to be closed one by
 * one. Their lengths must add up to the data set's. On failure all parts are NULL. */
ORE_API ore_status ore_random_split(const ore_dataset *dataset, const int64_t *lengths,
                                    int64_t count, ore_generator *generator, ore_dataset **parts);
/* The same by fractions that add up to 1: part i gets floor(length fractions[i]) samples, and those
 * that are left go one each to the first parts. */
ORE_API ore_status ore_random_split_fractions(const ore_dataset *dataset, const double *fractions,
                                              int64_t count, ore_generator *generator,
                                              ore_dataset **parts);

ORE_END_DECLS

#endif
