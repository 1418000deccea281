/* half.c: dense halves as float32, and back. */
#include "backend/cpu/vector/half.h"
#include "backend/cpu/vector/vector.h"

#define HALF_ROWS(suffix, type)                                                                    \
    ore_status LEVEL(widen_##suffix)(const ore_context *ctx, const void *x, float *y, int64_t n) { \
        const type *from = x;                                                                      \
        int64_t i = 0;                                                                             \
        (void)ctx;                                                                                 \
        for (; i + VF_LANES <= n; i += VF_LANES)                                                   \
            vf_store(y + i, vf_of_##suffix(vh16_load(from + i)));                                  \
        for (; i < n; i++)                                                                         \
            y[i] = ore_##suffix##_to_float(from[i]);                                               \
        return ORE_OK;                                                                             \
    }                                                                                              \
    ore_status LEVEL(narrow_##suffix)(const ore_context *ctx, const float *x, void *y,             \
                                      int64_t n) {                                                 \
        type *to = y;                                                                              \
        int64_t i = 0;                                                                             \
        (void)ctx;                                                                                 \
        for (; i + VF_LANES <= n; i += VF_LANES)                                                   \
            vh16_store(to + i, vf_to_##suffix(vf_load(x + i)));                                    \
        for (; i < n; i++)                                                                         \
            to[i] = ore_##suffix##_from_float(x[i]);                                               \
        return ORE_OK;                                                                             \
    }
HALF_ROWS(bf16, ore_bf16)
HALF_ROWS(f16, ore_f16)
