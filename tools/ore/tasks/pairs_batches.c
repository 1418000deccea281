/* pairs_batches.c: pairs in parts, and batches of pairs of like lengths. */
#include <stdlib.h>

#include <ore/random.h>

#include "tasks/pairs.h"

static pairs_data *own(const train_data *d) {
    return d->own;
}

/* ---- a part as a data set ---- */

static ore_status get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const pairs_part *part = (const pairs_part *)(const void *)dataset;
    const text_pair *p = &part->data->pairs[part->rows[i]];
    for (int side = 0; side < PAIRS_SIDES; side++)
        sample->fields[side] = ore_from_data(p->ids[side], ORE_SHAPE(p->count[side]), ORE_INT64);
    return ore_error_status();
}

/* Of pairs first .. in the order given, or as they stand. */
static ore_status add_part(pairs_data *p, ore_part which, const int64_t *order, int64_t first,
                           int64_t count) {
    pairs_part *part = &p->parts[which];
    part->data = p;
    part->dataset = (ore_dataset){
        .name = ore_part_name(which), .length = count, .fields = PAIRS_SIDES, .get = get};
    part->rows = calloc((size_t)count + 1, sizeof *part->rows);
    if (!part->rows)
        return ore_fail(ORE_MEMORY, "out of memory: %lld pairs", (long long)count);
    for (int64_t i = 0; i < count; i++)
        part->rows[i] = order ? order[first + i] : first + i;
    return ORE_OK;
}

/* Pairs of --data are put in the order of torch.randperm under the seed that documents have, too,
 * and cut into parts; all of those of --val-data, which come behind, are to validate on. */
ore_status pairs_make_parts(pairs_data *p, const train_config *c, bool has_val) {
    int64_t n = 0;
    while (n < p->count && p->pairs[n].source == SOURCE_DATA)
        n++;
    double val = has_val ? 0 : c->val_fraction;
    int64_t to_train = (int64_t)((double)n * (1 - val - c->test_fraction));
    int64_t to_val = (int64_t)((double)n * (1 - c->test_fraction));
    ore_generator *g = ore_generator_new(ore_token_parts_defaults().split_seed);
    ore_scope_begin();
    const ore_tensor *permutation = n > 0 ? ore_randperm(n, g) : NULL;
    const int64_t *order = permutation ? ore_data(permutation) : NULL;
    if (ore_ok()) {
        add_part(p, ORE_PART_TRAIN, order, 0, to_train);
        add_part(p, ORE_PART_TEST, order, to_val, n - to_val);
        if (has_val)
            add_part(p, ORE_PART_VAL, NULL, n, p->count - n);
        else
            add_part(p, ORE_PART_VAL, order, to_train, to_val - to_train);
    }
    ore_scope_end();
    ore_generator_free(g);
    return ore_error_status();
}

void pairs_close_parts(pairs_data *p) {
    for (int i = 0; i < p->sampler_count; i++)
        ore_sampler_close(p->samplers[i]);
    for (int part = 0; part < ORE_PART_COUNT; part++)
        free(p->parts[part].rows);
}

int64_t pairs_count(const train_data *d, ore_part part) {
    return own(d)->parts[part].dataset.length;
}

int64_t pairs_items(const train_data *d, ore_part part) {
    const pairs_part *p = &own(d)->parts[part];
    int64_t items = 0;
    for (int64_t i = 0; i < p->dataset.length; i++)
        items += p->data->pairs[p->rows[i]].count[PAIRS_TO];
    return items;
}

/* ---- loaders ---- */

/* The lengths of what a part's pairs read, to be freed. */
static int64_t *lengths_of(const pairs_part *part) {
    int64_t *lengths = calloc((size_t)part->dataset.length + 1, sizeof *lengths);
    for (int64_t i = 0; lengths && i < part->dataset.length; i++)
        lengths[i] = part->data->pairs[part->rows[i]].count[PAIRS_FROM];
    if (!lengths)
        ore_fail(ORE_MEMORY, "out of memory: %lld pairs", (long long)part->dataset.length);
    return lengths;
}

/* Batches of like lengths: in random order with a generator, else sorted, once each. */
static ore_loader *bucket_loader(const train_data *d, const train_config *c, ore_part which,
                                 ore_generator *g) {
    pairs_data *p = own(d);
    const pairs_part *part = &p->parts[which];
    ore_bucket_options bucket = ore_bucket_defaults();
    bucket.batch_size = c->batch_size;
    bucket.shuffle = g != NULL;
    bucket.pool_batches = g ? bucket.pool_batches : 0;
    bucket.generator = g;
    if (p->sampler_count == PAIRS_SAMPLERS_MAX) {
        ore_fail(ORE_STATE, "more than %d loaders", PAIRS_SAMPLERS_MAX);
        return NULL;
    }
    int64_t *lengths = lengths_of(part);
    ore_sampler *sampler =
        lengths ? ore_bucket_sampler_new(lengths, part->dataset.length, &bucket) : NULL;
    free(lengths);
    if (!sampler)
        return NULL;
    p->samplers[p->sampler_count++] = sampler;
    ore_loader_options o = ore_loader_defaults();
    o.sampler = sampler;
    o.generator = g;
    o.pad = true;
    return ore_loader_new(&part->dataset, &o);
}

ore_loader *pairs_random_loader(const train_data *d, const train_config *c, ore_part part,
                                ore_generator *g) {
    return bucket_loader(d, c, part, g);
}

ore_loader *pairs_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    return bucket_loader(d, c, part, NULL);
}
