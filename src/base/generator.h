/* generator.h: the mt19937 engine under every random draw (M. Matsumoto and T. Nishimura,
 * "Mersenne Twister", ACM TOMACS 8(1), 1998), and what a generator object holds. It stands in base
 * because kernels draw from it; the public face is core/random.c. */
#ifndef ORE_BASE_GENERATOR_H
#define ORE_BASE_GENERATOR_H

#include <pthread.h>

#include <ore/tensor.h>

enum { ORE_ENGINE_WORDS = 624 };

struct ore_generator {
    uint32_t state[ORE_ENGINE_WORDS];
    int position;       /* of the next word; ORE_ENGINE_WORDS: the state is used up */
    bool has_normal;    /* the second value of the last pair of single normals waits */
    double next_normal; /* it, for mean 0 and deviation 1 */
    pthread_mutex_t lock;
};

/* Every row of kernels that draws holds the lock, so one call's words follow each other. */
static inline void ore_generator_lock(ore_generator *g) {
    pthread_mutex_lock(&g->lock);
}
static inline void ore_generator_unlock(ore_generator *g) {
    pthread_mutex_unlock(&g->lock);
}

/* ---- for the holder of the lock ---- */

/* The plain one-integer seeding, of the low 32 bits; drops the waiting normal. */
void ore_engine_seed(ore_generator *g, uint64_t seed);
/* Makes the next 624 words. */
void ore_engine_twist(ore_generator *g);
/* The next n words. */
void ore_engine_words(ore_generator *g, uint32_t *words, int64_t n);

static inline uint32_t ore_engine_temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}
/* The next word. */
static inline uint32_t ore_engine_u32(ore_generator *g) {
    if (g->position == ORE_ENGINE_WORDS)
        ore_engine_twist(g);
    return ore_engine_temper(g->state[g->position++]);
}
/* The next two words; the first one is the high half. */
static inline uint64_t ore_engine_u64(ore_generator *g) {
    uint64_t high = ore_engine_u32(g);
    return high << 32 | ore_engine_u32(g);
}
/* Two words as a number in [0, 1) with 53 bits. */
static inline double ore_engine_unit(ore_generator *g) {
    return (double)(ore_engine_u64(g) & 0x1fffffffffffffu) * 0x1p-53;
}

#endif
