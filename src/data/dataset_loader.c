/* dataset_loader.c: a loader over a data set, with the draws of torch's DataLoader. */
#include <string.h>

#include <ore/random.h>
#include <ore/view.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "data/loader.h"
#include "data/prefetch.h"

typedef struct dataset_loader {
    ore_loader base; /* first: an ore_loader of this kind is one of these */
    ore_loader_options options;
    const ore_dataset *dataset;
    const ore_sampler *sampler; /* NULL: in order */
    ore_dataset *own_dataset;   /* of ore_tensor_loader_new, else NULL */
    ore_sampler *own_sampler;   /* of `shuffle`, else NULL */
    int64_t *order;             /* (sampler->length) of the pass; NULL without a sampler */
    int64_t *ends;              /* (batches) where each ends in it; NULL: they have batch_size */
    ore_generator *private_generator;
    uint8_t order_state[ORE_GENERATOR_STATE_BYTES]; /* just before the order was drawn */
    uint64_t seed;                                  /* of the pass, for its samples */
    ore_prefetch *prefetch;                         /* NULL without workers */
} dataset_loader;

ore_loader_options ore_loader_defaults(void) {
    return (ore_loader_options){.batch_size = 1,
                                .shuffle = false,
                                .drop_last = false,
                                .generator = NULL,
                                .padding = {0, ORE_IGNORE_INDEX},
                                .num_workers = 0,
                                .prefetch_factor = 2};
}

/* Samples of a pass. */
static int64_t length_of(const dataset_loader *self) {
    return self->sampler ? self->sampler->length : self->dataset->length;
}

/* ---- the order of a pass ---- */

/* One int64 random_(): a 64-bit word mod 2^63. */
static uint64_t draw_seed(ore_generator *generator) {
    ore_scope_begin();
    ore_tensor *word = ore_random_(ore_empty(ORE_SCALAR, ORE_INT64), 0, 0, generator);
    uint64_t seed = (uint64_t)ore_item_int(word);
    ore_scope_end();
    return seed;
}

/* What the sampler draws from within a pass. */
static ore_generator *source_of(const dataset_loader *self) {
    if (self->sampler->private_generator)
        return self->private_generator;
    return self->sampler->generator ? self->sampler->generator : ore_default_generator();
}

/* Whether that is one which the common part of a state does not have. */
static bool has_own_source(const dataset_loader *self) {
    ore_generator *loaders = self->base.generator ? self->base.generator : ore_default_generator();
    return self->sampler && self->sampler->draws && !self->sampler->private_generator &&
           source_of(self) != loaders;
}

/* Samplers may be anybody's. */
static ore_status check_order(const dataset_loader *self) {
    const ore_sampler *sampler = self->sampler;
    for (int64_t i = 0; i < sampler->length; i++)
        if (self->order[i] < 0 || self->order[i] >= self->dataset->length)
            return ore_fail(ORE_INVALID, "loader: %.100s gave sample %lld, expected 0 to %lld",
                            sampler->name, (long long)self->order[i],
                            (long long)self->dataset->length - 1);
    for (int64_t b = 0, begin = 0; b < sampler->batches; begin = self->ends[b++])
        if (self->ends[b] <= begin || self->ends[b] > sampler->length ||
            self->ends[b] - begin > sampler->batch_size)
            return ore_fail(ORE_INVALID,
                            "loader: %.100s: batch %lld ends at %lld, expected 1 to %lld samples "
                            "from %lld on",
                            sampler->name, (long long)b, (long long)self->ends[b],
                            (long long)sampler->batch_size, (long long)begin);
    return ORE_OK;
}

static ore_status draw_order(dataset_loader *self, ore_generator *source) {
    ore_status status = self->sampler->draw(self->sampler, source, self->order, self->ends);
    if (status != ORE_OK)
        return ore_fail(ORE_INVALID, "loader: %.100s failed without an error", self->sampler->name);
    return ore_no_error() ? check_order(self) : ore_error_status();
}

/* What torch's sampler draws when it is asked for more than it has. */
static void end_order(const dataset_loader *self) {
    if (self->sampler && self->sampler->end)
        self->sampler->end(self->sampler, source_of(self));
}

/* torch: the iterator draws a base seed, shuffled or not; then a sampler without a generator of its
 * own seeds a private one, and with one draws from it. */
