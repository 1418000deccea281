/* layout.c: the columns of a graph's drawing, the order within them, and the heights. */
#include "scalar/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Boxes and bends of a drawing, a bound on its memory: 1000 values may have lines that bend in
 * every column. Sweeps over the columns that improve the order, which end early where no lines
 * cross, and the heights. */
enum { MAX_SPOTS = 20000, ORDER_SWEEPS = 16, HEIGHT_SWEEPS = 24 };

/* Pixels: between two spots of a column, and of a line that passes through a column. */
static const double GAP = 22, BEND_HEIGHT = 6;

/* ---- columns ---- */

static int64_t add_spot(graph_layout *g, graph_spot spot) {
    void *spots = g->spots;
    if (g->count == MAX_SPOTS) {
        ore_fail(ORE_INVALID, "lines across too many columns");
        return -1;
    }
    if (ore_grow(&spots, &g->capacity, g->count + 1, sizeof *g->spots) != ORE_OK)
        return -1;
    g->spots = spots;
    g->spots[g->count] = spot;
    return g->count++;
}

/* The spot that has a value's box, to be searched by the value's address. */
typedef struct home {
    const ore_value *value;
    int64_t spot;
} home;

static int by_address(const void *a, const void *b) {
    uintptr_t x = (uintptr_t)((const home *)a)->value, y = (uintptr_t)((const home *)b)->value;
    return (x > y) - (x < y);
}

/* The spot of a value's box; -1 where it has none, as NULL. */
static int64_t spot_of(const home *homes, int64_t count, const ore_value *v) {
    home key = {v, 0};
    const home *found = v ? bsearch(&key, homes, (size_t)count, sizeof key, by_address) : NULL;
    return found ? found->spot : -1;
}

/* Adds a box for each value, one column to the left of the leftmost of the boxes that it is an
 * operand of. */
static bool add_boxes(graph_layout *g, const ore_value *const *values, int64_t count,
                      const double *heights) {
    home *homes = ore_alloc((size_t)count * sizeof *homes);
    for (int64_t i = 0; homes && i < count; i++) {
        homes[i] = (home){values[i], i};
        if (add_spot(g, (graph_spot){.value = values[i], .height = heights[i]}) < 0)
            count = -1;
    }
    if (!homes || count < 0) {
        ore_release(homes);
        return false;
    }
    qsort(homes, (size_t)count, sizeof *homes, by_address);
    for (int64_t i = 0; i < count; i++) {
        graph_spot *s = &g->spots[i];
        s->from[0] = spot_of(homes, count, s->value->left);
        s->from[1] = spot_of(homes, count, s->value->right);
        for (int side = 0; side < GRAPH_OPERANDS; side++)
            if (s->from[side] >= 0 && g->spots[s->from[side]].column <= s->column)
                g->spots[s->from[side]].column = s->column + 1;
        if (s->column >= g->columns)
            g->columns = s->column + 1;
    }
    ore_release(homes);
    return true;
}

/* The bend in `column` of the lines that lead from a box further left; all lines from that box
 * share it. passing[box] is its bend nearest to the root so far, to which bends are added up to
 * `column`. */
static int64_t bend_at(graph_layout *g, int64_t *passing, int64_t box, int64_t column) {
    int64_t at = passing[box];
    while (at >= 0 && g->spots[at].column > column) {
        int64_t bend = add_spot(g, (graph_spot){.value = g->spots[box].value,
                                                .bend = true,
                                                .column = g->spots[at].column - 1,
                                                .from = {at, -1},
                                                .height = BEND_HEIGHT});
        at = passing[box] = bend;
    }
    while (at >= 0 && g->spots[at].column < column)
        at = g->spots[at].from[0];
    return at;
}

static bool add_bends(graph_layout *g, int64_t boxes) {
    int64_t *passing = ore_alloc((size_t)boxes * sizeof *passing);
    for (int64_t i = 0; passing && i < boxes; i++)
        passing[i] = i;
    bool fine = passing != NULL;
    for (int64_t i = 0; fine && i < boxes; i++)
        for (int side = 0; fine && side < GRAPH_OPERANDS; side++) {
            int64_t box = g->spots[i].from[side];
            if (box < 0)
                continue;
            int64_t bend = bend_at(g, passing, box, g->spots[i].column + 1);
            g->spots[i].from[side] = bend;
            fine = bend >= 0;
        }
    ore_release(passing);
    return fine;
}

/* ---- order within the columns ---- */

/* A spot to be sorted by `key`, then by its place before. */
typedef struct rank {
    double key;
    int64_t spot, place;
} rank;

