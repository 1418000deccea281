/* train_data.c: what holds for the data of any task. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/files.h>
#include <ore/random.h>

#include "cli/words.h"
#include "tasks/task.h"

/* ---- opening ---- */

ore_status train_data_read_input(train_data *d, const char *path) {
    enum { ROOM = 1 << 16 }; /* bytes at first; doubled as they come */
    size_t capacity = 0, read = 0;
    if (strcmp(path, DATA_STANDARD_INPUT) != 0)
        return ORE_OK;
    do {
        if (d->input_bytes == capacity) {
            capacity = capacity ? 2 * capacity : ROOM;
            char *larger = realloc(d->input, capacity);
            if (!larger)
                return ore_fail(ORE_MEMORY, "standard input: out of memory after %zu bytes",
                                d->input_bytes);
            d->input = larger;
        }
        read = fread(d->input + d->input_bytes, 1, capacity - d->input_bytes, stdin);
        d->input_bytes += read;
    } while (read > 0);
    return ferror(stdin) ? ore_fail(ORE_IO, "standard input: cannot be read: %s", strerror(errno))
                         : ORE_OK;
}

ore_status train_data_read_source(train_data *d, const train_config *c, int source,
                                  const char *path, source_reader read) {
    if (strcmp(path, DATA_STANDARD_INPUT) == 0)
        return train_data_read_input(d, path) == ORE_OK
                   ? read(d, c, source, "standard input", d->input ? d->input : "", d->input_bytes)
                   : ore_error_status();
    size_t bytes;
    char *file = ore_file_read(path, &bytes);
    if (file)
        read(d, c, source, path, file, bytes);
    ore_string_free(file);
    return ore_error_status();
}

ore_status train_data_digest_file(const char *path, ore_digest *digest) {
    size_t bytes;
    char *file = ore_file_read(path, &bytes);
    if (file)
        *digest = ore_digest_of(file, bytes);
    ore_string_free(file);
    return ore_error_status();
}

ore_status train_data_open(train_data *d, const train_config *c, const data_places *places,
                           const char *dir) {
    const char *const path[SOURCES] = {places ? places->path[SOURCE_DATA] : c->data,
                                       places ? places->path[SOURCE_VAL] : c->val_data};
    *d = (train_data){.task = run_task_of(c)};
    if (!ore_ok())
        return ore_error_status();
    d->own = calloc(1, d->task->own_bytes);
    if (!d->own)
        return ore_fail(ORE_MEMORY, "%s: out of memory", d->task->model->name);
    return d->task->open(d, c, path, dir);
}

void train_data_close(train_data *d) {
    if (d->own)
        d->task->close(d);
    free(d->own);
    free(d->input);
    *d = (train_data){0};
}

ore_status train_data_save(const train_data *d, const char *dir) {
    return d->task->save(d, dir);
}

/* ---- parts ---- */

ore_status train_data_cut(const train_config *c, int64_t n, bool has_val, data_cut *cut) {
    double val = has_val ? 0 : c->val_fraction;
    int64_t to_train = (int64_t)((double)n * (1 - val - c->test_fraction));
    int64_t to_val = (int64_t)((double)n * (1 - c->test_fraction));
    ore_generator *g = ore_generator_new(ore_token_parts_defaults().split_seed);
    *cut = (data_cut){
        .order = n > 0 ? ore_randperm(n, g) : NULL,
        .begin = {[ORE_PART_TRAIN] = 0, [ORE_PART_VAL] = to_train, [ORE_PART_TEST] = to_val},
        .count = {[ORE_PART_TRAIN] = to_train,
                  [ORE_PART_VAL] = has_val ? 0 : to_val - to_train,
                  [ORE_PART_TEST] = n - to_val}};
    ore_generator_free(g);
    return ore_error_status();
}

/* ---- sizes ---- */

