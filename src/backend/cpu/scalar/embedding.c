/* embedding.c: rows picked by index, and their gradients. */
#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/range.h"
#include "base/half.h"

static ore_status pick_rows(const char *weight, const int64_t *indices, char *y, int64_t n,
                            int64_t V, size_t row_bytes) {
    if (ore_check_range("embedding", "index", indices, n, V, NULL) != ORE_OK)
        return ORE_INVALID;
    for (int64_t i = 0; i < n; i++)
        memcpy(y + (size_t)i * row_bytes, weight + (size_t)indices[i] * row_bytes, row_bytes);
    return ORE_OK;
}

#define PICK(type, suffix)                                                                         \
    ore_status scalar_embedding_##suffix(const ore_context *ctx, const void *weight,               \
                                         const int64_t *indices, void *y, int64_t n, int64_t V,    \
                                         int64_t C) {                                              \
        (void)ctx;                                                                                 \
        return pick_rows(weight, indices, y, n, V, (size_t)C * sizeof(type));                      \
    }
PICK(float, f32)
PICK(double, f64)
PICK(ore_bf16, bf16)
PICK(ore_f16, f16)
PICK(int64_t, i64)
PICK(int32_t, i32)
PICK(uint8_t, u8)
PICK(bool, b8)

#define ADD_ROWS(T, suffix)                                                                        \
    ore_status scalar_embedding_backward_##suffix(const ore_context *ctx, const void *dy,          \
                                                  const int64_t *indices, void *dw, int64_t n,     \
                                                  int64_t V, int64_t C, int64_t padding) {         \
        (void)ctx, (void)V;                                                                        \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T *from = (const T *)dy + i * C;                                                 \
            T *to = (T *)dw + indices[i] * C;                                                      \
            for (int64_t c = 0; c < C && indices[i] != padding; c++)                               \
                to[c] += from[c];                                                                  \
        }                                                                                          \
        return ORE_OK;                                                                             \
    }
ADD_ROWS(float, f32)
ADD_ROWS(double, f64)
