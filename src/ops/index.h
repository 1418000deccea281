/* index.h: what other ops need of indexing. */
#ifndef ORE_OPS_INDEX_H
#define ORE_OPS_INDEX_H

#include "core/build.h"

/* Zeros of `shape` to which dy has been added at `index` along dim; dy has index's shape. Fails
 * with the name `op` for an index out of range. Records nothing. */
ore_tensor *ore_scattered(const char *op, ore_shape shape, int dim, ore_tensor *index,
                          ore_tensor *dy);

#endif
