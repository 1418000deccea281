/* contexts.c: loaders whose rows are contexts of one length with the token that follows each. */
#include <string.h>

#include "base/memory.h"
#include "data/token_loader.h"

/* ---- rows to tensors ---- */

/* Reads an example: the target, at row->offset, into *y, and the T tokens before it into x. What
 * would lie before the first token of a document are separators. */
static ore_status read_context(const ore_token_loader *loader, const ore_batch_row *row, int64_t *x,
                               int64_t *y) {
    const ore_part_range *part = &loader->part;
    const ore_tokens *tokens = part->tokens;
    int64_t T = loader->base.block_size, known = T, start = part->first + row->offset, more = 1;
    *y = tokens->separator;
    if (part->documents) {
        const ore_document *document = &part->documents[row->item];
        known = row->offset < T ? row->offset : T;
        start = document->start + row->offset - known;
        more = row->offset < document->length;
    }
    for (int64_t t = 0; t < T - known; t++)
        x[t] = tokens->separator;
    if (known + more > 0 && tokens->read(tokens, start, known + more, loader->ids) != ORE_OK)
        return ore_error_status();
    memcpy(x + T - known, loader->ids, (size_t)known * sizeof *x);
    if (more)
        *y = loader->ids[known];
    return ORE_OK;
}

/* Makes x (n, T) and y (n) of those of the first `count` rows that belong to the loader's rank. */
static ore_batch make_batch(ore_token_loader *loader, int64_t count) {
    const ore_tokens *tokens = loader->part.tokens;
    ore_share share = ore_share_of(&loader->base, count);
    int64_t T = loader->base.block_size, n = share.count;
    ore_batch batch = {.x = ore_empty(ORE_SHAPE(n, T), ORE_INT64),
                       .y = ore_empty(ORE_SHAPE(n), ORE_INT64),
                       .tokens = n,
                       .global_tokens = count};
    int64_t *x = ore_data_mut(batch.x), *y = ore_data_mut(batch.y);
    if (!x || !y)
        return batch;
    for (int64_t b = 0; b < n; b++)
        if (read_context(loader, &loader->rows[share.first + b], x + b * T, y + b) != ORE_OK)
            return batch;
    batch.bytes = tokens->bytes ? tokens->bytes(tokens, y, n) : 0;
    return batch;
}

/* ---- random batches ---- */

static int64_t example_count(const ore_token_loader *loader) {
    const ore_part_range *part = &loader->part;
    return part->documents ? loader->firsts[part->count] : part->count - loader->base.block_size;
}

/* The row of example number i: which document it is in, and where. */
static ore_batch_row row_of(const ore_token_loader *loader, int64_t i) {
    if (!loader->part.documents)
        return (ore_batch_row){.offset = i};
    int64_t low = 0, high = loader->part.count; /* the document's index is in low .. high - 1 */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (loader->firsts[middle] <= i)
            low = middle;
        else
            high = middle;
    }
    return (ore_batch_row){.item = low, .offset = i - loader->firsts[low]};
}

static ore_batch random_next(ore_loader *base) {
    ore_token_loader *loader = (ore_token_loader *)base;
    int64_t B = loader->base.batch_size;
    ore_scope_begin();
    const int64_t *drawn = /* (B) */
        ore_data(
            ore_randint(0, example_count(loader), ORE_SHAPE(B), ORE_INT64, loader->base.generator));
    for (int64_t b = 0; drawn && b < B; b++)
        loader->rows[b] = row_of(loader, drawn[b]);
    ore_scope_end();
    return drawn ? make_batch(loader, B) : (ore_batch){0};
}

static bool random_has_place(const ore_loader *base, int64_t index, int64_t offset) {
    (void)base;
    return index == 0 && offset == 0;
}

static const ore_loader_kind random_kind = {.name = "random context loader",
                                            .code = 4,
                                            .draws = true,
                                            .next = random_next,
                                            .check = ore_token_loader_check,
                                            .release = ore_token_loader_release,
                                            .has_place = random_has_place};

/* ---- in order: the place is an example's number ---- */

static ore_batch ordered_next(ore_loader *base) {
    ore_token_loader *loader = (ore_token_loader *)base;
    int64_t left = example_count(loader) - loader->base.index;
    int64_t count = left < loader->base.batch_size ? left : loader->base.batch_size;
    for (int64_t b = 0; b < count; b++)
        loader->rows[b] = row_of(loader, loader->base.index + b);
    loader->base.index += count;
    if (count > 0)
        return make_batch(loader, count);
    ore_loader_reset(base);
    return (ore_batch){0};
}

static bool ordered_has_place(const ore_loader *base, int64_t index, int64_t offset) {
    const ore_token_loader *loader = (const ore_token_loader *)base;
    return index >= 0 && index <= example_count(loader) && offset == 0;
}

static const ore_loader_kind ordered_kind = {.name = "context loader",
                                             .code = 5,
                                             .next = ordered_next,
                                             .check = ore_token_loader_check,
                                             .release = ore_token_loader_release,
                                             .has_place = ordered_has_place};

/* ---- making ---- */

static ore_status number_documents(ore_token_loader *loader) {
    const ore_part_range *part = &loader->part;
    size_t bytes;
    if (ore_bytes_of(part->count + 1, sizeof *loader->firsts, &bytes) != ORE_OK)
        return ore_error_status();
    loader->firsts = ore_alloc(bytes);
    int64_t first = 0;
    for (int64_t i = 0; loader->firsts && i <= part->count; i++) {
        loader->firsts[i] = first;
        first += i < part->count ? part->documents[i].length + 1 : 0;
    }
    return ore_error_status();
}

static ore_token_loader *contexts_new(const ore_loader_kind *kind, const ore_token_parts *parts,
                                      const ore_token_loader_options *options) {
    ore_token_loader_options o = options ? *options : ore_token_loader_defaults();
    o.cut_documents = true; /* a context never needs a whole document */
    ore_token_loader *loader = ore_token_loader_new(kind, parts, &o, true);
    if (loader && loader->part.documents && number_documents(loader) != ORE_OK) {
        ore_loader_free(&loader->base);
        return NULL;
    }
    return loader;
}

ore_loader *ore_random_context_loader_new(const ore_token_parts *parts,
                                          const ore_token_loader_options *options) {
    ore_token_loader *loader = contexts_new(&random_kind, parts, options);
    return loader ? &loader->base : NULL;
}

ore_loader *ore_context_loader_new(const ore_token_parts *parts,
                                   const ore_token_loader_options *options) {
    ore_token_loader *loader = contexts_new(&ordered_kind, parts, options);
    if (!loader)
        return NULL;
    loader->base.batches = (example_count(loader) - 1) / loader->base.batch_size + 1;
    return &loader->base;
}
