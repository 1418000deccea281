/* history.h: what a tensor shares with its views: which graph node made it as it is now. */
#ifndef ORE_CORE_HISTORY_H
#define ORE_CORE_HISTORY_H

#include "core/tensor.h"

/* Made with a tensor's first view; the tensor and its views, views of views too, count it. */
struct ore_history {
    atomic_int refs;
    ore_dtype dtype;   /* of the tensor as a whole, likewise shape, strides and offset */
    ore_node *node;    /* counted: what made it; NULL if no gradient flows */
    ore_tensor *whole; /* not counted: its handle, NULL once that is gone */
    uint64_t changes;  /* that were recorded; a view that has seen fewer is out of date */
    int64_t offset;
    ore_shape shape;
    int64_t strides[ORE_MAX_DIMS];
};

/* Makes `view`, a new handle on a part of t's memory, share t's history. While nothing is recorded
 * it shares none: such a view cannot be changed while recording. False with the error pending when
 * memory runs out. */
bool ore_history_join(ore_tensor *view, const ore_tensor *t);
/* t, which is freed or shows other memory from now on, no longer shares a history. */
void ore_history_leave(ore_tensor *t);
/* The history learns that t, no view, has got another node. */
void ore_history_follow(ore_tensor *t);

#endif
