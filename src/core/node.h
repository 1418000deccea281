/* node.h: what a graph node is made of, for the two files of core/ that keep the graph. */
#ifndef ORE_CORE_NODE_H
#define ORE_CORE_NODE_H

#include "core/autograd.h"

typedef struct edge {
    ore_node *node; /* counted; NULL where no gradient is wanted */
    ore_dtype dtype;
    ore_shape shape;
} edge;

typedef struct saved_value {
    ore_tensor *value; /* a handle outside all scopes */
    uint64_t version;
} saved_value;

struct ore_node {
    const ore_op *op;
    atomic_int refs;
    uint64_t sequence;
    ore_tensor *output;   /* not counted: the handle that shows the value, if it still lives */
    ore_tensor *incoming; /* what this backward has brought so far */
    ore_tensor *dy;       /* what its own backward works on just now */
    ore_tensor *grad;     /* a leaf's, or a retained one */
    uint64_t walk;        /* number of the last walk that came here (autograd.c) */
    ore_node *next; /* in a list: of those being released, or that a walk has yet to look at */
    int edges_count, saved_count;
    bool passed;   /* backward has passed it and released its saved values */
    bool retained; /* keeps grad and value through backward */
    edge *edges;
    saved_value *saved;
    void *attributes;
};

/* The attributes of a leaf. */
typedef struct leaf_state {
    ore_grad_hook hook;
    void *user;
    int64_t place; /* among the leaves that the backward numbered `walk` expects */
} leaf_state;

/* Whether some leaf has a hook. */
bool ore_leaf_hooks_exist(void);

/* A node with room for edges, saved values and attributes, all zero; NULL when memory runs out. */
ore_node *ore_node_new(const ore_op *op, int edges, int saved, size_t attribute_bytes);
/* Sets edge i: an input of this dtype and shape that `input` made (NULL: no gradient is wanted). */
void ore_node_link(ore_node *node, int i, ore_node *input, ore_dtype dtype, ore_shape shape);
/* Edge i; one without a node, with ORE_INVALID, where there is none. */
const edge *ore_node_edge(const ore_node *node, int i);
/* Lets the saved values go. */
void ore_node_drop_saved(ore_node *node);
/* Releases the edges, and with them the parts of the graph that nothing else holds. */
void ore_node_drop_inputs(ore_node *node);

#endif
