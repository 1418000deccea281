/* test_attend.c: kinds of attention: masks, places, draws, gradients, errors.
 * tests/torch_compare_attend.py compares their values with PyTorch's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ore.h>

#include "support/errors.h"
#include "support/modules.h"
#include "support/numbers.h"

enum { B = 2, L = 3, S = 5, Q = 4, K = 4 };

static void assert_all_near(const ore_tensor *got, const ore_tensor *want) {
    assert_true(got && want && ore_shape_equal(ore_shape_of(got), ore_shape_of(want)));
    ore_tensor *a = ore_to(ore_contiguous((ore_tensor *)got), ORE_FLOAT64);
    ore_tensor *b = ore_to(ore_contiguous((ore_tensor *)want), ORE_FLOAT64);
    for (int64_t i = 0; i < ore_numel(a); i++)
        assert_near(value_at(a, i), value_at(b, i), 2e-6);
}

static ore_tensor *normal(ore_shape shape) {
    return ore_randn(shape, ORE_FLOAT32, NULL);
}

static ore_tensor *integers(ore_shape shape, const int64_t *values) {
    return ore_from_data(values, shape, ORE_INT64);
}

static void new_luong(ore_luong_attention *m, ore_score_kind score, ore_attend_place place,
                      int64_t window) {
    ore_attend_options o = ore_attend_defaults();
    o.score = score;
    o.place = place;
    o.window = window;
    assert_int_equal(ore_luong_attention_init(m, NULL, NULL, Q, K, &o), ORE_OK);
}

/* ---- names ---- */

static void parameters_are_those_of_the_equations(void **state) {
    (void)state;
    ore_attend m;
    assert_int_equal(ore_additive_attention_init(&m, NULL, NULL, Q, 7, NULL), ORE_OK);
    assert_names(ore_module_state(&m.module), NAMES("query.weight", "key.weight", "energy.weight"));
    assert_true(ore_shape_equal(ore_shape_of(m.key.weight), ORE_SHAPE(Q, 7)));
    ore_module_free(&m.module);
    new_luong(&m, ORE_SCORE_GENERAL, ORE_ATTEND_LOCAL_P, 2);
    assert_names(ore_module_state(&m.module),
                 NAMES("key.weight", "place_query.weight", "place_energy.weight"));
    ore_module_free(&m.module);
    new_luong(&m, ORE_SCORE_DOT, ORE_ATTEND_GLOBAL, 2);
    assert_int_equal(ore_module_parameter_count(&m.module, false), 0);
    ore_module_free(&m.module);
}

/* ---- what is seen ---- */

static void a_row_that_sees_nothing_is_zero_and_passes_nothing_on(void **state) {
    (void)state;
    ore_tensor *x = ore_set_requires_grad(normal(ORE_SHAPE(2, 3)), true);
    bool flags[] = {true, false, true, false, false, false};
    ore_tensor *seen = ore_from_data(flags, ORE_SHAPE(2, 3), ORE_BOOL);
    ore_tensor *y = ore_masked_softmax(x, seen);
    double a = exp(value_at(x, 0)), b = exp(value_at(x, 2));
    double want[] = {a / (a + b), 0, b / (a + b), 0, 0, 0};
    for (int i = 0; i < 6; i++)
        assert_near(value_at(y, i), want[i], 1e-6);
    ore_backward(ore_sum(ore_mul(y, y), ORE_ALL, false));
    for (int i = 3; i < 6; i++)
        assert_near(value_at(ore_grad(x), i), 0, 0);
    assert_near(value_at(ore_grad(x), 1), 0, 0);
}

