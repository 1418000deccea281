/* token_parts.c: splits tokens into a train, a validation and a test part. */
#include <float.h>
#include <math.h>

#include "base/memory.h"
#include "data/token_parts.h"

enum { CHUNK = 4096 }; /* tokens read at a time: 32 KiB, which fit an L1 cache */

const char *ore_part_name(ore_part part) {
    static const char *const names[] = {"train", "validation", "test"};
    return part >= 0 && (int)part < ORE_PART_COUNT ? names[part] : "unknown";
}

ore_token_parts_options ore_token_parts_defaults(void) {
    return (ore_token_parts_options){
        .val_fraction = 0.1, .test_fraction = 0, .documents = false, .split_seed = 42};
}

/* ---- documents ---- */

typedef struct document_list {
    ore_document *items;
    int64_t count, capacity;
} document_list;

static ore_status push_document(document_list *list, int64_t start, int64_t end) {
    if (start == end)
        return ORE_OK;
    void *items = list->items;
    ore_status status = ore_grow(&items, &list->capacity, list->count + 1, sizeof(ore_document));
    list->items = items;
    if (status == ORE_OK)
        list->items[list->count++] = (ore_document){.start = start, .length = end - start};
    return status;
}

/* Lists the documents, the runs of tokens between separators, without the empty ones. */
static ore_status find_documents(const ore_tokens *tokens, document_list *list) {
    if (tokens->separator < 0)
        return ore_fail(ORE_INVALID, "%s: documents need a tokenizer with a separator",
                        tokens->name);
    int64_t *ids = ore_alloc(CHUNK * sizeof *ids);
    int64_t begin = 0;
    for (int64_t at = 0; ids && at < tokens->length; at += CHUNK) {
        int64_t n = tokens->length - at < CHUNK ? tokens->length - at : CHUNK;
        if (tokens->read(tokens, at, n, ids) != ORE_OK)
            goto end;
        for (int64_t i = 0; i < n; i++) {
            if (ids[i] != tokens->separator)
                continue;
            if (push_document(list, begin, at + i) != ORE_OK)
                goto end;
            begin = at + i + 1;
        }
    }
    if (ids && push_document(list, begin, tokens->length) == ORE_OK && list->count == 0)
        ore_fail(ORE_DATA, "%s: has no document: every line is empty", tokens->name);
end:
    ore_release(ids);
    return ore_error_status();
}

/* Brings the documents into the order of torch.randperm with this seed. */
static ore_status shuffle_documents(document_list *list, uint64_t seed) {
    size_t bytes = (size_t)list->count * sizeof(ore_document);
    ore_document *shuffled = ore_alloc(bytes);
    ore_generator *generator = ore_generator_new(seed);
    ore_scope_begin();
    const int64_t *order = ore_data(ore_randperm(list->count, generator)); /* (count) */
    for (int64_t i = 0; order && shuffled && i < list->count; i++)
        shuffled[i] = list->items[order[i]];
    ore_scope_end();
    ore_generator_free(generator);
    if (!ore_ok()) {
        ore_release(shuffled);
        return ore_error_status();
    }
    ore_release(list->items);
    list->items = shuffled;
    return ORE_OK;
}

int64_t ore_document_line(const ore_tokens *tokens, const ore_document *document) {
    int64_t line = 1, ids[64];
    for (int64_t at = 0; at < document->start; at += 64) {
        int64_t n = document->start - at < 64 ? document->start - at : 64;
        if (tokens->read(tokens, at, n, ids) != ORE_OK)
            break;
        for (int64_t i = 0; i < n; i++)
            line += ids[i] == tokens->separator;
    }
    return line;
}

/* ---- parts ---- */

/* floor(n f), where f may be too small by the rounding of the difference that it comes from. */
static int64_t share(int64_t n, double f) {
    return (int64_t)floor((double)n * f * (1 + 4 * DBL_EPSILON));
}

