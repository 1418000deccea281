/* pair_places.c: where two bytes stand side by side, by vectors.
 *
 * Few of the blocks have the pair, and which ones is nothing that a processor could foresee. So
 * there is no branch for that: each block is written down, and the next one over it unless it had
 * the pair. */
#include "base/cpuid.h"
#include "text/learn/pair_places.h"

enum { BLOCK = 64, BLOCKS = ORE_PAIR_PLACES_MAX / BLOCK };

/* Adds the places from `from` on, one by one. */
static int add_places(const uint8_t *bytes, int from, int to, uint8_t left, uint8_t right,
                      uint16_t *places, int found) {
    for (int i = from; i < to; i++) {
        places[found] = (uint16_t)i;
        found += (bytes[i] == left) & (bytes[i + 1] == right);
    }
    return found;
}

/* Compilers make vectors of the inner loop. */
int ore_pair_places_plain(const uint8_t *bytes, int count, uint8_t left, uint8_t right,
                          uint16_t *places) {
    uint16_t blocks[BLOCKS + 1];
    int block_count = 0, found = 0, i = 0;
    for (; i + BLOCK <= count; i += BLOCK) {
        uint8_t any = 0;
        for (int k = 0; k < BLOCK; k++)
            any |= (uint8_t)((bytes[i + k] == left) & (bytes[i + k + 1] == right));
        blocks[block_count] = (uint16_t)i;
        block_count += any;
    }
    for (int b = 0; b < block_count; b++)
        found = add_places(bytes, blocks[b], blocks[b] + BLOCK, left, right, places, found);
    return add_places(bytes, i, count, left, right, places, found);
}

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))

/* A bit for each place of the pair among 32. */
AVX2 static inline uint64_t places_of_32(const uint8_t *bytes, __m256i left, __m256i right) {
    __m256i here = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i next = _mm256_loadu_si256((const __m256i *)(bytes + 1));
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_and_si256(_mm256_cmpeq_epi8(here, left), _mm256_cmpeq_epi8(next, right)));
}

AVX2 static int pair_places_avx2(const uint8_t *bytes, int count, uint8_t left, uint8_t right,
                                 uint16_t *places) {
    struct {
        uint64_t bits, start;
    } blocks[BLOCKS + 1];
    const __m256i a = _mm256_set1_epi8((char)left), b = _mm256_set1_epi8((char)right);
    int block_count = 0, found = 0, i = 0;
    for (; i + BLOCK <= count; i += BLOCK) {
        uint64_t bits = places_of_32(bytes + i, a, b) | places_of_32(bytes + i + 32, a, b) << 32;
        blocks[block_count].start = (uint64_t)i;
        blocks[block_count].bits = bits;
        block_count += bits != 0;
    }
    for (int block = 0; block < block_count; block++)
        for (uint64_t bits = blocks[block].bits; bits; bits &= bits - 1)
            places[found++] = (uint16_t)(blocks[block].start + (uint64_t)__builtin_ctzll(bits));
    return add_places(bytes, i, count, left, right, places, found);
}

ore_pair_places ore_pair_places_by_vectors(void) {
    return ore_cpu_has(ORE_CPU_AVX2) && ore_cpu_has(ORE_CPU_BMI2) ? pair_places_avx2 : NULL;
}
#else
ore_pair_places ore_pair_places_by_vectors(void) {
    return NULL;
}
#endif
