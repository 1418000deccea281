/* infer.h: what generating text needs: drawing tokens from logits, whole sequences (greedy, drawn,
 * beam search), and a cache of keys and values. */
#ifndef ORE_INFER_H
#define ORE_INFER_H

#include <ore/generator.h>
#include <ore/tensor.h>

ORE_BEGIN_DECLS

typedef struct ore_sampler_options {
    double temperature; /* 1: logits are divided by it; 0 takes the largest */
    int64_t top_k;      /* 0: all; else only the k largest logits and those equal to the k-th */
    double top_p;       /* 1: all; else, of what top_k keeps, the smallest set of most likely tokens
                           whose probabilities add up to top_p or more (Holtzman et al. 2020,
                           arXiv:1904.09751) */
} ore_sampler_options;
ORE_API ore_sampler_options ore_sampler_defaults(void);

/* Draws a token id from softmax(logits / temperature), over the tokens that top_k and top_p keep;
 * logits (V), floating. It is one draw of torch.multinomial(probs, 1) over all V. With temperature
 * 0 nothing is drawn: the id is that of the largest logit, the first one if several are equal. -1
 * on failure: ORE_INVALID for options out of range, ORE_DATA for logits that are NaN or all
 * -inf. */
ORE_API int64_t ore_sample_token(ore_tensor *logits, const ore_sampler_options *options,
                                 ore_generator *g);

/* ---- whole sequences ---- */

/* A model as ore_generate and ore_beam_search call it, both without recording: what it has read so
 * far is kept, for R sequences side by side, by the functions' `user`. Each call has a scope of its
 * own: what is to live on is owned (ore_own) or in an ore_kv_cache. */
typedef struct ore_stepper {
    void *user;
    /* The logits (R, V), floating, after ids, int64: first the prompts (R, T), then in each step
     * the last token of each sequence, (R, 1). Where reorder is NULL: always all tokens of each,
     * (R, T + those written), for a model that keeps nothing. Logits of -inf forbid a token. */
    ore_tensor *(*step)(void *user, ore_tensor *ids);
    /* The state of sequence i becomes a copy of what that of sequence rows[i] was: rows (N) int64,
     * N from now on being R. Called between steps, where anything changes: for the state's tensors
     * ore_index_select(state, the dim of sequences, rows), for a cache ore_kv_cache_reorder. */
    ore_status (*reorder)(void *user, ore_tensor *rows);
} ore_stepper;

/* What was written behind each of P prompts, best or first of N sequences first. The tensors belong
 * to the caller's scope, on the CPU; all are NULL after a failure. */
typedef struct ore_written {
    ore_tensor *ids;     /* (P, N, L) int64, L of the longest; end_id, or 0, behind shorter ones */
    ore_tensor *lengths; /* (P, N) int64: tokens of each, the end token among them */
    ore_tensor *scores;  /* (P, N) float32 */
} ore_written;

typedef struct ore_generate_options {
    int64_t max_tokens;          /* 64: maximum of tokens written, the end token among them */
    int64_t end_id;              /* -1: none; else the token that ends a sequence */
    int64_t sequences;           /* 1: N, written behind each prompt */
    ore_sampler_options sampler; /* of temperature 0: greedy, the likeliest token at each place */
} ore_generate_options;
ORE_API ore_generate_options ore_generate_defaults(void);

/* Sequences whose every token is drawn by ore_sample_token, with g (NULL for a temperature of 0).
 * prompts (P, T) int64; for an encoder-decoder, whose `user` knows the source, its start token. In
 * each step the sequences that have not ended draw in their order, and only those are computed. A
 * score is the sum of log p, as the model's softmax has it, over the tokens of the sequence.
 * ORE_INVALID for options out of range, prompts of another kind and logits of another shape;
 * ORE_DATA for logits that nothing can be drawn from. */
ORE_API ore_written ore_generate(const ore_stepper *model, ore_tensor *prompts,
                                 const ore_generate_options *options, ore_generator *g);

typedef struct ore_beam_options {
    int64_t max_tokens;    /* 64: as above */
    int64_t end_id;        /* -1: as above */
    int64_t beams;         /* 4: sequences that go on from step to step */
    int64_t sequences;     /* 1: N, the best that are returned, at most `beams` */
    double length_penalty; /* 1: a score is the sum of log p divided by length^length_penalty; above
                              0 favours long sequences, 0 is the sum, below 0 favours short ones */
    bool early_stop;       /* false: goes on while a better one may come; true: until `beams` of a
                              prompt have ended */
} ore_beam_options;
ORE_API ore_beam_options ore_beam_defaults(void);

