/* test_bert.c: BERT: what transformers makes of the same weights, folders there and back, texts
 * without padding, learning, and what is refused. tests/golden/bert_golden.py made the folders. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/loss.h>
#include <ore/optim.h>
#include <ore/view.h>

#include "models/bert/bert.h"
#include "support/child.h"
#include "support/refusals.h"
#include "support/scratch.h"

#define GOLDEN ORE_TEST_DIR "/golden/bert/"

static ore_safetensors *expected; /* outputs.safetensors of the model that is tested */

static int before(void **state) {
    ore_scope_begin();
    return scratch_setup(state);
}

static int after(void **state) {
    ore_safetensors_close(expected);
    expected = NULL;
    ore_scope_end();
    return scratch_teardown(state);
}

static void succeed(ore_status status) {
    if (status != ORE_OK)
        fail_msg("%s", ore_error_message());
}

static void load(bert *model, const char *name) {
    char path[512];
    snprintf(path, sizeof path, GOLDEN "%s", name);
    succeed(bert_load(model, path));
    snprintf(path, sizeof path, GOLDEN "%s/outputs.safetensors", name);
    expected = ore_safetensors_open(path);
    assert_non_null(expected);
}

/* ---- against transformers ---- */

/* Within 1e-4 of the largest number, the issue of summing in another order. */
static void assert_alike(const char *name, ore_tensor *got) {
    ore_tensor *want = ore_safetensors_tensor(expected, name);
    if (!got || !want)
        fail_msg("%s: %s", name, ore_error_message());
    double scale = ore_item(ore_amax(ore_abs(want), ORE_ALL, false));
    double most = ore_item(ore_amax(ore_abs(ore_sub(got, want)), ORE_ALL, false));
    if (!(most <= 1e-4 * scale))
        fail_msg("%s differs by %g of %g", name, most, scale);
}

static void assert_outputs(const bert *model) {
    char name[32];
    ore_tensor *hidden[8];
    ore_tensor *y = bert_forward(model, ore_safetensors_tensor(expected, "ids"),
                                 ore_safetensors_tensor(expected, "types"),
                                 ore_safetensors_tensor(expected, "lengths"), hidden);
    for (int i = 0; i <= model->config.num_hidden_layers; i++) {
        snprintf(name, sizeof name, "hidden.%d", i);
        assert_alike(name, hidden[i]);
    }
    if (ore_safetensors_find(expected, "pooled"))
        assert_alike("pooled", bert_pool(model, y));
    if (model->config.parts.words)
        assert_alike("words", bert_word_logits(model, y));
    if (model->config.parts.next_sentence)
        assert_alike("next", bert_next_sentence(model, y));
}

static const char *const names[] = {"encoder", "masked", "pretraining"};
static const bert_parts parts[] = {
    {.pooler = true},
    {.words = true, .prefixed = true},
    {.pooler = true, .words = true, .decoder_bias = true, .next_sentence = true, .prefixed = true}};

static void test_outputs_are_those_of_transformers(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        bert model;
        load(&model, names[i]);
        assert_memory_equal(&model.config.parts, &parts[i], sizeof parts[i]);
        assert_int_equal(model.file_dtype, i == 2 ? ORE_FLOAT16 : ORE_FLOAT32);
        ore_no_grad_begin();
        assert_outputs(&model);
        ore_no_grad_end();
        bert_free(&model);
        bert_free(&model); /* again: nothing happens */
        ore_safetensors_close(expected);
        expected = NULL;
    }
}

/* ---- there and back ---- */

/* The name that a tensor of the golden files has in those that Ore writes; NULL for one that says
 * nothing. */
static const char *written_name(const char *name, char *text) {
    snprintf(text, 256, "%s", name);
    char *old = strstr(text, "LayerNorm.gamma");
    if (old)
        strcpy(old, "LayerNorm.weight");
    old = strstr(text, "LayerNorm.beta");
    if (old)
        strcpy(old, "LayerNorm.bias");
    return strstr(text, "position_ids") ? NULL : text;
}

