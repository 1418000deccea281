/* kv_cache.c: the keys and values of the tokens that a model has processed. */
#include <ore/infer.h>
#include <ore/ops.h>

#include "base/error.h"
#include "base/memory.h"

struct ore_kv_cache {
    ore_shape shape; /* of each layer's keys, and of its values: (B, H, max_T, D) */
    ore_dtype dtype;
    int64_t layers, length; /* length: tokens that are in the cache, the same in every layer */
    struct kv_layer {
        ore_kv all;      /* of this layer's shape; owned outside scopes */
        int64_t pending; /* tokens written after the first `length` since the last advance */
    } * layer;
};

enum { BATCH_DIM, HEADS_DIM, TOKENS_DIM, CHANNELS_DIM, CACHE_DIMS };

static bool cache_fits(int64_t layers, ore_shape shape) {
    char text[ORE_SHAPE_TEXT];
    bool fits = shape.ndim == CACHE_DIMS;
    for (int d = 0; fits && d < CACHE_DIMS; d++)
        fits = shape.dim[d] >= 1;
    if (layers < 1 || layers > INT32_MAX)
        ore_fail(ORE_INVALID, "kv cache: %lld layers, expected 1 or more, below 2^31",
                 (long long)layers);
    else if (!fits)
        ore_fail(ORE_INVALID, "kv cache: shape %s, expected (B, H, max_T, D) of 1 or more each",
                 ore_shape_text(shape, text));
    return ore_ok();
}

/* One of a layer's two tensors, not filled. */
static ore_tensor *new_tensor(const ore_kv_cache *cache, ore_device device) {
    ore_tensor *t = ore_to_device(ore_empty(cache->shape, cache->dtype), device);
    return t ? ore_own(t) : NULL;
}

ore_kv_cache *ore_kv_cache_new(int64_t layers, ore_shape shape, ore_dtype dtype,
                               ore_device device) {
    if (!ore_ok() || !cache_fits(layers, shape))
        return NULL;
    ore_kv_cache *cache = ore_alloc_zero(sizeof *cache);
    struct kv_layer *layer = cache ? ore_alloc_zero((size_t)layers * sizeof *layer) : NULL;
    if (!layer) {
        ore_release(cache);
        return NULL;
    }
    *cache = (ore_kv_cache){.shape = shape, .dtype = dtype, .layers = layers, .layer = layer};
    ore_scope_begin();
    for (int64_t i = 0; i < layers && ore_ok(); i++) {
        layer[i].all.k = new_tensor(cache, device);
        layer[i].all.v = new_tensor(cache, device);
    }
    ore_scope_end();
    if (ore_ok())
        return cache;
    ore_kv_cache_free(cache);
    return NULL;
}

static void release_layers(ore_kv_cache *cache) {
    for (int64_t i = 0; cache->layer && i < cache->layers; i++) {
        ore_free(cache->layer[i].all.k);
        ore_free(cache->layer[i].all.v);
    }
    ore_release(cache->layer);
}

void ore_kv_cache_free(ore_kv_cache *cache) {
    if (!cache)
        return;
    release_layers(cache);
    ore_release(cache);
}

int64_t ore_kv_cache_layers(const ore_kv_cache *cache) {
    return cache ? cache->layers : 0;
}

ore_shape ore_kv_cache_shape(const ore_kv_cache *cache) {
    return cache ? cache->shape : (ore_shape){.ndim = 0};
}

int64_t ore_kv_cache_length(const ore_kv_cache *cache) {
    return cache ? cache->length : 0;
}

/* False while an error is pending; false with an error for a NULL cache. */
static bool usable(const ore_kv_cache *cache) {
    if (ore_ok() && !cache)
        ore_fail(ORE_INVALID, "kv cache: expected one, got NULL");
    return ore_ok();
}

static void forget_pending(ore_kv_cache *cache) {
    for (int64_t i = 0; i < cache->layers; i++)
        cache->layer[i].pending = 0;
}

ore_status ore_kv_cache_truncate(ore_kv_cache *cache, int64_t length) {
    if (!usable(cache))
        return ore_error_status();
    if (length < 0 || length > cache->length)
        return ore_fail(ORE_INVALID, "kv cache: cannot be cut to %lld of the %lld tokens it holds",
                        (long long)length, (long long)cache->length);
    cache->length = length;
    forget_pending(cache);
    return ORE_OK;
}

static bool put_fits(const ore_kv_cache *cache, int64_t layer, const ore_tensor *k,
                     const ore_tensor *v) {
    char tk[ORE_SHAPE_TEXT], tv[ORE_SHAPE_TEXT], want[ORE_SHAPE_TEXT];
    if (!usable(cache))
        return false;
    if (!k || !v) {
        ore_fail(ORE_INVALID, "kv cache: k or v is NULL");
        return false;
    }
    ore_shape expected = cache->shape, of_k = ore_shape_of(k), of_v = ore_shape_of(v);
    int64_t left = cache->shape.dim[TOKENS_DIM] - cache->length;
    expected.dim[TOKENS_DIM] = of_k.ndim == CACHE_DIMS ? of_k.dim[TOKENS_DIM] : 1;
    if (ore_grad_enabled())
        ore_fail(ORE_STATE, "kv cache: gradients do not pass through it; take steps between "
                            "ore_no_grad_begin and ore_no_grad_end");
    else if (layer < 0 || layer >= cache->layers)
        ore_fail(ORE_INVALID, "kv cache: layer %lld, expected 0 .. %lld", (long long)layer,
                 (long long)cache->layers - 1);
    else if (!ore_shape_equal(of_k, expected) || !ore_shape_equal(of_v, expected))
        ore_fail(ORE_INVALID, "kv cache: k %s, v %s, expected %s with any number of tokens",
                 ore_shape_text(of_k, tk), ore_shape_text(of_v, tv),
                 ore_shape_text(expected, want));
    else if (ore_tensor_dtype(k) != cache->dtype || ore_tensor_dtype(v) != cache->dtype)
        ore_fail(ORE_INVALID, "kv cache: k of %s, v of %s, expected %s",
                 ore_dtype_name(ore_tensor_dtype(k)), ore_dtype_name(ore_tensor_dtype(v)),
                 ore_dtype_name(cache->dtype));
    else if (expected.dim[TOKENS_DIM] > left)
        ore_fail(ORE_INVALID, "kv cache: %lld tokens after %lld, expected at most %lld in all",
                 (long long)expected.dim[TOKENS_DIM], (long long)cache->length,
                 (long long)cache->shape.dim[TOKENS_DIM]);
    return ore_ok();
}

