/* generator.c: the mt19937 engine. */
#include "base/generator.h"

enum { N = ORE_ENGINE_WORDS, M = 397 };

void ore_engine_seed(ore_generator *g, uint64_t seed) {
    uint32_t x = (uint32_t)seed;
    g->state[0] = x;
    for (uint32_t i = 1; i < N; i++) {
        x = 1812433253u * (x ^ (x >> 30)) + i;
        g->state[i] = x;
    }
    g->position = N;
    g->has_normal = false;
    g->next_normal = 0;
}

/* The upper bit of u joined to the lower 31 of v, times the companion matrix. */
static inline uint32_t twisted(uint32_t u, uint32_t v) {
    uint32_t y = (u & 0x80000000u) | (v & 0x7fffffffu);
    return (y >> 1) ^ ((0u - (v & 1u)) & 0x9908b0dfu);
}

/* Runs of a multiple of four words, so that compilers turn them into vector code as they are. */
void ore_engine_twist(ore_generator *g) {
    enum { FIRST = (N - M) / 4 * 4 };
    uint32_t *s = g->state;
    for (int i = 0; i < FIRST; i++)
        s[i] = s[i + M] ^ twisted(s[i], s[i + 1]);
    for (int i = FIRST; i < N - M; i++)
        s[i] = s[i + M] ^ twisted(s[i], s[i + 1]);
    for (int i = N - M; i < N - 1; i++)
        s[i] = s[i - (N - M)] ^ twisted(s[i], s[i + 1]);
    s[N - 1] = s[M - 1] ^ twisted(s[N - 1], s[0]);
    g->position = 0;
}

void ore_engine_words(ore_generator *g, uint32_t *restrict words, int64_t n) {
    while (n > 0) {
        if (g->position == N)
            ore_engine_twist(g);
        int count = n < N - g->position ? (int)n : N - g->position;
        const uint32_t *restrict s = g->state + g->position;
        int i = 0;
        for (; i + 16 <= count; i += 16)
            for (int j = 0; j < 16; j++)
                words[i + j] = ore_engine_temper(s[i + j]);
        for (; i < count; i++)
            words[i] = ore_engine_temper(s[i]);
        g->position += count;
        words += count;
        n -= count;
    }
}
