/* permutation.c: orders by a cipher over 0 .. n - 1. */
#include "data/permutation.h"

uint64_t ore_mix(uint64_t a, uint64_t b) {
    uint64_t z = a + 0x9E3779B97F4A7C15u * (b + 1);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* One pass of the network: each half in turn is changed by what the other one makes of the key. */
static uint64_t encipher(uint64_t key, int low_bits, int high_bits, uint64_t value) {
    enum { ROUNDS = 8 }; /* with four, small orders are not yet random */
    uint64_t low_mask = (UINT64_C(1) << low_bits) - 1, high_mask = (UINT64_C(1) << high_bits) - 1;
    uint64_t low = value & low_mask, high = value >> low_bits;
    for (uint64_t round = 0; round < ROUNDS; round += 2) {
        high ^= ore_mix(key ^ low, round) & high_mask;
        low ^= ore_mix(key ^ high, round + 1) & low_mask;
    }
    return high << low_bits | low;
}

int64_t ore_permuted(uint64_t key, int64_t n, int64_t i) {
    int bits = 0;
    while ((uint64_t)(n - 1) >> bits)
        bits++;
    uint64_t value = (uint64_t)i;
    do
        value = encipher(key, bits - bits / 2, bits / 2, value);
    while (value >= (uint64_t)n);
    return (int64_t)value;
}
