/* split.c: data sets cut into random parts, with the draws of torch's random_split. */
#include <math.h>
#include <string.h>

#include <ore/dataset.h>
#include <ore/random.h>

#include "base/given.h"
#include "base/memory.h"
#include "base/saturate.h"

static ore_status check_lengths(const ore_dataset *dataset, const int64_t *lengths, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        if (lengths[i] < 0)
            return ore_fail(ORE_INVALID,
                            "random_split: part %lld of length %lld, expected at "
                            "least 0",
                            (long long)i, (long long)lengths[i]);
        sum = ore_saturated_sum(sum, lengths[i]);
    }
    return sum == dataset->length
               ? ORE_OK
               : ore_fail(ORE_INVALID, "random_split: the lengths add up to %lld, expected %lld",
                          (long long)sum, (long long)dataset->length);
}

ore_status ore_random_split(const ore_dataset *dataset, const int64_t *lengths, int64_t count,
                            ore_generator *generator, ore_dataset **parts) {
    for (int64_t i = 0; i < count; i++)
        parts[i] = NULL;
    if (!ore_is_given("random_split", "the data set", dataset) ||
        check_lengths(dataset, lengths, count) != ORE_OK)
        return ore_error_status();
    ore_scope_begin();
    const int64_t *order = ore_data(ore_randperm(dataset->length, generator));
    for (int64_t i = 0, first = 0; order && i < count; first += lengths[i++])
        parts[i] = ore_subset_new(dataset, order + first, lengths[i]);
    ore_scope_end();
    for (int64_t i = 0; i < count && !ore_ok(); i++) {
        ore_dataset_close(parts[i]);
        parts[i] = NULL;
    }
    return ore_error_status();
}

ore_status ore_random_split_fractions(const ore_dataset *dataset, const double *fractions,
                                      int64_t count, ore_generator *generator,
                                      ore_dataset **parts) {
    size_t bytes;
    for (int64_t i = 0; i < count; i++)
        parts[i] = NULL;
    if (!ore_is_given("random_split", "the data set", dataset) ||
        ore_bytes_of(count, sizeof(int64_t), &bytes) != ORE_OK)
        return ore_error_status();
    double sum = 0;
    int64_t *lengths = ore_alloc(bytes), left = dataset->length;
    for (int64_t i = 0; lengths && i < count; i++) {
        if (!(fractions[i] >= 0 && fractions[i] <= 1))
            ore_fail(ORE_INVALID, "random_split: fraction %lld is %g, expected 0 to 1",
                     (long long)i, fractions[i]);
        sum += fractions[i];
        lengths[i] = ore_ok() ? (int64_t)floor((double)dataset->length * fractions[i]) : 0;
        left -= lengths[i];
    }
    /* As torch's math.isclose(sum, 1) and sum <= 1. */
    if (ore_ok() && !(sum <= 1 && 1 - sum <= 1e-9))
        ore_fail(ORE_INVALID, "random_split: the fractions add up to %.17g, expected 1", sum);
    for (int64_t i = 0; ore_ok() && i < left; i++)
        lengths[i % count]++;
    if (ore_ok())
        ore_random_split(dataset, lengths, count, generator, parts);
    ore_release(lengths);
    return ore_error_status();
}
