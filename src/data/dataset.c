/* dataset.c: data sets over tensors and over other data sets. */
#include <string.h>

#include <ore/dataset.h>

#include "base/given.h"
#include "base/memory.h"

enum { INDEX_SHOWN_BYTES = 200 }; /* of a name in a message */

/* ---- all kinds ---- */

static ore_status fail_index(const ore_dataset *dataset, const char *what, int64_t i) {
    return ore_fail(ORE_INVALID, "%.*s: %s %lld, expected 0 to %lld", INDEX_SHOWN_BYTES,
                    dataset->name, what, (long long)i, (long long)dataset->length - 1);
}

ore_status ore_dataset_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    memset(sample->fields, 0, sizeof sample->fields);
    if (!ore_is_given("dataset_get", "the data set", dataset))
        return ore_error_status();
    if (i < 0 || i >= dataset->length)
        return fail_index(dataset, "sample", i);
    ore_status status = dataset->get(dataset, i, sample);
    if (status != ORE_OK)
        ore_fail(ORE_INVALID, "%.*s: sample %lld failed without an error", INDEX_SHOWN_BYTES,
                 dataset->name, (long long)i);
    for (int f = 0; status == ORE_OK && f < dataset->fields; f++)
        if (!sample->fields[f])
            status = ore_fail(ORE_INVALID, "%.*s: sample %lld has no field %d", INDEX_SHOWN_BYTES,
                              dataset->name, (long long)i, f);
    if (ore_no_error())
        return ORE_OK;
    memset(sample->fields, 0, sizeof sample->fields);
    return ore_error_status();
}

ore_status ore_dataset_lengths(const ore_dataset *dataset, int field, int64_t *lengths) {
    if (!ore_is_given("dataset_lengths", "the data set", dataset))
        return ore_error_status();
    if (field < 0 || field >= dataset->fields)
        return ore_fail(ORE_INVALID, "%.*s: field %d, expected 0 to %d", INDEX_SHOWN_BYTES,
                        dataset->name, field, dataset->fields - 1);
    for (int64_t i = 0; i < dataset->length && ore_ok(); i++) {
        ore_sample sample = {.seed = 0};
        ore_scope_begin();
        if (ore_dataset_get(dataset, i, &sample) == ORE_OK && ore_ndim(sample.fields[field]) < 1)
            ore_fail(ORE_INVALID, "%.*s: field %d of sample %lld has no length", INDEX_SHOWN_BYTES,
                     dataset->name, field, (long long)i);
        if (ore_ok())
            lengths[i] = ore_size(sample.fields[field], 0);
        ore_scope_end();
    }
    return ore_error_status();
}

void ore_dataset_close(ore_dataset *dataset) {
    if (dataset)
        dataset->close(dataset);
}

static ore_status check_fields(const char *kind, int64_t fields) {
    return fields >= 1 && fields <= ORE_FIELDS_MAX
               ? ORE_OK
               : ore_fail(ORE_INVALID, "%s: %lld fields, expected 1 to %d", kind, (long long)fields,
                          ORE_FIELDS_MAX);
}

/* ---- tensors ---- */

typedef struct tensor_dataset {
    ore_dataset base;                    /* first: an ore_dataset of this kind is one of these */
    ore_tensor *tensors[ORE_FIELDS_MAX]; /* (length, ..) row-major, owned handles */
} tensor_dataset;

static ore_tensor *tensor_gather(const ore_dataset *dataset, int field, const int64_t *indices,
                                 int64_t count) {
    const ore_tensor *from = ((const tensor_dataset *)dataset)->tensors[field];
    ore_shape shape = ore_shape_of(from);
    size_t row_bytes =
        (size_t)(ore_numel(from) / shape.dim[0]) * ore_dtype_size(ore_tensor_dtype(from));
    shape.dim[0] = count;
    ore_tensor *rows = ore_empty(shape, ore_tensor_dtype(from));
    const char *source = ore_data(from);
    char *target = ore_data_mut(rows);
    if (!source || !target)
        return NULL;
    for (int64_t i = 0; i < count; i++)
        memcpy(target + (size_t)i * row_bytes, source + (size_t)indices[i] * row_bytes, row_bytes);
    return rows;
}

