/* pairs_data.c: from a run's files to pairs of texts as ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/random.h>
#include <ore/table.h>

#include "lab/frame/dates.h"
#include "models/token_ids.h"
#include "tasks/pairs.h"
#include "tasks/run_tokenizer.h"

static pairs_data *own(const train_data *d) {
    return d->own;
}

/* ---- reading rows ---- */

static ore_status add_pair(pairs_data *p, int source, int64_t line, const char *from,
                           const char *to) {
    if (p->count == p->capacity) {
        int64_t capacity = p->capacity ? 2 * p->capacity : 256;
        text_pair *more = realloc(p->pairs, (size_t)capacity * sizeof *more);
        if (!more)
            return ore_fail(ORE_MEMORY, "out of memory after %lld pairs", (long long)p->count);
        p->pairs = more;
        p->capacity = capacity;
    }
    text_pair *pair = &p->pairs[p->count++];
    *pair = (text_pair){.text = {strdup(from), strdup(to)}, .line = line, .source = source};
    return pair->text[PAIRS_FROM] && pair->text[PAIRS_TO]
               ? ORE_OK
               : ore_fail(ORE_MEMORY, "out of memory after %lld pairs", (long long)p->count);
}

static ore_status read_rows(pairs_data *p, int source, ore_table *table) {
    const ore_row *row;
    while ((row = ore_table_next(table))) {
        const char *text[PAIRS_SIDES];
        for (int side = 0; side < PAIRS_SIDES; side++) {
            size_t bytes;
            text[side] = ore_row_text(row, side, &bytes);
            if (text[side] && bytes == 0)
                ore_row_fail(row, side, "empty");
        }
        if (!ore_ok() ||
            add_pair(p, source, ore_row_line(row), text[PAIRS_FROM], text[PAIRS_TO]) != ORE_OK)
            break;
    }
    return ore_error_status();
}

static ore_status read_table(train_data *d, const train_config *c, int source, const char *name,
                             const char *text, size_t bytes) {
    (void)c; /* how it is read is no option */
    static const char *const fields[PAIRS_SIDES] = {"from", "to"};
    ore_table_options o = ore_table_defaults();
    o.format = ORE_TABLE_TSV;
    o.header = false;
    o.fields = fields;
    o.field_count = PAIRS_SIDES;
    d->name[source] = own(d)->names[source] = strdup(name); /* it outlives the path's text */
    if (!d->name[source])
        return ore_fail(ORE_MEMORY, "%s: out of memory", name);
    d->digest[source] = ore_digest_of(text, bytes);
    ore_table *table = ore_table_open_memory(name, text, bytes, &o);
    if (table)
        read_rows(own(d), source, table);
    ore_table_close(table);
    return ore_error_status();
}

/* Days of a century drawn without an order, each once, in a spelling each: a TSV. */
static ore_status read_embedded(train_data *d, const train_config *c, int source) {
    enum { PAIRS = 20000, LINE_BYTES = DATES_BYTES + DATES_ISO_BYTES };
    char *text = malloc((size_t)PAIRS * LINE_BYTES), *at = text;
    ore_generator *g = ore_generator_new(1);
    if (!text)
        ore_fail(ORE_MEMORY, "out of memory: %d dates", PAIRS);
    ore_scope_begin();
    ore_tensor *order = ore_randperm(DATES_DAYS, g);
    ore_tensor *spellings = ore_randint(0, DATES_SPELLINGS, ORE_SHAPE(PAIRS), ORE_INT64, g);
    const int64_t *days = ore_ok() ? ore_data(order) : NULL;
    const int64_t *spelling = ore_ok() ? ore_data(spellings) : NULL;
    for (int i = 0; days && spelling && i < PAIRS; i++) {
        date_pair p;
        dates_write(days[i], (int)spelling[i], &p);
        at += sprintf(at, "%s\t%s\n", p.from, p.to);
    }
    ore_scope_end();
    if (ore_ok())
        read_table(d, c, source, "embedded dates", text, (size_t)(at - text));
    ore_generator_free(g);
    free(text);
    return ore_error_status();
}

/* ---- parts and batches ---- */

static ore_status get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const row_part *part = row_part_of(dataset);
    const pairs_data *p = part->data;
    const text_pair *pair = &p->pairs[part->rows[i]];
    for (int side = 0; side < PAIRS_SIDES; side++)
        sample->fields[side] =
            ore_from_data(pair->ids[side], ORE_SHAPE(pair->count[side]), ORE_INT64);
    return ore_error_status();
}

static ore_status cut(pairs_data *p, const train_config *c, bool has_val) {
    const ore_dataset form = {.fields = PAIRS_SIDES, .get = get};
    int64_t n = 0;
    while (n < p->count && p->pairs[n].source == SOURCE_DATA)
        n++;
    return row_parts_cut(&p->parts, c, n, p->count - n, has_val, &form, p);
}

int64_t pairs_count(const train_data *d, ore_part part) {
    return own(d)->parts.part[part].dataset.length;
}

