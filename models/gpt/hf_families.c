/* hf_families.c: the tables of Hugging Face's families, as transformers 5 has them in
 * models/NAME/configuration_NAME.py and modeling_NAME.py. */
#include <string.h>

#include "models/gpt/hf.h"

/* ---- words ---- */

static const hf_word activations[] = {
    {"gelu", "gelu"}, {"gelu_new", "gelu_tanh"}, {"gelu_pytorch_tanh", "gelu_tanh"},
    {"relu", "relu"}, {"silu", "silu"},          {"swish", "silu"},
    {NULL, NULL}};
static const hf_word gemma_activations[] = {{"gelu_pytorch_tanh", "gelu_tanh"},
                                            {"null", "gelu_tanh"},
                                            {"gelu", "gelu"},
                                            {"silu", "silu"},
                                            {NULL, NULL}};
static const hf_word none_is_0[] = {{"null", "0"}, {NULL, NULL}};
static const hf_word none_is_auto[] = {{"null", "auto"}, {NULL, NULL}};
static const hf_word yes[] = {{"true", ""}, {NULL, NULL}};
static const hf_word one[] = {{"1", ""}, {NULL, NULL}};
static const hf_word no[] = {{"false", ""}, {"null", ""}, {NULL, NULL}};

/* ---- GPT-2 ---- */

static const config_setting gpt2_fixed[] = {{"bias", "true"}, {NULL, NULL}};

static const hf_key gpt2_keys[] = {{"n_layer", "n_layer", NULL, NULL},
                                   {"n_head", "n_head", NULL, NULL},
                                   {"n_embd", "n_embd", NULL, NULL},
                                   {"n_positions", "block_size", "1024", NULL},
                                   {"vocab_size", "vocab_size", NULL, NULL},
                                   {"n_inner", "n_inner", "0", none_is_0},
                                   {"activation_function", "activation", "gelu_new", activations},
                                   {"resid_pdrop", "resid_dropout", "0.1", NULL},
                                   {"resid_pdrop", "mlp_dropout", "0.1", NULL},
                                   {"embd_pdrop", "embd_dropout", "0.1", NULL},
                                   {"attn_pdrop", "attn_dropout", "0.1", NULL},
                                   {"layer_norm_epsilon", "norm_eps", "1e-05", NULL},
                                   {"tie_word_embeddings", "tie_weights", "true", NULL},
                                   {"scale_attn_weights", NULL, "true", yes},
                                   {"scale_attn_by_inverse_layer_idx", NULL, "false", no},
                                   {NULL, NULL, NULL, NULL}};

static const char *const gpt2_ignored[] = {"n_ctx",
                                           "n_special",
                                           "predict_special_tokens",
                                           "reorder_and_upcast_attn",
                                           "summary_activation",
                                           "summary_first_dropout",
                                           "summary_proj_to_labels",
                                           "summary_type",
                                           "summary_use_proj",
                                           NULL};

static const hf_name gpt2_names[] = {
    {"transformer.wte", "transformer.wte", HF_SAME},
    {"transformer.wpe", "transformer.wpe", HF_SAME},
    {"transformer.h.#.ln_1", "transformer.h.#.ln_1", HF_SAME},
    {"transformer.h.#.attn.c_attn", "transformer.h.#.attn.c_attn", HF_TRANSPOSED},
    {"transformer.h.#.attn.c_proj", "transformer.h.#.attn.c_proj", HF_TRANSPOSED},
    {"transformer.h.#.ln_2", "transformer.h.#.ln_2", HF_SAME},
    {"transformer.h.#.mlp.c_fc", "transformer.h.#.mlp.c_fc", HF_TRANSPOSED},
    {"transformer.h.#.mlp.c_proj", "transformer.h.#.mlp.c_proj", HF_TRANSPOSED},
    {"transformer.ln_f", "transformer.ln_f", HF_SAME},
    {"lm_head", "lm_head", HF_SAME},
    {NULL, NULL, HF_SAME}};

