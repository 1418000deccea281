/* index.h: what other ops need of indexing. */
#ifndef ORE_OPS_INDEX_H
#define ORE_OPS_INDEX_H

#include "ops/op.h"

/* Zeros of `shape` to which dy has been added at `index` along dim; dy has index's shape. Fails
 * with the name `op` for an index out of range. Records nothing. */
ore_tensor *ore_scattered(const char *op, ore_shape shape, int dim, ore_tensor *index,
                          ore_tensor *dy);

/* y = x[index] along dim, elementwise over `shape`, to which index broadcasts. Records nothing. */
ore_tensor *ore_gathered(const char *op, ore_tensor *x, int dim, ore_tensor *index,
                         ore_shape shape);
/* y[index] = source along dim, or += source, elementwise over `shape`, to which index and source,
 * of y's dtype, broadcast. Fails with the name `op` for an index out of range. Records nothing and
 * counts no change. */
ore_status ore_put(const char *op, ore_tensor *y, int dim, ore_tensor *index, ore_tensor *source,
                   ore_shape shape, bool add);
/* An index as dense int64; NULL with an error for another kind. */
ore_tensor *ore_dense_index(const char *op, ore_tensor *index);
/* The recorded form of ore_put over a copy of x. */
ore_tensor *ore_put_into(const char *op, ore_tensor *x, int dim, ore_tensor *index,
                         ore_tensor *source, ore_shape shape, bool add);
/* The row-major places (n) of what is true in a bool tensor. */
ore_tensor *ore_true_places(ore_tensor *mask);

#endif
