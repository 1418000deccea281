/* test_generate.c: sequences that are drawn, greedy and found by beam search: against transformers'
 * search (golden/beam_golden.py), against all sequences, and against the loop by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/infer.h>
#include <ore/ops.h>

#include "models/gpt/gpt.h"
#include "support/errors.h"

/* ---- a model: logits by the two last tokens and their place (golden/beam_golden.py) ---- */

enum { PLACES = 12, MAX_V = 7, MAX_LENGTH = 16 };

typedef struct table {
    int64_t V;
    float logits[PLACES * MAX_V * MAX_V * MAX_V]; /* (PLACES, V, V, V) */
    ore_tensor *before;    /* (R) the token before the last one of each row; owned */
    int64_t place;         /* of the last token */
    int64_t rows_computed; /* in all steps */
} table;

static void table_init(table *m, uint64_t seed, int64_t V) {
    *m = (table){.V = V};
    uint64_t x = seed;
    for (int64_t i = 0; i < PLACES * V * V * V; i++) {
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        m->logits[i] = (float)((x >> 8) % 4096) / 1024;
    }
}

static void table_free(table *m) {
    ore_free(m->before);
    m->before = NULL;
    m->place = 0;
}

static const float *table_row(const table *m, int64_t place, int64_t before, int64_t last) {
    return m->logits + ((place * m->V + before) * m->V + last) * m->V;
}

static void keep_tokens(table *m, ore_tensor *tokens) {
    ore_free(m->before);
    m->before = tokens ? ore_own(ore_clone(tokens)) : NULL;
}

static ore_tensor *logits_of(table *m, int64_t place, ore_tensor *before, ore_tensor *last) {
    int64_t R = ore_numel(last);
    ore_tensor *y = ore_empty(ORE_SHAPE(R, m->V), ORE_FLOAT32);
    for (int64_t r = 0; y && r < R; r++)
        memcpy((float *)ore_data_mut(y) + r * m->V,
               table_row(m, place, ore_item_int(ore_select(before, 0, r)),
                         ore_item_int(ore_select(last, 0, r))),
               (size_t)m->V * sizeof(float));
    m->rows_computed += R;
    return y;
}

/* Keeps the token before the last one: ids are the prompts, of two tokens or more, or (R, 1). */
static ore_tensor *step_with_state(void *user, ore_tensor *ids) {
    table *m = user;
    int64_t T = ore_size(ids, 1);
    if (!m->before)
        keep_tokens(m, ore_select(ids, 1, T - 2));
    m->place += m->place ? 1 : T - 1;
    ore_tensor *last = ore_select(ids, 1, T - 1);
    ore_tensor *y = logits_of(m, m->place, m->before, last);
    keep_tokens(m, last);
    return y;
}

static ore_status reorder_state(void *user, ore_tensor *rows) {
    table *m = user;
    keep_tokens(m, ore_index_select(m->before, 0, rows));
    return ore_error_status();
}

static ore_tensor *step_of_all(void *user, ore_tensor *ids) {
    int64_t T = ore_size(ids, 1);
    return logits_of(user, T - 1, ore_select(ids, 1, T - 2), ore_select(ids, 1, T - 1));
}

static ore_stepper stepper_of(table *m, bool state) {
    table_free(m);
    return (ore_stepper){.user = m,
                         .step = state ? step_with_state : step_of_all,
                         .reorder = state ? reorder_state : NULL};
}

/* ---- what was written ---- */

static const int64_t *ids_at(const ore_written *w, int64_t prompt, int64_t i) {
    return (const int64_t *)ore_data(w->ids) +
           (prompt * ore_size(w->ids, 1) + i) * ore_size(w->ids, 2);
}

static int64_t length_at(const ore_written *w, int64_t prompt, int64_t i) {
    return ((const int64_t *)ore_data(w->lengths))[prompt * ore_size(w->ids, 1) + i];
}

