/* translate.c: dates in seventeen spellings become ISO dates: an encoder-decoder transformer with
 * cross-attention, beam search, and where the decoder looks for each character that it writes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/lab.h"
#include "lab/frame/pictures.h"
#include "lab/frame/translation.h"
#include "models/seq2seq/seq2seq.h"

enum { TRAIN = 30000, HELD = 1000, BATCH = 64, STEPS = 1200, QUICK_STEPS = 10, BEAMS = 4 };

static const char *const kind_names[] = {"transformer", "GRUs, Bahdanau", "GRUs, Luong"};
enum { KINDS = SEQ2SEQ_LUONG + 1 };

/* ---- training ---- */

/* Up to the top in a tenth of the steps, then down along a cosine. */
static double rate_at(int64_t step, int64_t steps) {
    const double top = 2e-3, pi = 3.14159265358979323846;
    double warmup = (double)steps / 10, s = (double)step;
    if (s < warmup)
        return top * (s + 1) / warmup;
    return top * (0.05 + 0.95 * 0.5 * (1 + cos(pi * (s - warmup) / ((double)steps - warmup))));
}

/* One step on a batch; lengths NULL: its padding is read, too. */
static double train_step(seq2seq *model, ore_optimizer *o, const ore_batch *b,
                         ore_tensor *lengths) {
    ore_tensor *logits = seq2seq_forward(model, b->x, lengths, b->y); /* (B, L, V) */
    ore_tensor *loss = ore_cross_entropy(ore_flatten(logits, 0, 1), ore_flatten(b->y, 0, 1), NULL);
    double value = loss ? ore_item(loss) : 0;
    ore_optimizer_zero_grad(o);
    ore_backward(loss);
    ore_clip_grad_norm(&model->module, 1);
    ore_optimizer_step(o);
    return value;
}

/* The losses of all steps into losses; returns the seconds that it took. */
static double train(lab *l, const char *name, seq2seq *model, const translation *data,
                    int64_t steps, double *losses) {
    ore_generator *g = ore_generator_new(1);
    ore_adamw_options how = ore_adamw_defaults();
    ore_optimizer *o = ore_adamw_new(&model->module, &how);
    translation_feed feed;
    translation_feed_open(&feed, data, BATCH, true, g);
    double start = ore_clock_s();
    for (int64_t i = 0; i < steps && ore_ok(); i++) {
        ore_scope_begin();
        ore_batch b = translation_feed_next(&feed);
        ore_optimizer_set_lr(o, 0, rate_at(i, steps));
        losses[i] = train_step(model, o, &b, b.x_lengths);
        lab_progress(l, name, i + 1, steps, losses[i]);
        ore_scope_end();
    }
    start = ore_clock_s() - start;
    translation_feed_close(&feed);
    ore_optimizer_free(o);
    ore_generator_free(g);
    return start;
}

/* ---- writing ---- */

/* The n pairs at rows, by beam search or, with one beam, greedily: ids (n, 1, L) of the scope. */
static ore_written translate(const seq2seq *model, const translation *data, const int64_t *rows,
                             int64_t n, int64_t beams) {
    ore_written w = {0};
    seq2seq_state state;
    ore_batch b = translation_batch(data, rows, n);
    ore_tensor *start = ore_full(ORE_SHAPE(n, 1), (double)seq2seq_start(model), ORE_INT64);
    if (seq2seq_state_init(&state, model, b.x, b.x_lengths) == ORE_OK) {
        ore_stepper stepper = {&state, seq2seq_step, seq2seq_reorder};
        ore_beam_options o = ore_beam_defaults();
        o.max_tokens = DATES_ISO_BYTES + 4; /* a date may come out too long */
        o.end_id = ore_tokenizer_separator(data->tokenizer);
        o.beams = beams;
        w = ore_beam_search(&stepper, start, &o);
    }
    seq2seq_state_free(&state);
    return w;
}

