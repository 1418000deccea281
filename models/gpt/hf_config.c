/* hf_config.c: config.json of Hugging Face by the tables of families. */
#include <stdio.h>
#include <string.h>

#include "models/gpt/hf.h"

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* Keys beside those of config_key_is_idle that have no effect on a decoder. */
static const char *const ignored[] = {"is_decoder", "is_llama_config", "max_sequence_length",
                                      "model_type", "pretraining_tp",  NULL};

/* Keys of which every family has one value alone. */
static const hf_word no[] = {{"false", ""}, {"null", ""}, {NULL, NULL}};
static const hf_word empty[] = {{"null", ""}, {NULL, NULL}};
static const hf_key common[] = {{"is_encoder_decoder", NULL, "false", no},
                                {"add_cross_attention", NULL, "false", no},
                                {"rope_interleaved", NULL, "false", no},
                                {"quantization_config", NULL, "null", empty},
                                {NULL, NULL, NULL, NULL}};

ore_status hf_unsupported(const char *key, const char *value) {
    return ore_fail(ORE_UNSUPPORTED, "%s: %s is nothing that Ore has", key, value);
}

/* ---- reading ---- */

const char *hf_member_text(const ore_json *object, const char *key, const char *missing, char *text,
                           size_t bytes) {
    ore_json_kind kind = ore_json_kind_of(object, key);
    if (kind == ORE_JSON_MISSING)
        return missing;
    if (kind == ORE_JSON_NULL)
        return "null";
    return config_scalar_text(object, key, text, bytes) ? text : NULL;
}

/* What a text of config.json is in a field: a listed word, or the text itself. NULL where only
 * listed words count and it is none. */
static const char *ours_of(const hf_key *k, const char *theirs) {
    const config_field *f = k->field ? config_find(gpt_family.fields, k->field) : NULL;
    for (const hf_word *w = k->words; w && w->theirs; w++)
        if (is(w->theirs, theirs))
            return w->ours;
    return f && f->type != CONFIG_CHOICE ? theirs : NULL;
}

static ore_status read_key(const hf_key *k, const ore_json *json, gpt_config *c) {
    char text[256], label[CONFIG_LABEL_BYTES];
    const char *theirs = hf_member_text(json, k->key, k->missing, text, sizeof text);
    if (!theirs)
        return ore_json_kind_of(json, k->key) == ORE_JSON_MISSING
                   ? ore_fail(ORE_DATA, "%s: missing", k->key)
                   : hf_unsupported(k->key, "an object or an array");
    const char *ours = ours_of(k, theirs);
    if (!ours)
        return hf_unsupported(k->key, theirs);
    snprintf(label, sizeof label, "%s %s", k->key, theirs);
    return k->field ? config_set(config_find(gpt_family.fields, k->field), c, ours, label) : ORE_OK;
}

static ore_status read_keys(const hf_key *keys, const ore_json *json, gpt_config *c) {
    for (const hf_key *k = keys; k->key && ore_ok(); k++)
        read_key(k, json, c);
    return ore_error_status();
}

static bool has_key(const hf_key *keys, const char *key) {
    while (keys->key && !is(keys->key, key))
        keys++;
    return keys->key != NULL;
}

static bool lists(const char *const *words, const char *key) {
    while (words && *words && !is(*words, key))
        words++;
    return words && *words;
}

static ore_status refuse_unknown(const hf_family *f, ore_json *json) {
    for (int64_t i = 0; i < ore_json_count(json) && ore_ok(); i++) {
        const char *key = ore_json_key(json, i);
        if (!has_key(f->keys, key) && !has_key(common, key) && !config_key_is_idle(json, key) &&
            !lists(ignored, key) && !lists(f->ignored, key) && !hf_rope_has(f, key) &&
            !hf_window_has(f, key))
            ore_fail(ORE_UNSUPPORTED, "%s: a key that Ore does not know of %s", key, f->model_type);
    }
    return ore_error_status();
}

ore_status hf_keys_read(const hf_key *keys, const char *of, ore_json *json, gpt_config *c) {
    for (int64_t i = 0; i < ore_json_count(json) && ore_ok(); i++)
        if (!has_key(keys, ore_json_key(json, i)))
            ore_fail(ORE_UNSUPPORTED, "%s: a key that Ore does not know of %s",
                     ore_json_key(json, i), of);
    return read_keys(keys, json, c) == ORE_OK ? hf_config_check(c) : config_blame_file();
}

static void set(gpt_config *c, const char *field, const char *text) {
    config_set(config_find(gpt_family.fields, field), c, text, field);
}

ore_status hf_config_check(gpt_config *c) {
    config_settle(gpt_family.fields, c);
    if (config_check(gpt_family.fields, c) == ORE_OK)
        gpt_family.check(c);
    return config_blame_file();
}

