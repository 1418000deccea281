/* dense.h: elementwise rows in vector form. A kernel is a loop over dense memory; the runner brings
 * it whatever a plan holds, strided or broadcast operands by way of small dense blocks. What an
 * element becomes depends on its operands alone, not on its place. */
#ifndef ORE_BACKEND_VECTOR_DENSE_H
#define ORE_BACKEND_VECTOR_DENSE_H

#include "backend/cpu/vector/vector.h"

/* y[i] from x[0][i], x[1][i], ... for i in 0 .. n-1; y may be one of x, or apart from them. */
typedef void (*dense_fn)(void *y, void *const *x, int64_t n, const void *arguments);

typedef struct dense_kernel {
    dense_fn fn;
    const void *arguments;
    int bytes[ORE_PLAN_OPERANDS]; /* element size of each operand: 1, 2, 4 or 8 */
} dense_kernel;

ore_status LEVEL(run_dense)(const ore_plan *plan, const dense_kernel *kernel);

#endif
