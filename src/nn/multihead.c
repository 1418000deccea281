/* multihead.c: multi-head attention as a module, Vaswani et al. 2017, arXiv:1706.03762, section
 * 3.2.2: head_i = attention(x W_i^Q, m W_i^K, m W_i^V), y = concat(head_1 .. head_H) W^O. */
#include <math.h>

#include <ore/init.h>
#include <ore/ops.h>

#include "nn/layer.h"
#include "nn/multihead.h"

ore_multihead_attention_options ore_multihead_attention_defaults(void) {
    return (ore_multihead_attention_options){.bias = true, .dtype = ORE_FLOAT32, .device = ORE_CPU};
}

/* ---- parameters ---- */

static bool multihead_fits(const ore_multihead_attention *m) {
    if (m->embed_dim < 1 || m->num_heads < 1 || m->embed_dim % m->num_heads != 0)
        ore_fail(ORE_INVALID,
                 "multihead_attention: embed_dim %lld, num_heads %lld, expected at least 1 and "
                 "heads that divide it",
                 (long long)m->embed_dim, (long long)m->num_heads);
    else if (!ore_layer_width_fits("multihead_attention", "embed_dim", m->embed_dim))
        return false;
    else if (m->num_kv_heads < 1 || m->num_heads % m->num_kv_heads != 0)
        ore_fail(ORE_INVALID,
                 "multihead_attention: num_kv_heads %lld, expected at least 1 that divide the %lld "
                 "heads",
                 (long long)m->num_kv_heads, (long long)m->num_heads);
    else if (m->kdim < 1 || m->vdim < 1)
        ore_fail(ORE_INVALID, "multihead_attention: kdim %lld, vdim %lld, expected at least 1",
                 (long long)m->kdim, (long long)m->vdim);
    else if (!(m->dropout >= 0 && m->dropout <= 1))
        ore_fail(ORE_INVALID, "multihead_attention: dropout %g, expected 0 <= dropout <= 1",
                 m->dropout);
    return ore_ok();
}

/* Channels of all heads of keys, or of values: K D. */
static int64_t kv_width(const ore_multihead_attention *m) {
    return m->embed_dim / m->num_heads * m->num_kv_heads;
}

static bool one_width(const ore_multihead_attention *m) {
    return m->kdim == m->embed_dim && m->vdim == m->embed_dim;
}

static void add_matrix(ore_multihead_attention *m, const char *name, ore_tensor **field,
                       int64_t rows, int64_t columns, const ore_multihead_attention_options *o) {
    *field = ore_empty(ORE_SHAPE(rows, columns), o->dtype);
    *field = ore_init_xavier_uniform(*field, 1, o->generator);
    ore_layer_parameter(&m->module, name, field, o->device);
}

static void add_key(ore_multihead_attention *m, const char *name, ore_tensor **field,
                    const ore_multihead_attention_options *o) {
    if (o->add_bias_kv)
        *field = ore_init_xavier_normal(ore_empty(ORE_SHAPE(1, 1, kv_width(m)), o->dtype), 1,
                                        o->generator);
    ore_layer_parameter(&m->module, name, field, o->device);
}

/* PyTorch draws out_proj first, then the matrices that lead in. */
static void add_parameters(ore_multihead_attention *m, const ore_multihead_attention_options *o) {
    int64_t E = m->embed_dim, KV = kv_width(m);
    ore_linear_options out = ore_linear_defaults();
    out.bias = o->bias;
    out.dtype = o->dtype;
    out.device = o->device;
    out.generator = o->generator;
    ore_linear_init(&m->out_proj, &m->module, "out_proj", E, E, &out);
    if (o->bias)
        ore_init_zeros(m->out_proj.bias);
    if (one_width(m)) {
        add_matrix(m, "in_proj_weight", &m->in_proj_weight, E + 2 * KV, E, o);
    } else {
        add_matrix(m, "q_proj_weight", &m->q_proj_weight, E, E, o);
        add_matrix(m, "k_proj_weight", &m->k_proj_weight, KV, m->kdim, o);
        add_matrix(m, "v_proj_weight", &m->v_proj_weight, KV, m->vdim, o);
    }
    if (o->bias)
        m->in_proj_bias = ore_zeros(ORE_SHAPE(E + 2 * KV), o->dtype);
    ore_layer_parameter(&m->module, "in_proj_bias", &m->in_proj_bias, o->device);
    add_key(m, "bias_k", &m->bias_k, o);
    add_key(m, "bias_v", &m->bias_v, o);
}