static ore_status begin(ore_loader *loader) {
    dataset_loader *self = (dataset_loader *)loader;
    const ore_sampler *sampler = self->sampler;
    self->seed = draw_seed(loader->generator);
    if (!sampler || !ore_ok())
        return ore_error_status();
    if (sampler->private_generator)
        ore_generator_seed(self->private_generator, draw_seed(NULL));
    if (sampler->draws)
        ore_generator_get_state(source_of(self), self->order_state);
    return ore_ok() ? draw_order(self, sampler->draws ? source_of(self) : NULL)
                    : ore_error_status();
}

/* ---- states ---- */

static void save(const ore_loader *loader, uint8_t *state) {
    const dataset_loader *self = (const dataset_loader *)loader;
    uint8_t *order = state + ORE_LOADER_ORDER_AT;
    ore_put_int64(state + ORE_LOADER_NUMBER_AT, loader->in_pass ? (int64_t)self->seed : 0);
    if (loader->in_pass && self->sampler && self->sampler->draws)
        memcpy(order, self->order_state, ORE_GENERATOR_STATE_BYTES);
    else if (has_own_source(self))
        ore_generator_get_state(source_of(self), order);
}

static ore_status restore(ore_loader *loader, const uint8_t *state) {
    dataset_loader *self = (dataset_loader *)loader;
    const ore_sampler *sampler = self->sampler;
    const uint8_t *order = state + ORE_LOADER_ORDER_AT;
    self->seed = (uint64_t)ore_get_int64(state + ORE_LOADER_NUMBER_AT);
    if (!sampler || (!loader->in_pass && !has_own_source(self)))
        return ORE_OK;
    if (!sampler->draws)
        return draw_order(self, NULL);
    /* The loader's own generator has its state already; any other one goes through these draws. */
    bool shared = !has_own_source(self);
    ore_generator *source = shared ? self->private_generator : source_of(self);
    if (ore_generator_set_state(source, order, ORE_GENERATOR_STATE_BYTES) != ORE_OK)
        return ore_error_status();
    if (!loader->in_pass)
        return ORE_OK;
    memcpy(self->order_state, order, ORE_GENERATOR_STATE_BYTES);
    if (draw_order(self, source) == ORE_OK && !shared && loader->index > sampler->length)
        end_order(self);
    return ore_error_status();
}

static bool has_place(const ore_loader *loader, int64_t index, int64_t offset) {
    return index >= 0 && index % loader->batch_size == 0 && offset == 0 &&
           index / loader->batch_size <= loader->batches;
}

/* ---- batches ---- */

/* The samples of batch `number` of a pass: places first .. first + count - 1 of the order. */
static ore_share rows_of(const dataset_loader *self, int64_t number) {
    int64_t B = self->base.batch_size, first = number * B, left = length_of(self) - first;
    if (!self->ends)
        return (ore_share){first, left < B ? left : B};
    first = number ? self->ends[number - 1] : 0;
    return (ore_share){first, self->ends[number] - first};
}

/* Targets that are not ORE_IGNORE_INDEX in y, which may be NULL; rows where y is not of int64. */
static int64_t count_targets(const ore_tensor *y, int64_t rows) {
    if (!y || ore_tensor_dtype(y) != ORE_INT64)
        return rows;
    const int64_t *at = ore_data(y);
    int64_t targets = 0;
    for (int64_t i = 0; at && i < ore_numel(y); i++)
        targets += at[i] != ORE_IGNORE_INDEX;
    return targets;
}

/* The share of a batch whose tensors the data set gathers. */
static ore_batch gather(const dataset_loader *self, const int64_t *indices, int64_t count) {
    const ore_dataset *dataset = self->dataset;
    ore_share share = ore_share_of(&self->base, count);
    ore_batch batch = {0};
    for (int f = 0; f < dataset->fields && ore_no_error(); f++)
        *ore_batch_field(&batch, f) =
            dataset->gather(dataset, f, indices + share.first, share.count);
    if (!ore_no_error())
        return batch;
    batch.tokens = batch.global_tokens = count_targets(batch.y, share.count);
    if (share.count < count) {
        ore_scope_begin();
        bool counts = batch.y && ore_tensor_dtype(batch.y) == ORE_INT64;
        batch.global_tokens =
            count_targets(counts ? dataset->gather(dataset, 1, indices, count) : NULL, count);
        ore_scope_end();
    }
    return batch;
}