static double score_at(const ore_written *w, int64_t prompt, int64_t i) {
    return (double)((const float *)ore_data(w->scores))[prompt * ore_size(w->ids, 1) + i];
}

static void assert_written(const ore_written *w, int64_t prompt, int64_t i, const int64_t *ids,
                           int64_t length, double score) {
    assert_true(ore_ok());
    assert_int_equal(length_at(w, prompt, i), length);
    assert_memory_equal(ids_at(w, prompt, i), ids, (size_t)length * sizeof *ids);
    assert_true(fabs(score_at(w, prompt, i) - score) <= 2e-6 * (1 + fabs(score)));
}

static void assert_same_written(const ore_written *a, const ore_written *b) {
    assert_true(ore_ok());
    assert_true(ore_allclose(a->ids, b->ids, 0, 0, false));
    assert_true(ore_allclose(a->lengths, b->lengths, 0, 0, false));
    assert_true(ore_allclose(a->scores, b->scores, 0, 0, false));
}

/* ---- beam search against transformers' ---- */

typedef struct search {
    uint64_t seed;
    int64_t V, prompts;
    ore_beam_options o;
} search;

/* The columns before the place; what follows them. */
static char *read_search(char *line, search *s) {
    char *at = line;
    s->seed = strtoull(at, &at, 10);
    s->V = strtoll(at, &at, 10);
    s->prompts = strtoll(at, &at, 10);
    s->o.max_tokens = strtoll(at, &at, 10);
    s->o.end_id = strtoll(at, &at, 10);
    s->o.beams = strtoll(at, &at, 10);
    s->o.sequences = strtoll(at, &at, 10);
    s->o.length_penalty = strtod(at, &at);
    s->o.early_stop = strtoll(at, &at, 10) != 0;
    return at;
}

static ore_written search_table(const search *s, table *m, bool state) {
    ore_tensor *prompts = ore_empty(ORE_SHAPE(s->prompts, 2), ORE_INT64);
    int64_t *id = ore_data_mut(prompts);
    for (int64_t p = 0; p < s->prompts; p++) {
        id[2 * p] = p % s->V;
        id[2 * p + 1] = (p + (int64_t)s->seed) % s->V;
    }
    ore_stepper stepper = stepper_of(m, state);
    return ore_beam_search(&stepper, prompts, &s->o);
}

static void beams_are_those_of_transformers(void **state) {
    (void)state;
    static char line[1024];
    FILE *f = fopen(ORE_TEST_DIR "/golden/beam.tsv", "r");
    assert_non_null(f);
    search now = {.seed = 0}, s = {.seed = 0};
    static table m;
    ore_written with = {NULL, NULL, NULL}, without;
    int rows = 0;
    while (fgets(line, sizeof line, f)) {
        if (*line == '#')
            continue;
        char *at = read_search(line, &s);
        if (s.seed != now.seed) {
            ore_scope_end();
            ore_scope_begin();
            now = s;
            table_init(&m, s.seed, s.V);
            with = search_table(&s, &m, true);
            without = search_table(&s, &m, false);
            assert_same_written(&with, &without);
            table_free(&m);
        }
        int64_t prompt = strtoll(at, &at, 10), place = strtoll(at, &at, 10), ids[MAX_LENGTH], n = 0;
        double score = strtod(at, &at);
        for (char *end; n < MAX_LENGTH; n++, at = end) {
            ids[n] = strtoll(at, &end, 10);
            if (end == at)
                break;
        }
        if (place < s.o.sequences)
            assert_written(&with, prompt, place, ids, n, score);
        rows++;
    }
    fclose(f);
    assert_int_equal(rows, 3072);
}

/* ---- beam search against all sequences ---- */

typedef struct found {
    int64_t ids[MAX_LENGTH], length;
    double score;
} found;

typedef struct all_sequences {
    const table *m;
    const ore_beam_options *o;
    found item[20000];
    int64_t count;
} all_sequences;

