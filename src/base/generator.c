/* generator.c: the mt19937 engine. */
#include "base/generator.h"

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
