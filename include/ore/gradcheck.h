/* gradcheck.h: whether the gradients of a function are right. */
#ifndef ORE_GRADCHECK_H
#define ORE_GRADCHECK_H

#include <ore/tensor.h>

ORE_BEGIN_DECLS

/* Compares gradients with central differences in float64. `function` maps n inputs to a tensor;
 * inputs are float64 leaves that require gradients, and the output is reduced to a number by fixed
 * weights of mixed sign. Fails with ORE_STATE, naming the worst element, when
 * |numeric - analytic| > atol + rtol |numeric| somewhere. step 0 means 1e-6. */
typedef ore_tensor *(*ore_function)(void *user, ore_tensor **inputs, int n);
typedef struct ore_gradcheck_options {
    double step, rtol, atol;
} ore_gradcheck_options;
ORE_API ore_gradcheck_options ore_gradcheck_defaults(void);
ORE_API ore_status ore_gradcheck(ore_function function, void *user, ore_tensor **inputs, int n,
                                 const ore_gradcheck_options *options);

ORE_END_DECLS

#endif
