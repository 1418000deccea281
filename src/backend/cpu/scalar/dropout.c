/* dropout.c: the one-bit mask and its use. */
#include <math.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/dropout_run.h"
#include "base/generator.h"

/* Drawn as torch's bernoulli_(keep): two words an element. Bits past n are 0. */
ore_status scalar_dropout_mask_u8(const ore_context *ctx, ore_generator *g, uint8_t *mask,
                                  int64_t n, double keep) {
    (void)ctx;
    if (ore_dropout_mask_mkl(g, mask, n, keep))
        return ORE_OK;
    uint32_t words[2 * MASK_BATCH];
    uint64_t limit = (uint64_t)ceil(keep * 0x1p53);
    ore_generator_lock(g);
    for (int64_t at = 0; at < n; at += MASK_BATCH) {
        int count = n - at < MASK_BATCH ? (int)(n - at) : MASK_BATCH;
        ore_engine_words(&g->engine, words, 2 * (int64_t)count);
        for (int i = 2 * count; i % 16 != 0; i++)
            words[i] = 0;
        for (int i = 0; i < count; i += 8) {
            unsigned bits = 0;
            for (int j = 0; j < 8; j++) {
                const uint32_t *pair = words + 2 * (i + j);
                uint64_t draw = (uint64_t)(pair[0] & 0x1fffffu) << 32 | pair[1];
                bits |= (unsigned)(draw < limit) << j;
            }
            if (count - i < 8)
                bits &= (1u << (count - i)) - 1;
            mask[(at + i) / 8] = (uint8_t)bits;
        }
    }
    ore_generator_unlock(g);
    return ORE_OK;
}

#define DROPOUT_ROW(suffix, T)                                                                     \
    static void dropout_range_##suffix(const ore_dropout_args *args, int64_t from, int64_t to) {   \
        const T *x = args->x;                                                                      \
        T *y = args->y, scale = 1 / (T)args->keep;                                                 \
        for (int64_t i = from; i < to; i++)                                                        \
            y[i] = args->mask[i / 8] >> (i % 8) & 1 ? x[i] * scale : 0;                            \
    }                                                                                              \
    ore_status scalar_dropout_apply_##suffix(const ore_context *ctx, const void *x,                \
                                             const uint8_t *mask, void *y, int64_t n,              \
                                             double keep) {                                        \
        (void)ctx;                                                                                 \
        ore_run_dropout(&(ore_dropout_args){x, mask, y, n, keep}, dropout_range_##suffix);         \
        return ORE_OK;                                                                             \
    }
DROPOUT_ROW(f32, float)
DROPOUT_ROW(f64, double)
