/* tensors.c: a loader over the rows of tensors, with the draws of torch's DataLoader. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/loader.h"

ore_loader_options ore_loader_defaults(void) {
    return (ore_loader_options){
        .batch_size = 1, .shuffle = false, .drop_last = false, .generator = NULL};
}

static int64_t rows_of(const ore_loader *loader) {
    return ore_shape_of(loader->x).dim[0];
}

/* ---- the order of a pass ---- */

/* One int64 random_(): a 64-bit word mod 2^63. */
static uint64_t draw_seed(ore_generator *generator) {
    ore_scope_begin();
    ore_tensor *word = ore_random_(ore_empty(ORE_SCALAR, ORE_INT64), 0, 0, generator);
    uint64_t seed = (uint64_t)ore_item_int(word);
    ore_scope_end();
    return seed;
}

/* Draws the order from where `source` is, and notes that. */
static ore_status draw_order(ore_loader *loader, ore_generator *source) {
    ore_generator_get_state(source, loader->order_state);
    ore_free(loader->order);
    ore_scope_begin();
    ore_tensor *order = ore_randperm(rows_of(loader), source);
    loader->order = order ? ore_own(order) : NULL;
    ore_scope_end();
    return ore_error_status();
}

/* torch: the iterator draws a base seed, shuffled or not; then a sampler without a generator of its
 * own seeds a private one, and with one draws from it. */
static ore_status tensors_begin(ore_loader *loader) {
    draw_seed(loader->generator);
    if (!loader->shuffle || !ore_ok())
        return ore_error_status();
    if (loader->generator)
        return draw_order(loader, loader->generator);
    ore_generator_seed(loader->private_generator, draw_seed(NULL));
    return draw_order(loader, loader->private_generator);
}

static ore_status tensors_restore(ore_loader *loader) {
    if (!loader->shuffle)
        return ORE_OK;
    uint8_t state[ORE_GENERATOR_STATE_BYTES];
    memcpy(state, loader->order_state, sizeof state);
    if (ore_generator_set_state(loader->private_generator, state, sizeof state) != ORE_OK)
        return ore_error_status();
    return draw_order(loader, loader->private_generator);
}

/* torch's sampler, run to its end, draws one permutation more, of which it takes nothing. */
static void end_order(ore_loader *loader) {
    if (!loader->shuffle || !loader->generator)
        return;
    ore_scope_begin();
    ore_randperm(rows_of(loader), loader->generator);
    ore_scope_end();
}

/* ---- batches ---- */

static int64_t row_at(const ore_loader *loader, int64_t place) {
    return loader->shuffle ? ((const int64_t *)ore_data(loader->order))[place] : place;
}

/* Rows order[first ..] (or first ..) of `from`, as a new tensor. */
static ore_tensor *take_rows(const ore_loader *loader, const ore_tensor *from, int64_t first,
                             int64_t count) {
    ore_shape shape = ore_shape_of(from);
    size_t row_bytes =
        (size_t)(ore_numel(from) / shape.dim[0]) * ore_dtype_size(ore_tensor_dtype(from));
    shape.dim[0] = count;
    ore_tensor *rows = ore_empty(shape, ore_tensor_dtype(from));
    const char *source = ore_data(from);
    char *target = ore_data_mut(rows);
    if (!source || !target)
        return NULL;
    for (int64_t i = 0; i < count; i++) {
        int64_t row = row_at(loader, first + i);
        memcpy(target + (size_t)i * row_bytes, source + (size_t)row * row_bytes, row_bytes);
    }
    return rows;
}

/* Targets of these rows that are not ORE_IGNORE_INDEX; rows where y is not of int64. */
static int64_t count_targets(const ore_loader *loader, int64_t first, int64_t count) {
    if (!loader->y || ore_tensor_dtype(loader->y) != ORE_INT64)
        return count;
    const int64_t *y = ore_data(loader->y);
    int64_t width = ore_numel(loader->y) / rows_of(loader), targets = 0;
    for (int64_t i = 0; y && i < count; i++)
        for (int64_t j = 0; j < width; j++)
            targets += y[row_at(loader, first + i) * width + j] != ORE_IGNORE_INDEX;
    return targets;
}

