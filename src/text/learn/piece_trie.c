/* piece_trie.c: a trie made level by level from sorted pieces. */
#include "base/memory.h"
#include "text/learn/piece_trie.h"

/* A node whose children are still to be made: pieces low .. high - 1 begin with its `depth`
 * bytes. */
typedef struct range {
    uint32_t low, high, depth;
} range;

static uint8_t byte_at(const ore_part_list *list, uint32_t piece, uint32_t depth) {
    return (uint8_t)list->text[list->parts[piece].start + depth];
}

static ore_status add_node(ore_piece_trie *trie, range **ranges, int64_t *range_capacity, range of,
                           uint8_t label) {
    void *nodes = trie->nodes, *all = *ranges;
    if (ore_grow(&nodes, &trie->capacity, trie->count + 1, sizeof *trie->nodes) != ORE_OK)
        return ore_error_status();
    trie->nodes = nodes;
    if (ore_grow(&all, range_capacity, trie->count + 1, sizeof **ranges) != ORE_OK)
        return ore_error_status();
    *ranges = all;
    (*ranges)[trie->count] = of;
    trie->nodes[trie->count++] = (ore_trie_node){.piece = -1, .label = label};
    return ORE_OK;
}

ore_status ore_piece_trie_build(ore_piece_trie *trie, const ore_part_list *list) {
    range *ranges = NULL; /* (capacity) by node */
    int64_t capacity = 0;
    *trie = (ore_piece_trie){0};
    add_node(trie, &ranges, &capacity, (range){0, (uint32_t)list->count, 0}, 0);
    for (int64_t n = 0; ore_ok() && n < trie->count; n++) {
        range r = ranges[n];
        if (r.low < r.high && list->parts[r.low].bytes == r.depth)
            trie->nodes[n].piece = (int32_t)r.low++;
        trie->nodes[n].first = (uint32_t)trie->count;
        while (r.low < r.high && ore_ok()) {
            uint8_t label = byte_at(list, r.low, r.depth);
            range child = {r.low, r.low, r.depth + 1};
            while (child.high < r.high && byte_at(list, child.high, r.depth) == label)
                child.high++;
            r.low = child.high;
            if (n == 0)
                trie->roots[label] = (uint32_t)trie->count;
            if (add_node(trie, &ranges, &capacity, child, label) == ORE_OK)
                trie->nodes[n].children++;
        }
    }
    ore_release(ranges);
    return ore_error_status();
}

void ore_piece_trie_release(ore_piece_trie *trie) {
    ore_release(trie->nodes);
    *trie = (ore_piece_trie){0};
}
