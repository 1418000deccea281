/* test_hf.c: models of Hugging Face's families as transformers computes them (golden/hf, made by
 * hf_compare.py), their config.json read and written, and what Ore has no place for. GGUF's
 * metadata is read by way of the same tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ore/ops.h>

#include "models/gpt/gguf.h"
#include "models/gpt/parts.h"
#include "support/child.h"
#include "support/gguf_bytes.h"

static const char *const golden[] = {"gpt2",  "llama",  "mistral",     "qwen2",
                                     "qwen3", "gemma2", "gemma3_text", "phi3"};
enum { GOLDEN = sizeof golden / sizeof golden[0] };

static const char *folder_of(const char *name, char *text) {
    snprintf(text, 512, ORE_TEST_DIR "/golden/hf/%s", name);
    return text;
}

/* ---- models ---- */

static void open_model(gpt *model, const char *folder) {
    gpt_config c;
    assert_non_null(hf_folder_config(folder, &c));
    assert_int_equal(gpt_init(model, &c, NULL), ORE_OK);
    ore_module_eval(&model->module);
    assert_int_equal(hf_folder_load(model, folder), ORE_OK);
}

static double largest(ore_tensor *x) {
    return ore_item(ore_amax(ore_flatten(ore_abs(x), 0, -1), ORE_DIMS(0), false));
}

/* The logits are transformers', up to 1e-5 of the largest. */
static void assert_answers(const gpt *model, const char *folder) {
    char path[600];
    snprintf(path, sizeof path, "%s/answers.safetensors", folder);
    ore_safetensors *file = ore_safetensors_open(path);
    ore_tensor *ids = ore_safetensors_tensor(file, "ids"); /* (T) */
    ore_tensor *want = ore_safetensors_tensor(file, "logits");
    ore_tensor *logits = ore_select(gpt_forward(model, ore_unsqueeze(ids, 0)), 0, 0); /* (T, V) */
    double most = largest(want);
    double off = largest(ore_sub(logits, want));
    assert_true(ore_ok());
    assert_true(off <= 1e-5 * most);
    ore_safetensors_close(file);
}

static void models_answer_as_transformers_does(void **state) {
    (void)state;
    for (int i = 0; i < GOLDEN; i++) {
        char folder[512];
        gpt model;
        ore_scope_begin();
        ore_no_grad_begin();
        open_model(&model, folder_of(golden[i], folder));
        assert_answers(&model, folder);
        gpt_free(&model);
        ore_no_grad_end();
        ore_scope_end();
        assert_true(ore_ok());
    }
}

/* A folder that is written has the same tensors, bit for bit, and the same config. */
static void folders_are_written_as_they_were(void **state) {
    (void)state;
    for (int i = 0; i < GOLDEN; i++) {
        char from[512], path[600], to[256];
        gpt model, back;
        ore_scope_begin();
        temporary_folder(to);
        open_model(&model, folder_of(golden[i], from));
        assert_int_equal(hf_folder_save(&model, to, NULL, NULL, 0), ORE_OK);
        open_model(&back, to);
        for (const config_field *f = gpt_family.fields; f->key; f++) {
            char a[256], b[256];
            config_text(f, &model.config, a, sizeof a);
            assert_string_equal(a, config_text(f, &back.config, b, sizeof b));
        }
        snprintf(path, sizeof path, "%s/model.safetensors", from);
        ore_safetensors *mine = ore_safetensors_open(path);
        snprintf(path, sizeof path, "%s/model.safetensors", to);
        ore_safetensors *theirs = ore_safetensors_open(path);
        assert_int_equal(ore_safetensors_count(mine), ore_safetensors_count(theirs));
        for (int64_t k = 0; k < ore_safetensors_count(mine); k++) {
            const ore_safetensors_entry *a = ore_safetensors_at(mine, k);
            const ore_safetensors_entry *b = ore_safetensors_find(theirs, a->name);
            assert_non_null(b);
            assert_true(ore_shape_equal(a->shape, b->shape) && a->dtype == b->dtype);
            assert_memory_equal(a->data, b->data, a->bytes);
        }
        ore_safetensors_close(mine);
        ore_safetensors_close(theirs);
        gpt_free(&model);
        gpt_free(&back);
        ore_scope_end();
        remove_folder(to);
        assert_true(ore_ok());
    }
}

