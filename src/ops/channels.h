/* channels.h: what the norms of channels share. */
#ifndef ORE_OPS_CHANNELS_H
#define ORE_OPS_CHANNELS_H

#include "ops/op.h"

/* True for a NULL t and for (C) of the dtype of x (N, C, ..); false with an error naming `op` and
 * `what` for anything else. */
bool ore_fits_channels(const char *op, const char *what, ore_tensor *t, const ore_tensor *x);

#endif