/* How many of the held-out pairs come out exactly. */
static int64_t count_exact(const seq2seq *model, const translation *data, int64_t held,
                           int64_t beams) {
    enum { AT_ONCE = 100 };
    int64_t exact = 0, rows[AT_ONCE];
    for (int64_t first = 0; first < held && ore_ok(); first += AT_ONCE) {
        ore_scope_begin();
        int64_t n = held - first < AT_ONCE ? held - first : AT_ONCE;
        for (int64_t i = 0; i < n; i++)
            rows[i] = data->train + first + i;
        ore_written w = translate(model, data, rows, n, beams);
        for (int64_t i = 0; ore_ok() && i < n; i++) {
            int64_t L = ore_size(w.ids, 2);
            const int64_t *ids = (const int64_t *)ore_data(w.ids) + i * L;
            char text[DATES_BYTES];
            exact += strcmp(translation_text(data, ids, L, text), data->pairs[rows[i]].to) == 0;
        }
        ore_scope_end();
    }
    return exact;
}

static void show_translations(lab *l, const seq2seq *model, const translation *data) {
    enum { SHOWN = 8 };
    char table[SHOWN * 2 * DATES_BYTES], *at = table;
    for (int64_t i = 0; i < SHOWN && ore_ok(); i++) {
        ore_scope_begin();
        int64_t row = data->train + i;
        ore_written w = translate(model, data, &row, 1, BEAMS);
        char text[DATES_BYTES];
        if (ore_ok())
            at += sprintf(at, "%-36s %s\n", data->pairs[row].from,
                          translation_text(data, ore_data(w.ids), ore_size(w.ids, 2), text));
        ore_scope_end();
    }
    lab_show(l, table);
}

/* ---- where the decoder looks ---- */

/* Weights (TRANSLATION_TOKENS, S) of the last layer while the pair's own translation is written. */
static ore_tensor *alignment(const seq2seq *model, const translation *data, int64_t row) {
    seq2seq_state state;
    ore_batch b = translation_batch(data, &row, 1);
    ore_tensor *weights = NULL;
    ore_tensor *start = ore_full(ORE_SHAPE(1, 1), (double)seq2seq_start(model), ORE_INT64);
    ore_tensor *read = ore_narrow(b.y, 1, 0, TRANSLATION_TOKENS - 1);
    read = ore_cat((ore_tensor *[]){start, read}, 2, 1);
    if (seq2seq_state_init(&state, model, b.x, b.x_lengths) == ORE_OK) {
        state.keep_weights = true;
        ore_no_grad_begin();
        seq2seq_step(&state, read);
        weights = ore_clone(ore_select(state.weights, 0, 0));
        ore_no_grad_end();
    }
    seq2seq_state_free(&state);
    return weights;
}

/* Each character as a text of its own: names for rows or columns. */
static void name_characters(const char *text, char (*letters)[2], const char **names) {
    for (size_t i = 0; text[i]; i++) {
        letters[i][0] = text[i] == ' ' ? '_' : text[i];
        letters[i][1] = 0;
        names[i] = letters[i];
    }
}

static void draw_alignment(lab *l, const seq2seq *model, const translation *data,
                           seq2seq_kind kind) {
    static const char *const names[] = {"alignment", "alignment-bahdanau", "alignment-luong"};
    enum { SHOWN = 2 }; /* a held-out pair with words */
    char from[DATES_BYTES][2], to[DATES_BYTES][2];
    const char *columns[DATES_BYTES], *rows[DATES_BYTES];
    const date_pair *p = &data->pairs[data->train + SHOWN];
    name_characters(p->from, from, columns);
    name_characters(p->to, to, rows);
    rows[TRANSLATION_TOKENS - 1] = "end";
    ore_scope_begin();
    ore_tensor *w = alignment(model, data, data->train + SHOWN);
    ore_figure *f = picture_new(kind_names[kind], "read", "written");
    ore_heatmap_options o = ore_heatmap_defaults();
    o.row_names = rows;
    o.col_names = columns;
    if (ore_ok())
        picture_matrix(f, w, o);
    lab_picture(l, f, names[kind],
                "Where the decoder looks: its weights of what was read, a row for each character "
                "that it writes (of a transformer, the mean over the last layer's heads).");
    ore_scope_end();
}