ore_status train_data_settle_size(train_options *t, const char *key, int64_t size, bool more,
                                  const char *what) {
    const option *row = options_find(&t->options, key);
    char text[32], flag[64];
    option_value_text(&t->options, row, text, sizeof text);
    int64_t asked = strtoll(text, NULL, 10);
    if (config_is_auto(&row->field, options_part(&t->options, row))) {
        snprintf(text, sizeof text, "%lld", (long long)size);
        return options_replace(&t->options, key, text);
    }
    if (asked == size || (more && asked > size))
        return ORE_OK;
    return ore_fail(ORE_DATA, "%s %s: %s", option_flag_text(key, flag, sizeof flag), text, what);
}

/* ---- identity ---- */

data_identity train_data_identity(const train_data *d) {
    data_identity identity = {.train_items = d->task->items(d, ORE_PART_TRAIN),
                              .val_items = d->task->items(d, ORE_PART_VAL),
                              .digested = true};
    for (int i = 0; i < SOURCES; i++)
        identity.digest[i] = d->name[i] ? d->digest[i] : ore_digest_of(NULL, 0);
    return identity;
}

static ore_status check_digest(const char *name, ore_digest now, ore_digest then) {
    char is[ORE_DIGEST_TEXT_BYTES], was[ORE_DIGEST_TEXT_BYTES];
    if (ore_digest_equal(now, then))
        return ORE_OK;
    ore_digest_text(now, is);
    ore_digest_text(then, was);
    return ore_fail(ORE_DATA,
                    "%s: the text has changed since the run began: its digest is %s, expected %s",
                    name, is, was);
}

ore_status train_data_check(const train_data *d, const data_identity *then) {
    if (!ore_ok())
        return ore_error_status();
    data_identity now = train_data_identity(d);
    if (now.train_items != then->train_items || now.val_items != then->val_items)
        return ore_fail(ORE_DATA,
                        "%s: the data has changed since the run began: %lld %s%s to train on "
                        "and %lld to validate on, expected %lld and %lld",
                        d->name[SOURCE_DATA], (long long)now.train_items, d->task->model->item,
                        now.train_items == 1 ? "" : "s", (long long)now.val_items,
                        (long long)then->train_items, (long long)then->val_items);
    for (int i = 0; i < SOURCES && then->digested && ore_ok(); i++)
        if (d->name[i])
            check_digest(d->name[i], now.digest[i], then->digest[i]);
    return ore_error_status();
}

/* ---- words ---- */

static int64_t rows_of(const train_data *d, ore_part part) {
    return d->task->rows ? d->task->rows(d, part) : d->task->items(d, part);
}

double train_data_row_items(const train_data *d, const train_config *c) {
    int64_t rows = rows_of(d, ORE_PART_TRAIN);
    if (d->task->row_items)
        return d->task->row_items(d, c);
    return rows == 0 ? 0 : (double)d->task->items(d, ORE_PART_TRAIN) / (double)rows;
}

const char *train_data_text(const train_data *d, char *text, size_t bytes) {
    char parts[160], count[COUNT_BYTES];
    int64_t rows = 0;
    if (d->task->text)
        return d->task->text(d, text, bytes);
    for (int part = 0; part < ORE_PART_COUNT; part++)
        rows += rows_of(d, (ore_part)part);
    train_data_parts_text(d, rows_of, parts, sizeof parts);
    snprintf(text, bytes, "%s: %s: %s", train_data_short_name(d, SOURCE_DATA),
             counted_text(rows, d->task->row, count), parts);
    return text;
}

const char *train_data_step_text(const train_data *d, const train_config *c, char *text,
                                 size_t bytes) {
    char count[COUNT_BYTES];
    if (d->task->step_text)
        return d->task->step_text(c, text, bytes);
    snprintf(text, bytes, "%s", counted_text(c->batch_size * c->accumulate, d->task->row, count));
    return text;
}

