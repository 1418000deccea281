/* translation.c: dates for translators. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lab/frame/translation.h"

enum {
    DAYS_OF_FIVE = 5,  /* one day in five is held out */
    POOL_BATCHES = 10, /* sorted together: of 100, a batch has few spellings, and learns worse */
};

/* Draws pairs from the days of one side. */
static void draw_pairs(date_pair *pairs, int64_t count, const int64_t *days, int64_t day_count,
                       ore_generator *g) {
    ore_scope_begin();
    ore_tensor *day = ore_randint(0, day_count, ORE_SHAPE(count), ORE_INT64, g);
    ore_tensor *spelling = ore_randint(0, DATES_SPELLINGS, ORE_SHAPE(count), ORE_INT64, g);
    const int64_t *d = ore_ok() ? ore_data(day) : NULL, *s = d ? ore_data(spelling) : NULL;
    for (int64_t i = 0; s && i < count; i++)
        dates_write(days[d[i]], (int)s[i], &pairs[i]);
    ore_scope_end();
}

static void fill_pairs(translation *t, ore_generator *g) {
    ore_scope_begin();
    ore_tensor *order = ore_randperm(DATES_DAYS, g);
    const int64_t *days = ore_ok() ? ore_data(order) : NULL;
    int64_t held_days = DATES_DAYS / DAYS_OF_FIVE;
    if (days) {
        draw_pairs(t->pairs, t->train, days + held_days, DATES_DAYS - held_days, g);
        draw_pairs(t->pairs + t->train, t->count - t->train, days, held_days, g);
    }
    ore_scope_end();
}

/* All texts, one a line. */
static ore_tokenizer *tokenizer_of(const translation *t) {
    size_t room = (size_t)t->count * (DATES_BYTES + DATES_ISO_BYTES), bytes = 0;
    char *joined = malloc(room + 1);
    if (!joined) {
        ore_fail(ORE_MEMORY, "translation: out of memory: %zu bytes", room);
        return NULL;
    }
    for (int64_t i = 0; i < t->count; i++)
        for (int side = 0; side < 2; side++) {
            const char *text = side ? t->pairs[i].to : t->pairs[i].from;
            size_t n = strlen(text);
            memcpy(joined + bytes, text, n);
            joined[bytes + n] = '\n';
            bytes += n + 1;
        }
    ore_text *text = ore_text_open_memory("dates", joined, bytes, NULL);
    ore_tokenizer *tokenizer = text ? ore_tokenizer_new_char(text, true) : NULL;
    ore_text_close(text);
    free(joined);
    return tokenizer;
}

static void encode(translation *t) {
    for (int64_t i = 0; i < t->count && ore_ok(); i++) {
        const date_pair *p = &t->pairs[i];
        int64_t *x = t->x + i * DATES_BYTES, *y = t->y + i * TRANSLATION_TOKENS;
        t->lengths[i] =
            ore_tokenizer_encode(t->tokenizer, p->from, strlen(p->from), x, DATES_BYTES);
        ore_tokenizer_encode(t->tokenizer, p->to, strlen(p->to), y, TRANSLATION_TOKENS);
        y[TRANSLATION_TOKENS - 1] = ore_tokenizer_separator(t->tokenizer);
    }
}

ore_status translation_new(translation *t, int64_t train, int64_t held, ore_generator *g) {
    size_t n = (size_t)(train + held);
    *t = (translation){.count = train + held, .train = train};
    t->pairs = calloc(n, sizeof *t->pairs);
    t->x = calloc(n, DATES_BYTES * sizeof *t->x);
    t->lengths = calloc(n, sizeof *t->lengths);
    t->y = calloc(n, TRANSLATION_TOKENS * sizeof *t->y);
    if (!t->pairs || !t->x || !t->lengths || !t->y)
        return ore_fail(ORE_MEMORY, "translation: out of memory: %zu pairs", n);
    fill_pairs(t, g);
    t->tokenizer = ore_ok() ? tokenizer_of(t) : NULL;
    if (ore_ok())
        encode(t);
    return ore_error_status();
}

