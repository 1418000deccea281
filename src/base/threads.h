/* threads.h: work cut into pieces and spread over a pool of threads. */
#ifndef ORE_BASE_THREADS_H
#define ORE_BASE_THREADS_H

#include <ore/base.h>

enum { ORE_MAX_THREADS = 256 };

/* ore_parallel_for whose pieces begin in the order of their numbers, each thread taking the next:
 * for those that wait for lower ones, as turns.h has it, whichever workers the system grants. */
void ore_parallel_for_in_order(int64_t pieces, ore_piece_fn fn, void *argument);

/* Index of the running thread, 0 .. ore_num_threads() - 1: two pieces of one ore_parallel_for that
 * run at the same time have different indices. For scratch memory that its caller took. */
int ore_thread_index(void);

/* How many pieces of at least `grain` units a job of `units` is cut into: 1 .. most. */
int64_t ore_pieces(int64_t units, int64_t grain, int64_t most);

/* Cores that affinity and control group leave to this process: 1 .. ORE_MAX_THREADS. */
int ore_usable_cores(void);

/* Binds the calling thread to the index-th of the cores that it may run on (counted round), where
 * the system can. */
void ore_pin_thread(int index);

#endif