int64_t pairs_items(const train_data *d, ore_part part) {
    const row_part *p = &own(d)->parts.part[part];
    int64_t items = 0;
    for (int64_t i = 0; i < p->dataset.length; i++)
        items += own(d)->pairs[p->rows[i]].count[PAIRS_TO];
    return items;
}

static int64_t length_of(const void *data, int64_t row) {
    const pairs_data *p = data;
    return p->pairs[row].count[PAIRS_FROM];
}

ore_loader *pairs_random_loader(const train_data *d, const train_config *c, ore_part part,
                                ore_generator *g) {
    return row_parts_loader(&own(d)->parts, c, part, g, length_of);
}

ore_loader *pairs_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    return pairs_random_loader(d, c, part, NULL);
}

/* ---- tokens ---- */

/* The texts of --data, one a line, to be freed. */
static char *joined_texts(const pairs_data *p, size_t *bytes) {
    size_t room = 1;
    for (int64_t i = 0; i < p->count; i++)
        for (int side = 0; side < PAIRS_SIDES; side++)
            room += strlen(p->pairs[i].text[side]) + 1;
    char *joined = malloc(room), *at = joined;
    if (!joined)
        ore_fail(ORE_MEMORY, "out of memory: %zu bytes of texts", room);
    for (int64_t i = 0; joined && i < p->count && p->pairs[i].source == SOURCE_DATA; i++)
        for (int side = 0; side < PAIRS_SIDES; side++)
            at += sprintf(at, "%s\n", p->pairs[i].text[side]);
    *bytes = joined ? (size_t)(at - joined) : 0;
    return joined;
}

/* Of the characters of all of --data: there is no id for an unknown one. */
static ore_tokenizer *make_tokenizer(const pairs_data *p, const char *name) {
    size_t bytes;
    char *joined = ore_ok() ? joined_texts(p, &bytes) : NULL;
    ore_text_options o = ore_text_defaults();
    ore_text *text = joined ? ore_text_open_memory(name, joined, bytes, &o) : NULL;
    ore_tokenizer *tokenizer = text ? ore_tokenizer_new_char(text, true) : NULL;
    ore_text_close(text);
    free(joined);
    return tokenizer;
}

int64_t *pairs_encode(const ore_tokenizer *tokenizer, const char *text, int64_t max, bool with_end,
                      int64_t *count) {
    int64_t n, *ids = token_ids(tokenizer, text, strlen(text), false, &n);
    *count = n + with_end;
    if (ids && n == 0)
        ore_fail(ORE_DATA, "no token, expected at least 1");
    else if (ids && *count > max)
        ore_fail(ORE_DATA, "%lld tokens%s, expected at most %lld: raise --block-size",
                 (long long)*count, with_end ? " with the end" : "", (long long)max);
    if (!ore_ok()) {
        free(ids);
        return NULL;
    }
    if (with_end)
        ids[n] = ore_tokenizer_separator(tokenizer);
    return ids;
}

static ore_status encode_pairs(train_data *d, const train_config *c) {
    static const char *const names[PAIRS_SIDES] = {"from", "to"};
    pairs_data *p = own(d);
    for (int64_t i = 0; i < p->count; i++)
        for (int side = 0; side < PAIRS_SIDES; side++) {
            text_pair *pair = &p->pairs[i];
            pair->ids[side] = pairs_encode(p->tokenizer, pair->text[side], train_block_size(c),
                                           side == PAIRS_TO, &pair->count[side]);
            if (ore_ok())
                continue;
            char place[CONFIG_LABEL_BYTES];
            snprintf(place, sizeof place, "%.300s: line %lld, field '%s'", d->name[pair->source],
                     (long long)pair->line, names[side]);
            ore_error_locate(place);
            return ore_error_status();
        }
    return ORE_OK;
}

/* ---- the whole ---- */

ore_status pairs_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                      const char *dir) {
    pairs_data *p = own(d);
    if (*path[SOURCE_DATA])
        train_data_read_source(d, c, SOURCE_DATA, path[SOURCE_DATA], read_table);
    else
        read_embedded(d, c, SOURCE_DATA);
    if (ore_ok() && *path[SOURCE_VAL])
        train_data_read_source(d, c, SOURCE_VAL, path[SOURCE_VAL], read_table);
    if (ore_ok() && cut(p, c, *path[SOURCE_VAL]) == ORE_OK) {
        p->tokenizer = dir ? run_tokenizer_read(dir) : make_tokenizer(p, d->name[SOURCE_DATA]);
        if (ore_ok())
            encode_pairs(d, c);
    }
    return ore_error_status();
}

void pairs_close(train_data *d) {
    pairs_data *p = own(d);
    row_parts_free(&p->parts);
    ore_tokenizer_free(p->tokenizer);
    for (int64_t i = 0; i < p->count; i++)
        for (int side = 0; side < PAIRS_SIDES; side++) {
            free(p->pairs[i].text[side]);
            free(p->pairs[i].ids[side]);
        }
    for (int source = 0; source < SOURCES; source++)
        free(p->names[source]);
    free(p->pairs);
}
