/* config.c: BERT's config. Its fields are the keys of Hugging Face's config.json. */
#include <stdio.h>
#include <string.h>

#include "models/bert/bert_json.h"

/* The first word of each function is the one that is written. */
static const config_choice activations[] = {{"gelu", ACTIVATION_GELU},
                                            {"gelu_new", ACTIVATION_GELU_TANH},
                                            {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
                                            {"relu", ACTIVATION_RELU},
                                            {NULL, 0}};

#define INT(...)    CONFIG_FIELD_INT(bert_config, __VA_ARGS__)
#define FLOAT(...)  CONFIG_FIELD_FLOAT(bert_config, __VA_ARGS__)
#define CHOICE(...) CONFIG_FIELD_CHOICE(bert_config, __VA_ARGS__)

const config_field bert_fields[] = {
    INT(vocab_size, "30522", "[1, 16777216]", "rows of the token table"),
    INT(hidden_size, "768", "[1, 65536]", "channels"),
    INT(num_hidden_layers, "12", "[1, 1024]", "layers"),
    INT(num_attention_heads, "12", "[1, 1024]", "attention heads of each; divides hidden_size"),
    INT(intermediate_size, "3072", "[1, 1048576]", "units of the feed-forward layers"),
    CHOICE(hidden_act, "gelu", activations, "non-linearity of the feed-forward layers"),
    FLOAT(hidden_dropout_prob, "0.1", "[0, 1)", NULL, "dropout of embeddings and sublayers"),
    FLOAT(attention_probs_dropout_prob, "0.1", "[0, 1)", NULL, "dropout of attention weights"),
    INT(max_position_embeddings, "512", "[1, 1048576]", "maximum number of tokens of a text"),
    INT(type_vocab_size, "2", "[1, 65536]", "kinds of texts that a row may consist of"),
    FLOAT(initializer_range, "0.02", "[0, 1000]", NULL, "standard deviation of drawn weights"),
    FLOAT(layer_norm_eps, "1e-12", "[0, 1]", NULL, "what norms add to a variance"),
    INT(pad_token_id, "0", "[-1, 16777215]", "the token whose vector has no gradient; -1: none"),
    CONFIG_FIELD_SWITCH(bert_config, tie_word_embeddings, "true", NULL,
                        "the masked-word head's weight is the token table"),
    CONFIG_FIELDS_END,
};

bert_config bert_defaults(void) {
    bert_config c = {0};
    config_defaults(bert_fields, &c);
    return c;
}

ore_status bert_config_check(const bert_config *c) {
    if (config_check(bert_fields, c) != ORE_OK)
        return ore_error_status();
    if (c->hidden_size % c->num_attention_heads != 0)
        return ore_fail(ORE_INVALID, "num_attention_heads %lld does not divide hidden_size %lld",
                        (long long)c->num_attention_heads, (long long)c->hidden_size);
    if (c->pad_token_id >= c->vocab_size)
        return ore_fail(ORE_INVALID, "pad_token_id %lld is not below vocab_size %lld",
                        (long long)c->pad_token_id, (long long)c->vocab_size);
    if (c->parts.next_sentence && !c->parts.pooler)
        return ore_fail(ORE_INVALID, "the next-sentence head reads the pooler, which is missing");
    return ORE_OK;
}

/* ---- config.json ---- */

/* Keys of which Ore has one value alone, and it is the default. */
static const struct {
    const char *key, *value;
} fixed[] = {{"model_type", "bert"},
             {"position_embedding_type", "absolute"},
             {"is_decoder", "false"},
             {"add_cross_attention", "false"},
             {"is_encoder_decoder", "false"}};
enum { FIXED = sizeof fixed / sizeof *fixed };

/* Keys beside those of config_key_is_idle that only other programs read. */
static const char *const ignored[] = {"directionality",
                                      "pooler_fc_size",
                                      "pooler_num_attention_heads",
                                      "pooler_num_fc_layers",
                                      "pooler_size_per_head",
                                      "pooler_type",
                                      NULL};

static bool is_fixed(const char *key) {
    int i = 0;
    while (i < FIXED && strcmp(fixed[i].key, key) != 0)
        i++;
    return i < FIXED;
}

static bool is_ignored(const char *key) {
    int i = 0;
    while (ignored[i] && strcmp(ignored[i], key) != 0)
        i++;
    return ignored[i] != NULL;
}

static ore_status refuse(const char *key, const char *value) {
    return ore_fail(ORE_UNSUPPORTED, "%s: %s is nothing that Ore's BERT has", key, value);
}

static ore_status read_field(const config_field *f, const ore_json *json, bert_config *c) {
    char text[256], label[CONFIG_LABEL_BYTES];
    ore_json_kind kind = ore_json_kind_of(json, f->key);
    if (kind == ORE_JSON_MISSING)
        return ORE_OK;
    if (kind == ORE_JSON_NULL && strcmp(f->key, "pad_token_id") == 0)
        return config_set(f, c, "-1", f->key);
    if (!config_member_text(f, json, f->key, text, sizeof text))
        return ore_fail(ORE_DATA, "%s: expected %s", f->key, config_kind_text(f));
    snprintf(label, sizeof label, "%s %s", f->key, text);
    if (config_set(f, c, text, label) != ORE_OK && f->type == CONFIG_CHOICE) {
        ore_error_clear();
        return refuse(f->key, text);
    }
    return ore_error_status();
}

/* Any other member: one of the fixed, or ignored. */
static ore_status check_member(ore_json *json, const char *key) {
    char text[256];
    if (config_find(bert_fields, key) || is_fixed(key) || is_ignored(key) ||
        config_key_is_idle(json, key))
        return ORE_OK;
    return refuse(key, config_scalar_text(json, key, text, sizeof text) ? text : "this key");
}

static ore_status check_fixed(const ore_json *json, int i) {
    char text[256];
    const char *key = fixed[i].key;
    if (ore_json_kind_of(json, key) == ORE_JSON_MISSING)
        return i == 0 ? ore_fail(ORE_DATA, "%s: missing", key) : ORE_OK;
    if (!config_scalar_text(json, key, text, sizeof text))
        return refuse(key, "no word");
    return strcmp(text, fixed[i].value) == 0 ? ORE_OK : refuse(key, text);
}

ore_status bert_config_read(ore_json *json, bert_config *c) {
    *c = bert_defaults();
    for (int i = 0; i < FIXED && ore_ok(); i++)
        check_fixed(json, i);
    for (const config_field *f = bert_fields; f->key && ore_ok(); f++)
        read_field(f, json, c);
    for (int64_t i = 0; i < ore_json_count(json) && ore_ok(); i++)
        check_member(json, ore_json_key(json, i));
    if (ore_ok())
        bert_config_check(c);
    return config_blame_file();
}

ore_json *bert_config_write(const bert *model) {
    const bert_parts *parts = &model->config.parts;
    ore_json *json = ore_json_object_new();
    ore_json_add_string(ore_json_set_array(json, "architectures"),
                        parts->next_sentence ? "BertForPreTraining"
                        : parts->words       ? "BertForMaskedLM"
                                             : "BertModel");
    for (int i = 0; i < 2; i++)
        ore_json_set_string(json, fixed[i].key, fixed[i].value);
    ore_json_set_string(json, "torch_dtype", ore_dtype_name(model->file_dtype));
    config_write(bert_fields, &model->config, json);
    if (model->config.pad_token_id < 0)
        ore_json_set_null(json, "pad_token_id");
    return json;
}