/* log softmax of the logits after `before` and `last`, of one id. */
static double log_p_of(const float *logits, int64_t V, int64_t id) {
    double sum = 0;
    for (int64_t i = 0; i < V; i++)
        sum += exp((double)logits[i]);
    return (double)logits[id] - log(sum);
}

static void walk(all_sequences *all, found f, int64_t before, int64_t last, double log_p) {
    const float *logits = table_row(all->m, f.length + 1, before, last);
    for (int64_t id = 0; id < all->m->V; id++) {
        found longer = f;
        double sum = log_p + log_p_of(logits, all->m->V, id);
        longer.ids[longer.length++] = id;
        if (id == all->o->end_id || longer.length == all->o->max_tokens) {
            longer.score = sum / pow((double)longer.length, all->o->length_penalty);
            assert_true(all->count < (int64_t)(sizeof all->item / sizeof *all->item));
            all->item[all->count++] = longer;
        } else
            walk(all, longer, last, id, sum);
    }
}

static int best_first(const void *a, const void *b) {
    const found *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

static void enough_beams_find_the_best_of_all(void **state) {
    (void)state;
    static table m;
    static all_sequences all;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        ore_beam_options o = ore_beam_defaults();
        o.max_tokens = 1 + (int64_t)seed % 5;
        o.end_id = seed % 4 ? 2 : -1;
        o.length_penalty = (double)(seed % 6) / 2 - 1;
        o.beams = 1024; /* as many as sequences of 5 of 4 tokens */
        table_init(&m, seed, 4);
        all = (all_sequences){.m = &m, .o = &o};
        walk(&all, (found){.length = 0}, 1, 3, 0);
        qsort(all.item, (size_t)all.count, sizeof *all.item, best_first);
        o.sequences = all.count < 40 ? all.count : 40;
        ore_scope_begin();
        ore_stepper stepper = stepper_of(&m, seed % 2);
        ore_tensor *prompt = ore_from_data((int64_t[]){0, 1, 3}, ORE_SHAPE(1, 3), ORE_INT64);
        prompt = ore_narrow(prompt, 1, 1, 2);
        ore_written w = ore_beam_search(&stepper, prompt, &o);
        for (int64_t i = 0; i < o.sequences; i++) {
            assert_written(&w, 0, i, all.item[i].ids, all.item[i].length, all.item[i].score);
            for (int64_t t = all.item[i].length; t < ore_size(w.ids, 2); t++)
                assert_int_equal(ids_at(&w, 0, i)[t], o.end_id);
        }
        ore_scope_end();
        table_free(&m);
    }
}

/* ---- logits of -inf ---- */

static void forbidden_tokens_are_never_written(void **state) {
    (void)state;
    static table m;
    table_init(&m, 9, 4);
    for (int64_t i = 0; i < PLACES * 4 * 4 * 4; i++)
        if (i % 4 != 1) /* one token alone may come */
            m.logits[i] = -INFINITY;
    ore_tensor *prompt = ore_zeros(ORE_SHAPE(2, 2), ORE_INT64);
    ore_stepper stepper = stepper_of(&m, true);
    ore_beam_options o = ore_beam_defaults();
    o.max_tokens = o.sequences = 3;
    ore_written w = ore_beam_search(&stepper, prompt, &o);
    for (int64_t p = 0; p < 2; p++) {
        assert_written(&w, p, 0, (int64_t[]){1, 1, 1}, 3, 0);
        for (int64_t i = 1; i < 3; i++) {
            assert_int_equal(length_at(&w, p, i), 0);
            assert_true(score_at(&w, p, i) == -INFINITY);
        }
    }
    ore_generator *g = ore_generator_new(1);
    ore_generate_options go = ore_generate_defaults();
    go.max_tokens = 3;
    stepper = stepper_of(&m, true);
    w = ore_generate(&stepper, prompt, &go, g);
    assert_written(&w, 1, 0, (int64_t[]){1, 1, 1}, 3, 0);
    ore_generator_free(g);
    table_free(&m);
}