const char *train_data_parts_text(const train_data *d,
                                  int64_t (*count)(const train_data *d, ore_part part), char *text,
                                  size_t bytes) {
    char number[COUNT_BYTES];
    size_t used = 0;
    text[0] = '\0';
    for (int part = 0; part < ORE_PART_COUNT && used < bytes; part++)
        if (count(d, (ore_part)part) > 0)
            used += (size_t)snprintf(text + used, bytes - used, "%s%s %s", used ? ", " : "",
                                     grouped_text(count(d, (ore_part)part), number),
                                     ore_part_name((ore_part)part));
    return text;
}

const char *train_data_short_name(const train_data *d, int source) {
    const char *name = d->name[source], *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

void train_data_print_notes(const train_data *d, FILE *out) {
    if (d->task->print_notes)
        d->task->print_notes(d, out);
}

const char *train_data_part_text(const train_data *d, bool whole, ore_part part, int64_t items,
                                 char *text, size_t bytes) {
    char number[COUNT_BYTES];
    int from = part == ORE_PART_VAL && d->name[SOURCE_VAL] ? SOURCE_VAL : SOURCE_DATA;
    snprintf(text, bytes, "%s, %s%s: %s", train_data_short_name(d, from),
             whole ? "the whole file" : ore_part_name(part), whole ? "" : " split",
             counted_text(items, d->task->model->item, number));
    return text;
}

/* ---- loaders ---- */

ore_loader *train_data_random_loader(const train_data *d, const train_config *c, ore_part part,
                                     ore_generator *g) {
    if (!ore_ok() || d->task->items(d, part) == 0)
        return NULL;
    return d->task->random_loader(d, c, part, g);
}

ore_loader *train_data_train_loader(const train_data *d, const train_config *c, ore_generator *g) {
    if (!ore_ok() || !d->task->train_loader || d->task->items(d, ORE_PART_TRAIN) == 0)
        return train_data_random_loader(d, c, ORE_PART_TRAIN, g);
    return d->task->train_loader(d, c, g);
}

ore_status train_data_fail_empty(const train_data *d, const train_config *c) {
    const run_task *task = d->task;
    const char *unit = task->rows ? task->row : task->model->item;
    double share = 1 - (d->name[SOURCE_VAL] ? 0 : c->val_fraction) - c->test_fraction;
    int64_t there = 0;
    if (task->fail_empty)
        return task->fail_empty(d, c);
    for (int part = 0; part < ORE_PART_COUNT; part++)
        if (part != ORE_PART_VAL || !d->name[SOURCE_VAL])
            there += task->rows ? task->rows(d, (ore_part)part) : task->items(d, (ore_part)part);
    return ore_fail(ORE_DATA,
                    "%s: %lld %s%s, of which a share of %g leaves none to train on: expected at "
                    "least %.0f",
                    d->name[SOURCE_DATA], (long long)there, unit, there == 1 ? "" : "s", share,
                    ceil(1 / share));
}

/* A part that is empty because it was to be, or because the data is too short for its share. */
static void fail_part(const train_data *d, const train_config *c, ore_part part) {
    const double shares[] = {1 - c->val_fraction - c->test_fraction, c->val_fraction,
                             c->test_fraction};
    const char *name = d->name[SOURCE_DATA], *split = ore_part_name(part);
    if (shares[part] <= 0)
        ore_fail(ORE_DATA, "%s: no %s split: the run has --%s-fraction 0", name, split,
                 part == ORE_PART_VAL ? "val" : "test");
    else
        ore_fail(ORE_DATA, "%s: too short for a %s split: a share of %g of it is nothing", name,
                 split, shares[part]);
}

ore_loader *train_data_pass_loader(const train_data *d, const train_config *c, ore_part part) {
    if (ore_ok() && d->task->items(d, part) == 0)
        fail_part(d, c, part);
    return ore_ok() ? d->task->pass_loader(d, c, part) : NULL;
}
