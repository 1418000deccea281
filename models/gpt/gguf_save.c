/* gguf_save.c: the GPT as a GGUF file: the config.json of its family as metadata, and its
 * weights by GGUF's names. What was written is read again and compared, so that nothing of a
 * config is lost unsaid. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/ops.h>
#include <ore/view.h>

#include "models/gpt/gguf.h"
#include "models/gpt/parts.h"

/* ---- metadata ---- */

/* Keys whose numbers are float32, whatever their value. */
static bool is_real(const char *key) {
    return strstr(key, "epsilon") || strstr(key, "freq_base") || strstr(key, "softcapping") ||
           strstr(key, "scaling.factor") || strstr(key, "yarn_beta");
}

ore_status gguf_set_number(ore_json *metadata, const char *key, const ore_json *json,
                           const char *from) {
    int64_t integer = 0;
    double real = 0;
    ore_json_kind kind = ore_json_kind_of(json, from);
    if (kind != ORE_JSON_INT && kind != ORE_JSON_DOUBLE)
        return ore_error_status(); /* missing, or null: the same to GGUF */
    if (kind == ORE_JSON_DOUBLE || is_real(key)) {
        ore_json_get_double(json, from, &real);
        return ore_json_set_double(metadata, key, real);
    }
    ore_json_get_int(json, from, &integer);
    return ore_json_set_int(metadata, key, integer);
}

/* The activation, if it is not the one that the architecture always has. */
static ore_status write_activation(const gguf_family *f, const ore_json *json, ore_json *metadata) {
    char key[GGUF_KEY_BYTES];
    const char *from = gguf_activation_key(f), *word = ore_json_get_string(json, from);
    if (!word || strcmp(word, hf_find_key(f->model_type, from)->missing) == 0)
        return ore_error_status();
    return ore_json_set_string(metadata, gguf_full_key(f, "hidden_activation", key), word);
}

static ore_status write_metadata(const gguf_family *f, const gpt *model, ore_json *json,
                                 ore_json *metadata) {
    char key[GGUF_KEY_BYTES];
    gpt_config c = gpt_config_settled(&model->config);
    ore_json_set_string(metadata, "general.architecture", f->architecture);
    for (const gguf_key *k = f->keys; k->theirs && ore_ok(); k++)
        gguf_set_number(metadata, gguf_full_key(f, k->theirs, key), json, k->key);
    ore_json_set_int(metadata, gguf_full_key(f, "vocab_size", key), c.vocab_size);
    if (c.positions == GPT_ROTARY) {
        ore_json_set_int(metadata, gguf_full_key(f, "attention.key_length", key), c.head_dim);
        ore_json_set_int(metadata, gguf_full_key(f, "attention.value_length", key), c.head_dim);
        ore_json_set_int(metadata, gguf_full_key(f, "rope.dimension_count", key),
                         c.rotary_dim > 0 ? c.rotary_dim : c.head_dim);
    }
    return write_activation(f, json, metadata) == ORE_OK ? gguf_rope_write(f, &c, json, metadata)
                                                         : ore_error_status();
}

/* ---- weights ---- */

typedef struct writing {
    const gguf_family *f;
    const hf_family *hf;
    const ore_coding *coding;
    gpt_config config;
    ore_tensor_item *items;
    hf_change *changes;
    ore_tensor **tensors; /* the GPT's; NULL: a bias of zeros */
    char (*names)[HF_NAME_BYTES];
    int64_t count;
} writing;

static void add(writing *w, const char *ours, ore_tensor *t, ore_shape shape) {
    int64_t i = w->count;
    if (!hf_name_of(w->f->names, ours, w->names[i], &w->changes[i])) {
        ore_fail(ORE_UNSUPPORTED, "%s: GGUF's %s has no name for it", ours, w->f->architecture);
        return;
    }
    for (int64_t k = 0; k < i; k++)
        if (strcmp(w->names[k], w->names[i]) == 0)
            return; /* Llama's factors are one set for all lengths */
    /* vectors are float32, as whoever reads GGUF takes for granted */
    ore_coding own = t && shape.ndim > 1 ? (ore_coding)ore_tensor_dtype(t) : ORE_CODING_FLOAT32;
    bool asked = w->coding && shape.ndim > 1;
    w->tensors[i] = t;
    w->items[i] = (ore_tensor_item){w->names[i], shape,
                                    asked ? ore_coding_fitting(*w->coding, shape) : own, NULL};
    w->count++;
}

/* Rows of a head that lie in halves as GGUF has them: in pairs. */
static ore_tensor *paired(ore_tensor *x, int64_t D) {
    ore_shape shape = ore_shape_of(x);
    int64_t rows = shape.dim[0], in = shape.ndim == 2 ? shape.dim[1] : 1;
    ore_tensor *halves = ore_reshape(x, ORE_SHAPE(rows / D, 2, D / 2, in));
    return ore_reshape(ore_transpose(halves, 1, 2), shape);
}

