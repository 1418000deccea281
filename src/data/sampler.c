/* sampler.c: the samplers of torch.utils.data, with its draws. */
#include <string.h>

#include <ore/random.h>
#include <ore/sampler.h>

#include "base/given.h"
#include "base/memory.h"

void ore_sampler_close(ore_sampler *sampler) {
    if (sampler)
        sampler->close(sampler);
}

static void plain_close(ore_sampler *sampler) {
    ore_release(sampler);
}

static ore_status check_count(const char *kind, const char *what, int64_t count) {
    return count >= 1 ? ORE_OK
                      : ore_fail(ORE_INVALID, "%s: %s %lld, expected at least 1", kind, what,
                                 (long long)count);
}

/* What a draw made, into order; the tensor goes. */
static ore_status take(const ore_tensor *drawn, int64_t count, int64_t *order) {
    const int64_t *numbers = ore_data(drawn);
    if (numbers && count > 0)
        memcpy(order, numbers, (size_t)count * sizeof *order);
    return ore_error_status();
}

/* The first `count` of randperm(n). */
static ore_status permute(int64_t n, int64_t count, ore_generator *generator, int64_t *order) {
    ore_scope_begin();
    take(ore_randperm(n, generator), count, order);
    ore_scope_end();
    return ore_error_status();
}

/* ---- in order ---- */

static ore_status sequential_draw(const ore_sampler *sampler, ore_generator *generator,
                                  int64_t *order, int64_t *ends) {
    (void)generator, (void)ends;
    for (int64_t i = 0; i < sampler->length; i++)
        order[i] = i;
    return ORE_OK;
}

ore_sampler *ore_sequential_sampler_new(int64_t length) {
    if (!ore_ok() || check_count("sequential sampler", "length", length) != ORE_OK)
        return NULL;
    ore_sampler *sampler = ore_alloc_zero(sizeof *sampler);
    if (sampler)
        *sampler = (ore_sampler){.name = "sequential sampler",
                                 .length = length,
                                 .draw = sequential_draw,
                                 .close = plain_close};
    return sampler;
}

/* ---- random ---- */

typedef struct random_sampler {
    ore_sampler base; /* first: an ore_sampler of this kind is one of these */
    int64_t choices;
    bool replacement;
} random_sampler;

ore_random_sampler_options ore_random_sampler_defaults(void) {
    return (ore_random_sampler_options){.replacement = false, .num_samples = 0, .generator = NULL};
}

static ore_status random_draw(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                              int64_t *ends) {
    enum { DRAWN_AT_A_TIME = 32 }; /* as torch does */
    const random_sampler *self = (const random_sampler *)sampler;
    int64_t step = self->replacement ? DRAWN_AT_A_TIME : self->choices;
    (void)ends;
    for (int64_t at = 0; at < sampler->length && ore_ok(); at += step) {
        int64_t left = sampler->length - at, count = left < step ? left : step;
        if (!self->replacement) {
            permute(self->choices, count, generator, order + at);
            continue;
        }
        ore_scope_begin();
        take(ore_randint(0, self->choices, ORE_SHAPE(count), ORE_INT64, generator), count,
             order + at);
        ore_scope_end();
    }
    return ore_error_status();
}

/* Where whole permutations make up the pass, torch draws one more, of which it takes nothing. */
static ore_status random_end(const ore_sampler *sampler, ore_generator *generator) {
    const random_sampler *self = (const random_sampler *)sampler;
    if (!self->replacement && sampler->length % self->choices == 0) {
        ore_scope_begin();
        ore_randperm(self->choices, generator);
        ore_scope_end();
    }
    return ore_error_status();
}

ore_sampler *ore_random_sampler_new(int64_t length, const ore_random_sampler_options *options) {
    ore_random_sampler_options o = options ? *options : ore_random_sampler_defaults();
    int64_t samples = o.num_samples ? o.num_samples : length;
    if (!ore_ok() || check_count("random sampler", "length", length) != ORE_OK ||
        check_count("random sampler", "num_samples", samples) != ORE_OK)
        return NULL;
    random_sampler *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_sampler){.name = "random sampler",
                               .length = samples,
                               .draws = true,
                               .private_generator = !o.generator,
                               .generator = o.generator,
                               .draw = random_draw,
                               .end = random_end,
                               .close = plain_close};
    self->choices = length;
    self->replacement = o.replacement;
    return &self->base;
}

/* ---- random, of a subset ---- */

typedef struct subset_sampler {
    ore_sampler base;
    int64_t *indices; /* (length) */
} subset_sampler;

static ore_status subset_draw(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                              int64_t *ends) {
    const subset_sampler *self = (const subset_sampler *)sampler;
    (void)ends;
    if (permute(sampler->length, sampler->length, generator, order) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < sampler->length; i++)
        order[i] = self->indices[order[i]];
    return ORE_OK;
}

static void subset_close(ore_sampler *sampler) {
    ore_release(((subset_sampler *)sampler)->indices);
    ore_release(sampler);
}

