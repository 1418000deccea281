/* parts.h: work on an array of parts, one for each parameter, cut into chunks of at most
 * PARTS_CHUNK elements, whatever the number of threads. */
#ifndef ORE_VECTOR_PARTS_H
#define ORE_VECTOR_PARTS_H

#include <stddef.h>
#include <string.h>

#include "base/threads.h"

enum {
    PARTS_CHUNK = 8192,  /* elements: a few streams of them fit the L1 or L2 cache */
    PARTS_SMALL = 16384, /* max elements that one thread does: handing over costs as much */
};

/* Structs of any kind, `bytes` each, with an int64_t count of elements at offset n_at. */
typedef struct part_list {
    const void *parts;
    size_t bytes, n_at;
    int64_t count;
} part_list;

#define PART_LIST(parts_, type, count_)                                                            \
    { .parts = (parts_), .bytes = sizeof(type), .n_at = offsetof(type, n), .count = (count_) }

/* Elements from .. from + n - 1 of one part. */
typedef struct part_range {
    int64_t part, from, n;
} part_range;

static inline int64_t part_elements(const part_list *list, int64_t part) {
    int64_t n;
    memcpy(&n, (const char *)list->parts + (size_t)part * list->bytes + list->n_at, sizeof n);
    return n;
}

static inline int64_t part_chunks(const part_list *list, int64_t part) {
    return (part_elements(list, part) + PARTS_CHUNK - 1) / PARTS_CHUNK;
}

static inline int64_t parts_chunk_count(const part_list *list) {
    int64_t chunks = 0;
    for (int64_t part = 0; part < list->count; part++)
        chunks += part_chunks(list, part);
    return chunks;
}

/* What a chunk covers: the chunks of the first part come first, then those of the second, ... */
static inline part_range part_range_of(const part_list *list, int64_t chunk) {
    int64_t part = 0;
    for (int64_t own; chunk >= (own = part_chunks(list, part)); part++)
        chunk -= own;
    int64_t from = chunk * PARTS_CHUNK, left = part_elements(list, part) - from;
    return (part_range){.part = part, .from = from, .n = left < PARTS_CHUNK ? left : PARTS_CHUNK};
}

static inline void parts_run(const part_list *list, ore_chunk_fn fn, void *job) {
    int64_t chunks = parts_chunk_count(list), elements = 0;
    for (int64_t part = 0; part < list->count; part++)
        elements += part_elements(list, part);
    if (elements > PARTS_SMALL) {
        ore_parallel_for(chunks, fn, job);
        return;
    }
    for (int64_t chunk = 0; chunk < chunks; chunk++)
        fn(job, chunk);
}

#endif
