/* beam.c: beam search. */
#include <math.h>
#include <stdlib.h>

#include <ore/infer.h>

#include "base/elementary/elementary.h"
#include "base/memory.h"
#include "infer/writing.h"

ore_beam_options ore_beam_defaults(void) {
    return (ore_beam_options){
        .max_tokens = 64, .end_id = -1, .beams = 4, .sequences = 1, .length_penalty = 1};
}

static bool options_fit(const ore_beam_options *o) {
    if (!writing_options_fit("beam search", o->max_tokens, o->end_id, o->sequences))
        return false;
    if (o->beams < 1 || o->beams > INT32_MAX)
        ore_fail(ORE_INVALID, "beam search: %lld beams, expected 1 or more, below 2^31",
                 (long long)o->beams);
    else if (o->sequences > o->beams)
        ore_fail(ORE_INVALID, "beam search: %lld sequences of %lld beams, expected at most as many",
                 (long long)o->sequences, (long long)o->beams);
    else if (!isfinite(o->length_penalty))
        ore_fail(ORE_INVALID, "beam search: length_penalty %g, expected a finite number",
                 o->length_penalty);
    return ore_ok();
}

/* ---- the likeliest continuations ---- */

/* Row r with `id` behind it. */
typedef struct candidate {
    double log_p;
    int64_t row, id;
} candidate;

/* A total order, so that it does not depend on how it is found which are the first. */
static bool before(const candidate *a, const candidate *b) {
    if (a->log_p != b->log_p)
        return a->log_p > b->log_p;
    return a->row != b->row ? a->row < b->row : a->id < b->id;
}

static int in_order(const void *a, const void *b) {
    return before(b, a) - before(a, b);
}

/* A heap whose first is the last in order of at most `capacity`. */
typedef struct top {
    candidate *item;
    int64_t count, capacity;
} top;

static void sink(top *t, int64_t i) {
    candidate c = t->item[i];
    for (int64_t child; (child = 2 * i + 1) < t->count; i = child) {
        if (child + 1 < t->count && before(&t->item[child], &t->item[child + 1]))
            child++;
        if (!before(&c, &t->item[child]))
            break;
        t->item[i] = t->item[child];
    }
    t->item[i] = c;
}

static void offer(top *t, candidate c) {
    if (t->count < t->capacity) {
        int64_t i = t->count++;
        for (; i > 0 && before(&t->item[(i - 1) / 2], &c); i = (i - 1) / 2)
            t->item[i] = t->item[(i - 1) / 2];
        t->item[i] = c;
    } else if (before(&c, &t->item[0])) {
        t->item[0] = c;
        sink(t, 0);
    }
}

/* All continuations of rows from .. to, which are those of one prompt. False with ORE_DATA. */
static bool look_at(const writing *w, int64_t from, int64_t to, top *t) {
    t->count = 0;
    for (int64_t r = from; r < to; r++) {
        const float *log_p = w->log_p + r * w->V;
        for (int64_t id = 0; id < w->V; id++) {
            if (isnan(log_p[id])) { /* log softmax of NaN, of inf, or of -inf alone */
                ore_fail(ORE_DATA, "beam search: the logits of a step have NaN, inf or only -inf");
                return false;
            }
            if (log_p[id] > -INFINITY)
                offer(t, (candidate){w->row[r].log_p + (double)log_p[id], r, id});
        }
    }
    qsort(t->item, (size_t)t->count, sizeof *t->item, in_order);
    return true;
}

/* ---- a prompt's sequences ---- */

static double score_of(const ore_beam_options *o, double log_p, int64_t length) {
    return log_p / ore_math_pow((double)length, o->length_penalty);
}

/* The entry of the smallest score; one that is still empty has -inf. */
static int64_t worst_entry(const writing *w, int64_t prompt) {
    const written_entry *e = w->entry + prompt * w->sequences;
    int64_t worst = 0;
    for (int64_t i = 1; i < w->sequences; i++)
        if (e[i].score < e[worst].score)
            worst = i;
    return worst;
}

static void end_with(writing *w, int64_t prompt, const candidate *c, double score) {
    int64_t worst = worst_entry(w, prompt);
    if (score > w->entry[prompt * w->sequences + worst].score)
        writing_end(w, prompt, worst, c->row, c->id, score);
}

/* Whether a sequence that goes on could still be better than one that has ended: its sum can only
 * fall, and the length that serves it best is the longest, or the next one. */
static bool may_improve(const writing *w, const ore_beam_options *o, int64_t prompt, double log_p) {
    double worst = w->entry[prompt * w->sequences + worst_entry(w, prompt)].score;
    if (worst == -INFINITY)
        return true;
    if (o->early_stop)
        return false;
    return score_of(o, log_p, o->length_penalty > 0 ? o->max_tokens : w->tokens + 2) > worst;
}

/* The rows from .. to of a prompt: what ends is kept, what goes on is told to w. */
static void extend(writing *w, const ore_beam_options *o, int64_t from, int64_t to, top *t) {
    if (!look_at(w, from, to, t))
        return;
    int64_t prompt = w->row[from].prompt, going_on = w->next_count, length = w->tokens + 1;
    for (int64_t i = 0; i < t->count; i++) {
        const candidate *c = &t->item[i];
        if (c->id == o->end_id || length == o->max_tokens) {
            if (i < o->beams)
                end_with(w, prompt, c, score_of(o, c->log_p, length));
        } else if (w->next_count - going_on < o->beams)
            writing_continue(w, c->row, (written_row){.prompt = prompt, .log_p = c->log_p}, c->id);
    }
    if (w->next_count > going_on && !may_improve(w, o, prompt, w->next[going_on].log_p))
        w->next_count = going_on;
}

static int falling_score(const void *a, const void *b) {
    const written_entry *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

static void search(writing *w, const ore_beam_options *o, top *t) {
    while (ore_ok() && w->count > 0) {
        ore_scope_begin();
        bool stepped = writing_step(w);
        for (int64_t from = 0, to; stepped && from < w->count && ore_ok(); from = to) {
            for (to = from; to < w->count && w->row[to].prompt == w->row[from].prompt;)
                to++;
            extend(w, o, from, to, t);
        }
        if (ore_ok())
            writing_turn(w);
        ore_scope_end();
    }
    for (int64_t p = 0; p < w->P && ore_ok(); p++)
        qsort(w->entry + p * w->sequences, (size_t)w->sequences, sizeof *w->entry, falling_score);
}

ore_written ore_beam_search(const ore_stepper *model, ore_tensor *prompts,
                            const ore_beam_options *options) {
    ore_beam_options o = options ? *options : ore_beam_defaults();
    if (!ore_ok() || !options_fit(&o))
        return (ore_written){NULL, NULL, NULL};
    writing w;
    writing_init(&w, "beam search", model, prompts, o.beams, o.beams, o.max_tokens);
    top t = {.capacity = 2 * o.beams};
    t.item = ore_ok() ? ore_alloc((size_t)t.capacity * sizeof *t.item) : NULL;
    ore_no_grad_begin();
    if (t.item)
        search(&w, &o, &t);
    ore_no_grad_end();
    ore_written out = writing_result(&w, o.sequences, o.end_id);
    ore_release(t.item);
    writing_free(&w);
    return out;
}
