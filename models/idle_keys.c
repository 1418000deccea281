/* idle_keys.c: what stands in config.json of Hugging Face's models and changes nothing that they
 * compute, whatever the family. Models that were published over the years have all of these. */
#include <string.h>

#include "models/config.h"

static const char *const keys[] = {
    /* where it comes from, and whose code reads it */
    "_attn_implementation_autoset", "_commit_hash", "_name_or_path", "architectures",
    "attn_implementation", "auto_map", "tokenizer_class", "transformers.js_config",
    "transformers_version", "unsloth_fixed", "unsloth_version",
    /* how values are stored and returned, what is kept, and how much at once */
    "chunk_size_feed_forward", "dtype", "gradient_checkpointing", "output_attentions",
    "output_hidden_states", "output_past", "return_dict", "tf_legacy_loss", "torch_dtype",
    "torchscript", "use_bfloat16", "use_cache",
    /* marks, and other tasks than a language model's */
    "_num_labels", "bos_token_id", "cls_token_id", "decoder_start_token_id", "eos_token_id",
    "finetuning_task", "id2label", "label2id", "mask_token_id", "model_max_length", "num_labels",
    "pad_token_id", "prefix", "problem_type", "sep_token_id", "task_specific_params",
    "unk_token_id",
    /* of models of two parts; those are refused by other keys */
    "cross_attention_hidden_size", "tie_encoder_decoder",
    /* training from scratch */
    "classifier_dropout", "initializer_range",
    /* generating text, which generation_config.json has today */
    "bad_words_ids", "begin_suppress_tokens", "cache_implementation", "diversity_penalty",
    "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id",
    "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups",
    "num_beams", "num_return_sequences", "output_scores", "remove_invalid_values",
    "repetition_penalty", "return_dict_in_generate", "suppress_tokens", "temperature", "top_k",
    "top_p", "typical_p"};
enum { KEYS = sizeof keys / sizeof keys[0] };

/* Whether a member is null, [] or {}. */
static bool is_empty(ore_json *config, const char *key) {
    switch (ore_json_kind_of(config, key)) {
    case ORE_JSON_NULL:
        return true;
    case ORE_JSON_ARRAY:
        return ore_json_count(ore_json_get_array(config, key)) == 0;
    case ORE_JSON_OBJECT:
        return ore_json_count(ore_json_get_object(config, key)) == 0;
    default:
        return false;
    }
}

bool config_key_is_idle(ore_json *config, const char *key) {
    int i = 0;
    while (i < KEYS && strcmp(keys[i], key) != 0)
        i++;
    return i < KEYS || is_empty(config, key);
}
