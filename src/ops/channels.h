/* channels.h: what norms share: the dtype and the shape of their parameters. */
#ifndef ORE_OPS_CHANNELS_H
#define ORE_OPS_CHANNELS_H

#include "ops/op.h"

/* The dtype that all parameters of a norm of x must have: x's; or, beside an x of halves, float32
 * if the first of `count` that is not NULL has it. */
ore_dtype ore_norm_dtype(const ore_tensor *x, ore_tensor *const *parameters, int count);
/* What a norm's backward fills for input i, a parameter; NULL where it is not wanted. `wide`: it is
 * float32 beside halves. */
ore_tensor *ore_norm_gradient(const ore_node *node, int i, const ore_tensor *dy, bool wide);

/* True for a NULL t and for (C) of that dtype, C being the channels of x (N, C, ..); false with an
 * error naming `op` and `what` for anything else. */
bool ore_fits_channels(const char *op, const char *what, ore_tensor *t, const ore_tensor *x,
                       ore_dtype dtype);

#endif
