/* layout.h: where the values of a graph stand in a drawing: in columns, leaves at the left and the
 * root at the right, with lines between neighbouring columns only and few of them crossing (after
 * K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system
 * structures", 1981). */
#ifndef ORE_PLOT_GRAPH_H
#define ORE_PLOT_GRAPH_H

#include "scalar/value.h"

enum { GRAPH_OPERANDS = 2 };

/* A value's box, or a bend: where a line crosses a column on its way to a later one. */
typedef struct graph_spot {
    const ore_value *value; /* the box's value, or the one whose line bends here */
    bool bend;
    int64_t column;               /* 0 holds the root */
    int64_t from[GRAPH_OPERANDS]; /* the spots whose lines come in; -1: none */
    double height, y;             /* pixels; y is the middle, counted downwards */
} graph_spot;

typedef struct graph_layout {
    graph_spot *spots; /* the boxes of the values first, in the order they were given */
    int64_t count, capacity;
    int64_t columns;
    int64_t *order; /* (count) indices of spots, column by column, each from top to bottom */
    int64_t *first; /* (columns + 1) where each column begins in `order` */
    double height;
} graph_layout;

/* Lays out `count` values, the root first and each before its operands, in boxes of the given
 * heights (count), in pixels. The layout is to be released with graph_release, also after an
 * error. */
ore_status graph_lay_out(graph_layout *g, const ore_value *const *values, int64_t count,
                         const double *heights);
void graph_release(graph_layout *g);

#endif