static void what_lies_beyond_a_length_does_not_count(void **state) {
    (void)state;
    for (int place = ORE_ATTEND_GLOBAL; place <= ORE_ATTEND_LOCAL_P; place++) {
        for (int score = ORE_SCORE_DOT; score <= ORE_SCORE_CONCAT; score++) {
            ore_luong_attention m;
            new_luong(&m, (ore_score_kind)score, (ore_attend_place)place, 2);
            ore_tensor *values = normal(ORE_SHAPE(B, S, K)), *query = normal(ORE_SHAPE(B, L, Q));
            ore_tensor *cut = ore_narrow(values, 1, 0, 3), *weights;
            ore_attend_memory by_length, whole;
            ore_attend_prepare(&m, values, integers(ORE_SHAPE(B), (int64_t[]){S, 3}), &by_length);
            ore_attend_prepare(&m, cut, NULL, &whole);
            ore_tensor *y = ore_attend_forward(&m, query, &by_length, 0, &weights);
            ore_tensor *z = ore_attend_forward(&m, query, &whole, 0, NULL);
            assert_all_near(ore_select(y, 0, 1), ore_select(z, 0, 1));
            assert_all_near(ore_narrow(ore_select(weights, 0, 1), 1, 3, S - 3),
                            ore_zeros(ORE_SHAPE(L, S - 3), ORE_FLOAT32));
            ore_module_free(&m.module);
        }
    }
}

static void nothing_to_see_gives_zeros(void **state) {
    (void)state;
    for (int place = ORE_ATTEND_GLOBAL; place <= ORE_ATTEND_LOCAL_P; place++) {
        ore_luong_attention m;
        new_luong(&m, ORE_SCORE_CONCAT, (ore_attend_place)place, 1);
        ore_tensor *query = ore_set_requires_grad(normal(ORE_SHAPE(B, Q)), true);
        ore_attend_memory memory;
        ore_attend_prepare(&m, normal(ORE_SHAPE(B, S, K)),
                           integers(ORE_SHAPE(B), (int64_t[]){0, 0}), &memory);
        ore_tensor *y = ore_attend_forward(&m, query, &memory, 0, NULL);
        assert_all_near(y, ore_zeros(ORE_SHAPE(B, K), ORE_FLOAT32));
        ore_backward(ore_sum(y, ORE_ALL, false));
        assert_all_near(ore_grad(query), ore_zeros_like(query));
        ore_module_free(&m.module);
    }
}

static void one_query_is_a_row_of_several(void **state) {
    (void)state;
    ore_luong_attention m;
    new_luong(&m, ORE_SCORE_GENERAL, ORE_ATTEND_LOCAL_M, 1);
    ore_tensor *query = normal(ORE_SHAPE(B, L, Q)), *all, *one;
    ore_attend_memory memory;
    ore_attend_prepare(&m, normal(ORE_SHAPE(B, S, K)), NULL, &memory);
    ore_tensor *y = ore_attend_forward(&m, query, &memory, 0, &all);
    for (int64_t t = 0; t < L; t++) {
        ore_tensor *z = ore_attend_forward(&m, ore_select(query, 1, t), &memory, t, &one);
        assert_all_near(z, ore_select(y, 1, t));
        assert_all_near(one, ore_select(all, 1, t));
        assert_all_near(ore_attend_weights(&m, ore_select(query, 1, t), &memory, t), one);
        for (int64_t s = 0; s < S; s++) /* within 1 of its place, and nowhere else */
            assert_true((value_at(ore_contiguous(one), s) > 0) == (s >= t - 1 && s <= t + 1));
    }
    ore_module_free(&m.module);
}

static void a_wide_window_sees_what_global_attention_does(void **state) {
    (void)state;
    ore_luong_attention local, global;
    ore_manual_seed(5);
    new_luong(&local, ORE_SCORE_GENERAL, ORE_ATTEND_LOCAL_M, 100);
    ore_manual_seed(5);
    new_luong(&global, ORE_SCORE_GENERAL, ORE_ATTEND_GLOBAL, 100);
    ore_tensor *query = normal(ORE_SHAPE(B, L, Q)), *values = normal(ORE_SHAPE(B, S, K));
    ore_attend_memory memory;
    ore_attend_prepare(&global, values, NULL, &memory);
    assert_all_near(ore_attend_forward(&local, query, &memory, 0, NULL),
                    ore_attend_forward(&global, query, &memory, 0, NULL));
    ore_module_free(&local.module);
    ore_module_free(&global.module);
}

