/* test_gpt_forms.c: the transformer in the forms of later families: rotary positions, RMS norms,
 * gates, heads that share keys, windows, soft caps. What each computes, transformers tells
 * (hf_compare.py); here each learns, keeps documents apart, and steps with a cache to the bits of
 * the whole. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "models/gpt/gpt.h"

enum { VOCAB = 11, BLOCK = 24, SETTINGS_MAX = 16 };

#define LLAMA                                                                                      \
    {"norm_kind", "rms"}, {"mlp", "gated"}, {"positions", "rotary"}, {"fused_qkv", "false"},       \
        {"bias", "false"}, {                                                                       \
        "activation", "silu"                                                                       \
    }
#define GEMMA                                                                                      \
    {"norm_kind", "rms_plus_one"}, {"norm", "both"}, {"scale_embedding", "true"},                  \
        {"activation", "gelu_tanh"}, {"n_kv_head", "2"}, {"head_dim", "6"}, {                      \
        "query_scalar", "10"                                                                       \
    }

static const config_setting forms[][SETTINGS_MAX] = {
    {LLAMA},
    {LLAMA,
     {"n_kv_head", "1"},
     {"n_inner", "20"},
     {"bias_qkv", "true"},
     {"rope_scaling", "llama3"},
     {"rope_factor", "8"},
     {"rope_original", "16"}},
    {LLAMA, {"window", "5"}, {"rope_scaling", "linear"}, {"rope_factor", "2"}},
    {LLAMA, {"window", "4"}, {"window_from", "1"}, {"qk_norm", "true"}, {"n_kv_head", "2"}},
    {LLAMA, GEMMA, {"window", "5"}, {"window_skip", "2"}},
    {LLAMA, GEMMA, {"qk_norm", "true"}},
    {LLAMA, {"fused_qkv", "true"}, {"mlp", "gated_fused"}, {"rotary_dim", "2"}},
    {{"positions", "rotary"}, {"norm", "post"}, {"n_kv_head", "2"}, {"bias_proj", "false"}},
    {{"qk_norm", "true"}, {"fused_qkv", "false"}, {"attn_soft_cap", "5"}, {"logit_soft_cap", "3"}},
    {{"window", "3"}, {"window_skip", "2"}, {"attn_soft_cap", "2"}, {"head_dim", "8"}},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

static gpt_config config_of(int form) {
    gpt_config c = gpt_defaults();
    c.n_layer = 3;
    c.n_head = 4;
    c.n_embd = 16;
    c.block_size = BLOCK;
    c.vocab_size = VOCAB;
    for (const config_setting *s = forms[form]; s->key; s++)
        assert_int_equal(config_set(config_find(gpt_family.fields, s->key), &c, s->text, s->key),
                         ORE_OK);
    return c;
}

/* `std` 0: the first weights; else all are drawn anew, so large that each part matters. */
static void build(gpt *model, int form, double std, ore_generator *g) {
    gpt_config c = config_of(form);
    assert_int_equal(gpt_init(model, &c, g), ORE_OK);
    ore_tensor_list parameters = ore_module_parameters(&model->module);
    ore_no_grad_begin();
    for (int64_t i = 0; std > 0 && i < parameters.count; i++)
        ore_normal_(parameters.items[i].tensor, 0, std, g);
    ore_no_grad_end();
    ore_tensor_list_free(&parameters);
}

static ore_tensor *random_ids(int64_t B, int64_t T, ore_generator *g) {
    return ore_randint(0, VOCAB, ORE_SHAPE(B, T), ORE_INT64, g);
}

typedef void (*form_test)(gpt *model, ore_generator *g);

static void with_each(form_test test, double std) {
    for (int form = 0; form < FORMS; form++) {
        gpt model;
        ore_generator *g = ore_generator_new(11 + (uint64_t)form);
        ore_scope_begin();
        build(&model, form, std, g);
        test(&model, g);
        gpt_free(&model);
        ore_scope_end();
        ore_generator_free(g);
        assert_true(ore_ok());
    }
}

/* ---- learning ---- */

static double descend(gpt *model, ore_tensor *x, ore_tensor *y, const ore_tensor_list *parameters) {
    ore_scope_begin();
    ore_tensor *logits = ore_flatten(gpt_forward(model, x), 0, 1);
    ore_tensor *loss = ore_cross_entropy(logits, ore_flatten(y, 0, 1), NULL);
    double value = ore_item(loss);
    ore_module_zero_grad(&model->module);
    assert_int_equal(ore_backward(loss), ORE_OK);
    ore_no_grad_begin();
    for (int64_t i = 0; i < parameters->count; i++) {
        ore_tensor *p = parameters->items[i].tensor;
        assert_non_null(ore_grad(p));
        ore_sub_(p, ore_mul_scalar(ore_grad(p), 0.2));
    }
    ore_no_grad_end();
    ore_scope_end();
    return value;
}