ore_status ore_multihead_attention_init(ore_multihead_attention *m, ore_module *parent,
                                        const char *name, int64_t embed_dim, int64_t num_heads,
                                        const ore_multihead_attention_options *options) {
    ore_multihead_attention_options o = options ? *options : ore_multihead_attention_defaults();
    *m = (ore_multihead_attention){.embed_dim = embed_dim,
                                   .num_heads = num_heads,
                                   .num_kv_heads = o.num_kv_heads ? o.num_kv_heads : num_heads,
                                   .kdim = o.kdim ? o.kdim : embed_dim,
                                   .vdim = o.vdim ? o.vdim : embed_dim,
                                   .add_zero_attn = o.add_zero_attn,
                                   .batch_first = o.batch_first,
                                   .dropout = o.dropout,
                                   .dropout_generator = o.dropout_generator};
    if (!ore_layer_begin(&m->module, parent, name, "multihead_attention", NULL))
        return ore_error_status();
    if (!multihead_fits(m))
        return ore_layer_end(&m->module);
    ore_scope_begin();
    add_parameters(m, &o);
    ore_scope_end();
    return ore_layer_end(&m->module);
}

ore_status ore_grouped_query_attention_init(ore_multihead_attention *m, ore_module *parent,
                                            const char *name, int64_t embed_dim, int64_t num_heads,
                                            int64_t num_kv_heads,
                                            const ore_multihead_attention_options *options) {
    ore_multihead_attention_options o = options ? *options : ore_multihead_attention_defaults();
    o.num_kv_heads = num_kv_heads;
    return ore_multihead_attention_init(m, parent, name, embed_dim, num_heads, &o);
}

ore_status ore_multi_query_attention_init(ore_multihead_attention *m, ore_module *parent,
                                          const char *name, int64_t embed_dim, int64_t num_heads,
                                          const ore_multihead_attention_options *options) {
    return ore_grouped_query_attention_init(m, parent, name, embed_dim, num_heads, 1, options);
}

/* ---- the maps of query, key and value ---- */

enum { QUERY, KEY, VALUE, PARTS };

static int64_t width_of(const ore_multihead_attention *m, int part) {
    return part == QUERY ? m->embed_dim : kv_width(m);
}

/* Where the rows of a part begin in in_proj_weight, and its numbers in in_proj_bias. */
static int64_t start_of(const ore_multihead_attention *m, int part) {
    return part == QUERY ? 0 : m->embed_dim + (part - KEY) * kv_width(m);
}

/* The maps of parts first .. last of x (B, T, ..), side by side: (B, T, their widths). */
static ore_tensor *map_of(const ore_multihead_attention *m, ore_tensor *x, int first, int last) {
    int64_t start = start_of(m, first), width = start_of(m, last) + width_of(m, last) - start;
    ore_tensor *separate[PARTS] = {m->q_proj_weight, m->k_proj_weight, m->v_proj_weight};
    ore_tensor *weight = m->in_proj_weight, *bias = m->in_proj_bias;
    bool all = first == QUERY && last == VALUE;
    if (!weight)
        weight = separate[first];
    else if (!all)
        weight = ore_narrow(weight, 0, start, width);
    if (bias && !all)
        bias = ore_narrow(bias, 0, start, width);
    return ore_f_linear(x, weight, bias);
}

