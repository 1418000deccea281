/* play.c: a running text for the lab. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/play.h"
#include "lab/frame/text.h"

enum { PAGE = 30000 }; /* characters: few enough for a small model to overfit */

/* The words as one text, each with its newline. */
static ore_text *join_words(lab_play *p, lab *l) {
    int64_t count;
    size_t room = 0, used = 0;
    const char *const *words = lab_words(l, &count);
    for (int64_t i = 0; words && i < count; i++)
        room += strlen(words[i]) + 1;
    p->joined = words ? lab_allocate(room + 1) : NULL;
    for (int64_t i = 0; p->joined && i < count; i++)
        used += (size_t)snprintf(p->joined + used, room + 1 - used, "%s\n", words[i]);
    return ore_text_open_memory("words", p->joined, used, NULL);
}

/* The beginning of the text as token parts of its own. */
static void open_page(lab_play *p) {
    ore_token_parts_options all = ore_token_parts_defaults();
    int64_t length = ore_ok() ? ore_token_parts_tokens(p->data, ORE_PART_TRAIN) : 0;
    all.val_fraction = 0;
    length = length < PAGE ? length : PAGE;
    p->page_ids = ore_ok() ? lab_allocate((size_t)length * sizeof *p->page_ids) : NULL;
    if (!p->page_ids || p->tokens->read(p->tokens, 0, length, p->page_ids) != ORE_OK)
        return;
    p->page_tokens = ore_tokens_of_memory("page", p->page_ids, length, -1);
    p->page = ore_token_parts_new(p->page_tokens, NULL, &all);
}

void lab_play_open(lab_play *p, lab *l) {
    const char *path = lab_text_path(l);
    *p = (lab_play){0};
    p->text = path ? ore_text_open(path, NULL) : join_words(p, l);
    p->tokenizer = ore_tokenizer_new_char(p->text, false);
    p->tokens = ore_tokens_of_text(p->text, p->tokenizer);
    p->data = ore_token_parts_new(p->tokens, NULL, NULL);
    open_page(p);
    if (ore_ok())
        p->V = ore_tokenizer_size(p->tokenizer);
    else
        lab_play_close(p);
}

void lab_play_close(lab_play *p) {
    ore_token_parts_free(p->page);
    ore_tokens_close(p->page_tokens);
    free(p->page_ids);
    ore_token_parts_free(p->data);
    ore_tokens_close(p->tokens);
    ore_tokenizer_free(p->tokenizer);
    ore_text_close(p->text);
    free(p->joined);
    *p = (lab_play){0};
}

/* The id that comes after ids (n). */
static int64_t next_id(const ore_module *module, const int64_t *ids, int64_t n) {
    ore_scope_begin();
    ore_tensor *x = ore_from_data(ids, ORE_SHAPE(1, n), ORE_INT64);
    ore_tensor *logits = ore_select(ore_module_forward(module, x), 0, 0); /* (n, V) */
    int64_t id = ore_sample_token(ore_select(logits, 0, -1), NULL, NULL);
    ore_scope_end();
    return id;
}

char *lab_play_write(const lab_play *p, const ore_module *module, int64_t block, int64_t count) {
    int64_t *ids = lab_allocate((size_t)(count + 1) * sizeof *ids), newline, n = 1;
    if (!ids)
        return NULL;
    newline = ore_tokenizer_id(p->tokenizer, "\n", 1);
    ids[0] = newline > 0 ? newline : 0;
    ore_no_grad_begin();
    for (; n <= count && ore_ok(); n++) {
        int64_t seen = n < block ? n : block;
        ids[n] = next_id(module, ids + n - seen, seen);
    }
    ore_no_grad_end();
    int64_t bytes = ore_ok() ? ore_tokenizer_decode(p->tokenizer, ids, n, NULL, 0) : -1;
    char *text = bytes >= 0 ? lab_allocate((size_t)bytes + 1) : NULL;
    if (text)
        ore_tokenizer_decode(p->tokenizer, ids, n, text, (size_t)bytes);
    free(ids);
    return text;
}

const char *lab_play_name(const lab_play *p, int64_t id, char *text) {
    int64_t bytes = ore_tokenizer_decode(p->tokenizer, &id, 1, text, ORE_PIECE_BYTES - 1);
    text[bytes > 0 ? bytes : 0] = '\0';
    if (strcmp(text, "\n") == 0)
        return strcpy(text, "↵");
    return strcmp(text, " ") == 0 ? strcpy(text, "·") : text;
}

/* ---- training ---- */

