/* lattice.c: sums over all ways through a lattice, and the best one.
 *
 * Probabilities are summed as they are, without logarithms: a few operations for each edge. Those
 * of a long text are too small for a double, so each sum has a power of 2^-256 beside it. */
#include <math.h>
#include <string.h>

#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "text/learn/lattice.h"

/* A number value * 2^(-256 power). */
typedef struct scaled {
    double value;
    int64_t power;
} scaled;

typedef struct ore_lattice_place {
    scaled before, behind; /* sums over all ways to here, and from here to the end */
    double score;          /* of the best way to here */
    int64_t edge;          /* its last edge */
} ore_lattice_place;

static const double scale = 0x1p-256;

/* value * 2^(-256 power). */
static double shifted(double value, int64_t power) {
    for (; power > 0 && value > 0; power--)
        value *= scale;
    for (; power < 0; power++)
        value /= scale;
    return value;
}

/* Keeps a sum that is complete away from the smallest doubles. */
static void settle(scaled *sum) {
    while (sum->value > 0 && sum->value < scale) {
        sum->value /= scale;
        sum->power++;
    }
}

/* Sums are added in the order of falling size, so `from` has the higher power if any. */
static void add_scaled(scaled *sum, const scaled *from, double probability) {
    if (sum->value == 0)
        *sum = (scaled){from->value * probability, from->power};
    else
        sum->value += shifted(from->value * probability, from->power - sum->power);
}

/* ---- edges ---- */

static ore_status add_edge(ore_lattice *l, size_t start, size_t end, int32_t piece) {
    void *edges = l->edges;
    if (ore_grow(&edges, &l->edge_capacity, l->edge_count + 1, sizeof *l->edges) != ORE_OK)
        return ore_error_status();
    l->edges = edges;
    l->edges[l->edge_count++] = (ore_lattice_edge){(uint32_t)start, (uint32_t)end, piece};
    return ORE_OK;
}

/* The edges of the pieces that begin at `start`, where a character does, which ends at `next`. */
static ore_status add_edges_from(ore_lattice *l, const ore_unigram_pieces *pieces,
                                 const uint8_t *text, size_t start, size_t next, size_t bytes) {
    int32_t node = 0;
    bool known = false;
    for (size_t i = start; i < bytes; i++) {
        node = ore_trie_step(&pieces->trie, node, text[i]);
        if (node < 0)
            break;
        int32_t piece = pieces->trie.nodes[node].id;
        if (piece < 0)
            continue;
        known = known || i + 1 == next;
        if (add_edge(l, start, i + 1, piece) != ORE_OK)
            return ore_error_status();
    }
    return known ? ORE_OK : add_edge(l, start, next, -1);
}

ore_status ore_lattice_fill(ore_lattice *l, const ore_unigram_pieces *pieces, const char *text,
                            size_t bytes) {
    void *places = l->places;
    const uint8_t *at = (const uint8_t *)text;
    l->edge_count = 0;
    if (ore_grow(&places, &l->place_capacity, (int64_t)bytes + 1, sizeof *l->places) != ORE_OK)
        return ore_error_status();
    l->places = places;
    for (size_t start = 0, next; start < bytes; start = next) {
        uint32_t code_point;
        int n = ore_utf8_decode(at + start, at + bytes, &code_point);
        next = start + (size_t)(n ? n : 1);
        if (add_edges_from(l, pieces, at, start, next, bytes) != ORE_OK)
            return ore_error_status();
    }
    return ORE_OK;
}

/* ---- all ways ---- */

static double probability_of(const ore_unigram_pieces *pieces, int32_t piece, double unknown) {
    return piece < 0 ? unknown : pieces->probabilities[piece];
}

void ore_lattice_shares(ore_lattice *l, const ore_unigram_pieces *pieces, size_t bytes,
                        void (*add)(void *user, int32_t piece, double share), void *user) {
    ore_lattice_place *places = l->places;
    double unknown = ore_math_exp(pieces->unknown);
    memset(places, 0, (bytes + 1) * sizeof *places);
    places[0].before.value = places[bytes].behind.value = 1;
    for (int64_t i = 0; i < l->edge_count; i++) {
        const ore_lattice_edge *e = l->edges + i;
        if (i == 0 || e->start != l->edges[i - 1].start)
            settle(&places[e->start].before);
        add_scaled(&places[e->end].before, &places[e->start].before,
                   probability_of(pieces, e->piece, unknown));
    }
    const scaled all = places[bytes].before;
    for (int64_t i = l->edge_count - 1; i >= 0; i--) {
        const ore_lattice_edge *e = l->edges + i;
        const scaled *from = &places[e->end].behind, *to = &places[e->start].before;
        double probability = probability_of(pieces, e->piece, unknown);
        if (to->value > 0 && from->value > 0) {
            double share = shifted(to->value * probability, to->power + from->power - all.power);
            share = share / all.value * from->value;
            add_scaled(&places[e->start].behind, from, probability);
            if (e->piece >= 0)
                add(user, e->piece, share);
        }
        if (i == 0 || l->edges[i - 1].start != e->start)
            settle(&places[e->start].behind);
    }
}

/* ---- the best way ---- */

static ore_status walk_back(ore_lattice *l, size_t bytes) {
    void *best = l->best;
    l->best_count = 0;
    for (size_t at = bytes; at > 0; at = l->edges[l->places[at].edge].start)
        l->best_count++;
    if (ore_grow(&best, &l->best_capacity, l->best_count, sizeof *l->best) != ORE_OK)
        return ore_error_status();
    l->best = best;
    int64_t i = l->best_count;
    for (size_t at = bytes; at > 0; at = l->edges[l->places[at].edge].start)
        l->best[--i] = l->edges[l->places[at].edge].piece;
    return ORE_OK;
}

ore_status ore_lattice_best(ore_lattice *l, const ore_unigram_pieces *pieces, size_t bytes,
                            int32_t without, double *score) {
    ore_lattice_place *places = l->places;
    for (size_t i = 0; i <= bytes; i++)
        places[i].score = i ? -HUGE_VAL : 0;
    for (int64_t i = 0; i < l->edge_count; i++) {
        const ore_lattice_edge *e = l->edges + i;
        if (e->piece >= 0 && e->piece == without)
            continue;
        double piece = e->piece < 0 ? pieces->unknown : pieces->list.parts[e->piece].score;
        double here = places[e->start].score + piece;
        if (here > places[e->end].score) {
            places[e->end].score = here;
            places[e->end].edge = i;
        }
    }
    *score = places[bytes].score;
    l->best_count = 0;
    return *score > -HUGE_VAL ? walk_back(l, bytes) : ORE_OK;
}

void ore_lattice_release(ore_lattice *l) {
    ore_release(l->edges);
    ore_release(l->places);
    ore_release(l->best);
    *l = (ore_lattice){0};
}
