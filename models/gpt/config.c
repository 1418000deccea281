/* config.c: a GPT's config as JSON, with nanoGPT's key names. */
#include <string.h>

#include <ore/ops.h>

#include "models/gpt/gpt.h"

typedef struct named_activation {
    const char *name;
    ore_tensor_function function;
} named_activation;

static const named_activation activations[] = {
    {"gelu", ore_gelu}, {"gelu_tanh", ore_gelu_tanh}, {"relu", ore_relu}};
enum { ACTIVATION_COUNT = sizeof activations / sizeof *activations };

static const char *const norm_names[] = {[GPT_PRE_NORM] = "pre", [GPT_POST_NORM] = "post"};
static const char *const position_names[] = {
    [GPT_LEARNED] = "learned", [GPT_SINUSOIDAL] = "sinusoidal"};

ore_status gpt_config_write(const gpt_config *c, ore_json *o) {
    ore_json_set_int(o, "n_layer", c->n_layer);
    ore_json_set_int(o, "n_head", c->n_head);
    ore_json_set_int(o, "n_embd", c->n_embd);
    ore_json_set_int(o, "block_size", c->block_size);
    ore_json_set_int(o, "vocab_size", c->vocab_size);
    ore_json_set_double(o, "attn_dropout", c->attn_dropout);
    ore_json_set_double(o, "resid_dropout", c->resid_dropout);
    ore_json_set_double(o, "mlp_dropout", c->mlp_dropout);
    ore_json_set_bool(o, "bias_qkv", c->bias_qkv);
    ore_json_set_bool(o, "bias_linear", c->bias_linear);
    ore_json_set_bool(o, "bias_norm", c->bias_norm);
    ore_json_set_bool(o, "bias_head", c->bias_head);
    ore_json_set_string(o, "norm", norm_names[c->norm]);
    ore_json_set_bool(o, "final_norm", c->final_norm);
    for (int i = 0; i < ACTIVATION_COUNT; i++)
        if (activations[i].function == c->activation)
            ore_json_set_string(o, "activation", activations[i].name);
    ore_json_set_bool(o, "tie_weights", c->tie_weights);
    return ore_json_set_string(o, "positions", position_names[c->positions]);
}

/* Place of a key's text among names; -1 with an error that lists them. */
static int choose(ore_json *o, const char *key, const char *first, const char *second,
                  const char *third) {
    const char *names[] = {first, second, third};
    const char *text = ore_json_get_string(o, key);
    for (int i = 0; text && i < 3; i++)
        if (names[i] && strcmp(text, names[i]) == 0)
            return i;
    if (text)
        ore_fail(ORE_DATA, "%s: '%s', expected %s, %s%s%s", key, text, first, second,
                 third ? ", " : "", third ? third : "");
    return -1;
}

ore_status gpt_config_read(gpt_config *config, ore_json *o) {
    gpt_config c = *config;
    ore_json_get_int(o, "n_layer", &c.n_layer);
    ore_json_get_int(o, "n_head", &c.n_head);
    ore_json_get_int(o, "n_embd", &c.n_embd);
    ore_json_get_int(o, "block_size", &c.block_size);
    ore_json_get_int(o, "vocab_size", &c.vocab_size);
    ore_json_get_double(o, "attn_dropout", &c.attn_dropout);
    ore_json_get_double(o, "resid_dropout", &c.resid_dropout);
    ore_json_get_double(o, "mlp_dropout", &c.mlp_dropout);
    ore_json_get_bool(o, "bias_qkv", &c.bias_qkv);
    ore_json_get_bool(o, "bias_linear", &c.bias_linear);
    ore_json_get_bool(o, "bias_norm", &c.bias_norm);
    ore_json_get_bool(o, "bias_head", &c.bias_head);
    ore_json_get_bool(o, "final_norm", &c.final_norm);
    ore_json_get_bool(o, "tie_weights", &c.tie_weights);
    int norm = choose(o, "norm", "pre", "post", NULL);
    int activation =
        choose(o, "activation", activations[0].name, activations[1].name, activations[2].name);
    int positions = choose(o, "positions", "learned", "sinusoidal", NULL);
    if (!ore_ok())
        return ore_error_status();
    c.norm = (gpt_norm)norm;
    c.activation = activations[activation].function;
    c.positions = (gpt_positions)positions;
    *config = c;
    return ORE_OK;
}
