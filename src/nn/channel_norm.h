/* channel_norm.h: what batch norm and instance norm make alike: values per channel. */
#ifndef ORE_NN_CHANNEL_NORM_H
#define ORE_NN_CHANNEL_NORM_H

#include "nn/layer.h"

/* The node, fields and tensors of a layer; its status, an error located. */
ore_status ore_channel_norm_init(ore_batch_norm1d *n, ore_module *parent, const char *name,
                                 int64_t num_features, const ore_batch_norm1d_options *options,
                                 const char *kind, ore_module_function function);

#endif
