/* pair_counts.c: a hash table from pairs of tokens to counts, and a heap of pairs. */
#include "base/memory.h"
#include "base/system.h"
#include "text/learn/pair_counts.h"

/* ---- a number for each pair ---- */

/* The high bits of a product with an odd constant (2^64 over the golden ratio) depend on all
 * bits. */
static int64_t first_slot(uint64_t key, int64_t slot_count) {
    uint64_t h = (key ^ key >> 29) * 0x9E3779B97F4A7C15u;
    return (int64_t)((h >> 32) & (uint64_t)(slot_count - 1));
}

/* The pair's slot, or the free one where it would go. There is a free slot. */
static ore_pair_count *slot_of(const ore_pair_counts *pairs, uint64_t key) {
    int64_t slot = first_slot(key, pairs->slot_count);
    while (pairs->slots[slot].key != key && pairs->slots[slot].key != ORE_PAIR_FREE)
        slot = (slot + 1) & (pairs->slot_count - 1);
    return pairs->slots + slot;
}

static ore_status grow(ore_pair_counts *pairs) {
    enum { FIRST_SLOTS = 1 << 10, SLOTS_MAX = 1 << 30 };
    ore_pair_counts larger = {.slot_count = pairs->slot_count ? 2 * pairs->slot_count : FIRST_SLOTS,
                              .count = pairs->count};
    size_t bytes;
    if (larger.slot_count > SLOTS_MAX)
        return ore_fail(ORE_MEMORY, "tokenizer: more than %d different pairs of tokens",
                        SLOTS_MAX / 2);
    if (ore_bytes_of(larger.slot_count, sizeof *larger.slots, &bytes) != ORE_OK)
        return ore_error_status();
    larger.slots = ore_alloc(bytes);
    if (!larger.slots)
        return ore_error_status();
    for (int64_t i = 0; i < larger.slot_count; i++)
        larger.slots[i].key = ORE_PAIR_FREE;
    for (int64_t i = 0; i < pairs->slot_count; i++)
        if (pairs->slots[i].key != ORE_PAIR_FREE)
            *slot_of(&larger, pairs->slots[i].key) = pairs->slots[i];
    ore_release(pairs->slots);
    *pairs = larger;
    return ORE_OK;
}

ore_pair_count *ore_pair_counts_find(const ore_pair_counts *pairs, uint64_t key) {
    ore_pair_count *slot = pairs->slot_count ? slot_of(pairs, key) : NULL;
    return slot && slot->key == key ? slot : NULL;
}

ore_pair_count *ore_pair_counts_put(ore_pair_counts *pairs, uint64_t key) {
    if (3 * (pairs->count + 1) > 2 * pairs->slot_count && grow(pairs) != ORE_OK)
        return NULL;
    ore_pair_count *slot = slot_of(pairs, key);
    if (slot->key != key) {
        *slot = (ore_pair_count){key, 0};
        pairs->count++;
    }
    return slot;
}

void ore_pair_counts_release(ore_pair_counts *pairs) {
    ore_release(pairs->slots);
    *pairs = (ore_pair_counts){0};
}

/* ---- places ---- */

uint32_t *ore_pair_queue_places(ore_pair_queue *queue, int64_t count) {
    enum { BLOCK_PLACES = 1 << 21 }; /* 8 MiB: three or four large pages */
    if (queue->spare_count >= count) {
        uint32_t *places = queue->spare;
        queue->spare += count;
        queue->spare_count -= count;
        return places;
    }
    if (queue->room - queue->used < count) {
        void *blocks = queue->blocks;
        size_t bytes;
        int64_t room = count > BLOCK_PLACES ? count : BLOCK_PLACES;
        if (ore_grow(&blocks, &queue->block_capacity, queue->block_count + 1,
                     sizeof *queue->blocks) != ORE_OK)
            return NULL;
        queue->blocks = blocks;
        uint32_t *block =
            ore_bytes_of(room, sizeof *block, &bytes) == ORE_OK ? ore_alloc(bytes) : NULL;
        if (!block)
            return NULL;
        ore_system_large_pages(block, bytes);
        queue->blocks[queue->block_count++] = block;
        queue->room = room;
        queue->used = 0;
    }
    uint32_t *places = queue->blocks[queue->block_count - 1] + queue->used;
    queue->used += count;
    return places;
}

/* ---- the heap: children of item i are 4 i + 1 .. 4 i + 4, which share two cache lines ---- */

static bool goes_before(const ore_pair_item *x, const ore_pair_item *y) {
    return x->count != y->count ? x->count > y->count : x->key < y->key;
}

/* Puts an item where item `at` was, or below it. */
static void sift_down(ore_pair_queue *queue, int64_t at, ore_pair_item item) {
    for (;;) {
        int64_t first = 4 * at + 1, best = first;
        if (first >= queue->count)
            break;
        for (int64_t child = first + 1; child < first + 4 && child < queue->count; child++)
            if (goes_before(queue->items + child, queue->items + best))
                best = child;
        if (!goes_before(queue->items + best, &item))
            break;
        queue->items[at] = queue->items[best];
        at = best;
    }
    queue->items[at] = item;
}

ore_status ore_pair_queue_put(ore_pair_queue *queue, uint64_t key, int64_t count, uint32_t *places,
                              int64_t place_count) {
    void *items = queue->items, *lists = queue->lists;
    if (ore_grow(&items, &queue->capacity, queue->count + 1, sizeof *queue->items) != ORE_OK)
        return ore_error_status();
    queue->items = items;
    if (ore_grow(&lists, &queue->list_capacity, queue->list_count + 1, sizeof *queue->lists) !=
        ORE_OK)
        return ore_error_status();
    queue->lists = lists;
    queue->lists[queue->list_count] = (ore_pair_list){places, place_count};
    ore_pair_item item = {count, key, (uint32_t)queue->list_count++};
    int64_t at = queue->count++;
    for (; at > 0 && goes_before(&item, queue->items + (at - 1) / 4); at = (at - 1) / 4)
        queue->items[at] = queue->items[(at - 1) / 4];
    queue->items[at] = item;
    return ORE_OK;
}

int64_t ore_pair_queue_pop(ore_pair_queue *queue) {
    int64_t list = queue->items[0].list;
    if (--queue->count > 0)
        sift_down(queue, 0, queue->items[queue->count]);
    return list;
}

void ore_pair_queue_lower(ore_pair_queue *queue, int64_t count) {
    ore_pair_item item = queue->items[0];
    item.count = count;
    sift_down(queue, 0, item);
}

void ore_pair_queue_release(ore_pair_queue *queue) {
    for (int64_t i = 0; i < queue->block_count; i++)
        ore_release(queue->blocks[i]);
    ore_release(queue->blocks);
    ore_release(queue->items);
    ore_release(queue->lists);
    *queue = (ore_pair_queue){0};
}
