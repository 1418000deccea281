/* multihead.h: what multi-head attention and the layers around it share. */
#ifndef ORE_NN_MULTIHEAD_H
#define ORE_NN_MULTIHEAD_H

#include <ore/transformer.h>

/* Names for the sizes of an attention: batch, heads, queries, keys. */
typedef struct ore_attention_sizes {
    int64_t B, H, L, S;
} ore_attention_sizes;

/* A mask as ore_attention takes it. */
typedef struct ore_mask_parts {
    ore_tensor *mask;    /* NULL, or broadcasts to (B, H, L, S): bool, true is seen; or floating */
    ore_tensor *lengths; /* NULL, or int64 (B) */
    bool causal;
} ore_mask_parts;

/* Checks a mask (NULL: none) against the sizes and the dtype of x, and takes it apart; false with
 * the error pending. */
bool ore_mask_take_apart(const ore_multihead_mask *mask, const ore_attention_sizes *sizes,
                         bool batched, const ore_tensor *x, ore_mask_parts *parts);

/* x as (B, T, ..): a batch of 1 where it has none, its first dims exchanged unless batch_first. */
ore_tensor *ore_batch_first(ore_tensor *x, bool batched, bool batch_first);
/* The way back. */
ore_tensor *ore_batch_as_given(ore_tensor *y, bool batched, bool batch_first);

/* residual (NULL: none) + the attention, all (B, T, ..). *weights (weights NULL: not asked for)
 * becomes the weights (B, H, L, S). */
ore_tensor *ore_multihead_run(const ore_multihead_attention *m, ore_tensor *query, ore_tensor *key,
                              ore_tensor *value, const ore_mask_parts *parts, ore_tensor *residual,
                              ore_tensor **weights);

#endif
