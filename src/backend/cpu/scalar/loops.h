/* loops.h: the shapes of elementwise kernels. Each defines scalar_NAME_SUFFIX for the element type
 * T and the suffix that the including template has set; the expression reads a, b and c. */
#ifndef ORE_SCALAR_LOOPS_H
#define ORE_SCALAR_LOOPS_H

#include <string.h>

#include "backend/cpu/cpu.h"
#include "backend/cpu/plan_run.h"
#include "backend/cpu/scalar/names.h"

#define LOOP(name)             NAMED(loop_, name, SUFFIX)
#define AT(type, operand, i)   (*(type *)(void *)(data[operand] + (i)*strides[operand]))
#define MOVE(operand, i, from) memcpy(data[operand] + (i)*strides[operand], from, sizeof(T))

#define LOOP_HEAD(name)                                                                            \
    static void LOOP(name)(char *const *data, const int64_t *strides, int64_t n, void *p) {        \
        (void)p;                                                                                   \
        for (int64_t i = 0; i < n; i++) {

#define LOOP_TAIL(name)                                                                            \
    }                                                                                              \
    }                                                                                              \
    ore_status KERNEL(name)(const ore_context *ctx, const ore_plan *plan) {                        \
        (void)ctx;                                                                                 \
        return ore_run_plan(plan, LOOP(name), NULL);                                               \
    }

#define UNARY(name, expression)                                                                    \
    LOOP_HEAD(name) T a = AT(T, 1, i);                                                             \
    AT(T, 0, i) = (T)(expression);                                                                 \
    LOOP_TAIL(name)

#define BINARY_TO(R, name, expression)                                                             \
    LOOP_HEAD(name) T a = AT(T, 1, i), b = AT(T, 2, i);                                            \
    AT(R, 0, i) = (R)(expression);                                                                 \
    LOOP_TAIL(name)

#define BINARY(name, expression) BINARY_TO(T, name, expression)

/* The same with two numbers p and q of T, which the call brings. */
#define WITH_NUMBERS(name, reads, expression)                                                      \
    static void LOOP(name)(char *const *data, const int64_t *strides, int64_t n, void *numbers) {  \
        const T p = ((const T *)numbers)[0], q = ((const T *)numbers)[1];                          \
        (void)p, (void)q;                                                                          \
        for (int64_t i = 0; i < n; i++) {                                                          \
            reads;                                                                                 \
            AT(T, 0, i) = (T)(expression);                                                         \
        }                                                                                          \
    }                                                                                              \
    ore_status KERNEL(name)(const ore_context *ctx, const ore_plan *plan, double p, double q) {    \
        T numbers[] = {(T)p, (T)q};                                                                \
        (void)ctx;                                                                                 \
        return ore_run_plan(plan, LOOP(name), numbers);                                            \
    }

#define UNARY_WITH(name, expression)  WITH_NUMBERS(name, T a = AT(T, 1, i), expression)
#define BINARY_WITH(name, expression)                                                              \
    WITH_NUMBERS(name, T a = AT(T, 1, i); T b = AT(T, 2, i), expression)

#endif