/* A copy: a view would write to the tensor's handle, which several threads read. */
static ore_status tensor_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    for (int f = 0; f < dataset->fields && ore_no_error(); f++) {
        const ore_tensor *from = ((const tensor_dataset *)dataset)->tensors[f];
        ore_shape rows = ore_shape_of(from), shape = {.ndim = rows.ndim - 1};
        memcpy(shape.dim, rows.dim + 1, (size_t)shape.ndim * sizeof *shape.dim);
        ore_tensor *row = ore_empty(shape, ore_tensor_dtype(from));
        const char *source = ore_data(from);
        char *target = ore_data_mut(row);
        size_t bytes = row ? (size_t)ore_numel(row) * ore_dtype_size(ore_tensor_dtype(row)) : 0;
        if (source && target)
            memcpy(target, source + (size_t)i * bytes, bytes);
        sample->fields[f] = row;
    }
    return ore_error_status();
}

static void tensor_close(ore_dataset *dataset) {
    for (int f = 0; f < ORE_FIELDS_MAX; f++)
        ore_free(((tensor_dataset *)dataset)->tensors[f]);
    ore_release(dataset);
}

/* An owned handle on t, or on its row-major copy where its rows do not lie one after the other. */
static ore_tensor *hold(ore_tensor *t) {
    ore_scope_begin();
    ore_tensor *held = NULL;
    if (ore_is_contiguous(t))
        held = ore_detach(t);
    else {
        held = ore_empty(ore_shape_of(t), ore_tensor_dtype(t));
        size_t bytes = (size_t)ore_numel(t) * ore_dtype_size(ore_tensor_dtype(t));
        if (held)
            ore_copy_out(t, ore_data_mut(held), bytes);
    }
    held = held ? ore_own(held) : NULL;
    ore_scope_end();
    return held;
}

static ore_status check_tensor(const ore_tensor *t, int number, int64_t rows) {
    char text[ORE_SHAPE_TEXT];
    if (ore_tensor_device(t) != ORE_CPU)
        return ore_fail(ORE_INVALID, "tensor data set: tensor %d is not on the CPU", number);
    ore_shape shape = ore_shape_of(t);
    if (shape.ndim < 1 || shape.dim[0] < 1)
        return ore_fail(ORE_INVALID, "tensor data set: tensor %d %s has no rows", number,
                        ore_shape_text(shape, text));
    if (shape.dim[0] != rows)
        return ore_fail(ORE_INVALID,
                        "tensor data set: tensor %d %s, expected %lld row%s as the "
                        "first has",
                        number, ore_shape_text(shape, text), (long long)rows, ore_plural(rows));
    return ORE_OK;
}

ore_dataset *ore_tensor_dataset_new(ore_tensor *const *tensors, int count) {
    if (!ore_ok() || check_fields("tensor data set", count) != ORE_OK)
        return NULL;
    for (int f = 0; f < count; f++)
        if (!ore_is_given("tensor data set", "a tensor", tensors[f]) ||
            check_tensor(tensors[f], f, ore_ndim(tensors[0]) > 0 ? ore_size(tensors[0], 0) : 0) !=
                ORE_OK)
            return NULL;
    tensor_dataset *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_dataset){.name = "tensor data set",
                               .length = ore_size(tensors[0], 0),
                               .fields = count,
                               .get = tensor_get,
                               .gather = tensor_gather,
                               .close = tensor_close};
    for (int f = 0; f < count; f++)
        self->tensors[f] = hold(tensors[f]);
    if (ore_ok())
        return &self->base;
    tensor_close(&self->base);
    return NULL;
}

/* ---- map ---- */

typedef struct map_dataset {
    ore_dataset base;
    const ore_dataset *inner;
    ore_sample_map map;
    void *user;
} map_dataset;

static ore_status map_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const map_dataset *self = (const map_dataset *)dataset;
    if (ore_dataset_get(self->inner, i, sample) != ORE_OK)
        return ore_error_status();
    return self->map(self->user, i, sample);
}

static void plain_close(ore_dataset *dataset) {
    ore_release(dataset);
}

ore_dataset *ore_map_dataset_new(const ore_dataset *dataset, int fields, ore_sample_map map,
                                 void *user) {
    if (!ore_is_given("map data set", "the data set", dataset) ||
        check_fields("map data set", fields) != ORE_OK)
        return NULL;
    map_dataset *self = ore_alloc(sizeof *self);
    if (!self)
        return NULL;
    *self = (map_dataset){.base = {.name = dataset->name,
                                   .length = dataset->length,
                                   .fields = fields,
                                   .get = map_get,
                                   .close = plain_close},
                          .inner = dataset,
                          .map = map,
                          .user = user};
    return &self->base;
}