/* The maps of x[QUERY], x[KEY], x[VALUE] into y, equal neighbours in one product; where all three
 * are one tensor, *together is that product. */
static void map_all(const ore_multihead_attention *m, ore_tensor *const *x, ore_tensor **y,
                    ore_tensor **together) {
    *together = NULL;
    for (int first = QUERY, last; first < PARTS; first = last + 1) {
        for (last = first; last < VALUE && m->in_proj_weight && x[last + 1] == x[first]; last++)
            continue;
        ore_tensor *maps = map_of(m, x[first], first, last);
        if (first == QUERY && last == VALUE)
            *together = maps;
        for (int part = first; part <= last; part++)
            y[part] = first == last ? maps
                                    : ore_narrow(maps, -1, start_of(m, part) - start_of(m, first),
                                                 width_of(m, part));
    }
}

/* (B, T, H D) -> (B, H, T, D), a view where x's strides allow it. */
static ore_tensor *split_heads(ore_tensor *x, int64_t heads) {
    if (!x)
        return NULL;
    int64_t B = ore_size(x, 0), T = ore_size(x, 1), C = ore_size(x, 2);
    return ore_transpose(ore_reshape(x, ORE_SHAPE(B, T, heads, C / heads)), 1, 2);
}

/* (B, H, T, D) -> (B, T, H D) */
static ore_tensor *join_heads(ore_tensor *y) {
    return ore_flatten(ore_transpose(y, 1, 2), 2, 3);
}

/* ---- masks ---- */

/* Adds a mask of 4 dims, in which true hides, to the parts. */
static void take_part(ore_mask_parts *parts, ore_tensor *mask, const char *name,
                      const ore_tensor *x) {
    bool is_bool = mask && ore_tensor_dtype(mask) == ORE_BOOL;
    bool had_bool = parts->mask && ore_tensor_dtype(parts->mask) == ORE_BOOL;
    if (!mask)
        return;
    if (!is_bool && ore_tensor_dtype(mask) != ore_tensor_dtype(x))
        ore_fail(ORE_INVALID, "multihead_attention: %s of %s, expected bool or %s", name,
                 ore_dtype_name(ore_tensor_dtype(mask)), ore_dtype_name(ore_tensor_dtype(x)));
    else if (!parts->mask)
        parts->mask = is_bool ? ore_logical_not(mask) : mask;
    else if (is_bool)
        parts->mask = had_bool ? ore_logical_and(parts->mask, ore_logical_not(mask))
                               : ore_masked_fill(parts->mask, mask, -INFINITY);
    else
        parts->mask = had_bool ? ore_masked_fill(mask, ore_logical_not(parts->mask), -INFINITY)
                               : ore_add(parts->mask, mask);
}

static ore_tensor *attn_mask_of(ore_tensor *mask, const ore_attention_sizes *n) {
    char text[ORE_SHAPE_TEXT];
    ore_shape s = ore_shape_of(mask);
    if (ore_shape_equal(s, ORE_SHAPE(n->L, n->S)))
        return ore_view(mask, ORE_SHAPE(1, 1, n->L, n->S));
    if (ore_shape_equal(s, ORE_SHAPE(n->B * n->H, n->L, n->S)))
        return ore_reshape(mask, ORE_SHAPE(n->B, n->H, n->L, n->S));
    ore_fail(ORE_INVALID,
             "multihead_attention: attn_mask %s, expected (%lld, %lld) or (%lld, %lld, %lld)",
             ore_shape_text(s, text), (long long)n->L, (long long)n->S, (long long)(n->B * n->H),
             (long long)n->L, (long long)n->S);
    return NULL;
}

