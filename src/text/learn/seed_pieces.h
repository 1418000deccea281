/* seed_pieces.h: the pieces that learning a unigram vocabulary begins with. */
#ifndef ORE_TEXT_LEARN_SEED_PIECES_H
#define ORE_TEXT_LEARN_SEED_PIECES_H

#include "text/learn/piece_counts.h"

/* A part of a text that may become a token, and its weight; log probabilities later on. */
typedef struct ore_part_score {
    uint32_t start, bytes; /* in the list's text */
    double score;
} ore_part_score;

/* All zero is an empty one. */
typedef struct ore_part_list {
    char *text; /* (text_bytes) */
    int64_t text_bytes, text_capacity;
    ore_part_score *parts; /* (count) */
    int64_t count, capacity;
} ore_part_list;

ore_status ore_part_list_add(ore_part_list *list, const char *text, size_t bytes, double score);
/* In the order of their bytes. */
ore_status ore_part_list_sort(ore_part_list *list);
void ore_part_list_release(ore_part_list *list);

/* Characters of texts, the frequent ones first; equally frequent ones by their code points. */
typedef struct ore_alphabet {
    uint32_t *code_points; /* (count) */
    int64_t *counts;       /* (count) */
    int64_t count;
} ore_alphabet;

/* The characters of the pieces, at most `max` of them (0: all). Bytes that are not UTF-8 are
 * none. */
ore_status ore_alphabet_of(const ore_piece *const *pieces, int64_t count, int64_t max,
                           ore_alphabet *alphabet);
void ore_alphabet_release(ore_alphabet *alphabet);

/* The characters of the alphabet, each with its number of occurrences, and substrings of 2 to
 * `max_chars` such characters with their occurrences times their length, the `max_count` with the
 * largest ones: those that occur at least twice and are not always followed by the same character,
 * which the suffix array tells. `pieces` has the frequent ones first. */
ore_status ore_seed_pieces(const ore_piece *const *pieces, int64_t count,
                           const ore_alphabet *alphabet, int max_chars, int64_t max_count,
                           ore_part_list *seeds);

#endif