static void learns(gpt *model, ore_generator *g) {
    ore_tensor *x = random_ids(4, BLOCK, g), *y = random_ids(4, BLOCK, g);
    ore_tensor_list parameters = ore_module_parameters(&model->module);
    double first = descend(model, x, y, &parameters), last = first;
    for (int step = 0; step < 30; step++)
        last = descend(model, x, y, &parameters);
    ore_tensor_list_free(&parameters);
    assert_true(fabs(first - log(VOCAB)) < 0.5);
    assert_true(last < first - 0.05);
}

static void every_form_learns(void **state) {
    (void)state;
    with_each(learns, 0);
}

/* ---- steps ---- */

static void assert_same_bits(ore_tensor *a, ore_tensor *b) {
    assert_true(ore_ok());
    assert_true(ore_shape_equal(ore_shape_of(a), ore_shape_of(b)));
    size_t bytes = (size_t)ore_numel(a) * sizeof(float);
    assert_memory_equal(ore_data(ore_contiguous(a)), ore_data(ore_contiguous(b)), bytes);
}

static void steps(gpt *model, ore_generator *g) {
    static const int64_t splits[][3] = {{1, 0}, {7, 1, 0}, {13, 2, 0}, {BLOCK, 0}};
    ore_no_grad_begin();
    ore_kv_cache *cache = gpt_cache_new(model, 2);
    ore_tensor *x = random_ids(2, BLOCK, g), *whole = gpt_forward(model, x);
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        ore_kv_cache_truncate(cache, 0);
        for (int64_t at = 0, k = 0; at < BLOCK; k = splits[i][k + 1] ? k + 1 : 0) {
            int64_t n = splits[i][k] < BLOCK - at ? splits[i][k] : BLOCK - at;
            ore_tensor *logits = gpt_step(model, cache, ore_narrow(x, 1, at, n));
            at += n;
            assert_same_bits(logits, ore_select(whole, 1, at - 1));
            assert_same_bits(logits, gpt_forward_last(model, ore_narrow(x, 1, 0, at)));
        }
    }
    ore_kv_cache_free(cache);
    ore_no_grad_end();
}

static void every_form_steps_to_the_same_bits(void **state) {
    (void)state;
    with_each(steps, 0.3);
}

/* Longrope turns all tokens of a text by other factors once it is longer than the model's first
 * texts were: keys of before are forgotten, in both directions. */
static void longrope_forgets_keys_of_other_factors(void **state) {
    enum { SHORT = 8, AT = 5 };
    (void)state;
    gpt model;
    ore_scope_begin();
    ore_generator *g = ore_generator_new(1);
    gpt_config c = config_of(0);
    c.rope_scaling = ORE_ROTARY_LONGROPE;
    c.rope_original = SHORT;
    assert_int_equal(gpt_init(&model, &c, g), ORE_OK);
    ore_no_grad_begin();
    ore_fill_(model.rope_long.weight, 3);
    ore_tensor *x = random_ids(1, BLOCK, g);
    void *cache = gpt_family.memory_new(&model, 1);
    for (int64_t n = 1; n <= BLOCK + 1; n++) { /* a text grows, and another begins as it did */
        int64_t length = n <= BLOCK ? n : AT;
        int64_t kept = gpt_family.memory_keep(&model, cache, length - 1, length);
        assert_int_equal(kept, n == SHORT + 1 || n > BLOCK ? 0 : length - 1);
        ore_tensor *last = ore_narrow(x, 1, kept, length - kept);
        assert_same_bits(gpt_family.step(&model, cache, last),
                         gpt_forward_last(&model, ore_narrow(x, 1, 0, length)));
    }
    ore_no_grad_end();
    gpt_family.memory_free(cache);
    gpt_free(&model);
    ore_generator_free(g);
    ore_scope_end();
}

/* ---- what depends on what ---- */