static void windows_of_the_fused_op_slide(void **state) {
    (void)state;
    enum { T = 9, window = 3 };
    ore_tensor *q = normal(ORE_SHAPE(1, 2, T, Q)), *k = normal(ORE_SHAPE(1, 2, T, Q));
    ore_tensor *v = normal(ORE_SHAPE(1, 2, T, Q));
    for (int causal = 0; causal < 2; causal++) {
        bool flags[T * T];
        for (int t = 0; t < T; t++)
            for (int s = 0; s < T; s++)
                flags[t * T + s] = s > t - window && s <= t + (causal ? 0 : window - 1);
        ore_tensor *seen = ore_from_data(flags, ORE_SHAPE(T, T), ORE_BOOL);
        ore_tensor *scores = ore_div_scalar(ore_matmul(q, ore_transpose(k, 2, 3)), sqrt(Q));
        assert_all_near(ore_sliding_window_attention(q, k, v, window, causal),
                        ore_matmul(ore_masked_softmax(scores, seen), v));
    }
    assert_null(ore_sliding_window_attention(q, k, v, 0, true));
    assert_error(ORE_INVALID, "sliding_window_attention: window 0, expected at least 1");
}

/* ---- gradients ---- */

typedef struct layer_and_lengths {
    ore_attend *m;
    ore_tensor *lengths;
} layer_and_lengths;

/* inputs: query, values, then the layer's parameters */
static ore_tensor *attend_of(void *user, ore_tensor **inputs, int n) {
    const layer_and_lengths *given = user;
    ore_attend m = *given->m;
    ore_linear *const linear[] = {&m.query, &m.key, &m.energy, &m.place_query, &m.place_energy};
    int next = 2;
    for (size_t i = 0; i < sizeof linear / sizeof *linear; i++)
        if (linear[i]->weight)
            linear[i]->weight = inputs[next++];
    assert_int_equal(next, n);
    ore_attend_memory memory;
    ore_attend_prepare(&m, inputs[1], given->lengths, &memory);
    return ore_attend_forward(&m, inputs[0], &memory, 0, NULL);
}

static ore_tensor *leaf(ore_tensor *t) {
    return ore_set_requires_grad(ore_detach(ore_to(t, ORE_FLOAT64)), true);
}

static void gradients_are_those_of_central_differences(void **state) {
    (void)state;
    ore_tensor *lengths = integers(ORE_SHAPE(B), (int64_t[]){S, 3});
    for (int place = ORE_ATTEND_GLOBAL; place <= ORE_ATTEND_LOCAL_P; place++) {
        for (int score = ORE_SCORE_DOT; score <= ORE_SCORE_CONCAT; score++) {
            ore_luong_attention m;
            new_luong(&m, (ore_score_kind)score, (ore_attend_place)place, 2);
            ore_tensor *inputs[8] = {leaf(normal(ORE_SHAPE(B, L, Q))),
                                     leaf(normal(ORE_SHAPE(B, S, K)))};
            ore_tensor_list list = ore_module_parameters(&m.module);
            int n = 2;
            for (int64_t i = 0; i < list.count; i++)
                inputs[n++] = leaf(list.items[i].tensor);
            ore_tensor_list_free(&list);
            layer_and_lengths given = {&m, lengths};
            assert_int_equal(ore_gradcheck(attend_of, &given, inputs, n, NULL), ORE_OK);
            ore_module_free(&m.module);
        }
    }
}

/* ---- hard attention ---- */

