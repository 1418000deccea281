/* autocast.h: how a builder follows autocast: it lets its operands pass through one of these before
 * it looks at their dtypes. Outside of autocast's regions each returns its operand; NULL gives
 * NULL. */
#ifndef ORE_OPS_AUTOCAST_H
#define ORE_OPS_AUTOCAST_H

#include <ore/autocast.h>

#include "ops/op.h"

/* In the region's half type, unless t is float64 or no floating tensor. */
ore_tensor *ore_lowered(ore_tensor *t);
/* Whether t is a parameter that the region lowers: a float32 leaf that wants a gradient, which
 * ore_lowered casts once for all its uses. */
bool ore_is_lowered_parameter(const ore_tensor *t);
/* In float32, if t is of halves. */
ore_tensor *ore_raised(ore_tensor *t);

#endif