/* ---- what lengths and buckets save ---- */

enum { MODES = 4, ROUNDS = 40, WARM_UP = 3 }; /* mode 0 .. 3: bit 0 buckets, bit 1 packed */

/* Mean milliseconds of a step of each mode, in turn, and shares of x that are padding, without and
 * with buckets. */
static void time_modes(seq2seq *model, const translation *data, int64_t rounds, double *ms,
                       double *padding) {
    translation_feed feeds[2];
    ore_adamw_options how = ore_adamw_defaults();
    ore_generator *g[2] = {ore_generator_new(5), ore_generator_new(5)};
    ore_optimizer *o = ore_adamw_new(&model->module, &how);
    for (int buckets = 0; buckets < 2; buckets++)
        translation_feed_open(&feeds[buckets], data, BATCH, buckets, g[buckets]);
    double read[2] = {0, 0}, padded[2] = {0, 0};
    for (int64_t i = 0; i < WARM_UP + rounds; i++)
        for (int mode = 0; mode < MODES && ore_ok(); mode++) {
            ore_scope_begin();
            ore_batch b = translation_feed_next(&feeds[mode & 1]);
            double start = ore_clock_s();
            train_step(model, o, &b, mode & 2 ? b.x_lengths : NULL);
            ms[mode] += i < WARM_UP ? 0 : (ore_clock_s() - start) * 1000 / (double)rounds;
            ore_tensor *counted = ore_sum(b.x_lengths, ORE_ALL, false);
            read[mode & 1] += counted ? (double)ore_item_int(counted) : 0;
            padded[mode & 1] += b.x ? (double)ore_numel(b.x) : 0;
            ore_scope_end();
        }
    for (int buckets = 0; buckets < 2; buckets++) {
        padding[buckets] = 1 - read[buckets] / padded[buckets];
        translation_feed_close(&feeds[buckets]);
        ore_generator_free(g[buckets]);
    }
    ore_optimizer_free(o);
}

static void tell_savings(lab *l, const translation *data) {
    seq2seq model;
    seq2seq_config c = seq2seq_defaults();
    double ms[MODES] = {0}, padding[2] = {0};
    char table[512], *at = table;
    c.kind = SEQ2SEQ_LUONG;
    c.vocab_size = ore_tokenizer_size(data->tokenizer);
    ore_generator *g = ore_generator_new(1337);
    if (seq2seq_init(&model, &c, g) == ORE_OK) {
        time_modes(&model, data, lab_quick(l) ? 2 : ROUNDS, ms, padding);
        seq2seq_free(&model);
    }
    ore_generator_free(g);
    if (!ore_ok())
        return;
    lab_heading(l, "What packed lengths and buckets save");
    lab_say(
        l,
        "Rows of a batch are padded to the longest. Of %d random pairs %.0f%% of what the "
        "encoder would read is padding; of pairs of like lengths, %.0f%%. Packed sequences read "
        "none of it, and a GRU's state is then that after the last character, not after "
        "blanks. Milliseconds of a step of the GRUs with Luong's attention, all in turn:",
        BATCH, 100 * padding[0], 100 * padding[1]);
    at += sprintf(at, "%-24s %8s %8s\n", "", "padded", "packed");
    at += sprintf(at, "%-24s %8.2f %8.2f\n", "random batches", ms[0], ms[2]);
    sprintf(at, "%-24s %8.2f %8.2f\n", "batches of like lengths", ms[1], ms[3]);
    lab_show(l, table);
    lab_expect(l, padding[1] < padding[0] / 4,
               "buckets leave less than a quarter of the padding: "
               "%.3f of %.3f",
               padding[1], padding[0]);
}

/* ---- the story ---- */

typedef struct translator {
    double losses[STEPS], seconds;
    int64_t parameters, greedy, beam; /* of the held-out pairs, those that are exact */
} translator;

