/* fold.h: what reductions share. `fold` marks the dims that are folded. */
#ifndef ORE_OPS_FOLD_H
#define ORE_OPS_FOLD_H

#include "ops/op.h"

/* y, whose folded dims have size 1, without them unless keepdim. */
ore_tensor *ore_finish_dims(ore_tensor *y, const bool *fold, bool keepdim);
/* shape with size 1 in the folded dims. */
ore_shape ore_kept_shape(ore_shape shape, const bool *fold);
/* How many elements make one result. */
int64_t ore_folded_count(ore_shape shape, const bool *fold);
/* The folded dims as a list; n is never 0 where there are dims, since that would mean all. */
ore_dims ore_folded_dims(const bool *fold, int ndim);
/* False with an error where something is to be folded from nothing. */
bool ore_has_elements(const char *op, ore_shape shape, const bool *fold);

#endif