static void a_hard_choice_is_one_value(void **state) {
    (void)state;
    ore_tensor *weights = ore_softmax(normal(ORE_SHAPE(B, L, S)), -1);
    ore_tensor *values = normal(ORE_SHAPE(B, S, K));
    for (int sample = 0; sample < 2; sample++) {
        ore_hard_choice choice;
        ore_manual_seed(3);
        ore_tensor *y = ore_hard_attention(weights, values, sample, NULL, &choice);
        ore_manual_seed(3);
        ore_tensor *flat = ore_reshape(weights, ORE_SHAPE(B * L, S));
        ore_tensor *want =
            sample ? ore_multinomial(flat, 1, false, NULL) : ore_argmax(flat, 1, true);
        assert_all_near(ore_reshape(choice.indices, ORE_SHAPE(B * L, 1)), want);
        for (int64_t b = 0; b < B; b++) {
            ore_tensor *index = ore_select(choice.indices, 0, b);
            assert_all_near(ore_select(y, 0, b),
                            ore_index_select(ore_select(values, 0, b), 0, index));
        }
        ore_tensor *chosen = ore_gather(weights, 2, ore_unsqueeze(choice.indices, 2));
        assert_all_near(ore_exp(choice.log_prob), ore_squeeze(chosen, 2));
    }
}

static void no_weights_choose_nothing(void **state) {
    (void)state;
    float w[] = {0, 0, 0, 0.5f, 0, 0};
    ore_tensor *weights = ore_from_data(w, ORE_SHAPE(1, 2, 3), ORE_FLOAT32);
    ore_set_requires_grad(weights, true);
    ore_hard_choice choice;
    ore_tensor *y =
        ore_hard_attention(weights, ore_ones(ORE_SHAPE(1, 3, K), ORE_FLOAT32), true, NULL, &choice);
    for (int i = 0; i < 2 * K; i++)
        assert_near(value_at(y, i), i < K ? 0 : 1, 0);
    assert_int_equal(ore_item_int(ore_select(ore_select(choice.indices, 0, 0), 0, 0)), -1);
    assert_int_equal(ore_item_int(ore_select(ore_select(choice.indices, 0, 0), 0, 1)), 0);
    assert_near(value_at(choice.log_prob, 0), 0, 0);
    assert_near(value_at(choice.log_prob, 1), 0, 1e-6);
    ore_backward(ore_sum(choice.log_prob, ORE_ALL, false));
    assert_true(ore_item_int(ore_sum(ore_isfinite(ore_grad(weights)), ORE_ALL, false)) == 6);
}

/* Losses (N) of results (N, 1, K): the squared distance from (1, .., 1) */
static ore_tensor *distances(ore_tensor *y) {
    return ore_sum(ore_square(ore_sub_scalar(y, 1)), ORE_DIMS(1, 2), false);
}

/* Fails unless the mean over rows of `each` (N, n) is within three of its standard errors of want
 * (n), element by element. */
static void assert_estimates(ore_tensor *each, ore_tensor *want) {
    int64_t N = ore_size(each, 0);
    ore_tensor *mean = ore_mean(each, ORE_DIMS(0), false);
    ore_tensor *error = ore_div_scalar(ore_std(each, ORE_DIMS(0), 1, false), sqrt((double)N));
    for (int64_t i = 0; i < ore_numel(want); i++) {
        assert_true(fabs(value_at(want, i)) > 0.001); /* there is something to estimate */
        assert_near(value_at(mean, i), value_at(want, i), 3 * value_at(error, i));
    }
}

/* Draws for one query over four keys, each draw with scores and values of its own, so that one
 * backward gives the gradient that each draw estimates. */
