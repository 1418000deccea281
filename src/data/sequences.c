/* sequences.c: loaders of token sequences for language models: random rows, and windows that cover
 * a part without overlap. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/token_loader.h"

ore_token_loader_options ore_token_loader_defaults(void) {
    return (ore_token_loader_options){.part = ORE_PART_TRAIN,
                                      .batch_size = 32,
                                      .block_size = 64,
                                      .cut_documents = false,
                                      .generator = NULL};
}

/* ---- rows to tensors ---- */

/* Reads the targets + 1 ids of a row, its tokens and the one after the last, into loader->ids. */
static ore_status read_row(const ore_token_loader *loader, const ore_batch_row *row) {
    const ore_part_range *part = &loader->part;
    const ore_tokens *tokens = part->tokens;
    if (!part->documents)
        return tokens->read(tokens, part->first + row->offset, row->targets + 1, loader->ids);
    /* `at` and `end` count in the document with a separator before and after it. */
    const ore_document *document = &part->documents[row->item];
    int64_t at = row->offset, end = row->offset + row->targets + 1;
    int64_t *ids = loader->ids;
    if (at == 0) {
        *ids++ = tokens->separator;
        at++;
    }
    bool last = end == document->length + 2;
    int64_t count = end - last - at;
    if (last)
        ids[count] = tokens->separator;
    return count ? tokens->read(tokens, document->start + at - 1, count, ids) : ORE_OK;
}

/* Makes x and y (n, T) of those of the first `count` rows that belong to the loader's rank. T is
 * the length of the longest of all rows, so that it is the same on every rank. */
static ore_batch make_batch(ore_token_loader *loader, int64_t count) {
    const ore_tokens *tokens = loader->part.tokens;
    ore_share share = ore_share_of(&loader->base, count);
    const ore_batch_row *row = loader->rows + share.first, *end = row + share.count;
    int64_t T = 0, all = 0;
    for (int64_t b = 0; b < count; b++) {
        T = loader->rows[b].targets > T ? loader->rows[b].targets : T;
        all += loader->rows[b].targets;
    }
    ore_batch batch = {.x = ore_empty(ORE_SHAPE(share.count, T), ORE_INT64),
                       .y = ore_empty(ORE_SHAPE(share.count, T), ORE_INT64),
                       .global_tokens = all};
    int64_t *x = ore_data_mut(batch.x), *y = ore_data_mut(batch.y); /* (n, T) */
    if (!x || !y)
        return batch;
    for (; row < end; row++, x += T, y += T) {
        int64_t targets = row->targets;
        if (read_row(loader, row) != ORE_OK)
            return batch;
        memcpy(x, loader->ids, (size_t)targets * sizeof *x);
        memcpy(y, loader->ids + 1, (size_t)targets * sizeof *y);
        for (int64_t t = targets; t < T; t++) {
            x[t] = tokens->separator;
            y[t] = ORE_IGNORE_INDEX;
        }
        batch.tokens += targets;
        batch.bytes += tokens->bytes ? tokens->bytes(tokens, y, targets) : 0;
    }
    return batch;
}

/* ---- making ---- */

static ore_status check_documents(const ore_part_range *part, const ore_token_loader_options *o,
                                  bool random) {
    if (part->count == 0)
        return ore_fail(ORE_DATA, "%s: the %s part has no document", part->tokens->name,
                        ore_part_name(o->part));
    if (!random || o->cut_documents || part->longest < o->block_size)
        return ORE_OK;
    const ore_document *document = part->documents;
    while (document->length < part->longest)
        document++;
    return ore_fail(ORE_DATA,
                    "%s: line %lld has %lld token%s, which with its separator is more than "
                    "block_size %lld",
                    part->tokens->name, (long long)ore_document_line(part->tokens, document),
                    (long long)document->length, document->length == 1 ? "" : "s",
                    (long long)o->block_size);
}

