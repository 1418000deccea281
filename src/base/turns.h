/* turns.h: pieces of work that run at the same time, but do some things in their order. */
#ifndef ORE_BASE_TURNS_H
#define ORE_BASE_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* `count` pieces, each of which is begun and ended once. No piece may begin later than one with a
 * higher number on the same thread. */
typedef struct ore_turns {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t first; /* all pieces below it have ended */
    bool *ended;   /* (count), the caller's, false at first */
    int64_t count;
} ore_turns;

void ore_turns_init(ore_turns *turns, bool *ended, int64_t count);
void ore_turns_destroy(ore_turns *turns);

/* The calling thread works on this piece until it ends. */
void ore_turn_begin(ore_turns *turns, int64_t piece);
void ore_turn_end(void);
bool ore_in_turn(void);
/* Waits until all pieces below the thread's own have ended; returns at once outside of pieces. */
void ore_turn_await(void);

#endif
