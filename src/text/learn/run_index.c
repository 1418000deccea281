/* run_index.c: runs of equal numbers, and where to begin to look for a place's run. */
#include "base/memory.h"
#include "text/learn/run_index.h"

ore_status ore_run_index_add(ore_run_index *index, int64_t end, int64_t count) {
    void *runs = index->runs;
    if (index->run_count > 0 && index->runs[index->run_count - 1].count == count) {
        index->runs[index->run_count - 1].end = end;
        return ORE_OK;
    }
    if (ore_grow(&runs, &index->run_capacity, index->run_count + 1, sizeof *index->runs) != ORE_OK)
        return ore_error_status();
    index->runs = runs;
    index->runs[index->run_count++] = (ore_run){end, count};
    return ORE_OK;
}

ore_status ore_run_index_finish(ore_run_index *index) {
    int64_t size = index->run_count ? index->runs[index->run_count - 1].end : 0;
    int64_t buckets = (size >> ORE_RUN_BUCKET_LOG2) + 1, run = 0;
    size_t bytes;
    if (ore_bytes_of(buckets, sizeof *index->first, &bytes) != ORE_OK)
        return ore_error_status();
    index->first = ore_alloc(bytes);
    for (int64_t i = 0; index->first && i < buckets; i++) {
        while (run < index->run_count - 1 && index->runs[run].end <= i << ORE_RUN_BUCKET_LOG2)
            run++;
        index->first[i] = (uint32_t)run;
    }
    return ore_error_status();
}

void ore_run_index_release(ore_run_index *index) {
    ore_release(index->runs);
    ore_release(index->first);
    *index = (ore_run_index){0};
}
