/* run_index.h: a number for each place of a long array in which equal numbers lie side by side: how
 * often the piece at that place occurs, where pieces are sorted by that. */
#ifndef ORE_TEXT_LEARN_RUN_INDEX_H
#define ORE_TEXT_LEARN_RUN_INDEX_H

#include <ore/base.h>

typedef struct ore_run {
    int64_t end, count; /* places below `end` that no run before has */
} ore_run;

enum { ORE_RUN_BUCKET_LOG2 = 6 }; /* places between entries of `first`: 1/16 byte for each place */

/* All zero is an empty one. */
typedef struct ore_run_index {
    ore_run *runs; /* (run_count) */
    int64_t run_count, run_capacity;
    uint32_t *first; /* by place >> ORE_RUN_BUCKET_LOG2: the run of the first place there */
} ore_run_index;

/* The places up to `end` that were not added before have this count. */
ore_status ore_run_index_add(ore_run_index *index, int64_t end, int64_t count);
/* Call it when all places have been added, and before the first look-up. */
ore_status ore_run_index_finish(ore_run_index *index);
void ore_run_index_release(ore_run_index *index);

static inline int64_t ore_run_index_at(const ore_run_index *index, int64_t place) {
    const ore_run *run = index->runs + index->first[place >> ORE_RUN_BUCKET_LOG2];
    while (run->end <= place)
        run++;
    return run->count;
}

#endif
