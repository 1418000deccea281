/* loader.h: what all loaders share. */
#ifndef ORE_DATA_LOADER_H
#define ORE_DATA_LOADER_H

#include "data/token_parts.h"

/* One row of a batch over tokens: `targets` tokens from `offset` on, in the part's stream or in
 * document `item`. */
typedef struct ore_batch_row {
    int64_t item, offset, targets;
} ore_batch_row;

/* One kind of loader. `next` gives the batch at the loader's place and moves it on; it is called
 * with in_pass true, and sets it false where the pass has ended. */
typedef struct ore_loader_kind {
    const char *name;
    uint8_t code; /* in saved states */
    bool draws;   /* uses the generator */
    ore_batch (*next)(ore_loader *loader);
    /* Starts a pass (draws its order); NULL: nothing to do. */
    ore_status (*begin)(ore_loader *loader);
    /* After a state has been set within a pass: makes its order again; NULL: nothing to do. */
    ore_status (*restore)(ore_loader *loader);
    /* Whether a place read from a state is one of this loader's. */
    bool (*has_place)(const ore_loader *loader, int64_t index, int64_t offset);
} ore_loader_kind;

struct ore_loader {
    const ore_loader_kind *kind;
    ore_generator *generator; /* borrowed */
    int64_t batch_size;
    int64_t batches;     /* of a pass; -1 without end */
    int64_t rank, world; /* whose share of each batch it gives */
    /* the place */
    bool in_pass;
    int64_t index, offset;
    /* over tokens */
    ore_part_range part;
    int64_t block_size;
    int64_t *ids;        /* (max targets of a row + 1) */
    ore_batch_row *rows; /* (batch_size) */
    int64_t *firsts;     /* (documents + 1) number of each document's first context, or NULL */
    /* over tensors; owned handles */
    ore_tensor *x, *y;                /* (rows, ..) */
    ore_tensor *order;                /* (rows), or NULL */
    ore_generator *private_generator; /* draws the order where the generator is the default one */
    bool shuffle, drop_last;
    uint8_t order_state[ORE_GENERATOR_STATE_BYTES]; /* just before the order was drawn */
};

/* Rows first .. first + count - 1 of a batch. */
typedef struct ore_share {
    int64_t first, count;
} ore_share;

/* The loader's own rows of a batch of `rows`. */
ore_share ore_share_of(const ore_loader *loader, int64_t rows);

/* A loader with nothing but its kind, batch size and generator (NULL: the default one). */
ore_loader *ore_loader_new(const ore_loader_kind *kind, int64_t batch_size,
                           ore_generator *generator);
/* A loader over one part of the tokens, which it checks; `random`: every row must be whole. NULL
 * options mean the defaults. */
ore_loader *ore_sequences_new(const ore_loader_kind *kind, const ore_token_parts *parts,
                              const ore_token_loader_options *options, bool random);

#endif