static ore_tensor *padding_of(ore_tensor *mask, const ore_attention_sizes *n, bool batched) {
    char got[ORE_SHAPE_TEXT], expected[ORE_SHAPE_TEXT];
    ore_shape s = batched ? ORE_SHAPE(n->B, n->S) : ORE_SHAPE(n->S);
    if (ore_shape_equal(ore_shape_of(mask), s))
        return ore_reshape(mask, ORE_SHAPE(n->B, 1, 1, n->S));
    ore_fail(ORE_INVALID, "multihead_attention: key_padding_mask %s, expected %s",
             ore_shape_text(ore_shape_of(mask), got), ore_shape_text(s, expected));
    return NULL;
}

static bool lengths_fit(const ore_tensor *lengths, const ore_attention_sizes *n) {
    char text[ORE_SHAPE_TEXT];
    bool fits = ore_shape_equal(ore_shape_of(lengths), ORE_SHAPE(n->B)) &&
                ore_tensor_dtype(lengths) == ORE_INT64;
    if (!fits)
        ore_fail(ORE_INVALID,
                 "multihead_attention: key_lengths %s of %s, expected (%lld,) of int64",
                 ore_shape_text(ore_shape_of(lengths), text),
                 ore_dtype_name(ore_tensor_dtype(lengths)), (long long)n->B);
    return fits;
}

bool ore_mask_take_apart(const ore_multihead_mask *mask, const ore_attention_sizes *sizes,
                         bool batched, const ore_tensor *x, ore_mask_parts *parts) {
    *parts = (ore_mask_parts){0};
    if (!mask || !ore_ok())
        return ore_ok();
    parts->causal = mask->causal;
    if (mask->causal && sizes->L > sizes->S)
        ore_fail(ORE_INVALID,
                 "multihead_attention: %lld queries over %lld keys, expected at most as many when "
                 "causal",
                 (long long)sizes->L, (long long)sizes->S);
    if (mask->attn_mask)
        take_part(parts, attn_mask_of(mask->attn_mask, sizes), "attn_mask", x);
    if (mask->key_padding_mask)
        take_part(parts, padding_of(mask->key_padding_mask, sizes, batched), "key_padding_mask", x);
    if (mask->key_lengths && lengths_fit(mask->key_lengths, sizes))
        parts->lengths = mask->key_lengths;
    return ore_ok();
}

ore_tensor *ore_square_subsequent_mask(int64_t size, ore_dtype dtype) {
    return ore_triu(ore_full(ORE_SHAPE(size, size), -INFINITY, dtype), 1);
}

/* ---- attention ---- */

static ore_attention_options attention_options(const ore_multihead_attention *m,
                                               const ore_mask_parts *parts) {
    ore_attention_options o = ore_attention_defaults();
    o.causal = parts->causal;
    o.mask = parts->mask;
    o.lengths = parts->lengths;
    o.dropout = m->module.training ? m->dropout : 0;
    o.generator = m->dropout_generator;
    return o;
}

/* (B, K, S, D) -> (B, H, S, D): each head as often as queries share it */
static ore_tensor *shared_heads(const ore_multihead_attention *m, ore_tensor *x) {
    int64_t group = m->num_heads / m->num_kv_heads;
    return group == 1 ? x : ore_repeat_interleave(x, group, 1);
}

static ore_tensor *attend(const ore_multihead_attention *m, ore_tensor *const *heads,
                          const ore_mask_parts *parts, ore_tensor **weights) {
    ore_attention_options o = attention_options(m, parts);
    if (!weights)
        return ore_attention(heads[QUERY], heads[KEY], heads[VALUE], &o);
    *weights = ore_attention_weights(heads[QUERY], heads[KEY], &o);
    return ore_matmul(*weights, shared_heads(m, heads[VALUE]));
}

/* ---- keys that belong to the module ---- */

static bool has_own_keys(const ore_multihead_attention *m) {
    return m->bias_k || m->add_zero_attn;
}

