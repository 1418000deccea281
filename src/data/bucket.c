/* bucket.c: batches of samples of like lengths. */
#include <stdlib.h>
#include <string.h>

#include <ore/random.h>
#include <ore/sampler.h>

#include "base/memory.h"

typedef struct bucket_sampler {
    ore_sampler base; /* first: an ore_sampler of this kind is one of these */
    ore_bucket_options options;
    int64_t *lengths; /* (length) */
} bucket_sampler;

/* A sample, and where it stood, so that equal lengths keep their order. */
typedef struct member {
    int64_t length, place, index;
} member;

ore_bucket_options ore_bucket_defaults(void) {
    return (ore_bucket_options){.batch_size = 32,
                                .pool_batches = 100,
                                .shuffle = true,
                                .sort_within_batch = true,
                                .generator = NULL};
}

static int compare(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int shorter_first(const void *a, const void *b) {
    const member *x = a, *y = b;
    return x->length != y->length ? compare(x->length, y->length) : compare(x->place, y->place);
}

static int longer_first(const void *a, const void *b) {
    const member *x = a, *y = b;
    return x->length != y->length ? compare(y->length, x->length) : compare(x->place, y->place);
}

/* Sorts one pool's order, `pool` being room for it. */
static void sort_pool(const bucket_sampler *self, member *pool, int64_t *order, int64_t count) {
    int64_t B = self->options.batch_size;
    for (int64_t i = 0; i < count; i++)
        pool[i] = (member){self->lengths[order[i]], i, order[i]};
    qsort(pool, (size_t)count, sizeof *pool, shorter_first);
    for (int64_t i = 0; i < count; i++)
        pool[i].place = i;
    for (int64_t at = 0; self->options.sort_within_batch && at < count; at += B)
        qsort(pool + at, (size_t)(count - at < B ? count - at : B), sizeof *pool, longer_first);
    for (int64_t i = 0; i < count; i++)
        order[i] = pool[i].index;
}

/* Puts one pool's batches in random order and notes where they end; `copy` is room for the pool.
 * The pool's order begins at `first` of the pass. */
static ore_status place_batches(const bucket_sampler *self, ore_generator *generator,
                                int64_t *order, int64_t count, int64_t first, int64_t *copy,
                                int64_t *ends) {
    int64_t B = self->options.batch_size, batches = (count - 1) / B + 1, used = 0;
    ore_scope_begin();
    const int64_t *turns =
        self->options.shuffle ? ore_data(ore_randperm(batches, generator)) : NULL;
    memcpy(copy, order, (size_t)count * sizeof *copy);
    for (int64_t b = 0; b < batches && ore_ok(); b++) {
        int64_t from = (turns ? turns[b] : b) * B, n = count - from < B ? count - from : B;
        memcpy(order + used, copy + from, (size_t)n * sizeof *order);
        used += n;
        ends[b] = first + used;
    }
    ore_scope_end();
    return ore_error_status();
}

static ore_status first_order(const bucket_sampler *self, ore_generator *generator,
                              int64_t *order) {
    int64_t n = self->base.length;
    ore_scope_begin();
    const int64_t *drawn = self->options.shuffle ? ore_data(ore_randperm(n, generator)) : NULL;
    for (int64_t i = 0; i < n && ore_ok(); i++)
        order[i] = drawn ? drawn[i] : i;
    ore_scope_end();
    return ore_error_status();
}

/* Samples of a pool, the last of which may have fewer. */
static int64_t pool_size(const bucket_sampler *self) {
    const ore_bucket_options *o = &self->options;
    int64_t n = self->base.length;
    return o->pool_batches == 0 || o->pool_batches > n / o->batch_size
               ? n
               : o->pool_batches * o->batch_size;
}

static ore_status bucket_draw(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                              int64_t *ends) {
    const bucket_sampler *self = (const bucket_sampler *)sampler;
    int64_t n = sampler->length, size = pool_size(self), B = self->options.batch_size;
    size_t pool_bytes = (size_t)size * sizeof(member); /* checked by ore_bucket_sampler_new */
    member *pool = ore_alloc(pool_bytes);
    int64_t *copy = ore_alloc((size_t)size * sizeof *copy);
    if (pool && copy)
        first_order(self, generator, order);
    for (int64_t at = 0; at < n && ore_ok(); at += size) {
        int64_t count = n - at < size ? n - at : size;
        sort_pool(self, pool, order + at, count);
        place_batches(self, generator, order + at, count, at, copy, ends + at / B);
    }
    ore_release(copy);
    ore_release(pool);
    return ore_error_status();
}

static void bucket_close(ore_sampler *sampler) {
    ore_release(((bucket_sampler *)sampler)->lengths);
    ore_release(sampler);
}

static ore_status check(const ore_bucket_options *o, int64_t length) {
    if (length < 1 || o->batch_size < 1 || o->pool_batches < 0)
        return ore_fail(ORE_INVALID,
                        "bucket sampler: length %lld, batch_size %lld, pool_batches "
                        "%lld, expected at least 1, 1 and 0",
                        (long long)length, (long long)o->batch_size, (long long)o->pool_batches);
    return ORE_OK;
}

ore_sampler *ore_bucket_sampler_new(const int64_t *lengths, int64_t length,
                                    const ore_bucket_options *options) {
    ore_bucket_options o = options ? *options : ore_bucket_defaults();
    size_t bytes;
    if (!ore_ok() || check(&o, length) != ORE_OK ||
        ore_bytes_of(length, sizeof(member), &bytes) != ORE_OK)
        return NULL;
    bucket_sampler *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_sampler){.name = "bucket sampler",
                               .length = length,
                               .batches = (length - 1) / o.batch_size + 1,
                               .batch_size = o.batch_size,
                               .draws = o.shuffle,
                               .private_generator = o.shuffle && !o.generator,
                               .generator = o.generator,
                               .draw = bucket_draw,
                               .close = bucket_close};
    self->options = o;
    bytes = (size_t)length * sizeof *lengths;
    self->lengths = ore_alloc(bytes);
    if (self->lengths) {
        memcpy(self->lengths, lengths, bytes);
        return &self->base;
    }
    bucket_close(&self->base);
    return NULL;
}
