/* gguf_rope.c: scalings of rotary positions in GGUF. Linear and YaRN's are keys; Llama 3's and
 * longrope's are tensors of what each frequency is divided by (convert_hf_to_gguf.py of llama.cpp),
 * so that of Llama 3's numbers a file has their outcome alone: they are found again by trying those
 * of the published models. */
#include <math.h>
#include <string.h>

#include <ore/ops.h>

#include "models/gpt/gguf.h"

#define KEY(name) "rope.scaling." name

static const char llama3_tensor[] = "rope_freqs.weight", long_tensor[] = "rope_factors_long.weight";

/* Keys that are the same number in both, and of which type of scaling; float32 but for lengths. */
static const struct scaling_key {
    const char *theirs, *key;
    bool yarn; /* YaRN's alone */
} keys[] = {{KEY("factor"), "factor", false},
            {KEY("original_context_length"), "original_max_position_embeddings", true},
            {KEY("yarn_beta_fast"), "beta_fast", true},
            {KEY("yarn_beta_slow"), "beta_slow", true}};
enum { KEYS = sizeof keys / sizeof *keys };

static bool is(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

bool gguf_rope_has(const char *key) {
    static const char *const others[] = {KEY("type"), KEY("attn_factor"), KEY("finetuned"),
                                         "rope.dimension_count"};
    for (int i = 0; i < KEYS; i++)
        if (is(keys[i].theirs, key))
            return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is(others[i], key))
            return true;
    return false;
}

/* ---- Llama 3's ---- */

/* (R/2) float64: what each frequency is divided by. */
static ore_tensor *factors_of(int64_t R, const ore_rotary_options *o) {
    ore_rotary_options plain = ore_rotary_defaults();
    plain.theta = o->theta;
    return ore_div(ore_rotary_frequencies(R, &plain, NULL), ore_rotary_frequencies(R, o, NULL));
}

ore_tensor *gguf_rope_factors(const gguf_family *f, const gpt_config *c) {
    ore_rotary_options o = ore_rotary_defaults();
    if (c->positions != GPT_ROTARY || c->rope_scaling != ORE_ROTARY_LLAMA3)
        return NULL;
    if (!is(f->architecture, "llama")) {
        ore_fail(ORE_UNSUPPORTED, "GGUF's %s has no place for rope_scaling llama3",
                 f->architecture);
        return NULL;
    }
    o.scaling = ORE_ROTARY_LLAMA3;
    o.theta = c->rope_theta;
    o.factor = c->rope_factor;
    o.original_max_positions = c->rope_original;
    o.low_freq_factor = c->rope_low_freq;
    o.high_freq_factor = c->rope_high_freq;
    return ore_to(factors_of(c->rotary_dim, &o), ORE_FLOAT32);
}

/* Whether all numbers are as near as the roundings of float32 in another order of operations. */
static bool near(ore_tensor *a, ore_tensor *b) {
    const double most = 1e-5;
    ore_tensor *off =
        ore_amax(ore_abs(ore_sub(ore_div(a, b), ore_scalar(1, ORE_FLOAT64))), ORE_ALL, false);
    return off && ore_item(off) <= most;
}

/* Finds the numbers by which Llama 3's rule gives these factors: those of the published models, but
 * for the original length, a power of two. */
static bool find_llama3(ore_tensor *factors, double theta, ore_rotary_options *o) {
    const int64_t longest = 1 << 20;
    int64_t R = 2 * ore_numel(factors);
    *o = ore_rotary_defaults();
    o->scaling = ORE_ROTARY_LLAMA3;
    o->theta = theta;
    o->factor = ore_item(ore_amax(factors, ORE_ALL, false));
    if (!ore_ok() || !(o->factor > 1 && isfinite(o->factor)) || !(theta > 1 && isfinite(theta)))
        return false;
    for (o->original_max_positions = 2; o->original_max_positions <= longest && ore_ok();
         o->original_max_positions *= 2)
        if (near(factors, factors_of(R, o)))
            return true;
    return false;
}

static bool read_llama3(ore_tensor_file *file, double theta, ore_json *json) {
    const ore_tensor_entry *entry = ore_tensor_file_find(file, llama3_tensor);
    ore_rotary_options o;
    if (!entry || entry->shape.ndim != 1 || entry->shape.dim[0] < 1 ||
        !ore_dtype_is_floating(ore_coding_dtype(entry->coding)))
        return false;
    ore_scope_begin();
    ore_tensor *factors = ore_to(ore_tensor_file_tensor(file, llama3_tensor), ORE_FLOAT64);
    bool found = factors && find_llama3(factors, theta, &o);
    ore_scope_end();
    if (!found)
        return false;
    ore_json *scaling = ore_json_set_object(json, "rope_scaling");
    ore_json_set_string(scaling, "rope_type", "llama3");
    ore_json_set_double(scaling, "factor", o.factor);
    ore_json_set_double(scaling, "low_freq_factor", o.low_freq_factor);
    ore_json_set_double(scaling, "high_freq_factor", o.high_freq_factor);
    ore_json_set_int(scaling, "original_max_position_embeddings", o.original_max_positions);
    return true;
}