static void assert_same_tensors(const char *from, const char *to) {
    char text[256];
    ore_safetensors *a = ore_safetensors_open(from), *b = ore_safetensors_open(to);
    assert_non_null(a);
    assert_non_null(b);
    int64_t count = 0;
    for (int64_t i = 0; i < ore_safetensors_count(a); i++) {
        const ore_safetensors_entry *e = ore_safetensors_at(a, i);
        const char *name = written_name(e->name, text);
        if (!name)
            continue;
        count++;
        const ore_safetensors_entry *w = ore_safetensors_find(b, name);
        if (!w)
            fail_msg("%s is missing", name);
        assert_int_equal(w->dtype, e->dtype);
        assert_true(ore_shape_equal(w->shape, e->shape));
        assert_memory_equal(w->data, e->data, e->bytes);
    }
    assert_int_equal(ore_safetensors_count(b), count);
    assert_string_equal(ore_safetensors_metadata(b, "format"), "pt");
    ore_safetensors_close(b);
    ore_safetensors_close(a);
}

static void test_folders_there_and_back(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        char from[512], to[512];
        bert model, again;
        load(&model, names[i]);
        succeed(bert_save(&model, scratch_path(names[i]), 0));
        snprintf(from, sizeof from, GOLDEN "%s/model.safetensors", names[i]);
        snprintf(to, sizeof to, "%s/model.safetensors", scratch_path(names[i]));
        assert_same_tensors(from, to);
        succeed(bert_load(&again, scratch_path(names[i])));
        for (const config_field *f = bert_fields; f->key; f++) {
            char a[64], b[64];
            assert_string_equal(config_text(f, &again.config, a, sizeof a),
                                config_text(f, &model.config, b, sizeof b));
        }
        assert_memory_equal(&again.config.parts, &model.config.parts, sizeof parts[0]);
        bert_free(&again);
        bert_free(&model);
        ore_safetensors_close(expected);
        expected = NULL;
    }
}

/* ---- texts without padding ---- */

static ore_tensor *row(ore_tensor *x, int64_t b, int64_t length) {
    return ore_narrow(ore_narrow(x, 0, b, 1), 1, 0, length);
}

/* Texts of lengths 3, 3, 7 and 1 side by side, padded, and alone: the same bits. */
static void test_runs(void **state) {
    (void)state;
    static const int64_t lengths[] = {3, 3, 7, 1};
    static const bert_run runs[] = {{2, 3}, {1, 7}, {1, 1}};
    bert model;
    load(&model, "encoder");
    ore_tensor *ids = ore_safetensors_tensor(expected, "ids"); /* (4, 9) */
    ore_tensor *parts_of_ids[4];
    for (int b = 0; b < 4; b++)
        parts_of_ids[b] = ore_reshape(row(ids, b, lengths[b]), ORE_SHAPE(lengths[b]));
    ore_no_grad_begin();
    ore_tensor *packed =
        bert_forward_runs(&model, ore_cat(parts_of_ids, 4, 0), runs, 3); /* (14, 12) */
    ore_tensor *padded =
        bert_forward(&model, ids, NULL, whole(ORE_SHAPE(4), lengths), NULL); /* (4, 9, 12) */
    int64_t start = 0;
    for (int b = 0; b < 4; b++) {
        ore_tensor *alone = bert_forward(&model, row(ids, b, lengths[b]), NULL, NULL, NULL);
        ore_tensor *beside = ore_unsqueeze(ore_narrow(packed, 0, start, lengths[b]), 0);
        assert_true(ore_allclose(alone, beside, 0, 0, false));
        assert_true(ore_allclose(alone, row(padded, b, lengths[b]), 0, 0, false));
        start += lengths[b];
    }
    ore_no_grad_end();
    assert_true(ore_ok());
    bert_free(&model);
}

/* ---- learning ---- */

static bert_config small(void) {
    bert_config c = bert_defaults();
    c.vocab_size = 8;
    c.hidden_size = 12;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 3;
    c.intermediate_size = 24;
    c.max_position_embeddings = 6;
    c.hidden_dropout_prob = c.attention_probs_dropout_prob = 0.1;
    c.parts = (bert_parts){.pooler = true, .words = true, .next_sentence = true};
    return c;
}

