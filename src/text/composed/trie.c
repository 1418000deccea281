/* trie.c: the beginnings of a text that are tokens. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/composed/trie.h"

enum { LABELS = 256 };

static int by_bytes(const void *a, const void *b) {
    const ore_trie_key *x = a, *y = b;
    size_t shorter = x->size < y->size ? x->size : y->size;
    int order = shorter ? memcmp(x->bytes, y->bytes, shorter) : 0;
    if (order == 0)
        order = (x->size > y->size) - (x->size < y->size);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

void ore_trie_release(ore_trie *trie) {
    ore_release(trie->nodes);
    ore_release(trie->labels);
    ore_release(trie->roots);
    *trie = (ore_trie){0};
}

/* A node's keys while its children are still to be made: keys[start .. end), all of which begin
 * with the `depth` bytes that lead to the node. */
typedef struct pending {
    int64_t start, end;
    size_t depth;
} pending;

/* Makes the children of node n, whose keys begin alike. */
static void branch(ore_trie *trie, pending *left, const ore_trie_key *keys, int64_t n) {
    ore_trie_node *node = &trie->nodes[n];
    pending p = left[n];
    *node = (ore_trie_node){(int32_t)trie->count, -1, 0};
    int64_t at = p.start;
    for (; at < p.end && keys[at].size == p.depth; at++)
        if (p.depth > 0)
            node->id = keys[at].id;
    while (at < p.end) {
        uint8_t label = (uint8_t)keys[at].bytes[p.depth];
        int64_t end = at + 1;
        while (end < p.end && (uint8_t)keys[end].bytes[p.depth] == label)
            end++;
        trie->labels[trie->count] = label;
        left[trie->count++] = (pending){at, end, p.depth + 1};
        node->count++;
        at = end;
    }
}

/* The number of different beginnings of the keys, which are in order. */
static int64_t count_nodes(const ore_trie_key *keys, int64_t count) {
    int64_t nodes = 1;
    for (int64_t i = 0; i < count; i++) {
        size_t same = 0;
        while (i > 0 && same < keys[i].size && same < keys[i - 1].size &&
               keys[i].bytes[same] == keys[i - 1].bytes[same])
            same++;
        nodes += (int64_t)(keys[i].size - same);
    }
    return nodes;
}

ore_status ore_trie_init(ore_trie *trie, ore_trie_key *keys, int64_t count) {
    *trie = (ore_trie){0};
    if (count > 0)
        qsort(keys, (size_t)count, sizeof *keys, by_bytes);
    int64_t nodes = count_nodes(keys, count);
    if (nodes > INT32_MAX)
        return ore_fail(ORE_DATA, "tokenizer: a vocabulary of %lld bytes", (long long)nodes);
    trie->nodes = ore_alloc((size_t)nodes * sizeof *trie->nodes);
    trie->labels = ore_alloc((size_t)nodes);
    trie->roots = ore_alloc(LABELS * sizeof *trie->roots);
    pending *left = ore_alloc((size_t)nodes * sizeof *left);
    if (!trie->nodes || !trie->labels || !trie->roots || !left) {
        ore_release(left);
        ore_trie_release(trie);
        return ore_error_status();
    }
    left[0] = (pending){0, count, 0};
    trie->labels[0] = 0;
    trie->count = 1;
    for (int64_t n = 0; n < trie->count; n++)
        branch(trie, left, keys, n);
    ore_release(left);
    memset(trie->roots, -1, LABELS * sizeof *trie->roots);
    for (int32_t i = 0; i < trie->nodes[0].count; i++)
        trie->roots[trie->labels[1 + i]] = 1 + i;
    return ORE_OK;
}

int32_t ore_trie_step(const ore_trie *trie, int32_t node, uint8_t label) {
    if (node == 0)
        return trie->roots[label];
    const ore_trie_node *n = &trie->nodes[node];
    const uint8_t *labels = trie->labels + n->first;
    for (int32_t i = 0; i < n->count && labels[i] <= label; i++)
        if (labels[i] == label)
            return n->first + i;
    return -1;
}

int32_t ore_trie_longest(const ore_trie *trie, const char *text, size_t size, size_t *bytes) {
    int32_t node = 0, id = -1;
    for (size_t i = 0; i < size; i++) {
        node = ore_trie_step(trie, node, (uint8_t)text[i]);
        if (node < 0)
            break;
        if (trie->nodes[node].id >= 0) {
            id = trie->nodes[node].id;
            *bytes = i + 1;
        }
    }
    return id;
}
