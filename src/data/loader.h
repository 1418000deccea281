/* loader.h: what all loaders share. */
#ifndef ORE_DATA_LOADER_H
#define ORE_DATA_LOADER_H

#include <ore/data.h>

/* One kind of loader. `next` gives the batch at the loader's place and moves it on; it is called
 * with in_pass true, and sets it false where the pass has ended. */
typedef struct ore_loader_kind {
    const char *name;
    uint8_t code; /* in saved states */
    bool draws;   /* uses the generator */
    ore_batch (*next)(ore_loader *loader);
    /* After each batch: whether what was read is still what it was; NULL: nothing to ask. */
    ore_status (*check)(const ore_loader *loader);
    /* Starts a pass (draws its order); NULL: nothing to do. */
    ore_status (*begin)(ore_loader *loader);
    /* Before the place, the pass or the share changes: forgets what was made ahead; NULL: nothing
     * to do. */
    void (*stop)(ore_loader *loader);
    /* What the kind adds to a state, at the two places below; NULL: nothing. `restore` reads it
     * back once the common part is set, and makes the pass's order again. */
    void (*save)(const ore_loader *loader, uint8_t *state);
    ore_status (*restore)(ore_loader *loader, const uint8_t *state);
    /* Whether a place read from a state is one of this loader's. */
    bool (*has_place)(const ore_loader *loader, int64_t index, int64_t offset);
    /* Releases what the loader's struct points to; NULL: nothing. */
    void (*release)(ore_loader *loader);
} ore_loader_kind;

/* What a kind's struct starts with. */
struct ore_loader {
    const ore_loader_kind *kind;
    ore_generator *generator; /* borrowed */
    int64_t batch_size;
    int64_t block_size;  /* of tokens; else 0 */
    int64_t batches;     /* of a pass; -1 without end */
    int64_t rank, world; /* whose share of each batch it gives */
    /* the place */
    bool in_pass;
    int64_t index, offset;
};

/* Where a kind's own part of a state begins: a number of 8 bytes, and a generator's state. A kind
 * that draws nothing has the room of both generators. */
enum {
    ORE_LOADER_NUMBER_AT = 48,
    ORE_LOADER_OWN_AT = 64,
    ORE_LOADER_ORDER_AT = 64 + ORE_GENERATOR_STATE_BYTES
};
void ore_put_int64(uint8_t *at, int64_t value);
int64_t ore_get_int64(const uint8_t *at);

/* Rows first .. first + count - 1 of a batch. */
typedef struct ore_share {
    int64_t first, count;
} ore_share;

/* The loader's own rows of a batch of `rows`. */
ore_share ore_share_of(const ore_loader *loader, int64_t rows);

/* A loader of struct_bytes, zeros but for its kind, batch size and generator (NULL: the default
 * one). */
ore_loader *ore_loader_of_kind(const ore_loader_kind *kind, size_t struct_bytes, int64_t batch_size,
                               ore_generator *generator);

/* Field f of a batch, and its lengths: x, y, then more. */
ore_tensor **ore_batch_field(ore_batch *batch, int field);
ore_tensor **ore_batch_lengths(ore_batch *batch, int field);
/* All handles of a batch that are there: how many. */
enum { ORE_BATCH_HANDLES = 2 * ORE_FIELDS_MAX };
int ore_batch_handles(ore_batch *batch, ore_tensor *handles[ORE_BATCH_HANDLES]);

#endif