ore_sampler *ore_subset_random_sampler_new(const int64_t *indices, int64_t count,
                                           ore_generator *generator) {
    size_t bytes;
    if (!ore_ok() || check_count("subset random sampler", "count", count) != ORE_OK ||
        ore_bytes_of(count, sizeof *indices, &bytes) != ORE_OK)
        return NULL;
    subset_sampler *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_sampler){.name = "subset random sampler",
                               .length = count,
                               .draws = true,
                               .generator = generator,
                               .draw = subset_draw,
                               .close = subset_close};
    self->indices = ore_alloc(bytes);
    if (self->indices) {
        memcpy(self->indices, indices, bytes);
        return &self->base;
    }
    subset_close(&self->base);
    return NULL;
}

/* ---- weighted ---- */

typedef struct weighted_sampler {
    ore_sampler base;
    ore_tensor *weights; /* (choices) float64, an owned handle */
    bool replacement;
} weighted_sampler;

static ore_status weighted_draw(const ore_sampler *sampler, ore_generator *generator,
                                int64_t *order, int64_t *ends) {
    const weighted_sampler *self = (const weighted_sampler *)sampler;
    (void)ends;
    ore_scope_begin();
    take(ore_multinomial(self->weights, sampler->length, self->replacement, generator),
         sampler->length, order);
    ore_scope_end();
    return ore_error_status();
}

static void weighted_close(ore_sampler *sampler) {
    ore_free(((weighted_sampler *)sampler)->weights);
    ore_release(sampler);
}

static ore_status check_weights(const double *weights, int64_t length, int64_t num_samples,
                                bool replacement) {
    int64_t positive = 0, needed = replacement ? 1 : num_samples;
    for (int64_t i = 0; i < length; i++) {
        if (!(weights[i] >= 0 && weights[i] - weights[i] == 0))
            return ore_fail(ORE_INVALID,
                            "weighted sampler: weight %lld is %g, expected a finite "
                            "number of at least 0",
                            (long long)i, weights[i]);
        positive += weights[i] > 0;
    }
    return positive >= needed ? ORE_OK
                              : ore_fail(ORE_INVALID,
                                         "weighted sampler: %lld positive weights, expected at "
                                         "least %lld",
                                         (long long)positive, (long long)needed);
}

ore_sampler *ore_weighted_random_sampler_new(const double *weights, int64_t length,
                                             int64_t num_samples, bool replacement,
                                             ore_generator *generator) {
    if (!ore_ok() || check_count("weighted sampler", "length", length) != ORE_OK ||
        check_count("weighted sampler", "num_samples", num_samples) != ORE_OK ||
        check_weights(weights, length, num_samples, replacement) != ORE_OK)
        return NULL;
    weighted_sampler *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = (ore_sampler){.name = "weighted sampler",
                               .length = num_samples,
                               .draws = true,
                               .generator = generator,
                               .draw = weighted_draw,
                               .close = weighted_close};
    self->replacement = replacement;
    self->weights = ore_own(ore_from_data(weights, ORE_SHAPE(length), ORE_FLOAT64));
    if (self->weights)
        return &self->base;
    weighted_close(&self->base);
    return NULL;
}

/* ---- batches ---- */

typedef struct batch_sampler {
    ore_sampler base;
    const ore_sampler *inner;
} batch_sampler;

static ore_status batch_draw(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                             int64_t *ends) {
    const batch_sampler *self = (const batch_sampler *)sampler;
    for (int64_t b = 0; b < sampler->batches; b++) {
        int64_t end = (b + 1) * sampler->batch_size;
        ends[b] = end < sampler->length ? end : sampler->length;
    }
    return self->inner->draw(self->inner, generator, order, NULL);
}

static ore_status batch_end(const ore_sampler *sampler, ore_generator *generator) {
    const ore_sampler *inner = ((const batch_sampler *)sampler)->inner;
    return inner->end ? inner->end(inner, generator) : ore_error_status();
}

ore_sampler *ore_batch_sampler_new(const ore_sampler *sampler, int64_t batch_size, bool drop_last) {
    if (!ore_is_given("batch sampler", "the sampler", sampler) ||
        check_count("batch sampler", "batch_size", batch_size) != ORE_OK)
        return NULL;
    if (sampler->batches) {
        ore_fail(ORE_INVALID, "batch sampler: %.200s has batches already", sampler->name);
        return NULL;
    }
    int64_t whole = sampler->length / batch_size;
    batch_sampler *self = ore_alloc_zero(sizeof *self);
    if (!self)
        return NULL;
    self->base = *sampler;
    self->base.name = "batch sampler";
    self->base.batch_size = batch_size;
    self->base.batches = whole + (sampler->length % batch_size && !drop_last);
    self->base.draw = batch_draw;
    self->base.end = batch_end;
    self->base.close = plain_close;
    self->inner = sampler;
    if (self->base.batches)
        return &self->base;
    ore_release(self);
    ore_fail(ORE_INVALID, "batch sampler: %lld samples make no batch of %lld",
             (long long)sampler->length, (long long)batch_size);
    return NULL;
}