static void gradients_of_draws_agree_with_the_exact_ones(void **state) {
    (void)state;
    enum { draws = 40000, keys = 4 };
    ore_manual_seed(11);
    ore_tensor *s = ore_randn(ORE_SHAPE(1, 1, keys), ORE_FLOAT64, NULL);
    ore_tensor *v = ore_randn(ORE_SHAPE(1, keys, K), ORE_FLOAT64, NULL);
    ore_tensor *scores = leaf(s), *values = leaf(v);
    ore_tensor *by_key = ore_reshape(ore_transpose(values, 0, 1), ORE_SHAPE(keys, 1, K));
    ore_tensor *p = ore_reshape(ore_softmax(scores, -1), ORE_SHAPE(keys));
    ore_backward(ore_sum(ore_mul(p, distances(by_key)), ORE_ALL, false));
    ore_tensor *exact = ore_reshape(ore_grad(scores), ORE_SHAPE(keys));
    ore_tensor *exact_values = ore_reshape(ore_grad(values), ORE_SHAPE(keys * K));
    for (int with = 0; with < 2; with++) {
        ore_tensor *many = leaf(ore_clone(ore_expand(s, ORE_SHAPE(draws, 1, keys))));
        ore_tensor *many_values = leaf(ore_clone(ore_expand(v, ORE_SHAPE(draws, keys, K))));
        ore_hard_choice choice;
        ore_tensor *y = ore_hard_attention(ore_softmax(many, -1), many_values, true, NULL, &choice);
        ore_tensor *losses = distances(y), *baseline = with ? ore_scalar(4, ORE_FLOAT64) : NULL;
        ore_tensor *surrogate = ore_reinforce(losses, choice.log_prob, baseline);
        assert_all_near(surrogate, losses);
        ore_backward(ore_sum(surrogate, ORE_ALL, false));
        assert_estimates(ore_reshape(ore_grad(many), ORE_SHAPE(draws, keys)), exact);
        assert_estimates(ore_reshape(ore_grad(many_values), ORE_SHAPE(draws, keys * K)),
                         exact_values);
    }
}

/* ---- documents ---- */

enum { E = 3, H = 2, A = 5, W = 4, SENTENCES = 3 };

static ore_tensor *counts_of_words(void) {
    static const int64_t counts[] = {4, 1, 2, 3, 9, -7}; /* document 1 has one sentence */
    return integers(ORE_SHAPE(B, SENTENCES), counts);
}

static ore_tensor *counts_of_sentences(void) {
    return integers(ORE_SHAPE(B), (int64_t[]){3, 1});
}

static void new_hierarchy(ore_hierarchical_attention *h, ore_dtype dtype) {
    ore_attention_pool_options o = ore_attention_pool_defaults();
    o.dtype = dtype;
    assert_int_equal(ore_hierarchical_attention_init(h, NULL, NULL, E, H, A, &o), ORE_OK);
}

static void documents_are_read_without_their_padding(void **state) {
    (void)state;
    ore_hierarchical_attention h;
    ore_hierarchical_weights w, alone;
    new_hierarchy(&h, ORE_FLOAT32);
    assert_names(ore_module_state(&h.word_attention.module),
                 NAMES("context", "hidden.weight", "hidden.bias"));
    ore_tensor *x = normal(ORE_SHAPE(B, SENTENCES, W, E));
    ore_tensor *sentences = counts_of_sentences(), *words = counts_of_words();
    ore_tensor *y = ore_hierarchical_attention_forward(&h, x, sentences, words, &w);
    assert_true(ore_shape_equal(ore_shape_of(y), ORE_SHAPE(B, 2 * H)));
    ore_tensor *cut = ore_narrow(ore_narrow(ore_narrow(x, 0, 1, 1), 1, 0, 1), 2, 0, 3);
    ore_tensor *one = integers(ORE_SHAPE(1), (int64_t[]){1});
    ore_tensor *three = integers(ORE_SHAPE(1, 1), (int64_t[]){3});
    ore_tensor *z = ore_hierarchical_attention_forward(&h, cut, one, three, &alone);
    assert_all_near(ore_select(y, 0, 1), ore_select(z, 0, 0));
    ore_tensor *states = ore_hierarchical_attention_states(&h, x, sentences, words, NULL), *ws;
    assert_all_near(ore_attention_pool_forward(&h.sentence_attention, states, sentences, NULL), y);
    ore_hierarchical_attention_states(&h, x, sentences, words, &ws);
    assert_all_near(ws, w.words);
    ore_tensor *sums = ore_sum(w.words, ORE_DIMS(2), false); /* 1 for each sentence that is there */
    const float want[] = {1, 1, 1, 1, 0, 0};
    assert_all_near(sums, ore_from_data(want, ORE_SHAPE(B, SENTENCES), ORE_FLOAT32));
    assert_near(value_at(w.words, 5), 0, 0); /* sentence 1 of document 0 has a single word */
    assert_near(value_at(w.sentences, 3), 1, 1e-6);
    ore_module_free(&h.module);
}

