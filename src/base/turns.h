/* turns.h: chunks of work that run at the same time, but take turns at some things, in the order of
 * their numbers: ore_parallel's children draw random numbers so. */
#ifndef ORE_BASE_TURNS_H
#define ORE_BASE_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* `count` chunks, each of which is begun and ended once. No chunk may begin later than one with a
 * higher number on the same thread. */
typedef struct ore_turns {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t first; /* all chunks below it have ended */
    bool *ended;   /* (count), the caller's, false at first */
    int64_t count;
} ore_turns;

void ore_turns_init(ore_turns *turns, bool *ended, int64_t count);
void ore_turns_destroy(ore_turns *turns);

/* Tells that the calling thread now works on this chunk, until it calls ore_turn_end. */
void ore_turn_begin(ore_turns *turns, int64_t chunk);
void ore_turn_end(void);
/* Whether the calling thread is between the two. */
bool ore_in_turn(void);
/* Waits until all chunks with lower numbers than the thread's own have ended. Returns at once
 * outside of a chunk. */
void ore_turn_await(void);

#endif
