/* labels_data.c: from a run's files to texts with labels, as ids and classes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/io.h>
#include <ore/table.h>

#include "lab/frame/opinions.h"
#include "models/token_ids.h"
#include "tasks/class_names.h"
#include "tasks/labels.h"
#include "tasks/run_tokenizer.h"

static const labels_config *config_of(const train_config *c) {
    return c->task;
}

static labels_data *own(const train_data *d) {
    return d->own;
}

/* ---- reading rows ---- */

enum { TEXT_FIELD, LABEL_FIELD, FIELDS };

static bool ends_with(const char *path, const char *ending) {
    size_t length = strlen(path), n = strlen(ending);
    return length >= n && strcmp(path + length - n, ending) == 0;
}

static ore_table_format format_of(const labels_config *c, const char *path) {
    if (c->format != CONFIG_AUTO)
        return (ore_table_format)c->format;
    return ends_with(path, ".jsonl") || ends_with(path, ".ndjson") ? ORE_TABLE_JSONL
           : ends_with(path, ".tsv")                               ? ORE_TABLE_TSV
                                                                   : ORE_TABLE_CSV;
}

static ore_status add_text(labels_data *l, int source, const ore_row *row) {
    if (l->count == l->capacity) {
        int64_t capacity = l->capacity ? 2 * l->capacity : 256;
        labelled_text *more = realloc(l->texts, (size_t)capacity * sizeof *more);
        if (!more)
            return ore_fail(ORE_MEMORY, "out of memory after %lld texts", (long long)l->count);
        l->texts = more;
        l->capacity = capacity;
    }
    size_t bytes, label_bytes;
    const char *text = ore_row_text(row, TEXT_FIELD, &bytes);
    const char *label = ore_row_text(row, LABEL_FIELD, &label_bytes);
    if (bytes == 0 || label_bytes == 0)
        return ore_row_fail(row, bytes == 0 ? TEXT_FIELD : LABEL_FIELD, "empty");
    labelled_text *t = &l->texts[l->count];
    *t = (labelled_text){.bytes = bytes, .line = ore_row_line(row), .source = source};
    t->text = strdup(text);
    t->label = strdup(label);
    l->count++;
    return t->text && t->label
               ? ORE_OK
               : ore_fail(ORE_MEMORY, "out of memory after %lld texts", (long long)l->count);
}

static ore_status read_rows(labels_data *l, int source, ore_table *table) {
    const ore_row *row;
    while ((row = ore_table_next(table)))
        if (add_text(l, source, row) != ORE_OK)
            break;
    return ore_error_status();
}

static ore_status read_table(train_data *d, const labels_config *c, int source, const char *name,
                             const char *text, size_t bytes) {
    const char *const fields[FIELDS] = {c->text_field, c->label_field};
    ore_table_options o = ore_table_defaults();
    o.format = format_of(c, name);
    o.fields = fields;
    o.field_count = FIELDS;
    d->name[source] = own(d)->names[source] = strdup(name);
    if (!d->name[source])
        return ore_fail(ORE_MEMORY, "%s: out of memory", name);
    d->digest[source] = ore_digest_of(text, bytes);
    ore_table *table = ore_table_open_memory(name, text, bytes, &o);
    if (table)
        read_rows(own(d), source, table);
    ore_table_close(table);
    return ore_error_status();
}

static ore_status read_embedded(train_data *d, int source) {
    labels_config c = {.text_field = "text", .label_field = "label", .format = ORE_TABLE_CSV};
    size_t bytes;
    char *text = opinions_csv(&bytes);
    if (text)
        read_table(d, &c, source, "embedded reviews", text, bytes);
    free(text);
    return ore_error_status();
}

static ore_status read_source(train_data *d, const train_config *c, int source, const char *name,
                              const char *text, size_t bytes) {
    return read_table(d, config_of(c), source, name, text, bytes);
}

/* ---- parts and batches ---- */

static ore_status get(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const row_part *part = row_part_of(dataset);
    const labels_data *l = part->data;
    const labelled_text *t = &l->texts[part->rows[i]];
    sample->fields[0] = ore_from_data(t->ids, ORE_SHAPE(t->count), ORE_INT64);
    sample->fields[1] = ore_from_data(&t->class, ORE_SCALAR, ORE_INT64);
    return ore_error_status();
}

static ore_status cut(labels_data *l, const train_config *c, bool has_val) {
    const ore_dataset form = {.fields = 2, .get = get};
    int64_t n = 0;
    while (n < l->count && l->texts[n].source == SOURCE_DATA)
        n++;
    return row_parts_cut(&l->parts, c, n, l->count - n, has_val, &form, l);
}

int64_t labels_items(const train_data *d, ore_part part) {
    return own(d)->parts.part[part].dataset.length;
}

