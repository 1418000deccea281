/* pair_counts.h: how often pairs of tokens occur, and which occurs most often. */
#ifndef ORE_TEXT_LEARN_PAIR_COUNTS_H
#define ORE_TEXT_LEARN_PAIR_COUNTS_H

#include <ore/base.h>

/* ---- a number for each pair ---- */

typedef struct ore_pair_count {
    uint64_t key;
    int64_t count;
} ore_pair_count;

/* An open-addressed hash table. All zero is an empty one. */
typedef struct ore_pair_counts {
    ore_pair_count *slots; /* (slot_count) */
    int64_t slot_count, count;
} ore_pair_counts;

/* The key of a free slot: no token has that id. */
#define ORE_PAIR_FREE UINT64_MAX

/* Keys are in the order of pairs: by the left id, then by the right one. */
static inline uint64_t ore_pair_key(uint32_t left, uint32_t right) {
    return (uint64_t)left << 32 | right;
}

/* The pair's slot, or NULL where it has none. Slots move when one is put. */
ore_pair_count *ore_pair_counts_find(const ore_pair_counts *pairs, uint64_t key);
/* The same; a new slot has count 0. NULL with ORE_MEMORY. */
ore_pair_count *ore_pair_counts_put(ore_pair_counts *pairs, uint64_t key);
void ore_pair_counts_release(ore_pair_counts *pairs);

/* ---- pairs by their counts ---- */

/* Places where a pair occurs, in rising order. */
typedef struct ore_pair_list {
    uint32_t *places; /* (count) in a block of the queue */
    int64_t count;
} ore_pair_list;

typedef struct ore_pair_item {
    int64_t count; /* of the pair when it was put or last lowered: it may have become less */
    uint64_t key;
    uint32_t list;
} ore_pair_item;

/* A heap with the largest count on top; of equal counts, the smallest key. All zero is an empty
 * one. */
typedef struct ore_pair_queue {
    ore_pair_item *items; /* (count) */
    int64_t count, capacity;
    ore_pair_list *lists; /* (list_count) by number; they stay when their item is popped */
    int64_t list_count, list_capacity;
    uint32_t **blocks; /* (block_count) of places */
    int64_t block_count, block_capacity;
    int64_t used, room; /* places of the last block, and how many it has */
    uint32_t *spare;    /* (spare_count) places given back, which are taken first */
    int64_t spare_count;
} ore_pair_queue;

/* Room for so many places, which lives as long as the queue; NULL with ORE_MEMORY. */
uint32_t *ore_pair_queue_places(ore_pair_queue *queue, int64_t count);
/* Lets the room of a list that nobody needs any more be used again; that of the list given before
 * it is not. */
static inline void ore_pair_queue_spare(ore_pair_queue *queue, const ore_pair_list *list) {
    queue->spare = list->places;
    queue->spare_count = list->count;
}
ore_status ore_pair_queue_put(ore_pair_queue *queue, uint64_t key, int64_t count, uint32_t *places,
                              int64_t place_count);
/* The top item of a queue that has one, */
static inline const ore_pair_item *ore_pair_queue_top(const ore_pair_queue *queue) {
    return queue->items;
}
/* which this removes, returning the number of its list, */
int64_t ore_pair_queue_pop(ore_pair_queue *queue);
/* and this gives a lower count. */
void ore_pair_queue_lower(ore_pair_queue *queue, int64_t count);
void ore_pair_queue_release(ore_pair_queue *queue);

#endif
