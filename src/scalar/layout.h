/* layout.h: where the values of a graph stand in a drawing: in columns from the leaves to the root,
 * lines between neighbouring columns alone, few crossings (after K. Sugiyama, S. Tagawa and M.
 * Toda, "Methods for visual understanding of hierarchical system structures", 1981). */
#ifndef ORE_PLOT_GRAPH_H
#define ORE_PLOT_GRAPH_H

#include "scalar/value.h"

enum { GRAPH_OPERANDS = 2 };

/* A value's box, or a bend: where a line crosses a column on its way to a later one. */
typedef struct graph_spot {
    const ore_value *value; /* whose box, or whose line bends here */
    bool bend;
    int64_t column;               /* 0 holds the root */
    int64_t from[GRAPH_OPERANDS]; /* the spots whose lines come in; -1: none */
    double height, y;             /* y is the middle, from 0 down */
} graph_spot;

typedef struct graph_layout {
    graph_spot *spots; /* the boxes of the values first, in the order they were given */
    int64_t count, capacity;
    int64_t columns;
    int64_t *order; /* the spots, column by column, from top to bottom */
    int64_t *first; /* (columns + 1): where a column begins in order */
    double height;
} graph_layout;

/* Lays out `count` values, each before its operands, the root first, in boxes of those heights. A
 * layout is released whatever comes back. */
ore_status graph_lay_out(graph_layout *g, const ore_value *const *values, int64_t count,
                         const double *heights);
void graph_release(graph_layout *g);

#endif
