/* documents.c: rows of tokens in which documents follow one another: their numbers, and places. */
#include "ops/attention.h"

/* Whether ids are integers with a dim to go along. */
static bool has_rows(const char *op, ore_tensor *ids) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_usable1(op, ids))
        return false;
    bool fits = ids->shape.ndim >= 1 && !ore_dtype_is_floating(ids->dtype);
    if (!fits)
        ore_fail(ORE_INVALID, "%s: %s of %s, expected integers (.., T)", op,
                 ore_shape_text(ids->shape, text), ore_dtype_name(ids->dtype));
    return fits;
}

/* int64 (.., T): 1 where another number than the one before stands, and at the beginning. */
static ore_tensor *beginnings(ore_tensor *documents) {
    int64_t T = ore_size(documents, -1);
    ore_shape first = documents->shape;
    if (T == 0)
        return ore_new_zeros(documents, first, ORE_INT64);
    first.dim[first.ndim - 1] = 1;
    ore_tensor *changes =
        ore_ne(ore_narrow(documents, -1, 1, T - 1), ore_narrow(documents, -1, 0, T - 1));
    return ore_to(
        ore_cat((ore_tensor *[]){ore_new_full(documents, first, 1, ORE_BOOL), changes}, 2, -1),
        ORE_INT64);
}

ore_tensor *ore_document_runs(ore_tensor *documents) {
    return ore_cumsum(beginnings(documents), -1);
}

/* A token's number is how many separators stand before it. */
ore_tensor *ore_document_numbers(ore_tensor *ids, int64_t separator) {
    if (!ore_ok() || !has_rows("document_numbers", ids))
        return NULL;
    ore_tensor *wanted = ore_new_full(ids, ORE_SHAPE(1), (double)separator, ORE_INT64);
    ore_tensor *ends = ore_to(ore_eq(ids, wanted), ORE_INT64);
    return ore_named("document_numbers", ore_sub(ore_cumsum(ends, -1), ends));
}

/* p = t - b, b the place where t's run begins: run r begins at the r-th of the sorted places where
 * any does. */
ore_tensor *ore_document_positions(ore_tensor *documents) {
    if (!ore_ok() || !has_rows("document_positions", documents))
        return NULL;
    int64_t T = ore_size(documents, -1);
    ore_tensor *begins = beginnings(documents);
    ore_tensor *places = ore_to_device(ore_arange(0, (double)T, 1, ORE_INT64),
                                       ore_tensor_device(documents)); /* (T) */
    ore_tensor *past = ore_new_full(documents, ORE_SHAPE(1), (double)T, ORE_INT64);
    ore_tensor *sorted =
        ore_sort(ore_where(ore_to(begins, ORE_BOOL), places, past), -1, false, NULL);
    ore_tensor *run = ore_sub_scalar(ore_cumsum(begins, -1), 1);
    return ore_named("document_positions", ore_sub(places, ore_gather(sorted, -1, run)));
}