/* Writes t (B, H, T, D) after the first `length` tokens. Returns a view of these and t. */
static ore_tensor *put(const ore_kv_cache *cache, ore_tensor *all, ore_tensor *t) {
    int64_t T = ore_size(t, TOKENS_DIM);
    ore_scope_begin();
    ore_copy_(ore_narrow(all, TOKENS_DIM, cache->length, T), t);
    ore_scope_end();
    return ore_narrow(all, TOKENS_DIM, 0, cache->length + T);
}

ore_kv ore_kv_cache_put(ore_kv_cache *cache, int64_t layer, ore_tensor *k, ore_tensor *v) {
    ore_kv shown = {NULL, NULL};
    if (!put_fits(cache, layer, k, v))
        return shown;
    struct kv_layer *l = &cache->layer[layer];
    shown.k = put(cache, l->all.k, k);
    shown.v = put(cache, l->all.v, v);
    if (!ore_ok())
        return (ore_kv){NULL, NULL};
    l->pending = ore_size(k, TOKENS_DIM);
    return shown;
}

/* ---- sequences ---- */

/* rows (N) int64 as numbers of the host, for ore_release; NULL with an error. */
static int64_t *read_rows(const ore_kv_cache *cache, const ore_tensor *rows) {
    char text[ORE_SHAPE_TEXT];
    if (!rows || ore_ndim(rows) != 1 || ore_numel(rows) < 1 ||
        ore_tensor_dtype(rows) != ORE_INT64) {
        ore_fail(ORE_INVALID, "kv cache: rows %s of %s, expected (N,) of int64",
                 rows ? ore_shape_text(ore_shape_of(rows), text) : "NULL",
                 rows ? ore_dtype_name(ore_tensor_dtype(rows)) : "no dtype");
        return NULL;
    }
    int64_t N = ore_numel(rows), B = cache->shape.dim[BATCH_DIM];
    int64_t *row = ore_alloc((size_t)N * sizeof *row);
    if (row)
        ore_copy_out(rows, row, (size_t)N * sizeof *row);
    for (int64_t i = 0; ore_ok() && i < N; i++)
        if (row[i] < 0 || row[i] >= B)
            ore_fail(ORE_INVALID, "kv cache: sequence %lld, expected 0 .. %lld", (long long)row[i],
                     (long long)B - 1);
    if (ore_ok())
        return row;
    ore_release(row);
    return NULL;
}

/* A tensor of `cache` whose sequence i has the tokens of `from`'s sequence row[i]. */
static ore_tensor *reordered(const ore_kv_cache *cache, ore_tensor *from, const int64_t *row) {
    ore_tensor *to = new_tensor(cache, ore_tensor_device(from));
    if (!to || cache->length == 0)
        return to;
    ore_scope_begin();
    ore_tensor *old = ore_narrow(from, TOKENS_DIM, 0, cache->length);
    ore_tensor *new = ore_narrow(to, TOKENS_DIM, 0, cache->length);
    for (int64_t i = 0; i < cache->shape.dim[BATCH_DIM] && ore_ok(); i++)
        ore_copy_(ore_select(new, BATCH_DIM, i), ore_select(old, BATCH_DIM, row[i]));
    ore_scope_end();
    return to;
}

/* Both sets of tensors are there until the new one is whole, so that a failure changes nothing. */
ore_status ore_kv_cache_reorder(ore_kv_cache *cache, ore_tensor *rows) {
    int64_t *row = usable(cache) ? read_rows(cache, rows) : NULL;
    if (!row)
        return ore_error_status();
    ore_kv_cache new = *cache;
    new.shape.dim[BATCH_DIM] = ore_numel(rows);
    new.layer = ore_alloc_zero((size_t)cache->layers * sizeof *new.layer);
    ore_scope_begin();
    ore_no_grad_begin();
    for (int64_t i = 0; i < cache->layers && ore_ok(); i++) {
        new.layer[i].all.k = reordered(&new, cache->layer[i].all.k, row);
        new.layer[i].all.v = reordered(&new, cache->layer[i].all.v, row);
    }
    ore_no_grad_end();
    ore_scope_end();
    ore_release(row);
    ore_kv_cache old = ore_ok() ? *cache : new;
    if (ore_ok())
        *cache = new;
    release_layers(&old);
    return ore_error_status();
}

ore_status ore_kv_cache_advance(ore_kv_cache *cache, int64_t tokens) {
    if (!usable(cache))
        return ore_error_status();
    for (int64_t i = 0; i < cache->layers && ore_ok(); i++)
        if (tokens < 1 || cache->layer[i].pending != tokens)
            ore_fail(ORE_STATE, "kv cache: layer %lld was given %lld tokens, expected %lld",
                     (long long)i, (long long)cache->layer[i].pending, (long long)tokens);
    if (!ore_ok())
        return ore_error_status();
    cache->length += tokens;
    forget_pending(cache);
    return ORE_OK;
}
