/* piece_trie.h: all pieces of a list that a text begins with. */
#ifndef ORE_TEXT_LEARN_PIECE_TRIE_H
#define ORE_TEXT_LEARN_PIECE_TRIE_H

#include "text/learn/seed_pieces.h"

typedef struct ore_trie_node {
    uint32_t first;    /* its first child: children lie side by side, by rising labels */
    int32_t piece;     /* that ends here, or -1 */
    uint16_t children; /* their number, 0 .. 256 */
    uint8_t label;     /* the byte that leads here */
} ore_trie_node;

/* All zero is an empty one. */
typedef struct ore_piece_trie {
    ore_trie_node *nodes; /* (count); 0 is the root */
    int64_t count, capacity;
    uint32_t roots[256]; /* the root's child by its label; 0: none */
} ore_piece_trie;

/* For the parts of a list that is sorted by their bytes, of which none is empty or there twice;
 * pieces are their indexes. */
ore_status ore_piece_trie_build(ore_piece_trie *trie, const ore_part_list *list);
void ore_piece_trie_release(ore_piece_trie *trie);

/* The node that a byte leads to from another; 0: there is none. */
static inline uint32_t ore_piece_trie_next(const ore_piece_trie *trie, uint32_t node,
                                           uint8_t label) {
    if (node == 0)
        return trie->roots[label];
    const ore_trie_node *from = trie->nodes + node;
    for (uint32_t child = from->first; child < from->first + from->children; child++)
        if (trie->nodes[child].label >= label)
            return trie->nodes[child].label == label ? child : 0;
    return 0;
}

#endif
