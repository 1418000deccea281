/* bpe_pairs.h: which pairs of tokens merge, into what, and in which order. */
#ifndef ORE_TEXT_BPE_PAIRS_H
#define ORE_TEXT_BPE_PAIRS_H

#include <ore/base.h>

enum { ORE_BPE_NO_RANK = INT32_MAX };

typedef struct ore_bpe_pair {
    int32_t left, right; /* left < 0: a free slot */
    int32_t rank, id;    /* lower ranks merge first; id of the union */
} ore_bpe_pair;

typedef struct ore_bpe_pairs {
    ore_bpe_pair *slots; /* (mask + 1) */
    int64_t mask;
} ore_bpe_pairs;

/* Room for `count` pairs. */
ore_status ore_bpe_pairs_init(ore_bpe_pairs *pairs, int64_t count);
void ore_bpe_pairs_release(ore_bpe_pairs *pairs);
/* Adds a pair; one that is there already gets the new rank, as in Hugging Face's files. */
void ore_bpe_pairs_put(ore_bpe_pairs *pairs, int32_t left, int32_t right, int32_t rank, int32_t id);

static inline uint64_t ore_bpe_pair_hash(int32_t left, int32_t right) {
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    return (key * UINT64_C(0x9E3779B97F4A7C15)) >> 20; /* 2^64 over the golden ratio */
}

/* The rank of a pair, and its union's id; ORE_BPE_NO_RANK if it does not merge. */
static inline int32_t ore_bpe_pairs_find(const ore_bpe_pairs *pairs, int32_t left, int32_t right,
                                         int32_t *id) {
    int64_t slot = (int64_t)ore_bpe_pair_hash(left, right) & pairs->mask;
    for (;; slot = (slot + 1) & pairs->mask) {
        const ore_bpe_pair *p = &pairs->slots[slot];
        if (p->left == left && p->right == right) {
            *id = p->id;
            return p->rank;
        }
        if (p->left < 0)
            return ORE_BPE_NO_RANK;
    }
}

/* ---- merging ---- */

/* Parts of a split, from which merges make longer ones. */
typedef struct ore_bpe_parts {
    int32_t *ids;           /* (count) */
    int32_t *sizes;         /* (count) bytes of the split that each stands for */
    int32_t *ranks;         /* (count) of each with the next */
    int32_t *unions;        /* (count) id of each with the next */
    int32_t *next, *before; /* (count) where splits are long: neighbours that are left */
    uint64_t *heap;         /* (heap_capacity) the same: rank and place of pairs */
    int64_t count, capacity, heap_count, heap_capacity;
    bool odd; /* some part stands for other bytes than its token's: an unknown character */
} ore_bpe_parts;

/* Room for `count` parts. */
ore_status ore_bpe_parts_reserve(ore_bpe_parts *parts, int64_t count);
void ore_bpe_parts_release(ore_bpe_parts *parts);
/* Merges what merges: always the pair of the lowest rank, of equal ones the first. ids and sizes
 * are then those of the `count` parts that are left. */
ore_status ore_bpe_merge(const ore_bpe_pairs *pairs, ore_bpe_parts *parts);

#endif