/* Writes a model whose head is tied as one with a head of its own, with a config that ties them. */
static void save_with_head(gpt *model, const char *folder, double more) {
    char path[600];
    ore_tensor *head = ore_add_scalar(model->wte.weight, more);
    model->config.tie_weights = false;
    assert_int_equal(ore_module_set_tensor(&model->lm_head.module, "weight", head), ORE_OK);
    assert_int_equal(hf_folder_save(model, folder, NULL, NULL, 0), ORE_OK);
    model->config.tie_weights = true;
    snprintf(path, sizeof path, "%s/config.json", folder);
    ore_json *config = ore_json_load(path);
    ore_json_set_bool(config, "tie_word_embeddings", true);
    assert_int_equal(ore_json_write(config, path), ORE_OK);
    ore_json_free(config);
}

/* A head in the file of a model that ties it to the embedding may be the same, not another. */
static void a_tied_head_is_the_embedding(void **state) {
    (void)state;
    for (int other = 0; other < 2; other++) {
        char from[512], to[256];
        gpt model, back;
        gpt_config c;
        ore_scope_begin();
        ore_no_grad_begin();
        temporary_folder(to);
        open_model(&model, folder_of("llama", from));
        save_with_head(&model, to, other);
        assert_non_null(hf_folder_config(to, &c));
        assert_true(c.tie_weights);
        assert_int_equal(gpt_init(&back, &c, NULL), ORE_OK);
        assert_int_equal(hf_folder_load(&back, to), other ? ORE_DATA : ORE_OK);
        if (other)
            assert_non_null(
                strstr(ore_error_message(),
                       "tie_word_embeddings: true, but lm_head.weight is not the embedding"));
        ore_error_clear();
        gpt_free(&model);
        gpt_free(&back);
        ore_no_grad_end();
        ore_scope_end();
        remove_folder(to);
    }
}

/* ---- config.json ---- */

#define SIZES                                                                                      \
    "\"hidden_size\": 64, \"intermediate_size\": 96, \"num_hidden_layers\": 4, "                   \
    "\"num_attention_heads\": 4, \"vocab_size\": 100"

static gpt_config config_of(const char *text) {
    gpt_config c;
    ore_json *json = ore_json_parse(text, strlen(text), "config.json");
    assert_non_null(json);
    hf_config_read(json, &c);
    ore_json_free(json);
    return c;
}

static void assert_refused(const char *text, ore_status status, const char *message) {
    config_of(text);
    assert_int_equal(ore_error_status(), status);
    assert_string_equal(ore_error_message(), message);
    ore_error_clear();
}

