/* saturate.h: sums of counts that somebody gave, which may be anything. */
#ifndef ORE_BASE_SATURATE_H
#define ORE_BASE_SATURATE_H

#include <stdint.h>

/* sum + count, or INT64_MAX where that is more; sum is at least 0. */
static inline int64_t ore_saturated_sum(int64_t sum, int64_t count) {
    return count > INT64_MAX - sum ? INT64_MAX : sum + count;
}

#endif
