/* hf_rope.c: rotary positions in config.json, as version 5 of transformers writes them
 * (rope_parameters) and as those before it did (rope_theta and rope_scaling). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/gpt/hf.h"

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* Keys of rope_parameters or rope_scaling that are fields, and what they are where missing. */
typedef struct rope_key {
    const char *key, *field, *missing;
} rope_key;

static const rope_key linear_keys[] = {{"factor", "rope_factor", "1"}, {NULL, NULL, NULL}};
static const rope_key yarn_keys[] = {{"factor", "rope_factor", "0"},
                                     {"original_max_position_embeddings", "rope_original", NULL},
                                     {"attention_factor", "rope_attention_factor", "0"},
                                     {"beta_fast", "rope_beta_fast", "32"},
                                     {"beta_slow", "rope_beta_slow", "1"},
                                     {NULL, NULL, NULL}};
static const rope_key llama3_keys[] = {{"factor", "rope_factor", "1"},
                                       {"original_max_position_embeddings", "rope_original", NULL},
                                       {"low_freq_factor", "rope_low_freq", "1"},
                                       {"high_freq_factor", "rope_high_freq", "4"},
                                       {NULL, NULL, NULL}};
static const rope_key longrope_keys[] = {
    {"factor", "rope_factor", "0"},
    {"original_max_position_embeddings", "rope_original", NULL},
    {"attention_factor", "rope_attention_factor", "0"},
    {NULL, NULL, NULL}};
static const rope_key no_keys[] = {{NULL, NULL, NULL}};

static const struct rope_type {
    const char *type;
    ore_rotary_scaling scaling;
    const rope_key *keys;
} types[] = {
    {"default", ORE_ROTARY_PLAIN, no_keys},       {"linear", ORE_ROTARY_LINEAR, linear_keys},
    {"dynamic", ORE_ROTARY_DYNAMIC, linear_keys}, {"yarn", ORE_ROTARY_YARN, yarn_keys},
    {"llama3", ORE_ROTARY_LLAMA3, llama3_keys},   {"longrope", ORE_ROTARY_LONGROPE, longrope_keys},
    {"su", ORE_ROTARY_LONGROPE, longrope_keys}}; /* an older name */
enum { TYPES = sizeof types / sizeof types[0] };

bool hf_rope_has(const hf_family *family, const char *key) {
    static const char *const keys[] = {"rope_theta", "rope_scaling", "rope_parameters",
                                       "partial_rotary_factor", NULL};
    for (int i = 0; family->rotary && keys[i]; i++)
        if (is(keys[i], key))
            return true;
    return (family->local_theta && is(key, "rope_local_base_freq")) ||
           (family->original_apart && is(key, "original_max_position_embeddings"));
}

/* ---- reading ---- */

/* A member that is a number, from the first of two objects (NULL: none) that has it; `missing`
 * where none has. */
static ore_status number_of(const ore_json *a, const ore_json *b, const char *key,
                            const char *missing, double *value) {
    char text[64], label[128];
    const config_field number = {
        .key = key, .type = CONFIG_FLOAT, .fallback = "", .domain = "[0, 1e12]"};
    const ore_json *has = a && ore_json_kind_of(a, key) != ORE_JSON_MISSING ? a : b;
    const char *found = hf_member_text(has, key, missing, text, sizeof text);
    found = found && is(found, "null") ? missing : found;
    snprintf(label, sizeof label, "%s %s", key, found ? found : "");
    return found ? config_set(&number, value, found, label)
                 : ore_fail(ORE_DATA, "%s: expected a number", key);
}

static bool is_param(const struct rope_type *t, const char *key) {
    const rope_key *k = t->keys;
    while (k->key && !is(k->key, key))
        k++;
    bool factors = is(key, "short_factor") || is(key, "long_factor"); /* read with the weights */
    return k->key || (factors && t->scaling == ORE_ROTARY_LONGROPE) || is(key, "rope_type") ||
           is(key, "type") || is(key, "rope_theta") || is(key, "partial_rotary_factor");
}