/* inputs: the words of the documents */
static ore_tensor *document_of(void *user, ore_tensor **inputs, int n) {
    (void)n;
    return ore_hierarchical_attention_forward(user, inputs[0], counts_of_sentences(),
                                              counts_of_words(), NULL);
}

static void gradients_of_documents_are_those_of_differences(void **state) {
    (void)state;
    ore_hierarchical_attention h;
    new_hierarchy(&h, ORE_FLOAT64);
    ore_tensor *x = leaf(normal(ORE_SHAPE(B, SENTENCES, W, E)));
    assert_int_equal(ore_gradcheck(document_of, &h, &x, 1, NULL), ORE_OK);
    ore_module_free(&h.module);
}

static void an_empty_sequence_pools_to_zeros(void **state) {
    (void)state;
    ore_attention_pool p;
    ore_tensor *weights, *x = normal(ORE_SHAPE(B, S, K));
    ore_attention_pool_init(&p, NULL, NULL, K, A, NULL);
    ore_tensor *lengths = integers(ORE_SHAPE(B), (int64_t[]){S, 0});
    ore_tensor *y = ore_attention_pool_forward(&p, x, lengths, &weights);
    assert_all_near(ore_select(y, 0, 1), ore_zeros(ORE_SHAPE(K), ORE_FLOAT32));
    assert_all_near(ore_select(weights, 0, 1), ore_zeros(ORE_SHAPE(S), ORE_FLOAT32));
    assert_all_near(ore_select(y, 0, 0),
                    ore_select(ore_attention_pool_forward(&p, x, NULL, NULL), 0, 0));
    ore_module_free(&p.module);
}

static void documents_that_do_not_fit_are_named(void **state) {
    (void)state;
    ore_hierarchical_attention h;
    ore_attention_pool p;
    new_hierarchy(&h, ORE_FLOAT32);
    ore_tensor *x = normal(ORE_SHAPE(B, SENTENCES, W, E)), *good = counts_of_words();
    ore_tensor *four = integers(ORE_SHAPE(B), (int64_t[]){1, 4});
    ore_tensor *none = integers(ORE_SHAPE(B), (int64_t[]){0, 1});
    ore_tensor *hole = integers(ORE_SHAPE(B, SENTENCES), (int64_t[]){4, 0, 2, 3, 0, 0});
    assert_null(ore_hierarchical_attention_forward(&h, x, four, good, NULL));
    assert_error(ORE_INVALID, "hierarchical_attention: sentences of 4, expected 1 .. 3");
    assert_null(ore_hierarchical_attention_forward(&h, x, none, good, NULL));
    assert_error(ORE_INVALID, "hierarchical_attention: sentences of 0, expected 1 .. 3");
    assert_null(ore_hierarchical_attention_forward(&h, x, counts_of_sentences(), hole, NULL));
    assert_error(ORE_INVALID, "hierarchical_attention: words of 0, expected 1 .. 4");
    assert_null(ore_hierarchical_attention_forward(&h, x, four, four, NULL));
    assert_error(ORE_INVALID, "hierarchical_attention: x (2, 3, 4, 3), words (2,) of int64");
    assert_null(ore_hierarchical_attention_forward(&h, NULL, four, good, NULL));
    assert_error(ORE_INVALID, "hierarchical_attention: x, sentences or words are NULL");
    assert_int_equal(ore_attention_pool_init(&p, NULL, NULL, 0, 2, NULL), ORE_INVALID);
    assert_error(ORE_INVALID, "attention_pool: size 0, attention_size 2, expected at least 1");
    assert_null(ore_attention_pool_forward(&h.word_attention, normal(ORE_SHAPE(B, K)), NULL, NULL));
    assert_error(ORE_INVALID, "word_attention: attention_pool: x (2, 4), expected (B, S, K)");
    ore_tensor *states = normal(ORE_SHAPE(B, S, 2 * H));
    assert_null(ore_attention_pool_forward(&h.word_attention, states, normal(ORE_SHAPE(B)), NULL));
    assert_error(ORE_INVALID, "attention_pool: a length (2,) of float32, expected (2,) of int64");
    ore_module_free(&h.module);
}

