/* generator.h: the objects that random numbers are drawn from. What is drawn: random.h. */
#ifndef ORE_GENERATOR_H
#define ORE_GENERATOR_H

#include <ore/base.h>

ORE_BEGIN_DECLS

typedef struct ore_generator ore_generator;

/* mt19937 with the draws of torch 1.13.1's scalar kernels: one seed, one stream. A NULL generator
 * means the default one, which ore_manual_seed seeds. */
ORE_API void ore_manual_seed(uint64_t seed);
ORE_API ore_generator *ore_generator_new(uint64_t seed);
ORE_API void ore_generator_free(ore_generator *g);
ORE_API ore_generator *ore_default_generator(void);
/* Starts the stream of `seed`; the variant stays. */
ORE_API void ore_generator_seed(ore_generator *g, uint64_t seed);
/* Which of torch's builds a generator follows where they draw differently; flags, joined by |.
 * docs/random.md names the builds. */
typedef enum ore_random_variant {
    ORE_RANDOM_DEFAULT = 0, /* torch 1.13.1 without MKL, scalar kernels */
    ORE_RANDOM_AVX2 = 1,    /* normal_ and uniform_ round as the AVX2 kernels do */
    ORE_RANDOM_TORCH2 = 2,  /* multinomial draws one sample by exponentials, replaced or not */
    ORE_RANDOM_MKL_BERNOULLI = 4,   /* bernoulli_ and dropout draw from MKL's stream */
    ORE_RANDOM_MKL_EXPONENTIAL = 8, /* exponential_, and multinomial's exponentials, do */
    ORE_RANDOM_WIDE_INTEGERS = 16,  /* randint and random_ draw two words from a range of 2^28 on */
} ore_random_variant;
/* The variant belongs to the generator and its saved state. ORE_INVALID for other bits. */
ORE_API ore_status ore_generator_set_variant(ore_generator *g, unsigned variant);
ORE_API unsigned ore_generator_variant(const ore_generator *g);
/* The whole state (engine, position, cached normal, variant) as bytes, for exact resume. */
enum { ORE_GENERATOR_STATE_BYTES = 2520 };
ORE_API void ore_generator_get_state(const ore_generator *g, uint8_t *state);
ORE_API ore_status ore_generator_set_state(ore_generator *g, const uint8_t *state, size_t bytes);

ORE_END_DECLS

#endif
