/* autocast.h: what the operations, backward and other threads need of autocast. */
#ifndef ORE_CORE_AUTOCAST_H
#define ORE_CORE_AUTOCAST_H

#include <ore/autocast.h>

typedef struct ore_autocast_copies ore_autocast_copies;

/* The regions of a thread; all zero where none is open. */
typedef struct ore_autocast_regions {
    ore_dtype dtype; /* what the innermost casts to; ORE_FLOAT32: nothing is cast */
    int depth;
    uint64_t outer; /* what those outside it cast to, two bits each, the next one lowest */
    ore_autocast_copies *copies; /* NULL: none yet */
} ore_autocast_regions;

/* Gives the calling thread other regions and returns its own, for what is to run without autocast
 * (backward) or with copies of its own (a member of ore_parallel). */
ore_autocast_regions ore_autocast_exchange(ore_autocast_regions regions);

/* The copy of a leaf in the innermost region's dtype, made from its present values while gradients
 * were recorded or not as now; NULL if there is none. */
ore_tensor *ore_autocast_copy_of(const ore_tensor *leaf);
/* Takes such a copy out of its scope and keeps it until the outermost region ends. */
void ore_autocast_keep_copy(const ore_tensor *leaf, ore_tensor *copy);

#endif