/* x (B, S, KV) with the module's own keys or values behind: bias (1, 1, KV), and zeros. */
static ore_tensor *with_own(const ore_multihead_attention *m, ore_tensor *x, ore_tensor *bias) {
    ore_shape one = ORE_SHAPE(ore_size(x, 0), 1, ore_size(x, 2));
    ore_tensor *rows[3] = {x};
    int n = 1;
    if (bias)
        rows[n++] = ore_expand(bias, one);
    if (m->add_zero_attn)
        rows[n++] = ore_to_device(ore_zeros(one, ore_tensor_dtype(x)), ore_tensor_device(x));
    return ore_cat(rows, n, 1);
}

/* What is seen where every query sees the module's own keys: by one mask, since causal and lengths
 * count from keys that are no longer the last. Of bool (.., S) or floating, padded to the new S. */
static void show_own_keys(const ore_multihead_attention *m, const ore_tensor *query, int64_t S,
                          ore_mask_parts *parts) {
    int64_t own = (m->bias_k != NULL) + m->add_zero_attn, L = ore_size(query, 1);
    ore_device device = ore_tensor_device(query);
    if (parts->causal) {
        ore_tensor *above = ore_triu(ore_ones(ORE_SHAPE(L, S), ORE_BOOL), S - L + 1);
        take_part(parts, ore_to_device(above, device), "causal", query);
    }
    if (parts->lengths) {
        ore_tensor *places = ore_to_device(ore_arange(0, (double)S, 1, ORE_INT64), device);
        ore_shape each = ORE_SHAPE(ore_size(query, 0), 1, 1, 1);
        take_part(parts, ore_ge(places, ore_reshape(parts->lengths, each)), "key_lengths", query);
    }
    if (parts->mask) {
        double seen = ore_tensor_dtype(parts->mask) == ORE_BOOL;
        parts->mask = ore_pad(parts->mask, (int64_t[]){0, own}, 2, ORE_PAD_CONSTANT, seen);
    }
    parts->lengths = NULL;
    parts->causal = false;
}

static void add_own_keys(const ore_multihead_attention *m, ore_tensor **maps,
                         ore_mask_parts *parts) {
    show_own_keys(m, maps[QUERY], ore_size(maps[KEY], 1), parts);
    maps[KEY] = with_own(m, maps[KEY], m->bias_k);
    maps[VALUE] = with_own(m, maps[VALUE], m->bias_v);
}

/* ---- forward ---- */

/* The attention before out_proj: (B, L, E) */
static ore_tensor *attention_of(const ore_multihead_attention *m, ore_tensor *const *x,
                                const ore_mask_parts *given, ore_tensor **weights) {
    ore_tensor *maps[PARTS], *together;
    ore_mask_parts parts = *given;
    map_all(m, x, maps, &together);
    if (!ore_ok())
        return NULL;
    if (has_own_keys(m))
        add_own_keys(m, maps, &parts);
    else if (together && !weights && m->num_kv_heads == m->num_heads) {
        ore_attention_options o = attention_options(m, &parts);
        return ore_attention_packed(together, m->num_heads, &o);
    }
    for (int part = QUERY; part < PARTS; part++)
        maps[part] = split_heads(maps[part], part == QUERY ? m->num_heads : m->num_kv_heads);
    if (!ore_ok())
        return NULL;
    return join_heads(attend(m, maps, &parts, weights));
}

ore_tensor *ore_multihead_run(const ore_multihead_attention *m, ore_tensor *query, ore_tensor *key,
                              ore_tensor *value, const ore_mask_parts *parts, ore_tensor *residual,
                              ore_tensor **weights) {
    if (!ore_module_begin(&m->module))
        return NULL;
    ore_tensor *y = attention_of(m, (ore_tensor *[]){query, key, value}, parts, weights);
    y = residual ? ore_linear_forward_add(&m->out_proj, y, residual)
                 : ore_linear_forward(&m->out_proj, y);
    return ore_module_result(&m->module, y);
}

ore_tensor *ore_batch_first(ore_tensor *x, bool batched, bool batch_first) {
    return !batched ? ore_unsqueeze(x, 0) : batch_first ? x : ore_transpose(x, 0, 1);
}

