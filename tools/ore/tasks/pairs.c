/* pairs.c: pairs of texts as a task of the command: a model reads a text and writes another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/infer.h>

#include "cli/words.h"
#include "tasks/answers.h"
#include "tasks/pairs.h"
#include "tasks/run_tokenizer.h"

const pairs_data *pairs_of(const train_data *d) {
    return d->own;
}

static ore_status save(const train_data *d, const char *dir) {
    return run_tokenizer_save(pairs_of(d)->tokenizer, dir);
}

static ore_status settle(const train_data *d, train_options *t) {
    return run_tokenizer_settle(pairs_of(d)->tokenizer, t);
}

/* ---- words ---- */

static void print_files(const train_data *d, FILE *out) {
    char count[COUNT_BYTES];
    fprintf(out, "vocabulary  %s, the end of a text among them\n",
            counted_text(ore_tokenizer_size(pairs_of(d)->tokenizer), "token", count));
}

/* ---- answers ---- */

/* A run that answers. */
typedef struct writer {
    const trained_model *m;
    ore_tokenizer *tokenizer; /* owned */
    int64_t beams;
    double length_penalty;
} writer;

static ore_status open_writer(writer *w, const trained_model *m) {
    *w = (writer){.m = m, .beams = 1, .length_penalty = ore_beam_defaults().length_penalty};
    w->tokenizer = run_tokenizer_read(m->dir);
    return ore_error_status();
}

/* The ids that the model writes after ids (count), of the caller's scope; NULL with an error. */
static ore_tensor *write_ids(const writer *w, const int64_t *ids, int64_t count) {
    const model *m = w->m->model;
    ore_stepper stepper = {0};
    ore_written written = {0};
    int64_t start;
    ore_tensor *x = ore_from_data(ids, ORE_SHAPE(1, count), ORE_INT64);
    x = ore_to_device(x, m->device);
    if (m->family->read(m->module, x, NULL, &stepper, &start) == ORE_OK) {
        ore_beam_options o = ore_beam_defaults();
        o.max_tokens = m->block_size;
        o.end_id = ore_tokenizer_separator(w->tokenizer);
        o.beams = w->beams;
        o.length_penalty = w->length_penalty;
        ore_tensor *prompt = ore_full(ORE_SHAPE(1, 1), (double)start, ORE_INT64);
        written = ore_beam_search(&stepper, ore_to_device(prompt, m->device), &o);
    }
    m->family->read_end(&stepper);
    return written.ids; /* (1, 1, L) */
}

/* What the model writes for ids, to out, without the end. */
static ore_status write_text(const writer *w, const int64_t *ids, int64_t count, FILE *out) {
    char piece[ORE_PIECE_BYTES];
    ore_decoder decoder;
    ore_scope_begin();
    ore_tensor *written = write_ids(w, ids, count);
    const int64_t *values = written ? ore_data(written) : NULL;
    int64_t n = values ? ore_numel(written) : 0, end = ore_tokenizer_separator(w->tokenizer);
    ore_decoder_init(&decoder, w->tokenizer);
    for (int64_t i = 0; i < n && values[i] != end && values[i] < ore_tokenizer_size(w->tokenizer);
         i++)
        if (ore_decoder_next(&decoder, values[i], piece) > 0)
            fputs(piece, out);
    if (n > 0 && ore_decoder_end(&decoder, piece) > 0)
        fputs(piece, out);
    ore_scope_end();
    return ore_error_status();
}

typedef struct pairs_sample_config {
    char *text;
    int64_t beams;
    double length_penalty;
} pairs_sample_config;

#define ROW(type, ...)                                                                             \
    { "Pairs", CONFIG_FIELD_##type(pairs_sample_config, __VA_ARGS__), OPTION_UNSAVED, 1 }
static const option sample_rows[] = {
    ROW(TEXT, text, "", "TEXT", "the text to read; none: each line of standard input is one"),
    ROW(INT, beams, "4", "[1, 1000]", "beams of the search; 1: the likeliest token each time"),
    ROW(FLOAT, length_penalty, "1", "[-100, 100]", NULL,
        "above 0 the search favours long texts, below 0 short ones"),
};
#undef ROW

static ore_status answer(const writer *w, const char *text) {
    int64_t count, max = train_block_size(w->m->config);
    int64_t *ids = pairs_encode(w->tokenizer, text, max, false, &count);
    if (ids && write_text(w, ids, count, stdout) == ORE_OK)
        putchar('\n');
    free(ids);
    return answer_flush();
}

/* Each line gives one, an empty one an empty one. */
static ore_status answer_line(void *user, const char *line, size_t bytes) {
    if (bytes > 0)
        return answer(user, line);
    putchar('\n');
    return ORE_OK;
}

static ore_status sample(const trained_model *m, const void *config) {
    const pairs_sample_config *c = config;
    writer w;
    if (open_writer(&w, m) == ORE_OK) {
        w.beams = c->beams;
        w.length_penalty = c->length_penalty;
        if (*c->text) {
            answer(&w, c->text);
            ore_error_locate("--text");
        } else {
            answer_lines(&w, answer_line);
        }
    }
    ore_tokenizer_free(w.tokenizer);
    return ore_error_status();
}

/* The first pairs of a part, with what the model writes. */
static ore_status show(const trained_model *m, ore_generator *g) {
    enum { SHOWN = 10 };
    const train_data *d = m->data(m->user);
    ore_part which = pairs_count(d, ORE_PART_VAL) ? ORE_PART_VAL : ORE_PART_TRAIN;
    const row_part *part = &pairs_of(d)->parts.part[which];
    writer w;
    (void)g; /* nothing is drawn */
    if (open_writer(&w, m) == ORE_OK) {
        printf("\npairs of the %s split, and what the model writes:\n", ore_part_name(which));
        for (int64_t i = 0; i < part->dataset.length && i < SHOWN && ore_ok(); i++) {
            const text_pair *p = &pairs_of(d)->pairs[part->rows[i]];
            printf("%s\t%s\t", p->text[PAIRS_FROM], p->text[PAIRS_TO]);
            write_text(&w, p->ids[PAIRS_FROM], p->count[PAIRS_FROM], stdout);
            putchar('\n');
        }
    }
    ore_tokenizer_free(w.tokenizer);
    return ore_error_status();
}

const run_task run_task_pairs = {
    .model = &task_pairs,
    .files = {RUN_TOKENIZER_FILE},
    .kept = {"run-data", "run-val-data"},
    .digest = train_data_digest_file,
    .own_bytes = sizeof(pairs_data),
    .open = pairs_open,
    .close = pairs_close,
    .save = save,
    .settle = settle,
    .items = pairs_items,
    .row = "pair",
    .rows = pairs_count,
    .random_loader = pairs_random_loader,
    .pass_loader = pairs_pass_loader,
    .print_files = print_files,
    .sample_about = "A model of pairs (ore train seq2seq) reads texts from standard input, one a "
                    "line, and writes what belongs to each.",
    .more = "translations of lines of standard input",
    .sample_rows = sample_rows,
    .sample_row_count = sizeof sample_rows / sizeof sample_rows[0],
    .sample_bytes = sizeof(pairs_sample_config),
    .sample = sample,
    .show = show};
