/* generator.h: the mt19937 engine under every random draw (M. Matsumoto and T. Nishimura,
 * "Mersenne Twister", ACM TOMACS 8(1), 1998), and what a generator object holds. It stands in base
 * because kernels draw from it; the public face is ore/generator.h. */
#ifndef ORE_BASE_GENERATOR_H
#define ORE_BASE_GENERATOR_H

#include <pthread.h>

#include <ore/generator.h>

#include "base/turns.h"

enum { ORE_ENGINE_WORDS = 624 };

typedef struct ore_engine {
    uint32_t state[ORE_ENGINE_WORDS];
    int position; /* of the next word; ORE_ENGINE_WORDS: the state is used up */
} ore_engine;

struct ore_generator {
    ore_engine engine;
    unsigned variant;   /* of ore_random_variant */
    bool has_normal;    /* the second value of the last pair of single normals waits */
    double next_normal; /* it, for mean 0 and deviation 1 */
    pthread_mutex_t lock;
};

/* Every row of kernels that draws holds the lock, so one call's words follow each other. */
static inline void ore_generator_lock(ore_generator *g) {
    ore_turn_await(); /* members of an ore_parallel draw in their order */
    pthread_mutex_lock(&g->lock);
}
static inline void ore_generator_unlock(ore_generator *g) {
    pthread_mutex_unlock(&g->lock);
}

/* g, or the default generator for NULL. */
ore_generator *ore_generator_or_default(ore_generator *g);
/* The next two words as one number, the first word in the high half: what a data loader draws as
 * the seed of its epoch (PyTorch keeps the low 63 bits). NULL: the default generator. */
uint64_t ore_generator_draw(ore_generator *g);

/* ---- the engine; a generator's is for the holder of its lock ---- */

/* The plain one-integer seeding. */
void ore_engine_seed(ore_engine *e, uint32_t seed);
/* The seeding by `count` words, one or more: the reference's init_by_array. */
void ore_engine_seed_words(ore_engine *e, const uint32_t *words, int count);
/* Makes the next 624 words. */
void ore_engine_twist(ore_engine *e);
/* The next n words. */
void ore_engine_words(ore_engine *e, uint32_t *words, int64_t n);

static inline uint32_t ore_engine_temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}
/* The next word. */
static inline uint32_t ore_engine_u32(ore_engine *e) {
    if (e->position == ORE_ENGINE_WORDS)
        ore_engine_twist(e);
    return ore_engine_temper(e->state[e->position++]);
}
/* The next two words; the first one is the high half. */
static inline uint64_t ore_engine_u64(ore_engine *e) {
    uint64_t high = ore_engine_u32(e);
    return high << 32 | ore_engine_u32(e);
}
/* Two words as a number in [0, 1) with 53 bits. */
static inline double ore_engine_unit(ore_engine *e) {
    return (double)(ore_engine_u64(e) & 0x1fffffffffffffu) * 0x1p-53;
}

/* ---- MKL's stream ---- */

/* MCG31m1 (P. L'Ecuyer, "Tables of linear congruential generators", Math. Comp. 68, 1999):
 * x[k+1] = 1132489760 x[k] mod 2^31 - 1, seeded by one word. */
typedef struct ore_mcg31 {
    uint64_t x;
} ore_mcg31;

enum { ORE_MCG31_MODULUS = 0x7fffffff };

static inline ore_mcg31 ore_mcg31_of(uint32_t seed) {
    uint64_t x = seed % (uint32_t)ORE_MCG31_MODULUS;
    return (ore_mcg31){x ? x : 1};
}
/* The next number in (0, 1); the first one is the seed's own. */
static inline double ore_mcg31_unit(ore_mcg31 *m) {
    double u = (double)m->x / ORE_MCG31_MODULUS;
    m->x = m->x * 1132489760u % ORE_MCG31_MODULUS;
    return u;
}

#endif
