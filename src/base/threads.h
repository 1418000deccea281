/* threads.h: work cut into pieces and spread over a pool of threads. */
#ifndef ORE_BASE_THREADS_H
#define ORE_BASE_THREADS_H

#include <ore/base.h>

typedef void (*ore_piece_fn)(void *argument, int64_t piece);

/* Runs fn(argument, 0 .. pieces-1), each once, on the calling thread and the pool's, and returns
 * when all are done. Which thread runs a piece is left open: what a piece computes must depend on
 * its number alone, and how many pieces there are on shapes alone, never on the thread count.
 * Inside a piece the call runs its pieces one after the other. Never fails. */
void ore_parallel_for(int64_t pieces, ore_piece_fn fn, void *argument);

/* Index of the running thread, 0 .. ore_num_threads() - 1, for scratch memory inside a piece. */
int ore_thread_index(void);

/* How many pieces of at least `grain` units a job of `units` is cut into: 1 .. most. */
int64_t ore_pieces(int64_t units, int64_t grain, int64_t most);

#endif
