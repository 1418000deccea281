/* minmax.h: the smaller and the larger of two sizes. */
#ifndef ORE_BASE_MINMAX_H
#define ORE_BASE_MINMAX_H

#include <stdint.h>

static inline int64_t ore_min_int(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static inline int64_t ore_max_int(int64_t a, int64_t b) {
    return a > b ? a : b;
}

#endif
