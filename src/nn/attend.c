/* attend.c: additive attention (Bahdanau et al. 2015, arXiv:1409.0473) and multiplicative attention
 * with its local places (Luong et al. 2015, arXiv:1508.04025, section 3). */
#include <ore/attend.h>

#include "nn/layer.h"

ore_attend_options ore_attend_defaults(void) {
    return (ore_attend_options){.score = ORE_SCORE_GENERAL,
                                .place = ORE_ATTEND_GLOBAL,
                                .window = 10,
                                .dtype = ORE_FLOAT32,
                                .device = ORE_CPU};
}

/* ---- parameters ---- */

static bool options_fit(const ore_attend *m, int64_t attention_size) {
    if (m->query_size < 1 || m->key_size < 1 || attention_size < 1)
        ore_fail(ORE_INVALID,
                 "attend: query_size %lld, key_size %lld, attention_size %lld, expected at least 1",
                 (long long)m->query_size, (long long)m->key_size, (long long)attention_size);
    else if ((unsigned)m->score > ORE_SCORE_CONCAT)
        ore_fail(ORE_INVALID, "attend: score %d is no ore_score_kind", (int)m->score);
    else if ((unsigned)m->place > ORE_ATTEND_LOCAL_P)
        ore_fail(ORE_INVALID, "attend: place %d is no ore_attend_place", (int)m->place);
    else if (m->score == ORE_SCORE_DOT && m->query_size != m->key_size)
        ore_fail(ORE_INVALID,
                 "attend: query_size %lld, key_size %lld, expected one for a dot score",
                 (long long)m->query_size, (long long)m->key_size);
    else if (m->place != ORE_ATTEND_GLOBAL && m->window < 1)
        ore_fail(ORE_INVALID, "attend: window %lld, expected at least 1", (long long)m->window);
    return ore_ok();
}

static void add_parameters(ore_attend *m, int64_t attention_size, const ore_attend_options *o) {
    ore_linear_options linear = {
        .bias = false, .dtype = o->dtype, .device = o->device, .generator = o->generator};
    int64_t Q = m->query_size, K = m->key_size, A = attention_size;
    if (m->score == ORE_SCORE_GENERAL) {
        ore_linear_init(&m->key, &m->module, "key", K, Q, &linear);
    } else if (m->score == ORE_SCORE_CONCAT) {
        ore_linear_init(&m->query, &m->module, "query", Q, A, &linear);
        ore_linear_init(&m->key, &m->module, "key", K, A, &linear);
        ore_linear_init(&m->energy, &m->module, "energy", A, 1, &linear);
    }
    if (m->place == ORE_ATTEND_LOCAL_P) {
        ore_linear_init(&m->place_query, &m->module, "place_query", Q, Q, &linear);
        ore_linear_init(&m->place_energy, &m->module, "place_energy", Q, 1, &linear);
    }
}

static ore_status attend_init(ore_attend *m, ore_module *parent, const char *name, const char *kind,
                              int64_t query_size, int64_t key_size, const ore_attend_options *o) {
    int64_t attention_size = o->attention_size ? o->attention_size : query_size;
    *m = (ore_attend){.score = o->score,
                      .place = o->place,
                      .query_size = query_size,
                      .key_size = key_size,
                      .window = o->window};
    if (!ore_layer_begin(&m->module, parent, name, kind, NULL))
        return ore_error_status();
    if (options_fit(m, attention_size))
        add_parameters(m, attention_size, o);
    return ore_layer_end(&m->module);
}

ore_status ore_additive_attention_init(ore_additive_attention *m, ore_module *parent,
                                       const char *name, int64_t query_size, int64_t key_size,
                                       const ore_attend_options *options) {
    ore_attend_options o = options ? *options : ore_attend_defaults();
    o.score = ORE_SCORE_CONCAT;
    return attend_init(m, parent, name, "additive_attention", query_size, key_size, &o);
}

ore_status ore_luong_attention_init(ore_luong_attention *m, ore_module *parent, const char *name,
                                    int64_t query_size, int64_t key_size,
                                    const ore_attend_options *options) {
    ore_attend_options o = options ? *options : ore_attend_defaults();
    return attend_init(m, parent, name, "luong_attention", query_size, key_size, &o);
}

/* ---- the memory ---- */