static void keeps_documents_apart(gpt *model, ore_generator *g) {
    static const int64_t ends[] = {5, 6, 17, BLOCK};
    int64_t numbers[BLOCK];
    for (int64_t t = 0, n = 0; t < BLOCK; t++) {
        n += t == ends[n];
        numbers[t] = n;
    }
    ore_no_grad_begin();
    ore_tensor *x = random_ids(1, BLOCK, g);
    ore_tensor *documents = ore_from_data(numbers, ORE_SHAPE(1, BLOCK), ORE_INT64);
    const float *packed = ore_data(gpt_forward_documents(model, x, documents)); /* (1, T, V) */
    assert_non_null(packed);
    for (int64_t i = 0, from = 0; i < 4; from = ends[i++]) {
        ore_tensor *one = ore_narrow(x, 1, from, ends[i] - from);
        const float *alone = ore_data(gpt_forward(model, one));
        for (int64_t k = 0; k < (ends[i] - from) * VOCAB; k++)
            assert_true(fabsf(alone[k] - packed[from * VOCAB + k]) < 1e-4f);
    }
    ore_no_grad_end();
}

static void every_form_keeps_documents_apart(void **state) {
    (void)state;
    with_each(keeps_documents_apart, 0.3);
}

/* The streams are what goes into the blocks, and the logits are the head's of the last. */
static void shows_its_streams(gpt *model, ore_generator *g) {
    ore_tensor *streams[4];
    ore_no_grad_begin();
    ore_tensor *x = random_ids(2, 9, g), *logits = gpt_forward_hidden(model, x, streams);
    assert_same_bits(logits, gpt_forward(model, x));
    for (int i = 0; i < 4; i++)
        assert_true(ore_shape_equal(ore_shape_of(streams[i]), ORE_SHAPE(2, 9, 16)));
    if (model->config.logit_soft_cap == 0)
        assert_same_bits(logits, ore_linear_forward(&model->lm_head, streams[3]));
    ore_no_grad_end();
}

static void every_form_shows_its_streams(void **state) {
    (void)state;
    with_each(shows_its_streams, 0.3);
}

/* With a window of 5 in every one of 3 layers, a token reaches 3 * 4 tokens back. */
static void a_window_ends_what_is_seen(void **state) {
    enum { REACH = 3 * 4 };
    (void)state;
    gpt model;
    ore_generator *g = ore_generator_new(4);
    build(&model, 2, 0.3, g);
    ore_scope_begin();
    ore_no_grad_begin();
    int64_t ids[BLOCK] = {0};
    ore_tensor *before = gpt_forward(&model, ore_from_data(ids, ORE_SHAPE(1, BLOCK), ORE_INT64));
    ids[0] = 7;
    ore_tensor *after = gpt_forward(&model, ore_from_data(ids, ORE_SHAPE(1, BLOCK), ORE_INT64));
    const float *a = ore_data(before), *b = ore_data(after); /* (1, T, V) */
    for (int64_t t = 0; t < BLOCK; t++) {
        bool same = memcmp(a + t * VOCAB, b + t * VOCAB, VOCAB * sizeof *a) == 0;
        assert_int_equal(same, t > REACH);
    }
    ore_no_grad_end();
    ore_scope_end();
    gpt_free(&model);
    ore_generator_free(g);
}

/* ---- configs ---- */

static void assert_refused(const char *key, const char *text, const char *message) {
    gpt model;
    gpt_config c = config_of(0);
    config_set(config_find(gpt_family.fields, key), &c, text, key);
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(), message);
    ore_error_clear();
}

static void bad_configs_are_refused(void **state) {
    (void)state;
    assert_refused("n_kv_head", "3",
                   "gpt: n_kv_head 3 does not divide n_head 4; each head of keys is for as many "
                   "heads of queries");
    assert_refused("rotary_dim", "3",
                   "gpt: rotary_dim 3, expected an even number, at most head_dim 4");
    assert_refused("rotary_dim", "6",
                   "gpt: rotary_dim 6, expected an even number, at most head_dim 4");
    assert_refused("rope_scaling", "yarn",
                   "gpt: rope_original 0, expected the length that the model was trained on, for "
                   "this rope_scaling");
}

static void open_sizes_are_settled(void **state) {
    (void)state;
    gpt_config c = gpt_defaults();
    c.n_embd = 24;
    c.window_from = 2;
    c = gpt_config_settled(&c);
    assert_int_equal(c.n_kv_head, 4);
    assert_int_equal(c.head_dim, 6);
    assert_int_equal(c.query_scalar, 6);
    assert_int_equal(c.rotary_dim, 6);
    assert_int_equal(c.n_inner, 96);
    assert_int_equal(c.window_from, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_learns),
        cmocka_unit_test(every_form_steps_to_the_same_bits),
        cmocka_unit_test(longrope_forgets_keys_of_other_factors),
        cmocka_unit_test(every_form_keeps_documents_apart),
        cmocka_unit_test(every_form_shows_its_streams),
        cmocka_unit_test(a_window_ends_what_is_seen),
        cmocka_unit_test(bad_configs_are_refused),
        cmocka_unit_test(open_sizes_are_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