static ore_status check_stream(const ore_token_parts *parts, const ore_token_loader_options *o,
                               bool random) {
    const ore_part_range *part = &parts->ranges[o->part];
    long long count = part->count, block = o->block_size, others = 0;
    char has[64];
    for (int p = 0; p < ORE_PART_COUNT; p++)
        others += p == (int)o->part ? 0 : parts->ranges[p].count;
    snprintf(has, sizeof has, "the %s%s has %lld token%s", others ? ore_part_name(o->part) : "",
             others ? " part" : "data", count, count == 1 ? "" : "s");
    /* compares count - 1 with block, because block + 1 might overflow */
    if (random && count - 1 < block)
        return ore_fail(ORE_DATA, "%s: %s, block_size %lld needs at least one more than that",
                        part->tokens->name, has, block);
    if (count < 2)
        return ore_fail(ORE_DATA, "%s: %s, expected at least 2", part->tokens->name, has);
    return ORE_OK;
}

/* The max number of targets of a row: block_size, or less where all documents are shorter. */
static int64_t row_limit(const ore_token_loader *loader) {
    const ore_part_range *part = &loader->part;
    int64_t longest = part->documents ? part->longest + 1 : part->count - 1;
    return longest < loader->base.block_size ? longest : loader->base.block_size;
}

ore_token_loader *ore_token_loader_new(const ore_loader_kind *kind, const ore_token_parts *parts,
                                       const ore_token_loader_options *options, bool random) {
    if (!ore_ok() || !parts)
        return NULL;
    ore_token_loader_options o = options ? *options : ore_token_loader_defaults();
    if (o.part < 0 || (int)o.part >= ORE_PART_COUNT || o.block_size < 1) {
        ore_fail(ORE_INVALID, "%s: part %d, block_size %lld, expected a part and at least 1",
                 kind->name, (int)o.part, (long long)o.block_size);
        return NULL;
    }
    const ore_part_range *part = &parts->ranges[o.part];
    ore_status status =
        part->documents ? check_documents(part, &o, random) : check_stream(parts, &o, random);
    if (status != ORE_OK)
        return NULL;
    ore_token_loader *loader =
        (ore_token_loader *)ore_loader_of_kind(kind, sizeof *loader, o.batch_size, o.generator);
    if (!loader)
        return NULL;
    loader->part = *part;
    loader->base.block_size = o.block_size;
    size_t rows_bytes;
    loader->ids = ore_alloc((size_t)(row_limit(loader) + 1) * sizeof *loader->ids);
    if (ore_bytes_of(o.batch_size, sizeof *loader->rows, &rows_bytes) == ORE_OK)
        loader->rows = ore_alloc(rows_bytes);
    if (ore_ok())
        return loader;
    ore_loader_free(&loader->base);
    return NULL;
}

ore_status ore_token_loader_check(const ore_loader *loader) {
    const ore_tokens *tokens = ((const ore_token_loader *)loader)->part.tokens;
    return tokens->check ? tokens->check(tokens) : ORE_OK;
}

void ore_token_loader_release(ore_loader *base) {
    ore_token_loader *loader = (ore_token_loader *)base;
    ore_release(loader->firsts);
    ore_release(loader->rows);
    ore_release(loader->ids);
}

/* ---- random batches ---- */

static ore_batch random_next(ore_loader *base) {
    ore_token_loader *loader = (ore_token_loader *)base;
    const ore_part_range *part = &loader->part;
    int64_t B = loader->base.batch_size, T = loader->base.block_size;
    ore_scope_begin();
    int64_t choices = part->documents ? part->count : part->count - T;
    const int64_t *drawn = /* (B) */
        ore_data(ore_randint(0, choices, ORE_SHAPE(B), ORE_INT64, loader->base.generator));
    for (int64_t b = 0; drawn && b < B; b++) {
        if (part->documents) {
            int64_t targets = part->documents[drawn[b]].length + 1;
            loader->rows[b] =
                (ore_batch_row){.item = drawn[b], .targets = targets < T ? targets : T};
        } else
            loader->rows[b] = (ore_batch_row){.offset = drawn[b], .targets = T};
    }
    ore_scope_end();
    return drawn ? make_batch(loader, B) : (ore_batch){0};
}