static ore_status check_options(const ore_token_parts_options *o, bool own_val) {
    double val = own_val ? 0 : o->val_fraction;
    if (!(val >= 0 && val < 1))
        return ore_fail(ORE_INVALID, "token parts: val_fraction %g, expected 0 to less than 1",
                        val);
    if (!(o->test_fraction >= 0 && o->test_fraction < 1))
        return ore_fail(ORE_INVALID, "token parts: test_fraction %g, expected 0 to less than 1",
                        o->test_fraction);
    if (val + o->test_fraction >= 1)
        return ore_fail(
            ORE_INVALID,
            "token parts: val_fraction %g and test_fraction %g leave nothing to train on", val,
            o->test_fraction);
    return ORE_OK;
}

static void measure_documents(ore_part_range *range, const ore_document *documents) {
    range->documents = documents + range->first;
    range->first = 0;
    for (int64_t i = 0; i < range->count; i++) {
        int64_t length = range->documents[i].length;
        range->targets += length + 1;
        range->longest = length > range->longest ? length : range->longest;
    }
}

/* Splits the n items (tokens or documents) of the main source by the fractions; if there is a
 * validation source, the validation part is all val_n items of that. */
static void cut(ore_token_parts *parts, const ore_tokens *tokens, int64_t n, const ore_tokens *val,
                int64_t val_n) {
    const ore_token_parts_options *o = &parts->options;
    int64_t val_end = share(n, 1 - o->test_fraction);
    int64_t train_end = val ? val_end : share(n, 1 - o->val_fraction - o->test_fraction);
    ore_part_range *ranges = parts->ranges;
    ranges[ORE_PART_TRAIN] = (ore_part_range){.tokens = tokens, .count = train_end};
    ranges[ORE_PART_VAL] =
        val ? (ore_part_range){.tokens = val, .count = val_n}
            : (ore_part_range){.tokens = tokens, .first = train_end, .count = val_end - train_end};
    ranges[ORE_PART_TEST] =
        (ore_part_range){.tokens = tokens, .first = val_end, .count = n - val_end};
    for (int p = 0; p < ORE_PART_COUNT; p++) {
        if (o->documents)
            measure_documents(&ranges[p],
                              val && p == ORE_PART_VAL ? parts->val_documents : parts->documents);
        else
            ranges[p].targets = ranges[p].count;
    }
}

static ore_status cut_documents(ore_token_parts *parts, const ore_tokens *tokens,
                                const ore_tokens *val) {
    document_list list = {0}, val_list = {0};
    if (find_documents(tokens, &list) == ORE_OK)
        shuffle_documents(&list, parts->options.split_seed);
    if (val && ore_ok())
        find_documents(val, &val_list);
    parts->documents = list.items;
    parts->val_documents = val_list.items;
    if (ore_ok())
        cut(parts, tokens, list.count, val, val_list.count);
    return ore_error_status();
}

ore_token_parts *ore_token_parts_new(const ore_tokens *tokens, const ore_tokens *val,
                                     const ore_token_parts_options *options) {
    if (!ore_ok() || !tokens)
        return NULL;
    ore_token_parts_options o = options ? *options : ore_token_parts_defaults();
    if (check_options(&o, val != NULL) != ORE_OK)
        return NULL;
    ore_token_parts *parts = ore_alloc_zero(sizeof *parts);
    if (!parts)
        return NULL;
    parts->options = o;
    if (!o.documents)
        cut(parts, tokens, tokens->length, val, val ? val->length : 0);
    else if (cut_documents(parts, tokens, val) != ORE_OK) {
        ore_token_parts_free(parts);
        return NULL;
    }
    return parts;
}

void ore_token_parts_free(ore_token_parts *parts) {
    if (!parts)
        return;
    ore_release(parts->val_documents);
    ore_release(parts->documents);
    ore_release(parts);
}

bool ore_token_parts_has_documents(const ore_token_parts *parts) {
    return parts->options.documents;
}

int64_t ore_token_parts_tokens(const ore_token_parts *parts, ore_part part) {
    return parts->ranges[part].targets;
}

int64_t ore_token_parts_documents(const ore_token_parts *parts, ore_part part) {
    return parts->options.documents ? parts->ranges[part].count : 0;
}

int64_t ore_token_parts_longest(const ore_token_parts *parts, ore_part part) {
    return parts->ranges[part].longest;
}