/* ---- drawn and greedy sequences ---- */

/* The loop by hand, for one prompt: rows draw in turn until each has ended. */
static void drawn_as_by_hand(bool with_state) {
    enum { N = 5, V = 6, MOST = 8, END = 4 };
    static table m;
    table_init(&m, 77, V);
    ore_generate_options o = ore_generate_defaults();
    o.max_tokens = MOST;
    o.end_id = END;
    o.sequences = N;
    o.sampler.temperature = 0.7;
    o.sampler.top_k = 4;
    ore_stepper stepper = stepper_of(&m, with_state);
    ore_tensor *prompt = ore_from_data((int64_t[]){2, 5}, ORE_SHAPE(1, 2), ORE_INT64);
    ore_generator *g = ore_generator_new(3), *by_hand = ore_generator_new(3);
    ore_written w = ore_generate(&stepper, prompt, &o, g);
    int64_t ids[N][2 + MOST], length[N] = {0}, computed = 1, ended = 0;
    double log_p[N] = {0};
    for (int i = 0; i < N; i++)
        memcpy(ids[i], (int64_t[]){2, 5}, 2 * sizeof ids[i][0]);
    for (int64_t t = 0; t < MOST; t++)
        for (int i = 0; i < N; i++) {
            if (length[i] < t)
                continue;
            const float *logits = table_row(&m, t + 1, ids[i][t], ids[i][t + 1]);
            computed += t > 0;
            int64_t id = ore_sample_token(ore_from_data(logits, ORE_SHAPE(V), ORE_FLOAT32),
                                          &o.sampler, by_hand);
            log_p[i] += log_p_of(logits, V, id);
            ids[i][2 + t] = id;
            length[i] += id != END; /* t + 1 where it goes on */
            ended += id == END;
        }
    assert_true(ended > 0 && ended < N);
    for (int i = 0; i < N; i++) {
        int64_t all = length[i] == MOST ? MOST : length[i] + 1;
        assert_written(&w, 0, i, ids[i] + 2, all, log_p[i]);
    }
    assert_int_equal(m.rows_computed, computed); /* rows that have ended are not computed */
    ore_generator_free(g);
    ore_generator_free(by_hand);
    table_free(&m);
}

static void sequences_are_drawn_as_by_hand(void **state) {
    (void)state;
    drawn_as_by_hand(true);
    drawn_as_by_hand(false);
}

static void greedy_takes_the_likeliest_token_of_each_prompt(void **state) {
    enum { P = 7, V = 7, MOST = 6 };
    (void)state;
    static table m;
    table_init(&m, 5, V);
    ore_generate_options o = ore_generate_defaults();
    o.max_tokens = MOST;
    o.end_id = 3;
    o.sampler.temperature = 0;
    ore_tensor *prompts = ore_empty(ORE_SHAPE(P, 2), ORE_INT64);
    for (int64_t i = 0; i < 2 * P; i++)
        ((int64_t *)ore_data_mut(prompts))[i] = (i * 5 + 1) % V;
    ore_stepper stepper = stepper_of(&m, true);
    ore_written w = ore_generate(&stepper, prompts, &o, NULL);
    for (int64_t p = 0; p < P; p++) {
        int64_t ids[MOST], n = 0, before = (p * 10 + 1) % V, last = (p * 10 + 6) % V;
        double log_p = 0;
        do {
            const float *logits = table_row(&m, n + 1, before, last);
            int64_t best = 0;
            for (int64_t id = 1; id < V; id++)
                best = logits[id] > logits[best] ? id : best;
            log_p += log_p_of(logits, V, best);
            before = last;
            ids[n++] = last = best;
        } while (n < MOST && last != o.end_id);
        assert_written(&w, p, 0, ids, n, log_p);
    }
    table_free(&m);
}

