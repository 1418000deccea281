/* sampler.h: samplers: in which order a loader takes the samples of a data set, and which of them
 * make a batch. The draws are torch's. Every function that returns a pointer returns NULL when it
 * fails or while an error is pending. */
#ifndef ORE_SAMPLER_H
#define ORE_SAMPLER_H

#include <ore/generator.h>

ORE_BEGIN_DECLS

/* Whoever makes one fills the struct. The whole order is drawn as a pass begins (torch's
 * RandomSampler draws 32 numbers, or one permutation, at a time as it goes on: the numbers are the
 * same). */
typedef struct ore_sampler ore_sampler;
struct ore_sampler {
    const char *name; /* for messages */
    int64_t length;   /* samples of a pass */
    /* Of a sampler of batches: how many there are in a pass, and rows that a full one has. 0: the
     * loader's batch_size cuts the order. */
    int64_t batches, batch_size;
    bool draws;               /* whether it draws anything */
    bool private_generator;   /* draws from one of its own, made for each pass and seeded by one
                                 number of the default generator; `generator` is not used */
    ore_generator *generator; /* what it draws from; NULL: the default one; borrowed */
    /* The numbers of a pass into order (length); of a sampler of batches, also where each batch
     * ends in it, rising, into ends (batches), which is else NULL. generator: never NULL where
     * `draws`. */
    ore_status (*draw)(const ore_sampler *sampler, ore_generator *generator, int64_t *order,
                       int64_t *ends);
    /* What is drawn once a pass has been read to its end, of which nothing is used; NULL: nothing.
     */
    ore_status (*end)(const ore_sampler *sampler, ore_generator *generator);
    void (*close)(ore_sampler *sampler);
};
/* NULL is allowed. */
ORE_API void ore_sampler_close(ore_sampler *sampler);

/* torch's SequentialSampler: 0 .. length - 1. */
ORE_API ore_sampler *ore_sequential_sampler_new(int64_t length);

typedef struct ore_random_sampler_options {
    bool replacement;         /* false */
    int64_t num_samples;      /* 0: as many as there are; more come from further permutations */
    ore_generator *generator; /* NULL: a private one, seeded from the default one */
} ore_random_sampler_options;
ORE_API ore_random_sampler_options ore_random_sampler_defaults(void);
/* torch's RandomSampler of 0 .. length - 1: permutations, or with replacement randint. */
ORE_API ore_sampler *ore_random_sampler_new(int64_t length,
                                            const ore_random_sampler_options *options);

/* torch's SubsetRandomSampler: the indices, which are copied, in the order of randperm(count).
 * generator NULL: the default one. */
ORE_API ore_sampler *ore_subset_random_sampler_new(const int64_t *indices, int64_t count,
                                                   ore_generator *generator);

/* torch's WeightedRandomSampler: num_samples of 0 .. length - 1 as multinomial draws them by their
 * weights, which are copied, finite, not negative and not all zero. Without replacement there must
 * be num_samples positive weights. generator NULL: the default one. */
ORE_API ore_sampler *ore_weighted_random_sampler_new(const double *weights, int64_t length,
                                                     int64_t num_samples, bool replacement,
                                                     ore_generator *generator);

/* torch's BatchSampler: batches of batch_size samples in the order of `sampler`, which is borrowed;
 * the last may be smaller, or is left out with drop_last. */
ORE_API ore_sampler *ore_batch_sampler_new(const ore_sampler *sampler, int64_t batch_size,
                                           bool drop_last);

typedef struct ore_bucket_options {
    int64_t batch_size;       /* 32 */
    int64_t pool_batches;     /* 100: so many batches at a time are sorted together; 0: all */
    bool shuffle;             /* true: the samples before, and the batches of a pool after that */
    bool sort_within_batch;   /* true: each batch from the longest to the shortest sample */
    ore_generator *generator; /* NULL: a private one, seeded from the default one */
} ore_bucket_options;
ORE_API ore_bucket_options ore_bucket_defaults(void);
/* Batches of samples of like lengths, which need little padding, as torchtext's BucketIterator
 * makes them: the samples in random order (or as they are) are cut into pools, each pool is sorted
 * by length, cut into batches, and these are put in random order. Equal lengths keep their order.
 * Draws: randperm(length), then randperm of each pool's batches. lengths (length) are copied. */
ORE_API ore_sampler *ore_bucket_sampler_new(const int64_t *lengths, int64_t length,
                                            const ore_bucket_options *options);

ORE_END_DECLS

#endif
