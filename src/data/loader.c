/* loader.c: what all loaders share: passes and saved states. */
#include <string.h>

#include "base/memory.h"
#include "data/loader.h"

/* ---- batches ---- */

ore_tensor **ore_batch_field(ore_batch *batch, int field) {
    return field == 0 ? &batch->x : field == 1 ? &batch->y : &batch->more[field - 2];
}

ore_tensor **ore_batch_lengths(ore_batch *batch, int field) {
    return field == 0   ? &batch->x_lengths
           : field == 1 ? &batch->y_lengths
                        : &batch->more_lengths[field - 2];
}

int ore_batch_handles(ore_batch *batch, ore_tensor *handles[ORE_BATCH_HANDLES]) {
    int count = 0;
    for (int f = 0; f < ORE_FIELDS_MAX; f++) {
        if (*ore_batch_field(batch, f))
            handles[count++] = *ore_batch_field(batch, f);
        if (*ore_batch_lengths(batch, f))
            handles[count++] = *ore_batch_lengths(batch, f);
    }
    return count;
}

/* ---- passes ---- */

ore_loader *ore_loader_of_kind(const ore_loader_kind *kind, size_t struct_bytes, int64_t batch_size,
                               ore_generator *generator) {
    if (!ore_ok())
        return NULL;
    if (batch_size < 1) {
        ore_fail(ORE_INVALID, "%s: batch_size %lld, expected at least 1", kind->name,
                 (long long)batch_size);
        return NULL;
    }
    ore_loader *loader = ore_alloc_zero(struct_bytes);
    if (!loader)
        return NULL;
    loader->kind = kind;
    loader->batch_size = batch_size;
    loader->generator = generator;
    loader->batches = -1;
    loader->world = 1;
    return loader;
}

static void stop(ore_loader *loader) {
    if (loader->kind->stop)
        loader->kind->stop(loader);
}

void ore_loader_free(ore_loader *loader) {
    if (!loader)
        return;
    stop(loader);
    if (loader->kind->release)
        loader->kind->release(loader);
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
    if (ore_ok() && loader->kind->check)
        loader->kind->check(loader);
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
    stop(loader);
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
    stop(loader);
    loader->in_pass = false;
    loader->index = loader->offset = 0;
}

/* ---- states ---- */

/* Little-endian: magic (8), kind, in_pass, 6 zeros, index, offset, batch_size, block_size (8 each),
 * a number of the kind's own, zeros up to 64, the generator, another one of the kind's own. */

enum { GENERATOR_AT = 64 };
_Static_assert((int)ORE_LOADER_ORDER_AT == GENERATOR_AT + (int)ORE_GENERATOR_STATE_BYTES &&
                   (int)ORE_LOADER_ORDER_AT + (int)ORE_GENERATOR_STATE_BYTES ==
                       (int)ORE_LOADER_STATE_BYTES,
               "the public size");

static const char magic[8] = {'O', 'R', 'E', 'L', 'O', 'A', 'D', '1'};

void ore_put_int64(uint8_t *at, int64_t value) {
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)((uint64_t)value >> 8 * i);
}

int64_t ore_get_int64(const uint8_t *at) {
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
    ore_put_int64(state + 16, loader->index);
    ore_put_int64(state + 24, loader->offset);
    ore_put_int64(state + 32, loader->batch_size);
    ore_put_int64(state + 40, loader->block_size);
    if (loader->kind->draws)
        ore_generator_get_state(generator_of(loader), state + GENERATOR_AT);
    if (loader->kind->save)
        loader->kind->save(loader, state);
}

ore_status ore_loader_set_state(ore_loader *loader, const uint8_t *state, size_t bytes) {
    if (!ore_ok())
        return ore_error_status();
    const ore_loader_kind *kind = loader->kind;
    if (bytes != ORE_LOADER_STATE_BYTES || memcmp(state, magic, sizeof magic) != 0 || state[9] > 1)
        return ore_fail(ORE_DATA, "%s: the state is not that of a loader", kind->name);
    if (state[8] != kind->code)
        return ore_fail(ORE_DATA, "%s: the state is that of another kind of loader", kind->name);
    if (ore_get_int64(state + 32) != loader->batch_size ||
        ore_get_int64(state + 40) != loader->block_size)
        return ore_fail(
            ORE_DATA, "%s: the state is for batch_size %lld and block_size %lld, not %lld and %lld",
            kind->name, (long long)ore_get_int64(state + 32), (long long)ore_get_int64(state + 40),
            (long long)loader->batch_size, (long long)loader->block_size);
    int64_t index = ore_get_int64(state + 16), offset = ore_get_int64(state + 24);
    if (!kind->has_place(loader, index, offset))
        return ore_fail(ORE_DATA, "%s: the state's place is outside the data", kind->name);
    if (kind->draws && ore_generator_set_state(generator_of(loader), state + GENERATOR_AT,
                                               ORE_GENERATOR_STATE_BYTES) != ORE_OK)
        return ore_error_status();
    stop(loader);
    loader->in_pass = state[9];
    loader->index = index;
    loader->offset = offset;
    return kind->restore ? kind->restore(loader, state) : ORE_OK;
}