/* ---- concat ---- */

typedef struct concat_dataset {
    ore_dataset base;
    const ore_dataset **parts; /* (count) */
    int64_t *ends;             /* (count) number of the first sample behind each */
    int64_t count;
} concat_dataset;

static ore_status concat_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const concat_dataset *self = (const concat_dataset *)dataset;
    int64_t low = 0, high = self->count - 1; /* the part is one of low .. high */
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (self->ends[middle] <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return ore_dataset_get(self->parts[low], low ? i - self->ends[low - 1] : i, sample);
}

static void concat_close(ore_dataset *dataset) {
    concat_dataset *self = (concat_dataset *)dataset;
    ore_release(self->parts);
    ore_release(self->ends);
    ore_release(self);
}

ore_dataset *ore_concat_dataset_new(const ore_dataset *const *datasets, int64_t count) {
    size_t bytes;
    if (!ore_ok() || ore_bytes_of(count, sizeof(int64_t), &bytes) != ORE_OK)
        return NULL;
    if (count < 1) {
        ore_fail(ORE_INVALID, "concat: %lld data sets, expected at least 1", (long long)count);
        return NULL;
    }
    concat_dataset *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_dataset){.name = "concat", .get = concat_get, .close = concat_close};
    self->count = count;
    self->parts = ore_alloc((size_t)count * sizeof *self->parts);
    self->ends = ore_alloc(bytes);
    for (int64_t i = 0; i < count && ore_is_given("concat", "a data set", datasets[i]); i++) {
        self->base.fields = datasets[0]->fields;
        if (datasets[i]->fields != self->base.fields)
            ore_fail(ORE_INVALID, "concat: data set %lld has %d fields, expected %d as the first",
                     (long long)i, datasets[i]->fields, self->base.fields);
        self->parts[i] = datasets[i];
        self->ends[i] = self->base.length += datasets[i]->length;
    }
    if (ore_ok())
        return &self->base;
    concat_close(&self->base);
    return NULL;
}

/* ---- subset ---- */

typedef struct subset {
    ore_dataset base;
    const ore_dataset *whole;
    int64_t *indices; /* (length) */
} subset;

static ore_status subset_get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const subset *self = (const subset *)dataset;
    return ore_dataset_get(self->whole, self->indices[i], sample);
}

static ore_tensor *subset_gather(const ore_dataset *dataset, int field, const int64_t *indices,
                                 int64_t count) {
    const subset *self = (const subset *)dataset;
    int64_t *in_whole = ore_alloc((size_t)count * sizeof *in_whole);
    for (int64_t i = 0; in_whole && i < count; i++)
        in_whole[i] = self->indices[indices[i]];
    ore_tensor *rows = in_whole ? self->whole->gather(self->whole, field, in_whole, count) : NULL;
    ore_release(in_whole);
    return rows;
}

static void subset_close(ore_dataset *dataset) {
    ore_release(((subset *)dataset)->indices);
    ore_release(dataset);
}

ore_dataset *ore_subset_new(const ore_dataset *dataset, const int64_t *indices, int64_t count) {
    size_t bytes;
    if (!ore_is_given("subset", "the data set", dataset))
        return NULL;
    if (count < 0)
        ore_fail(ORE_INVALID, "%.*s: subset of %lld samples, expected at least 0",
                 INDEX_SHOWN_BYTES, dataset->name, (long long)count);
    if (!ore_ok() || ore_bytes_of(count, sizeof *indices, &bytes) != ORE_OK)
        return NULL;
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= dataset->length) {
            fail_index(dataset, "subset of sample", indices[i]);
            return NULL;
        }
    subset *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_dataset){.name = dataset->name,
                               .length = count,
                               .fields = dataset->fields,
                               .get = subset_get,
                               .gather = dataset->gather ? subset_gather : NULL,
                               .close = subset_close};
    self->whole = dataset;
    self->indices = ore_alloc(bytes);
    if (!self->indices) {
        subset_close(&self->base);
        return NULL;
    }
    if (count > 0)
        memcpy(self->indices, indices, bytes);
    return &self->base;
}
