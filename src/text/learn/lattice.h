/* lattice.h: all ways to write a text as a row of pieces that have probabilities. */
#ifndef ORE_TEXT_LEARN_LATTICE_H
#define ORE_TEXT_LEARN_LATTICE_H

#include "text/composed/trie.h"
#include "text/learn/seed_pieces.h"

/* Pieces with the logarithms of their probabilities. A character that no piece consists of is an
 * unknown one, by itself, with probability exp(unknown). */
typedef struct ore_unigram_pieces {
    ore_part_list list;    /* by their bytes; scores are log probabilities */
    ore_trie trie;         /* over the list: ids are its indexes */
    double *probabilities; /* (list.count) exp of the scores */
    double unknown;
} ore_unigram_pieces;

/* A piece at a place. */
typedef struct ore_lattice_edge {
    uint32_t start, end;
    int32_t piece; /* -1: an unknown character */
} ore_lattice_edge;

/* Memory for one text at a time, which one thread uses. All zero is an empty one. */
typedef struct ore_lattice {
    ore_lattice_edge *edges; /* (edge_count) by where they start */
    int64_t edge_count, edge_capacity;
    struct ore_lattice_place *places; /* (place_capacity) between the bytes */
    int64_t place_capacity;
    int32_t *best; /* (best_count) pieces of the best way; -1: an unknown character */
    int64_t best_count, best_capacity;
} ore_lattice;

/* Finds the pieces in a text. */
ore_status ore_lattice_fill(ore_lattice *lattice, const ore_unigram_pieces *pieces,
                            const char *text, size_t bytes);
/* Calls add(user, piece, share) with the probability of each edge that is a piece: how much of all
 * ways, each weighed by its probability, goes along it (the forward-backward algorithm). */
void ore_lattice_shares(ore_lattice *lattice, const ore_unigram_pieces *pieces, size_t bytes,
                        void (*add)(void *user, int32_t piece, double share), void *user);
/* The most probable way, to `best`, and the logarithm of its probability (the Viterbi algorithm).
 * `without` (-1: none) is a piece that it does not take. Minus infinity where there is no way. */
ore_status ore_lattice_best(ore_lattice *lattice, const ore_unigram_pieces *pieces, size_t bytes,
                            int32_t without, double *score);
void ore_lattice_release(ore_lattice *lattice);

#endif