static int by_key(const void *a, const void *b) {
    const rank *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Each spot's neighbours in the next column on its right; those on its left are its `from`. */
typedef struct links {
    int64_t *first, *to; /* spot s feeds to[first[s]] .. to[first[s + 1] - 1] */
} links;

static bool find_links(const graph_layout *g, links *l) {
    l->first = ore_alloc_zero((size_t)(g->count + 2) * sizeof *l->first);
    l->to = ore_alloc((size_t)(g->count * GRAPH_OPERANDS + 1) * sizeof *l->to);
    if (!l->first || !l->to)
        return false;
    for (int64_t s = 0; s < g->count; s++)
        for (int side = 0; side < GRAPH_OPERANDS; side++)
            if (g->spots[s].from[side] >= 0)
                l->first[g->spots[s].from[side] + 2]++;
    for (int64_t s = 2; s < g->count + 2; s++)
        l->first[s] += l->first[s - 1];
    for (int64_t s = 0; s < g->count; s++)
        for (int side = 0; side < GRAPH_OPERANDS; side++)
            if (g->spots[s].from[side] >= 0)
                l->to[l->first[g->spots[s].from[side] + 1]++] = s;
    return true;
}

/* The mean of value[] over the neighbours of s on one side; NaN where there is none. */
static double mean_of(const graph_layout *g, const links *l, int64_t s, bool left,
                      const double *value) {
    double sum = 0;
    int64_t n = 0;
    for (int side = 0; left && side < GRAPH_OPERANDS; side++)
        if (g->spots[s].from[side] >= 0) {
            sum += value[g->spots[s].from[side]];
            n++;
        }
    for (int64_t i = l->first[s]; !left && i < l->first[s + 1]; i++, n++)
        sum += value[l->to[i]];
    return n ? sum / (double)n : NAN;
}

/* Sorts the spots of a column by the mean place of their neighbours on one side; a spot without any
 * is sorted by its own place. */
static void sort_column(graph_layout *g, const links *l, int64_t column, bool left, double *place,
                        rank *ranks) {
    int64_t from = g->first[column], n = g->first[column + 1] - from;
    for (int64_t i = 0; i < n; i++) {
        int64_t s = g->order[from + i];
        double mean = mean_of(g, l, s, left, place);
        ranks[i] = (rank){isnan(mean) ? place[s] : mean, s, i};
    }
    qsort(ranks, (size_t)n, sizeof *ranks, by_key);
    for (int64_t i = 0; i < n; i++) {
        g->order[from + i] = ranks[i].spot;
        place[ranks[i].spot] = ((double)i + 0.5) / (double)n;
    }
}

/* How many pairs of lines between a column and the one on its left cross. */
static int64_t crossings_at(const graph_layout *g, int64_t column, const double *place) {
    int64_t crossings = 0;
    for (int64_t i = g->first[column]; i < g->first[column + 1]; i++)
        for (int64_t j = g->first[column]; j < i; j++)
            for (int a = 0; a < GRAPH_OPERANDS; a++)
                for (int b = 0; b < GRAPH_OPERANDS; b++) {
                    int64_t x = g->spots[g->order[i]].from[a], y = g->spots[g->order[j]].from[b];
                    crossings += x >= 0 && y >= 0 && place[x] < place[y];
                }
    return crossings;
}

static int64_t all_crossings(const graph_layout *g, const double *place) {
    int64_t crossings = 0;
    for (int64_t c = 0; c < g->columns; c++)
        crossings += crossings_at(g, c, place);
    return crossings;
}

/* Sorts the columns from right to left and back, ORDER_SWEEPS times, and keeps the order that had
 * the fewest crossings. */
static void order_columns(graph_layout *g, const links *l, double *place, rank *ranks,
                          int64_t *best) {
    int64_t fewest = INT64_MAX;
    for (int sweep = 0; sweep < ORDER_SWEEPS && fewest > 0; sweep++) {
        for (int64_t c = 0; c < g->columns; c++)
            if (sweep % 2)
                sort_column(g, l, g->columns - 1 - c, true, place, ranks);
            else
                sort_column(g, l, c, false, place, ranks);
        int64_t crossings = all_crossings(g, place);
        if (crossings < fewest) {
            fewest = crossings;
            memcpy(best, g->order, (size_t)g->count * sizeof *best);
        }
    }
    memcpy(g->order, best, (size_t)g->count * sizeof *best);
}

/* ---- heights ---- */

/* A run of spots that touch, with the gap between them. They move together: their offset is sum /
 * count, the mean of the offsets that each of them would have by itself. */
typedef struct run {
    double sum;
    int64_t count;
} run;

/* Places the spots of a column as near to the heights in `wish` as their order and the gaps between
 * them allow: the sum of squared distances is minimal. Spots that would overlap are pooled into one
 * run (isotonic regression by pooling adjacent violators). */
static void settle_column(graph_layout *g, int64_t column, const double *wish, run *runs,
                          double *y) {
    int64_t from = g->first[column], n = g->first[column + 1] - from, made = 0;
    double below = 0, last = 0;
    for (int64_t i = 0; i < n; i++) {
        const graph_spot *s = &g->spots[g->order[from + i]];
        below += i ? (last + s->height) / 2 + GAP : 0;
        last = s->height;
        runs[made++] = (run){wish[g->order[from + i]] - below, 1};
        while (made > 1 && runs[made - 2].sum / (double)runs[made - 2].count >=
                               runs[made - 1].sum / (double)runs[made - 1].count) {
            runs[made - 2].sum += runs[made - 1].sum;
            runs[made - 2].count += runs[made - 1].count;
            made--;
        }
    }
    below = last = 0;
    for (int64_t i = 0, r = 0, left = 0; i < n; i++) {
        graph_spot *s = &g->spots[g->order[from + i]];
        below += i ? (last + s->height) / 2 + GAP : 0;
        last = s->height;
        left = left ? left : runs[r].count;
        s->y = runs[r].sum / (double)runs[r].count + below;
        y[g->order[from + i]] = s->y;
        if (--left == 0)
            r++;
    }
}

/* Moves each column towards the mean height of its neighbours on one side, from right to left and
 * back; in the second half of the sweeps, of those on both sides. Then shifts all to begin at 0. */
static void settle(graph_layout *g, const links *l, double *y, double *wish, run *runs) {
    for (int64_t s = 0; s < g->count; s++)
        wish[s] = 0;
    for (int64_t c = 0; c < g->columns; c++)
        settle_column(g, c, wish, runs, y);
    for (int sweep = 0; sweep < HEIGHT_SWEEPS; sweep++)
        for (int64_t k = 0; k < g->columns; k++) {
            int64_t c = sweep % 2 ? g->columns - 1 - k : k;
            for (int64_t i = g->first[c]; i < g->first[c + 1]; i++) {
                int64_t s = g->order[i];
                double right = mean_of(g, l, s, false, y), left = mean_of(g, l, s, true, y);
                bool both = sweep >= HEIGHT_SWEEPS / 2 && !isnan(left) && !isnan(right);
                double one = isnan(left) || (!isnan(right) && sweep % 2 == 0) ? right : left;
                wish[s] = both ? (left + right) / 2 : isnan(one) ? y[s] : one;
            }
            settle_column(g, c, wish, runs, y);
        }
    double top = INFINITY, bottom = -INFINITY;
    for (int64_t s = 0; s < g->count; s++) {
        top = fmin(top, g->spots[s].y - g->spots[s].height / 2);
        bottom = fmax(bottom, g->spots[s].y + g->spots[s].height / 2);
    }
    for (int64_t s = 0; s < g->count; s++)
        g->spots[s].y -= top;
    g->height = bottom - top;
}

/* ---- the layout ---- */

/* Lists the spots column by column; in each column in the order in which their values were made,
 * which is the reverse of that of `spots`. Sorting starts from this order. */
static bool fill_columns(graph_layout *g) {
    g->order = ore_alloc((size_t)g->count * sizeof *g->order);
    g->first = ore_alloc_zero((size_t)(g->columns + 2) * sizeof *g->first);
    if (!g->order || !g->first)
        return false;
    for (int64_t s = 0; s < g->count; s++)
        g->first[g->spots[s].column + 2]++;
    for (int64_t c = 2; c < g->columns + 2; c++)
        g->first[c] += g->first[c - 1];
    for (int64_t s = g->count - 1; s >= 0; s--)
        g->order[g->first[g->spots[s].column + 1]++] = s;
    return true;
}

static ore_status place_spots(graph_layout *g) {
    size_t n = (size_t)g->count;
    links l = {NULL, NULL};
    double *y = ore_alloc_zero(n * sizeof *y), *wish = ore_alloc(n * sizeof *wish);
    rank *ranks = ore_alloc(n * sizeof *ranks);
    run *runs = ore_alloc(n * sizeof *runs);
    int64_t *best = ore_alloc(n * sizeof *best);
    if (y && wish && ranks && runs && best && fill_columns(g) && find_links(g, &l)) {
        order_columns(g, &l, y, ranks, best);
        settle(g, &l, y, wish, runs);
    }
    ore_release(best);
    ore_release(runs);
    ore_release(ranks);
    ore_release(wish);
    ore_release(y);
    ore_release(l.to);
    ore_release(l.first);
    return ore_error_status();
}

ore_status graph_lay_out(graph_layout *g, const ore_value *const *values, int64_t count,
                         const double *heights) {
    *g = (graph_layout){0};
    if (!add_boxes(g, values, count, heights) || !add_bends(g, count))
        return ore_error_status();
    return place_spots(g);
}

void graph_release(graph_layout *g) {
    ore_release(g->first);
    ore_release(g->order);
    ore_release(g->spots);
    *g = (graph_layout){0};
}
