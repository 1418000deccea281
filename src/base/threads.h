/* threads.h: work cut into chunks that a pool of threads shares. */
#ifndef ORE_BASE_THREADS_H
#define ORE_BASE_THREADS_H

#include <ore/base.h>

enum { ORE_MAX_THREADS = 256 };

/* ore_parallel_for whose chunks start in the order of their numbers: a free thread takes the
 * lowest number that nobody has taken. A chunk may therefore wait for lower ones (ore_turn_await of
 * turns.h): those have all been started, so they end, even with a single thread. */
void ore_parallel_for_in_order(int64_t chunks, ore_chunk_fn fn, void *argument);

/* Index of the running thread, 0 .. ore_num_threads() - 1. Two chunks of one ore_parallel_for that
 * run at the same time have different indices, so that each can use its own part of scratch memory
 * that the caller has allocated. */
int ore_thread_index(void);

/* How many chunks to cut a job of `units` into: `max`, or fewer so that each has at least
 * `min_units`; 1 or more. */
int64_t ore_chunk_count(int64_t units, int64_t min_units, int64_t max);

/* Cores that this process may use, by its affinity mask and its control group: 1 ..
 * ORE_MAX_THREADS. */
int ore_usable_cores(void);

/* Binds the calling thread to one of the cores that it may run on, number `index` modulo their
 * count. Does nothing where the system cannot. */
void ore_pin_thread(int index);

#endif