static void what_ore_lacks_is_named(void **state) {
    (void)state;
#define LLAMA "{\"model_type\": \"llama\", " SIZES ", "
    assert_refused("{\"model_type\": \"mamba\"}", ORE_UNSUPPORTED,
                   "model_type mamba: expected one of gpt2, llama, mistral, qwen2, qwen3, gemma2, "
                   "gemma3_text, phi3");
    assert_refused(LLAMA "\"num_experts\": 8}", ORE_UNSUPPORTED,
                   "num_experts: a key that Ore does not know of llama");
    assert_refused(LLAMA "\"hidden_act\": \"mish\"}", ORE_UNSUPPORTED,
                   "hidden_act: mish is nothing that Ore has");
    assert_refused(LLAMA "\"quantization_config\": {\"bits\": 4}}", ORE_UNSUPPORTED,
                   "quantization_config: an object or an array is nothing that Ore has");
    assert_refused(LLAMA "\"rope_scaling\": {\"rope_type\": \"ntk\", \"factor\": 2}}",
                   ORE_UNSUPPORTED, "rope_scaling.rope_type: ntk is nothing that Ore has");
    assert_refused(LLAMA "\"rope_scaling\": {\"rope_type\": \"linear\", \"mscale\": 2}}",
                   ORE_UNSUPPORTED,
                   "rope_scaling.mscale: a key that Ore does not know of type "
                   "linear");
    assert_refused(LLAMA "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 2}}", ORE_DATA,
                   "rope_scaling.original_max_position_embeddings: missing");
    assert_refused(LLAMA "\"num_key_value_heads\": 3}", ORE_DATA,
                   "n_kv_head 3 does not divide n_head 4; each head of keys is for as many heads "
                   "of queries");
    assert_refused("{\"model_type\": \"llama\", \"hidden_size\": 64}", ORE_DATA,
                   "num_hidden_layers: missing");
    assert_refused("{\"model_type\": \"gpt2\", \"n_layer\": 2, \"n_head\": 2, \"n_embd\": 8, "
                   "\"vocab_size\": 9, \"scale_attn_by_inverse_layer_idx\": true}",
                   ORE_UNSUPPORTED,
                   "scale_attn_by_inverse_layer_idx: true is nothing that Ore has");
    assert_refused("{\"model_type\": \"qwen2\", " SIZES ", \"sliding_window\": 8, \"layer_types\": "
                   "[\"full_attention\", \"sliding_attention\", \"sliding_attention\", "
                   "\"full_attention\", \"full_attention\"]}",
                   ORE_DATA, "layer_types: 5, expected one for each of 4 layers");
    assert_refused("{\"model_type\": \"qwen2\", " SIZES ", \"sliding_window\": 8, \"layer_types\": "
                   "[\"sliding_attention\", \"sliding_attention\", \"full_attention\", "
                   "\"full_attention\"]}",
                   ORE_UNSUPPORTED, "layer_types: this order of layers is nothing that Ore has");
}

/* What published configs have beside what is computed: of gpt2-medium and distilgpt2, Qwen2.5,
 * gemma-2-9b, Phi-4-mini, and of models that old versions of transformers saved. */
static void published_configs_are_read(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\"model_type\": \"gpt2\", \"n_layer\": 2, \"n_head\": 2, \"n_embd\": 8, "
        "\"vocab_size\": 9, \"n_special\": 0, \"predict_special_tokens\": true, "
        "\"_num_labels\": 1, \"gradient_checkpointing\": false}",
        "{\"model_type\": \"qwen2\", " SIZES ", \"use_mrope\": false}",
        "{\"model_type\": \"gemma2\", " SIZES ", \"sliding_window_size\": 4096}",
        "{\"model_type\": \"phi3\", " SIZES ", \"full_attn_mod\": 1, "
        "\"interpolate_factor\": 1, \"lm_head_bias\": false, \"mlp_bias\": false}",
        LLAMA "\"pruned_heads\": {}, \"finetuning_task\": null, \"bad_words_ids\": [], "
              "\"top_k\": 50, \"do_sample\": false, \"_attn_implementation_autoset\": true, "
              "\"some_key_of_tomorrow\": null}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        config_of(texts[i]);
        assert_string_equal(ore_ok() ? "" : ore_error_message(), "");
    }
}

