/* labels.c: texts with labels as a task of the command: a model puts a text into one of the classes
 * that the labels name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/words.h"
#include "tasks/answers.h"
#include "tasks/class_names.h"
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
    const labels_data *l = labels_of(d);
    char count[COUNT_BYTES];
    fprintf(out, "vocabulary  %s\nlabels      ",
            counted_text(ore_tokenizer_size(l->tokenizer), "token", count));
    print_classes(out, l->classes, l->class_count);
}

/* ---- answers ---- */

/* A run that answers: what it reads texts by and its classes. */
typedef struct classifier {
    const trained_model *m;
    ore_tokenizer *tokenizer; /* owned, as the classes are */
    char **classes;
    int64_t class_count;
    int64_t top; /* so many classes of each answer are printed */
} classifier;

static ore_status open_classifier(classifier *k, const trained_model *m) {
    *k = (classifier){.m = m, .top = 1};
    if (labels_load_classes(m->dir, &k->classes, &k->class_count) == ORE_OK)
        k->tokenizer = run_tokenizer_read(m->dir);
    return ore_error_status();
}

static void close_classifier(classifier *k) {
    ore_tokenizer_free(k->tokenizer);
    class_names_free(k->classes, k->class_count);
}

/* The classes of ids (count), of the caller's scope. */
static ore_status classify_ids(const classifier *k, const int64_t *ids, int64_t count,
                               ranked_classes *r) {
    return classify(k->m, ore_from_data(ids, ORE_SHAPE(1, count), ORE_INT64), k->class_count, r);
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
static ore_status answer(const classifier *k, const char *text, size_t bytes) {
    const labels_config *c = k->m->config->task;
    ranked_classes r;
    int64_t count, all;
    int64_t *ids = labels_encode(k->tokenizer, text, bytes, train_block_size(k->m->config), c->cut,
                                 &count, &all);
    ore_scope_begin();
    if (ids && ore_ok() && classify_ids(k, ids, count, &r) == ORE_OK) {
        print_ranked(&r, k->classes, k->top);
        fwrite(text, 1, bytes, stdout);
        putchar('\n');
    }
    ore_scope_end();
    free(ids);
    return answer_flush();
}

/* Empty lines are none. */
static ore_status answer_line(void *user, const char *line, size_t bytes) {
    return bytes == 0 ? ORE_OK : answer(user, line, bytes);
}

static ore_status sample(const trained_model *m, const void *config) {
    const labels_sample_config *c = config;
    classifier k;
    if (open_classifier(&k, m) == ORE_OK) {
        k.top = c->top;
        if (*c->text) {
            answer(&k, c->text, strlen(c->text));
            ore_error_locate("--text");
        } else {
            answer_lines(&k, answer_line);
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
        ranked_classes r;
        ore_scope_begin();
        if (classify_ids(k, t->ids, t->count, &r) == ORE_OK) {
            printf("%s %.4f  %s", k->classes[r.order[0]], r.shares[0], t->text);
            printf(r.order[0] == t->class ? "\n" : "  (its label: %s)\n", t->label);
        }
        ore_scope_end();
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
    .row = "text",
    .random_loader = labels_random_loader,
    .pass_loader = labels_pass_loader,
    .print_notes = print_notes,
    .print_files = print_files,
    .sample_about = "A model that labels texts (ore train encoder) reads them from standard input, "
                    "one a line, and writes each with its label before it.",
    .more = "labels for lines of standard input",
    .sample_rows = sample_rows,
    .sample_row_count = sizeof sample_rows / sizeof sample_rows[0],
    .sample_bytes = sizeof(labels_sample_config),
    .sample = sample,
    .show = show};
