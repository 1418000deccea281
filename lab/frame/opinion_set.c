/* opinion_set.c: reviews as ids, a bag of words, training and accuracy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/opinion_set.h"

/* ---- sets ---- */

static void draw_all(opinion *reviews, int64_t count, bool names, int64_t seed) {
    ore_python_random *random = ore_python_random_new(seed);
    for (int64_t i = 0; i < count && random; i++)
        opinion_draw(&reviews[i], names, random);
    ore_python_random_free(random);
}

ore_tokenizer *opinion_tokenizer(int64_t count, int64_t seed) {
    ore_word_options o = ore_word_defaults();
    o.min_frequency = 2;
    o.rules = ORE_WORD_URLS | ORE_WORD_USERS | ORE_WORD_NUMBERS;
    ore_word_counts *counts = ore_word_counts_new(&o);
    ore_python_random *random = ore_python_random_new(seed);
    for (int64_t i = 0; i < count && ore_ok(); i++) {
        opinion r;
        opinion_draw(&r, true, random);
        ore_word_counts_add(counts, r.text, strlen(r.text));
    }
    ore_tokenizer *tokenizer = ore_ok() ? ore_tokenizer_new_words(counts) : NULL;
    ore_python_random_free(random);
    ore_word_counts_free(counts);
    return tokenizer;
}

int64_t opinion_encode(const ore_tokenizer *tokenizer, const char *text, int64_t *ids) {
    int64_t n = ore_tokenizer_encode(tokenizer, text, strlen(text), ids, OPINION_TOKENS_MAX);
    if (n > OPINION_TOKENS_MAX)
        ore_fail(ORE_INVALID, "a review of %lld tokens, expected at most %d", (long long)n,
                 OPINION_TOKENS_MAX);
    return ore_ok() ? n : -1;
}

/* The tensors of the set's reviews. */
static ore_status encode_all(opinion_set *s, const ore_tokenizer *tokenizer) {
    size_t n = (size_t)s->count;
    int64_t *ids = calloc(n * OPINION_TOKENS_MAX, sizeof *ids);
    int64_t *lengths = calloc(n, sizeof *lengths), *labels = calloc(n, sizeof *labels);
    if (!ids || !lengths || !labels)
        ore_fail(ORE_MEMORY, "out of memory: %lld reviews", (long long)s->count);
    for (int64_t i = 0; i < s->count && ore_ok(); i++) {
        int64_t *row = ids + i * OPINION_TOKENS_MAX;
        lengths[i] = opinion_encode(tokenizer, s->reviews[i].text, row);
        for (int64_t k = lengths[i]; ore_ok() && k < OPINION_TOKENS_MAX; k++)
            row[k] = 0;
        labels[i] = s->reviews[i].positive;
    }
    if (ore_ok()) {
        ore_shape shape = ORE_SHAPE(s->count, OPINION_TOKENS_MAX);
        s->ids = ore_own(ore_from_data(ids, shape, ORE_INT64));
        s->lengths = ore_own(ore_from_data(lengths, ORE_SHAPE(s->count), ORE_INT64));
        s->labels = ore_own(ore_from_data(labels, ORE_SHAPE(s->count), ORE_INT64));
    }
    free(labels);
    free(lengths);
    free(ids);
    return ore_error_status();
}

static ore_status allocate(opinion_set *s, int64_t count) {
    *s = (opinion_set){.count = count, .reviews = calloc((size_t)count, sizeof *s->reviews)};
    return s->reviews ? ORE_OK
                      : ore_fail(ORE_MEMORY, "out of memory: %lld reviews", (long long)count);
}

ore_status opinion_set_make(opinion_set *s, const ore_tokenizer *tokenizer, int64_t count,
                            bool names, int64_t seed) {
    if (allocate(s, count) != ORE_OK || !ore_ok())
        return ore_error_status();
    draw_all(s->reviews, count, names, seed);
    return encode_all(s, tokenizer);
}

ore_status opinion_set_of(opinion_set *s, const ore_tokenizer *tokenizer, const char *const *texts,
                          int64_t count) {
    if (allocate(s, count) != ORE_OK || !ore_ok())
        return ore_error_status();
    for (int64_t i = 0; i < count; i++)
        snprintf(s->reviews[i].text, OPINION_BYTES, "%s", texts[i]);
    return encode_all(s, tokenizer);
}