/* ---- Llama and its relatives ---- */

/* What all of them have. */
#define LLAMA_FIXED                                                                                \
    {"norm_kind", "rms"}, {"mlp", "gated"}, {"positions", "rotary"}, {"fused_qkv", "false"}, {     \
        "bias", "false"                                                                            \
    }

static const config_setting llama_fixed[] = {LLAMA_FIXED, {NULL, NULL}};
static const config_setting qwen2_fixed[] = {LLAMA_FIXED, {"bias_qkv", "true"}, {NULL, NULL}};
static const config_setting qwen3_fixed[] = {LLAMA_FIXED, {"qk_norm", "true"}, {NULL, NULL}};
static const config_setting gemma2_fixed[] = {LLAMA_FIXED,
                                              {"norm_kind", "rms_plus_one"},
                                              {"norm", "both"},
                                              {"scale_embedding", "true"},
                                              {NULL, NULL}};
static const config_setting gemma3_fixed[] = {LLAMA_FIXED,         {"norm_kind", "rms_plus_one"},
                                              {"norm", "both"},    {"scale_embedding", "true"},
                                              {"qk_norm", "true"}, {NULL, NULL}};
static const config_setting phi3_fixed[] = {
    LLAMA_FIXED, {"fused_qkv", "true"}, {"mlp", "gated_fused"}, {NULL, NULL}};

#define SIZES(length)                                                                              \
    {"num_hidden_layers", "n_layer", NULL, NULL}, {"num_attention_heads", "n_head", NULL, NULL},   \
        {"num_key_value_heads", "n_kv_head", "null", none_is_auto},                                \
        {"hidden_size", "n_embd", NULL, NULL}, {"intermediate_size", "n_inner", NULL, NULL},       \
        {"vocab_size", "vocab_size", NULL, NULL},                                                  \
        {"max_position_embeddings", "block_size", length, NULL}, {                                 \
        "attention_dropout", "attn_dropout", "0", NULL                                             \
    }

static const hf_key llama_keys[] = {SIZES("2048"),
                                    {"head_dim", "head_dim", "0", none_is_0},
                                    {"hidden_act", "activation", "silu", activations},
                                    {"rms_norm_eps", "norm_eps", "1e-06", NULL},
                                    {"tie_word_embeddings", "tie_weights", "false", NULL},
                                    {"attention_bias", "bias_qkv", "false", NULL},
                                    {"attention_bias", "bias_proj", "false", NULL},
                                    {"mlp_bias", "bias_linear", "false", NULL},
                                    {NULL, NULL, NULL, NULL}};

static const hf_key mistral_keys[] = {SIZES("131072"),
                                      {"head_dim", "head_dim", "0", none_is_0},
                                      {"hidden_act", "activation", "silu", activations},
                                      {"rms_norm_eps", "norm_eps", "1e-06", NULL},
                                      {"tie_word_embeddings", "tie_weights", "false", NULL},
                                      {NULL, NULL, NULL, NULL}};

static const hf_key qwen2_keys[] = {SIZES("32768"),
                                    {"hidden_act", "activation", "silu", activations},
                                    {"rms_norm_eps", "norm_eps", "1e-06", NULL},
                                    {"tie_word_embeddings", "tie_weights", "false", NULL},
                                    {"use_mrope", NULL, "false", no},
                                    {NULL, NULL, NULL, NULL}};

static const hf_key qwen3_keys[] = {SIZES("32768"),
                                    {"head_dim", "head_dim", "128", none_is_0},
                                    {"hidden_act", "activation", "silu", activations},
                                    {"rms_norm_eps", "norm_eps", "1e-06", NULL},
                                    {"tie_word_embeddings", "tie_weights", "false", NULL},
                                    {"attention_bias", "bias_qkv", "false", NULL},
                                    {"attention_bias", "bias_proj", "false", NULL},
                                    {NULL, NULL, NULL, NULL}};

