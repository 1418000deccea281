/* hf_window.c: which layers see a window alone, in config.json. */
#include <string.h>

#include "models/gpt/hf.h"
#include "models/gpt/parts.h"

static const char full[] = "full_attention", sliding[] = "sliding_attention";

/* The keys of each kind. */
static const char *const keys[][6] = {
    [HF_WINDOW_NONE] = {NULL},
    [HF_WINDOW_ALL] = {"sliding_window", "layer_types", NULL},
    [HF_WINDOW_BEHIND] = {"sliding_window", "layer_types", "use_sliding_window",
                          "max_window_layers", NULL},
    [HF_WINDOW_SECOND] = {"sliding_window", "layer_types", NULL},
    [HF_WINDOW_PATTERN] = {"sliding_window", "layer_types", "sliding_window_pattern",
                           "_sliding_window_pattern" /* which transformers writes, not reads */,
                           NULL}};

bool hf_window_has(const hf_family *family, const char *key) {
    for (int i = 0; keys[family->window][i]; i++)
        if (strcmp(keys[family->window][i], key) == 0)
            return true;
    return false;
}

/* ---- reading ---- */

/* A member that is an integer; `missing` where there is none. */
static int64_t integer(const ore_json *json, const char *key, int64_t missing) {
    int64_t value = missing;
    if (ore_json_kind_of(json, key) != ORE_JSON_MISSING)
        ore_json_get_int(json, key, &value);
    return value;
}

/* What layer_types says of layer i; false with an error where that is nothing known. */
static bool type_is_local(const ore_json *types, int64_t i) {
    const char *type = ore_json_at_string(types, i);
    bool local = type && strcmp(type, sliding) == 0;
    if (type && !local && strcmp(type, full) != 0)
        hf_unsupported("layer_types", type);
    return local;
}

static bool fits(const ore_json *types, const gpt_config *c) {
    for (int64_t i = 0; i < c->n_layer; i++)
        if (type_is_local(types, i) != gpt_is_local(c, i))
            return false;
    return true;
}

/* Finds a rule with this first layer that a list of all layers follows; false: there is none. */
static bool find_rule(const ore_json *types, gpt_config *c, int64_t from) {
    c->window_from = from;
    for (c->window_skip = 0; c->window_skip <= c->n_layer; c->window_skip++)
        if (fits(types, c))
            return true;
    return false;
}

static ore_status read_types(const ore_json *types, gpt_config *c) {
    int64_t window = c->window, first = 0;
    if (ore_json_count(types) != c->n_layer)
        return ore_fail(ORE_DATA, "layer_types: %lld, expected one for each of %lld layers",
                        (long long)ore_json_count(types), (long long)c->n_layer);
    while (first < c->n_layer && ore_ok() && !type_is_local(types, first))
        first++;
    bool any = first < c->n_layer;
    c->window = any; /* any width, for gpt_is_local */
    if (ore_ok() && any && !find_rule(types, c, 0) && !find_rule(types, c, first))
        return hf_unsupported("layer_types", "this order of layers");
    if (ore_ok() && any && window == 0)
        return ore_fail(ORE_DATA, "layer_types: %s, but there is no sliding_window", sliding);
    c->window = any ? window : 0;
    return ore_error_status();
}

/* The rule of a family without layer_types. */
static void read_rule(const hf_family *f, const ore_json *json, gpt_config *c) {
    bool used = false;
    switch (f->window) {
    case HF_WINDOW_BEHIND:
        if (ore_json_kind_of(json, "use_sliding_window") != ORE_JSON_MISSING)
            ore_json_get_bool(json, "use_sliding_window", &used);
        c->window_from = integer(json, "max_window_layers", 28); /* transformers' default */
        c->window = used ? c->window : 0;
        return;
    case HF_WINDOW_SECOND:
        c->window_skip = 2;
        return;
    case HF_WINDOW_PATTERN:
        c->window_skip = integer(json, "sliding_window_pattern", 6);
        return;
    case HF_WINDOW_ALL:
    case HF_WINDOW_NONE:
        return;
    }
}

ore_status hf_window_read(const hf_family *f, ore_json *json, gpt_config *c) {
    ore_json_kind kind = ore_json_kind_of(json, "sliding_window");
    if (f->window == HF_WINDOW_NONE)
        return ORE_OK;
    if (kind != ORE_JSON_NULL && (kind != ORE_JSON_MISSING || f->window_missing > 0))
        c->window = integer(json, "sliding_window", f->window_missing);
    if (c->window < 0)
        return ore_fail(ORE_DATA, "sliding_window %lld: expected above 0", (long long)c->window);
    if (ore_ok() && ore_json_kind_of(json, "layer_types") == ORE_JSON_ARRAY)
        return read_types(ore_json_get_array(json, "layer_types"), c);
    read_rule(f, json, c);
    return ore_error_status();
}

/* ---- writing ---- */

ore_status hf_window_write(const hf_family *f, const gpt_config *c, ore_json *json) {
    if (f->window == HF_WINDOW_NONE)
        return ore_error_status();
    if (c->window > 0)
        ore_json_set_int(json, "sliding_window", c->window);
    else
        ore_json_set_null(json, "sliding_window");
    if (f->window == HF_WINDOW_BEHIND) {
        ore_json_set_bool(json, "use_sliding_window", c->window > 0);
        ore_json_set_int(json, "max_window_layers", c->window > 0 ? c->window_from : c->n_layer);
    }
    if (f->window == HF_WINDOW_ALL)
        return ore_error_status();
    ore_json *types = ore_json_set_array(json, "layer_types");
    for (int64_t i = 0; i < c->n_layer; i++)
        ore_json_add_string(types, gpt_is_local(c, i) ? sliding : full);
    return ore_error_status();
}
