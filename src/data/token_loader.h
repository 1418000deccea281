/* token_loader.h: what loaders over tokens share. */
#ifndef ORE_DATA_TOKEN_LOADER_H
#define ORE_DATA_TOKEN_LOADER_H

#include "data/loader.h"
#include "data/token_parts.h"

/* One row of a batch: `targets` tokens from `offset` on, in the part's stream or in document
 * `item`. */
typedef struct ore_batch_row {
    int64_t item, offset, targets;
} ore_batch_row;

typedef struct ore_token_loader {
    ore_loader base; /* first: an ore_loader over tokens is one of these */
    ore_part_range part;
    int64_t *ids;        /* (max targets of a row + 1) */
    ore_batch_row *rows; /* (batch_size) */
    int64_t *firsts;     /* (documents + 1) number of each document's first context, or NULL */
} ore_token_loader;

/* A loader over one part of the tokens, which it checks; `random`: every row must be whole. NULL
 * options mean the defaults. */
ore_token_loader *ore_token_loader_new(const ore_loader_kind *kind, const ore_token_parts *parts,
                                       const ore_token_loader_options *options, bool random);
/* Of their kinds: asks the tokens, and releases what the struct points to. */
ore_status ore_token_loader_check(const ore_loader *loader);
void ore_token_loader_release(ore_loader *loader);

#endif