static ore_status read_params(const struct rope_type *t, ore_json *params, const ore_json *json,
                              gpt_config *c) {
    char text[64], label[128];
    for (int64_t i = 0; i < ore_json_count(params) && ore_ok(); i++)
        if (!is_param(t, ore_json_key(params, i)))
            ore_fail(ORE_UNSUPPORTED, "rope_scaling.%s: a key that Ore does not know of type %s",
                     ore_json_key(params, i), t->type);
    for (const rope_key *k = t->keys; k->key && ore_ok(); k++) {
        bool here = ore_json_kind_of(params, k->key) != ORE_JSON_MISSING; /* else of Phi-3's */
        const char *value =
            hf_member_text(here ? params : json, k->key, k->missing, text, sizeof text);
        value = value && is(value, "null") ? k->missing : value;
        if (!value)
            return ore_fail(ORE_DATA, "rope_scaling.%s: missing", k->key);
        snprintf(label, sizeof label, "rope_scaling.%s %s", k->key, value);
        config_set(config_find(gpt_family.fields, k->field), c, value, label);
    }
    c->rope_scaling = t->scaling;
    if (t->scaling == ORE_ROTARY_DYNAMIC) { /* which is for texts beyond max_position_embeddings */
        c->rope_max = c->block_size;
        c->block_size = (int64_t)((double)c->block_size * c->rope_factor);
    }
    return ore_error_status();
}

/* Reads which scaling there is, of an object that may be NULL. */
static ore_status read_scaling(ore_json *params, const ore_json *json, gpt_config *c) {
    char text[64];
    if (!params)
        return ore_error_status();
    const char *type = hf_member_text(params, "rope_type", NULL, text, sizeof text);
    if (!type)
        type = hf_member_text(params, "type", "default", text, sizeof text);
    for (int i = 0; type && i < TYPES; i++)
        if (is(types[i].type, type))
            return read_params(&types[i], params, json, c);
    return hf_unsupported("rope_scaling.rope_type", type ? type : "what is no text");
}

/* NULL for null, for a member that is missing, and with an error for anything else. */
static ore_json *object_or_null(ore_json *json, const char *key) {
    ore_json_kind kind = ore_json_kind_of(json, key);
    if (kind == ORE_JSON_OBJECT)
        return ore_json_get_object(json, key);
    if (kind != ORE_JSON_NULL && kind != ORE_JSON_MISSING)
        hf_unsupported(key, "what is no object");
    return NULL;
}

static ore_json *params_of(ore_json *json) {
    ore_json *params = object_or_null(json, "rope_parameters");
    return params ? params : object_or_null(json, "rope_scaling");
}

/* The positions of local layers: a base, and no scaling. */
static ore_status read_local(const hf_family *f, ore_json *local, gpt_config *c) {
    char text[64], label[128];
    for (int64_t i = 0; i < ore_json_count(local) && ore_ok(); i++) {
        const char *key = ore_json_key(local, i);
        const char *value = hf_member_text(local, key, NULL, text, sizeof text);
        snprintf(label, sizeof label, "rope_parameters.sliding_attention.%.60s", key);
        if (!is(key, "rope_theta") && !(is(key, "rope_type") && value && is(value, "default")))
            hf_unsupported(label, value ? value : "an object or an array");
    }
    return ore_ok() ? number_of(local, NULL, "rope_theta", f->local_theta, &c->rope_local_theta)
                    : ore_error_status();
}

/* partial_rotary_factor, which some configs have though their family turns whole heads. */
static ore_status read_turned(const hf_family *f, const ore_json *params, const ore_json *json,
                              gpt_config *c) {
    double turned = 1;
    char text[ORE_NUMBER_TEXT_BYTES];
    if (number_of(params, json, "partial_rotary_factor", "1", &turned) != ORE_OK || turned == 1)
        return ore_error_status();
    if (!f->partial)
        return hf_unsupported("partial_rotary_factor", ore_number_text(turned, text));
    if (turned > 1)
        return ore_fail(ORE_DATA, "partial_rotary_factor %g: expected at most 1", turned);
    c->rotary_dim = (int64_t)((double)gpt_config_settled(c).head_dim * turned);
    return ORE_OK;
}

ore_status hf_rope_read(const hf_family *f, ore_json *json, gpt_config *c) {
    if (!f->rotary)
        return ORE_OK;
    ore_json *params = params_of(json), *local = NULL;
    if (f->local_theta && params && object_or_null(params, "full_attention")) {
        local = object_or_null(params, "sliding_attention");
        params = object_or_null(params, "full_attention");
    }
    if (!ore_ok() || number_of(params, json, "rope_theta", f->theta, &c->rope_theta) != ORE_OK ||
        read_turned(f, params, json, c) != ORE_OK)
        return ore_error_status();
    if (f->local_theta && local)
        read_local(f, local, c);
    else if (f->local_theta)
        number_of(json, NULL, "rope_local_base_freq", f->local_theta, &c->rope_local_theta);
    return read_scaling(params, json, c);
}

