/* leaves.c: when the gradient of a leaf is complete.
 *
 * A leaf may be used many times, so that its gradient grows many times while backward runs. Where
 * somebody waits for one (a hook), backward first walks over the graph and counts the edges to each
 * such leaf; a node that has run takes its edges off the count, and at none the hook runs. A node
 * that no gradient reaches never runs: what it would have taken off is settled when backward
 * ends. Where nobody waits, nothing is walked. */
#include "base/error.h"
#include "base/memory.h"
#include "core/leaves.h"

struct expected_leaf {
    ore_node *leaf; /* counted */
    int64_t uses;
    bool grown;          /* and its hook has not run since */
    uint64_t outer_walk; /* the leaf's marks of the backward around this one */
    int64_t outer_place;
    int64_t next; /* place of the next leaf whose hook is to run, or NONE */
};

enum { NONE = -1 };

static atomic_ullong walk_counter;
static _Thread_local ore_grad_hook observer;
static _Thread_local void *observer_user;

void ore_leaves_observe(ore_grad_hook hook, void *user) {
    observer = hook;
    observer_user = user;
}

static leaf_state *state_of(const ore_node *leaf) {
    return leaf->attributes;
}

/* The leaf's entry; NULL for a node that is none of the leaves waited for. */
static expected_leaf *entry_of(const ore_leaf_uses *uses, const ore_node *node) {
    bool waited_for = uses->walk && node && ore_node_is_leaf(node) && node->walk == uses->walk;
    return waited_for ? &uses->leaves[state_of(node)->place] : NULL;
}

static void count_use(ore_leaf_uses *uses, ore_node *leaf) {
    expected_leaf *entry = entry_of(uses, leaf);
    if (entry) {
        entry->uses++;
        return;
    }
    if ((!state_of(leaf)->hook && !uses->observer) ||
        ore_grow((void **)&uses->leaves, &uses->capacity, uses->count + 1, sizeof *uses->leaves) !=
            ORE_OK)
        return;
    ore_node_retain(leaf);
    uses->leaves[uses->count] = (expected_leaf){.leaf = leaf,
                                                .uses = 1,
                                                .outer_walk = leaf->walk,
                                                .outer_place = state_of(leaf)->place,
                                                .next = NONE};
    leaf->walk = uses->walk;
    state_of(leaf)->place = uses->count++;
}

void ore_leaf_uses_begin(ore_leaf_uses *uses, ore_node *root) {
    *uses = (ore_leaf_uses){.observer = observer, .observer_user = observer_user};
    observer = NULL; /* what hooks do is theirs */
    if (!uses->observer && !ore_leaf_hooks_exist())
        return;
    uses->walk = atomic_fetch_add_explicit(&walk_counter, 1, memory_order_relaxed) + 1;
    if (ore_node_is_leaf(root)) {
        count_use(uses, root);
        return;
    }
    root->walk = uses->walk;
    root->next = NULL;
    for (ore_node *left = root; left;) {
        ore_node *node = left;
        left = node->next;
        for (int i = 0; i < node->edges_count; i++) {
            ore_node *input = node->edges[i].node;
            if (!input || (!ore_node_is_leaf(input) && input->walk == uses->walk))
                continue;
            if (ore_node_is_leaf(input)) {
                count_use(uses, input);
                continue;
            }
            input->walk = uses->walk;
            input->next = left;
            left = input;
        }
    }
}

void ore_leaf_uses_arrived(ore_leaf_uses *uses, const ore_node *leaf) {
    expected_leaf *entry = entry_of(uses, leaf);
    if (entry)
        entry->grown = true;
}

/* Runs the hooks of a leaf whose gradient is complete. */
static void complete(ore_leaf_uses *uses, expected_leaf *entry) {
    ore_node *leaf = entry->leaf;
    bool grown = entry->grown;
    entry->grown = false;
    if (grown && leaf->output && state_of(leaf)->hook && ore_no_error())
        state_of(leaf)->hook(state_of(leaf)->user, leaf->output);
    if (grown && leaf->output && uses->observer && ore_no_error())
        uses->observer(uses->observer_user, leaf->output);
}

void ore_leaf_uses_passed(ore_leaf_uses *uses, const ore_node *node) {
    if (!uses->walk)
        return;
    int64_t first = NONE, *last = &first;
    for (int i = 0; i < node->edges_count; i++) {
        expected_leaf *entry = entry_of(uses, node->edges[i].node);
        if (!entry || --entry->uses != 0)
            continue;
        *last = state_of(entry->leaf)->place;
        last = &entry->next;
    }
    for (; first != NONE; first = uses->leaves[first].next) /* a hook may change the edges */
        complete(uses, &uses->leaves[first]);
}

void ore_leaf_uses_end(ore_leaf_uses *uses) {
    for (int64_t i = 0; i < uses->count; i++)
        complete(uses, &uses->leaves[i]);
    for (int64_t i = 0; i < uses->count; i++) {
        expected_leaf *entry = &uses->leaves[i];
        entry->leaf->walk = entry->outer_walk;
        state_of(entry->leaf)->place = entry->outer_place;
        ore_node_release(entry->leaf);
    }
    ore_release(uses->leaves);
    if (uses->observer)
        ore_leaves_observe(uses->observer, uses->observer_user);
}