/* Positions that transformers computes otherwise than a config asks, or not at all. */
static void positions_that_ore_lacks_are_named(void **state) {
    (void)state;
    assert_refused(LLAMA "\"partial_rotary_factor\": 0.5}", ORE_UNSUPPORTED,
                   "partial_rotary_factor: 0.5 is nothing that Ore has");
    assert_refused(LLAMA "\"rope_scaling\": \"linear\"}", ORE_UNSUPPORTED,
                   "rope_scaling: what is no object is nothing that Ore has");
    assert_refused("{\"model_type\": \"gemma3_text\", " SIZES ", \"rope_parameters\": "
                   "{\"sliding_attention\": {\"rope_type\": \"linear\", \"factor\": 2}, "
                   "\"full_attention\": {\"rope_type\": \"default\"}}}",
                   ORE_UNSUPPORTED,
                   "rope_parameters.sliding_attention.rope_type: linear is nothing that Ore has");
    assert_refused("{\"model_type\": \"gemma3_text\", " SIZES ", \"attn_logit_softcapping\": 50}",
                   ORE_UNSUPPORTED, "attn_logit_softcapping: 50 is nothing that Ore has");
    gpt_config c = config_of("{\"model_type\": \"gemma3_text\", " SIZES
                             ", \"sliding_window_pattern\": 3, \"_sliding_window_pattern\": 6}");
    assert_true(ore_ok());
    assert_int_equal(c.window_skip, 3);
}

/* What follows from several keys, and what no field checks as it is read. */
static void numbers_out_of_range_are_named(void **state) {
    (void)state;
    assert_refused(LLAMA "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 0}}", ORE_DATA,
                   "block_size 0, expected 1 <= block_size <= 1048576");
    assert_refused(LLAMA "\"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 1e6}}",
                   ORE_DATA, "block_size 2048000000, expected 1 <= block_size <= 1048576");
    assert_refused("{\"model_type\": \"mistral\", " SIZES ", \"sliding_window\": 134217731}",
                   ORE_DATA, "window 134217731, expected 0 <= window <= 1048576");
}

static void fields_are_those_of_the_keys(void **state) {
    (void)state;
    gpt_config c = config_of(LLAMA "\"num_key_value_heads\": 2, \"rms_norm_eps\": 1e-05, "
                                   "\"rope_theta\": 500000, \"bos_token_id\": 1, "
                                   "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}}");
    assert_true(ore_ok());
    assert_int_equal(c.n_layer, 4);
    assert_int_equal(c.n_kv_head, 2);
    assert_int_equal(c.n_inner, 96);
    assert_int_equal(c.block_size, 2048); /* transformers' default */
    assert_true(c.rope_theta == 500000 && c.rope_factor == 4 && c.norm_eps == 1e-5);
    assert_int_equal(c.rope_scaling, ORE_ROTARY_LINEAR);
    assert_int_equal(c.norm_kind, GPT_RMS_NORM);
    assert_int_equal(c.tie_weights, 0);
    c = config_of("{\"model_type\": \"gemma3_text\", " SIZES ", \"rope_parameters\": "
                  "{\"sliding_attention\": {\"rope_theta\": 123}, \"full_attention\": "
                  "{\"rope_theta\": 456, \"rope_type\": \"linear\", \"factor\": 8}}}");
    assert_true(ore_ok());
    assert_true(c.rope_local_theta == 123 && c.rope_theta == 456 && c.rope_factor == 8);
    assert_int_equal(c.window, 4096);
    assert_int_equal(c.window_skip, 6);
    assert_int_equal(c.head_dim, 256);
}

/* Configs of runs: GPT-2 has a place for those without biases, and none for others. */
static void runs_find_their_family(void **state) {
    (void)state;
    gpt_config c = gpt_defaults();
    ore_json *json;
    c.vocab_size = 50;
    c.bias_qkv = 0;
    const hf_family *f = hf_config_write(&c, NULL, &json);
    assert_non_null(f);
    assert_string_equal(f->model_type, "gpt2");
    ore_json_free(json);
    c.norm = GPT_POST_NORM;
    assert_null(hf_config_write(&c, NULL, &json));
    assert_int_equal(ore_error_status(), ORE_UNSUPPORTED);
    assert_string_equal(ore_error_message(),
                        "no family of Hugging Face has a place for this config; gpt2, the "
                        "nearest, has another norm");
    ore_error_clear();
}

/* ---- GGUF ---- */