static void tell_task(lab *l) {
    char table[DATES_SPELLINGS * 2 * DATES_BYTES], *at = table;
    enum { A_DAY = 27092 }; /* 2024-03-05 */
    lab_heading(l, "Read one sequence, write another");
    lab_say(l,
            "The encoder reads a date as somebody wrote it, each character seeing all others. The "
            "decoder writes it as ISO 8601 has it, each character seeing those before it and, by "
            "cross-attention, all that was read. %d pairs to learn from are of four days in five; "
            "none of the days of the %d held-out pairs is among them.",
            TRAIN, HELD);
    for (int i = 0; i < DATES_SPELLINGS; i++) {
        date_pair p;
        dates_write(A_DAY, i, &p);
        at += sprintf(at, "%-36s %s\n", p.from, p.to);
    }
    lab_show(l, table);
}

static void run_kind(lab *l, seq2seq_kind kind, const translation *data, translator *t) {
    seq2seq model;
    seq2seq_config c = seq2seq_defaults();
    int64_t held = lab_quick(l) ? 20 : HELD;
    c.kind = kind;
    c.vocab_size = ore_tokenizer_size(data->tokenizer);
    ore_generator *g = ore_generator_new(1337);
    if (seq2seq_init(&model, &c, g) == ORE_OK) {
        t->parameters = ore_module_parameter_count(&model.module, false);
        t->seconds =
            train(l, kind_names[kind], &model, data, lab_quick(l) ? QUICK_STEPS : STEPS, t->losses);
        ore_module_eval(&model.module);
        t->greedy = count_exact(&model, data, held, 1);
        t->beam = count_exact(&model, data, held, BEAMS);
        if (kind == SEQ2SEQ_TRANSFORMER)
            show_translations(l, &model, data);
        draw_alignment(l, &model, data, kind);
        seq2seq_free(&model);
    }
    ore_generator_free(g);
}

static void compare(lab *l, const translator *t) {
    int64_t steps = lab_quick(l) ? QUICK_STEPS : STEPS, held = lab_quick(l) ? 20 : HELD;
    char table[1024], *at = table;
    ore_figure *f = picture_new("learning to translate", "step", "loss (log10 of nats)");
    lab_heading(l, "Three of them");
    at += sprintf(at, "%-16s %12s %10s %10s %10s %10s\n", "", "parameters", "seconds", "last loss",
                  "greedy", "beam");
    for (int k = 0; k < KINDS; k++) {
        at += sprintf(at, "%-16s %12lld %10.1f %10.5f %9.1f%% %9.1f%%\n", kind_names[k],
                      (long long)t[k].parameters, t[k].seconds, t[k].losses[steps - 1],
                      100 * (double)t[k].greedy / (double)held,
                      100 * (double)t[k].beam / (double)held);
        picture_losses(f, t[k].losses, steps, steps / 10, kind_names[k]);
    }
    lab_say(l,
            "Each after %lld steps of %d pairs: held-out dates that come out exactly when the "
            "likeliest character is taken each time, and with a beam of %d.",
            (long long)steps, BATCH, BEAMS);
    lab_show(l, table);
    lab_picture(l, f, "loss", "Mean losses of characters while the three learn.");
    const translator *first = &t[SEQ2SEQ_TRANSFORMER];
    lab_note(l, "transformer, exact, greedy", (double)first->greedy / (double)held);
    lab_note(l, "transformer, exact, beam", (double)first->beam / (double)held);
    for (int k = 0; k < KINDS && !lab_quick(l); k++)
        lab_expect(l, 100 * t[k].beam >= 98 * held, "%s: at least 98%% exact: %lld of %lld",
                   kind_names[k], (long long)t[k].beam, (long long)held);
}

ore_status lecture_translate(lab *l) {
    static translator translators[KINDS];
    translation data;
    ore_generator *g = ore_generator_new(1337);
    if (translation_new(&data, TRAIN, HELD, g) == ORE_OK) {
        tell_task(l);
        for (int kind = 0; kind < KINDS && ore_ok(); kind++)
            run_kind(l, (seq2seq_kind)kind, &data, &translators[kind]);
        if (ore_ok())
            compare(l, translators);
        tell_savings(l, &data);
    }
    translation_free(&data);
    ore_generator_free(g);
    return ore_error_status();
}
