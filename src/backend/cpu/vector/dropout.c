/* dropout.c: dropout's mask and its use, eight elements to a byte without a branch. Bit for bit
 * what scalar gives. */
#include <math.h>
#include <string.h>

#include "backend/cpu/dropout_run.h"
#include "backend/cpu/vector/vec.h"
#include "backend/cpu/vector/vector.h"
#include "base/generator.h"

typedef uint64_t four_draws __attribute__((vector_size(32)));
typedef int64_t four_i64 __attribute__((vector_size(32)));
typedef int64_t lanes_i64 __attribute__((vector_size(64)));
typedef int32_t lanes_i32 __attribute__((vector_size(32)));
typedef float lanes_f32 __attribute__((vector_size(32)));
typedef double lanes_f64 __attribute__((vector_size(64)));

/* The bits of the four draws k 2^-53, two words each, that are below limit 2^-53. */
static inline unsigned four_below(const uint32_t *words, int64_t limit) {
    four_draws pair; /* k's high half comes first */
    memcpy(&pair, words, sizeof pair);
    four_i64 below = limit > (four_i64)((pair & 0x1fffff) << 32 | pair >> 32);
#ifdef __AVX2__
    return (unsigned)_mm256_movemask_pd((__m256d)below);
#else
    below &= (four_i64){1, 2, 4, 8};
    return (unsigned)(below[0] | below[1] | below[2] | below[3]);
#endif
}

ore_status LEVEL(dropout_mask_u8)(const ore_context *ctx, ore_generator *g, uint8_t *mask,
                                  int64_t n, double keep) {
    (void)ctx;
    if (ore_dropout_mask_mkl(g, mask, n, keep))
        return ORE_OK;
    uint32_t words[2 * MASK_BATCH];
    int64_t limit = (int64_t)ceil(keep * 0x1p53);
    ore_generator_lock(g);
    for (int64_t at = 0; at < n; at += MASK_BATCH) {
        int count = n - at < MASK_BATCH ? (int)(n - at) : MASK_BATCH;
        ore_engine_words(&g->engine, words, 2 * (int64_t)count);
        for (int i = 2 * count; i % 16 != 0; i++)
            words[i] = 0;
        for (int i = 0; i < count; i += 8) {
            const uint32_t *eight = words + 2 * i;
            unsigned bits = four_below(eight, limit) | four_below(eight + 8, limit) << 4;
            mask[(at + i) / 8] = (uint8_t)bits;
        }
    }
    ore_generator_unlock(g);
    if (n % 8)
        mask[n / 8] &= (uint8_t)((1u << n % 8) - 1);
    return ORE_OK;
}

#define DROPOUT_ROW(suffix, T, lanes, lanes_int)                                                   \
    static void dropout_range_##suffix(const ore_dropout_args *args, int64_t from, int64_t to) {   \
        const lanes_int bit = {1, 2, 4, 8, 16, 32, 64, 128};                                       \
        const T *x = args->x;                                                                      \
        const uint8_t *mask = args->mask;                                                          \
        T *y = args->y, scale = 1 / (T)args->keep;                                                 \
        int64_t i = from;                                                                          \
        for (; i + 8 <= to; i += 8) {                                                              \
            lanes block;                                                                           \
            memcpy(&block, x + i, sizeof block);                                                   \
            lanes_int kept = ((bit & mask[i / 8]) != 0) & (lanes_int)(block * scale);              \
            memcpy(y + i, &kept, sizeof kept);                                                     \
        }                                                                                          \
        for (; i < to; i++)                                                                        \
            y[i] = mask[i / 8] >> (i % 8) & 1 ? x[i] * scale : 0;                                  \
    }                                                                                              \
    ore_status LEVEL(dropout_apply_##suffix)(const ore_context *ctx, const void *x,                \
                                             const uint8_t *mask, void *y, int64_t n,              \
                                             double keep) {                                        \
        (void)ctx;                                                                                 \
        ore_run_dropout(&(ore_dropout_args){x, mask, y, n, keep}, dropout_range_##suffix);         \
        return ORE_OK;                                                                             \
    }
DROPOUT_ROW(f32, float, lanes_f32, lanes_i32)
DROPOUT_ROW(f64, double, lanes_f64, lanes_i64)