static ore_status collate(const dataset_loader *self, const ore_sample *samples, int64_t count,
                          ore_batch *batch) {
    const ore_loader_options *o = &self->options;
    if (!o->collate)
        return ore_collate(samples, count, self->dataset->fields, o->pad ? o->padding : NULL,
                           batch);
    ore_status status = o->collate(o->user, samples, count, batch);
    return status == ORE_OK ? ore_error_status()
                            : ore_fail(ORE_INVALID, "loader: collate failed without an error");
}

/* Of a whole batch: its own rows, whose handles stay in the scope outside. */
static void take_share(const dataset_loader *self, ore_batch *batch, int64_t count) {
    ore_share share = ore_share_of(&self->base, count);
    for (int f = 0; f < ORE_FIELDS_MAX; f++) {
        ore_tensor **parts[] = {ore_batch_field(batch, f), ore_batch_lengths(batch, f)};
        for (int i = 0; i < 2; i++)
            if (*parts[i] && share.count < count)
                *parts[i] = ore_narrow(*parts[i], 0, share.first, share.count);
    }
    batch->tokens = count_targets(batch->y, share.count);
}

/* What the seeds of neighbouring samples have in common does not show in what they seed: the
 * last steps of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t mix(uint64_t z) {
    z += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static ore_batch get_samples(const dataset_loader *self, int64_t first, const int64_t *indices,
                             int64_t count) {
    ore_batch batch = {0};
    ore_sample *samples = ore_alloc((size_t)count * sizeof *samples); /* one batch's: no overflow */
    ore_scope_begin();
    for (int64_t i = 0; samples && i < count && ore_no_error(); i++) {
        samples[i].seed = mix(self->seed + (uint64_t)(first + i));
        ore_dataset_get(self->dataset, indices[i], &samples[i]);
    }
    if (ore_no_error() && collate(self, samples, count, &batch) == ORE_OK) {
        batch.global_tokens = count_targets(batch.y, count);
        take_share(self, &batch, count);
    }
    ore_tensor *handles[ORE_BATCH_HANDLES];
    int kept = ore_batch_handles(&batch, handles);
    for (int i = 0; i < kept; i++)
        ore_keep(handles[i]);
    ore_scope_end();
    ore_release(samples);
    return batch;
}

/* Batch `number` of the pass, in any thread. */
static ore_batch make_batch(void *user, int64_t number) {
    const dataset_loader *self = user;
    ore_share rows = rows_of(self, number);
    int64_t *in_order = NULL;
    const int64_t *indices = self->order ? self->order + rows.first : NULL;
    if (!indices) {
        indices = in_order = ore_alloc((size_t)rows.count * sizeof *in_order);
        for (int64_t i = 0; in_order && i < rows.count; i++)
            in_order[i] = rows.first + i;
    }
    const ore_loader_options *o = &self->options;
    bool gathers = self->dataset->gather && !o->collate && !o->pad;
    ore_batch batch = !indices  ? (ore_batch){0}
                      : gathers ? gather(self, indices, rows.count)
                                : get_samples(self, rows.first, indices, rows.count);
    ore_release(in_order);
    if (ore_no_error() && !batch.x)
        ore_fail(ORE_INVALID, "loader: collate gave no x");
    return ore_no_error() ? batch : (ore_batch){0};
}

static ore_batch next(ore_loader *loader) {
    dataset_loader *self = (dataset_loader *)loader;
    int64_t rows = length_of(self), number = loader->index / loader->batch_size;
    /* A batch that is not full has asked the sampler for more than it has; index past the rows
     * notes that its end is behind. */
    if (rows - loader->index < loader->batch_size && loader->index <= rows)
        end_order(self);
    if (number >= loader->batches) {
        ore_loader_reset(loader);
        return (ore_batch){0};
    }
    loader->index += loader->batch_size;
    if (!self->prefetch)
        return make_batch(self, number);
    if (!ore_prefetch_is_running(self->prefetch))
        ore_prefetch_begin(self->prefetch, number, loader->batches);
    return ore_prefetch_take(self->prefetch);
}