static ore_batch tensors_next(ore_loader *loader) {
    int64_t rows = rows_of(loader), left = rows - loader->index;
    int64_t count = left < loader->batch_size ? left : loader->batch_size;
    bool cut = count < loader->batch_size;
    /* A batch that is not full has asked the sampler for more than it has; index past the rows
     * notes that its end is behind. */
    if (cut && loader->index <= rows)
        end_order(loader);
    if (count < 1 || (cut && loader->drop_last)) {
        ore_loader_reset(loader);
        return (ore_batch){0};
    }
    ore_share share = ore_share_of(loader, count);
    int64_t first = loader->index + share.first;
    ore_batch batch = {.x = take_rows(loader, loader->x, first, share.count),
                       .y = loader->y ? take_rows(loader, loader->y, first, share.count) : NULL,
                       .tokens = count_targets(loader, first, share.count)};
    bool whole = share.count == count;
    batch.global_tokens = whole ? batch.tokens : count_targets(loader, loader->index, count);
    loader->index += cut ? loader->batch_size : count;
    return batch;
}

static bool tensors_has_place(const ore_loader *loader, int64_t index, int64_t offset) {
    return index >= 0 && index % loader->batch_size == 0 && offset == 0 &&
           index <= rows_of(loader) + loader->batch_size - 1;
}

static const ore_loader_kind tensors_kind = {.name = "tensor loader",
                                             .code = 3,
                                             .draws = true,
                                             .next = tensors_next,
                                             .begin = tensors_begin,
                                             .restore = tensors_restore,
                                             .has_place = tensors_has_place};

/* ---- making ---- */

/* An owned handle on t, or on its row-major copy where its rows do not lie one after the other. */
static ore_tensor *hold(ore_tensor *t) {
    ore_scope_begin();
    ore_tensor *held = NULL;
    if (ore_is_contiguous(t))
        held = ore_detach(t);
    else {
        held = ore_empty(ore_shape_of(t), ore_tensor_dtype(t));
        size_t bytes = (size_t)ore_numel(t) * ore_dtype_size(ore_tensor_dtype(t));
        if (held)
            ore_copy_out(t, ore_data_mut(held), bytes);
    }
    held = held ? ore_own(held) : NULL;
    ore_scope_end();
    return held;
}

static ore_status check_tensor(const ore_tensor *t, const char *name, int64_t rows) {
    char text[ORE_SHAPE_TEXT];
    if (ore_tensor_device(t) != ORE_CPU)
        return ore_fail(ORE_INVALID, "tensor loader: %s is not on the CPU", name);
    ore_shape shape = ore_shape_of(t);
    if (shape.ndim < 1 || shape.dim[0] < 1)
        return ore_fail(ORE_INVALID, "tensor loader: %s %s has no rows", name,
                        ore_shape_text(shape, text));
    if (rows >= 0 && shape.dim[0] != rows)
        return ore_fail(ORE_INVALID, "tensor loader: %s %s, expected %lld row%s as x has", name,
                        ore_shape_text(shape, text), (long long)rows, ore_plural(rows));
    return ORE_OK;
}

ore_loader *ore_tensor_loader_new(ore_tensor *x, ore_tensor *y, const ore_loader_options *options) {
    if (!ore_ok() || !x || check_tensor(x, "x", -1) != ORE_OK)
        return NULL;
    int64_t rows = ore_shape_of(x).dim[0];
    if (y && check_tensor(y, "y", rows) != ORE_OK)
        return NULL;
    ore_loader_options o = options ? *options : ore_loader_defaults();
    ore_loader *loader = ore_loader_new(&tensors_kind, o.batch_size, o.generator);
    if (!loader)
        return NULL;
    loader->shuffle = o.shuffle;
    loader->drop_last = o.drop_last;
    loader->batches = rows / o.batch_size + (rows % o.batch_size != 0 && !o.drop_last);
    loader->x = hold(x);
    loader->y = y ? hold(y) : NULL;
    loader->private_generator = ore_generator_new(0);
    if (ore_ok())
        return loader;
    ore_loader_free(loader);
    return NULL;
}