/* ---- reading ---- */

/* Factors of single frequencies are tensors; cos and sin have what scales them beside. */
static ore_status read_factors(const gguf_family *f, ore_json *metadata, ore_json *json) {
    ore_json *scaling = ore_json_set_object(json, "rope_scaling");
    ore_json_set_string(scaling, "rope_type", "longrope");
    ore_json_set_int(scaling, "original_max_position_embeddings",
                     gguf_integer(f, metadata, KEY("original_context_length"),
                                  gguf_integer(f, metadata, "context_length", 0)));
    ore_json_set_double(scaling, "attention_factor", 1);
    return gguf_copy_member(f, metadata, KEY("attn_factor"), "attention_factor", scaling);
}

static double theta_of(const gguf_family *f, ore_json *metadata) {
    char text[GGUF_KEY_BYTES];
    double theta = 10000; /* of llama.cpp, where the file has none */
    if (ore_json_kind_of(metadata, gguf_full_key(f, "rope.freq_base", text)) != ORE_JSON_MISSING)
        ore_json_get_double(metadata, text, &theta);
    return theta;
}

ore_status gguf_rope_read(const gguf_family *f, ore_tensor_file *file, ore_json *metadata,
                          ore_json *json) {
    char text[GGUF_KEY_BYTES];
    const char *type = "none";
    if (read_llama3(file, theta_of(f, metadata), json) || !ore_ok())
        return ore_error_status();
    if (ore_tensor_file_find(file, long_tensor) || ore_tensor_file_find(file, llama3_tensor))
        return read_factors(f, metadata, json);
    if (ore_json_kind_of(metadata, gguf_full_key(f, KEY("type"), text)) != ORE_JSON_MISSING)
        type = ore_json_get_string(metadata, text);
    if (!type || is(type, "none"))
        return ore_error_status();
    if (!is(type, "linear") && !is(type, "yarn"))
        return hf_unsupported(text, type);
    ore_json *scaling = ore_json_set_object(json, "rope_scaling");
    ore_json_set_string(scaling, "rope_type", type);
    for (int i = 0; i < KEYS; i++)
        if (!keys[i].yarn || is(type, "yarn"))
            gguf_copy_member(f, metadata, keys[i].theirs, keys[i].key, scaling);
    return ore_error_status();
}

/* ---- writing ---- */

double gguf_rope_attention_factor(const gpt_config *c) {
    ore_rotary_options o = ore_rotary_defaults();
    bool open = c->positions == GPT_ROTARY && c->rope_scaling == ORE_ROTARY_LONGROPE &&
                c->rope_attention_factor == 0;
    double factor = c->rope_attention_factor;
    if (!open)
        return factor;
    ore_scope_begin();
    ore_tensor *ones = ore_ones(ORE_SHAPE(c->rotary_dim / 2), ORE_FLOAT64);
    o.scaling = c->rope_scaling;
    o.factor = c->rope_factor;
    o.max_positions = c->block_size;
    o.original_max_positions = c->rope_original;
    o.short_factors = o.long_factors = ones ? ore_data(ones) : NULL;
    ore_rotary_frequencies(c->rotary_dim, &o, &factor);
    ore_scope_end();
    return factor;
}

ore_status gguf_rope_write(const gguf_family *f, const gpt_config *c, ore_json *json,
                           ore_json *metadata) {
    char key[GGUF_KEY_BYTES];
    if (c->positions == GPT_ROTARY && c->rope_scaling == ORE_ROTARY_LONGROPE) {
        ore_json_set_int(metadata, gguf_full_key(f, KEY("original_context_length"), key),
                         c->rope_original);
        return ore_json_set_double(metadata, gguf_full_key(f, KEY("attn_factor"), key),
                                   gguf_rope_attention_factor(c));
    }
    if (ore_json_kind_of(json, "rope_scaling") != ORE_JSON_OBJECT)
        return ore_error_status();
    ore_json *scaling = ore_json_get_object(json, "rope_scaling");
    const char *type = ore_json_get_string(scaling, "rope_type");
    if (!type || is(type, "llama3")) /* a tensor */
        return ore_error_status();
    if (!is(type, "linear") && !is(type, "yarn"))
        return ore_fail(ORE_UNSUPPORTED, "GGUF has no place for rope_scaling %s", type);
    ore_json_set_string(metadata, gguf_full_key(f, KEY("type"), key), type);
    for (int i = 0; i < KEYS; i++)
        if (!keys[i].yarn || is(type, "yarn"))
            gguf_set_number(metadata, gguf_full_key(f, keys[i].theirs, key), scaling, keys[i].key);
    return ore_error_status();
}
