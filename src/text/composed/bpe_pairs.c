/* bpe_pairs.c: which pairs of tokens merge, and the merging of a split's parts. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "text/composed/bpe_pairs.h"

ore_status ore_bpe_pairs_init(ore_bpe_pairs *pairs, int64_t count) {
    int64_t slots = 4;
    size_t bytes;
    while (slots < 2 * count)
        slots *= 2;
    if (ore_bytes_of(slots, sizeof *pairs->slots, &bytes) != ORE_OK ||
        (pairs->slots = ore_alloc(bytes)) == NULL)
        return ore_error_status();
    memset(pairs->slots, 0xFF, bytes);
    pairs->mask = slots - 1;
    return ORE_OK;
}

void ore_bpe_pairs_release(ore_bpe_pairs *pairs) {
    ore_release(pairs->slots);
    *pairs = (ore_bpe_pairs){0};
}

void ore_bpe_pairs_put(ore_bpe_pairs *pairs, int32_t left, int32_t right, int32_t rank,
                       int32_t id) {
    int64_t slot = (int64_t)ore_bpe_pair_hash(left, right) & pairs->mask;
    while (pairs->slots[slot].left >= 0 &&
           (pairs->slots[slot].left != left || pairs->slots[slot].right != right))
        slot = (slot + 1) & pairs->mask;
    pairs->slots[slot] = (ore_bpe_pair){left, right, rank, id};
}

/* ---- parts ---- */

void ore_bpe_parts_release(ore_bpe_parts *parts) {
    ore_release(parts->ids);
    ore_release(parts->sizes);
    ore_release(parts->ranks);
    ore_release(parts->unions);
    ore_release(parts->next);
    ore_release(parts->before);
    ore_release(parts->heap);
    *parts = (ore_bpe_parts){0};
}

ore_status ore_bpe_parts_reserve(ore_bpe_parts *parts, int64_t count) {
    int32_t **const arrays[] = {&parts->ids,    &parts->sizes, &parts->ranks,
                                &parts->unions, &parts->next,  &parts->before};
    if (count <= parts->capacity)
        return ORE_OK;
    ore_bpe_parts_release(parts);
    int64_t capacity = count + count / 2 + 64;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if ((*arrays[i] = ore_alloc((size_t)capacity * sizeof(int32_t))) == NULL)
            return ore_error_status();
    parts->capacity = capacity;
    return ORE_OK;
}

static inline void rank_pair(const ore_bpe_pairs *pairs, ore_bpe_parts *p, int64_t at,
                             int64_t next) {
    p->ranks[at] = ore_bpe_pairs_find(pairs, p->ids[at], p->ids[next], &p->unions[at]);
}

/* ---- short splits: every merge looks through all pairs, and moves the parts behind it ---- */

static void merge_short(const ore_bpe_pairs *pairs, ore_bpe_parts *p) {
    int64_t n = p->count;
    for (int64_t i = 0; i + 1 < n; i++)
        rank_pair(pairs, p, i, i + 1);
    while (n > 1) {
        int64_t best = 0;
        for (int64_t i = 1; i + 1 < n; i++)
            if (p->ranks[i] < p->ranks[best])
                best = i;
        if (p->ranks[best] == ORE_BPE_NO_RANK)
            break;
        p->ids[best] = p->unions[best];
        p->sizes[best] += p->sizes[best + 1];
        size_t left = (size_t)(n - best - 2) * sizeof(int32_t);
        memmove(p->ids + best + 1, p->ids + best + 2, left);
        memmove(p->sizes + best + 1, p->sizes + best + 2, left);
        if (left > 0) {
            memmove(p->ranks + best + 1, p->ranks + best + 2, left - sizeof(int32_t));
            memmove(p->unions + best + 1, p->unions + best + 2, left - sizeof(int32_t));
        }
        n--;
        if (best > 0)
            rank_pair(pairs, p, best - 1, best);
        if (best + 1 < n)
            rank_pair(pairs, p, best, best + 1);
    }
    p->count = n;
}

/* ---- long splits: a heap of pairs, in which those that are gone are left to be skipped ---- */

static ore_status push(ore_bpe_parts *p, int64_t at) {
    if (p->ranks[at] == ORE_BPE_NO_RANK)
        return ORE_OK;
    void *heap = p->heap;
    if (p->heap_count == p->heap_capacity) {
        if (ore_grow(&heap, &p->heap_capacity, p->heap_count + 1, sizeof *p->heap) != ORE_OK)
            return ORE_MEMORY;
        p->heap = heap;
    }
    uint64_t key = (uint64_t)p->ranks[at] << 32 | (uint64_t)at;
    int64_t i = p->heap_count++;
    for (; i > 0 && p->heap[(i - 1) / 2] > key; i = (i - 1) / 2)
        p->heap[i] = p->heap[(i - 1) / 2];
    p->heap[i] = key;
    return ORE_OK;
}

static uint64_t pop(ore_bpe_parts *p) {
    uint64_t first = p->heap[0], key = p->heap[--p->heap_count];
    int64_t i = 0, n = p->heap_count;
    for (int64_t child = 1; child < n; child = 2 * i + 1) {
        child += child + 1 < n && p->heap[child + 1] < p->heap[child];
        if (p->heap[child] >= key)
            break;
        p->heap[i] = p->heap[child];
        i = child;
    }
    p->heap[i] = key;
    return first;
}

/* A part that another one has taken in has no rank, so what the heap still has of it is skipped. */
static ore_status merge_at(const ore_bpe_pairs *pairs, ore_bpe_parts *p, int64_t at) {
    int64_t taken = p->next[at], after = p->next[taken], before = p->before[at];
    p->ids[at] = p->unions[at];
    p->sizes[at] += p->sizes[taken];
    p->ids[taken] = -1;
    p->ranks[taken] = p->ranks[at] = ORE_BPE_NO_RANK;
    p->next[at] = (int32_t)after;
    if (after < p->count) {
        p->before[after] = (int32_t)at;
        rank_pair(pairs, p, at, after);
    }
    if (before >= 0)
        rank_pair(pairs, p, before, at);
    ore_status status = push(p, at);
    return before >= 0 && status == ORE_OK ? push(p, before) : status;
}

static ore_status merge_long(const ore_bpe_pairs *pairs, ore_bpe_parts *p) {
    int64_t n = p->count, left = 0;
    p->heap_count = 0;
    for (int64_t i = 0; i < n; i++) {
        p->next[i] = (int32_t)(i + 1);
        p->before[i] = (int32_t)(i - 1);
        p->ranks[i] = ORE_BPE_NO_RANK;
        if (i + 1 < n)
            rank_pair(pairs, p, i, i + 1);
        if (push(p, i) != ORE_OK)
            return ORE_MEMORY;
    }
    while (p->heap_count > 0) {
        uint64_t key = pop(p);
        int64_t at = (int64_t)(key & UINT32_MAX);
        if (p->ranks[at] == (int32_t)(key >> 32) && merge_at(pairs, p, at) != ORE_OK)
            return ORE_MEMORY;
    }
    for (int64_t i = 0; i < n; i = p->next[i]) {
        p->ids[left] = p->ids[i];
        p->sizes[left++] = p->sizes[i];
    }
    p->count = left;
    return ORE_OK;
}

ore_status ore_bpe_merge(const ore_bpe_pairs *pairs, ore_bpe_parts *parts) {
    enum { SHORT_MAX = 96 }; /* parts: scanning takes time in proportion to their square */
    if (parts->count > SHORT_MAX)
        return merge_long(pairs, parts);
    merge_short(pairs, parts);
    return ORE_OK;
}