enum { BATCH = 32, QUICK_STEPS = 20 };

typedef struct training {
    lab *l;
    const lab_play *p;
    ore_module *module;
    const lab_play_training *o;
    lab_curve *curve;
} training;

static double evaluate(void *user, ore_part part, int64_t step) {
    const training *t = user;
    (void)step; /* the same places each time */
    ore_evaluation e;
    ore_token_loader_options o = ore_token_loader_defaults();
    o.part = part;
    o.batch_size = BATCH;
    o.block_size = t->o->block;
    o.generator = ore_generator_new(1);
    bool page = t->o->page && part == ORE_PART_TRAIN;
    ore_loader *loader = ore_random_loader_new(page ? t->p->page : t->p->data, &o);
    int64_t batches = (lab_quick(t->l) ? 100 : 1600) / o.block_size;
    ore_evaluate_loader(t->module, NULL, NULL, NULL, loader, batches, &e);
    ore_loader_free(loader);
    ore_generator_free(o.generator);
    return e.loss;
}

static bool report(void *user, const ore_fit_report *r) {
    const training *t = user;
    if (r->state->step > 0)
        lab_progress(t->l, t->o->name, r->state->step, r->steps, r->loss);
    if (r->evaluated && t->curve->count < LAB_CURVE_POINTS)
        t->curve->points[t->curve->count++] =
            (lab_point){(double)r->state->step, r->train_loss, r->val_loss};
    return true;
}

void lab_play_train(lab *l, const lab_play *p, ore_module *module, const lab_play_training *options,
                    lab_curve *curve) {
    training t = {l, p, module, options, curve};
    *curve = (lab_curve){0};
    ore_token_loader_options lo = ore_token_loader_defaults();
    lo.batch_size = BATCH;
    lo.block_size = options->block;
    ore_fit_options o = ore_fit_defaults();
    o.module = module;
    o.loader = ore_random_loader_new(options->page ? p->page : p->data, &lo);
    o.optimizer = ore_adamw_new(module, NULL);
    o.steps = lab_quick(l) ? QUICK_STEPS : options->steps;
    o.evaluate = evaluate;
    o.eval_interval = options->page ? o.steps / (LAB_CURVE_POINTS - 1) : 0;
    o.report = report;
    o.user = &t;
    ore_fit_result result;
    ore_fit(&o, NULL, &result);
    ore_fit_result_free(&result);
    ore_optimizer_free(o.optimizer);
    ore_loader_free(o.loader);
    ore_module_eval(module);
}

lab_point lab_curve_end(const lab_curve *curve) {
    return curve->count > 0 ? curve->points[curve->count - 1] : (lab_point){NAN, NAN, NAN};
}

void lab_curve_bars(ore_figure *figure, const lab_curve *curves, const char *const *names, int n) {
    enum { BARS_MAX = 16 };
    double train[BARS_MAX], val[BARS_MAX];
    char numbers[BARS_MAX][16];
    const char *texts[BARS_MAX];
    for (int i = 0; i < n && i < BARS_MAX; i++) {
        lab_point end = lab_curve_end(&curves[i]);
        train[i] = end.train;
        val[i] = end.val;
        snprintf(numbers[i], sizeof numbers[i], "%.2f", end.val);
        texts[i] = numbers[i];
    }
    ore_bars_options o = ore_bars_defaults();
    o.names = names;
    ore_plot_labels(figure, NULL, "loss, nats a character");
    ore_plot_bars(figure, train, n < BARS_MAX ? n : BARS_MAX, &o, "train", NULL);
    o.texts = texts;
    ore_plot_bars(figure, val, n < BARS_MAX ? n : BARS_MAX, &o, "validation", NULL);
}

void lab_curve_draw(ore_figure *figure, const lab_curve *curve, const char *name,
                    const char *color) {
    double step[LAB_CURVE_POINTS], train[LAB_CURVE_POINTS], val[LAB_CURVE_POINTS];
    char label[128];
    for (int i = 0; i < curve->count; i++) {
        step[i] = curve->points[i].step;
        train[i] = curve->points[i].train;
        val[i] = curve->points[i].val;
    }
    ore_plot_labels(figure, "step", "loss, nats a character");
    ore_plot_style dashed = {.color = color, .dash = ORE_DASH_DASHED}, solid = {.color = color};
    snprintf(label, sizeof label, "train, %s", name);
    ore_plot_line(figure, step, train, curve->count, label, &dashed);
    snprintf(label, sizeof label, "validation, %s", name);
    ore_plot_line(figure, step, val, curve->count, label, &solid);
}