/* ---- errors ---- */

static void expect_refusal(int64_t query_size, int64_t key_size, ore_attend_options o,
                           const char *message) {
    ore_luong_attention m;
    assert_int_equal(ore_luong_attention_init(&m, NULL, NULL, query_size, key_size, &o),
                     ORE_INVALID);
    assert_error(ORE_INVALID, message);
    ore_module_free(&m.module);
}

static void options_that_do_not_fit_are_named(void **state) {
    (void)state;
    ore_attend_options o = ore_attend_defaults();
    expect_refusal(0, 3, o,
                   "attend: query_size 0, key_size 3, attention_size 0, expected at least 1");
    o.attention_size = -1;
    expect_refusal(2, 3, o, "attend: query_size 2, key_size 3, attention_size -1, expected");
    o = ore_attend_defaults();
    o.score = ORE_SCORE_DOT;
    expect_refusal(2, 3, o, "attend: query_size 2, key_size 3, expected one for a dot score");
    o.score = (ore_score_kind)7;
    expect_refusal(2, 3, o, "attend: score 7 is no ore_score_kind");
    o = ore_attend_defaults();
    o.place = (ore_attend_place)-1;
    expect_refusal(2, 3, o, "attend: place -1 is no ore_attend_place");
    o.place = ORE_ATTEND_LOCAL_M;
    o.window = 0;
    expect_refusal(2, 3, o, "attend: window 0, expected at least 1");
}

static void memories_that_do_not_fit_are_named(void **state) {
    (void)state;
    ore_luong_attention m;
    ore_module root;
    ore_module_init(&root, NULL, NULL);
    ore_luong_attention_init(&m, &root, "reader", Q, K, NULL);
    ore_tensor *values = normal(ORE_SHAPE(B, S, K));
    ore_attend_memory memory;
    assert_int_equal(ore_attend_prepare(&m, NULL, NULL, &memory), ORE_INVALID);
    assert_error(ORE_INVALID, "reader: luong_attention: values NULL, expected (B, S, 4)");
    ore_attend_prepare(&m, normal(ORE_SHAPE(B, S, K + 1)), NULL, &memory);
    assert_error(ORE_INVALID, "reader: luong_attention: values (2, 5, 5), expected (B, S, 4)");
    ore_attend_prepare(&m, values, normal(ORE_SHAPE(B)), &memory);
    assert_error(ORE_INVALID, "lengths (2,) of float32, expected (2,) of int64");
    ore_attend_prepare(&m, values, integers(ORE_SHAPE(B), (int64_t[]){1, S + 1}), &memory);
    assert_error(ORE_INVALID, "luong_attention: a length of 6, expected 0 .. 5");
    ore_attend_prepare(&m, values, integers(ORE_SHAPE(B), (int64_t[]){-1, S}), &memory);
    assert_error(ORE_INVALID, "luong_attention: a length of -1, expected 0 .. 5");
    assert_null(memory.keys);
    ore_attend_prepare(&m, values, NULL, &memory);
    ore_tensor *weights;
    assert_null(ore_attend_forward(&m, normal(ORE_SHAPE(B, L, Q + 1)), &memory, 0, &weights));
    assert_error(ORE_INVALID, "reader: luong_attention: query (2, 3, 5) over values (2, 5, 4), "
                              "expected (2, L, 4) or (2, 4)");
    assert_null(weights);
    assert_null(ore_attend_weights(&m, normal(ORE_SHAPE(B + 1, Q)), &memory, 0));
    assert_error(ORE_INVALID, "query (3, 4) over values (2, 5, 4)");
    assert_null(ore_attend_weights(&m, NULL, &memory, 0));
    assert_error(ORE_INVALID, "query or memory is NULL");
    memory.seen = normal(ORE_SHAPE(B, 1, S));
    assert_null(ore_attend_weights(&m, normal(ORE_SHAPE(B, Q)), &memory, 0));
    assert_error(ORE_INVALID, "reader: masked_softmax: seen of float32, expected bool");
    ore_module_free(&root);
}