const hf_family *hf_config_read(ore_json *json, gpt_config *c) {
    const char *type = ore_json_get_string(json, "model_type");
    const hf_family *f = type ? hf_family_find(type) : NULL;
    *c = gpt_defaults();
    if (!f)
        return NULL;
    for (const config_setting *s = f->fixed; s->key; s++)
        set(c, s->key, s->text);
    if (refuse_unknown(f, json) == ORE_OK && read_keys(common, json, c) == ORE_OK &&
        read_keys(f->keys, json, c) == ORE_OK && hf_rope_read(f, json, c) == ORE_OK)
        hf_window_read(f, json, c);
    return config_blame_file() == ORE_OK && hf_config_check(c) == ORE_OK ? f : NULL;
}

/* ---- writing ---- */

/* What a value of a field is in config.json. */
static const char *theirs_of(const hf_key *k, const char *ours) {
    const hf_word *w = k->words;
    while (w && w->theirs && !is(w->ours, ours))
        w++;
    return w && w->theirs ? w->theirs : ours;
}

static void write_key(const hf_key *k, const gpt_config *c, ore_json *json) {
    config_field f = *config_find(gpt_family.fields, k->field);
    char text[256];
    const char *theirs = theirs_of(k, config_text(&f, c, text, sizeof text));
    f.key = k->key;
    if (is(theirs, "null"))
        ore_json_set_null(json, k->key);
    else if (f.type == CONFIG_CHOICE)
        ore_json_set_string(json, k->key, theirs);
    else
        config_write_field(&f, c, json);
}

static ore_json *write_config(const hf_family *f, const gpt_config *c) {
    ore_json *json = ore_json_object_new();
    ore_json_add_string(ore_json_set_array(json, "architectures"), f->architecture);
    ore_json_set_string(json, "model_type", f->model_type);
    for (const hf_key *k = f->keys; k->key && ore_ok(); k++)
        if (k->field)
            write_key(k, c, json);
    if (hf_rope_write(f, c, json) == ORE_OK)
        hf_window_write(f, c, json);
    return json;
}

/* Whether a field may differ between a config and the one that is read back, since both compute the
 * same once dropout is off. */
static bool may_differ(const hf_family *f, const gpt_config *c, const config_field *field) {
    static const char *const idle[] = {"bias",          "dropout",     "attn_dropout",
                                       "resid_dropout", "mlp_dropout", "embd_dropout"};
    static const char *const biases[] = {"bias_qkv", "bias_linear", "bias_norm", "bias_proj"};
    enum { IDLE = sizeof idle / sizeof *idle, BIASES = sizeof biases / sizeof *biases };
    for (int i = 0; i < IDLE; i++)
        if (is(field->key, idle[i]))
            return true;
    for (int i = 0; f->zero_biases && i < BIASES; i++)
        if (is(field->key, biases[i]))
            return *(const int *)(const void *)((const char *)(const void *)c + field->offset) == 0;
    return is(field->key, "bias_norm") && c->norm_kind != GPT_LAYER_NORM;
}

/* The first field that a family has another value of; NULL: it is the config's family. *same
 * becomes how many it has alike. */
static const char *first_difference(const hf_family *f, const gpt_config *c, int *same) {
    char mine[256], theirs[256];
    gpt_config back;
    ore_error error;
    const char *first = NULL;
    ore_json *json = write_config(f, c);
    *same = 0;
    if (hf_config_read(json, &back))
        back = gpt_config_settled(&back);
    for (const config_field *field = gpt_family.fields; field->key && ore_ok(); field++) {
        config_text(field, c, mine, sizeof mine);
        config_text(field, &back, theirs, sizeof theirs);
        if (is(mine, theirs) || may_differ(f, c, field))
            ++*same;
        else if (!first)
            first = field->key;
    }
    if (!ore_ok()) {
        ore_error_take(&error);
        first = first ? first : "a value";
    }
    ore_json_free(json);
    return first;
}

/* The family whose config says the same: `preferred` (NULL: none), or else the first. */
static const hf_family *family_of(const gpt_config *c, const hf_family *preferred) {
    const hf_family *near = NULL, *f = preferred;
    const char *lacks = NULL;
    int most = -1, same;
    if (f && !first_difference(f, c, &same))
        return f;
    for (int i = 0; ore_ok() && (f = hf_family_at(i)); i++) {
        const char *first = first_difference(f, c, &same);
        if (!first)
            return f;
        if (same <= most)
            continue;
        most = same;
        near = f;
        lacks = first;
    }
    if (ore_ok())
        ore_fail(ORE_UNSUPPORTED,
                 "no family of Hugging Face has a place for this config; %s, the nearest, has "
                 "another %s",
                 near->model_type, lacks);
    return NULL;
}

const hf_family *hf_config_write(const gpt_config *config, const char *model_type,
                                 ore_json **json) {
    gpt_config c = gpt_config_settled(config);
    const hf_family *preferred = model_type ? hf_family_find(model_type) : NULL;
    const hf_family *f = ore_ok() ? family_of(&c, preferred) : NULL;
    *json = f ? write_config(f, &c) : NULL;
    return ore_ok() ? f : NULL;
}