static bool random_has_place(const ore_loader *base, int64_t index, int64_t offset) {
    (void)base;
    return index == 0 && offset == 0;
}

static const ore_loader_kind random_kind = {.name = "random loader",
                                            .code = 1,
                                            .draws = true,
                                            .next = random_next,
                                            .check = ore_token_loader_check,
                                            .release = ore_token_loader_release,
                                            .has_place = random_has_place};

ore_loader *ore_random_loader_new(const ore_token_parts *parts,
                                  const ore_token_loader_options *options) {
    ore_token_loader *loader = ore_token_loader_new(&random_kind, parts, options, true);
    return loader ? &loader->base : NULL;
}

/* ---- windows: index is a window's number, or a document's, with an offset in it ---- */

/* Makes the row of the next window, and moves the loader behind it; false at the end of the
 * pass. */
static bool window_row(ore_token_loader *loader, ore_batch_row *row) {
    const ore_part_range *part = &loader->part;
    int64_t T = loader->base.block_size, index = loader->base.index;
    if (!part->documents) {
        int64_t targets = part->count - 1;
        if (index > (targets - 1) / T)
            return false;
        int64_t left = targets - index * T;
        *row = (ore_batch_row){.offset = index * T, .targets = left < T ? left : T};
        loader->base.index++;
        return true;
    }
    if (index >= part->count)
        return false;
    int64_t left = part->documents[index].length + 1 - loader->base.offset;
    *row = (ore_batch_row){
        .item = index, .offset = loader->base.offset, .targets = left < T ? left : T};
    loader->base.offset = left > T ? loader->base.offset + T : 0;
    loader->base.index += left <= T;
    return true;
}

static ore_batch window_next(ore_loader *base) {
    ore_token_loader *loader = (ore_token_loader *)base;
    int64_t count = 0;
    while (count < loader->base.batch_size) {
        int64_t index = loader->base.index;
        ore_batch_row *row = &loader->rows[count];
        if (!window_row(loader, row))
            break;
        if (!loader->part.documents && count && row->targets < loader->base.block_size) {
            loader->base.index = index; /* a shorter window is a batch of its own */
            break;
        }
        count++;
    }
    if (count)
        return make_batch(loader, count);
    ore_loader_reset(base);
    return (ore_batch){0};
}

static bool window_has_place(const ore_loader *base, int64_t index, int64_t offset) {
    const ore_token_loader *loader = (const ore_token_loader *)base;
    const ore_part_range *part = &loader->part;
    if (index < 0 || offset < 0)
        return false;
    if (!part->documents)
        return index <= (part->count - 2) / loader->base.block_size + 1 && offset == 0;
    return index < part->count ? offset <= part->documents[index].length
                               : index == part->count && offset == 0;
}

static const ore_loader_kind window_kind = {.name = "window loader",
                                            .code = 2,
                                            .next = window_next,
                                            .check = ore_token_loader_check,
                                            .release = ore_token_loader_release,
                                            .has_place = window_has_place};

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

ore_loader *ore_window_loader_new(const ore_token_parts *parts,
                                  const ore_token_loader_options *options) {
    ore_token_loader *loader = ore_token_loader_new(&window_kind, parts, options, false);
    if (!loader)
        return NULL;
    const ore_part_range *part = &loader->part;
    int64_t B = loader->base.batch_size, T = loader->base.block_size;
    if (part->documents) {
        int64_t windows = 0;
        for (int64_t i = 0; i < part->count; i++)
            windows += divide_up(part->documents[i].length + 1, T);
        loader->base.batches = divide_up(windows, B);
    } else
        loader->base.batches = divide_up((part->count - 1) / T, B) + ((part->count - 1) % T != 0);
    return &loader->base;
}
