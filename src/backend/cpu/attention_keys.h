/* attention_keys.h: which keys a query of attention sees by its place: for each query one range,
 * since causal, window, lengths and documents (a run of equal numbers) leave one each. */
#ifndef ORE_BACKEND_ATTENTION_KEYS_H
#define ORE_BACKEND_ATTENTION_KEYS_H

#include "backend/backend.h"

/* Keys from .. to - 1; from = to where there are none. Over the queries of one entry that see keys,
 * neither from nor to ever falls. */
typedef struct ore_key_range {
    int64_t from, to;
} ore_key_range;

typedef struct ore_attention_keys {
    int64_t rows;          /* of an entry: Tq, rounded up; those past the last query are like it */
    int64_t entry_stride;  /* 0 where all entries of the batch have the same ranges, else rows */
    ore_key_range *ranges; /* (B or 1, rows) */
} ore_attention_keys;

/* The place of query 0 of entry b among the keys. */
int64_t ore_attention_start(const ore_attention_args *a, int64_t b);
/* Makes the ranges, of a multiple of `unit` rows; ranges NULL with the error pending for a length
 * outside 0 .. Tk, for a start beyond 2^30, or when memory runs out. To be released with
 * ore_release. */
ore_attention_keys ore_attention_keys_of(const ore_attention_args *a, int64_t unit);

#endif
