/* labels.c: texts with labels as a task of the command: a model puts a text into one of the classes
 * that the labels name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>

#include "cli/words.h"
#include "tasks/labels.h"
#include "tasks/run_tokenizer.h"

const labels_data *labels_of(const train_data *d) {
    return d->own;
}

/* ---- sizes ---- */

static ore_status settle(const train_data *d, train_options *t) {
    const labels_data *l = labels_of(d);
    char what[128], count[COUNT_BYTES];
    if (run_tokenizer_settle(l->tokenizer, t) != ORE_OK)
        return ore_error_status();
    snprintf(what, sizeof what, "the data has %s", counted_text(l->class_count, "label", count));
    return train_data_settle_size(t, "n_classes", l->class_count, true, what);
}

/* ---- words ---- */

static double batch_items(const train_data *d, const train_config *c, int64_t rows) {
    int64_t texts = labels_items(d, ORE_PART_TRAIN);
    (void)c;
    return (double)(rows < texts ? rows : texts);
}

static const char *text_of(const train_data *d, char *text, size_t bytes) {
    char parts[160], count[COUNT_BYTES];
    train_data_parts_text(d, labels_items, parts, sizeof parts);
    snprintf(text, bytes, "%s: %s: %s", train_data_short_name(d, SOURCE_DATA),
             counted_text(labels_of(d)->count, "text", count), parts);
    return text;
}

static void print_notes(const train_data *d, FILE *out) {
    const labels_data *l = labels_of(d);
    char count[COUNT_BYTES];
    int64_t cut = 0;
    for (int64_t i = 0; i < l->count; i++)
        cut += l->texts[i].count < l->texts[i].all_tokens;
    if (cut > 0)
        fprintf(out, "note        of %s only the beginning is read: longer than --block-size\n",
                counted_text(cut, "text", count));
}

static void print_files(const train_data *d, FILE *out) {
    enum { SHOWN = 8 };
    const labels_data *l = labels_of(d);
    char count[COUNT_BYTES];
    fprintf(out, "vocabulary  %s\nlabels      ",
            counted_text(ore_tokenizer_size(l->tokenizer), "token", count));
    fprintf(out, "%s:", counted_text(l->class_count, "label", count));
    for (int64_t i = 0; i < l->class_count && i < SHOWN; i++)
        fprintf(out, "%s %s", i > 0 ? "," : "", l->classes[i]);
    fputs(l->class_count > SHOWN ? ", ..\n" : "\n", out);
}

static const char *step_text(const train_config *c, char *text, size_t bytes) {
    char count[COUNT_BYTES];
    snprintf(text, bytes, "%s", counted_text(c->batch_size * c->accumulate, "text", count));
    return text;
}

/* ---- answers ---- */

/* A run that answers: what it reads texts by and its classes. */
typedef struct classifier {
    const trained_model *m;
    ore_tokenizer *tokenizer; /* owned, as the classes are */
    char **classes;
    int64_t class_count;
    double *shares; /* (class_count) probabilities of the last text */
    int64_t *order; /* (class_count) the classes from the likeliest on */
} classifier;

static ore_status open_classifier(classifier *k, const trained_model *m) {
    *k = (classifier){.m = m};
    if (labels_load_classes(m->dir, &k->classes, &k->class_count) != ORE_OK)
        return ore_error_status();
    k->tokenizer = run_tokenizer_load(m->dir);
    k->shares = calloc((size_t)k->class_count + 1, sizeof *k->shares);
    k->order = calloc((size_t)k->class_count + 1, sizeof *k->order);
    if (!k->shares || !k->order)
        ore_fail(ORE_MEMORY, "out of memory: %lld labels", (long long)k->class_count);
    return ore_error_status();
}

static void close_classifier(classifier *k) {
    free(k->order);
    free(k->shares);
    ore_tokenizer_free(k->tokenizer);
    labels_free_classes(k->classes, k->class_count);
}

/* Sorts the classes by their probabilities; equal ones stay in their order. */
static void sort_classes(classifier *k) {
    for (int64_t i = 0; i < k->class_count; i++) {
        int64_t place = i;
        for (; place > 0 && k->shares[k->order[place - 1]] < k->shares[i]; place--)
            k->order[place] = k->order[place - 1];
        k->order[place] = i;
    }
}

/* The probabilities of the classes for ids (count). */
static ore_status classify_ids(classifier *k, int64_t *ids, int64_t count) {
    const model *m = k->m->model;
    ore_scope_begin();
    ore_no_grad_begin();
    ore_batch batch = {.x = ore_from_data(ids, ORE_SHAPE(1, count), ORE_INT64), .tokens = 1};
    batch.x = ore_to_device(batch.x, m->device);
    ore_tensor *logits = model_forward((void *)(uintptr_t)m, &batch); /* (1, classes or more) */
    ore_tensor *row = ore_narrow(ore_select(logits, 0, 0), 0, 0, k->class_count);
    ore_tensor *shares = ore_to_device(ore_softmax(ore_to(row, ORE_FLOAT64), 0), ORE_CPU);
    const double *values = ore_ok() ? ore_data(shares) : NULL;
    if (values)
        memcpy(k->shares, values, (size_t)k->class_count * sizeof *values);
    ore_no_grad_end();
    ore_scope_end();
    if (ore_ok())
        sort_classes(k);
    return ore_error_status();
}

