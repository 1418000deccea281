/* gguf.c: the GPT from GGUF files: their metadata as the config.json of the same family, so that
 * one table says what a family is, and their names of tensors. Keys and names are those of
 * github.com/ggml-org/llama.cpp, gguf-py/gguf/constants.py; what its converters change in weights
 * is changed back. */
#include <stdio.h>
#include <string.h>

#include "models/gpt/gguf.h"

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* ---- names ---- */

#define LAYER(theirs, ours, change)                                                                \
    { "blk.#." theirs, "transformer.h.#." ours, change }
#define NAMES(qk, norm)                                                                            \
    {"token_embd", "transformer.wte", HF_SAME}, {"position_embd", "transformer.wpe", HF_SAME},     \
        {"output_norm", "transformer.ln_f", norm}, {"output", "lm_head", HF_SAME},                 \
        LAYER("attn_norm", "ln_1", norm), LAYER("attn_qkv", "attn.c_attn", HF_SAME),               \
        LAYER("attn_q", "attn.c_q", qk), LAYER("attn_k", "attn.c_k", qk),                          \
        LAYER("attn_v", "attn.c_v", HF_SAME), LAYER("attn_q_norm", "attn.q_norm", norm),           \
        LAYER("attn_k_norm", "attn.k_norm", norm), LAYER("attn_output", "attn.c_proj", HF_SAME),   \
        LAYER("post_attention_norm", "ln_1_post", norm), LAYER("ffn_norm", "ln_2", norm),          \
        LAYER("ffn_gate", "mlp.c_gate", HF_SAME), LAYER("ffn_up", "mlp.c_fc", HF_SAME),            \
        LAYER("ffn_down", "mlp.c_proj", HF_SAME), LAYER("post_ffw_norm", "ln_2_post", norm)

/* Phi-3's factors of frequencies, and Llama 3's, which are one set for all lengths. */
#define FACTORS(short_ones, long_ones)                                                             \
    {short_ones, "transformer.rope_short", HF_SAME}, {                                             \
        long_ones, "transformer.rope_long", HF_SAME                                                \
    }
#define END                                                                                        \
    { NULL, NULL, HF_SAME }

static const hf_name plain_names[] = {NAMES(HF_SAME, HF_SAME),
                                      FACTORS("rope_factors_short", "rope_factors_long"), END};
static const hf_name llama_names[] = {NAMES(HF_PAIRS, HF_SAME), FACTORS("rope_freqs", "rope_freqs"),
                                      END};
static const hf_name gemma_names[] = {NAMES(HF_SAME, HF_PLUS_ONE), END};

/* ---- keys: those behind "llama." and the like ---- */

