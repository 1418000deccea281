/* prefetch.h: batches that threads make ahead of whoever takes them. */
#ifndef ORE_DATA_PREFETCH_H
#define ORE_DATA_PREFETCH_H

#include <ore/data.h>

/* Makes batch `number` of the pass in the innermost scope; called by several threads at a time. */
typedef ore_batch (*ore_batch_maker)(void *user, int64_t number);

/* Up to `depth` batches ahead of the one that was taken last, by `workers` threads, which are
 * started with the first pass; those that cannot be are done without. */
typedef struct ore_prefetch ore_prefetch;
ore_prefetch *ore_prefetch_new(int workers, int64_t depth, ore_batch_maker make, void *user);
/* Ends the threads, once each has made the batch that it has begun. NULL is allowed. */
void ore_prefetch_free(ore_prefetch *prefetch);

/* Batches first .. end - 1 are to be taken, in this order. */
void ore_prefetch_begin(ore_prefetch *prefetch, int64_t first, int64_t end);
/* The next of them, once it is made, in the caller's innermost scope. An error of the thread that
 * made it becomes the caller's. */
ore_batch ore_prefetch_take(ore_prefetch *prefetch);
/* Drops what has been made and not taken, and waits until no thread makes any. */
void ore_prefetch_stop(ore_prefetch *prefetch);
/* Whether it is between ore_prefetch_begin and ore_prefetch_stop. */
bool ore_prefetch_is_running(const ore_prefetch *prefetch);

#endif