/* The metadata of a small Llama and its table, with one more key. */
static gguf_bytes small_gguf(const char *key, uint32_t value) {
    static const uint64_t shape[] = {8, 11};
    static const float zeros[8 * 11];
    gguf_bytes g = gguf_begin(3, 1, 8);
    gguf_text_value(&g, "general.architecture", "llama");
    gguf_u32_value(&g, "llama.block_count", 2);
    gguf_u32_value(&g, "llama.context_length", 32);
    gguf_u32_value(&g, "llama.embedding_length", 8);
    gguf_u32_value(&g, "llama.feed_forward_length", 12);
    gguf_u32_value(&g, "llama.attention.head_count", 2);
    gguf_u32_value(&g, "llama.attention.head_count_kv", 1);
    gguf_u32_value(&g, key, value);
    gguf_tensor(&g, "token_embd.weight", 2, shape, 0, 0);
    gguf_pad(&g, 32);
    gguf_put(&g, zeros, sizeof zeros);
    return g;
}

static void metadata_is_a_config(void **state) {
    char folder[256], path[300], message[400];
    gpt_config c;
    (void)state;
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/small.gguf", folder);
    gguf_bytes g = small_gguf("llama.rope.dimension_count", 2);
    assert_int_equal(ore_file_write(path, g.bytes, g.size), ORE_OK);
    assert_int_equal(gpt_published_config(path, &c), ORE_OK);
    assert_int_equal(c.n_layer, 2);
    assert_int_equal(c.n_kv_head, 1);
    assert_int_equal(c.block_size, 32);
    assert_int_equal(c.vocab_size, 11);
    assert_int_equal(c.rotary_dim, 2);
    assert_int_equal(c.tie_weights, 1);
    g = small_gguf("llama.expert_count", 8);
    assert_int_equal(ore_file_write(path, g.bytes, g.size), ORE_OK);
    assert_int_equal(gpt_published_config(path, &c), ORE_UNSUPPORTED);
    snprintf(message, sizeof message, "%s: llama.expert_count: a key that Ore does not know", path);
    assert_string_equal(ore_error_message(), message);
    ore_error_clear();
    remove_folder(folder);
}

/* A file with the first tensors of a Llama, its queries of a shape of their own. */
static gguf_bytes with_queries(uint32_t dims, const uint64_t *shape) {
    static const uint64_t table[] = {8, 11};
    static const float numbers[8 * 11 + 8 + 64];
    gguf_bytes g = gguf_begin(3, 3, 6);
    gguf_text_value(&g, "general.architecture", "llama");
    gguf_u32_value(&g, "llama.block_count", 1);
    gguf_u32_value(&g, "llama.context_length", 32);
    gguf_u32_value(&g, "llama.embedding_length", 8);
    gguf_u32_value(&g, "llama.feed_forward_length", 12);
    gguf_u32_value(&g, "llama.attention.head_count", 2);
    gguf_tensor(&g, "token_embd.weight", 2, table, 0, 0);
    gguf_tensor(&g, "blk.0.attn_norm.weight", 1, table, 0, 352);
    gguf_tensor(&g, "blk.0.attn_q.weight", dims, shape, 0, 384);
    gguf_pad(&g, 32);
    gguf_put(&g, numbers, sizeof numbers);
    return g;
}

static void wrong_shapes_in_a_file_are_named(void **state) {
    static const struct {
        uint32_t dims;
        uint64_t shape[3];
        const char *message;
    } cases[] = {
        {0, {0}, "()"},
        {1, {8}, "(8,)"},
        {2, {8, 4}, "(4, 8)"},
        {2, {(uint64_t)1 << 58, 0}, "(0, 288230376151711744)"},
        {3, {8, 4, 2}, "(2, 4, 8)"},
    };
    char folder[256], path[300], message[400];
    gpt_config c;
    gpt model;
    (void)state;
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/small.gguf", folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gguf_bytes g = with_queries(cases[i].dims, cases[i].shape);
        assert_int_equal(ore_file_write(path, g.bytes, g.size), ORE_OK);
        assert_int_equal(gpt_published_config(path, &c), ORE_OK);
        assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
        assert_int_equal(gpt_published_load(&model, path), ORE_DATA);
        snprintf(message, sizeof message,
                 "blk.0.attn_q.weight: a shape of %s, expected (8, 8) by the config",
                 cases[i].message);
        assert_non_null(strstr(ore_error_message(), message));
        ore_error_clear();
        gpt_free(&model);
    }
    remove_folder(folder);
}

