/* elementwise.h: what makes a row of an expression over vectors a, b of T. The including template
 * defines T, V, LANES, VEC(name) and FN(name). */
#ifndef ORE_BACKEND_VECTOR_ELEMENTWISE_H
#define ORE_BACKEND_VECTOR_ELEMENTWISE_H

#include "backend/cpu/vector/dense.h"
#include "backend/cpu/vector/lanes.h"

/* y = lanes(a): the last lanes go through the same vector code as the others. */
#define UNARY_LOOP(name)                                                                           \
    static void FN(name##_dense)(void *y, void *const *x, int64_t n, const void *arguments) {      \
        T *to = y;                                                                                 \
        const T *a = x[0];                                                                         \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= n; i += LANES)                                                         \
            VEC(store)(to + i, FN(name##_lanes)(VEC(load)(a + i), arguments));                     \
        if (i < n)                                                                                 \
            VEC(store_part)                                                                        \
            (to + i, FN(name##_lanes)(VEC(load_part)(a + i, n - i, 0), arguments), n - i);         \
    }

#define BINARY_LOOP(name)                                                                          \
    static void FN(name##_dense)(void *y, void *const *x, int64_t n, const void *arguments) {      \
        T *to = y;                                                                                 \
        const T *a = x[0], *b = x[1];                                                              \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= n; i += LANES)                                                         \
            VEC(store)(to + i, FN(name##_lanes)(VEC(load)(a + i), VEC(load)(b + i), arguments));   \
        if (i < n)                                                                                 \
            VEC(store_part)                                                                        \
            (to + i,                                                                               \
             FN(name##_lanes)(VEC(load_part)(a + i, n - i, 0), VEC(load_part)(b + i, n - i, 0),    \
                              arguments),                                                          \
             n - i);                                                                               \
    }

#define PLAIN_ROW(name)                                                                            \
    ore_status LEVEL(FN(name))(const ore_context *ctx, const ore_plan *plan) {                     \
        static const dense_kernel kernel = {                                                       \
            FN(name##_dense), NULL, {sizeof(T), sizeof(T), sizeof(T)}};                            \
        (void)ctx;                                                                                 \
        return LEVEL(run_dense)(plan, &kernel);                                                    \
    }

#define UNARY_LANES(name, expression)                                                              \
    VEC_INLINE V FN(name##_lanes)(V a, const void *arguments) {                                    \
        (void)arguments;                                                                           \
        return expression;                                                                         \
    }                                                                                              \
    UNARY_LOOP(name)

#define BINARY_LANES(name, expression)                                                             \
    VEC_INLINE V FN(name##_lanes)(V a, V b, const void *arguments) {                               \
        (void)arguments;                                                                           \
        return expression;                                                                         \
    }                                                                                              \
    BINARY_LOOP(name)

#define UNARY(name, expression)                                                                    \
    UNARY_LANES(name, expression)                                                                  \
    PLAIN_ROW(name)

#define BINARY(name, expression)                                                                   \
    BINARY_LANES(name, expression)                                                                 \
    PLAIN_ROW(name)

#endif
