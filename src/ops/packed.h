/* packed.h: what makes the batch sizes of a packed sequence ones. */
#ifndef ORE_OPS_PACKED_H
#define ORE_OPS_PACKED_H

#include <stdbool.h>
#include <stdint.h>

/* Whether sizes (steps) are those of a packed sequence whose data has `rows`: each at least 1,
 * never growing, and `rows` in all. False with an error. */
bool ore_batch_sizes_fit(const char *name, const int64_t *sizes, int64_t steps, int64_t rows);

#endif
