/* generator.c: the mt19937 engine, and generator objects: lifetime, seeding, state. */
#include "base/generator.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/system.h"

/* ---- the engine ---- */

enum { N = ORE_ENGINE_WORDS, M = 397 };

void ore_engine_seed(ore_engine *e, uint32_t seed) {
    uint32_t x = seed;
    e->state[0] = x;
    for (uint32_t i = 1; i < N; i++) {
        x = 1812433253u * (x ^ (x >> 30)) + i;
        e->state[i] = x;
    }
    e->position = N;
}

/* s[i] mixed with the word before it. */
static inline uint32_t mixed(const uint32_t *s, int i, uint32_t factor) {
    return s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * factor);
}

void ore_engine_seed_words(ore_engine *e, const uint32_t *words, int count) {
    ore_engine_seed(e, 19650218u);
    uint32_t *s = e->state;
    int i = 1, j = 0;
    for (int k = N > count ? N : count; k > 0; k--) {
        s[i] = mixed(s, i, 1664525u) + words[j] + (uint32_t)j;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
        if (++j == count)
            j = 0;
    }
    for (int k = N - 1; k > 0; k--) {
        s[i] = mixed(s, i, 1566083941u) - (uint32_t)i;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
    }
    s[0] = 0x80000000u; /* so that not all bits are zero */
}

/* The upper bit of u joined to the lower 31 of v, times the companion matrix. */
static inline uint32_t twisted(uint32_t u, uint32_t v) {
    uint32_t y = (u & 0x80000000u) | (v & 0x7fffffffu);
    return (y >> 1) ^ ((0u - (v & 1u)) & 0x9908b0dfu);
}

/* Runs of a multiple of four words, so that compilers turn them into vector code as they are. */
void ore_engine_twist(ore_engine *e) {
    enum { FIRST = (N - M) / 4 * 4 };
    uint32_t *s = e->state;
    for (int i = 0; i < FIRST; i++)
        s[i] = s[i + M] ^ twisted(s[i], s[i + 1]);
    for (int i = FIRST; i < N - M; i++)
        s[i] = s[i + M] ^ twisted(s[i], s[i + 1]);
    for (int i = N - M; i < N - 1; i++)
        s[i] = s[i - (N - M)] ^ twisted(s[i], s[i + 1]);
    s[N - 1] = s[M - 1] ^ twisted(s[N - 1], s[0]);
    e->position = 0;
}

void ore_engine_words(ore_engine *e, uint32_t *restrict words, int64_t n) {
    while (n > 0) {
        if (e->position == N)
            ore_engine_twist(e);
        int count = n < N - e->position ? (int)n : N - e->position;
        const uint32_t *restrict s = e->state + e->position;
        int i = 0;
        for (; i + 16 <= count; i += 16)
            for (int j = 0; j < 16; j++)
                words[i + j] = ore_engine_temper(s[i + j]);
        for (; i < count; i++)
            words[i] = ore_engine_temper(s[i]);
        e->position += count;
        words += count;
        n -= count;
    }
}

/* ---- objects ---- */

/* A saved state, little-endian: magic, the engine's words, position, flags, the waiting normal.
 * Bit 0 of the flags says that a normal waits; from bit 8 on stands the variant. */
enum {
    MAGIC_BYTES = 8,
    WORDS_AT = MAGIC_BYTES,
    POSITION_AT = WORDS_AT + 4 * ORE_ENGINE_WORDS,
    FLAGS_AT = POSITION_AT + 4,
    NORMAL_AT = FLAGS_AT + 4,
    STATE_BYTES = NORMAL_AT + 8,
    VARIANT_SHIFT = 8,
};
_Static_assert(STATE_BYTES == (int)ORE_GENERATOR_STATE_BYTES, "the documented size");
static const uint8_t magic[MAGIC_BYTES] = {'o', 'r', 'e', '-', 'm', 't', '0', '1'};

/* The low 32 bits count. */
static void reseed(ore_generator *g, uint64_t seed) {
    ore_engine_seed(&g->engine, (uint32_t)seed);
    g->has_normal = false;
    g->next_normal = 0;
}

static ore_generator default_generator = {.lock = PTHREAD_MUTEX_INITIALIZER};
static pthread_once_t default_once = PTHREAD_ONCE_INIT;

