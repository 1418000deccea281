/* mixture.c: a loader that goes through sources of tokens by weight, each in an order that a cipher
 * gives, so that nothing but a place is to be remembered. */
#include <math.h>
#include <string.h>

#include <ore/shards.h>

#include "base/files.h"
#include "base/memory.h"
#include "base/minmax.h"
#include "data/loader.h"
#include "data/permutation.h"

ore_mixture_options ore_mixture_defaults(void) {
    return (ore_mixture_options){.batch_size = 32,
                                 .block_size = 64,
                                 .unit = ORE_MIX_WINDOWS,
                                 .shuffle = true,
                                 .separate = false,
                                 .seed = 1};
}

/* Before this item of this epoch, and of a document behind `offset` tokens. */
typedef struct place {
    int64_t epoch, item, offset;
} place;

typedef struct source {
    const ore_tokens *tokens;
    double share;  /* of all rows */
    int64_t items; /* windows or documents of an epoch */
    int64_t spare; /* tokens that windows leave over */
    uint64_t key;
    place at;
    int64_t rows; /* drawn so far */
} source;

typedef struct mixture {
    ore_loader base; /* first: an ore_loader of this kind is one of these */
    ore_mixture_options options;
    source *sources; /* (count) */
    int64_t count;
    uint64_t fingerprint; /* of all that a saved place depends on */
    int64_t *ids;         /* (block_size + 1) of a row */
    uint8_t *begins;      /* (block_size + 1) whether a document begins there */
} mixture;

/* ---- rows ---- */

/* The number of the item at a place. */
static int64_t item_at(const mixture *m, const source *s, const place *at) {
    return m->options.shuffle
               ? ore_permuted(ore_mix(s->key, (uint64_t)at->epoch), s->items, at->item)
               : at->item;
}

static void next_item(const source *s, place *at) {
    at->offset = 0;
    if (++at->item == s->items)
        *at = (place){.epoch = at->epoch + 1};
}