/* The masked word, 7, is the one before it: positions and attention must work for that. */
static void test_it_learns_masked_words(void **state) {
    (void)state;
    enum { ROWS = 32, T = 5, MASK = 7 };
    bert model;
    bert_config c = small();
    ore_generator *g = ore_generator_new(7);
    succeed(bert_init(&model, &c, g));
    assert_true(model.config.parts.prefixed);
    assert_non_null(ore_module_tensor(&model.module, "bert.encoder.layer.1.output.dense.weight"));
    ore_adamw_options o = ore_adamw_defaults();
    o.lr = 5e-3;
    ore_optimizer *optimizer = ore_adamw_new(&model.module, &o);
    double last = 0;
    for (int step = 0; step < 150 && ore_ok(); step++) {
        ore_scope_begin();
        ore_tensor *words = ore_randint(1, MASK, ORE_SHAPE(ROWS, T), ORE_INT64, g);
        ore_tensor *ids = ore_cat((ore_tensor *[]){ore_narrow(words, 1, 0, T - 1),
                                                   ore_full(ORE_SHAPE(ROWS, 1), MASK, ORE_INT64)},
                                  2, 1);
        ore_tensor *labels = ore_reshape(ore_narrow(words, 1, T - 2, 1), ORE_SHAPE(ROWS));
        ore_tensor *y = ore_select(bert_forward(&model, ids, NULL, NULL, NULL), 1, T - 1);
        ore_tensor *loss = ore_cross_entropy(bert_word_logits(&model, y), labels, NULL);
        ore_optimizer_zero_grad(optimizer);
        ore_backward(loss);
        ore_optimizer_step(optimizer);
        last = ore_item(loss);
        ore_scope_end();
    }
    assert_true(ore_ok());
    assert_true(last < 0.3); /* log 6 = 1.79 at first */
    ore_optimizer_free(optimizer);
    ore_generator_free(g);
    bert_free(&model);
}

/* ---- what is refused ---- */

static void test_shapes_and_parts(void **state) {
    (void)state;
    bert model;
    load(&model, "encoder");
    ore_tensor *x = ore_zeros(ORE_SHAPE(2, 3, 12), ORE_FLOAT32);
    invalid(bert_forward(&model, ore_zeros(ORE_SHAPE(2, 17), ORE_INT64), NULL, NULL, NULL),
            "bert: ids (2, 17), expected (B, T) with 1 <= T <= max_position_embeddings 16");
    invalid(bert_forward(&model, ore_zeros(ORE_SHAPE(2, 3), ORE_INT64),
                         ore_zeros(ORE_SHAPE(2, 4), ORE_INT64), NULL, NULL),
            "bert: types (2, 4), expected the shape of ids");
    invalid(bert_forward_runs(&model, ore_zeros(ORE_SHAPE(7), ORE_INT64), &(bert_run){2, 3}, 1),
            "bert: 7 ids, and runs of 6");
    invalid(bert_forward_runs(&model, ore_zeros(ORE_SHAPE(34), ORE_INT64), &(bert_run){2, 17}, 1),
            "bert: a run of 2 texts of 17 tokens, expected at least one, of 1 to "
            "max_position_embeddings 16");
    invalid(bert_word_logits(&model, x), "bert: the model has no masked-word head");
    invalid(bert_next_sentence(&model, x), "bert: the model has no next-sentence head");
    bert_free(&model);
    bert_config c = small();
    c.num_attention_heads = 5;
    assert_int_equal(bert_init(&model, &c, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "bert: num_attention_heads 5 does not divide hidden_size 12");
    ore_error_clear();
    c = small();
    c.parts.pooler = false;
    assert_int_equal(bert_init(&model, &c, NULL), ORE_INVALID);
    assert_string_equal(ore_error_message(),
                        "bert: the next-sentence head reads the pooler, which is missing");
    ore_error_clear();
}

/* Puts the golden encoder into the test's folder, one text of its config.json replaced. */
static void changed_folder(const char *from, const char *to) {
    char text[2048];
    size_t bytes;
    char *config = read_file(GOLDEN "encoder/config.json", NULL);
    const char *at = strstr(config, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - config), config, to, at + strlen(from));
    free(config);
    scratch_file("config.json", text, strlen(text));
    char *weights = read_file(GOLDEN "encoder/model.safetensors", &bytes);
    scratch_file("model.safetensors", weights, bytes);
    free(weights);
}

static void expect_refusal(const char *file, ore_status status, const char *about) {
    char want[600];
    bert model;
    snprintf(want, sizeof want, "%s: %s", scratch_path(file), about);
    assert_int_equal(bert_load(&model, scratch_path("")), status);
    assert_string_equal(ore_error_message(), want);
    ore_error_clear();
    bert_free(&model);
}

