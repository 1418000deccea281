/* value.h: what networks and drawings of scalar values need of a tape. */
#ifndef ORE_CORE_VALUE_H
#define ORE_CORE_VALUE_H

#include <ore/value.h>

typedef enum ore_value_kind {
    ORE_VALUE_LEAF,
    ORE_VALUE_ADD,
    ORE_VALUE_MUL,
    ORE_VALUE_NEG,
    ORE_VALUE_POW,
    ORE_VALUE_EXP,
    ORE_VALUE_LOG,
    ORE_VALUE_OF_TANH,
    ORE_VALUE_OF_RELU,
} ore_value_kind;

/* Memory on the tape for count elements, not initialised, aligned for pointers and doubles; NULL
 * with ORE_MEMORY. It is released with the tape, or when that is rewound to before the call. */
void *ore_value_room(ore_value_tape *tape, int64_t count, size_t element_bytes);
/* The root and all values that it was computed from, in an array of *count pointers that the caller
 * releases with ore_release: the root first, each before its operands. NULL with ORE_MEMORY, or
 * with ORE_INVALID where there are more than `max`. */
const ore_value **ore_value_reached(const ore_value *root, int64_t max, int64_t *count);

#endif
