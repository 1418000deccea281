/* labels_batches.c: texts with labels in parts, and batches of texts of like lengths. */
#include <stdlib.h>

#include <ore/random.h>

#include "tasks/labels.h"

static labels_data *own(const train_data *d) {
    return d->own;
}

/* ---- a part as a data set ---- */

static ore_status get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const labels_part *part = (const labels_part *)(const void *)dataset;
    const labelled_text *t = &part->data->texts[part->rows[i]];
    sample->fields[0] = ore_from_data(t->ids, ORE_SHAPE(t->count), ORE_INT64);
    sample->fields[1] = ore_from_data(&t->class, ORE_SCALAR, ORE_INT64);
    return ore_error_status();
}

static ore_status add_part(labels_data *l, ore_part which, const int64_t *rows, int64_t count) {
    labels_part *part = &l->parts[which];
    part->data = l;
    part->dataset =
        (ore_dataset){.name = ore_part_name(which), .length = count, .fields = 2, .get = get};
    part->rows = calloc((size_t)count + 1, sizeof *part->rows);
    part->lengths = calloc((size_t)count + 1, sizeof *part->lengths);
    if (!part->rows || !part->lengths)
        return ore_fail(ORE_MEMORY, "out of memory: %lld texts", (long long)count);
    for (int64_t i = 0; i < count; i++)
        part->rows[i] = rows[i];
    return ORE_OK;
}

/* Texts of --data are put in the order of torch.randperm under the seed that documents have, too,
 * and cut into parts; all of those of --val-data, which come behind, are to validate on. */
ore_status labels_make_parts(labels_data *l, const train_config *c, bool has_val) {
    int64_t n = 0;
    while (n < l->count && l->texts[n].source == SOURCE_DATA)
        n++;
    double val = has_val ? 0 : c->val_fraction;
    int64_t to_train = (int64_t)((double)n * (1 - val - c->test_fraction));
    int64_t to_val = (int64_t)((double)n * (1 - c->test_fraction));
    ore_generator *g = ore_generator_new(ore_token_parts_defaults().split_seed);
    ore_scope_begin();
    const ore_tensor *permutation = n > 0 ? ore_randperm(n, g) : ore_zeros(ORE_SHAPE(0), ORE_INT64);
    const int64_t *order = ore_ok() ? ore_data(permutation) : NULL;
    if (order || n == 0) {
        add_part(l, ORE_PART_TRAIN, order, to_train);
        add_part(l, ORE_PART_TEST, order + to_val, n - to_val);
        if (!has_val)
            add_part(l, ORE_PART_VAL, order + to_train, to_val - to_train);
    }
    ore_scope_end();
    ore_generator_free(g);
    if (!has_val || !ore_ok())
        return ore_error_status();
    int64_t *behind = calloc((size_t)(l->count - n) + 1, sizeof *behind);
    for (int64_t i = n; behind && i < l->count; i++)
        behind[i - n] = i;
    if (behind)
        add_part(l, ORE_PART_VAL, behind, l->count - n);
    else
        ore_fail(ORE_MEMORY, "out of memory: %lld texts", (long long)(l->count - n));
    free(behind);
    return ore_error_status();
}

void labels_close_parts(labels_data *l) {
    for (int i = 0; i < l->sampler_count; i++)
        ore_sampler_close(l->samplers[i]);
    for (int part = 0; part < ORE_PART_COUNT; part++) {
        free(l->parts[part].rows);
        free(l->parts[part].lengths);
    }
}

int64_t labels_items(const train_data *d, ore_part part) {
    return own(d)->parts[part].dataset.length;
}

/* ---- loaders ---- */

/* Batches of like lengths: in random order with a generator, else from the longest to the shortest
 * texts, once each. */
static ore_loader *bucket_loader(const train_data *d, const train_config *c, ore_part which,
                                 ore_generator *g) {
    labels_data *l = own(d);
    labels_part *part = &l->parts[which];
    for (int64_t i = 0; i < part->dataset.length; i++)
        part->lengths[i] = l->texts[part->rows[i]].count;
    ore_bucket_options bucket = ore_bucket_defaults();
    bucket.batch_size = c->batch_size;
    bucket.shuffle = g != NULL;
    bucket.pool_batches = g ? bucket.pool_batches : 0;
    bucket.generator = g;
    ore_sampler *sampler = ore_bucket_sampler_new(part->lengths, part->dataset.length, &bucket);
    if (!sampler)
        return NULL;
    if (l->sampler_count == LABELS_SAMPLERS_MAX) {
        ore_sampler_close(sampler);
        ore_fail(ORE_STATE, "more than %d loaders", LABELS_SAMPLERS_MAX);
        return NULL;
    }
    l->samplers[l->sampler_count++] = sampler;
    ore_loader_options o = ore_loader_defaults();
    o.sampler = sampler;
    o.generator = g;
    o.pad = true;
    return ore_loader_new(&part->dataset, &o);
}

ore_loader *labels_random_loader(const train_data *d, const train_config *c, ore_part part,
                                 ore_generator *g) {
    return bucket_loader(d, c, part, g);
}

ore_loader *labels_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    return bucket_loader(d, c, part, NULL);
}