static void test_configs(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        ore_status status;
        const char *about;
    } cases[] = {
        {"\"bert\"", "\"roberta\"", ORE_UNSUPPORTED,
         "model_type: roberta is nothing that Ore's BERT has"},
        {"\"model_type\": \"bert\",", "", ORE_DATA, "model_type: missing"},
        {"\"use_cache\": true", "\"position_embedding_type\": \"relative_key\"", ORE_UNSUPPORTED,
         "position_embedding_type: relative_key is nothing that Ore's BERT has"},
        {"\"gelu\"", "\"silu\"", ORE_UNSUPPORTED,
         "hidden_act: silu is nothing that Ore's BERT has"},
        {"\"is_decoder\": false", "\"is_decoder\": true", ORE_UNSUPPORTED,
         "is_decoder: true is nothing that Ore's BERT has"},
        {"\"use_cache\": true", "\"embedding_size\": 128", ORE_UNSUPPORTED,
         "embedding_size: 128 is nothing that Ore's BERT has"},
        {"\"num_attention_heads\": 3", "\"num_attention_heads\": 5", ORE_DATA,
         "num_attention_heads 5 does not divide hidden_size 12"},
        {"\"pad_token_id\": 0", "\"pad_token_id\": 21", ORE_DATA,
         "pad_token_id 21 is not below vocab_size 21"},
        {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": 0", ORE_DATA,
         "num_hidden_layers 0: out of range, expected 1 <= num_hidden_layers <= 1024"},
        {"\"num_hidden_layers\": 2", "\"num_hidden_layers\": \"two\"", ORE_DATA,
         "num_hidden_layers: expected a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        changed_folder(cases[i].from, cases[i].to);
        expect_refusal("config.json", cases[i].status, cases[i].about);
    }
    bert model; /* what old versions of transformers wrote, and new ones do */
    changed_folder("\"use_cache\": true", "\"pruned_heads\": {}, \"num_labels\": 2, "
                                          "\"_attn_implementation_autoset\": true");
    assert_int_equal(bert_load(&model, scratch_path("")), ORE_OK);
    bert_free(&model);
}

static void test_weights_that_do_not_fit(void **state) {
    (void)state;
    changed_folder("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1");
    expect_refusal(
        "", ORE_UNSUPPORTED,
        "encoder.layer.1.attention.output.LayerNorm.bias: a tensor that Ore's BERT has no "
        "place for");
    changed_folder("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
    expect_refusal("", ORE_DATA, "encoder.layer.2.output.dense.weight: missing");
    changed_folder("\"vocab_size\": 21", "\"vocab_size\": 22");
    expect_refusal(
        "", ORE_DATA,
        "embeddings.word_embeddings.weight: shape (21, 12), expected (22, 12) by config.json");
    scratch_file("model.safetensors", "short", 5);
    bert model;
    assert_int_equal(bert_load(&model, scratch_path("")), ORE_DATA);
    ore_error_clear();
    assert_int_equal(bert_load(&model, scratch_path("nowhere")), ORE_IO);
    ore_error_clear();
}

/* A head in the file of a model that ties it to the embedding is not left out in silence. */
static void test_a_tied_head_is_the_embedding(void **state) {
    (void)state;
    bert model;
    ore_scope_begin();
    ore_no_grad_begin();
    assert_int_equal(bert_load(&model, GOLDEN "masked"), ORE_OK);
    assert_true(model.config.tie_word_embeddings);
    model.config.tie_word_embeddings = false;
    ore_module_set_tensor(&model.decoder.module, "weight", ore_add_scalar(model.words.weight, 1));
    assert_int_equal(bert_save(&model, scratch_path(""), 0), ORE_OK);
    bert_free(&model);
    ore_json *config = ore_json_load(scratch_path("config.json"));
    ore_json_set_bool(config, "tie_word_embeddings", true);
    assert_int_equal(ore_json_write(config, scratch_path("config.json")), ORE_OK);
    ore_json_free(config);
    expect_refusal("", ORE_DATA,
                   "tie_word_embeddings: true, but cls.predictions.decoder.weight is not the "
                   "embedding");
    ore_no_grad_end();
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_outputs_are_those_of_transformers, before, after),
        cmocka_unit_test_setup_teardown(test_folders_there_and_back, before, after),
        cmocka_unit_test_setup_teardown(test_runs, before, after),
        cmocka_unit_test_setup_teardown(test_it_learns_masked_words, before, after),
        cmocka_unit_test_setup_teardown(test_shapes_and_parts, before, after),
        cmocka_unit_test_setup_teardown(test_configs, before, after),
        cmocka_unit_test_setup_teardown(test_weights_that_do_not_fit, before, after),
        cmocka_unit_test_setup_teardown(test_a_tied_head_is_the_embedding, before, after),
    };
    return cmocka_run_group_tests_name("bert", tests, NULL, NULL);
}