static int64_t length_of(const void *data, int64_t row) {
    const labels_data *l = data;
    return l->texts[row].count;
}

ore_loader *labels_random_loader(const train_data *d, const train_config *c, ore_part part,
                                 ore_generator *g) {
    return row_parts_loader(&own(d)->parts, c, part, g, length_of);
}

ore_loader *labels_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    return labels_random_loader(d, c, part, NULL);
}

/* ---- classes ---- */

static const char *const classes_file = "labels.json";

static int compare_labels(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those of the texts to train on, each once. */
static ore_status make_classes(labels_data *l) {
    const row_part *train = &l->parts.part[ORE_PART_TRAIN];
    int64_t n = train->dataset.length, count = 0;
    char **all = calloc((size_t)n + 1, sizeof *all);
    if (!all)
        return ore_fail(ORE_MEMORY, "out of memory: labels of %lld texts", (long long)n);
    for (int64_t i = 0; i < n; i++)
        all[i] = l->texts[train->rows[i]].label;
    qsort(all, (size_t)n, sizeof *all, compare_labels);
    for (int64_t i = 0; i < n; i++)
        if (count == 0 || strcmp(all[i], all[count - 1]) != 0)
            all[count++] = all[i];
    l->classes = all;
    for (int64_t i = 0; i < count && ore_ok(); i++)
        class_names_add(all, &l->class_count, all[i]);
    return ore_error_status();
}

ore_status labels_load_classes(const char *dir, char ***classes, int64_t *count) {
    char path[RUNDIR_PATH_BYTES];
    *classes = NULL;
    *count = 0;
    if (rundir_path(dir, classes_file, path) != ORE_OK)
        return ore_error_status();
    ore_json *json = ore_json_load(path);
    if (json)
        class_names_read(json, classes, count);
    ore_error_locate(path);
    ore_json_free(json);
    return ore_error_status();
}

static ore_status save_classes(const labels_data *l, const char *path) {
    ore_json *json = ore_json_object_new();
    if (json && class_names_write(json, l->classes, l->class_count) == ORE_OK)
        ore_json_write(json, path);
    ore_json_free(json);
    return ore_error_status();
}

ore_status labels_save(const train_data *d, const char *dir) {
    char path[RUNDIR_PATH_BYTES];
    if (run_tokenizer_save(own(d)->tokenizer, dir) == ORE_OK &&
        rundir_path(dir, classes_file, path) == ORE_OK)
        save_classes(own(d), path);
    return ore_error_status();
}

/* ORE_DATA for a label that no text to train on has. */
static ore_status find_classes(train_data *d, const labels_config *c) {
    labels_data *l = own(d);
    for (int64_t i = 0; i < l->count; i++) {
        labelled_text *t = &l->texts[i];
        char **found = bsearch(&t->label, l->classes, (size_t)l->class_count, sizeof *l->classes,
                               compare_labels);
        if (!found)
            return ore_fail(ORE_DATA,
                            "%s: line %lld, field '%s': label '%.100s' is on none of the texts "
                            "that were trained on",
                            d->name[t->source], (long long)t->line, c->label_field, t->label);
        t->class = found - l->classes;
    }
    return ORE_OK;
}

/* ---- tokens ---- */

/* Of the words of the texts to train on, so that the unknown word is trained, too. */
static ore_tokenizer *word_tokenizer(const labels_data *l, const labels_config *c) {
    const row_part *train = &l->parts.part[ORE_PART_TRAIN];
    ore_word_options o = ore_word_defaults();
    o.min_frequency = c->min_frequency;
    o.lowercase = true;
    o.rules = ORE_WORD_URLS | ORE_WORD_USERS | ORE_WORD_NUMBERS;
    ore_word_counts *counts = ore_word_counts_new(&o);
    for (int64_t i = 0; i < train->dataset.length && ore_ok(); i++) {
        const labelled_text *t = &l->texts[train->rows[i]];
        ore_word_counts_add(counts, t->text, t->bytes);
    }
    ore_tokenizer *tokenizer = ore_ok() ? ore_tokenizer_new_words(counts) : NULL;
    ore_word_counts_free(counts);
    return tokenizer;
}

/* Of the texts to train on. NULL, without an error, for one that is not learned. */
static ore_tokenizer *learned_tokenizer(const labels_data *l, const labels_config *c) {
    const row_part *train = &l->parts.part[ORE_PART_TRAIN];
    ore_tokenizer_trainer *trainer = run_tokenizer_trainer(c->tokenizer);
    for (int64_t i = 0; trainer && i < train->dataset.length && ore_ok(); i++) {
        const labelled_text *t = &l->texts[train->rows[i]];
        ore_tokenizer_trainer_add_memory(trainer, t->text, t->bytes);
    }
    ore_tokenizer *tokenizer = ore_tokenizer_trainer_finish(trainer);
    ore_tokenizer_trainer_free(trainer);
    return tokenizer;
}

/* Of all characters of --data, since there is no id for an unknown one. */
static ore_tokenizer *char_tokenizer(const labels_data *l, const char *name) {
    size_t bytes = 0;
    for (int64_t i = 0; i < l->count; i++)
        bytes += l->texts[i].bytes;
    char *joined = malloc(bytes + 1), *end = joined;
    if (!joined)
        ore_fail(ORE_MEMORY, "out of memory: %zu bytes of texts", bytes);
    for (int64_t i = 0; i < l->count && joined; i++) {
        if (l->texts[i].source != SOURCE_DATA)
            continue;
        memcpy(end, l->texts[i].text, l->texts[i].bytes);
        end += l->texts[i].bytes;
    }
    ore_text *text =
        joined ? ore_text_open_memory(name, joined, (size_t)(end - joined), NULL) : NULL;
    ore_tokenizer *tokenizer = ore_tokenizer_new_char(text, false);
    ore_text_close(text);
    free(joined);
    return tokenizer;
}

int64_t *labels_encode(const ore_tokenizer *tokenizer, const char *text, size_t bytes, int64_t max,
                       bool cut, int64_t *count, int64_t *all) {
    int64_t *ids = token_ids(tokenizer, text, bytes, false, all);
    *count = *all < max ? *all : max;
    if (ids && *all == 0)
        ore_fail(ORE_DATA, "no token, expected at least 1");
    else if (ids && *all > max && !cut)
        ore_fail(ORE_DATA,
                 "%lld tokens, expected at most %lld: train with a larger --block-size, or with "
                 "--cut, which reads the first %lld",
                 (long long)*all, (long long)max, (long long)max);
    if (ore_ok())
        return ids;
    free(ids);
    return NULL;
}

static ore_status encode_texts(train_data *d, const train_config *c) {
    labels_data *l = own(d);
    const labels_config *own_config = config_of(c);
    for (int64_t i = 0; i < l->count && ore_ok(); i++) {
        labelled_text *t = &l->texts[i];
        t->ids = labels_encode(l->tokenizer, t->text, t->bytes, train_block_size(c),
                               own_config->cut, &t->count, &t->all_tokens);
        if (ore_ok())
            continue;
        char place[CONFIG_LABEL_BYTES];
        snprintf(place, sizeof place, "%.300s: line %lld, field '%.100s'", d->name[t->source],
                 (long long)t->line, own_config->text_field);
        ore_error_locate(place);
    }
    return ore_error_status();
}

/* ---- the whole ---- */

ore_status labels_open(train_data *d, const train_config *c, const char *const path[SOURCES],
                       const char *dir) {
    labels_data *l = own(d);
    const labels_config *own_config = config_of(c);
    if (*path[SOURCE_DATA])
        train_data_read_source(d, c, SOURCE_DATA, path[SOURCE_DATA], read_source);
    else
        read_embedded(d, SOURCE_DATA);
    if (ore_ok() && *path[SOURCE_VAL])
        train_data_read_source(d, c, SOURCE_VAL, path[SOURCE_VAL], read_source);
    if (!ore_ok() || cut(l, c, *path[SOURCE_VAL]) != ORE_OK)
        return ore_error_status();
    if (dir)
        labels_load_classes(dir, &l->classes, &l->class_count);
    else if (labels_items(d, ORE_PART_TRAIN) == 0)
        train_data_fail_empty(d, c);
    else
        make_classes(l);
    if (ore_ok() && find_classes(d, own_config) == ORE_OK) {
        const char *kind = own_config->tokenizer;
        l->tokenizer = dir                          ? run_tokenizer_read(dir)
                       : task_reads_tokenizer(kind) ? run_tokenizer_read(kind)
                                                    : learned_tokenizer(l, own_config);
        if (!l->tokenizer)
            l->tokenizer = strcmp(kind, "word") == 0 ? word_tokenizer(l, own_config)
                                                     : char_tokenizer(l, d->name[SOURCE_DATA]);
        encode_texts(d, c);
    }
    return ore_error_status();
}

void labels_close(train_data *d) {
    labels_data *l = own(d);
    row_parts_free(&l->parts);
    ore_tokenizer_free(l->tokenizer);
    class_names_free(l->classes, l->class_count);
    for (int64_t i = 0; i < l->count; i++) {
        free(l->texts[i].text);
        free(l->texts[i].label);
        free(l->texts[i].ids);
    }
    free(l->texts);
    for (int i = 0; i < SOURCES; i++)
        free(l->names[i]);
}