ore_tensor *ore_batch_as_given(ore_tensor *y, bool batched, bool batch_first) {
    return !batched ? ore_squeeze(y, 0) : batch_first ? y : ore_transpose(y, 0, 1);
}

static bool inputs_fit(const ore_multihead_attention *m, ore_tensor *const *x) {
    char text[PARTS][ORE_SHAPE_TEXT];
    const int64_t width[PARTS] = {m->embed_dim, m->kdim, m->vdim};
    bool fits = true;
    for (int i = QUERY; i < PARTS; i++) {
        if (!x[i]) {
            ore_fail(ORE_INVALID, "multihead_attention: query, key or value is NULL");
            return false;
        }
        fits = fits && ore_ndim(x[i]) == ore_ndim(x[QUERY]) &&
               (ore_ndim(x[i]) == 2 || ore_ndim(x[i]) == 3) && ore_size(x[i], -1) == width[i];
    }
    if (fits) {
        int batch = ore_ndim(x[QUERY]) == 2 ? -1 : m->batch_first ? 0 : 1;
        int time = ore_ndim(x[QUERY]) == 2 || !m->batch_first ? 0 : 1;
        fits = ore_size(x[KEY], time) == ore_size(x[VALUE], time);
        for (int i = KEY; fits && batch >= 0 && i < PARTS; i++)
            fits = ore_size(x[i], batch) == ore_size(x[QUERY], batch);
    }
    for (int i = QUERY; i < PARTS; i++)
        ore_shape_text(ore_shape_of(x[i]), text[i]);
    if (!fits)
        ore_fail(ORE_INVALID,
                 "multihead_attention: query %s, key %s, value %s, expected %s or (T, ..), of "
                 "widths %lld, %lld and %lld, of one batch and as many values as keys",
                 text[QUERY], text[KEY], text[VALUE], m->batch_first ? "(B, T, ..)" : "(T, B, ..)",
                 (long long)width[QUERY], (long long)width[KEY], (long long)width[VALUE]);
    return fits;
}

/* All of the forward but for the module's name in errors. */
static ore_tensor *multihead_forward(const ore_multihead_attention *m, ore_tensor *query,
                                     ore_tensor *key, ore_tensor *value,
                                     const ore_multihead_mask *mask, ore_tensor **weights) {
    ore_tensor *x[PARTS] = {query, key, value};
    if (!inputs_fit(m, x))
        return ore_module_result(&m->module, NULL);
    bool batched = ore_ndim(query) == 3;
    x[QUERY] = ore_batch_first(query, batched, m->batch_first);
    for (int i = KEY; i < PARTS; i++) /* equal ones stay equal */
        x[i] = i == VALUE && value == key ? x[KEY]
               : x[i] == query            ? x[QUERY]
                                          : ore_batch_first(x[i], batched, m->batch_first);
    if (!ore_ok())
        return NULL;
    ore_attention_sizes n = {ore_size(x[QUERY], 0), m->num_heads, ore_size(x[QUERY], 1),
                             ore_size(x[KEY], 1)};
    ore_mask_parts parts;
    if (!ore_mask_take_apart(mask, &n, batched, query, &parts))
        return ore_module_result(&m->module, NULL);
    ore_tensor *y = ore_multihead_run(m, x[QUERY], x[KEY], x[VALUE], &parts, NULL, weights);
    return ore_batch_as_given(y, batched, m->batch_first);
}

ore_tensor *ore_multihead_attention_forward(const ore_multihead_attention *m, ore_tensor *query,
                                            ore_tensor *key, ore_tensor *value,
                                            const ore_multihead_mask *mask) {
    return ore_ok() ? multihead_forward(m, query, key, value, mask, NULL) : NULL;
}