/* PyTorch's default generator starts from a seed that nobody can foresee, too. */
static void seed_default(void) {
    uint64_t seed;
    if (ore_system_entropy(&seed, sizeof seed) != 0) {
        struct timespec now;
        timespec_get(&now, TIME_UTC);
        seed =
            (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 16;
    }
    reseed(&default_generator, seed);
}

ore_generator *ore_default_generator(void) {
    pthread_once(&default_once, seed_default);
    return &default_generator;
}

ore_generator *ore_generator_or_default(ore_generator *g) {
    return g ? g : ore_default_generator();
}

/* For reading: the lock alone changes. */
static ore_generator *mutable_or_default(const ore_generator *g) {
    return ore_generator_or_default((ore_generator *)(uintptr_t)g);
}

void ore_manual_seed(uint64_t seed) {
    ore_generator_seed(ore_default_generator(), seed);
}

ore_generator *ore_generator_new(uint64_t seed) {
    ore_generator *g = ore_alloc(sizeof *g);
    if (!g)
        return NULL;
    if (pthread_mutex_init(&g->lock, NULL) != 0) {
        ore_release(g);
        ore_fail(ORE_MEMORY, "generator: the system has no more locks");
        return NULL;
    }
    g->variant = ORE_RANDOM_DEFAULT;
    reseed(g, seed);
    return g;
}

void ore_generator_free(ore_generator *g) {
    if (!g || g == &default_generator)
        return;
    pthread_mutex_destroy(&g->lock);
    ore_release(g);
}

void ore_generator_seed(ore_generator *g, uint64_t seed) {
    g = ore_generator_or_default(g);
    ore_generator_lock(g);
    reseed(g, seed);
    ore_generator_unlock(g);
}

/* ---- variants ---- */

enum {
    EVERY_VARIANT = ORE_RANDOM_AVX2 | ORE_RANDOM_TORCH2 | ORE_RANDOM_MKL_BERNOULLI |
                    ORE_RANDOM_MKL_EXPONENTIAL | ORE_RANDOM_WIDE_INTEGERS
};

ore_status ore_generator_set_variant(ore_generator *g, unsigned variant) {
    if (variant & ~(unsigned)EVERY_VARIANT)
        return ore_fail(ORE_INVALID, "generator: variant %#x, expected flags of ore_random_variant",
                        variant);
    g = ore_generator_or_default(g);
    ore_generator_lock(g);
    g->variant = variant;
    ore_generator_unlock(g);
    return ORE_OK;
}

unsigned ore_generator_variant(const ore_generator *g) {
    ore_generator *from = mutable_or_default(g);
    ore_generator_lock(from);
    unsigned variant = from->variant;
    ore_generator_unlock(from);
    return variant;
}

uint64_t ore_generator_draw(ore_generator *g) {
    g = ore_generator_or_default(g);
    ore_generator_lock(g);
    uint64_t value = ore_engine_u64(&g->engine);
    ore_generator_unlock(g);
    return value;
}

/* ---- state as bytes ---- */

static void put_bytes(uint8_t *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_bytes(const uint8_t *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void ore_generator_get_state(const ore_generator *g, uint8_t *state) {
    ore_generator *from = mutable_or_default(g);
    ore_generator_lock(from);
    uint64_t normal_bits;
    memcpy(&normal_bits, &from->next_normal, sizeof normal_bits);
    memcpy(state, magic, MAGIC_BYTES);
    for (int i = 0; i < ORE_ENGINE_WORDS; i++)
        put_bytes(state + WORDS_AT + 4 * i, from->engine.state[i], 4);
    put_bytes(state + POSITION_AT, (uint64_t)from->engine.position, 4);
    put_bytes(state + FLAGS_AT, (uint64_t)from->has_normal | from->variant << VARIANT_SHIFT, 4);
    put_bytes(state + NORMAL_AT, from->has_normal ? normal_bits : 0, 8);
    ore_generator_unlock(from);
}

/* The engine's 19,937 bits: the upper bit of the first word and all of the others. */
static bool is_zero_engine(const uint8_t *state) {
    uint64_t any = get_bytes(state + WORDS_AT, 4) & 0x80000000u;
    for (int i = 1; i < ORE_ENGINE_WORDS; i++)
        any |= get_bytes(state + WORDS_AT + 4 * i, 4);
    return any == 0;
}

ore_status ore_generator_set_state(ore_generator *g, const uint8_t *state, size_t bytes) {
    if (bytes != ORE_GENERATOR_STATE_BYTES)
        return ore_fail(ORE_DATA, "generator state: %zu byte%s, expected %d", bytes,
                        ore_plural((int64_t)bytes), (int)ORE_GENERATOR_STATE_BYTES);
    if (!state || memcmp(state, magic, MAGIC_BYTES) != 0)
        return ore_fail(ORE_DATA, "generator state: does not start with ore-mt01");
    uint64_t position = get_bytes(state + POSITION_AT, 4);
    uint64_t flags = get_bytes(state + FLAGS_AT, 4);
    uint64_t has_normal = flags & ((1u << VARIANT_SHIFT) - 1), variant = flags >> VARIANT_SHIFT;
    uint64_t normal_bits = get_bytes(state + NORMAL_AT, 8);
    double normal;
    memcpy(&normal, &normal_bits, sizeof normal);
    if (position > ORE_ENGINE_WORDS)
        return ore_fail(ORE_DATA, "generator state: position %llu, expected 0 to %d",
                        (unsigned long long)position, ORE_ENGINE_WORDS);
    if (has_normal > 1 || !isfinite(normal))
        return ore_fail(ORE_DATA, "generator state: the cached normal is damaged");
    if (variant & ~(uint64_t)EVERY_VARIANT)
        return ore_fail(ORE_DATA, "generator state: variant %#llx is none of this version's",
                        (unsigned long long)variant);
    if (is_zero_engine(state))
        return ore_fail(ORE_DATA, "generator state: all words are zero");
    g = ore_generator_or_default(g);
    ore_generator_lock(g);
    for (int i = 0; i < ORE_ENGINE_WORDS; i++)
        g->engine.state[i] = (uint32_t)get_bytes(state + WORDS_AT + 4 * i, 4);
    g->engine.position = (int)position;
    g->variant = (unsigned)variant;
    g->has_normal = has_normal != 0;
    g->next_normal = normal;
    ore_generator_unlock(g);
    return ORE_OK;
}