/* ---- a model with a cache of keys and values ---- */

typedef struct cached_gpt {
    gpt model;
    ore_kv_cache *cache;
} cached_gpt;

static ore_tensor *cached_step(void *user, ore_tensor *ids) {
    cached_gpt *c = user;
    return gpt_step(&c->model, c->cache, ids);
}

static ore_status cached_reorder(void *user, ore_tensor *rows) {
    return ore_kv_cache_reorder(((cached_gpt *)user)->cache, rows);
}

static ore_tensor *whole_step(void *user, ore_tensor *ids) {
    return gpt_forward_last(&((cached_gpt *)user)->model, ids);
}

static void a_cache_is_reordered_to_the_same_bits(void **state) {
    enum { P = 3 };
    (void)state;
    cached_gpt c;
    gpt_config config = gpt_defaults();
    config.n_layer = 2;
    config.n_embd = 24;
    config.n_head = 2;
    config.block_size = 16;
    config.vocab_size = 13;
    ore_generator *g = ore_generator_new(8);
    assert_int_equal(gpt_init(&c.model, &config, g), ORE_OK);
    ore_tensor_list parameters = ore_module_parameters(&c.model.module);
    ore_no_grad_begin();
    for (int64_t i = 0; i < parameters.count; i++)
        ore_normal_(parameters.items[i].tensor, 0, 0.3, g);
    ore_no_grad_end();
    ore_tensor_list_free(&parameters);
    ore_module_eval(&c.model.module);
    ore_tensor *prompts = ore_randint(0, 13, ORE_SHAPE(P, 4), ORE_INT64, g);
    ore_stepper kept = {&c, cached_step, cached_reorder}, all = {&c, whole_step, NULL};
    ore_beam_options o = {.max_tokens = 12, .end_id = 1, .beams = 5, .sequences = 3};
    c.cache = gpt_cache_new(&c.model, P);
    ore_written a = ore_beam_search(&kept, prompts, &o), b = ore_beam_search(&all, prompts, &o);
    assert_same_written(&a, &b);
    ore_kv_cache_free(c.cache);
    c.cache = gpt_cache_new(&c.model, P);
    ore_generate_options drawn = {
        .max_tokens = 12, .end_id = 1, .sequences = 4, .sampler = ore_sampler_defaults()};
    ore_generator *h = ore_generator_new(1), *i = ore_generator_new(1);
    a = ore_generate(&kept, prompts, &drawn, h);
    b = ore_generate(&all, prompts, &drawn, i);
    assert_same_written(&a, &b);
    ore_kv_cache_free(c.cache);
    ore_generator_free(h);
    ore_generator_free(i);
    ore_generator_free(g);
    gpt_free(&c.model);
}

/* ---- the cache itself ---- */

static ore_tensor *rows_of(const int64_t *row, int64_t n) {
    return ore_from_data(row, ORE_SHAPE(n), ORE_INT64);
}

