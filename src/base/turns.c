/* turns.c: see turns.h. The thread with the lowest chunk never waits, so every chunk comes to its
 * end. */
#include "base/turns.h"

#include <stddef.h>

static _Thread_local ore_turns *current;
static _Thread_local int64_t own;

void ore_turns_init(ore_turns *turns, bool *ended, int64_t count) {
    pthread_mutex_init(&turns->lock, NULL);
    pthread_cond_init(&turns->moved, NULL);
    turns->first = 0;
    turns->ended = ended;
    turns->count = count;
}

void ore_turns_destroy(ore_turns *turns) {
    pthread_cond_destroy(&turns->moved);
    pthread_mutex_destroy(&turns->lock);
}

void ore_turn_begin(ore_turns *turns, int64_t chunk) {
    current = turns;
    own = chunk;
}

void ore_turn_end(void) {
    pthread_mutex_lock(&current->lock);
    current->ended[own] = true;
    while (current->first < current->count && current->ended[current->first])
        current->first++;
    pthread_cond_broadcast(&current->moved);
    pthread_mutex_unlock(&current->lock);
    current = NULL;
}

bool ore_in_turn(void) {
    return current != NULL;
}

void ore_turn_await(void) {
    if (!current)
        return;
    pthread_mutex_lock(&current->lock);
    while (current->first < own)
        pthread_cond_wait(&current->moved, &current->lock);
    pthread_mutex_unlock(&current->lock);
}