/* Beam search: the sequences of the largest score among those that it looks at. In each step the 2
 * `beams` likeliest continuations by one token of a prompt's sequences are looked at, in falling
 * order: of the first `beams` those that end are kept, as long as no `beams` better ones have
 * ended; the first `beams` that do not end go on. What has max_tokens ends. As transformers'
 * generate(num_beams=..) with early_stopping "never" or True. With at least as many beams as there
 * are sequences, the search is exhaustive. Of equal sums the earlier sequence and the smaller id
 * come first. Fewer than N sequences, where logits of -inf leave no more: a length of 0 and a score
 * of -inf. Errors as ore_generate; ORE_DATA for logits that are NaN, inf or all -inf. */
ORE_API ore_written ore_beam_search(const ore_stepper *model, ore_tensor *prompts,
                                    const ore_beam_options *options);

/* ---- a cache of keys and values ---- */

/* A decoder's attention needs the keys and values of all earlier tokens. With a cache they are not
 * computed again: a step computes those of its own tokens, puts them into the cache, and attends to
 * all of them. In each layer of the model, for T tokens that follow `length` earlier ones, under
 * ore_no_grad_begin: ore_kv all = ore_kv_cache_put(cache, layer, k, v);             k, v (B, H, T,
 * D) y = ore_attention(q, all.k, all.v, &causal);                   (B, H, length + T, D) each and
 * after the last layer ore_kv_cache_advance(cache, T). Before that the new tokens are not part of
 * the cache, so that a step that fails leaves it as it was. A cache is for one thread at a time. */
typedef struct ore_kv_cache ore_kv_cache;

typedef struct ore_kv {
    ore_tensor *k, *v;
} ore_kv;

/* A cache for `layers` layers, each with keys and values of `shape` (B, H, max_T, D): for B
 * sequences of up to max_T tokens, in H heads of D channels. All its memory, 2 layers B H max_T D
 * elements, is allocated here. ORE_INVALID if any of these is below 1. */
ORE_API ore_kv_cache *ore_kv_cache_new(int64_t layers, ore_shape shape, ore_dtype dtype,
                                       ore_device device);
ORE_API void ore_kv_cache_free(ore_kv_cache *cache);
ORE_API int64_t ore_kv_cache_layers(const ore_kv_cache *cache);
ORE_API ore_shape ore_kv_cache_shape(const ore_kv_cache *cache);
/* The number of tokens in the cache. */
ORE_API int64_t ore_kv_cache_length(const ore_kv_cache *cache);
/* Keeps the first `length` tokens and drops the others; 0 drops all. ORE_INVALID if it holds
 * fewer. */
ORE_API ore_status ore_kv_cache_truncate(ore_kv_cache *cache, int64_t length);
/* Copies the keys and values of T new tokens, k and v (B, H, T, D) of the cache's dtype, after
 * those that layer `layer`, counted from 0, holds. Returns all keys and values of the layer, with
 * the new ones: views (B, H, length + T, D) of the cache's memory, handles of the current scope,
 * which also show what is written there later. NULLs on failure: ORE_STATE while recording;
 * ORE_INVALID for another shape or dtype, or for more than max_T tokens in all. */
ORE_API ore_kv ore_kv_cache_put(ore_kv_cache *cache, int64_t layer, ore_tensor *k, ore_tensor *v);
/* Sequence i becomes what sequence rows[i] was: rows (N) int64, of which some may be missing and
 * others come more than once; the cache is one for N sequences then. For ore_stepper's reorder.
 * Tokens that do not count yet are forgotten. ORE_INVALID for a row that the cache does not have;
 * on failure it is as it was. */
ORE_API ore_status ore_kv_cache_reorder(ore_kv_cache *cache, ore_tensor *rows);
/* Makes the new tokens part of the cache. ORE_STATE unless every layer was given exactly `tokens`
 * of them since the last advance or truncation. */
ORE_API ore_status ore_kv_cache_advance(ore_kv_cache *cache, int64_t tokens);

ORE_END_DECLS

#endif