static void names_lead_both_ways(void **state) {
    static const hf_name names[] = {{"a.#.b", "transformer.h.#.ln_1", HF_SAME},
                                    {"c", "lm_head", HF_TRANSPOSED},
                                    {NULL, NULL, HF_SAME}};
    char text[HF_NAME_BYTES];
    hf_change change;
    (void)state;
    assert_true(hf_name_of(names, "transformer.h.12.ln_1.weight", text, &change));
    assert_string_equal(text, "a.12.b.weight");
    assert_true(hf_name_of(names, "lm_head.weight", text, &change));
    assert_int_equal(change, HF_TRANSPOSED);
    assert_true(hf_name_of(names, "lm_head.bias", text, &change));
    assert_int_equal(change, HF_SAME);
    assert_false(hf_name_of(names, "transformer.h.12.ln_2.weight", text, &change));
    assert_false(hf_name_of(names, "transformer.h.x.ln_1.weight", text, &change));
    assert_true(gguf_reads("llama") && !gguf_reads("mamba"));
}

/* Factors, float32 in a model, are written with the digits that they were read with. */
static void factors_keep_their_digits(void **state) {
    static const char text[] =
        "{\"model_type\": \"phi3\", \"hidden_size\": 16, \"intermediate_size\": 8, "
        "\"num_hidden_layers\": 1, \"num_attention_heads\": 2, \"vocab_size\": 9, "
        "\"original_max_position_embeddings\": 8, \"rope_scaling\": {\"type\": \"longrope\", "
        "\"short_factor\": [1.1, 1, 1.25, 2.0500001], \"long_factor\": [64.76, 3, 0.1, 7e-5]}}";
    static const double factors[] = {64.76, 3, 0.1, 7e-5};
    (void)state;
    gpt model;
    ore_scope_begin();
    gpt_config c = config_of(text);
    assert_int_equal(gpt_init(&model, &c, NULL), ORE_OK);
    ore_json *json = ore_json_parse(text, strlen(text), "config.json");
    assert_int_equal(hf_rope_factors(json, &model), ORE_OK);
    ore_json *written = ore_json_object_new();
    ore_json_set_object(written, "rope_scaling");
    assert_int_equal(hf_rope_write_factors(&model, written), ORE_OK);
    ore_json *array =
        ore_json_get_array(ore_json_get_object(written, "rope_scaling"), "long_factor");
    for (int i = 0; i < 4; i++) {
        double factor = 0;
        assert_int_equal(ore_json_at_double(array, i, &factor), ORE_OK);
        assert_true(factor == factors[i]);
    }
    ore_json_free(json);
    ore_json_free(written);
    gpt_free(&model);
    ore_scope_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_answer_as_transformers_does),
        cmocka_unit_test(folders_are_written_as_they_were),
        cmocka_unit_test(a_tied_head_is_the_embedding),
        cmocka_unit_test(factors_keep_their_digits),
        cmocka_unit_test(what_ore_lacks_is_named),
        cmocka_unit_test(published_configs_are_read),
        cmocka_unit_test(positions_that_ore_lacks_are_named),
        cmocka_unit_test(numbers_out_of_range_are_named),
        cmocka_unit_test(fields_are_those_of_the_keys),
        cmocka_unit_test(runs_find_their_family),
        cmocka_unit_test(metadata_is_a_config),
        cmocka_unit_test(wrong_shapes_in_a_file_are_named),
        cmocka_unit_test(names_lead_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
