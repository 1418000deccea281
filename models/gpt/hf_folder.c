/* hf_folder.c: the GPT from and to Hugging Face's folders: config.json, and weights by the names of
 * a family. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "models/gpt/hf.h"
#include "models/tied_head.h"

/* ---- config.json ---- */

static ore_json *load_config(const char *dir) {
    char *path = ore_path_join(dir, "config.json");
    ore_json *json = path ? ore_json_load(path) : NULL;
    ore_string_free(path);
    return json;
}

static void locate(const char *dir, const char *name) {
    char *path = ore_path_join(dir, name);
    if (path)
        ore_error_locate(path);
    ore_string_free(path);
}

const hf_family *hf_folder_config(const char *dir, gpt_config *c) {
    ore_json *json = load_config(dir);
    const hf_family *f = NULL;
    if (json) {
        f = hf_config_read(json, c);
        if (!ore_ok())
            locate(dir, "config.json");
    }
    ore_json_free(json);
    return f;
}

/* ---- loading ---- */

typedef struct loading {
    const hf_name *names;
    const char *prefix; /* that names begin with in some checkpoints of the family alone */
    const char *root;   /* what the file has before the names of the model's tensors */
    ore_tensor_file *file;
    gpt *model;
} loading;

/* Whether the file has a tensor, its name there into `name` (HF_NAME_BYTES). */
static bool name_in_file(const loading *l, const char *theirs, char *name) {
    size_t n = l->prefix ? strlen(l->prefix) : 0;
    snprintf(name, HF_NAME_BYTES, "%s%s", l->root, theirs);
    if (ore_tensor_file_find(l->file, name))
        return true;
    if (n == 0 || strncmp(theirs, l->prefix, n) != 0)
        return false;
    snprintf(name, HF_NAME_BYTES, "%s%s", l->root, theirs + n);
    return ore_tensor_file_find(l->file, name) != NULL;
}

/* The same of a tensor by the GPT's name. */
static bool ours_in_file(const loading *l, const char *ours, char *name) {
    char theirs[HF_NAME_BYTES];
    hf_change change;
    return hf_name_of(l->names, ours, theirs, &change) && name_in_file(l, theirs, name);
}

/* Rows 0, 2, 4 .. of each head, then 1, 3, 5 ..: x (H D, in), or a bias (H D). */
static ore_tensor *parted(ore_tensor *x, int64_t D) {
    ore_shape shape = ore_shape_of(x);
    int64_t rows = shape.dim[0], in = shape.ndim == 2 ? shape.dim[1] : 1;
    if (D % 2 != 0) {
        ore_fail(ORE_DATA, "heads of %lld rows, expected pairs of rows", (long long)D);
        return NULL;
    }
    ore_tensor *pairs = ore_reshape(x, ORE_SHAPE(rows / D, D / 2, 2, in));
    return ore_reshape(ore_transpose(pairs, 1, 2), shape);
}

/* The file's tensor as the GPT has it at `ours`; of another shape, as it is there. */
static ore_tensor *fetch(const loading *l, const char *ours, const char *name, hf_change change) {
    ore_tensor *t = ore_tensor_file_tensor(l->file, name);
    const ore_tensor *now = ore_module_tensor(&l->model->module, ours);
    if (t && !ore_dtype_is_floating(ore_tensor_dtype(t)))
        ore_fail(ORE_DATA, "a tensor of %s", ore_dtype_name(ore_tensor_dtype(t)));
    if (!ore_ok())
        return NULL;
    switch (change) {
    case HF_TRANSPOSED:
        return ore_ndim(t) == 2 ? ore_contiguous(ore_transpose(t, 0, 1)) : t;
    case HF_PAIRS:
        return ore_shape_equal(ore_shape_of(t), ore_shape_of(now))
                   ? parted(t, l->model->config.head_dim)
                   : t;
    case HF_PLUS_ONE:
        return ore_add_scalar(t, -1);
    case HF_SAME:
        break;
    }
    return t;
}

/* Puts a tensor at "transformer.h.3.attn.c_q.weight" of the model. */
static ore_status put(gpt *model, const char *ours, ore_tensor *t) {
    char path[HF_NAME_BYTES], want[ORE_SHAPE_TEXT], got[ORE_SHAPE_TEXT];
    const ore_tensor *now = ore_module_tensor(&model->module, ours);
    if (!t || !now)
        return ore_error_status();
    if (!ore_shape_equal(ore_shape_of(now), ore_shape_of(t)))
        return ore_fail(ORE_DATA, "a shape of %s, expected %s by the config",
                        ore_shape_text(ore_shape_of(t), got),
                        ore_shape_text(ore_shape_of(now), want));
    snprintf(path, sizeof path, "%s", ours);
    char *dot = strrchr(path, '.');
    *dot = '\0';
    return ore_module_set_tensor(ore_module_find(&model->module, path), dot + 1, t);
}

