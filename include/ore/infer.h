/* infer.h: what a model needs to write: drawing tokens from logits, and keys and values kept from
 * step to step. */
#ifndef ORE_INFER_H
#define ORE_INFER_H

#include <ore/generator.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

typedef struct ore_sampler_options {
    double temperature; /* 1: logits are divided by it; 0 takes the largest */
    int64_t top_k;      /* 0: all; else only the k largest logits and those equal to the k-th */
    double top_p;       /* 1: all; else the fewest most likely tokens whose probabilities add up to
                           top_p or more (Holtzman et al. 2020, arXiv:1904.09751), after top_k */
} ore_sampler_options;
ORE_API ore_sampler_options ore_sampler_defaults(void);

/* A token id drawn from softmax(logits / temperature) over what top_k and top_p leave; logits (V),
 * floating. One multinomial draw without replacement over all V, as torch.multinomial(probs, 1)
 * makes it; with temperature 0 nothing is drawn and the first largest wins. -1 on failure:
 * ORE_INVALID for options out of range, ORE_DATA for logits that are NaN or all -inf. */
ORE_API int64_t ore_sample_token(ore_tensor *logits, const ore_sampler_options *options,
                                 ore_generator *g);

/* ---- keys and values of the tokens read so far ---- */

/* A decoder's attention looks back at the keys and values of all earlier tokens. Kept, they need
 * not be computed again: a step computes those of its own tokens, puts them into the cache, and
 * attends to all of them. In each layer of the model, when T tokens come after `length` earlier
 * ones, under ore_no_grad_begin:
 *   ore_kv all = ore_kv_cache_put(cache, layer, k, v);             k, v (B, H, T, D)
 *   y = ore_attention(q, all.k, all.v, &causal);                   (B, H, length + T, D) each
 * and after the last layer ore_kv_cache_advance(cache, T). Until then the new tokens do not count,
 * so that a step that fails leaves the cache as it was. Not for several threads at once. */
typedef struct ore_kv_cache ore_kv_cache;

typedef struct ore_kv {
    ore_tensor *k, *v;
} ore_kv;

/* A cache for `layers` layers of keys and of values of `shape` (B, H, max_T, D): B sequences side
 * by side, H heads of D channels, room for max_T tokens. All its memory, 2 layers B H max_T D
 * elements, is taken here. ORE_INVALID for fewer than 1 of anything. */
ORE_API ore_kv_cache *ore_kv_cache_new(int64_t layers, ore_shape shape, ore_dtype dtype,
                                       ore_device device);
ORE_API void ore_kv_cache_free(ore_kv_cache *cache);
ORE_API int64_t ore_kv_cache_layers(const ore_kv_cache *cache);
ORE_API ore_shape ore_kv_cache_shape(const ore_kv_cache *cache);
/* How many tokens it holds. */
ORE_API int64_t ore_kv_cache_length(const ore_kv_cache *cache);
/* Forgets the tokens from place `length` on, 0: all. ORE_INVALID unless it holds so many. */
ORE_API ore_status ore_kv_cache_truncate(ore_kv_cache *cache, int64_t length);
/* Copies the keys and values of T new tokens, k and v (B, H, T, D) of the cache's dtype, behind the
 * tokens that `layer` (from 0 on) holds. Returns all of that layer's, the new ones included: views
 * (B, H, length + T, D) of the cache's memory, which belong to the caller's scope; what is put
 * there later shows in them. NULLs on failure: ORE_STATE while
 * recording, ORE_INVALID for another shape or dtype or more tokens than there is room for. */
ORE_API ore_kv ore_kv_cache_put(ore_kv_cache *cache, int64_t layer, ore_tensor *k, ore_tensor *v);
/* From here on the tokens that every layer was given count. ORE_STATE unless each was given as
 * many, `tokens` of them, since the last advance or truncation. */
ORE_API ore_status ore_kv_cache_advance(ore_kv_cache *cache, int64_t tokens);

ORE_END_DECLS

#endif