static ore_status classify(classifier *k, const char *text, size_t bytes) {
    const labels_config *c = k->m->config->task;
    int64_t count, all;
    int64_t *ids = labels_encode(k->tokenizer, text, bytes, train_block_size(k->m->config), c->cut,
                                 &count, &all);
    if (ids && ore_ok())
        classify_ids(k, ids, count);
    free(ids);
    return ore_error_status();
}

typedef struct labels_sample_config {
    char *text;
    int64_t top;
} labels_sample_config;

#define ROW(type, ...)                                                                             \
    { "Labels", CONFIG_FIELD_##type(labels_sample_config, __VA_ARGS__), OPTION_UNSAVED, 1 }
static const option sample_rows[] = {
    ROW(TEXT, text, "", "TEXT", "the text to label; none: each line of standard input is one"),
    ROW(INT, top, "1", "[1, 1000000]", "so many of the likeliest labels, each with its share"),
};
#undef ROW

/* "positive\t0.9981\tthe soup is hot" */
static ore_status answer(classifier *k, const labels_sample_config *c, const char *text,
                         size_t bytes) {
    if (classify(k, text, bytes) != ORE_OK)
        return ore_error_status();
    for (int64_t i = 0; i < c->top && i < k->class_count; i++)
        printf("%s\t%.4f\t", k->classes[k->order[i]], k->shares[k->order[i]]);
    fwrite(text, 1, bytes, stdout);
    putchar('\n');
    return fflush(stdout) == 0 ? ORE_OK : ore_fail(ORE_IO, "the output cannot be written");
}

/* Empty lines are none. */
static ore_status answer_lines(classifier *k, const labels_sample_config *c) {
    char *line = NULL, place[64];
    size_t capacity = 0;
    ssize_t length;
    for (int64_t number = 1; ore_ok() && (length = getline(&line, &capacity, stdin)) >= 0;
         number++) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
            length--;
        if (length == 0 || answer(k, c, line, (size_t)length) == ORE_OK)
            continue;
        snprintf(place, sizeof place, "standard input: line %lld", (long long)number);
        ore_error_locate(place);
    }
    free(line);
    return ore_error_status();
}

static ore_status sample(const trained_model *m, const void *config) {
    const labels_sample_config *c = config;
    classifier k;
    if (open_classifier(&k, m) == ORE_OK) {
        if (*c->text) {
            answer(&k, c, c->text, strlen(c->text));
            ore_error_locate("--text");
        } else {
            answer_lines(&k, c);
        }
    }
    close_classifier(&k);
    return ore_error_status();
}

/* The first texts of a part, with the labels that they have and get. */
static ore_status show_part(classifier *k, const labels_data *l, ore_part which) {
    enum { SHOWN = 10 };
    const row_part *part = &l->parts.part[which];
    printf("\ntexts of the %s split, with the label that each gets:\n", ore_part_name(which));
    for (int64_t i = 0; i < part->dataset.length && i < SHOWN && ore_ok(); i++) {
        const labelled_text *t = &l->texts[part->rows[i]];
        if (classify_ids(k, t->ids, t->count) != ORE_OK)
            break;
        int64_t class = k->order[0];
        printf("%s %.4f  %s", k->classes[class], k->shares[class], t->text);
        printf(class == t->class ? "\n" : "  (its label: %s)\n", t->label);
    }
    return ore_error_status();
}

static ore_status show(const trained_model *m, ore_generator *g) {
    const train_data *d = m->data(m->user);
    classifier k;
    (void)g; /* nothing is drawn */
    if (open_classifier(&k, m) == ORE_OK)
        show_part(&k, labels_of(d), labels_items(d, ORE_PART_VAL) ? ORE_PART_VAL : ORE_PART_TRAIN);
    close_classifier(&k);
    return ore_error_status();
}

const run_task run_task_labels = {
    .model = &task_labels,
    .files = {RUN_TOKENIZER_FILE, "labels.json"},
    .kept = {"run-data", "run-val-data"},
    .digest = train_data_digest_file,
    .own_bytes = sizeof(labels_data),
    .open = labels_open,
    .close = labels_close,
    .save = labels_save,
    .settle = settle,
    .items = labels_items,
    .batch_items = batch_items,
    .random_loader = labels_random_loader,
    .pass_loader = labels_pass_loader,
    .text = text_of,
    .print_notes = print_notes,
    .print_files = print_files,
    .step_text = step_text,
    .sample_about = "A model that labels texts (ore train encoder) reads them from standard input, "
                    "one a line, and writes each with its label before it.",
    .more = "labels for lines of standard input",
    .sample_rows = sample_rows,
    .sample_row_count = sizeof sample_rows / sizeof sample_rows[0],
    .sample_bytes = sizeof(labels_sample_config),
    .sample = sample,
    .show = show};