/* Whether config.json has it, not the file of weights. */
static bool of_config(const char *ours) {
    return strncmp(ours, "transformer.rope_", strlen("transformer.rope_")) == 0;
}

static ore_status load_tensor(loading *l, const char *ours) {
    char theirs[HF_NAME_BYTES], name[HF_NAME_BYTES];
    hf_change change;
    if (!hf_name_of(l->names, ours, theirs, &change))
        return of_config(ours)
                   ? ORE_OK
                   : ore_fail(ORE_UNSUPPORTED, "%s: no name in these checkpoints", ours);
    if (!name_in_file(l, theirs, name))
        return ore_fail(ORE_DATA, "%s%s: missing", l->root, theirs);
    ore_scope_begin();
    if (put(l->model, ours, fetch(l, ours, name, change)) != ORE_OK)
        ore_error_locate(name);
    ore_scope_end();
    return ore_error_status();
}

/* Whether a tensor of a file holds nothing that is learned: masks and tables that old versions
 * saved, and a head that is tied. */
static bool holds_nothing(const loading *l, const char *name) {
    static const char *const ends[] = {".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"};
    const gpt_config *c = &l->model->config;
    char head[HF_NAME_BYTES];
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (n > strlen(ends[i]) && strcmp(name + n - strlen(ends[i]), ends[i]) == 0)
            return true;
    if (c->rope_scaling == ORE_ROTARY_LLAMA3 && strcmp(name, "rope_freqs.weight") == 0)
        return true; /* of GGUF: what follows from the config */
    return c->tie_weights && ours_in_file(l, "lm_head.weight", head) && strcmp(name, head) == 0;
}

static bool is_of_model(const loading *l, const ore_tensor_list *state, const char *name) {
    char there[HF_NAME_BYTES];
    for (int64_t i = 0; i < state->count; i++)
        if (ours_in_file(l, state->items[i].name, there) && strcmp(there, name) == 0)
            return true;
    return false;
}

/* ORE_DATA where the file has a tensor that the config has no place for. */
static ore_status refuse_others(const loading *l, const ore_tensor_list *state) {
    for (int64_t i = 0; i < ore_tensor_file_count(l->file); i++) {
        const char *name = ore_tensor_file_at(l->file, i)->name;
        if (strncmp(name, l->root, strlen(l->root)) == 0 && !holds_nothing(l, name) &&
            !is_of_model(l, state, name))
            return ore_fail(ORE_DATA, "%s: a tensor that this config has no place for", name);
    }
    return ore_error_status();
}

