/* sentence.c: texts to ids to vectors. */
#include <stdlib.h>
#include <string.h>

#include "models/bert/sentence.h"
#include "models/token_ids.h"

/* ---- texts to ids ---- */

void sentence_ids_free(sentence_ids *ids) {
    free(ids->ids);
    *ids = (sentence_ids){0};
}

/* How many of the last tokens are marks behind the text: they stand for none of its bytes. */
static int64_t marks_behind(const ore_token_range *ranges, int64_t count) {
    int64_t n = 0;
    while (n < count && ranges[count - 1 - n].start == ranges[count - 1 - n].end)
        n++;
    return n;
}

/* Cuts ids to max, but for the marks behind them. */
static ore_status cut(const sentence_model *m, const char *text, size_t bytes, sentence_ids *ids) {
    const ore_encode_options o = {.add_special = true};
    int64_t max = m->max_tokens;
    ore_token_range *ranges = malloc((size_t)ids->count * sizeof *ranges);
    if (!ranges)
        return ore_fail(ORE_MEMORY, "a text of %lld tokens: out of memory", (long long)ids->count);
    if (ore_tokenizer_encode_with(m->tokenizer, &o, text, bytes, ids->ids, ranges, ids->count) >=
        0) {
        int64_t marks = marks_behind(ranges, ids->count);
        marks = marks < max ? marks : max;
        memmove(ids->ids + max - marks, ids->ids + ids->count - marks,
                (size_t)marks * sizeof *ids->ids);
        ids->count = max;
    }
    free(ranges);
    return ore_error_status();
}

ore_status sentence_encode(const sentence_model *m, const char *text, size_t bytes,
                           sentence_ids *ids) {
    *ids = (sentence_ids){0};
    ids->ids = token_ids(m->tokenizer, text, bytes, true, &ids->count);
    ids->whole = ids->count;
    if (ids->ids && ids->count == 0)
        return ore_fail(ORE_DATA, "a text without tokens, and a tokenizer that adds no marks");
    return ore_ok() && ids->count > m->max_tokens ? cut(m, text, bytes, ids) : ore_error_status();
}

/* ---- ids to vectors ---- */

/* The vectors of a run's texts, (texts, C), of their last layer's rows. */
static ore_tensor *pool(const sentence_model *m, ore_tensor *rows, bert_run run) {
    ore_tensor *x = ore_view(rows, ORE_SHAPE(run.texts, run.length, ore_size(rows, 1)));
    ore_tensor *y = m->pooling == SENTENCE_MEAN ? ore_mean(x, ORE_DIMS(1), false)
                                                : ore_contiguous(ore_select(x, 1, 0));
    return m->normalize ? ore_f_normalize(y, 2, 1, 1e-12) : y;
}

typedef struct place {
    int64_t length, text;
} place;

static int by_length(const void *a, const void *b) {
    const place *p = a, *q = b;
    if (p->length != q->length)
        return p->length < q->length ? -1 : 1;
    return p->text < q->text ? -1 : p->text > q->text;
}

/* Some texts, in the order of their lengths, that go through the model together. */
typedef struct pass {
    const sentence_ids *texts;
    const place *places; /* (count) */
    int64_t count;
    bert_run *runs; /* (run_count) */
    int64_t run_count;
    int64_t *ids; /* (N) */
    int64_t N;
} pass;

/* Lays the ids of texts one behind the other, and finds the runs. */
static ore_status lay_out(pass *p) {
    for (int64_t i = 0; i < p->count; i++)
        p->N += p->places[i].length;
    p->runs = malloc((size_t)p->count * sizeof *p->runs);
    p->ids = malloc((size_t)p->N * sizeof *p->ids);
    if (!p->runs || !p->ids)
        return ore_fail(ORE_MEMORY, "%lld texts: out of memory", (long long)p->count);
    for (int64_t i = 0, n = 0; i < p->count; i++) {
        int64_t length = p->places[i].length;
        memcpy(p->ids + n, p->texts[p->places[i].text].ids, (size_t)length * sizeof *p->ids);
        n += length;
        if (i == 0 || length != p->places[i - 1].length)
            p->runs[p->run_count++] = (bert_run){0, length};
        p->runs[p->run_count - 1].texts++;
    }
    return ORE_OK;
}

/* Fills the rows of `out` that belong to the texts of a pass. */
static void run_model(const sentence_model *m, const pass *p, float *out) {
    ore_tensor *ids = ore_from_data(p->ids, ORE_SHAPE(p->N), ORE_INT64);
    ore_tensor *x = bert_forward_runs(&m->bert, ids, p->runs, p->run_count); /* (N, C) */
    size_t C = (size_t)m->bert.config.hidden_size;
    int64_t start = 0;
    const place *at = p->places;
    for (int64_t i = 0; i < p->run_count && ore_ok(); i++) {
        bert_run run = p->runs[i];
        int64_t rows = run.texts * run.length;
        ore_tensor *y = pool(m, ore_narrow(x, 0, start, rows), run); /* (texts, C) */
        const float *vectors = y ? ore_data(y) : NULL;
        for (int64_t k = 0; vectors && k < run.texts; k++, at++)
            memcpy(out + (size_t)at->text * C, vectors + (size_t)k * C, C * sizeof *out);
        start += rows;
    }
}

static ore_status embed_pass(const sentence_model *m, pass p, float *out) {
    if (lay_out(&p) == ORE_OK) {
        ore_scope_begin();
        ore_no_grad_begin();
        run_model(m, &p, out);
        ore_no_grad_end();
        ore_scope_end();
    }
    free(p.ids);
    free(p.runs);
    return ore_error_status();
}

ore_status sentence_embed(const sentence_model *m, const sentence_ids *texts, int64_t count,
                          int64_t batch, float *out) {
    place *places = malloc(((size_t)count + 1) * sizeof *places);
    if (!places)
        return ore_fail(ORE_MEMORY, "%lld texts: out of memory", (long long)count);
    for (int64_t i = 0; i < count; i++)
        places[i] = (place){texts[i].count, i};
    qsort(places, (size_t)count, sizeof *places, by_length);
    for (int64_t i = 0; i < count && ore_ok(); i += batch) {
        int64_t texts_left = count - i;
        embed_pass(m,
                   (pass){.texts = texts,
                          .places = places + i,
                          .count = texts_left < batch ? texts_left : batch},
                   out);
    }
    free(places);
    return ore_ok() && m->bert.file ? ore_tensor_file_check(m->bert.file) : ore_error_status();
}