void opinion_set_free(opinion_set *s) {
    ore_free(s->ids);
    ore_free(s->lengths);
    ore_free(s->labels);
    free(s->reviews);
    *s = (opinion_set){0};
}

/* ---- readers ---- */

void opinion_bag_init(opinion_bag *b, int64_t V, ore_generator *g) {
    ore_linear_options o = ore_linear_defaults();
    o.generator = g;
    b->V = V;
    ore_linear_init(&b->linear, NULL, NULL, V, 2, &o);
}

/* Counts of words (n, V): a row of ones for each token, added at its word. */
static ore_tensor *counts_of(ore_tensor *ids, ore_tensor *lengths, int64_t V) {
    int64_t n = ore_size(ids, 0), T = ore_size(ids, 1);
    ore_tensor *places = ore_arange(0, (double)T, 1, ORE_INT64);
    ore_tensor *inside =
        ore_to(ore_lt(places, ore_unsqueeze(lengths, 1)), ORE_FLOAT32); /* (n, T) */
    return ore_scatter_add(ore_zeros(ORE_SHAPE(n, V), ORE_FLOAT32), 1, ids, inside);
}

ore_tensor *opinion_bag_read(void *bag, const opinion_set *s, ore_tensor *rows) {
    const opinion_bag *b = bag;
    ore_tensor *ids = ore_index_select(s->ids, 0, rows), *n = ore_index_select(s->lengths, 0, rows);
    return ore_linear_forward(&b->linear, counts_of(ids, n, b->V));
}

ore_tensor *opinion_encoder_read(void *model, const opinion_set *s, ore_tensor *rows) {
    ore_tensor *lengths = ore_index_select(s->lengths, 0, rows); /* (n) */
    ore_tensor *ids = ore_index_select(s->ids, 0, rows);         /* (n, T) */
    int64_t longest = ore_item_int(ore_amax(lengths, ORE_ALL, false));
    return ore_ok() ? encoder_forward(model, ore_narrow(ids, 1, 0, longest), lengths) : NULL;
}

ore_status opinion_train(lab *l, ore_module *module, opinion_reader read, const opinion_set *s,
                         const opinion_training *t, ore_generator *g) {
    ore_adamw_options o = ore_adamw_defaults();
    ore_optimizer *optimizer = ore_adamw_new(module, &o);
    ore_schedule schedule = ore_schedule_defaults();
    schedule.kind = ORE_SCHEDULE_COSINE;
    schedule.lr = t->lr;
    schedule.warmup_steps = t->steps / 10;
    schedule.steps = t->steps;
    ore_module_train(module, true);
    for (int64_t step = 0; step < t->steps && ore_ok(); step++) {
        ore_scope_begin();
        ore_tensor *rows = ore_randint(0, s->count, ORE_SHAPE(t->batch), ORE_INT64, g);
        ore_tensor *y = ore_index_select(s->labels, 0, rows);
        ore_tensor *loss = ore_cross_entropy(read(module, s, rows), y, NULL);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss);
        ore_clip_grad_norm(module, 1);
        ore_optimizer_schedule(optimizer, &schedule, step);
        ore_optimizer_step(optimizer);
        if (ore_ok())
            lab_progress(l, t->name, step + 1, t->steps, ore_item(loss));
        ore_scope_end();
    }
    ore_module_eval(module);
    ore_optimizer_free(optimizer);
    return ore_error_status();
}

double opinion_accuracy(ore_module *module, opinion_reader read, const opinion_set *s,
                        bool *right) {
    enum { ROWS = 250 };
    int64_t sum = 0;
    ore_no_grad_begin();
    for (int64_t first = 0; first < s->count && ore_ok(); first += ROWS) {
        int64_t n = s->count - first < ROWS ? s->count - first : ROWS;
        ore_scope_begin();
        ore_tensor *rows = ore_arange((double)first, (double)(first + n), 1, ORE_INT64);
        ore_tensor *best = ore_argmax(read(module, s, rows), 1, false);
        const int64_t *class = best ? ore_data(best) : NULL, *label = ore_data(s->labels);
        for (int64_t i = 0; class && i < n; i++) {
            right[first + i] = class[i] == label[first + i];
            sum += right[first + i];
        }
        ore_scope_end();
    }
    ore_no_grad_end();
    return ore_ok() ? (double)sum / (double)s->count : (double)NAN;
}