static ore_tensor *next_tensor(void *user, int64_t i) {
    const writing *w = user;
    ore_tensor *t = w->tensors[i];
    if (!t)
        return ore_zeros(w->items[i].shape, ORE_FLOAT32);
    switch (w->changes[i]) {
    case HF_TRANSPOSED:
        return ore_ndim(t) == 2 ? ore_transpose(t, 0, 1) : t;
    case HF_PAIRS:
        return paired(t, w->config.head_dim);
    case HF_PLUS_ONE:
        return ore_add_scalar(t, 1);
    case HF_SAME:
        break;
    }
    return t;
}

static void add_all(writing *w, const ore_tensor_list *state) {
    char bias[HF_NAME_BYTES];
    ore_tensor *factors = gguf_rope_factors(w->f, &w->config);
    for (int64_t i = 0; i < state->count && ore_ok(); i++) {
        ore_tensor *t = state->items[i].tensor;
        add(w, state->items[i].name, t, ore_shape_of(t));
        if (hf_lacks_bias(w->hf, state, state->items[i].name, bias))
            add(w, bias, NULL, ORE_SHAPE(ore_size(t, 0)));
    }
    if (factors && ore_ok())
        add(w, "transformer.rope_short.weight", factors, ore_shape_of(factors));
}

static ore_status write_weights(writing *w, const gpt *model, const char *path,
                                ore_json *metadata) {
    ore_tensor_list state = ore_module_state(&model->module);
    size_t most = 2 * (size_t)state.count + 2; /* each with a bias of zeros; Llama 3's factors */
    ore_tensor_file_options o = ore_tensor_file_defaults();
    w->items = calloc(most, sizeof *w->items);
    w->changes = calloc(most, sizeof *w->changes);
    w->tensors = calloc(most, sizeof *w->tensors);
    w->names = calloc(most, sizeof *w->names);
    o.metadata = metadata;
    o.source = next_tensor;
    o.user = w;
    if (!w->items || !w->changes || !w->tensors || !w->names)
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    ore_scope_begin();
    if (ore_ok())
        add_all(w, &state);
    if (ore_ok())
        ore_tensor_file_write(path, w->items, w->count, &o);
    ore_scope_end();
    free(w->names);
    free(w->tensors);
    free(w->changes);
    free(w->items);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

/* ---- the file ---- */

/* Whether a field has the same value, as float32, which GGUF's numbers are. */
static bool same_value(const config_field *field, const gpt_config *a, const gpt_config *b) {
    enum { VALUE_BYTES = 64 };
    char of_a[VALUE_BYTES], of_b[VALUE_BYTES];
    if (field->type != CONFIG_FLOAT || config_is_auto(field, a) || config_is_auto(field, b))
        return strcmp(config_text(field, a, of_a, sizeof of_a),
                      config_text(field, b, of_b, sizeof of_b)) == 0;
    double x, y;
    memcpy(&x, (const char *)a + field->offset, sizeof x);
    memcpy(&y, (const char *)b + field->offset, sizeof y);
    return (float)x == (float)y;
}

/* ORE_UNSUPPORTED, naming a field, where the file says another config than config.json. Of dropout,
 * which only training has, it says nothing. */
static ore_status check_config(const char *path, ore_json *json) {
    enum { VALUE_BYTES = 64 };
    gpt_config said = gpt_defaults(), meant = gpt_defaults();
    char value[VALUE_BYTES];
    if (gpt_published_config(path, &said) != ORE_OK || !hf_config_read(json, &meant))
        return ore_error_status();
    said = gpt_config_settled(&said);
    meant = gpt_config_settled(&meant);
    meant.rope_attention_factor = gguf_rope_attention_factor(&meant);
    for (const config_field *field = gpt_family.fields; field->key; field++)
        if (!strstr(field->key, "dropout") && !same_value(field, &said, &meant))
            return ore_fail(ORE_UNSUPPORTED, "GGUF has no place for %s %s", field->key,
                            config_text(field, &meant, value, sizeof value));
    return ORE_OK;
}

static const char part_ending[] = ".part.gguf";

ore_status gguf_save(const gpt *model, const char *path, const char *model_type,
                     const ore_coding *coding, ore_json *metadata) {
    ore_json *json = NULL;
    writing w = {.coding = coding};
    w.hf = hf_config_write(&model->config, model_type, &json);
    w.f = w.hf ? gguf_family_of_type(w.hf->model_type) : NULL;
    w.config = gpt_config_settled(&model->config);
    char *part = malloc(strlen(path) + sizeof part_ending); /* until it has been checked */
    if (!part)
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    else
        sprintf(part, "%s%s", path, part_ending);
    if (ore_ok() && w.hf && write_metadata(w.f, model, json, metadata) == ORE_OK &&
        write_weights(&w, model, part, metadata) == ORE_OK && check_config(part, json) == ORE_OK &&
        rename(part, path) != 0)
        ore_fail(ORE_IO, "%s: cannot replace", path);
    if (part && !ore_ok())
        ore_tree_remove(part);
    free(part);
    ore_json_free(json);
    return ore_error_status();
}
