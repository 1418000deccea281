/* scope.c: nested scopes of one thread, each a circular list of handles around a sentinel. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"
#include "core/scope.h"

static _Thread_local ore_scope outermost;
static _Thread_local ore_scope *innermost;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void empty(ore_scope *s) {
    while (s->sentinel.next != &s->sentinel)
        ore_free((ore_tensor *)s->sentinel.next);
}

static void end_thread(void *unused) {
    (void)unused;
    while (innermost && innermost->pooled)
        ore_scope_end();
    /* otherwise exit() has left a function of the library, and the scope stays as it is */
    if (innermost == &outermost)
        empty(&outermost);
    innermost = NULL;
}

static void end_process(void) {
    end_thread(NULL);
}

static void make_key(void) {
    pthread_key_create(&key, end_thread);
    atexit(end_process);
}

static void push(ore_scope *s, ore_scope *outer) {
    s->sentinel.previous = s->sentinel.next = &s->sentinel;
    s->outer = outer;
    s->failed_begins = 0;
    s->pooled = false;
    innermost = s;
}

static __attribute__((noinline)) ore_scope *first_scope(void) {
    pthread_once(&once, make_key);
    pthread_setspecific(key, &outermost);
    push(&outermost, NULL);
    return innermost;
}

static inline ore_scope *current(void) {
    return innermost ? innermost : first_scope();
}

void ore_scope_enter(ore_scope *s) {
    push(s, current());
}

void ore_scope_leave(ore_scope *s) {
    while (innermost != s)
        ore_scope_end();
    empty(s);
    innermost = s->outer;
}

void ore_scope_begin(void) {
    ore_scope *outer = current();
    ore_scope *s = ore_alloc(sizeof *s);
    if (!s) {
        outer->failed_begins++;
        return;
    }
    push(s, outer);
    s->pooled = true;
}

void ore_scope_end(void) {
    ore_scope *s = current();
    if (s->failed_begins > 0) {
        s->failed_begins--;
        return;
    }
    if (!s->pooled) {
        ore_fail(ORE_STATE, "scope_end: no scope has begun");
        return;
    }
    empty(s);
    innermost = s->outer;
    ore_release(s);
}

static void link_into(ore_tensor *t, ore_scope *s) {
    t->link.next = s->sentinel.next;
    t->link.previous = &s->sentinel;
    t->link.next->previous = &t->link;
    s->sentinel.next = &t->link;
    t->scope = s;
}

void ore_scope_add(ore_tensor *t) {
    link_into(t, current());
}

void ore_scope_remove(ore_tensor *t) {
    if (!t->link.next)
        return;
    t->link.next->previous = t->link.previous;
    t->link.previous->next = t->link.next;
    t->link.next = t->link.previous = NULL;
    t->scope = NULL;
}

ore_tensor *ore_keep(ore_tensor *t) {
    ore_scope *s = current();
    if (!t || t->scope != s || !s->outer || s->failed_begins)
        return t;
    ore_scope_remove(t);
    link_into(t, s->outer);
    return t;
}

ore_tensor *ore_own(ore_tensor *t) {
    if (t)
        ore_scope_remove(t);
    return t;
}