ore_status hf_load(gpt *model, const hf_name *names, const char *prefix, const char *root,
                   ore_tensor_file *file) {
    loading l = {.names = names, .prefix = prefix, .root = root, .file = file, .model = model};
    char head[HF_NAME_BYTES];
    ore_tensor_list state = ore_module_state(&model->module);
    ore_no_grad_begin();
    for (int64_t i = 0; i < state.count && ore_ok(); i++)
        load_tensor(&l, state.items[i].name);
    if (model->config.tie_weights && ours_in_file(&l, "lm_head.weight", head))
        tied_head_check(file, head, model->wte.weight);
    if (model->config.tie_weights && ore_ok())
        ore_module_set_tensor(&model->lm_head.module, "weight", model->wte.weight);
    ore_no_grad_end();
    if (ore_ok() && refuse_others(&l, &state) == ORE_OK)
        ore_tensor_file_check(file);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

ore_status hf_folder_load(gpt *model, const char *dir) {
    gpt_config c;
    ore_json *json = load_config(dir);
    const hf_family *f = json ? hf_config_read(json, &c) : NULL;
    if (f && hf_rope_factors(json, model) != ORE_OK)
        locate(dir, "config.json");
    ore_json_free(json);
    ore_tensor_file *file = f && ore_ok() ? ore_tensor_file_open(dir) : NULL;
    if (file && hf_load(model, f->names, f->prefix, "", file) != ORE_OK)
        ore_error_locate(dir);
    ore_tensor_file_close(file);
    return ore_error_status();
}

/* ---- writing ---- */

typedef struct writing {
    const hf_family *family;
    const ore_dtype *dtype; /* of all weights; NULL: as they are */
    ore_tensor_item *items;
    char (*names)[HF_NAME_BYTES];
    int64_t count;
} writing;

static void add(writing *w, const char *ours, ore_tensor *t) {
    hf_change change;
    char *name = w->names[w->count];
    if (of_config(ours))
        return;
    if (!hf_name_of(w->family->names, ours, name, &change)) {
        ore_fail(ORE_UNSUPPORTED, "%s: %s has no name for it", ours, w->family->model_type);
        return;
    }
    if (change == HF_TRANSPOSED && ore_ndim(t) == 2)
        t = ore_transpose(t, 0, 1);
    ore_dtype dtype = w->dtype ? *w->dtype : ore_tensor_dtype(t);
    w->items[w->count++] = (ore_tensor_item){name, ore_shape_of(t), (ore_coding)dtype, t};
}

bool hf_lacks_bias(const hf_family *f, const ore_tensor_list *state, const char *weight,
                   char *bias) {
    size_t n = strlen(weight) - strlen("weight");
    bool layer = strncmp(weight, "transformer.h.", strlen("transformer.h.")) == 0 ||
                 strncmp(weight, "transformer.ln_f.", strlen("transformer.ln_f.")) == 0;
    if (!f->zero_biases || !layer || strcmp(weight + n, "weight") != 0)
        return false;
    snprintf(bias, HF_NAME_BYTES, "%.*sbias", (int)n, weight);
    return !ore_tensor_list_find(state, bias);
}

/* Adds zeros for the bias of a layer that has none, if its family's layers have one. */
static void add_zeros(writing *w, const ore_tensor_list *state, const char *weight) {
    char bias[HF_NAME_BYTES];
    if (!hf_lacks_bias(w->family, state, weight, bias))
        return;
    ore_tensor *t = ore_tensor_list_find(state, weight);
    add(w, bias, ore_zeros(ORE_SHAPE(ore_size(t, 0)), ore_tensor_dtype(t)));
}

static ore_status write_weights(const hf_family *f, const gpt *model, const char *path,
                                const ore_dtype *dtype, int64_t shard_bytes) {
    ore_tensor_list state = ore_module_state(&model->module);
    size_t most = 2 * (size_t)state.count; /* each with a bias of zeros */
    writing w = {.family = f, .dtype = dtype, .items = calloc(most, sizeof *w.items)};
    ore_tensor_file_options o = ore_tensor_file_defaults();
    o.metadata = ore_json_object_new();
    o.shard_bytes = shard_bytes;
    w.names = calloc(most, sizeof *w.names);
    if (!w.items || !w.names)
        ore_fail(ORE_MEMORY, "%s: out of memory", path);
    ore_scope_begin();
    ore_no_grad_begin();
    for (int64_t i = 0; i < state.count && ore_ok(); i++) {
        add(&w, state.items[i].name, state.items[i].tensor);
        add_zeros(&w, &state, state.items[i].name);
    }
    ore_json_set_string(o.metadata, "format", "pt"); /* without it, transformers refuses the file */
    if (ore_ok())
        ore_tensor_file_write(path, w.items, w.count, &o);
    ore_no_grad_end();
    ore_scope_end();
    ore_json_free(o.metadata);
    free(w.names);
    free(w.items);
    ore_tensor_list_free(&state);
    return ore_error_status();
}

/* Copies what `marks` says of tokens: an id, or several. */
static void write_marks(ore_json *marks, ore_json *json) {
    static const char *const kept[] = {"bos_token_id", "eos_token_id", "pad_token_id", NULL};
    for (int i = 0; marks && kept[i] && ore_ok(); i++) {
        ore_json_kind kind = ore_json_kind_of(marks, kept[i]);
        int64_t id = 0;
        if (kind == ORE_JSON_INT && ore_json_get_int(marks, kept[i], &id) == ORE_OK)
            ore_json_set_int(json, kept[i], id);
        if (kind != ORE_JSON_ARRAY)
            continue;
        ore_json *from = ore_json_get_array(marks, kept[i]);
        ore_json *to = ore_json_set_array(json, kept[i]);
        for (int64_t k = 0; k < ore_json_count(from); k++)
            if (ore_json_at_int(from, k, &id) == ORE_OK)
                ore_json_add_int(to, id);
    }
}

ore_status hf_folder_save(const gpt *model, const char *dir, ore_json *marks,
                          const ore_dtype *dtype, int64_t shard_bytes) {
    char *config = ore_path_join(dir, "config.json");
    char *weights = ore_path_join(dir, "model.safetensors");
    bool typed = marks && ore_json_kind_of(marks, "model_type") == ORE_JSON_STRING;
    const char *type = typed ? ore_json_get_string(marks, "model_type") : NULL;
    ore_json *json = NULL;
    const hf_family *f = config && weights ? hf_config_write(&model->config, type, &json) : NULL;
    if (f) {
        ore_json_set_string(json, "torch_dtype",
                            ore_dtype_name(dtype ? *dtype : ore_tensor_dtype(model->wte.weight)));
        write_marks(marks, json);
        hf_rope_write_factors(model, json);
        if (ore_folder_make(dir) == ORE_OK &&
            write_weights(f, model, weights, dtype, shard_bytes) == ORE_OK)
            ore_json_write(json, config);
    }
    ore_json_free(json);
    ore_string_free(weights);
    ore_string_free(config);
    return ore_error_status();
}