static void stop(ore_loader *loader) {
    dataset_loader *self = (dataset_loader *)loader;
    if (self->prefetch)
        ore_prefetch_stop(self->prefetch);
}

static void release(ore_loader *loader) {
    dataset_loader *self = (dataset_loader *)loader;
    ore_prefetch_free(self->prefetch);
    ore_generator_free(self->private_generator);
    ore_release(self->ends);
    ore_release(self->order);
    ore_sampler_close(self->own_sampler);
    ore_dataset_close(self->own_dataset);
}

static const ore_loader_kind dataset_kind = {.name = "loader",
                                             .code = 3,
                                             .draws = true,
                                             .next = next,
                                             .begin = begin,
                                             .stop = stop,
                                             .save = save,
                                             .restore = restore,
                                             .has_place = has_place,
                                             .release = release};

/* ---- making ---- */

static ore_status check_options(const ore_loader_options *o) {
    const ore_sampler *s = o->sampler;
    if (s && o->shuffle)
        return ore_fail(ORE_INVALID, "loader: a sampler and shuffle, expected one of them");
    if (s && s->batches && (o->batch_size != 1 || o->drop_last))
        return ore_fail(ORE_INVALID,
                        "loader: %.100s makes the batches, so that batch_size stays 1 "
                        "and drop_last false",
                        s->name);
    if (o->num_workers < 0 || o->num_workers > ORE_MAX_THREADS ||
        (o->num_workers > 0 && o->prefetch_factor < 1))
        return ore_fail(ORE_INVALID,
                        "loader: num_workers %d and prefetch_factor %d, expected 0 to "
                        "%d and at least 1",
                        o->num_workers, o->prefetch_factor, ORE_MAX_THREADS);
    return ORE_OK;
}

static void allocate(dataset_loader *self) {
    const ore_loader_options *o = &self->options;
    const ore_sampler *sampler = self->sampler;
    size_t order_bytes = 0, ends_bytes = 0;
    self->private_generator = ore_generator_new(0);
    if (sampler && ore_bytes_of(sampler->length, sizeof *self->order, &order_bytes) == ORE_OK &&
        ore_bytes_of(sampler->batches, sizeof *self->ends, &ends_bytes) == ORE_OK) {
        self->order = ore_alloc(order_bytes);
        self->ends = sampler->batches ? ore_alloc(ends_bytes) : NULL;
    }
    if (o->num_workers)
        self->prefetch = ore_prefetch_new(
            o->num_workers, (int64_t)o->num_workers * o->prefetch_factor, make_batch, self);
}

ore_loader *ore_loader_new(const ore_dataset *dataset, const ore_loader_options *options) {
    ore_loader_options o = options ? *options : ore_loader_defaults();
    if (!ore_ok() || !dataset || check_options(&o) != ORE_OK)
        return NULL;
    bool cuts = o.sampler && o.sampler->batches;
    dataset_loader *self = (dataset_loader *)ore_loader_of_kind(
        &dataset_kind, sizeof *self, cuts ? o.sampler->batch_size : o.batch_size, o.generator);
    if (!self)
        return NULL;
    self->options = o;
    self->dataset = dataset;
    if (o.shuffle) {
        ore_random_sampler_options r = ore_random_sampler_defaults();
        r.generator = o.generator;
        self->own_sampler = ore_random_sampler_new(dataset->length, &r);
    }
    self->sampler = o.shuffle ? self->own_sampler : o.sampler;
    if (ore_ok())
        allocate(self);
    if (ore_ok()) {
        int64_t rows = length_of(self), B = self->base.batch_size;
        self->base.batches =
            cuts ? self->sampler->batches : rows / B + (rows % B != 0 && !o.drop_last);
        return &self->base;
    }
    ore_loader_free(&self->base);
    return NULL;
}

ore_loader *ore_tensor_loader_new(ore_tensor *x, ore_tensor *y, const ore_loader_options *options) {
    ore_tensor *tensors[] = {x, y};
    if (!ore_ok() || !x)
        return NULL;
    ore_dataset *dataset = ore_tensor_dataset_new(tensors, y ? 2 : 1);
    ore_loader *loader = dataset ? ore_loader_new(dataset, options) : NULL;
    if (loader)
        ((dataset_loader *)loader)->own_dataset = dataset;
    else
        ore_dataset_close(dataset);
    return loader;
}