#define GEMMA_KEYS(length, logit_cap)                                                              \
    SIZES(length), {"head_dim", "head_dim", "256", none_is_0},                                     \
        {"hidden_activation", "activation", "gelu_pytorch_tanh", gemma_activations},               \
        {"rms_norm_eps", "norm_eps", "1e-06", NULL},                                               \
        {"tie_word_embeddings", "tie_weights", "true", NULL},                                      \
        {"attention_bias", "bias_qkv", "false", NULL},                                             \
        {"attention_bias", "bias_proj", "false", NULL},                                            \
        {"query_pre_attn_scalar", "query_scalar", "256", NULL},                                    \
        {"final_logit_softcapping", "logit_soft_cap", logit_cap, none_is_0}, {                     \
        "use_bidirectional_attention", NULL, "false", no                                           \
    }

static const hf_key gemma2_keys[] = {GEMMA_KEYS("8192", "30"),
                                     {"attn_logit_softcapping", "attn_soft_cap", "50", none_is_0},
                                     {NULL, NULL, NULL, NULL}};
/* transformers has a key for the cap of Gemma 3's scores, but no cap */
static const hf_key gemma3_keys[] = {GEMMA_KEYS("131072", "null"),
                                     {"attn_logit_softcapping", NULL, "null", no},
                                     {NULL, NULL, NULL, NULL}};
/* second names of hidden_activation and sliding_window, which transformers does not read */
static const char *const gemma_ignored[] = {"hidden_act", "sliding_window_size", NULL};

static const hf_key phi3_keys[] = {SIZES("4096"),
                                   {"hidden_act", "activation", "silu", activations},
                                   {"rms_norm_eps", "norm_eps", "1e-05", NULL},
                                   {"tie_word_embeddings", "tie_weights", "false", NULL},
                                   {"resid_pdrop", "resid_dropout", "0", NULL},
                                   {"resid_pdrop", "mlp_dropout", "0", NULL},
                                   {"embd_pdrop", "embd_dropout", "0", NULL},
                                   {"mlp_bias", NULL, "false", no},
                                   {"lm_head_bias", NULL, "false", no},
                                   {"full_attn_mod", NULL, "1", one},
                                   {"interpolate_factor", NULL, "1", one},
                                   {NULL, NULL, NULL, NULL}};
/* biases that there are none of */
static const char *const phi3_ignored[] = {"attention_bias", NULL};

#define ENDS                                                                                       \
    {"model.embed_tokens", "transformer.wte", HF_SAME},                                            \
        {"model.norm", "transformer.ln_f", HF_SAME}, {"lm_head", "lm_head", HF_SAME}, {            \
        NULL, NULL, HF_SAME                                                                        \
    }
#define LAYER(theirs, ours)                                                                        \
    { "model.layers.#." theirs, "transformer.h.#." ours, HF_SAME }
#define ATTENTION                                                                                  \
    LAYER("input_layernorm", "ln_1"), LAYER("self_attn.q_proj", "attn.c_q"),                       \
        LAYER("self_attn.k_proj", "attn.c_k"), LAYER("self_attn.v_proj", "attn.c_v"),              \
        LAYER("self_attn.qkv_proj", "attn.c_attn"), LAYER("self_attn.q_norm", "attn.q_norm"),      \
        LAYER("self_attn.k_norm", "attn.k_norm"), LAYER("self_attn.o_proj", "attn.c_proj")
#define FEED_FORWARD LAYER("mlp.gate_proj", "mlp.c_gate"), LAYER("mlp.down_proj", "mlp.c_proj")

static const hf_name llama_names[] = {ATTENTION, LAYER("post_attention_layernorm", "ln_2"),
                                      LAYER("mlp.up_proj", "mlp.c_fc"), FEED_FORWARD, ENDS};
static const hf_name phi3_names[] = {ATTENTION, LAYER("post_attention_layernorm", "ln_2"),
                                     LAYER("mlp.gate_up_proj", "mlp.c_fc"), FEED_FORWARD, ENDS};
