/* dropout.h: the mask that dropout and attention draw. */
#ifndef ORE_OPS_DROPOUT_H
#define ORE_OPS_DROPOUT_H

#include "ops/op.h"

/* One bit for each of n elements, 1 with probability `keep`, on the device of x. The CPU draws it
 * whatever the device, as all random numbers; where `keep` is 0 it draws nothing, as torch. */
ore_tensor *ore_dropout_mask(const ore_tensor *x, int64_t n, double keep, ore_generator *g);

#endif