static void a_cache_takes_rows_in_any_order_and_number(void **state) {
    (void)state;
    ore_no_grad_begin();
    ore_kv_cache *cache = ore_kv_cache_new(2, ORE_SHAPE(3, 1, 4, 1), ORE_FLOAT32, ORE_CPU);
    ore_tensor *k = ore_reshape(ore_arange(0, 6, 1, ORE_FLOAT32), ORE_SHAPE(3, 1, 2, 1));
    for (int64_t layer = 0; layer < 2; layer++)
        ore_kv_cache_put(cache, layer, k, ore_neg(k));
    assert_int_equal(ore_kv_cache_advance(cache, 2), ORE_OK);
    assert_int_equal(ore_kv_cache_reorder(cache, rows_of((int64_t[]){2, 2, 0, 1, 2}, 5)), ORE_OK);
    assert_int_equal(ore_kv_cache_shape(cache).dim[0], 5);
    assert_int_equal(ore_kv_cache_length(cache), 2);
    ore_tensor *one = ore_full(ORE_SHAPE(5, 1, 1, 1), 9, ORE_FLOAT32);
    static const float wanted[] = {4, 5, 9, 4, 5, 9, 0, 1, 9, 2, 3, 9, 4, 5, 9};
    ore_tensor *want = ore_from_data(wanted, ORE_SHAPE(5, 1, 3, 1), ORE_FLOAT32);
    for (int64_t layer = 0; layer < 2; layer++) {
        ore_kv all = ore_kv_cache_put(cache, layer, one, ore_neg(one));
        assert_true(ore_allclose(all.k, want, 0, 0, false));
        assert_true(ore_allclose(all.v, ore_neg(want), 0, 0, false));
    }
    assert_int_equal(ore_kv_cache_reorder(cache, rows_of((int64_t[]){3}, 1)), ORE_OK);
    assert_int_equal(ore_kv_cache_shape(cache).dim[0], 1);
    assert_int_equal(ore_kv_cache_advance(cache, 1), ORE_STATE); /* the third does not count */
    ore_error_clear();
    ore_kv_cache_reorder(cache, rows_of((int64_t[]){0, 1}, 2));
    assert_error_is(ORE_INVALID, "kv cache: sequence 1, expected 0 .. 0");
    ore_kv_cache_reorder(cache, ore_zeros(ORE_SHAPE(2), ORE_INT32));
    assert_error_is(ORE_INVALID, "kv cache: rows (2,) of int32, expected (N,) of int64");
    ore_kv_cache_reorder(cache, NULL);
    assert_error_is(ORE_INVALID, "kv cache: rows NULL of no dtype, expected (N,) of int64");
    ore_kv_cache_reorder(NULL, rows_of((int64_t[]){0}, 1));
    assert_error_is(ORE_INVALID, "kv cache: expected one, got NULL");
    assert_int_equal(ore_kv_cache_shape(cache).dim[0], 1);
    ore_kv_cache_free(cache);
    ore_no_grad_end();
}

/* ---- errors ---- */

static void refuses_options(void **state) {
    (void)state;
    static const struct {
        ore_beam_options o;
        const char *message;
    } rows[] = {
        {{0, -1, 4, 1, 1, false}, "beam search: max_tokens 0, expected 1 or more"},
        {{5, -2, 4, 1, 1, false}, "beam search: end_id -2, expected an id, or -1 for none"},
        {{5, -1, 0, 1, 1, false}, "beam search: 0 beams, expected 1 or more, below 2^31"},
        {{5, -1, 4, 0, 1, false}, "beam search: 0 sequences, expected 1 or more"},
        {{5, -1, 4, 5, 1, false}, "beam search: 5 sequences of 4 beams, expected at most as many"},
        {{5, -1, 4, 1, NAN, false}, "beam search: length_penalty nan, expected a finite number"},
    };
    static table m;
    table_init(&m, 1, 4);
    ore_stepper stepper = stepper_of(&m, true);
    ore_tensor *prompt = ore_zeros(ORE_SHAPE(1, 2), ORE_INT64);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ore_written w = ore_beam_search(&stepper, prompt, &rows[i].o);
        assert_true(!w.ids && !w.lengths && !w.scores);
        assert_error_is(ORE_INVALID, rows[i].message);
    }
    ore_generate_options o = ore_generate_defaults();
    o.sequences = -1;
    ore_generate(&stepper, prompt, &o, NULL);
    assert_error_is(ORE_INVALID, "generate: -1 sequences, expected 1 or more");
    ore_beam_search(&stepper, ore_zeros(ORE_SHAPE(2), ORE_INT64), NULL);
    assert_error_is(ORE_INVALID,
                    "beam search: prompts (2,) of int64, expected (P, T) of int64, 1 or "
                    "more each");
    ore_generate(&stepper, NULL, NULL, NULL);
    assert_error_is(ORE_INVALID,
                    "generate: prompts NULL of no dtype, expected (P, T) of int64, 1 or "
                    "more each");
    ore_generate(NULL, prompt, NULL, NULL);
    assert_error_is(ORE_INVALID, "generate: no model, or one without a step");
    ore_beam_options huge = ore_beam_defaults();
    huge.max_tokens = INT64_MAX;
    ore_beam_search(&stepper, prompt, &huge);
    assert_error(ORE_MEMORY, "");
}

