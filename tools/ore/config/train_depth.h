/* train_depth.h: one dial for the size of a transformer and of its training. */
#ifndef ORE_TOOL_TRAIN_DEPTH_H
#define ORE_TOOL_TRAIN_DEPTH_H

#include "config/train_options.h"

/* Gives the keys that follow from --depth their values, wherever neither a flag nor a file has set
 * them; nothing for a depth of 0. ORE_INVALID for models that lack one of the keys. */
ore_status train_depth_apply(train_options *t);

#endif
