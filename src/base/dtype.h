/* dtype.h: the size of an element, without a call. */
#ifndef ORE_BASE_DTYPE_H
#define ORE_BASE_DTYPE_H

#include <ore/base.h>

/* ore_dtype_size of a dtype that is known to be valid. */
static inline size_t ore_element_bytes(ore_dtype dtype) {
    static const uint8_t bytes[ORE_DTYPE_COUNT] = {
        [ORE_FLOAT32] = 4, [ORE_FLOAT64] = 8, [ORE_BFLOAT16] = 2, [ORE_FLOAT16] = 2,
        [ORE_INT64] = 8,   [ORE_INT32] = 4,   [ORE_UINT8] = 1,    [ORE_BOOL] = 1,
    };
    return bytes[dtype];
}

static inline bool ore_dtype_is_half(ore_dtype dtype) {
    return dtype == ORE_BFLOAT16 || dtype == ORE_FLOAT16;
}

/* What sums, statistics and an optimizer's state of a floating dtype are held in. */
static inline ore_dtype ore_wide_dtype(ore_dtype dtype) {
    return ore_dtype_is_half(dtype) ? ORE_FLOAT32 : dtype;
}

#endif