static void weights_that_do_not_fit_are_named(void **state) {
    (void)state;
    ore_tensor *weights = ore_ones(ORE_SHAPE(B, L, S), ORE_FLOAT32);
    ore_tensor *values = normal(ORE_SHAPE(B, S + 1, K));
    assert_null(ore_soft_attention(weights, values));
    assert_error(ORE_INVALID, "soft_attention: weights (2, 3, 5), values (2, 6, 4), expected");
    assert_null(ore_hard_attention(weights, NULL, true, NULL, NULL));
    assert_error(ORE_INVALID, "hard_attention: weights or values are NULL");
    ore_hard_choice choice;
    assert_null(ore_hard_attention(ore_ones(ORE_SHAPE(B, L, 0), ORE_FLOAT32),
                                   normal(ORE_SHAPE(B, 0, K)), true, NULL, &choice));
    assert_error(ORE_INVALID, "hard_attention: weights of no keys, expected at least one");
    assert_null(choice.indices);
    assert_null(ore_reinforce(normal(ORE_SHAPE(B)), NULL, NULL));
    assert_error(ORE_INVALID, "reinforce: losses or log_prob are NULL");
    assert_null(ore_reinforce(normal(ORE_SHAPE(B)), normal(ORE_SHAPE(L)), NULL));
    assert_error(ORE_INVALID, "reinforce: losses (2,), log_prob (3,), baseline NULL, expected");
    assert_null(ore_reinforce(normal(ORE_SHAPE(B)), normal(ORE_SHAPE(B)), normal(ORE_SHAPE(L))));
    assert_error(ORE_INVALID, "baseline (3,)");
    assert_null(ore_masked_softmax(NULL, NULL));
    assert_error(ORE_INVALID, "softmax");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parameters_are_those_of_the_equations, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_row_that_sees_nothing_is_zero_and_passes_nothing_on,
                                        begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(what_lies_beyond_a_length_does_not_count, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(nothing_to_see_gives_zeros, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(one_query_is_a_row_of_several, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(a_wide_window_sees_what_global_attention_does, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(windows_of_the_fused_op_slide, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(gradients_are_those_of_central_differences, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(a_hard_choice_is_one_value, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(no_weights_choose_nothing, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(gradients_of_draws_agree_with_the_exact_ones, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(documents_are_read_without_their_padding, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(gradients_of_documents_are_those_of_differences,
                                        begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(an_empty_sequence_pools_to_zeros, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(documents_that_do_not_fit_are_named, begin_scope,
                                        end_scope),
        cmocka_unit_test_setup_teardown(options_that_do_not_fit_are_named, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(memories_that_do_not_fit_are_named, begin_scope, end_scope),
        cmocka_unit_test_setup_teardown(weights_that_do_not_fit_are_named, begin_scope, end_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