/* The number of the document in which token `at` is. */
static ore_status find_document(const ore_tokens *tokens, int64_t at, int64_t *number) {
    int64_t low = 0, high = tokens->documents - 1, start, end;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (tokens->document(tokens, middle, &start, &end) != ORE_OK)
            return ore_error_status();
        if (end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    *number = low;
    return ORE_OK;
}

/* Marks where documents begin among `count` tokens from `first` on. */
static ore_status mark_documents(mixture *m, const ore_tokens *tokens, int64_t first,
                                 int64_t count) {
    int64_t number = 0, start, end;
    if (find_document(tokens, first, &number) != ORE_OK)
        return ore_error_status();
    for (; number < tokens->documents; number++) {
        if (tokens->document(tokens, number, &start, &end) != ORE_OK || start >= first + count)
            break;
        if (start >= first && end > start)
            m->begins[start - first] = 1;
    }
    return ore_error_status();
}

/* The source's next row, into ids and begins; with `read` false its place alone moves on. */
static ore_status window_row(mixture *m, source *s, bool read) {
    int64_t T = m->options.block_size;
    int64_t shift =
        m->options.shuffle
            ? (int64_t)(ore_mix(~s->key, (uint64_t)s->at.epoch) % (uint64_t)(s->spare + 1))
            : 0;
    int64_t first = shift + item_at(m, s, &s->at) * T;
    next_item(s, &s->at);
    if (!read)
        return ORE_OK;
    memset(m->begins, 0, (size_t)T + 1);
    if (s->tokens->read(s->tokens, first, T + 1, m->ids) == ORE_OK && m->options.separate)
        mark_documents(m, s->tokens, first, T + 1);
    return ore_error_status();
}

/* Documents, or what is left of them, until there are T + 1 tokens. The place stops before the last
 * of these, with which the next row begins. */
static ore_status document_row(mixture *m, source *s, bool read) {
    int64_t T = m->options.block_size, got = 0, start, end;
    place at = s->at;
    if (read)
        memset(m->begins, 0, (size_t)T + 1);
    while (got <= T) {
        if (s->tokens->document(s->tokens, item_at(m, s, &at), &start, &end) != ORE_OK)
            return ore_error_status();
        int64_t left = end - start - at.offset, n = ore_min_int(left, T + 1 - got);
        if (got <= T && got + n > T) { /* the last token of the row is in this document */
            s->at = at;
            s->at.offset += T - got;
        }
        if (read && n > 0) {
            m->begins[got] = at.offset == 0;
            if (s->tokens->read(s->tokens, start + at.offset, n, m->ids + got) != ORE_OK)
                return ore_error_status();
        }
        got += n;
        at.offset += n;
        if (n == left)
            next_item(s, &at);
    }
    return ORE_OK;
}

/* The source that row r of all is due to. */
static source *due_source(mixture *m) {
    source *due = m->sources;
    double most = -INFINITY, r = (double)m->base.index + 1;
    for (int64_t i = 0; i < m->count; i++) {
        double behind = m->sources[i].share * r - (double)m->sources[i].rows;
        if (behind > most) {
            most = behind;
            due = &m->sources[i];
        }
    }
    due->rows++;
    m->base.index++;
    return due;
}

/* Whether the document that begins at ids[t + 1] of the row has its separator before it, which
 * predicts its first token. */
static bool is_led(const mixture *m, const ore_tokens *tokens, int64_t t) {
    return m->ids[t] == tokens->separator;
}

static int64_t count_targets(const mixture *m, const ore_tokens *tokens) {
    int64_t targets = m->options.block_size;
    for (int64_t t = 0; m->options.separate && t < m->options.block_size; t++)
        targets -= m->begins[t + 1] && !is_led(m, tokens, t);
    return targets;
}

/* The row in ids as x and y, and with `separate` the numbers of its documents. */
static void put_row(const mixture *m, const ore_tokens *tokens, int64_t *x, int64_t *y,
                    int64_t *numbers) {
    int64_t T = m->options.block_size, number = 0;
    memcpy(x, m->ids, (size_t)T * sizeof *x);
    memcpy(y, m->ids + 1, (size_t)T * sizeof *y);
    for (int64_t t = 0; numbers && t < T; t++) {
        bool leads = m->begins[t + 1] && is_led(m, tokens, t);
        bool begins = m->begins[t] && !(t > 0 && is_led(m, tokens, t - 1));
        number += t > 0 && (leads || begins);
        numbers[t] = number;
        if (m->begins[t + 1] && !leads)
            y[t] = ORE_IGNORE_INDEX;
    }
}

/* ---- batches ---- */

static ore_batch mixture_next(ore_loader *base) {
    mixture *m = (mixture *)base;
    int64_t B = base->batch_size, T = m->options.block_size;
    ore_share share = ore_share_of(base, B);
    ore_shape shape = ORE_SHAPE(share.count, T);
    ore_batch batch = {.x = ore_empty(shape, ORE_INT64), .y = ore_empty(shape, ORE_INT64)};
    if (m->options.separate)
        batch.more[0] = ore_empty(shape, ORE_INT64);
    int64_t *x = ore_data_mut(batch.x), *y = ore_data_mut(batch.y); /* (n, T) */
    int64_t *numbers = m->options.separate ? ore_data_mut(batch.more[0]) : NULL;
    for (int64_t b = 0; b < B && ore_ok(); b++) {
        source *s = due_source(m);
        bool own = b >= share.first && b < share.first + share.count;
        bool read = own || m->options.separate; /* where the targets of all are to be counted */
        if ((m->options.unit == ORE_MIX_WINDOWS ? window_row(m, s, read)
                                                : document_row(m, s, read)) != ORE_OK)
            break;
        batch.global_tokens += count_targets(m, s->tokens);
        if (!own)
            continue;
        int64_t row = (b - share.first) * T;
        batch.tokens += count_targets(m, s->tokens);
        put_row(m, s->tokens, x + row, y + row, numbers ? numbers + row : NULL);
        if (s->tokens->bytes)
            batch.bytes += s->tokens->bytes(s->tokens, y + row, T);
    }
    return batch;
}

static ore_status mixture_check(const ore_loader *base) {
    const mixture *m = (const mixture *)base;
    for (int64_t i = 0; i < m->count && ore_ok(); i++)
        if (m->sources[i].tokens->check)
            m->sources[i].tokens->check(m->sources[i].tokens);
    return ore_error_status();
}

/* ---- places ---- */

enum { PLACE_NUMBERS = 4 }; /* of a source in a state: rows, epoch, item, offset */
_Static_assert(ORE_MIXTURE_SOURCES_MAX *PLACE_NUMBERS * 8 <= 2 * ORE_GENERATOR_STATE_BYTES,
               "the places of all sources fit a state");

static void mixture_save(const ore_loader *base, uint8_t *state) {
    const mixture *m = (const mixture *)base;
    ore_put_int64(state + ORE_LOADER_NUMBER_AT, (int64_t)m->fingerprint);
    for (int64_t i = 0; i < m->count; i++) {
        uint8_t *at = state + ORE_LOADER_OWN_AT + i * PLACE_NUMBERS * 8;
        ore_put_int64(at, m->sources[i].rows);
        ore_put_int64(at + 8, m->sources[i].at.epoch);
        ore_put_int64(at + 16, m->sources[i].at.item);
        ore_put_int64(at + 24, m->sources[i].at.offset);
    }
}

static bool fits(const mixture *m, const source *s, const place *at, int64_t rows) {
    int64_t start, end;
    if (rows < 0 || at->epoch < 0 || at->item < 0 || at->item >= s->items || at->offset < 0)
        return false;
    if (m->options.unit == ORE_MIX_WINDOWS)
        return at->offset == 0;
    return s->tokens->document(s->tokens, item_at(m, s, at), &start, &end) == ORE_OK &&
           at->offset <= end - start;
}

static ore_status mixture_restore(ore_loader *base, const uint8_t *state) {
    mixture *m = (mixture *)base;
    int64_t sum = 0;
    bool all = (uint64_t)ore_get_int64(state + ORE_LOADER_NUMBER_AT) == m->fingerprint;
    if (!all)
        return ore_fail(ORE_DATA, "mixture loader: the state is of other sources, weights or "
                                  "options");
    for (int64_t i = 0; i < m->count && all && ore_ok(); i++) {
        const uint8_t *at = state + ORE_LOADER_OWN_AT + i * PLACE_NUMBERS * 8;
        source *s = &m->sources[i];
        place there = {ore_get_int64(at + 8), ore_get_int64(at + 16), ore_get_int64(at + 24)};
        int64_t rows = ore_get_int64(at);
        all = fits(m, s, &there, rows);
        s->rows = rows;
        s->at = all ? there : (place){0};
        sum += all ? rows : 0;
    }
    return all && sum == base->index
               ? ore_error_status()
               : ore_fail(ORE_DATA, "mixture loader: the state's place is outside the data");
}

static bool mixture_has_place(const ore_loader *base, int64_t index, int64_t offset) {
    (void)base;
    return index >= 0 && offset == 0;
}

/* The first row of all again. */
static ore_status mixture_begin(ore_loader *base) {
    mixture *m = (mixture *)base;
    for (int64_t i = 0; i < m->count; i++) {
        m->sources[i].at = (place){0};
        m->sources[i].rows = 0;
    }
    return ORE_OK;
}

static void mixture_release(ore_loader *base) {
    mixture *m = (mixture *)base;
    ore_release(m->sources);
    ore_release(m->ids);
    ore_release(m->begins);
}

static const ore_loader_kind mixture_kind = {.name = "mixture loader",
                                             .code = 6,
                                             .next = mixture_next,
                                             .check = mixture_check,
                                             .begin = mixture_begin,
                                             .save = mixture_save,
                                             .restore = mixture_restore,
                                             .has_place = mixture_has_place,
                                             .release = mixture_release};

/* ---- making ---- */

static ore_status check_sources(const ore_mixture_source *sources, int64_t count,
                                const ore_mixture_options *o) {
    if (count < 1 || count > ORE_MIXTURE_SOURCES_MAX || o->block_size < 1)
        return ore_fail(ORE_INVALID,
                        "mixture loader: %lld sources, block_size %lld, expected 1 to %d and at "
                        "least 1",
                        (long long)count, (long long)o->block_size, ORE_MIXTURE_SOURCES_MAX);
    for (int64_t i = 0; i < count; i++) {
        const ore_tokens *t = sources[i].tokens;
        if (!t || !(sources[i].weight > 0 && isfinite(sources[i].weight)))
            return ore_fail(ORE_INVALID,
                            "mixture loader: source %lld: weight %g, expected tokens "
                            "and a positive, finite weight",
                            (long long)i, sources[i].weight);
        if ((o->separate || o->unit == ORE_MIX_DOCUMENTS) && !t->document)
            return ore_fail(ORE_INVALID, "%.*s: has no index of documents, expected shards",
                            ORE_PATH_SHOWN_BYTES, t->name);
        if (t->length < 2 || (o->unit == ORE_MIX_WINDOWS && (t->length - 1) / o->block_size < 1))
            return ore_fail(ORE_DATA,
                            "%.*s: %lld tokens, block_size %lld needs at least one more "
                            "than that",
                            ORE_PATH_SHOWN_BYTES, t->name, (long long)t->length,
                            (long long)o->block_size);
    }
    return ORE_OK;
}

static void set_sources(mixture *m, const ore_mixture_source *sources) {
    const ore_mixture_options *o = &m->options;
    double sum = 0;
    uint64_t weight_bits,
        all = ore_mix(o->seed, (uint64_t)(o->unit + 4 * o->separate + 8 * o->shuffle));
    for (int64_t i = 0; i < m->count; i++)
        sum += sources[i].weight;
    for (int64_t i = 0; i < m->count; i++) {
        const ore_tokens *t = sources[i].tokens;
        int64_t windows = (t->length - 1) / o->block_size;
        m->sources[i] = (source){.tokens = t,
                                 .share = sources[i].weight / sum,
                                 .items = o->unit == ORE_MIX_WINDOWS ? windows : t->documents,
                                 .spare = t->length - 1 - windows * o->block_size,
                                 .key = ore_mix(o->seed, (uint64_t)i)};
        memcpy(&weight_bits, &m->sources[i].share, sizeof weight_bits);
        all = ore_mix(ore_mix(all, (uint64_t)t->length), weight_bits);
        all = ore_mix(all, (uint64_t)t->documents);
    }
    m->fingerprint = all;
}

ore_loader *ore_mixture_loader_new(const ore_mixture_source *sources, int64_t count,
                                   const ore_mixture_options *options) {
    ore_mixture_options o = options ? *options : ore_mixture_defaults();
    if (!ore_ok() || check_sources(sources, count, &o) != ORE_OK)
        return NULL;
    mixture *m = (mixture *)ore_loader_of_kind(&mixture_kind, sizeof *m, o.batch_size, NULL);
    if (!m)
        return NULL;
    m->options = o;
    m->count = count;
    m->base.block_size = o.block_size;
    size_t bytes;
    if (ore_bytes_of(o.block_size + 1, sizeof *m->ids, &bytes) == ORE_OK) {
        m->ids = ore_alloc(bytes);
        m->begins = ore_alloc((size_t)o.block_size + 1);
        m->sources = ore_alloc((size_t)count * sizeof *m->sources);
    }
    if (ore_ok()) {
        set_sources(m, sources);
        return &m->base;
    }
    ore_loader_free(&m->base);
    return NULL;
}

double ore_mixture_epochs(const ore_loader *loader, int64_t i) {
    if (!loader || loader->kind != &mixture_kind || i < 0 || i >= ((const mixture *)loader)->count)
        return 0;
    const source *s = &((const mixture *)loader)->sources[i];
    return (double)s->at.epoch + (double)s->at.item / (double)s->items;
}
