/* trie.h: the beginnings of a text that are tokens. */
#ifndef ORE_TEXT_TRIE_H
#define ORE_TEXT_TRIE_H

#include <ore/base.h>

/* Nodes in the order of their depth, the children of each side by side in the order of their
 * labels. Node 0 is the root. */
typedef struct ore_trie {
    struct ore_trie_node *nodes; /* (count) */
    uint8_t *labels;             /* (count) the byte that leads to each */
    int64_t count;
    int32_t *roots; /* (256) the child of the root by its label, or -1 */
} ore_trie;

typedef struct ore_trie_node {
    int32_t first;  /* of its children */
    int32_t id;     /* of the token that ends here; -1: none does */
    uint16_t count; /* of its children */
} ore_trie_node;

/* A text and its id. */
typedef struct ore_trie_key {
    const char *bytes;
    size_t size;
    int32_t id;
} ore_trie_key;

/* Puts the keys in order. Empty ones are left out; of equal ones the last counts. */
ore_status ore_trie_init(ore_trie *trie, ore_trie_key *keys, int64_t count);
void ore_trie_release(ore_trie *trie);

/* The child of a node by its label; -1: there is none. */
int32_t ore_trie_step(const ore_trie *trie, int32_t node, uint8_t label);
/* The id of the longest key that text begins with, and its bytes; -1: there is none. */
int32_t ore_trie_longest(const ore_trie *trie, const char *text, size_t size, size_t *bytes);

#endif
