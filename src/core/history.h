/* history.h: what a tensor shares with its views: which graph node made it as it is now. */
#ifndef ORE_CORE_HISTORY_H
#define ORE_CORE_HISTORY_H

#include "core/tensor.h"

/* Made with a tensor's first view, and counted by the tensor and by all its views, views of views
 * too. */
struct ore_history {
    atomic_int refs;
    ore_dtype dtype;   /* of the tensor as a whole, as are shape, strides and offset */
    ore_node *node;    /* counted: the node that made it as it is now; NULL if no gradient flows */
    ore_tensor *whole; /* not counted: the handle of the tensor itself, NULL once that is freed */
    uint64_t changes;  /* recorded changes so far; a view that has seen fewer is out of date */
    int64_t offset;
    ore_shape shape;
    int64_t strides[ORE_MAX_DIMS];
};

/* Makes `view`, a new handle on a part of t's memory, share t's history. While nothing is recorded
 * it shares none: such a view cannot be changed while recording. False with the error pending when
 * memory runs out. */
bool ore_history_join(ore_tensor *view, const ore_tensor *t);
/* Takes t, which is freed or shows other memory from now on, out of its history. */
void ore_history_leave(ore_tensor *t);
/* Tells the history that t, which is no view, has another node. */
void ore_history_follow(ore_tensor *t);

#endif