static const gguf_key llama_keys[] = {{"block_count", "num_hidden_layers"},
                                      {"context_length", "max_position_embeddings"},
                                      {"embedding_length", "hidden_size"},
                                      {"feed_forward_length", "intermediate_size"},
                                      {"attention.head_count", "num_attention_heads"},
                                      {"attention.head_count_kv", "num_key_value_heads"},
                                      {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
                                      {"attention.sliding_window", "sliding_window"},
                                      {"attn_logit_softcapping", "attn_logit_softcapping"},
                                      {"final_logit_softcapping", "final_logit_softcapping"},
                                      {"rope.freq_base", "rope_theta"},
                                      {"rope.freq_base_swa", "rope_local_base_freq"},
                                      {NULL, NULL}};

static const gguf_key gpt2_keys[] = {{"block_count", "n_layer"},
                                     {"context_length", "n_positions"},
                                     {"embedding_length", "n_embd"},
                                     {"feed_forward_length", "n_inner"},
                                     {"attention.head_count", "n_head"},
                                     {"attention.layer_norm_epsilon", "layer_norm_epsilon"},
                                     {NULL, NULL}};

/* Keys that this file reads by itself. */
static const char *const own[] = {"attention.key_length", "attention.value_length",
                                  "hidden_activation", "vocab_size", NULL};

/* Of one architecture, a file with a sliding window is of the second: of Mistral. */
static const gguf_family families[] = {{"llama", "llama", llama_keys, llama_names, 0},
                                       {"llama", "mistral", llama_keys, llama_names, 0},
                                       {"qwen2", "qwen2", llama_keys, plain_names, 0},
                                       {"qwen3", "qwen3", llama_keys, plain_names, 0},
                                       {"gemma2", "gemma2", llama_keys, gemma_names, 46},
                                       {"gemma3", "gemma3_text", llama_keys, gemma_names, 62},
                                       {"phi3", "phi3", llama_keys, plain_names, 0},
                                       {"gpt2", "gpt2", gpt2_keys, plain_names, 0}};
enum { FAMILIES = sizeof families / sizeof families[0] };

static const gguf_family *family_named(const char *architecture) {
    for (int i = 0; i < FAMILIES; i++)
        if (is(families[i].architecture, architecture))
            return &families[i];
    return NULL;
}

const gguf_family *gguf_family_of_type(const char *model_type) {
    for (int i = 0; i < FAMILIES; i++)
        if (is(families[i].model_type, model_type))
            return &families[i];
    return NULL;
}

bool gguf_reads(const char *architecture) {
    return family_named(architecture) != NULL;
}

const char *gguf_full_key(const gguf_family *f, const char *key, char *text) {
    snprintf(text, GGUF_KEY_BYTES, "%s.%s", f->architecture, key);
    return text;
}

static bool has(const gguf_family *f, const ore_json *metadata, const char *key) {
    char text[GGUF_KEY_BYTES];
    return ore_json_kind_of(metadata, gguf_full_key(f, key, text)) != ORE_JSON_MISSING;
}

/* The family of a file; NULL with ORE_UNSUPPORTED. */
static const gguf_family *family_of(ore_json *metadata) {
    const char *architecture = ore_json_get_string(metadata, "general.architecture");
    const gguf_family *f = architecture ? family_named(architecture) : NULL;
    if (!f && ore_ok())
        hf_unsupported("general.architecture", architecture);
    bool second = f && f + 1 < families + FAMILIES && is(f[1].architecture, f->architecture);
    return second && has(f, metadata, "attention.sliding_window") ? f + 1 : f;
}

/* ---- metadata to config.json ---- */

ore_status gguf_copy_member(const gguf_family *f, ore_json *metadata, const char *theirs,
                            const char *key, ore_json *json) {
    char text[GGUF_KEY_BYTES];
    const char *from = gguf_full_key(f, theirs, text);
    int64_t integer = 0;
    double real = 0;
    switch (ore_json_kind_of(metadata, from)) {
    case ORE_JSON_MISSING:
        return ore_error_status();
    case ORE_JSON_INT:
        ore_json_get_int(metadata, from, &integer);
        return ore_json_set_int(json, key, integer);
    case ORE_JSON_DOUBLE:
        ore_json_get_double(metadata, from, &real);
        return ore_json_set_double(json, key, real);
    default:
        return hf_unsupported(from, "what is no number");
    }
}

int64_t gguf_integer(const gguf_family *f, const ore_json *metadata, const char *key,
                     int64_t missing) {
    char text[GGUF_KEY_BYTES];
    int64_t value = missing;
    if (has(f, metadata, key))
        ore_json_get_int(metadata, gguf_full_key(f, key, text), &value);
    return value;
}

static bool is_known(const gguf_family *f, const char *key) {
    for (const gguf_key *k = f->keys; k->theirs; k++)
        if (is(k->theirs, key))
            return true;
    for (int i = 0; own[i]; i++)
        if (is(own[i], key))
            return true;
    return gguf_rope_has(key);
}

/* Keys of the family alone count: the others are about the tokenizer and the file. */
static ore_status refuse_unknown(const gguf_family *f, ore_json *metadata) {
    size_t n = strlen(f->architecture);
    for (int64_t i = 0; i < ore_json_count(metadata) && ore_ok(); i++) {
        const char *key = ore_json_key(metadata, i);
        if (strncmp(key, f->architecture, n) == 0 && key[n] == '.' && !is_known(f, key + n + 1))
            ore_fail(ORE_UNSUPPORTED, "%s: a key that Ore does not know", key);
    }
    return ore_error_status();
}

/* head_dim, and what Gemma divides by. */
static ore_status read_heads(const gguf_family *f, ore_json *metadata, ore_json *json) {
    char text[GGUF_KEY_BYTES];
    int64_t layers = gguf_integer(f, metadata, "block_count", 0);
    int64_t heads = gguf_integer(f, metadata, "attention.head_count", 0);
    int64_t C = gguf_integer(f, metadata, "embedding_length", 0);
    if (ore_ok() && heads < 1)
        return ore_fail(ORE_DATA, "%s: missing", gguf_full_key(f, "attention.head_count", text));
    int64_t D = gguf_integer(f, metadata, "attention.key_length", ore_ok() ? C / heads : 0);
    if (gguf_integer(f, metadata, "attention.value_length", D) != D)
        return hf_unsupported(gguf_full_key(f, "attention.value_length", text),
                              "other than key_length");
    if (D != (ore_ok() ? C / heads : 0) || hf_find_key(f->model_type, "head_dim"))
        ore_json_set_int(json, "head_dim", D);
    if (hf_find_key(f->model_type, "query_pre_attn_scalar"))
        ore_json_set_int(json, "query_pre_attn_scalar", layers == f->wide_layers ? C / heads : D);
    return ore_error_status();
}

const char *gguf_activation_key(const gguf_family *f) {
    static const char *const keys[] = {"activation_function", "hidden_activation", "hidden_act"};
    int i = 0;
    while (!hf_find_key(f->model_type, keys[i]))
        i++;
    return keys[i];
}

/* The activation, where it is not the one that the architecture always has. */
static ore_status read_activation(const gguf_family *f, const ore_json *metadata, ore_json *json) {
    char key[GGUF_KEY_BYTES];
    if (!has(f, metadata, "hidden_activation"))
        return ore_error_status();
    const char *word = ore_json_get_string(metadata, gguf_full_key(f, "hidden_activation", key));
    return word ? ore_json_set_string(json, gguf_activation_key(f), word) : ore_error_status();
}

/* What the tensors alone tell. */
static ore_status read_tensors(const gguf_family *f, const ore_tensor_file *file, ore_json *json) {
    const ore_tensor_entry *table = ore_tensor_file_find(file, "token_embd.weight");
    if (!table || table->shape.ndim != 2)
        return ore_fail(ORE_DATA, "token_embd.weight: %s", table ? "expected a matrix" : "missing");
    ore_json_set_int(json, "vocab_size", table->shape.dim[0]);
    ore_json_set_bool(json, "tie_word_embeddings", !ore_tensor_file_find(file, "output.weight"));
    if (hf_find_key(f->model_type, "attention_bias"))
        ore_json_set_bool(json, "attention_bias",
                          ore_tensor_file_find(file, "blk.0.attn_q.bias") != NULL);
    if (hf_find_key(f->model_type, "mlp_bias"))
        ore_json_set_bool(json, "mlp_bias",
                          ore_tensor_file_find(file, "blk.0.ffn_up.bias") != NULL);
    return ore_error_status();
}

/* The config.json that a file stands for, the caller's. */
static ore_json *config_of(const gguf_family *f, ore_tensor_file *file) {
    ore_json *metadata = ore_tensor_file_settings(file), *json = ore_json_object_new();
    ore_json_set_string(json, "model_type", f->model_type);
    refuse_unknown(f, metadata);
    for (const gguf_key *k = f->keys; k->theirs && ore_ok(); k++)
        gguf_copy_member(f, metadata, k->theirs, k->key, json);
    if (ore_ok() && read_heads(f, metadata, json) == ORE_OK &&
        gguf_rope_read(f, file, metadata, json) == ORE_OK &&
        read_activation(f, metadata, json) == ORE_OK)
        read_tensors(f, file, json);
    return json;
}

/* ---- files ---- */

/* How many channels of a head are turned, which every architecture may say here. */
static ore_status read_turned(const gguf_family *f, ore_tensor_file *file, gpt_config *c) {
    int64_t turned =
        gguf_integer(f, ore_tensor_file_settings(file), "rope.dimension_count", c->rotary_dim);
    if (c->positions != GPT_ROTARY || turned == gpt_config_settled(c).head_dim)
        return ore_error_status();
    c->rotary_dim = turned;
    return hf_config_check(c);
}

ore_status gguf_read_config(ore_tensor_file *file, gpt_config *c) {
    const gguf_family *f = family_of(ore_tensor_file_settings(file));
    ore_json *json = f ? config_of(f, file) : NULL;
    if (json && ore_ok() && hf_config_read(json, c))
        read_turned(f, file, c);
    ore_json_free(json);
    return ore_error_status();
}

ore_status gguf_read_weights(ore_tensor_file *file, gpt *model) {
    const gguf_family *f = family_of(ore_tensor_file_settings(file));
    return f ? hf_load(model, f->names, NULL, "", file) : ore_error_status();
}
