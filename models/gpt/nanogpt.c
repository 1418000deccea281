/* nanogpt.c: the GPT from nanoGPT's ckpt.pt: torch.save of a dict in which "model" is the state of
 * its module, and "model_args" the fields of its GPTConfig (train.py and model.py there). */
#include <string.h>

#include "models/gpt/nanogpt.h"

/* bias and dropout: GPTConfig's defaults, for checkpoints from before it had them. */
static const hf_key keys[] = {
    {"n_layer", "n_layer", NULL, NULL},       {"n_head", "n_head", NULL, NULL},
    {"n_embd", "n_embd", NULL, NULL},         {"block_size", "block_size", NULL, NULL},
    {"vocab_size", "vocab_size", NULL, NULL}, {"bias", "bias", "true", NULL},
    {"dropout", "dropout", "0", NULL},        {NULL, NULL, NULL, NULL}};

/* torch.compile puts the module into one that has it as "_orig_mod". */
#define COMPILED "_orig_mod."
#define ROOT     "model."
#define SAME(name)                                                                                 \
    { COMPILED name, name, HF_SAME }
static const hf_name names[] = {SAME("transformer.wte"),
                                SAME("transformer.wpe"),
                                SAME("transformer.h.#.ln_1"),
                                SAME("transformer.h.#.attn.c_attn"),
                                SAME("transformer.h.#.attn.c_proj"),
                                SAME("transformer.h.#.ln_2"),
                                SAME("transformer.h.#.mlp.c_fc"),
                                SAME("transformer.h.#.mlp.c_proj"),
                                SAME("transformer.ln_f"),
                                SAME("lm_head"),
                                {NULL, NULL, HF_SAME}};

bool nanogpt_is(ore_tensor_file *file) {
    if (strcmp(ore_tensor_file_format(file), "PyTorch") != 0)
        return false;
    ore_json *said = ore_tensor_file_settings(file);
    return said && ore_json_kind_of(said, "model_args") == ORE_JSON_OBJECT;
}

ore_status nanogpt_read_config(ore_tensor_file *file, gpt_config *c) {
    ore_json *args = ore_json_get_object(ore_tensor_file_settings(file), "model_args");
    *c = gpt_defaults(); /* nanoGPT's form: exact gelu, tied weights, a head without a bias */
    return args ? hf_keys_read(keys, "nanoGPT", args, c) : ore_error_status();
}

ore_status nanogpt_read_weights(ore_tensor_file *file, gpt *model) {
    return hf_load(model, names, COMPILED, ROOT, file);
}