ore_tensor *ore_multihead_attention_weights(const ore_multihead_attention *m, ore_tensor *query,
                                            ore_tensor *key, ore_tensor *value,
                                            const ore_multihead_mask *mask, bool average,
                                            ore_tensor **weights) {
    ore_tensor *w = NULL; /* (B, H, L, S) */
    if (!weights)
        ore_fail(ORE_INVALID, "multihead_attention: weights is NULL");
    else
        *weights = NULL;
    if (!ore_ok())
        return NULL;
    ore_tensor *y = multihead_forward(m, query, key, value, mask, &w);
    if (average)
        w = ore_mean(w, ORE_DIMS(1), false);
    if (y && ore_ndim(y) == 2)
        w = ore_squeeze(w, 0);
    if (!ore_ok())
        return NULL;
    *weights = w;
    return y;
}

ore_tensor *ore_self_attention_forward(const ore_multihead_attention *m, ore_tensor *x,
                                       const ore_multihead_mask *mask) {
    return ore_multihead_attention_forward(m, x, x, x, mask);
}

ore_tensor *ore_cross_attention_forward(const ore_multihead_attention *m, ore_tensor *x,
                                        ore_tensor *memory, const ore_multihead_mask *mask) {
    return ore_multihead_attention_forward(m, x, memory, memory, mask);
}

/* ---- the parts of the forward ---- */

/* That x is (B, T, E) of a module whose inputs have one width. */
static bool part_fits(const ore_multihead_attention *m, const ore_tensor *x) {
    char text[ORE_SHAPE_TEXT];
    if (!ore_ok())
        return false;
    if (!one_width(m))
        ore_fail(ORE_INVALID,
                 "multihead_attention: kdim %lld, vdim %lld, expected embed_dim %lld for the parts "
                 "of a forward",
                 (long long)m->kdim, (long long)m->vdim, (long long)m->embed_dim);
    else if (!x || ore_ndim(x) != 3 || ore_size(x, 2) != m->embed_dim)
        ore_fail(ORE_INVALID, "multihead_attention: %s, expected (B, T, %lld)",
                 x ? ore_shape_text(ore_shape_of(x), text) : "NULL", (long long)m->embed_dim);
    return ore_ok();
}

ore_tensor *ore_multihead_attention_queries(const ore_multihead_attention *m, ore_tensor *x) {
    if (!ore_module_begin(&m->module))
        return NULL;
    ore_tensor *q = part_fits(m, x) ? split_heads(map_of(m, x, QUERY, QUERY), m->num_heads) : NULL;
    return ore_module_result(&m->module, q);
}

ore_status ore_multihead_attention_keys_values(const ore_multihead_attention *m, ore_tensor *memory,
                                               ore_tensor **k, ore_tensor **v) {
    *k = *v = NULL;
    if (!ore_module_begin(&m->module))
        return ore_error_status();
    ore_tensor *both = part_fits(m, memory) ? map_of(m, memory, KEY, VALUE) : NULL;
    int64_t KV = kv_width(m);
    *k = split_heads(ore_narrow(both, 2, 0, KV), m->num_kv_heads);
    *v = split_heads(ore_narrow(both, 2, KV, KV), m->num_kv_heads);
    if (!ore_ok())
        *k = *v = NULL;
    ore_module_result(&m->module, *v);
    return ore_error_status();
}

ore_tensor *ore_multihead_attention_join(const ore_multihead_attention *m, ore_tensor *heads) {
    if (!ore_module_begin(&m->module))
        return NULL;
    char text[ORE_SHAPE_TEXT];
    int64_t D = m->embed_dim / m->num_heads;
    if (!heads || ore_ndim(heads) != 4 || ore_size(heads, 1) != m->num_heads ||
        ore_size(heads, 3) != D) {
        ore_fail(ORE_INVALID, "multihead_attention: heads %s, expected (B, %lld, L, %lld)",
                 heads ? ore_shape_text(ore_shape_of(heads), text) : "NULL",
                 (long long)m->num_heads, (long long)D);
        return ore_module_result(&m->module, NULL);
    }
    return ore_module_result(&m->module, ore_linear_forward(&m->out_proj, join_heads(heads)));
}