void translation_free(translation *t) {
    ore_tokenizer_free(t->tokenizer);
    free(t->pairs);
    free(t->x);
    free(t->lengths);
    free(t->y);
    *t = (translation){0};
}

ore_batch translation_batch(const translation *t, const int64_t *rows, int64_t n) {
    ore_batch b = {.tokens = n * TRANSLATION_TOKENS};
    int64_t S = 1;
    for (int64_t i = 0; i < n; i++)
        S = t->lengths[rows[i]] > S ? t->lengths[rows[i]] : S;
    b.x = ore_zeros(ORE_SHAPE(n, S), ORE_INT64);
    b.y = ore_zeros(ORE_SHAPE(n, TRANSLATION_TOKENS), ORE_INT64);
    b.x_lengths = ore_zeros(ORE_SHAPE(n), ORE_INT64);
    if (!ore_ok())
        return b;
    int64_t *x = ore_data_mut(b.x), *y = ore_data_mut(b.y), *lengths = ore_data_mut(b.x_lengths);
    for (int64_t i = 0; i < n; i++) {
        lengths[i] = t->lengths[rows[i]];
        memcpy(x + i * S, t->x + rows[i] * DATES_BYTES, (size_t)lengths[i] * sizeof *x);
        memcpy(y + i * TRANSLATION_TOKENS, t->y + rows[i] * TRANSLATION_TOKENS,
               TRANSLATION_TOKENS * sizeof *y);
    }
    return b;
}

const char *translation_text(const translation *t, const int64_t *ids, int64_t n, char *text) {
    int64_t count = 0;
    while (count < n && ids[count] != ore_tokenizer_separator(t->tokenizer))
        count++;
    int64_t bytes = ore_tokenizer_decode(t->tokenizer, ids, count, text, DATES_BYTES - 1);
    text[bytes < 0 ? 0 : bytes > DATES_BYTES - 1 ? DATES_BYTES - 1 : bytes] = 0;
    return text;
}

/* ---- batches to learn from ---- */

static ore_status get_pair(const ore_dataset *dataset, int64_t i, ore_sample *sample) {
    const translation_feed *f = (const translation_feed *)((const char *)(const void *)dataset -
                                                           offsetof(translation_feed, dataset));
    const translation *t = f->data;
    sample->fields[0] = ore_from_data(t->x + i * DATES_BYTES, ORE_SHAPE(t->lengths[i]), ORE_INT64);
    sample->fields[1] =
        ore_from_data(t->y + i * TRANSLATION_TOKENS, ORE_SHAPE(TRANSLATION_TOKENS), ORE_INT64);
    return ore_error_status();
}

ore_status translation_feed_open(translation_feed *f, const translation *t, int64_t batch_size,
                                 bool buckets, ore_generator *g) {
    *f = (translation_feed){.data = t};
    f->dataset = (ore_dataset){.name = "dates", .length = t->train, .fields = 2, .get = get_pair};
    ore_loader_options o = ore_loader_defaults();
    o.generator = g;
    o.pad = true;
    if (buckets) {
        ore_bucket_options b = ore_bucket_defaults();
        b.batch_size = batch_size;
        b.pool_batches = POOL_BATCHES;
        b.generator = g;
        f->sampler = ore_bucket_sampler_new(t->lengths, t->train, &b);
        o.sampler = f->sampler;
    } else {
        o.batch_size = batch_size;
        o.shuffle = o.drop_last = true;
    }
    f->loader = ore_ok() ? ore_loader_new(&f->dataset, &o) : NULL;
    return ore_error_status();
}

void translation_feed_close(translation_feed *f) {
    ore_loader_free(f->loader);
    ore_sampler_close(f->sampler);
    *f = (translation_feed){0};
}

ore_batch translation_feed_next(translation_feed *f) {
    ore_batch b = ore_loader_next(f->loader);
    return b.x || !ore_ok() ? b : ore_loader_next(f->loader); /* the first of the next pass */
}
