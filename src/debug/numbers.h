/* numbers.h: what a tensor's elements are like. */
#ifndef ORE_DEBUG_NUMBERS_H
#define ORE_DEBUG_NUMBERS_H

#include <ore/tensor.h>

typedef struct debug_numbers {
    ore_shape shape;
    int64_t finite, zeros, nan, inf, negative_inf;
    double min, max, sum; /* of the finite ones */
} debug_numbers;

/* Of a tensor of any dtype and device; false with the error pending. Nothing is recorded. */
bool debug_numbers_of(debug_numbers *numbers, const ore_tensor *t);
/* "(4, 8): -1.2 .. 2.7, mean 0.9, 1 zero, 2 NaN, 1 inf, 3 -inf" into text of `bytes`. */
const char *debug_numbers_text(const debug_numbers *numbers, char *text, size_t bytes);

#endif
