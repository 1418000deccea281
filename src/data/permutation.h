/* permutation.h: a random order of 0 .. n - 1 that takes no memory. */
#ifndef ORE_DATA_PERMUTATION_H
#define ORE_DATA_PERMUTATION_H

#include <stdint.h>

/* 64 bits that depend on two numbers: splitmix64's finaliser (Steele et al. 2014) over both. */
uint64_t ore_mix(uint64_t a, uint64_t b);
/* The number at place i, 0 <= i < n, of the order that a key gives 0 .. n - 1: a Feistel network
 * over as many bits as n - 1 has, gone on with until its value is below n (Black and Rogaway 2002,
 * "Ciphers with arbitrary finite domains", cycle walking): on average fewer than two rounds of
 * it. */
int64_t ore_permuted(uint64_t key, int64_t n, int64_t i);

#endif