static const hf_name gemma_names[] = {ATTENTION,
                                      LAYER("post_attention_layernorm", "ln_1_post"),
                                      LAYER("pre_feedforward_layernorm", "ln_2"),
                                      LAYER("post_feedforward_layernorm", "ln_2_post"),
                                      LAYER("mlp.up_proj", "mlp.c_fc"),
                                      FEED_FORWARD,
                                      ENDS};

/* ---- the families; a config is written as the first that has a place for it ---- */

static const hf_family families[] = {
    {.model_type = "gpt2",
     .architecture = "GPT2LMHeadModel",
     .fixed = gpt2_fixed,
     .keys = gpt2_keys,
     .ignored = gpt2_ignored,
     .names = gpt2_names,
     .prefix = "transformer.",
     .zero_biases = true},
    {.model_type = "llama",
     .architecture = "LlamaForCausalLM",
     .fixed = llama_fixed,
     .keys = llama_keys,
     .rotary = true,
     .theta = "10000",
     .names = llama_names},
    {.model_type = "mistral",
     .architecture = "MistralForCausalLM",
     .fixed = llama_fixed,
     .keys = mistral_keys,
     .window = HF_WINDOW_ALL,
     .window_missing = 4096,
     .rotary = true,
     .theta = "10000",
     .names = llama_names},
    {.model_type = "qwen2",
     .architecture = "Qwen2ForCausalLM",
     .fixed = qwen2_fixed,
     .keys = qwen2_keys,
     .window = HF_WINDOW_BEHIND,
     .window_missing = 4096,
     .rotary = true,
     .theta = "10000",
     .names = llama_names},
    {.model_type = "qwen3",
     .architecture = "Qwen3ForCausalLM",
     .fixed = qwen3_fixed,
     .keys = qwen3_keys,
     .window = HF_WINDOW_BEHIND,
     .window_missing = 4096,
     .rotary = true,
     .theta = "10000",
     .names = llama_names},
    {.model_type = "gemma2",
     .architecture = "Gemma2ForCausalLM",
     .fixed = gemma2_fixed,
     .keys = gemma2_keys,
     .ignored = gemma_ignored,
     .window = HF_WINDOW_SECOND,
     .window_missing = 4096,
     .rotary = true,
     .theta = "10000",
     .names = gemma_names},
    {.model_type = "gemma3_text",
     .architecture = "Gemma3ForCausalLM",
     .fixed = gemma3_fixed,
     .keys = gemma3_keys,
     .ignored = gemma_ignored,
     .window = HF_WINDOW_PATTERN,
     .window_missing = 4096,
     .rotary = true,
     .theta = "1000000",
     .local_theta = "10000",
     .names = gemma_names},
    {.model_type = "phi3",
     .architecture = "Phi3ForCausalLM",
     .fixed = phi3_fixed,
     .keys = phi3_keys,
     .ignored = phi3_ignored,
     .window = HF_WINDOW_ALL,
     .rotary = true,
     .theta = "10000",
     .partial = true,
     .original_apart = true,
     .names = phi3_names},
};
enum { FAMILIES = sizeof families / sizeof families[0] };

const hf_family *hf_family_at(int i) {
    return i < FAMILIES ? &families[i] : NULL;
}

const hf_family *hf_family_find(const char *model_type) {
    char names[256] = "";
    for (int i = 0; i < FAMILIES; i++) {
        if (strcmp(families[i].model_type, model_type) == 0)
            return &families[i];
        strcat(strcat(names, i == 0 ? "" : ", "), families[i].model_type);
    }
    ore_fail(ORE_UNSUPPORTED, "model_type %.64s: expected one of %s", model_type, names);
    return NULL;
}

const hf_key *hf_find_key(const char *model_type, const char *key) {
    const hf_key *k = hf_family_find(model_type)->keys;
    while (k->key && strcmp(k->key, key) != 0)
        k++;
    return k->key ? k : NULL;
}
