/* piece_counts.h: the different pieces that texts are cut into, and how often each occurs. */
#ifndef ORE_TEXT_LEARN_PIECE_COUNTS_H
#define ORE_TEXT_LEARN_PIECE_COUNTS_H

#include <ore/base.h>

typedef struct ore_piece {
    int64_t count;
    size_t bytes;
    char text[]; /* (bytes), without a NUL */
} ore_piece;

/* A piece as it stands in a text. */
typedef struct ore_piece_text {
    const char *text;
    size_t bytes;
} ore_piece_text;

enum { ORE_PIECE_BATCH = 64 }; /* pieces that are looked up together */

/* A hash table whose pieces lie one after the other in blocks, so that growing it copies no
 * pieces: about 40 bytes and its text for each different piece. All zero is an empty one. */
typedef struct ore_piece_counts {
    char **blocks; /* (block_count) */
    int64_t block_count, block_capacity;
    size_t used, room;         /* bytes of the last block, and how many it has */
    struct piece_slot *slots;  /* (slot_count), at most 2/3 of them taken */
    int64_t slot_count, count; /* count: of different pieces */
    int64_t total;             /* of all pieces */
} ore_piece_counts;

/* Adds `count` occurrences of a piece. */
ore_status ore_piece_counts_add(ore_piece_counts *counts, const char *text, size_t bytes,
                                int64_t count);
/* Adds one occurrence of each of these pieces; faster than one by one. */
ore_status ore_piece_counts_add_all(ore_piece_counts *counts, const ore_piece_text *texts,
                                    int64_t count);
/* Adds all of `other`, which is empty afterwards. */
ore_status ore_piece_counts_join(ore_piece_counts *counts, ore_piece_counts *other);
/* Pieces of more than `longest` bytes, at least 4, become pieces of at most so many, cut from the
 * left between characters; `total` counts these. */
ore_status ore_piece_counts_cut(ore_piece_counts *counts, size_t longest);
/* The pieces (count), the frequent ones first; the order of equally frequent ones says nothing.
 * To be released with ore_release; the pieces are the table's. */
const ore_piece **ore_piece_counts_sorted(const ore_piece_counts *counts);
void ore_piece_counts_release(ore_piece_counts *counts);

#endif