/* What a step does wrong: user is which. */
static ore_tensor *faulty_step(void *user, ore_tensor *ids) {
    int fault = *(int *)user;
    int64_t R = ore_size(ids, 0);
    if (fault == 0)
        return NULL;
    if (fault == 1)
        return ore_zeros(ORE_SHAPE(R, 1, 4), ORE_FLOAT32);
    if (fault == 2)
        return ore_zeros(ORE_SHAPE(R, 4), ORE_INT64);
    if (fault == 3)
        return ore_full(ORE_SHAPE(R, 4), NAN, ORE_FLOAT32);
    if (fault == 4)
        return ore_zeros(ORE_SHAPE(R, 3 + R), ORE_FLOAT32);
    if (fault == 5)
        ore_fail(ORE_STATE, "the step's own error");
    return ore_zeros(ORE_SHAPE(R, 4), ORE_FLOAT32);
}

static ore_status faulty_reorder(void *user, ore_tensor *rows) {
    (void)rows;
    return *(int *)user == 6 ? ORE_IO : ORE_OK;
}

static void names_what_a_model_does_wrong(void **state) {
    (void)state;
    static const struct {
        ore_status status;
        const char *message;
    } rows[] = {
        {ORE_INVALID, "beam search: the model's step gave no logits and no error"},
        {ORE_INVALID, "beam search: the model gave (1, 1, 4) of float32 for 1 sequence, expected "
                      "logits (1, V)"},
        {ORE_INVALID, "beam search: the model gave (1, 4) of int64 for 1 sequence, expected logits "
                      "(1, V)"},
        {ORE_DATA, "beam search: the logits of a step have NaN, inf or only -inf"},
        {ORE_INVALID, "beam search: the model gave (4, 7) of float32 for 4 sequences, expected "
                      "logits (4, V)"},
        {ORE_STATE, "the step's own error"},
        {ORE_INVALID, "beam search: the model's reorder failed without an error"},
    };
    for (int fault = 0; fault < (int)(sizeof rows / sizeof *rows); fault++) {
        ore_stepper stepper = {&fault, faulty_step, faulty_reorder};
        ore_tensor *prompt = ore_zeros(ORE_SHAPE(1, 1), ORE_INT64);
        ore_written w = ore_beam_search(&stepper, prompt, NULL);
        assert_null(w.ids);
        assert_error_is(rows[fault].status, rows[fault].message);
    }
    int nan = 3;
    ore_stepper stepper = {&nan, faulty_step, faulty_reorder};
    ore_generate(&stepper, ore_zeros(ORE_SHAPE(1, 1), ORE_INT64), NULL, NULL);
    assert_error_is(ORE_DATA, "sample: logit 0 is nan");
}

#define SCOPED(test) cmocka_unit_test_setup_teardown(test, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCOPED(beams_are_those_of_transformers),
        SCOPED(enough_beams_find_the_best_of_all),
        SCOPED(forbidden_tokens_are_never_written),
        SCOPED(sequences_are_drawn_as_by_hand),
        SCOPED(greedy_takes_the_likeliest_token_of_each_prompt),
        SCOPED(a_cache_is_reordered_to_the_same_bits),
        SCOPED(a_cache_takes_rows_in_any_order_and_number),
        SCOPED(refuses_options),
        SCOPED(names_what_a_model_does_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
