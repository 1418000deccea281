/* collate.c: samples as one batch, stacked or padded. */
#include <string.h>

#include <ore/data.h>

#include "base/memory.h"
#include "data/loader.h"

enum { ROWS_AT = 1 }; /* the dim of a batch that was a sample's first */

/* The field of each sample, row-major. */
static const ore_tensor *part_of(const ore_sample *samples, int64_t i, int field) {
    return samples[i].fields[field];
}

static ore_status fail_shape(const ore_sample *samples, int64_t i, int field) {
    char came[ORE_SHAPE_TEXT], first[ORE_SHAPE_TEXT];
    const ore_tensor *t = part_of(samples, i, field), *t0 = part_of(samples, 0, field);
    return ore_fail(ORE_INVALID,
                    "collate: field %d: %s %s of sample %lld of the batch, expected %s %s as of "
                    "the first",
                    field, ore_dtype_name(ore_tensor_dtype(t)),
                    ore_shape_text(ore_shape_of(t), came), (long long)i,
                    ore_dtype_name(ore_tensor_dtype(t0)), ore_shape_text(ore_shape_of(t0), first));
}

/* Whether all samples are alike but, with `pad`, for their first dim, whose largest and smallest
 * size come out. */
static ore_status measure(const ore_sample *samples, int64_t count, int field, bool pad,
                          int64_t *largest, int64_t *smallest) {
    const ore_tensor *t0 = part_of(samples, 0, field);
    ore_shape wanted = ore_shape_of(t0);
    *largest = *smallest = wanted.ndim ? wanted.dim[0] : 1;
    for (int64_t i = 0; i < count; i++) {
        const ore_tensor *t = part_of(samples, i, field);
        ore_shape shape = ore_shape_of(t);
        if (pad && shape.ndim && shape.ndim == wanted.ndim)
            wanted.dim[0] = shape.dim[0];
        if (ore_tensor_device(t) != ORE_CPU)
            return ore_fail(ORE_INVALID, "collate: field %d of sample %lld is not on the CPU",
                            field, (long long)i);
        if (!ore_shape_equal(shape, wanted) || ore_tensor_dtype(t) != ore_tensor_dtype(t0))
            return fail_shape(samples, i, field);
        if (shape.ndim) {
            *largest = shape.dim[0] > *largest ? shape.dim[0] : *largest;
            *smallest = shape.dim[0] < *smallest ? shape.dim[0] : *smallest;
        }
    }
    if (wanted.ndim == ORE_MAX_DIMS)
        return ore_fail(ORE_INVALID,
                        "collate: field %d has %d dims, which leaves none for the "
                        "batch",
                        field, ORE_MAX_DIMS);
    return ORE_OK;
}

/* Field `field` of all samples as one tensor: (count, ..), or padded (count, T, ..). */
static ore_tensor *join(const ore_sample *samples, int64_t count, int field,
                        const double *padding) {
    int64_t largest, smallest;
    if (measure(samples, count, field, padding != NULL, &largest, &smallest) != ORE_OK)
        return NULL;
    const ore_tensor *t0 = part_of(samples, 0, field);
    ore_shape one = ore_shape_of(t0), all = {.ndim = one.ndim + 1, .dim = {count}};
    memcpy(all.dim + ROWS_AT, one.dim, (size_t)one.ndim * sizeof *one.dim);
    if (one.ndim)
        all.dim[ROWS_AT] = largest;
    ore_dtype dtype = ore_tensor_dtype(t0);
    ore_tensor *batch =
        largest > smallest ? ore_full(all, padding[field], dtype) : ore_empty(all, dtype);
    char *target = ore_data_mut(batch);
    size_t row_bytes = batch ? (size_t)(ore_numel(batch) / count) * ore_dtype_size(dtype) : 0;
    for (int64_t i = 0; target && i < count; i++) {
        ore_tensor *t = samples[i].fields[field];
        size_t bytes = (size_t)ore_numel(t) * ore_dtype_size(dtype);
        if (ore_copy_out(t, target + (size_t)i * row_bytes, bytes) != ORE_OK)
            return NULL;
    }
    return batch;
}

/* (count) sizes of the first dim of a field; NULL for one without dims. */
static ore_tensor *lengths_of(const ore_sample *samples, int64_t count, int field) {
    if (ore_ndim(part_of(samples, 0, field)) == 0)
        return NULL;
    ore_tensor *lengths = ore_empty(ORE_SHAPE(count), ORE_INT64);
    int64_t *at = ore_data_mut(lengths);
    for (int64_t i = 0; at && i < count; i++)
        at[i] = ore_size(part_of(samples, i, field), 0);
    return lengths;
}

ore_status ore_collate(const ore_sample *samples, int64_t count, int fields, const double *padding,
                       ore_batch *batch) {
    if (!ore_ok())
        return ore_error_status();
    if (count < 1 || fields < 1 || fields > ORE_FIELDS_MAX)
        return ore_fail(ORE_INVALID,
                        "collate: %lld samples of %d fields, expected at least 1, and "
                        "1 to %d",
                        (long long)count, fields, ORE_FIELDS_MAX);
    for (int f = 0; f < fields && ore_ok(); f++) {
        ore_tensor *joined = join(samples, count, f, padding);
        ore_tensor *lengths = padding && joined ? lengths_of(samples, count, f) : NULL;
        *ore_batch_field(batch, f) = joined;
        *ore_batch_lengths(batch, f) = lengths;
    }
    return ore_error_status();
}