/* ---- writing ---- */

static void write_scaling(const struct rope_type *t, const gpt_config *c, ore_json *json) {
    ore_json *params = ore_json_set_object(json, "rope_scaling");
    ore_json_set_string(params, "rope_type", t->type);
    for (const rope_key *k = t->keys; k->key; k++) {
        const config_field *f = config_find(gpt_family.fields, k->field);
        const void *value = (const char *)(const void *)c + f->offset;
        bool unset = k->missing && is(k->missing, "0");
        if (f->type == CONFIG_INT)
            ore_json_set_int(params, k->key, *(const int64_t *)value);
        else if (!unset || *(const double *)value > 0)
            ore_json_set_double(params, k->key, *(const double *)value);
    }
}

ore_status hf_rope_write(const hf_family *f, const gpt_config *c, ore_json *json) {
    if (!f->rotary)
        return ore_error_status();
    ore_json_set_double(json, "rope_theta", c->rope_theta);
    if (f->partial && c->rotary_dim != c->head_dim)
        ore_json_set_double(json, "partial_rotary_factor",
                            (double)c->rotary_dim / (double)c->head_dim);
    if (f->local_theta)
        ore_json_set_double(json, "rope_local_base_freq", c->rope_local_theta);
    if (c->rope_scaling == ORE_ROTARY_PLAIN)
        return ore_json_set_null(json, "rope_scaling");
    if (c->rope_scaling == ORE_ROTARY_DYNAMIC)
        ore_json_set_int(json, "max_position_embeddings", c->rope_max);
    if (f->original_apart && c->rope_scaling == ORE_ROTARY_LONGROPE)
        ore_json_set_int(json, "original_max_position_embeddings", c->rope_original);
    int i = 0;
    while (types[i].scaling != c->rope_scaling)
        i++;
    write_scaling(&types[i], c, json);
    return ore_error_status();
}

/* ---- factors of single frequencies ---- */

/* Fills a buffer of the model with the array of that name. */
static ore_status read_factors(ore_json *params, const char *key, gpt_factors *f) {
    int64_t count = ore_numel(f->weight);
    ore_json *array = ore_json_get_array(params, key);
    float *values = array ? ore_data_mut(f->weight) : NULL;
    if (values && ore_json_count(array) != count)
        return ore_fail(ORE_DATA, "rope_scaling.%s: %lld numbers, expected %lld", key,
                        (long long)ore_json_count(array), (long long)count);
    for (int64_t i = 0; values && i < count && ore_ok(); i++) {
        double value = 0;
        ore_json_at_double(array, i, &value);
        if (ore_ok() && !(value > 0 && value < 1e6))
            ore_fail(ORE_DATA, "rope_scaling.%s: %g, expected a factor above 0", key, value);
        values[i] = (float)value;
    }
    return ore_error_status();
}

ore_status hf_rope_factors(ore_json *json, gpt *model) {
    if (!model->rope_short.weight)
        return ore_error_status();
    ore_json *params = params_of(json);
    return read_factors(params, "short_factor", &model->rope_short) == ORE_OK
               ? read_factors(params, "long_factor", &model->rope_long)
               : ore_error_status();
}

/* The number of the fewest digits that rounds to this float32: 1.1, not 1.100000023841858. */
static double shortest(float value) {
    enum { SURE = 6, EXACT = 9 }; /* digits that a float32 keeps, and that tell it from others */
    char text[32];
    for (int digits = SURE; digits < EXACT; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            return strtod(text, NULL);
    }
    return value;
}

static void write_factors(const gpt_factors *f, const char *key, ore_json *params) {
    const float *values = ore_data(f->weight);
    ore_json *array = ore_json_set_array(params, key);
    for (int64_t i = 0; values && i < ore_numel(f->weight); i++)
        ore_json_add_double(array, shortest(values[i]));
}

ore_status hf_rope_write_factors(const gpt *model, ore_json *json) {
    if (!model->rope_short.weight)
        return ore_error_status();
    ore_json *params = ore_json_get_object(json, "rope_scaling");
    write_factors(&model->rope_short, "short_factor", params);
    write_factors(&model->rope_long, "long_factor", params);
    return ore_error_status();
}
