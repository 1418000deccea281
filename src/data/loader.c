/* loader.c: what all loaders share: passes and saved states. */
#include <string.h>

#include "base/memory.h"
#include "data/loader.h"

ore_loader *ore_loader_new(const ore_loader_kind *kind, int64_t batch_size,
                           ore_generator *generator) {
    if (!ore_ok())
        return NULL;
    if (batch_size < 1) {
        ore_fail(ORE_INVALID, "%s: batch_size %lld, expected at least 1", kind->name,
                 (long long)batch_size);
        return NULL;
    }
    ore_loader *loader = ore_alloc_zero(sizeof *loader);
    if (!loader)
        return NULL;
    loader->kind = kind;
    loader->batch_size = batch_size;
    loader->generator = generator;
    loader->batches = -1;
    loader->world = 1;
    return loader;
}

void ore_loader_free(ore_loader *loader) {
    if (!loader)
        return;
    ore_generator_free(loader->private_generator);
    ore_free(loader->order);
    ore_free(loader->y);
    ore_free(loader->x);
    ore_release(loader->firsts);
    ore_release(loader->rows);
    ore_release(loader->ids);
    ore_release(loader);
}

ore_batch ore_loader_next(ore_loader *loader) {
    ore_batch none = {0};
    if (!ore_ok() || !loader)
        return none;
    if (!loader->in_pass) {
        loader->index = loader->offset = 0;
        if (loader->kind->begin && loader->kind->begin(loader) != ORE_OK)
            return none;
        loader->in_pass = true;
    }
    ore_batch batch = loader->kind->next(loader);
    const ore_tokens *tokens = loader->part.tokens;
    if (ore_ok() && tokens && tokens->check)
        tokens->check(tokens);
    return ore_ok() ? batch : none;
}

/* ---- ranks ---- */

ore_status ore_loader_share(ore_loader *loader, int64_t rank, int64_t world) {
    if (!ore_ok() || !loader)
        return ore_error_status();
    if (world < 1 || rank < 0 || rank >= world)
        return ore_fail(ORE_INVALID, "%s: rank %lld of %lld, expected 0 to %lld",
                        loader->kind->name, (long long)rank, (long long)world,
                        (long long)(world > 0 ? world - 1 : 0));
    if (loader->batch_size < world)
        return ore_fail(ORE_INVALID, "%s: batch_size %lld for %lld ranks, expected a row for each",
                        loader->kind->name, (long long)loader->batch_size, (long long)world);
    loader->rank = rank;
    loader->world = world;
    return ORE_OK;
}

ore_share ore_share_of(const ore_loader *loader, int64_t rows) {
    int64_t each = rows / loader->world, more = rows % loader->world, rank = loader->rank;
    return (ore_share){.first = each * rank + (rank < more ? rank : more),
                       .count = each + (rank < more)};
}

int64_t ore_loader_batches(const ore_loader *loader) {
    return loader->batches;
}

void ore_loader_reset(ore_loader *loader) {
    loader->in_pass = false;
    loader->index = loader->offset = 0;
}

/* ---- states ---- */

/* Little-endian: magic (8), kind, in_pass, 6 zeros, index, offset, batch_size, block_size (8 each),
 * zeros up to 64, the generator, the generator before the order was drawn. */

enum { GENERATOR_AT = 64, ORDER_AT = GENERATOR_AT + ORE_GENERATOR_STATE_BYTES };
_Static_assert(ORDER_AT + ORE_GENERATOR_STATE_BYTES == ORE_LOADER_STATE_BYTES, "the public size");

static const char magic[8] = {'O', 'R', 'E', 'L', 'O', 'A', 'D', '1'};

static void put(uint8_t *at, int64_t value) {
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)((uint64_t)value >> 8 * i);
}

static int64_t get(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return (int64_t)value;
}

static ore_generator *generator_of(const ore_loader *loader) {
    return loader->generator ? loader->generator : ore_default_generator();
}

void ore_loader_get_state(const ore_loader *loader, uint8_t *state) {
    memset(state, 0, ORE_LOADER_STATE_BYTES);
    memcpy(state, magic, sizeof magic);
    state[8] = loader->kind->code;
    state[9] = loader->in_pass;
    put(state + 16, loader->index);
    put(state + 24, loader->offset);
    put(state + 32, loader->batch_size);
    put(state + 40, loader->block_size);
    if (loader->kind->draws)
        ore_generator_get_state(generator_of(loader), state + GENERATOR_AT);
    if (loader->in_pass && loader->order)
        memcpy(state + ORDER_AT, loader->order_state, ORE_GENERATOR_STATE_BYTES);
}

ore_status ore_loader_set_state(ore_loader *loader, const uint8_t *state, size_t bytes) {
    if (!ore_ok())
        return ore_error_status();
    const ore_loader_kind *kind = loader->kind;
    if (bytes != ORE_LOADER_STATE_BYTES || memcmp(state, magic, sizeof magic) != 0 || state[9] > 1)
        return ore_fail(ORE_DATA, "%s: the state is not that of a loader", kind->name);
    if (state[8] != kind->code)
        return ore_fail(ORE_DATA, "%s: the state is that of another kind of loader", kind->name);
    if (get(state + 32) != loader->batch_size || get(state + 40) != loader->block_size)
        return ore_fail(
            ORE_DATA, "%s: the state is for batch_size %lld and block_size %lld, not %lld and %lld",
            kind->name, (long long)get(state + 32), (long long)get(state + 40),
            (long long)loader->batch_size, (long long)loader->block_size);
    int64_t index = get(state + 16), offset = get(state + 24);
    if (!kind->has_place(loader, index, offset))
        return ore_fail(ORE_DATA, "%s: the state's place is outside the data", kind->name);
    if (kind->draws && ore_generator_set_state(generator_of(loader), state + GENERATOR_AT,
                                               ORE_GENERATOR_STATE_BYTES) != ORE_OK)
        return ore_error_status();
    loader->in_pass = state[9];
    loader->index = index;
    loader->offset = offset;
    memcpy(loader->order_state, state + ORDER_AT, ORE_GENERATOR_STATE_BYTES);
    return loader->in_pass && kind->restore ? kind->restore(loader) : ORE_OK;
}