static bool memory_fits(const ore_attend *m, const ore_tensor *values, const ore_tensor *lengths) {
    char text[ORE_SHAPE_TEXT];
    if (!values || ore_ndim(values) != 3 || ore_size(values, 2) != m->key_size)
        ore_fail(ORE_INVALID, "%s: values %s, expected (B, S, %lld)", m->module.kind,
                 values ? ore_shape_text(ore_shape_of(values), text) : "NULL",
                 (long long)m->key_size);
    else if (lengths && (ore_tensor_dtype(lengths) != ORE_INT64 ||
                         !ore_shape_equal(ore_shape_of(lengths), ORE_SHAPE(ore_size(values, 0)))))
        ore_fail(ORE_INVALID, "%s: lengths %s of %s, expected (%lld,) of int64", m->module.kind,
                 ore_shape_text(ore_shape_of(lengths), text),
                 ore_dtype_name(ore_tensor_dtype(lengths)), (long long)ore_size(values, 0));
    return ore_ok();
}

/* Places 0 .. S - 1 of the memory, of `dtype` on the device of `like`. */
static ore_tensor *places_of(int64_t S, ore_dtype dtype, const ore_tensor *like) {
    return ore_to_device(ore_arange(0, (double)S, 1, dtype), ore_tensor_device(like));
}

/* bool (B, 1, S): the keys before each entry's length, int64 (B) */
static ore_tensor *seen_by_lengths(const ore_attend *m, ore_tensor *lengths, int64_t S) {
    if (ore_numel(lengths) > 0) {
        int64_t low = ore_item_int(ore_amin(lengths, ORE_ALL, false));
        int64_t high = ore_item_int(ore_amax(lengths, ORE_ALL, false));
        if (ore_ok() && (low < 0 || high > S))
            ore_fail(ORE_INVALID, "%s: a length of %lld, expected 0 .. %lld", m->module.kind,
                     (long long)(low < 0 ? low : high), (long long)S);
    }
    ore_tensor *of_entry = ore_reshape(lengths, ORE_SHAPE(ore_numel(lengths), 1, 1));
    return ore_lt(places_of(S, ORE_INT64, lengths), of_entry);
}

ore_status ore_attend_prepare(const ore_attend *m, ore_tensor *values, ore_tensor *lengths,
                              ore_attend_memory *memory) {
    *memory = (ore_attend_memory){0};
    if (!ore_module_begin(&m->module))
        return ore_error_status();
    ore_attend_memory made = {.values = values};
    if (memory_fits(m, values, lengths)) {
        ore_dtype dtype = ore_tensor_dtype(values);
        int64_t B = ore_size(values, 0), S = ore_size(values, 1);
        made.keys = m->score == ORE_SCORE_DOT ? values : ore_linear_forward(&m->key, values);
        made.seen = lengths ? seen_by_lengths(m, lengths, S) : NULL;
        if (m->place == ORE_ATTEND_LOCAL_P)
            made.lengths = lengths ? ore_reshape(ore_to(lengths, dtype), ORE_SHAPE(B, 1, 1))
                                   : ore_to_device(ore_full(ORE_SHAPE(B, 1, 1), (double)S, dtype),
                                                   ore_tensor_device(values));
    }
    if (ore_ok())
        *memory = made;
    return ore_layer_end(&m->module);
}

/* ---- scores and weights ---- */

/* query (B, L, Q) -> (B, L, S) */
static ore_tensor *scores_of(const ore_attend *m, ore_tensor *query, ore_tensor *keys) {
    if (m->score != ORE_SCORE_CONCAT)
        return ore_matmul(query, ore_transpose(keys, 1, 2));
    ore_tensor *q = ore_unsqueeze(ore_linear_forward(&m->query, query), 2); /* (B, L, 1, A) */
    ore_tensor *sum = ore_add(q, ore_unsqueeze(keys, 1));                   /* (B, L, S, A) */
    return ore_squeeze(ore_linear_forward(&m->energy, ore_tanh(sum)), -1);
}

/* Where each query's window is: (L, 1), or local-p's (B, L, 1). */
static ore_tensor *centre_of(const ore_attend *m, ore_tensor *query,
                             const ore_attend_memory *memory, int64_t start) {
    if (m->place == ORE_ATTEND_LOCAL_M) {
        ore_tensor *at = places_of(ore_size(query, 1), ore_tensor_dtype(query), query);
        return ore_unsqueeze(ore_add_scalar(at, (double)start), 1);
    }
    ore_tensor *inner = ore_linear_forward_activated(&m->place_query, query, ore_tanh);
    return ore_mul(memory->lengths, ore_sigmoid(ore_linear_forward(&m->place_energy, inner)));
}

