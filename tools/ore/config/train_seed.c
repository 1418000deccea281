/* train_seed.c: the seeds of a run's random streams. */
#include "config/train_seed.h"

/* A step of splitmix64 (S. Vigna): spreads neighbouring numbers over all 64 bits. */
static uint64_t spread(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t train_seed(const train_config *c, train_stream stream, int64_t part, int64_t step) {
    uint64_t seed = (uint64_t)c->seed;
    if (stream == STREAM_WEIGHTS)
        return seed;
    return spread(spread(spread(seed + (uint64_t)stream) + (uint64_t)part) + (uint64_t)step);
}
