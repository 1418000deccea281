/* gradients.h: a table of functions whose gradients are compared with central differences. */
#ifndef ORE_TEST_GRADIENTS_H
#define ORE_TEST_GRADIENTS_H

#include <ore/gradcheck.h>
#include <ore/ops.h>

enum { GRADIENT_INPUTS = 4 };

typedef struct gradient_case {
    const char *name;
    ore_function function;
    double low, high; /* of the inputs, evenly spread float64 numbers */
    int n;
    ore_shape shapes[GRADIENT_INPUTS];
} gradient_case;

/* A float64 leaf of evenly spread numbers of a fixed sequence. */
ore_tensor *gradient_leaf(ore_shape shape, double low, double high);
/* How many cases fail; prints why, and how many were checked. */
int gradients_that_fail(const gradient_case *cases, size_t count);

#endif