/* Weights of a local kind. */
static ore_tensor *local_weights(const ore_attend *m, ore_tensor *scores, ore_tensor *query,
                                 const ore_attend_memory *memory, int64_t start) {
    ore_tensor *centre = centre_of(m, query, memory, start);
    ore_tensor *places = places_of(ore_size(scores, 2), ore_tensor_dtype(scores), scores);
    ore_tensor *distance = ore_sub(places, centre); /* (L, S) or (B, L, S) */
    ore_tensor *reach = ore_scalar((double)m->window, ore_tensor_dtype(scores));
    ore_tensor *seen = ore_le(ore_abs(ore_detach(distance)), reach);
    if (memory->seen)
        seen = ore_logical_and(seen, memory->seen);
    ore_tensor *weights = ore_masked_softmax(scores, seen);
    if (m->place == ORE_ATTEND_LOCAL_M)
        return weights;
    double sigma = (double)m->window / 2;
    ore_tensor *bell = ore_exp(ore_mul_scalar(ore_square(distance), -1 / (2 * sigma * sigma)));
    return ore_mul(weights, bell);
}

/* That a query (B, L, Q) fits the memory, which is one of this module. */
static bool query_fits(const ore_attend *m, const ore_tensor *query,
                       const ore_attend_memory *memory) {
    char text[2][ORE_SHAPE_TEXT];
    if (!query || !memory || !memory->values || !memory->keys ||
        (m->place == ORE_ATTEND_LOCAL_P && !memory->lengths)) {
        ore_fail(ORE_INVALID, "%s: query or memory is NULL", m->module.kind);
        return false;
    }
    int ndim = ore_ndim(query);
    if ((ndim != 2 && ndim != 3) || ore_size(query, -1) != m->query_size ||
        ore_size(query, 0) != ore_size(memory->values, 0))
        ore_fail(ORE_INVALID,
                 "%s: query %s over values %s, expected (%lld, L, %lld) or (%lld, %lld)",
                 m->module.kind, ore_shape_text(ore_shape_of(query), text[0]),
                 ore_shape_text(ore_shape_of(memory->values), text[1]),
                 (long long)ore_size(memory->values, 0), (long long)m->query_size,
                 (long long)ore_size(memory->values, 0), (long long)m->query_size);
    return ore_ok();
}

/* (B, L, S), of query (B, L, Q) or (B, Q), then with L = 1 */
static ore_tensor *weights_of(const ore_attend *m, ore_tensor *query,
                              const ore_attend_memory *memory, int64_t start) {
    if (!query_fits(m, query, memory))
        return NULL;
    if (ore_ndim(query) == 2)
        query = ore_unsqueeze(query, 1);
    ore_tensor *scores = scores_of(m, query, memory->keys);
    if (!scores)
        return NULL;
    return m->place == ORE_ATTEND_GLOBAL ? ore_masked_softmax(scores, memory->seen)
                                         : local_weights(m, scores, query, memory, start);
}

/* y without the dim of queries that weights_of has added */
static ore_tensor *as_query(ore_tensor *y, const ore_tensor *query) {
    return y && ore_ndim(query) == 2 ? ore_squeeze(y, 1) : y;
}

ore_tensor *ore_attend_weights(const ore_attend *m, ore_tensor *query,
                               const ore_attend_memory *memory, int64_t start) {
    if (!ore_module_begin(&m->module))
        return NULL;
    return ore_module_result(&m->module, as_query(weights_of(m, query, memory, start), query));
}

ore_tensor *ore_attend_forward(const ore_attend *m, ore_tensor *query,
                               const ore_attend_memory *memory, int64_t start,
                               ore_tensor **weights) {
    if (weights)
        *weights = NULL;
    if (!ore_module_begin(&m->module))
        return NULL;
    ore_tensor *w = weights_of(m, query, memory, start);
    ore_tensor *y = w ? as_query(ore_soft_attention(w, memory->values), query) : NULL;
    w = as_query(w, query);
    if (weights && ore_ok())
        *weights = w;
    return ore_module_result(&m->module, ore_ok() ? y : NULL);
}
