/* loss.h: what losses share. */
#ifndef ORE_OPS_LOSS_H
#define ORE_OPS_LOSS_H

#include "ops/autocast.h"

/* False with an error for unusable tensors, an x that is not floating, or a reduction that this
 * loss does not know (ORE_BATCHMEAN is kl_div's alone). */
bool ore_loss_usable(const char *name, ore_tensor *x, ore_tensor *target, ore_reduction reduction);
/* False with an error naming both shapes unless target has x's: a target (N) of numbers (N, 1)
 * would broadcast to (N, N). */
bool ore_loss_same_shape(const char *name, const ore_tensor *x, const ore_tensor *target);
/* Begins a loss: brings *x and *target to float32 where autocast wants it, and checks them as
 * ore_loss_usable; or as both functions. */
bool ore_loss_begin(const char *name, ore_tensor **x, ore_tensor **target, ore_reduction reduction);
bool ore_loss_begin_alike(const char *name, ore_tensor **x, ore_tensor **target,
                          ore_reduction reduction);
/* The elements' losses as the reduction has them. */
ore_tensor *ore_loss_reduced(ore_tensor *loss, ore_reduction reduction);

/* ore_cross_entropy for a target of class probabilities, of x's shape; options are checked. */
ore_tensor *ore_cross_entropy_soft(ore_tensor *x, ore_tensor *target,
                                   const ore_cross_entropy_options *o);

#endif
