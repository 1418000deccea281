/* autocast.c: the regions of a thread, and the copies of parameters that they keep. */
#include "base/dtype.h"
#include "base/error.h"
#include "base/memory.h"
#include "core/autocast.h"
#include "core/autograd.h"
#include "core/tensor.h"

typedef struct kept_copy {
    ore_tensor *values;   /* the leaf's, which keeps its memory from being another's meanwhile */
    const ore_node *node; /* the leaf's, which the copy keeps if it was recorded; else NULL */
    uint64_t version;     /* of the values */
    ore_tensor *copy;
} kept_copy;

struct ore_autocast_copies {
    kept_copy *items;
    int64_t count, capacity;
};

static _Thread_local ore_autocast_regions here;

/* ---- regions ---- */

/* Two bits for what a region casts to. */
static const ore_dtype dtypes[] = {ORE_FLOAT32, ORE_BFLOAT16, ORE_FLOAT16};
enum { CODE_BITS = 2, CODE_MASK = 3, NEST_MAX = 32 };

static uint64_t code_of(ore_dtype dtype) {
    return dtype == ORE_BFLOAT16 ? 1 : dtype == ORE_FLOAT16 ? 2 : 0;
}

ore_dtype ore_autocast_dtype(void) {
    return here.dtype;
}

ore_status ore_autocast_begin(ore_dtype dtype) {
    bool known = dtype == ORE_FLOAT32 || ore_dtype_is_half(dtype);
    here.outer = here.outer << CODE_BITS | code_of(here.dtype);
    here.dtype = known ? dtype : ORE_FLOAT32;
    if (++here.depth > NEST_MAX)
        return ore_fail(ORE_STATE, "autocast: %d regions inside one another, expected at most %d",
                        here.depth, NEST_MAX);
    if (!known)
        return ore_fail(ORE_INVALID, "autocast: dtype %s, expected bfloat16, float16 or float32",
                        ore_dtype_name(dtype));
    return ore_error_status();
}

static void drop_copies(void) {
    ore_autocast_copies *copies = here.copies;
    if (!copies)
        return;
    for (int64_t i = 0; i < copies->count; i++) {
        ore_free(copies->items[i].copy);
        ore_free(copies->items[i].values);
    }
    ore_release(copies->items);
    ore_release(copies);
    here.copies = NULL;
}

ore_status ore_autocast_end(void) {
    if (here.depth == 0)
        return ore_fail(ORE_STATE, "autocast_end: no region has begun");
    here.dtype = dtypes[here.outer & CODE_MASK];
    here.outer >>= CODE_BITS;
    if (--here.depth == 0)
        drop_copies();
    return ore_error_status();
}

ore_autocast_regions ore_autocast_exchange(ore_autocast_regions regions) {
    ore_autocast_regions former = here;
    here = regions;
    return former;
}

/* ---- copies of leaves ---- */

/* Where gradients pass to; NULL while nothing is recorded. */
static const ore_node *node_of(const ore_tensor *leaf) {
    return ore_grad_enabled() ? leaf->node : NULL;
}

ore_tensor *ore_autocast_copy_of(const ore_tensor *leaf) {
    const ore_autocast_copies *copies = here.copies;
    for (int64_t i = 0; copies && i < copies->count; i++) {
        const kept_copy *k = &copies->items[i];
        if (k->values->storage == leaf->storage && k->version == leaf->storage->version &&
            k->node == node_of(leaf) && k->copy->dtype == here.dtype)
            return k->copy;
    }
    return NULL;
}

void ore_autocast_keep_copy(const ore_tensor *leaf, ore_tensor *copy) {
    if (!here.copies && !(here.copies = ore_alloc_zero(sizeof *here.copies)))
        return;
    ore_autocast_copies *copies = here.copies;
    if (ore_grow((void **)&copies->items, &copies->capacity, copies->count + 1,
                 sizeof *copies->items) != ORE_OK)
        return;
    ore_tensor *values = ore_tensor_alias_unscoped(leaf);
    if (values)
        copies->items[copies->count++] =
            (kept_copy){values, node_of(leaf), leaf->storage->version, ore_own(copy)};
}
