/* row_parts.c: rows of files in parts, and batches of rows of like lengths. */
#include <stdlib.h>

#include "tasks/row_parts.h"

/* ---- parts ---- */

const row_part *row_part_of(const ore_dataset *dataset) {
    return (const row_part *)(const void *)dataset;
}

/* Of rows first .. in the order given, or as they stand. */
static ore_status take_rows(row_part *part, const int64_t *order, int64_t first, int64_t count) {
    part->rows = calloc((size_t)count + 1, sizeof *part->rows);
    if (!part->rows)
        return ore_fail(ORE_MEMORY, "out of memory: %lld rows", (long long)count);
    for (int64_t i = 0; i < count; i++)
        part->rows[i] = order ? order[first + i] : first + i;
    part->dataset.length = count;
    return ORE_OK;
}

ore_status row_parts_cut(row_parts *p, const train_config *c, int64_t of_data, int64_t of_val,
                         bool has_val, const ore_dataset *form, const void *data) {
    data_cut cut;
    for (int i = 0; i < ORE_PART_COUNT; i++) {
        p->part[i] = (row_part){.dataset = *form, .data = data};
        p->part[i].dataset.name = ore_part_name((ore_part)i);
    }
    ore_scope_begin();
    train_data_cut(c, of_data, has_val, &cut);
    const int64_t *order = ore_ok() && cut.order ? ore_data(cut.order) : NULL;
    for (int i = 0; i < ORE_PART_COUNT && ore_ok(); i++)
        if (i == ORE_PART_VAL && has_val)
            take_rows(&p->part[i], NULL, of_data, of_val);
        else
            take_rows(&p->part[i], order, cut.begin[i], cut.count[i]);
    ore_scope_end();
    return ore_error_status();
}

void row_parts_free(row_parts *p) {
    for (int i = 0; i < p->sampler_count; i++)
        ore_sampler_close(p->samplers[i]);
    for (int i = 0; i < ORE_PART_COUNT; i++)
        free(p->part[i].rows);
}

/* ---- loaders ---- */

static ore_sampler *sampler_of(const row_part *part, const ore_bucket_options *o,
                               int64_t (*length)(const void *data, int64_t row)) {
    int64_t n = part->dataset.length, *lengths = calloc((size_t)n + 1, sizeof *lengths);
    for (int64_t i = 0; lengths && i < n; i++)
        lengths[i] = length(part->data, part->rows[i]);
    if (!lengths)
        ore_fail(ORE_MEMORY, "out of memory: lengths of %lld rows", (long long)n);
    ore_sampler *sampler = lengths ? ore_bucket_sampler_new(lengths, n, o) : NULL;
    free(lengths);
    return sampler;
}

ore_loader *row_parts_loader(row_parts *p, const train_config *c, ore_part which, ore_generator *g,
                             int64_t (*length)(const void *data, int64_t row)) {
    const row_part *part = &p->part[which];
    ore_bucket_options bucket = ore_bucket_defaults();
    bucket.batch_size = c->batch_size;
    bucket.shuffle = g != NULL;
    bucket.pool_batches = g ? bucket.pool_batches : 0;
    bucket.generator = g;
    if (p->sampler_count == ROW_SAMPLERS_MAX) {
        ore_fail(ORE_STATE, "more than %d loaders", ROW_SAMPLERS_MAX);
        return NULL;
    }
    ore_sampler *sampler = sampler_of(part, &bucket, length);
    if (!sampler)
        return NULL;
    p->samplers[p->sampler_count++] = sampler;
    ore_loader_options o = ore_loader_defaults();
    o.sampler = sampler;
    o.generator = g;
    o.pad = true;
    return ore_loader_new(&part->dataset, &o);
}
