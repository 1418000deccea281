/* channel_norm.h: what batch norm and instance norm share: parameters and running values for each
 * channel. */
#ifndef ORE_NN_CHANNEL_NORM_H
#define ORE_NN_CHANNEL_NORM_H

#include "nn/layer.h"

/* Makes the module node, fields and tensors of a layer; returns its status, with the layer's path
 * in an error. */
ore_status ore_channel_norm_init(ore_batch_norm1d *n, ore_module *parent, const char *name,
                                 int64_t num_features, const ore_batch_norm1d_options *options,
                                 const char *kind, ore_module_function function);

#endif
