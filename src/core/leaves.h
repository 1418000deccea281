/* leaves.h: when the gradient of a leaf is complete. */
#ifndef ORE_CORE_LEAVES_H
#define ORE_CORE_LEAVES_H

#include "core/node.h"

typedef struct expected_leaf expected_leaf;

/* The leaves that one backward may reach, each with the number of its uses: of the edges that lead
 * to it from nodes that have not run yet. Only leaves that somebody waits for are here. */
typedef struct ore_leaf_uses {
    uint64_t walk; /* the number of the walk that counted them; 0: nobody waits for a leaf */
    expected_leaf *leaves; /* (count) */
    int64_t count, capacity;
    ore_grad_hook observer;
    void *observer_user;
} ore_leaf_uses;

/* Counts the uses of the leaves below root, whose backward begins. */
void ore_leaf_uses_begin(ore_leaf_uses *uses, ore_node *root);
/* The leaf's gradient has grown. */
void ore_leaf_uses_arrived(ore_leaf_uses *uses, const ore_node *leaf);
/* The node has run: runs the hooks of the leaves that it was the last to use. */
void ore_leaf_uses_passed(ore_leaf_uses *uses, const ore_node *node);
/* Backward has ended: runs the hooks of those leaves, some of whose users got no gradient. */
void ore_leaf_uses_end(ore_leaf_uses *uses);

/* Until the next call, backward on this thread tells the observer of each leaf whose gradient is
 * complete, as it tells the leaf's own hook; NULL: nobody. A backward that a hook starts does
 * not. */
void ore_leaves_observe(ore_grad_hook observer, void *user);

#endif
